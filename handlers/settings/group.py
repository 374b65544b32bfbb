"""/settings in a group: in which language and time zone it is spoken to."""

from dataclasses import replace

from bot.commands import Command, Context, for_the_group
from bot.domain.chat import Button, Reply
from bot.domain.zones import zone_of
from bot.errors import PlatformError
from bot.ports import Group
from bot.services.zone_search import Match
from bot.texts import (
    LANGUAGES,
    Draft,
    M,
    Texts,
    local_time,
    native_name,
    on_one_line,
    read_language,
)
from handlers.settings.zones import add_doubt, likely_zones

_ECHO_LIMIT = 40
_ZONE = frozenset({"tz", "пояс", "зона"})
_LANGUAGE = frozenset({"lang", "язык"})
# Stands for what nobody has chosen.
_RESET = "-"


async def group_settings(ctx: Context) -> Reply:
    """Show and change them, for administrators; the message is private, what it does is not."""
    group = ctx.message.conversation
    try:
        admin = await ctx.services.groups.is_admin(group, ctx.caller.identity)
    except PlatformError:
        return ctx.draft().add(M.GROUP_SETTINGS_UNSURE).reply()
    if not admin:
        return ctx.draft().add(M.GROUP_SETTINGS_REFUSED).reply()
    option, *words = ctx.command.args or ("",)
    said = " ".join(words)
    if option.lower() in _ZONE:
        return for_the_group(ctx, await _zone(ctx, said))
    if option.lower() in _LANGUAGE:
        return for_the_group(ctx, await _language(ctx, said))
    if option:
        return _not_understood(ctx, " ".join(ctx.command.args))
    return for_the_group(ctx, await _all(ctx))


async def _language(ctx: Context, said: str) -> Reply:
    language = "" if said == _RESET else read_language(said)
    if not language and said != _RESET:
        return _not_understood(ctx, said)
    await ctx.services.groups.choose(ctx.message.conversation, language=language)
    return await _all(ctx)


async def _zone(ctx: Context, said: str) -> Reply:
    where, groups = ctx.message.conversation, ctx.services.groups
    if said == _RESET:
        await groups.choose(where, timezone="")
        return await _all(ctx)
    group = await groups.of(where)
    # The zones that are offered mark the group's own, not that of whoever looks.
    texts = Texts(ctx.texts.language, zone_of(group.timezone)) if group.timezone else ctx.texts
    ctx = replace(ctx, texts=texts)
    below = [
        [Button(label=str(ctx.texts.say(M.BUTTON_AS_ASKED)), command_line=_line("tz", _RESET))],
        [Button(label=str(ctx.texts.say(M.SETTINGS_BACK)), command_line="/settings")],
    ]
    if not said:
        draft = _add_zone(ctx, ctx.draft(), group)
        return draft.reply([*likely_zones(ctx, _line("tz")), *below])
    search = ctx.services.preferences.find_zone(said, ctx.services.clock.now())
    if search.match is Match.UNKNOWN:
        draft = ctx.draft().add(M.GROUP_SETTINGS_ZONE_UNKNOWN, words=on_one_line(said, _ECHO_LIMIT))
        return draft.reply([*likely_zones(ctx, _line("tz")), *below])
    if search.match is not Match.SURE:
        draft = ctx.draft()
        return draft.reply([*add_doubt(ctx, draft, search, said, _line("tz")), *below])
    [zone] = search.zones
    await groups.choose(where, timezone=zone)
    return await _all(ctx)


async def _all(ctx: Context) -> Reply:
    group = await ctx.services.groups.of(ctx.message.conversation)
    draft = ctx.draft().add(M.GROUP_SETTINGS_TITLE)
    if group.language:
        draft.add(M.GROUP_SETTINGS_LANGUAGE, language=native_name(group.language))
    else:
        draft.add(M.GROUP_SETTINGS_LANGUAGE_OPEN)
    _add_zone(ctx, draft, group)
    languages = [
        Button(label=native_name(each), command_line=_line("lang", each))
        for each in LANGUAGES
        if each != group.language
    ]
    rows = [languages]
    if group.language:
        label = str(ctx.texts.say(M.BUTTON_AS_ASKED))
        rows.append([Button(label=label, command_line=_line("lang", _RESET))])
    rows.append([Button(label=str(ctx.texts.say(M.SETTINGS_TO_ZONE)), command_line=_line("tz"))])
    return draft.add(M.GROUP_SETTINGS_HOW).reply(rows)


def _add_zone(ctx: Context, draft: Draft, group: Group) -> Draft:
    if not group.timezone:
        return draft.add(M.GROUP_SETTINGS_ZONE_OPEN)
    time = local_time(group.timezone, ctx.services.clock.now())
    return draft.add(M.GROUP_SETTINGS_ZONE, zone=group.timezone, time=time)


def _not_understood(ctx: Context, words: str) -> Reply:
    words = on_one_line(words, _ECHO_LIMIT)
    return ctx.draft().add(M.GROUP_SETTINGS_UNKNOWN, words=words).reply()


def _line(*args: str) -> str:
    return Command(name="settings", args=args).line
