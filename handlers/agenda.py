"""/invites and /agenda: what waits for an answer, and what is on."""

import re
from collections.abc import Sequence
from datetime import timedelta

from bot.commands import Context, Router
from bot.domain.chat import Reply
from bot.domain.listing import Listing
from bot.errors import UsageError
from bot.services.agenda import DAYS_AHEAD
from bot.texts import M, Page, agenda, invitations, read_days

router = Router()

_DAY = timedelta(days=1)
# `/agenda nov 24` is a day, so a page is marked as one.
_PAGE = re.compile(r"p([1-9]\d?)")


@router.command("invites", summary=M.HELP_INVITES, aliases=("приглашения",))
async def invites(ctx: Context) -> Sequence[Reply]:
    """List invitations without an answer, from all accounts."""
    _, page = _split(ctx.command.args)
    listing = await ctx.services.agenda.invitations(ctx.caller, ctx.texts.timezone)
    if (failed := _all_failed(ctx, listing)) is not None:
        return [failed]
    now = ctx.services.clock.now()
    last_day = ctx.texts.today(now) + (DAYS_AHEAD - 1) * _DAY
    draft = ctx.draft()
    if ctx.command.preface is not None:
        draft.add(ctx.command.preface).blank()
    shown = Page(number=page, command="/invites")
    return [invitations(draft, listing, last_day, now, shown)]


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
    if (failed := _all_failed(ctx, listing)) is not None:
        return [failed]
    shown = Page(number=page, command=f"/agenda {words or days[0].isoformat()}")
    return [agenda(ctx.draft(), listing, days, now, shown)]


def _split(args: Sequence[str]) -> tuple[str, int]:
    """What stands before the number of a page, and that number; 1 if there is none."""
    *before, last = args or ("",)
    match = _PAGE.fullmatch(last)
    return (" ".join(args), 1) if match is None else (" ".join(before), int(match.group(1)))


def _all_failed(ctx: Context, listing: Listing) -> Reply | None:
    """Why there is no list at all; None if there is one."""
    if len(listing.failures) < len(listing.sources):
        return None
    draft = ctx.draft()
    for failure in listing.failures:
        ctx.explain(draft, failure.error, failure.account.provider)
    return draft.reply()
