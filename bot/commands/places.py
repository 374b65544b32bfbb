"""Commands that belong in a group, wherever their buttons are pressed."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.context import Context
from bot.domain.chat import Reply, Typed
from bot.errors import UsageError
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


def check_place(ctx: Context, only_groups: M) -> None:
    """Refuse a command that belongs in a group and comes from elsewhere.

    Raises:
        UsageError: This is no group.
    """
    if not ctx.message.conversation.is_group:
        raise UsageError(only_groups)
