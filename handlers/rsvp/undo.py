"""Taking the last change back, as far as the calendar can."""

from collections.abc import Mapping

from bot.commands import Context
from bot.domain.chat import Button, Reply
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    ParticipationStatus,
    Watch,
)
from bot.domain.presence import Presence
from bot.errors import TELLABLE, EventNotFoundError
from bot.services.outcomes import Outcome, Provided, Step
from bot.texts import HELD, M, add_headline, add_presence, card, card_buttons
from handlers.rsvp.outcomes import refused

_FORMER: Mapping[str, Answer] = {
    "accepted": ParticipationStatus.ACCEPTED,
    "tentative": ParticipationStatus.TENTATIVE,
    "declined": ParticipationStatus.DECLINED,
}


async def undo_last(ctx: Context) -> Reply:
    """Take back the last answer or presence."""
    change = await ctx.services.memory.last_undoable(ctx.caller.identity)
    if change is None:
        return ctx.draft().add(M.UNDO_NOTHING).reply()
    if change.kind is not ChangeKind.ANSWER or change.event is None:
        return await _undo_presence(ctx, change)
    return await _undo_answer(ctx, change.event, change)


async def undo_last_of(ctx: Context, ref: EventRef) -> Reply:
    """Take back the last answer to an event."""
    change = await ctx.services.memory.last_answer_to(ctx.caller.identity, ref)
    return await _undo_answer(ctx, ref, change)


async def _undo_answer(ctx: Context, ref: EventRef, change: Change | None) -> Reply:
    try:
        event = await ctx.services.answers.look(ctx.caller, ref)
        why_not = _why_not(event, change)
        if change is None or why_not is not None:
            return _as_it_is(ctx, why_not or M.UNDO_NOTHING_THERE, event)
        return await _take_back(ctx, event, change)
    except EventNotFoundError as error:
        if change is None or change.after != ParticipationStatus.DECLINED:
            return await refused(ctx, ref, error)
        return ctx.draft().add(M.UNDO_GONE, title=ctx.texts.named(change.title)).reply()
    except TELLABLE as error:
        return await refused(ctx, ref, error)


def _why_not(event: Event, change: Change | None) -> M | None:
    """Why nothing can be taken back; None if it can."""
    if change is None:
        return M.UNDO_NOTHING_THERE
    if change.undoes:
        return M.UNDO_ALREADY
    if _restoring(event, change.before) is None:
        return M.UNDO_IMPOSSIBLE if change.before else M.UNDO_IMPOSSIBLE_UNKNOWN
    return None


async def _take_back(ctx: Context, event: Event, change: Change) -> Reply:
    wanted = _restoring(event, change.before)
    assert wanted is not None  # noqa: S101 - see `_why_not`
    provided = Provided(status=ParticipationStatus(change.after))
    outcome = await ctx.services.answers.answer(ctx.caller, event.ref, wanted, provided)
    match outcome.step:
        case Step.ASK_FIRST:
            return _question(ctx, event)
        case Step.CHANGED | Step.ALREADY:
            return _as_it_is(ctx, M.UNDO_CHANGED, outcome.participation.event)
        case Step.WRITTEN:
            return _undone(ctx, outcome)


def _restoring(event: Event, before: str) -> Answer | None:
    """The answer that brings back what was before; None if there is none."""
    if before == ParticipationStatus.NEEDS_ACTION and not event.tentative_exact:
        # Where nothing tells "maybe" from no answer, this takes the answer back.
        return ParticipationStatus.TENTATIVE
    return _FORMER.get(before)


def _undone(ctx: Context, outcome: Outcome) -> Reply:
    participation, now = outcome.participation, ctx.services.clock.now()
    event, confirmation = participation.event, participation.confirmation
    draft = ctx.draft()
    sure = confirmation is Confirmation.CONFIRMED
    if sure:
        draft.add(M.UNDO_DONE)
        add_headline(draft, HELD[participation.status], event, now)
    else:
        doubt = M.ANSWER_PENDING if confirmation is Confirmation.PENDING else M.ANSWER_UNKNOWN
        add_headline(draft, doubt, event, now).add(M.ANSWER_WATCHING)
    watch = Watch(
        event=event,
        wanted=outcome.wanted,
        pending=not sure,
        write_again=outcome.write_again,
        before=outcome.before,
        undoes=True,
    )
    return draft.reply(card_buttons(ctx.texts, event, known=sure), watch=watch, about=event.ref)


def _question(ctx: Context, event: Event) -> Reply:
    draft = add_headline(ctx.draft(), M.UNDO_ASK, event, ctx.services.clock.now())
    name = event.ref.name
    yes = Button(
        label=str(ctx.texts.say(M.CONFIRM_MAYBE_YES)), command_line=f"/undo {name}", confirms=True
    )
    no = Button(label=str(ctx.texts.say(M.CONFIRM_NO)), command_line=f"/status {name}")
    return draft.add(M.CONFIRM_UNCHANGED).reply([[yes, no]], about=event.ref)


def _as_it_is(ctx: Context, why: M, event: Event) -> Reply:
    draft = ctx.draft().add(why, provider=event.ref.provider)
    return card(draft, event, ctx.services.clock.now())


async def _undo_presence(ctx: Context, change: Change) -> Reply:
    if change.undoes:
        state = await ctx.services.presences.show(ctx.caller)
        return add_presence(ctx.draft().add(M.UNDO_ALREADY), state).reply()
    if change.before not in set(Presence):
        return ctx.draft().add(M.UNDO_PRESENCE_UNKNOWN).reply()
    outcome = await ctx.services.presences.restore(
        ctx.caller, Presence(change.before), Presence(change.after) if change.after else None
    )
    draft = ctx.draft()
    match outcome.confirmation:
        case Confirmation.PENDING:
            return draft.add(M.PRESENCE_PENDING).reply()
        case Confirmation.UNKNOWN:
            return draft.add(M.PRESENCE_UNKNOWN).reply()
        case Confirmation.CONFIRMED:
            restored = outcome.presence is Presence(change.before)
            draft.add(M.UNDO_PRESENCE if restored else M.UNDO_PRESENCE_CHANGED)
            return add_presence(draft, outcome).reply()
