"""/dnd, /away, /online and /presence."""

from collections.abc import Sequence
from datetime import datetime

from bot.commands import Context, Router
from bot.domain.chat import Button, Reply
from bot.domain.claims import Source
from bot.domain.ledger import Ledger
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence
from bot.errors import TELLABLE, UsageError
from bot.services.keeping import Done
from bot.texts import (
    Draft,
    M,
    add_held,
    add_later,
    add_reasons,
    end_buttons,
    presence_buttons,
)
from handlers.presence.lasting import how_long

router = Router()

_END = "end"
_END_ARGS = 2
_OFF = frozenset({"off", "stop", "выкл", "стоп"})


@router.command(
    "dnd",
    summary=M.HELP_DND,
    arguments="1h",
    changes=True,
    aliases=("не_беспокоить", "небеспокоить"),
)
async def dnd(ctx: Context) -> Sequence[Reply]:
    """Ask not to be disturbed, for a time or until changed."""
    return [await _set(ctx, Presence.DND)]


@router.command(
    "away",
    summary=M.HELP_AWAY,
    arguments="1h",
    changes=True,
    aliases=("отсутствую", "нет_на_месте"),
)
async def away(ctx: Context) -> Sequence[Reply]:
    """Be away, likewise."""
    return [await _set(ctx, Presence.AWAY)]


@router.command("online", summary=M.HELP_ONLINE, changes=True, aliases=("онлайн", "на_связи"))
async def online(ctx: Context) -> Sequence[Reply]:
    """End what is on and be available; for a time, whatever the calendar says meanwhile."""
    if ctx.command.args:
        return [await _set(ctx, Presence.ONLINE)]
    return [await _end_all(ctx)]


@router.command("presence", summary=M.HELP_PRESENCE, aliases=("присутствие",))
async def presence(ctx: Context) -> Sequence[Reply]:
    """Show what is set, why and until when; `end` and a claim's id end that one."""
    pressed = ctx.command.pressed and len(ctx.command.args) == _END_ARGS
    if pressed and ctx.command.args[0] == _END:
        return [await _end_one(ctx, ctx.command.args[1])]
    if ctx.command.args:
        raise UsageError(M.USAGE_NO_ARGUMENT, command=ctx.command.name)
    return [_standing(ctx, ctx.draft(), await ctx.services.presences.show(ctx.caller))]


async def _end_all(ctx: Context) -> Reply:
    done = await ctx.services.presences.online(ctx.caller)
    return await _told(ctx, done, Presence.ONLINE)


async def _set(ctx: Context, wanted: Presence) -> Reply:
    if len(ctx.command.args) == 1 and ctx.command.args[0].casefold() in _OFF:
        return await _end_all(ctx)
    lasting = await how_long(ctx)
    if isinstance(lasting, Reply):
        return lasting
    done = await ctx.services.presences.set(ctx.caller, wanted, lasting)
    return await _told(ctx, done, wanted, lasting.ends_at)


async def _told(
    ctx: Context, done: Done, wanted: Presence, ends_at: datetime | None = None
) -> Reply:
    """What is held now, and whether that is what was asked for."""
    draft, state, now = ctx.draft(), done.state, ctx.services.clock.now()
    match state.confirmation:
        case Confirmation.PENDING:
            return draft.add(M.PRESENCE_PENDING).reply()
        case Confirmation.UNKNOWN:
            return draft.add(M.PRESENCE_UNKNOWN).reply()
        case Confirmation.CONFIRMED:
            pass
    claim = done.ledger.claim(f"hand-{ctx.caller.entry_id}")
    if claim is not None and claim.starts_at > now and not claim.live(now):
        return add_later(draft, claim, now).reply(presence_buttons(ctx.texts, done.ledger, now))
    add_held(draft, done.ledger, state, now)
    if state.presence is not wanted:
        over = ends_at is not None and ends_at <= now
        why = M.PRESENCE_OVER_NOW if over else M.PRESENCE_DIFFERS
        return draft.add(why, command=ctx.command.line.removeprefix("/")).reply()
    if claim is not None and claim.title:
        draft.add(M.PRESENCE_BY_EVENT, title=ctx.texts.named(claim.title))
    if state.before is wanted and _end(done.ledger, now) == _end(done.earlier, now):
        draft.add(M.PRESENCE_ALREADY)
    await _warn_once(ctx, draft, done)
    return draft.reply(_ends(ctx, draft, done))


def _end(ledger: Ledger, now: datetime) -> datetime | None:
    claim = ledger.deciding(now)
    return None if claim is None else claim.ends_at


def _ends(ctx: Context, draft: Draft, done: Done) -> list[list[Button]]:
    """How to end it: by a button, or by itself if no end is set yet."""
    now = ctx.services.clock.now()
    claim = done.ledger.deciding(now)
    if claim is None or claim.presence is Presence.ONLINE:
        return []
    if claim.open_ended:
        draft.add(M.PRESENCE_NO_END)
        return end_buttons(ctx.texts, claim.presence.value)
    return [[Button(label=str(ctx.texts.say(M.BUTTON_ONLINE_NOW)), command_line="/online")]]


async def _warn_once(ctx: Context, draft: Draft, done: Done) -> None:
    """Say once, and not with every command, that nobody gets to see it."""
    if not done.state.shown and not done.ledger.warned:
        draft.add(M.PRESENCE_NOT_SHOWN)
        try:
            await ctx.services.presences.warned(ctx.caller)
        except TELLABLE:
            # It is said once more next time; what was asked for is done.
            return


def _standing(ctx: Context, draft: Draft, done: Done) -> Reply:
    """All that is known of somebody's presence."""
    now = ctx.services.clock.now()
    add_held(draft, done.ledger, done.state, now)
    add_reasons(draft, done.ledger, done.state, now)
    if not done.state.shown:
        draft.add(M.PRESENCE_NOT_SHOWN)
    return draft.reply(presence_buttons(ctx.texts, done.ledger, now))


async def _end_one(ctx: Context, claim_id: str) -> Reply:
    """End one claim, on or still to come; the line of a button, which nobody types."""
    presences = ctx.services.presences
    claim = await presences.claim(ctx.caller, claim_id)
    if claim is None:
        done = await presences.show(ctx.caller)
        return _standing(ctx, ctx.draft().add(M.PRESENCE_ENDED_BEFORE), done)
    done = await presences.end(ctx.caller, claim)
    draft = ctx.draft()
    if claim.source is Source.MEETING:
        draft.add(M.PRESENCE_SKIPPED, title=ctx.texts.named(claim.title))
    else:
        draft.add(M.PRESENCE_CANCELLED)
    return _standing(ctx, draft, done)
