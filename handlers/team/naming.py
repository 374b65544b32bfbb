"""Which meeting a group's command is about; asked in private, for the group."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bot.commands import Context, for_the_group, named, names_nothing, refused
from bot.domain.chat import Reply
from bot.domain.group_cards import Roster
from bot.domain.participation import Event
from bot.errors import TELLABLE, UsageError
from bot.services.agenda import DAYS_AHEAD
from bot.texts import M, choices

# Whether an event can be meant where none was named.
Candidate = Callable[[Event], bool]


def split_off(ctx: Context, words: Collection[str]) -> tuple[Context, Sequence[str]]:
    """The command without the one of these words that it begins or ends with; and that word."""
    args = ctx.command.args
    for index in (-1, 0):
        if args and args[index].lower() in words:
            rest = args[:-1] if index else args[1:]
            return replace(ctx, command=replace(ctx.command, args=rest)), (args[index],)
    return ctx, ()


async def one_meeting(
    ctx: Context, question: M, suffix: Sequence[str] = (), candidate: Candidate | None = None
) -> Roster | Reply:
    """The one meeting that is meant, as the caller sees it now, or what to say instead.

    Args:
        ctx: Its command has the words that name the event, and no others.
        question: What is asked if nothing was named.
        suffix: Words that the buttons of a question have to say too.
        candidate: Which events such a question offers; by default all that have a card.

    Raises:
        UserError: Several were named, or nothing of the kind can be seen.
        ProviderError, TransportError: It could not be looked for.
    """
    if await names_nothing(ctx):
        found = await _upcoming(ctx, question, candidate or _has_a_card)
        return for_the_group(ctx, found, suffix)
    meant = await named(ctx)
    if isinstance(meant, Reply):
        return for_the_group(ctx, meant, suffix)
    if len(meant) > 1:
        raise UsageError(M.MEETING_ONE, command=ctx.command.name)
    ref = meant[0].ref
    try:
        return await ctx.services.rosters.of(ctx.caller, ref)
    except TELLABLE as error:
        return await refused(ctx, ref, error)


def _has_a_card(event: Event) -> bool:
    return event.meeting is not None and not event.private


async def _upcoming(ctx: Context, question: M, candidate: Candidate) -> Reply:
    listing = await ctx.services.agenda.upcoming(ctx.caller, ctx.texts.timezone)
    events = [entry.event for entry in listing.entries if candidate(entry.event)]
    first_of_each = {event.meeting: event for event in reversed(events)}
    events = [event for event in events if first_of_each[event.meeting] is event]
    if not events:
        nothing = M.CARD_NOTHING_AHEAD if candidate is _has_a_card else M.NUDGE_NOTHING_AHEAD
        return ctx.draft().add(nothing, days=DAYS_AHEAD).reply()
    return choices(ctx.draft().add(question), events, ctx.command.name, ctx.services.clock.now())
