"""Whether the bot can do its work now, seen from inside."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.dispatch import Dispatcher
from bot.domain.chat import Platform
from bot.errors import StorageError
from bot.ports import Clock, Inbox
from bot.web.vitals import Look, Vitals

_PATIENCE = 3.0
"""Seconds in which the database has to answer."""
_KEPT = 1.0
"""Seconds for which an answer is given again: strangers may ask too, where the pages are public."""


class Health:
    """Takes a look when asked.

    Args:
        inbox: Asked for what is not done with.
        dispatcher: Asked how often it apologised.
        platform: Whose messages are awaited.
        receives: Whether they reach us.
        clock: Time.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        dispatcher: Dispatcher,
        platform: Platform,
        receives: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._dispatcher = dispatcher
        self._platform = platform
        self._receives = receives
        self._clock = clock
        self._stopping = False
        self._looking: asyncio.Task[Vitals] | None = None
        self._looked_at = 0.0

    def stop(self) -> None:
        """From now on the bot finishes what is in hand and takes in nothing new."""
        self._stopping = True
        self._looking = None

    async def look(self) -> Vitals:
        """See `Look`; at most one look a second, however many ask."""
        now = self._clock.monotonic()
        if self._looking is None or (self._looking.done() and now > self._looked_at + _KEPT):
            self._looking = asyncio.create_task(self._look(), name="health")
            self._looked_at = now
        return await asyncio.shield(self._looking)

    async def _look(self) -> Vitals:
        missing = ["stopping"] if self._stopping else []
        depth, oldest = None, 0.0
        try:
            async with asyncio.timeout(_PATIENCE):
                backlog = await self._inbox.backlog()
        except (StorageError, TimeoutError):
            missing.append("database")
        else:
            depth = backlog.depth
            if backlog.oldest_at is not None:
                oldest = max(0.0, (self._clock.now() - backlog.oldest_at).total_seconds())
        if not self._receives():
            missing.append(self._platform.value)
        return Vitals(
            missing=missing, crashes=self._dispatcher.crashes, backlog=depth, oldest=oldest
        )


if TYPE_CHECKING:

    def _conforms(health: Health) -> Look:
        return health.look
