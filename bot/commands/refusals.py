"""Why nothing came of a command about an event, in words."""

from dataclasses import replace

from markupsafe import Markup

from bot.commands.context import Context
from bot.domain.chat import Reply
from bot.domain.participation import EventRef
from bot.errors import BotError, EventNotFoundError, NotInvitedError, UserError
from bot.texts import M, shown


async def signed(ctx: Context, reply: Reply, ref: EventRef) -> Reply:
    """Whoever has several accounts at a provider is told which one it was."""
    accounts = [
        one for one in await ctx.services.linking.of(ctx.caller) if one.provider is ref.provider
    ]
    if len(accounts) < 2:  # noqa: PLR2004 - several
        return reply
    used = next((one for one in accounts if one.account_id == ref.account_id), accounts[0])
    line = ctx.texts.say(M.HELD_AS, **shown(ctx.texts, used))
    return replace(reply, text=reply.text + Markup("\n") + line, said=(*reply.said, M.HELD_AS))


async def refused(ctx: Context, ref: EventRef, error: BotError) -> Reply:
    """Why nothing came of it. A card keeps its buttons unless its event itself is the reason."""
    if ctx.command.pressed and isinstance(error, EventNotFoundError):
        error = EventNotFoundError(M.CARD_GONE, id=ref.name)
    if ctx.command.pressed and isinstance(error, NotInvitedError):
        error = NotInvitedError(M.CARD_NOT_MINE, **error.values)
    reply = ctx.explain(ctx.draft(), error, ref.provider).reply(
        replaces_card=isinstance(error, UserError)
    )
    return await signed(ctx, reply, ref)
