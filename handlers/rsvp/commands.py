"""/accept, /maybe, /decline, /status and /undo."""

from collections.abc import Sequence

from bot.commands import Context, Router, named, names_nothing, refused, signed
from bot.domain.chat import Reply
from bot.domain.participation import Answer, EventRef, ParticipationStatus, Seen
from bot.errors import TELLABLE, UsageError
from bot.services.outcomes import Provided
from bot.texts import M, card
from handlers.rsvp.outcomes import tell
from handlers.rsvp.several import KEEP, ask_once
from handlers.rsvp.taps import tap
from handlers.rsvp.undo import undo_last, undo_last_of

router = Router()


@router.command(
    "accept", summary=M.HELP_ACCEPT, arguments="651", changes=True, aliases=("принять", "приму")
)
async def accept(ctx: Context) -> Sequence[Reply]:
    """Accept invitations."""
    return await _answer(ctx, ParticipationStatus.ACCEPTED)


@router.command(
    "maybe",
    summary=M.HELP_MAYBE,
    arguments="651",
    changes=True,
    aliases=("возможно", "может", "наверное"),
)
async def maybe(ctx: Context) -> Sequence[Reply]:
    """Answer "maybe", as far as the calendar knows such a thing."""
    return await _answer(ctx, ParticipationStatus.TENTATIVE)


@router.command(
    "decline",
    summary=M.HELP_DECLINE,
    arguments="651",
    changes=True,
    aliases=("отклонить", "отказаться"),
)
async def decline(ctx: Context) -> Sequence[Reply]:
    """Decline invitations."""
    return await _answer(ctx, ParticipationStatus.DECLINED)


@router.command("status", summary=M.HELP_STATUS, arguments="651", aliases=("статус",))
async def status(ctx: Context) -> Sequence[Reply]:
    """Show events with the person's own answer."""
    meant = await named(ctx)
    if isinstance(meant, Reply):
        return [meant]
    return [await _card(ctx, seen.ref) for seen in meant]


@router.command(
    "undo", summary=M.HELP_UNDO, changes=True, aliases=("отменить", "отмена", "вернуть")
)
async def undo(ctx: Context) -> Sequence[Reply]:
    """Take back the last change, or the last answer to an event."""
    if await names_nothing(ctx):
        return [await undo_last(ctx)]
    meant = await named(ctx)
    if isinstance(meant, Reply):
        return [meant]
    if len(meant) > 1:
        raise UsageError(M.UNDO_ONE)
    return [await undo_last_of(ctx, meant[0].ref)]


async def _answer(ctx: Context, wanted: Answer) -> Sequence[Reply]:
    """One reply for each event, so that each can carry its own buttons and be edited later."""
    if ctx.command.card:
        return [await tap(ctx, wanted)]
    if ctx.command.args == (KEEP,):
        return [ctx.draft().add(M.SEVERAL_KEPT).reply()]
    meant = await named(ctx)
    if isinstance(meant, Reply):
        return [meant]
    if len(meant) > 1 and not ctx.command.confirmed:
        return [await ask_once(ctx, [seen.ref for seen in meant], wanted)]
    # What each of several overlaps would take longer to find out than to answer them.
    return [await _answer_one(ctx, seen, wanted, hint=len(meant) == 1) for seen in meant]


async def _answer_one(ctx: Context, seen: Seen, wanted: Answer, *, hint: bool) -> Reply:
    provided = Provided(version=seen.version)
    try:
        outcome = await ctx.services.answers.answer(ctx.caller, seen.ref, wanted, provided)
    except TELLABLE as error:
        return await refused(ctx, seen.ref, error)
    told = await tell(ctx, outcome, hint=hint)
    return await signed(ctx, told, outcome.participation.event.ref)


async def _card(ctx: Context, ref: EventRef) -> Reply:
    try:
        event = await ctx.services.answers.look(ctx.caller, ref)
    except TELLABLE as error:
        return await refused(ctx, ref, error)
    draft = ctx.draft()
    if ctx.command.preface is not None:
        draft.add(ctx.command.preface)
    return await signed(ctx, card(draft, event, ctx.services.clock.now()), event.ref)
