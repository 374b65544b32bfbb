"""/settings in a group: in which language and time zone it is spoken to."""

from bot.commands import Command, Context, for_the_group
from bot.domain.chat import Button, Reply
from bot.errors import PlatformError
from bot.services.zone_search import Match
from bot.texts import LANGUAGES, M, local_time, native_name, read_language
from handlers.settings.zones import add_doubt, likely_zones

_TO_ZONE = Command(name="settings", args=("tz",)).line
_TO_LANGUAGE = Command(name="settings", args=("lang",)).line


async def group_settings(ctx: Context) -> Reply:
    """Show and change them, for administrators; the message is private, what it does is not."""
    group = ctx.message.conversation
    try:
        admin = await ctx.services.groups.is_admin(group, ctx.caller.identity)
    except PlatformError:
        return ctx.draft().add(M.GROUP_SETTINGS_UNSURE).reply()
    if not admin:
        return ctx.draft().add(M.GROUP_SETTINGS_REFUSED).reply()
    # In the administrator's own words, with the group's zone where it has one.
    texts = await ctx.services.groups.texts_for(group, ctx.texts)
    option, *words = ctx.command.args or ("",)
    if option == "tz":
        return for_the_group(ctx, await _zone(ctx, " ".join(words), texts.zone))
    language = read_language(" ".join(words)) if option == "lang" else ""
    if language:
        await ctx.services.groups.choose(group, language=language)
    return for_the_group(ctx, await _all(ctx))


async def _zone(ctx: Context, words: str, present: str) -> Reply:
    back = Button(label=str(ctx.texts.say(M.SETTINGS_BACK)), command_line="/settings")
    if not words:
        draft = ctx.draft().add(M.GROUP_SETTINGS_ZONE, **_time_in(ctx, present))
        return draft.reply([*likely_zones(ctx, _TO_ZONE), [back]])
    search = ctx.services.preferences.find_zone(words, ctx.services.clock.now())
    if search.match is not Match.SURE:
        draft = ctx.draft()
        return draft.reply([*add_doubt(ctx, draft, search, words, _TO_ZONE), [back]])
    [zone] = search.zones
    await ctx.services.groups.choose(ctx.message.conversation, timezone=zone)
    return await _all(ctx)


async def _all(ctx: Context) -> Reply:
    group = await ctx.services.groups.of(ctx.message.conversation)
    draft = ctx.draft().add(M.GROUP_SETTINGS_TITLE)
    if group.language:
        draft.add(M.GROUP_SETTINGS_LANGUAGE, language=native_name(group.language))
    else:
        draft.add(M.GROUP_SETTINGS_LANGUAGE_OPEN)
    if group.timezone:
        draft.add(M.GROUP_SETTINGS_ZONE, **_time_in(ctx, group.timezone))
    else:
        draft.add(M.GROUP_SETTINGS_ZONE_OPEN)
    languages = [
        Button(label=native_name(each), command_line=f"{_TO_LANGUAGE} {each}")
        for each in LANGUAGES
        if each != group.language
    ]
    zone = Button(label=str(ctx.texts.say(M.SETTINGS_TO_ZONE)), command_line=_TO_ZONE)
    return draft.add(M.GROUP_SETTINGS_HOW).reply([languages, [zone]])


def _time_in(ctx: Context, zone: str) -> dict[str, str]:
    return {"zone": zone, "time": local_time(zone, ctx.services.clock.now())}
