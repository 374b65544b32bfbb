"""Which meeting a group's command is about; asked in private, for the group."""

from collections.abc import Sequence

from bot.commands import Context, for_the_group, named
from bot.domain.chat import Reply
from bot.domain.participation import EventRef
from bot.errors import UsageError
from bot.services.agenda import DAYS_AHEAD
from bot.texts import M, choices


async def one_meeting(ctx: Context, question: M, suffix: Sequence[str] = ()) -> EventRef | Reply:
    """The one event that is meant, or what to say instead.

    Args:
        ctx: Its command has the words that name the event, and no others.
        question: What is asked if nothing was named.
        suffix: Words that the buttons of a question have to say too.

    Raises:
        UserError: Several were named, or nothing of the kind can be seen.
        ProviderError, TransportError: It could not be looked for.
    """
    if not ctx.command.about and not ctx.command.args and ctx.message.reply_to is None:
        return for_the_group(ctx, await _upcoming(ctx, question), suffix)
    meant = await named(ctx)
    if isinstance(meant, Reply):
        return for_the_group(ctx, meant, suffix)
    if len(meant) > 1:
        raise UsageError(M.UNDO_ONE)
    return meant[0].ref


async def _upcoming(ctx: Context, question: M) -> Reply:
    listing = await ctx.services.agenda.upcoming(ctx.caller, ctx.texts.timezone)
    events = [
        entry.event
        for entry in listing.entries
        if entry.event.meeting is not None and not entry.event.private
    ]
    first_of_each = {event.meeting: event for event in reversed(events)}
    events = [event for event in events if first_of_each[event.meeting] is event]
    if not events:
        return ctx.draft().add(M.CARD_NOTHING_AHEAD, days=DAYS_AHEAD).reply()
    return choices(ctx.draft().add(question), events, ctx.command.name, ctx.services.clock.now())
