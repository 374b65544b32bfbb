"""From what somebody wrote after a command to the events that are meant, or to a question."""

from collections.abc import Sequence

from bot.commands.context import Context
from bot.commands.listings import invitations_reply
from bot.commands.naming import is_everything, read_names
from bot.domain.chat import Reply
from bot.domain.listing import Listing
from bot.domain.naming import ByName, ByTitle, Names
from bot.domain.participation import EventRef, Seen
from bot.errors import NotLinkedError, UsageError
from bot.services.event_names import HANDLE_LETTERS
from bot.services.resolver import Named, Unnamed, WhichOne
from bot.texts import M, card, choices, on_one_line

EVENTS_AT_ONCE = 10
_WORD_LIMIT = 40


async def named(ctx: Context) -> Sequence[Seen] | Reply:
    """The events that the command is about, or what to say instead.

    Raises:
        UserError: They are too many, or nothing of the kind can be seen.
        ProviderError, TransportError: It could not be looked for.
    """
    if ctx.command.about:
        return ctx.command.about
    begun = await ctx.services.answers.begun(ctx.caller)
    if begun:
        # What a killed process had understood is not understood anew.
        return [Seen(ref=ref) for ref in begun]
    names = _read(ctx)
    if names is None and (shown := await _on_card(ctx)) is not None:
        return [Seen(ref=shown)]
    if isinstance(names, ByName) and len(names.names) > EVENTS_AT_ONCE:
        raise UsageError(M.USAGE_TOO_MANY_EVENTS, limit=EVENTS_AT_ONCE)
    if isinstance(names, ByTitle) and _is_bad_number(names.words):
        word = on_one_line(" ".join(names.words), _WORD_LIMIT)
        raise UsageError(M.USAGE_BAD_EVENT, word=word, command=ctx.command.name)
    if isinstance(names, ByTitle) and is_everything(names.words):
        raise UsageError(M.WHICH_ALL, command=ctx.command.name)
    resolver = ctx.services.resolver
    meant = await resolver.resolve(ctx.caller, ctx.message, names, ctx.texts.timezone)
    match meant:
        case Named():
            return [Seen(ref=ref) for ref in meant.refs]
        case WhichOne():
            draft = ctx.draft().add(meant.question, **meant.values)
            return choices(draft, meant.events, ctx.command.name, ctx.services.clock.now())
        case Unnamed():
            return _waiting(ctx, meant.listing)


async def names_nothing(ctx: Context) -> bool:
    """Whether nothing was named, neither by a word nor by the message that is answered."""
    if ctx.command.about or _read(ctx) is not None:
        return False
    if await ctx.services.cards.answered_by(ctx.message) is not None:
        return False
    return await ctx.services.memory.card_replied_to(ctx.message) is None


async def _on_card(ctx: Context) -> EventRef | None:
    """The event of the group's card that the message answers, as its writer has it.

    Raises:
        NotLinkedError: They have no account where it is.
    """
    kept = await ctx.services.cards.answered_by(ctx.message)
    if kept is None:
        return None
    ref = await ctx.services.cards.own_ref(ctx.caller.identity, kept.card.meeting)
    if ref is None:
        raise NotLinkedError(M.TAP_NOT_LINKED)
    return ref


def _read(ctx: Context) -> Names:
    parse_ref = ctx.services.answers.parse_ref
    return read_names(ctx.command.args, parse_ref=parse_ref, letters=HANDLE_LETTERS)


def _is_bad_number(words: Sequence[str]) -> bool:
    """Whether somebody meant a number that cannot be one: nothing is called so."""
    text = "".join(words)
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def _waiting(ctx: Context, listing: Listing) -> Reply:
    """Nothing was named: the one invitation that waits for an answer, or all of them."""
    if len(listing.entries) == 1 and not listing.failures:
        return card(ctx.draft(), listing.entries[0].event, ctx.services.clock.now())
    return invitations_reply(ctx, listing)
