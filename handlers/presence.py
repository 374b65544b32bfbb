"""/online, /dnd, /away and /presence: availability shown to others."""

from collections.abc import Sequence

from bot.commands import Context, Router
from bot.domain.chat import Reply
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence
from bot.errors import UsageError
from bot.texts import M, add_presence

router = Router()


@router.command("online", summary=M.HELP_ONLINE, changes=True, aliases=("онлайн", "на_связи"))
async def online(ctx: Context) -> Sequence[Reply]:
    """Be available again."""
    return await _set(ctx, Presence.ONLINE)


@router.command("dnd", summary=M.HELP_DND, changes=True, aliases=("не_беспокоить", "небеспокоить"))
async def dnd(ctx: Context) -> Sequence[Reply]:
    """Ask not to be disturbed."""
    return await _set(ctx, Presence.DND)


@router.command("away", summary=M.HELP_AWAY, changes=True, aliases=("отсутствую", "нет_на_месте"))
async def away(ctx: Context) -> Sequence[Reply]:
    """Be away."""
    return await _set(ctx, Presence.AWAY)


@router.command("presence", summary=M.HELP_PRESENCE, aliases=("присутствие",))
async def presence(ctx: Context) -> Sequence[Reply]:
    """Show what is set."""
    _refuse_arguments(ctx)
    state = await ctx.services.presences.show(ctx.caller)
    return [add_presence(ctx.draft(), state).reply()]


async def _set(ctx: Context, wanted: Presence) -> Sequence[Reply]:
    _refuse_arguments(ctx)
    state = await ctx.services.presences.set(ctx.caller, wanted)
    draft = ctx.draft()
    match state.confirmation:
        case Confirmation.PENDING:
            draft.add(M.PRESENCE_PENDING)
        case Confirmation.UNKNOWN:
            draft.add(M.PRESENCE_UNKNOWN)
        case Confirmation.CONFIRMED:
            add_presence(draft, state)
            if state.presence is not wanted:
                draft.add(M.PRESENCE_DIFFERS, command=ctx.command.name)
            elif state.before is wanted:
                draft.add(M.PRESENCE_ALREADY)
    return [draft.reply()]


def _refuse_arguments(ctx: Context) -> None:
    """Refuse rather than ignore: `/dnd 1h` must not quietly last for ever."""
    if ctx.command.args:
        raise UsageError(M.USAGE_NO_ARGUMENT, command=ctx.command.name)
