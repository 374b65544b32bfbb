"""What came of an answer, in words: the new state with its card, a question, or what went wrong."""

from collections.abc import Mapping

from bot.commands import Context
from bot.domain.chat import Button, Reply
from bot.domain.participation import (
    Confirmation,
    Event,
    Participation,
    ParticipationStatus,
    restoring,
)
from bot.services.outcomes import Outcome, Step
from bot.texts import Draft, M, add_answer, add_headline, add_reach, card, card_buttons

ALREADY: Mapping[ParticipationStatus, M] = {
    ParticipationStatus.ACCEPTED: M.ALREADY_ACCEPTED,
    ParticipationStatus.DECLINED: M.ALREADY_DECLINED,
    ParticipationStatus.TENTATIVE: M.ALREADY_TENTATIVE,
    ParticipationStatus.NEEDS_ACTION: M.ALREADY_NEEDS_ACTION,
}


async def tell(ctx: Context, outcome: Outcome, *, hint: bool = True) -> Reply:
    """Word what came of an answer; the event's buttons stay, so that a mind can be changed.

    With `hint` it says what an accepted event overlaps.
    """
    now, event = ctx.services.clock.now(), outcome.participation.event
    match outcome.step:
        case Step.ASK_FIRST:
            return _question(ctx, outcome)
        case Step.CHANGED:
            alert = str(ctx.texts.say(M.CARD_CHANGED))
            return card(ctx.draft(), event, now, alert=alert)
        case Step.ALREADY:
            return _answered(ctx, outcome, _already(ctx, outcome.participation))
        case Step.WRITTEN:
            return _answered(ctx, outcome, await _written(ctx, outcome, hint=hint))


def _answered(ctx: Context, outcome: Outcome, draft: Draft) -> Reply:
    event = outcome.participation.event
    confirmed = outcome.participation.confirmation is Confirmation.CONFIRMED
    written = outcome.step is Step.WRITTEN
    takes_back = ctx.caller.entry_id if written and _can_be_undone(outcome) else 0
    # Where nothing was written, an earlier answer may still be on its way and be looked for.
    watch = outcome.watch()
    if confirmed and event.deleted_by(outcome.wanted) and event.my_status is outcome.wanted:
        return draft.reply(watch=watch)
    buttons = card_buttons(ctx.texts, event, known=confirmed, takes_back=takes_back)
    return draft.reply(buttons, watch=watch if written else None, about=event.ref)


def _can_be_undone(outcome: Outcome) -> bool:
    """Whether something was changed, and the provider can bring back what was before."""
    participation, before = outcome.participation, outcome.before
    event = participation.event
    if participation.confirmation is not Confirmation.CONFIRMED or participation.status is before:
        return False
    return not event.deleted_by(outcome.wanted) and restoring(event, before) is not None


def _question(ctx: Context, outcome: Outcome) -> Reply:
    event = outcome.participation.event
    declining = outcome.wanted is ParticipationStatus.DECLINED
    question = M.CONFIRM_DECLINE_DELETES if declining else M.CONFIRM_MAYBE
    yes = M.CONFIRM_DECLINE_YES if declining else M.CONFIRM_MAYBE_YES
    return ask_first(ctx, question, event, yes=yes, command=ctx.command.name)


def ask_first(
    ctx: Context, question: M, event: Event, *, yes: M, command: str, takes_back: int = 0
) -> Reply:
    """Ask before `command` is carried out; the other button leaves everything as it is."""
    name = event.ref.name
    go_on = Button(
        label=str(ctx.texts.say(yes)),
        command_line=f"/{command} {name}",
        about=(event.seen,),
        takes_back=takes_back,
        confirms=True,
    )
    leave_it = Button(
        label=str(ctx.texts.say(M.CONFIRM_NO)),
        command_line=f"/status {name}",
        about=(event.seen,),
    )
    draft = _headline(ctx, question, event).add(M.CONFIRM_UNCHANGED)
    return draft.reply([[go_on, leave_it]], about=event.ref)


def unconfirmed(ctx: Context, participation: Participation) -> Draft:
    """An answer that nobody can be sure of yet."""
    pending = participation.confirmation is Confirmation.PENDING
    doubt = M.ANSWER_PENDING if pending else M.ANSWER_UNKNOWN
    return _headline(ctx, doubt, participation.event).add(M.ANSWER_WATCHING)


def _already(ctx: Context, participation: Participation) -> Draft:
    draft = _headline(ctx, ALREADY[participation.status], participation.event)
    if not participation.exact:
        draft.add(M.ANSWER_MAYBE_KEPT)
    return draft.add(M.ANSWER_NOTHING_SENT)


async def _written(ctx: Context, outcome: Outcome, *, hint: bool) -> Draft:
    participation = outcome.participation
    event = participation.event
    if participation.confirmation is not Confirmation.CONFIRMED:
        return unconfirmed(ctx, participation)
    now = ctx.services.clock.now()
    draft = add_answer(ctx.draft(), event, participation.status, outcome.wanted, now)
    if event.deleted_by(outcome.wanted) and participation.status is outcome.wanted:
        return draft.add(M.ANSWER_REMOVED)
    add_reach(draft, event, of_series=M.ANSWER_SERIES, of_one=M.ANSWER_ONE_OF_SERIES)
    if hint and participation.status is ParticipationStatus.ACCEPTED:
        await _add_overlaps(ctx, draft, event)
    return draft


async def _add_overlaps(ctx: Context, draft: Draft, event: Event) -> None:
    """Say in one line what it overlaps."""
    others = await ctx.services.agenda.overlapping(ctx.caller, event)
    if not others:
        return
    when = ctx.texts.when_here(others[0], ctx.services.clock.now())
    draft.add(M.ANSWER_OVERLAPS, title=ctx.texts.title(others[0]), when=when)
    if len(others) > 1:
        draft.add(M.ANSWER_OVERLAPS_MORE, count=len(others) - 1)


def _headline(ctx: Context, message: M, event: Event) -> Draft:
    return add_headline(ctx.draft(), message, event, ctx.services.clock.now())
