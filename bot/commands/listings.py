"""Lists as replies: what more than one command shows."""

from datetime import timedelta

from bot.commands.context import Context
from bot.domain.chat import Reply
from bot.domain.listing import Listing
from bot.services.agenda import DAYS_AHEAD
from bot.texts import Draft, Page, invitations


def invitations_reply(
    ctx: Context, listing: Listing, *, draft: Draft | None = None, page: int = 1
) -> Reply:
    """What waits for an answer, after whatever the draft says; or why that cannot be told."""
    failed = nothing_read(ctx, listing)
    if failed is not None:
        return failed
    now = ctx.services.clock.now()
    last_day = ctx.texts.today(now) + timedelta(days=DAYS_AHEAD - 1)
    shown = Page(number=page, command="/invites")
    return invitations(draft or ctx.draft(), listing, last_day, now, shown)


def nothing_read(ctx: Context, listing: Listing) -> Reply | None:
    """Why there is no list at all; None if any source could be read."""
    if len(listing.failures) < len(listing.sources):
        return None
    draft = ctx.draft()
    for failure in listing.failures:
        ctx.explain(draft, failure.error, failure.account.provider)
    return draft.reply()
