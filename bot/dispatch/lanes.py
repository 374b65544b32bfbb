"""Order per person, people in parallel."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable

from bot.ports import Claims

logger = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]


class Lanes:
    """Runs the jobs of one key one after another, those of different keys side by side.

    A job that raises is logged and does not stop its lane. Where others may have jobs of the same
    key, in other processes, the key is claimed for as long as there are any.
    """

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._claiming: set[asyncio.Task[None]] = set()
        self._waiting: dict[Hashable, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, key: Hashable, job: Job) -> None:
        """Queue a job behind all earlier ones of this key."""
        lane = self._waiting.get(key)
        if lane is not None:
            lane.append(job)
            return
        lane = self._waiting[key] = deque([job])
        task = asyncio.create_task(self._run(key, lane), name=f"lane {len(self._tasks)}")
        self._tasks.add(task)
        self._claiming.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, grace: float | None = None) -> bool:
        """Wait until nothing is left to do; whether that came true within `grace` seconds."""
        try:
            async with asyncio.timeout(grace):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            return False
        return True

    async def stop(self, grace: float) -> None:
        """Start no further jobs, give those in hand `grace` seconds, then cancel them."""
        for lane in self._waiting.values():
            lane.clear()
        for task in self._claiming:
            task.cancel()
        await self.drain(grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, key: Hashable, lane: deque[Job]) -> None:
        task = asyncio.current_task()
        try:
            async with self._claims.hold(key):
                self._claiming.discard(task)
                await self._run_all(lane)
                self._end(key, lane)
        finally:
            self._claiming.discard(task)
            self._end(key, lane)

    @staticmethod
    async def _run_all(lane: deque[Job]) -> None:
        while lane:
            job = lane.popleft()
            try:
                await job()
            except Exception:
                logger.exception("a job failed")

    def _end(self, key: Hashable, lane: deque[Job]) -> None:
        """What is put from here on begins a lane of its own."""
        if self._waiting.get(key) is lane:
            del self._waiting[key]
