"""/card: a meeting shown to a group."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import Context, Router, check_place
from bot.domain.chat import Reply
from bot.domain.group_cards import EDIT_EVERY, Nudged, Roster
from bot.domain.participation import Event, Obstacle
from bot.errors import PlatformError
from bot.ports import KeptCard
from bot.services.group_cards import link_word
from bot.texts import M, group_card
from handlers.team.naming import one_meeting, split_off

router = Router()

_OFF = frozenset({"off", "close", "выкл", "закрыть", "закрой", "убрать"})


@router.command(
    "card",
    summary=M.HELP_CARD,
    arguments="651",
    changes=True,
    aliases=("карточка", "карта", "встреча"),
)
async def card(ctx: Context) -> Sequence[Reply]:
    """Post a meeting's card in the group, read it again, or close it (`/card 651 off`)."""
    if ctx.command.card:
        return [await _refresh(ctx)]
    check_place(ctx, M.CARD_ONLY_GROUPS)
    ctx, closing = split_off(ctx, _OFF)
    if closing and (closed := await _close_named(ctx)) is not None:
        return [closed]
    roster = await one_meeting(ctx, M.CARD_WHICH_OFF if closing else M.CARD_WHICH, closing)
    if isinstance(roster, Reply):
        return [roster]
    if closing:
        return [await _close(ctx, roster.event)]
    return await post_card(ctx, roster)


async def _refresh(ctx: Context) -> Reply:
    """Have the card read again."""
    kept = await ctx.services.cards.pressed(ctx.message, ctx.command.card)
    if kept is None:
        return ctx.draft().add(M.TAP_CLOSED).reply()
    await ctx.services.cards.touch(kept.card.meeting)
    return replace(ctx.draft().add(M.TAP_REFRESHING).reply(), fleeting=True)


async def post_card(ctx: Context, roster: Roster, nudged: Sequence[Nudged] = ()) -> Sequence[Reply]:
    """The card for the group, or why it does not get one, for the asker alone."""
    event = roster.event
    why_not = _why_not(event)
    if why_not is not None or event.meeting is None:
        title, provider = ctx.texts.title(event), event.ref.provider
        why_not = why_not or M.CARD_NOT_SHARED
        return [ctx.draft().add(why_not, title=title, provider=provider).reply()]
    new = ctx.services.cards.new(event, event.meeting, nudged)
    texts = await ctx.services.groups.texts_for(ctx.message.conversation, ctx.texts)
    link = ctx.private_url(link_word(new.key))
    now = ctx.services.clock.now()
    shown = group_card(texts, roster, new, now, link)
    # What is answered before the card is kept finds none to be out of date.
    shown = replace(shown, card=replace(new, look_at=now + EDIT_EVERY))
    if ctx.command.typed is None:
        return [shown]
    done = ctx.draft().add(M.CARD_POSTED, title=ctx.texts.title(event)).reply()
    return [done, shown]


def _why_not(event: Event) -> M | None:
    """Why a group is not shown an event; None if it may be."""
    if event.obstacle is Obstacle.NOT_A_MEETING:
        return M.CARD_NOT_A_MEETING
    if event.meeting is None:
        return M.CARD_NOT_SHARED
    if event.private:
        return M.CARD_PRIVATE
    return M.CARD_OVER if event.over else None


async def _close_named(ctx: Context) -> Reply | None:
    """Close what was named by its number or by answering it, without looking into the portal.

    Who administers the group or has posted a card may close it whatever they see of the meeting.
    """
    where, words = ctx.message.conversation, ctx.command.args
    kept = None if words else await ctx.services.cards.answered_by(ctx.message)
    number = words[0] if len(words) == 1 else ""
    named = [kept] if kept is not None else await ctx.services.cards.numbered(where, number)
    theirs = [one for one in named if await _may_close(ctx, one)]
    return await _closed(ctx, theirs) if theirs else None


async def _close(ctx: Context, event: Event) -> Reply:
    if event.meeting is None:
        return ctx.draft().add(M.CARD_OFF_NONE).reply()
    here = await ctx.services.cards.here(ctx.message.conversation, event.meeting)
    if not here:
        return ctx.draft().add(M.CARD_OFF_NONE).reply()
    organizes = event.obstacle is Obstacle.ORGANIZER
    theirs = [kept for kept in here if organizes or await _may_close(ctx, kept)]
    if not theirs:
        return ctx.draft().add(M.CARD_OFF_REFUSED).reply()
    return await _closed(ctx, theirs)


async def _closed(ctx: Context, theirs: Sequence[KeptCard]) -> Reply:
    await ctx.services.cards.close(theirs)
    return ctx.draft().add(M.CARD_OFF_DONE).reply()


async def _may_close(ctx: Context, kept: KeptCard) -> bool:
    if kept.delivery.to == ctx.caller.identity:
        return True
    try:
        return await ctx.services.groups.is_admin(ctx.message.conversation, ctx.caller.identity)
    except PlatformError:
        return False
