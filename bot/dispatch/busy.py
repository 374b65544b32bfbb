"""Showing that somebody is at work, if it takes long enough to wonder."""

import asyncio
from collections.abc import Mapping

from bot.commands import Context
from bot.domain.chat import Platform
from bot.ports import ChatPlatform

_AFTER = 1.0
_EVERY = 4.0


class Busy:
    """From its making until `end`; not for a group's card.

    Many may press that at once, and each of them is told by a note of their own.
    """

    def __init__(self, platforms: Mapping[Platform, ChatPlatform], context: Context) -> None:
        self._platforms = platforms
        self._message = context.message
        self._timer: asyncio.TimerHandle | None = None
        if not context.command.card:
            self._show_in(_AFTER)

    def end(self) -> None:
        """The work is done."""
        if self._timer is not None:
            self._timer.cancel()

    def _show_in(self, seconds: float) -> None:
        # A timer and no task: nearly everything is done before.
        self._timer = asyncio.get_running_loop().call_later(seconds, self._show)

    def _show(self) -> None:
        self._platforms[self._message.sender.platform].working(self._message.conversation)
        self._show_in(_EVERY)
