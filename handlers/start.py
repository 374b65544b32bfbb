"""/start: who I am, and for whoever is new the way to a linked calendar in three taps."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import Context, Router
from bot.domain.chat import Button, Reply, Visibility
from bot.domain.inbox import Person
from bot.domain.zones import known_zone
from bot.errors import EventNotFoundError
from bot.ports import KeptCard
from bot.services.group_cards import is_card_link
from bot.services.sign_in_offers import offer_sign_ins
from bot.texts import (
    LANGUAGES,
    Draft,
    M,
    Texts,
    add_ways_to_link,
    card,
    local_time,
    native_name,
    read_language,
    zone_buttons,
)

router = Router()

# How many are offered at once; /tz offers more.
_ZONES = 6


@router.command("start", summary=M.HELP_START, aliases=("старт", "начать"))
async def start(ctx: Context) -> Sequence[Reply]:
    """Say hello, take the next step of the first run, or bring what a deep link leads to.

    The steps are `/start ru` and `/start Europe/Moscow`. They change something for newcomers alone,
    so that neither an old button nor a stranger's link changes it later.
    """
    if ctx.command.args and (brought := await _by_link(ctx, ctx.command.args[0])):
        return brought
    if ctx.message.conversation.is_group:
        return [_hello_to_all(ctx)]
    person = await ctx.services.preferences.of(ctx.caller.identity)
    language = next(filter(None, map(read_language, ctx.command.args)), "")
    zone = next(filter(None, map(_read_zone, ctx.command.args)), "")
    too_late = language not in ("", person.language) or zone not in ("", person.timezone)
    if await ctx.services.linking.of(ctx.caller):
        return [_hello(ctx, person, too_late=too_late)]
    if person.chosen:
        draft = ctx.draft().add(M.START_SETTLED if too_late else M.START_HELLO)
        return [await _last_step(ctx, draft, person)]
    return [await _take_step(ctx, person, language, zone)]


async def _by_link(ctx: Context, word: str) -> Sequence[Reply]:
    """What a deep link leads to; nothing if it is none."""
    reply = await ctx.services.replies.find(ctx.caller.identity, word)
    if reply is not None:
        return [reply]
    if is_card_link(word) and not ctx.message.conversation.is_group:
        kept = await ctx.services.cards.behind_link(word)
        if kept is None:
            return [ctx.draft().add(M.LINK_CARD_GONE).reply()]
        return [await _back_to_card(ctx, kept)]
    spec = ctx.router.find(word)
    if spec is None or not spec.private:
        return ()
    return await spec.handler(replace(ctx, command=replace(ctx.command, name=spec.name, args=())))


async def _back_to_card(ctx: Context, kept: KeptCard) -> Reply:
    """The meeting of a group's card, as its reader sees it; first the way to a calendar.

    The link tells nothing by itself: whoever is not invited does not see the meeting here either.
    """
    ref = await ctx.services.cards.own_ref(ctx.caller.identity, kept.card.meeting)
    if ref is not None:
        try:
            event = await ctx.services.answers.look(ctx.caller, ref)
        except EventNotFoundError:
            return ctx.draft().add(M.TAP_NOT_INVITED).reply()
        return card(ctx.draft(), event, ctx.services.clock.now())
    draft = ctx.draft().add(M.LINK_FIRST).blank().add(M.START_LINK)
    pages = await offer_sign_ins(
        ctx.services.sign_ins, ctx.caller, ctx.message.sender, ctx.texts.language
    )
    return replace(draft.reply(add_ways_to_link(draft, pages)), errand=ctx.command.line)


async def _take_step(ctx: Context, person: Person, language: str, zone: str) -> Reply:
    preferences, who = ctx.services.preferences, ctx.caller.identity
    if not language and not zone:
        return _ask_language(ctx)
    if language:
        person = await preferences.set_language(who, language)
    if zone:
        person = await preferences.set_timezone(who, zone)
    ctx = replace(ctx, texts=Texts.of(person))
    return await _last_step(ctx, ctx.draft(), person) if zone else _ask_zone(ctx)


def _read_zone(word: str) -> str:
    """A zone by its whole name, with a slash: no deep link can hold one."""
    return known_zone(word) if "/" in word else ""


def _ask_language(ctx: Context) -> Reply:
    draft = ctx.draft().add(M.START_HELLO).add(M.START_YOUR_ID, identity=ctx.caller.identity)
    return draft.add(M.LANG_WHICH).reply([[_language(each)] for each in LANGUAGES])


def _ask_zone(ctx: Context) -> Reply:
    likely = ctx.services.preferences.likely_zones(ctx.texts.language)[:_ZONES]
    rows = zone_buttons(likely, ctx.services.clock.now(), "/start")
    another = Button(label=str(ctx.texts.say(M.START_ANOTHER)), command_line="/tz")
    others = [_language(each) for each in LANGUAGES if each != ctx.texts.language]
    draft = ctx.draft().add(M.START_LANGUAGE).add(M.START_WHICH_ZONE)
    return draft.reply([*rows, [another], others])


async def _last_step(ctx: Context, draft: Draft, person: Person) -> Reply:
    now = ctx.services.clock.now()
    draft.add(M.START_LANGUAGE)
    draft.add(M.START_ZONE, zone=person.timezone, time=local_time(person.timezone, now))
    draft.blank().add(M.START_LINK)
    pages = await offer_sign_ins(
        ctx.services.sign_ins, ctx.caller, ctx.message.sender, ctx.texts.language
    )
    return draft.reply(add_ways_to_link(draft, pages))


def _language(language: str) -> Button:
    return Button(label=native_name(language), command_line=f"/start {language}")


def _hello(ctx: Context, person: Person, *, too_late: bool) -> Reply:
    draft = ctx.draft().add(M.START_HELLO)
    if too_late:
        draft.add(M.START_SETTLED)
    draft.add(M.START_TRY).add(M.START_MORE)
    if not person.chosen:
        draft.add(M.START_ZONE_HINT, zone=person.timezone)
    return draft.add(M.START_YOUR_ID, identity=ctx.caller.identity).reply()


def _hello_to_all(ctx: Context) -> Reply:
    draft = ctx.draft().add(M.START_HELLO).add(M.START_MORE)
    draft.add(M.START_YOUR_ID, identity=ctx.caller.identity)
    here = ctx.message.conversation
    draft.add(M.START_GROUP_ID, group=f"{here.platform}:{here.chat_id}")
    url = ctx.private_url(ctx.command.name)
    buttons = [[Button(label=str(ctx.texts.say(M.GROUP_GO)), url=url)]] if url else []
    return draft.reply(buttons, visibility=Visibility.CONVERSATION)
