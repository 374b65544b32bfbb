"""Taking the last change back, as far as the calendar can."""

from bot.commands import Context, refused, signed
from bot.domain.chat import Reply
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    ParticipationStatus,
    restoring,
)
from bot.errors import TELLABLE, BotError, EventNotFoundError
from bot.services.keeping import Done
from bot.services.memory import UNDO_WITHIN
from bot.services.outcomes import Outcome, Provided, Step
from bot.texts import HELD, M, add_headline, add_held, add_reasons, card, card_buttons
from handlers.rsvp.outcomes import ask_first, unconfirmed


async def undo_last(ctx: Context) -> Reply:
    """Take back the last answer or presence."""
    change = await ctx.services.memory.last_undoable(ctx.message)
    asked_at = await ctx.services.presences.changed_at(ctx.caller)
    if asked_at is not None and asked_at >= ctx.message.sent_at - UNDO_WITHIN:
        answered = change is not None and change.kind is ChangeKind.ANSWER
        if change is None or not answered or asked_at > change.at:
            return await _undo_presence(ctx)
    if change is None:
        return ctx.draft().add(M.UNDO_NOTHING).reply()
    if change.kind is not ChangeKind.ANSWER or change.event is None:
        return await _presence_as_it_is(ctx, undone=change.undoes)
    try:
        event = await ctx.services.answers.look(ctx.caller, change.event)
        return await _undo_answer(ctx, event, change)
    except TELLABLE as error:
        return await _failed(ctx, change.event, change, error)


async def undo_last_of(ctx: Context, ref: EventRef) -> Reply:
    """Take back the last answer to an event."""
    change = None
    try:
        event = await ctx.services.answers.look(ctx.caller, ref)
        ref = event.ref
        change = await ctx.services.memory.last_answer_to(ctx.message, ref)
        return await _undo_answer(ctx, event, change)
    except TELLABLE as error:
        return await _failed(ctx, ref, change, error)


async def _undo_answer(ctx: Context, event: Event, change: Change | None) -> Reply:
    if change is None:
        reply = _as_it_is(ctx, M.UNDO_NOTHING_THERE, event)
    elif (why_not := _why_not(ctx, event, change)) is not None:
        reply = _as_it_is(ctx, why_not, event)
    elif (wanted := restoring(event, _status(change.before))) is None:
        why_not = M.UNDO_IMPOSSIBLE if change.before else M.UNDO_IMPOSSIBLE_UNKNOWN
        reply = _as_it_is(ctx, why_not, event)
    else:
        reply = await _take_back(ctx, event, change, wanted)
    return await signed(ctx, reply, event.ref)


async def _failed(ctx: Context, ref: EventRef, change: Change | None, error: BotError) -> Reply:
    declined = change is not None and change.after == ParticipationStatus.DECLINED
    if change is not None and declined and isinstance(error, EventNotFoundError):
        # Some calendars remove what was declined.
        return ctx.draft().add(M.UNDO_GONE, title=ctx.texts.named(change.title)).reply()
    return await refused(ctx, ref, error)


def _why_not(ctx: Context, event: Event, change: Change) -> M | None:
    """Why this change is not to be taken back; None if it may be."""
    takes_back = ctx.command.takes_back
    if change.undoes:
        return M.UNDO_ALREADY
    if takes_back and takes_back != change.entry_id:
        # The button stands under an earlier answer.
        return M.UNDO_CHANGED
    if change.confirmation is not Confirmation.CONFIRMED and event.my_status != change.after:
        return M.UNDO_PENDING
    return None


def _status(value: str) -> ParticipationStatus | None:
    return ParticipationStatus(value) if value else None


async def _take_back(ctx: Context, event: Event, change: Change, wanted: Answer) -> Reply:
    provided = Provided(status=ParticipationStatus(change.after))
    outcome = await ctx.services.answers.answer(ctx.caller, event.ref, wanted, provided)
    match outcome.step:
        case Step.ASK_FIRST:
            yes, entry_id = M.CONFIRM_MAYBE_YES, change.entry_id
            return ask_first(ctx, M.UNDO_ASK, event, yes=yes, command="undo", takes_back=entry_id)
        case Step.CHANGED | Step.ALREADY:
            return _as_it_is(ctx, M.UNDO_CHANGED, outcome.participation.event)
        case Step.WRITTEN:
            return _undone(ctx, outcome)


def _undone(ctx: Context, outcome: Outcome) -> Reply:
    participation, now = outcome.participation, ctx.services.clock.now()
    event, confirmation = participation.event, participation.confirmation
    sure = confirmation is Confirmation.CONFIRMED
    if sure:
        draft = ctx.draft().add(M.UNDO_DONE)
        add_headline(draft, HELD[participation.status], event, now)
    else:
        draft = unconfirmed(ctx, participation)
    buttons = card_buttons(ctx.texts, event, known=sure)
    return draft.reply(buttons, watch=outcome.watch(undoes=True), about=event.ref)


def _as_it_is(ctx: Context, why: M, event: Event) -> Reply:
    draft = ctx.draft().add(why, provider=event.ref.provider)
    return card(draft, event, ctx.services.clock.now())


async def _undo_presence(ctx: Context) -> Reply:
    done = await ctx.services.presences.take_back(ctx.caller)
    if done is None:
        return await _presence_as_it_is(ctx, undone=False)
    match done.state.confirmation:
        case Confirmation.PENDING:
            return ctx.draft().add(M.PRESENCE_PENDING).reply()
        case Confirmation.UNKNOWN:
            return ctx.draft().add(M.PRESENCE_UNKNOWN).reply()
        case Confirmation.CONFIRMED:
            return _standing(ctx, M.UNDO_PRESENCE, done)


async def _presence_as_it_is(ctx: Context, *, undone: bool) -> Reply:
    done = await ctx.services.presences.show(ctx.caller)
    return _standing(ctx, M.UNDO_ALREADY if undone else M.UNDO_PRESENCE_CHANGED, done)


def _standing(ctx: Context, first: M, done: Done) -> Reply:
    now = ctx.services.clock.now()
    draft = add_held(ctx.draft().add(first), done.ledger, done.state, now)
    return add_reasons(draft, done.ledger, done.state, now).reply()
