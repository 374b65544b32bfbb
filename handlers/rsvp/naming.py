"""From what somebody wrote after a command to the events that are meant, or to a question."""

from collections.abc import Sequence
from datetime import timedelta

from bot.commands import Context, is_everything, read_names
from bot.domain.chat import Reply
from bot.domain.listing import Listing
from bot.domain.naming import ByName, ByTitle
from bot.domain.participation import EventRef
from bot.errors import UsageError
from bot.services.agenda import DAYS_AHEAD
from bot.services.event_names import HANDLE_LETTERS
from bot.services.resolver import Named, Unnamed, WhichOne
from bot.texts import M, Page, card, choices, invitations, on_one_line

EVENTS_AT_ONCE = 10
_WORD_LIMIT = 40


async def named(ctx: Context) -> Sequence[EventRef] | Reply:
    """The events that the command is about, or what to say instead.

    Raises:
        UserError: They are too many, or nothing of the kind can be seen.
        ProviderError, TransportError: It could not be looked for.
    """
    resolver = ctx.services.resolver
    parse_ref = ctx.services.answers.parse_ref
    names = read_names(ctx.command.args, parse_ref=parse_ref, letters=HANDLE_LETTERS)
    if isinstance(names, ByName) and len(names.names) > EVENTS_AT_ONCE:
        raise UsageError(M.USAGE_TOO_MANY_EVENTS, limit=EVENTS_AT_ONCE)
    if isinstance(names, ByTitle) and _is_bad_number(names.words):
        word = on_one_line(" ".join(names.words), _WORD_LIMIT)
        raise UsageError(M.USAGE_BAD_EVENT, word=word, command=ctx.command.name)
    if isinstance(names, ByTitle) and is_everything(names.words):
        raise UsageError(M.WHICH_ALL, command=ctx.command.name)
    if ctx.command.pressed:
        return await resolver.exactly(ctx.caller, names)
    meant = await resolver.resolve(ctx.caller, ctx.message, names, ctx.texts.timezone)
    match meant:
        case Named():
            return meant.refs
        case WhichOne():
            draft = ctx.draft().add(meant.question, **meant.values)
            return choices(draft, meant.events, ctx.command.name, ctx.services.clock.now())
        case Unnamed():
            return _waiting(ctx, meant.listing)


def _is_bad_number(words: Sequence[str]) -> bool:
    """Whether somebody meant a number that cannot be one: nothing is called so."""
    text = "".join(words)
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def _waiting(ctx: Context, listing: Listing) -> Reply:
    """Nothing was named: the one invitation that waits for an answer, or all of them."""
    now = ctx.services.clock.now()
    if len(listing.entries) == 1 and not listing.failures:
        return card(ctx.draft(), listing.entries[0].event, now)
    last_day = ctx.texts.today(now) + timedelta(days=DAYS_AHEAD - 1)
    page = Page(number=1, command="/invites")
    return invitations(ctx.draft(), listing, last_day, now, page)
