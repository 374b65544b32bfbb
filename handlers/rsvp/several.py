"""Several events in one command: they are listed first, and asked about once."""

import asyncio
from collections.abc import Mapping, Sequence

from bot.commands import Context
from bot.domain.chat import Button, Reply
from bot.domain.participation import Answer, Event, EventRef, ParticipationStatus, holds
from bot.errors import EventNotFoundError
from bot.services.outcomes import needs_a_yes
from bot.texts import Draft, M

# Stands for the events of whoever answers the question with no.
KEEP = "-"

_QUESTIONS: Mapping[Answer, M] = {
    ParticipationStatus.ACCEPTED: M.SEVERAL_ACCEPT,
    ParticipationStatus.TENTATIVE: M.SEVERAL_MAYBE,
    ParticipationStatus.DECLINED: M.SEVERAL_DECLINE,
}


async def ask_once(ctx: Context, refs: Sequence[EventRef], wanted: Answer) -> Reply:
    """List what would be answered, with what cannot be undone, and ask.

    Raises:
        EventNotFoundError: None of them can be seen.
        ProviderError, TransportError: They could not be read.
    """
    found = await asyncio.gather(*(_look(ctx, ref) for ref in refs))
    # A row and a number may turn out to be one event.
    events = {event.ref: event for event in found if event is not None}
    possible = [event for event in events.values() if event.answerable]
    if not events:
        raise EventNotFoundError(M.EVENT_NOT_FOUND, id=", ".join(ref.name for ref in refs))
    draft = ctx.draft()
    if possible:
        draft.add(_QUESTIONS[wanted], count=len(possible))
    for event in events.values():
        _add_row(ctx, draft, event, wanted)
    for ref, missing in zip(refs, found, strict=True):
        if missing is None:
            draft.add(M.SEVERAL_ROW_MISSING, id=ref.name)
    draft.add(M.CONFIRM_UNCHANGED)
    if not possible:
        return draft.reply()
    names = " ".join(event.ref.name for event in possible)
    yes = Button(
        label=str(ctx.texts.say(M.SEVERAL_YES, count=len(possible))),
        command_line=f"/{ctx.command.name} {names}",
        about=tuple(event.seen for event in possible),
        confirms=True,
    )
    no = Button(label=str(ctx.texts.say(M.CONFIRM_NO)), command_line=f"/{ctx.command.name} {KEEP}")
    return draft.reply([[yes, no]])


async def _look(ctx: Context, ref: EventRef) -> Event | None:
    try:
        return await ctx.services.answers.look(ctx.caller, ref)
    except EventNotFoundError:
        return None


def _add_row(ctx: Context, draft: Draft, event: Event, wanted: Answer) -> None:
    title = ctx.texts.title(event)
    if not event.answerable:
        draft.add(M.SEVERAL_ROW_NOT_ANSWERABLE, title=title)
        return
    when = ctx.texts.when(event, ctx.services.clock.now())
    draft.add(M.SEVERAL_ROW, title=title, when=when, id=event.ref.name)
    if holds(event, wanted) or not needs_a_yes(event, wanted):
        return
    draft.add(M.SEVERAL_ROW_DELETES if event.deleted_by(wanted) else M.SEVERAL_ROW_MAYBE)
