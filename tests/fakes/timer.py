"""Time that a test moves on by hand, for what several tasks wait for at once."""

import asyncio
import heapq
from itertools import count

_SETTLE = 20
"""Turns of the loop in which whoever was woken does all that can be done without waiting."""


class HandTimer:
    """A `Timer` that stands still until `advance`; wakes sleepers in the order of their time."""

    def __init__(self) -> None:
        self._now = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), awake))
        await awake

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, with everything that happens meanwhile."""
        end = self._now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.wake_next()
            await self.settle()
        self._now = end
        await self.settle()

    async def sleep_through(self, seconds: float) -> None:
        """Let that much time pass in one leap, as when the machine was busy or asleep."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, awake = heapq.heappop(self._sleepers)
            if not awake.done():
                awake.set_result(None)
            await self.settle()

    def wake_next(self) -> None:
        """Move on to the next sleeper's time, without letting anybody run yet."""
        self._now, _, awake = heapq.heappop(self._sleepers)
        if not awake.done():
            awake.set_result(None)

    async def settle(self) -> None:
        """Let everybody run who can."""
        for _ in range(_SETTLE):
            await asyncio.sleep(0)
