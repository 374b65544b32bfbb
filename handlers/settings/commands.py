"""/lang, /tz and /settings: how the bot speaks with somebody, and where they live."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.commands import Command, Context, Router
from bot.domain.automation import Telling
from bot.domain.chat import Button, Reply
from bot.services.sign_in_offers import offer_sign_ins
from bot.services.zone_search import Match, Search
from bot.texts import (
    LANGUAGES,
    Draft,
    M,
    Texts,
    add_accounts,
    add_ways_to_link,
    local_time,
    native_name,
    read_language,
)
from handlers.settings.group import group_settings
from handlers.settings.zones import add_doubt, likely_zones

router = Router()

_IN_SETTINGS = Command(name="settings", args=("tz",)).line
_TELL = Command(name="settings", args=("tell",)).line
_TOLD: Mapping[Telling, M] = {
    Telling.HAND: M.SETTINGS_TELL_HAND,
    Telling.ALL: M.SETTINGS_TELL_ALL,
    Telling.NOTHING: M.SETTINGS_TELL_NOTHING,
}
_TO_TELL: Mapping[Telling, M] = {
    Telling.HAND: M.BUTTON_TELL_HAND,
    Telling.ALL: M.BUTTON_TELL_ALL,
    Telling.NOTHING: M.BUTTON_TELL_NOTHING,
}


@router.command("lang", summary=M.HELP_LANG, arguments="ru", private=True, aliases=("язык",))
async def lang(ctx: Context) -> Sequence[Reply]:
    """Speak another language; without one, offer those there are."""
    if ctx.message.conversation.is_group:
        return [ctx.pointer(ctx.draft())]
    draft = ctx.draft()
    if not ctx.command.args:
        return [draft.add(M.LANG_WHICH).reply(_language_buttons(ctx))]
    language = read_language(" ".join(ctx.command.args))
    if not language:
        return [draft.add(M.LANG_UNKNOWN).reply(_language_buttons(ctx))]
    ctx = await _speaking(ctx, language)
    return [ctx.draft().add(M.LANG_DONE).reply(_language_buttons(ctx))]


@router.command(
    "tz", summary=M.HELP_TZ, arguments="Berlin", private=True, aliases=("часовой_пояс", "пояс")
)
async def tz(ctx: Context) -> Sequence[Reply]:
    """Live in another time zone; without one, tell the present one and how to change it."""
    if ctx.message.conversation.is_group:
        return [ctx.pointer(ctx.draft())]
    words = " ".join(ctx.command.args)
    if not words:
        return [_present_zone(ctx).reply(likely_zones(ctx, "/tz"))]
    search = ctx.services.preferences.find_zone(words, ctx.services.clock.now())
    if search.match is not Match.SURE:
        draft = ctx.draft()
        return [draft.reply(add_doubt(ctx, draft, search, words, "/tz"))]
    ctx = await _living_in(ctx, search)
    draft = ctx.draft().add(M.TZ_DONE, **_own_time(ctx))
    if await ctx.services.linking.of(ctx.caller):
        return [draft.reply()]
    # Whoever came here from the first run goes on with it.
    draft.blank().add(M.START_LINK)
    pages = await offer_sign_ins(
        ctx.services.sign_ins, ctx.caller, ctx.message.sender, ctx.texts.language
    )
    return [draft.reply(add_ways_to_link(draft, pages))]


@router.command("settings", summary=M.HELP_SETTINGS, private=True, aliases=("настройки",))
async def settings(ctx: Context) -> Sequence[Reply]:
    """Show and change what can be set, in one message that its buttons change in place."""
    if ctx.message.conversation.is_group:
        return [await group_settings(ctx)]
    option, *words = ctx.command.args or ("",)
    if option == "tz":
        return [await _zone_in_settings(ctx, " ".join(words))]
    language = read_language(" ".join(words)) if option == "lang" else ""
    if language:
        ctx = await _speaking(ctx, language)
    if option == "tell":
        return [await _telling_in_settings(ctx, " ".join(words))]
    return [await _all_settings(ctx)]


async def _zone_in_settings(ctx: Context, words: str) -> Reply:
    back = Button(label=str(ctx.texts.say(M.SETTINGS_BACK)), command_line="/settings")
    if not words:
        return _present_zone(ctx).reply([*likely_zones(ctx, _IN_SETTINGS), [back]])
    search = ctx.services.preferences.find_zone(words, ctx.services.clock.now())
    if search.match is Match.SURE:
        return await _all_settings(await _living_in(ctx, search))
    draft = ctx.draft()
    rows = add_doubt(ctx, draft, search, words, _IN_SETTINGS)
    return draft.reply([*rows, [back]])


async def _all_settings(ctx: Context) -> Reply:
    draft = ctx.draft().add(M.SETTINGS_TITLE).add(M.SETTINGS_LANGUAGE)
    draft.add(M.SETTINGS_ZONE, **_own_time(ctx))
    draft.add(_TOLD[(await ctx.services.automations.choices_of(ctx.caller)).telling])
    add_accounts(draft, await ctx.services.linking.of(ctx.caller))
    languages = [
        Button(
            label=native_name(each),
            command_line=Command(name="settings", args=("lang", each)).line,
        )
        for each in LANGUAGES
        if each != ctx.texts.language
    ]
    pages = (
        (M.SETTINGS_TO_ZONE, _IN_SETTINGS),
        (M.SETTINGS_TO_AUTO, "/auto"),
        (M.SETTINGS_TO_TELL, _TELL),
        (M.SETTINGS_TO_ACCOUNTS, "/link"),
    )
    rows = [[Button(label=str(ctx.texts.say(label)), command_line=line)] for label, line in pages]
    return draft.reply([languages, *rows])


async def _telling_in_settings(ctx: Context, wanted: str) -> Reply:
    automations = ctx.services.automations
    choices = await automations.choices_of(ctx.caller)
    if wanted in set(Telling):
        await automations.choose(ctx.caller, replace(choices, telling=Telling(wanted)))
        return await _all_settings(ctx)
    rows = [
        [Button(label=str(ctx.texts.say(label)), command_line=f"{_TELL} {each}")]
        for each, label in _TO_TELL.items()
        if each is not choices.telling
    ]
    back = Button(label=str(ctx.texts.say(M.SETTINGS_BACK)), command_line="/settings")
    return ctx.draft().add(_TOLD[choices.telling]).reply([*rows, [back]])


async def _speaking(ctx: Context, language: str) -> Context:
    person = await ctx.services.preferences.set_language(ctx.caller.identity, language)
    return replace(ctx, texts=Texts.of(person))


async def _living_in(ctx: Context, search: Search) -> Context:
    [zone] = search.zones
    person = await ctx.services.preferences.set_timezone(ctx.caller.identity, zone)
    return replace(ctx, texts=Texts.of(person))


def _own_time(ctx: Context) -> dict[str, str]:
    zone = ctx.texts.zone
    return {"zone": zone, "time": local_time(zone, ctx.services.clock.now())}


def _present_zone(ctx: Context) -> Draft:
    return ctx.draft().add(M.TZ_NOW, **_own_time(ctx)).add(M.TZ_HOW).add(M.TZ_LOCATION)


def _language_buttons(ctx: Context) -> list[list[Button]]:
    present = ctx.texts.language
    return [
        [
            Button(
                label=f"{'✓ ' if each == present else ''}{native_name(each)}",
                command_line=f"/lang {each}",
            )
        ]
        for each in LANGUAGES
    ]
