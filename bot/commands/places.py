"""Commands that belong in a group, wherever their buttons are pressed."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.context import Context
from bot.domain.chat import Reply, Typed
from bot.errors import NotAllowedError, PlatformError, UsageError
from bot.texts import M


def for_the_group(ctx: Context, reply: Reply, suffix: Sequence[str] = ()) -> Reply:
    """What its buttons do is done where the command was given, wherever they are pressed."""
    typed = Typed.of(ctx.message)
    rows = [
        tuple(
            button
            if button.url
            else replace(button, command_line=" ".join((button.command_line, *suffix)), typed=typed)
            for button in row
        )
        for row in reply.buttons
    ]
    return replace(reply, buttons=tuple(rows))


async def check_place(ctx: Context, only_groups: M) -> None:
    """Refuse a command that belongs in a group and comes from elsewhere.

    A button of ours that is pressed in private brings the group that it is for; whoever presses it
    has to be there still.

    Raises:
        UsageError: This is no group.
        NotAllowedError: They have left it.
    """
    if not ctx.message.conversation.is_group:
        raise UsageError(only_groups)
    if ctx.command.typed is None or ctx.command.typed.place is None:
        return
    try:
        there = await ctx.services.groups.is_member(ctx.message.conversation, ctx.caller.identity)
    except PlatformError:
        there = False
    if not there:
        raise NotAllowedError(M.CARD_NOT_THERE)
