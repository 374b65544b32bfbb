"""Work that is due at moments which a database knows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.errors import StorageError
from bot.ports import Clock

logger = logging.getLogger(__name__)

_SHORTEST_PAUSE = 0.1


class DueLoop:
    """Looks whenever something is due, when it is woken, and now and then in any case.

    Args:
        name: What is looked for, for the log.
        check_due: Does all that is due.
        next_due: When the next is due; None if nothing is.
        clock: Time.
        at_least_every: Seconds. When it is noticed that a clock was set.
    """

    def __init__(
        self,
        name: str,
        check_due: Callable[[], Awaitable[None]],
        next_due: Callable[[], Awaitable[datetime | None]],
        clock: Clock,
        *,
        at_least_every: float = 30.0,
    ) -> None:
        self._name = name
        self._longest_pause = at_least_every
        self._check_due = check_due
        self._next_due = next_due
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was stored; there may be something to look at."""
        self._woken.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._woken.clear()
            pause = self._longest_pause
            try:
                await self._check_due()
                next_at = await self._next_due()
                if next_at is not None:
                    pause = max(_SHORTEST_PAUSE, (next_at - self._clock.now()).total_seconds())
            except StorageError as error:
                logger.warning("%s wait: %s", self._name, error)
            try:
                async with asyncio.timeout(min(pause, self._longest_pause)):
                    await self._woken.wait()
            except TimeoutError:
                pass
