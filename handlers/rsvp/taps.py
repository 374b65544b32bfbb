"""Answers by a group's card: whoever presses it answers their own invitation."""

from dataclasses import replace

from bot.commands import Context, refused
from bot.domain.chat import Reply
from bot.domain.participation import Answer, Confirmation, ParticipationStatus
from bot.errors import TELLABLE, EventNotFoundError, NotAnswerableError, NotInvitedError
from bot.services.outcomes import Outcome, Provided, Step
from bot.texts import HELD, M
from handlers.rsvp.outcomes import ALREADY, tell

_REFUSALS = {M.REFUSE_ORGANIZER: M.TAP_ORGANIZER, M.REFUSE_OVER: M.TAP_OVER}


async def tap(ctx: Context, wanted: Answer) -> Reply:
    """Answer as the one who pressed; what came of it is seen on the card.

    The key of the button proves nothing: the card has to be kept, and to be that message, and the
    answer is given with an account of the presser's own.
    """
    kept = await ctx.services.cards.pressed(ctx.message, ctx.command.card)
    if kept is None:
        return ctx.draft().add(M.TAP_CLOSED).reply()
    card = kept.card
    ref = await ctx.services.cards.own_ref(ctx.caller.identity, card.meeting)
    if ref is None:
        return ctx.draft().add(M.TAP_NOT_LINKED).reply()
    provided = Provided(version=card.version, seen_as=card.ref)
    try:
        outcome = await ctx.services.answers.answer(ctx.caller, ref, wanted, provided)
    except (EventNotFoundError, NotInvitedError):
        # What the presser cannot see is not told apart from what they are not invited to.
        return ctx.draft().add(M.TAP_NOT_INVITED).reply()
    except NotAnswerableError as error:
        refusal = _REFUSALS.get(M(error.message))
        return ctx.draft().add(refusal).reply() if refusal else await refused(ctx, ref, error)
    except TELLABLE as error:
        return await refused(ctx, ref, error)
    return await _told(ctx, outcome)


async def _told(ctx: Context, outcome: Outcome) -> Reply:
    participation = outcome.participation
    if outcome.step is Step.ASK_FIRST:
        question = await tell(ctx, outcome)
        return replace(question, alert=str(ctx.texts.say(M.TAP_ASKED)))
    if outcome.step is Step.CHANGED:
        await ctx.services.cards.touch(participation.event.meeting)
        return ctx.draft().add(M.TAP_CHANGED).reply()
    already, status = outcome.step is Step.ALREADY, participation.status
    if already:
        # It was answered elsewhere, perhaps where nobody told the card.
        await ctx.services.cards.touch(participation.event.meeting)
    if already and status is ParticipationStatus.NEEDS_ACTION:
        return ctx.draft().add(M.TAP_NO_MAYBE).reply()
    if participation.confirmation is not Confirmation.CONFIRMED or status is not outcome.wanted:
        return await tell(ctx, outcome, hint=False)
    said = ALREADY[status] if already else HELD[status]
    draft = ctx.draft().add(said, title=ctx.texts.title(participation.event))
    return replace(draft.reply(), fleeting=True)
