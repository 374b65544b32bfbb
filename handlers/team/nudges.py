"""/nudge: those in the group who have not answered are asked to."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.commands import Context, Router, check_place
from bot.domain.chat import Identity, Reply
from bot.domain.group_cards import NUDGE_EVERY, Nudged, Roster
from bot.domain.meetings import Meeting
from bot.domain.participation import Event, Obstacle
from bot.errors import NotAllowedError, UsageError
from bot.texts import M, names_in_line, silent_guests
from handlers.team.cards import post_card
from handlers.team.naming import one_meeting

router = Router()

_ASKED_AT_ONCE = 20
_ON = frozenset({"on", "вкл"})
_OFF = frozenset({"off", "выкл"})


@router.command(
    "nudge",
    summary=M.HELP_NUDGE,
    arguments="651",
    changes=True,
    aliases=("напомнить", "напомни", "спросить"),
)
async def nudge(ctx: Context) -> Sequence[Reply]:
    """Mention those who are silent, with a card to press; `/nudge off` for whoever minds."""
    check_place(ctx, M.NUDGE_ONLY_GROUPS)
    word = ctx.command.args[0].lower() if len(ctx.command.args) == 1 else ""
    if word in _ON | _OFF:
        return [await _choose(ctx, asked=word in _ON)]
    roster = await one_meeting(ctx, M.NUDGE_WHICH, candidate=_is_organized)
    if isinstance(roster, Reply):
        return [roster]
    return await _nudge(ctx, roster)


async def _nudge(ctx: Context, roster: Roster) -> Sequence[Reply]:
    event = roster.event
    if event.meeting is None or event.private or event.over:
        # Whatever the group may not see, it is not asked about.
        return await post_card(ctx, roster)
    if not _is_organized(event):
        raise NotAllowedError(M.NUDGE_NOT_ORGANIZER, event=event)
    if event.guests_hidden:
        raise NotAllowedError(M.NUDGE_HIDDEN, event=event)
    silent = {one.user_id for one in silent_guests(event)}
    if not silent:
        return [ctx.draft().add(M.NUDGE_NOBODY_SILENT, title=ctx.texts.title(event)).reply()]
    asked = await _known_here(ctx, event.meeting, silent)
    if not asked:
        return [_not_mentioned(ctx, roster, silent)]
    await _wait_a_while(ctx, event.meeting)
    replies = list(await post_card(ctx, roster, asked))
    others = silent - {one.user_id for one in asked}
    if others:
        replies.append(_not_mentioned(ctx, roster, others))
    return replies


def _not_mentioned(ctx: Context, roster: Roster, user_ids: Collection[str]) -> Reply:
    """Who could not be asked, and what it takes, for the organizer alone."""
    people = [one for one in roster.event.attendees if one.user_id in user_ids]
    names = names_in_line(ctx.texts, roster, people)
    return ctx.draft().add(M.NUDGE_NOT_MENTIONED, names=names).reply()


def _is_organized(event: Event) -> bool:
    return event.obstacle is Obstacle.ORGANIZER and event.meeting is not None


async def _known_here(ctx: Context, meeting: Meeting, silent: set[str]) -> Sequence[Nudged]:
    """Those of the silent who are in this group, are known to the bot, and do not mind."""
    groups, here = ctx.services.groups, ctx.message.conversation
    who: dict[Identity, str] = {}
    memberships = []
    for one in await groups.members_of(here):
        members = await ctx.services.cards.members_at(one.identity, meeting)
        user_id = next((each for each in members if each in silent), None)
        if user_id is not None and not one.unasked:
            who[one.identity] = user_id
            memberships.append(one)
    # No more of them than have room in one message, beside the card.
    present = await groups.present(here, memberships[:_ASKED_AT_ONCE])
    return [
        Nudged(user_id=who[one.identity], person=one.identity.user_id, name=one.name)
        for one in present
    ]


async def _wait_a_while(ctx: Context, meeting: Meeting) -> None:
    """Note that they are asked now.

    Raises:
        UsageError: They were asked a while ago.
    """
    last_at = await ctx.services.cards.begin_nudge(meeting, ctx.caller.entry_id)
    if last_at is None:
        return
    now = ctx.services.clock.now()
    ago = ctx.texts.ago((now - last_at).total_seconds())
    ahead = ctx.texts.ahead((last_at + NUDGE_EVERY - now).total_seconds())
    raise UsageError(M.NUDGE_TOO_SOON, ago=ago, ahead=ahead)


async def _choose(ctx: Context, *, asked: bool) -> Reply:
    groups, who = ctx.services.groups, ctx.caller.identity
    known = await groups.membership(ctx.message.conversation, who)
    await groups.remember(replace(known, unasked=not asked))
    return ctx.draft().add(M.NUDGE_ON if asked else M.NUDGE_OFF).reply()
