"""/invites and /agenda: what waits for an answer, and what is on."""

import re
from collections.abc import Sequence
from datetime import timedelta

from bot.commands import Context, Router, invitations_reply, nothing_read
from bot.domain.chat import Reply
from bot.errors import UsageError
from bot.texts import M, Page, agenda, read_days

router = Router()

_DAY = timedelta(days=1)
# `/agenda nov 24` is a day, so a page is marked as one.
_PAGE = re.compile(r"p([1-9]\d?)")


@router.command("invites", summary=M.HELP_INVITES, aliases=("приглашения",))
async def invites(ctx: Context) -> Sequence[Reply]:
    """List invitations without an answer, from all accounts."""
    _, page = _split(ctx.command.args)
    listing = await ctx.services.agenda.invitations(ctx.caller, ctx.texts.timezone)
    draft = ctx.draft()
    if ctx.command.preface is not None:
        draft.add(ctx.command.preface).blank()
    return [invitations_reply(ctx, listing, draft=draft, page=page)]


@router.command(
    "agenda", summary=M.HELP_AGENDA, arguments="tomorrow", aliases=("повестка", "расписание")
)
async def show_agenda(ctx: Context) -> Sequence[Reply]:
    """List what is on, on a day or in a week."""
    words, page = _split(ctx.command.args)
    now = ctx.services.clock.now()
    days = read_days(words or "today", ctx.texts.today(now))
    if days is None:
        raise UsageError(M.AGENDA_USAGE)
    listing = await ctx.services.agenda.days(
        ctx.caller, ctx.texts.timezone, days[0], days[1] + _DAY
    )
    if (failed := nothing_read(ctx, listing)) is not None:
        return [failed]
    # Other pages are of the same days, whenever they are turned.
    same_days = "..".join(dict.fromkeys(day.isoformat() for day in days))
    shown = Page(number=page, command=f"/agenda {same_days}")
    return [agenda(ctx.draft(), listing, days, now, shown)]


def _split(args: Sequence[str]) -> tuple[str, int]:
    """What stands before the number of a page, and that number; 1 if there is none."""
    *before, last = args or ("",)
    match = _PAGE.fullmatch(last)
    return (" ".join(args), 1) if match is None else (" ".join(before), int(match.group(1)))
