"""Work that is due at moments which a database knows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from bot.errors import StorageError
from bot.ports import Clock

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Hashable)

_WHILE_IN_WORK = 1.0
"""Seconds to wait where something is due and somebody is at it."""


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
                    ahead = (next_at - self._clock.now()).total_seconds()
                    pause = ahead if ahead > 0 else _WHILE_IN_WORK
            except StorageError as error:
                logger.warning("%s wait: %s", self._name, error)
            except Exception:
                logger.exception("%s could not be looked for", self._name)
            try:
                async with asyncio.timeout(min(pause, self._longest_pause)):
                    await self._woken.wait()
            except TimeoutError:
                pass


class Turns(Generic[T]):
    """Sees to several things side by side, those of one place a few at a time and in order.

    Places do not wait for each other, and what fails in one keeps up nothing else. What has failed
    may take long to fail again: it keeps up only its like from then on, until it goes well.

    Args:
        name: What is seen to, for the log.
        see_to: Does it; whether that went well.
        place_of: Where that is done.
        at_once: How many at one place.
    """

    def __init__(
        self,
        name: str,
        see_to: Callable[[T], Awaitable[bool]],
        place_of: Callable[[T], Awaitable[str]],
        *,
        at_once: int,
    ) -> None:
        self._name = name
        self._see_to = see_to
        self._place_of = place_of
        self._at_once = at_once
        self._in_work: dict[Hashable, asyncio.Task[None]] = {}
        self._failing: set[T] = set()
        self._lanes: dict[tuple[str, bool], asyncio.Semaphore] = {}

    def begin(self, due: Sequence[T]) -> None:
        """Begin with all of them; with what is in work already, not again."""
        for one in due:
            if one not in self._in_work:
                task = asyncio.create_task(self._in_turn(one), name=self._name)
                self._in_work[one] = task

    async def drain(self) -> None:
        """Wait until nothing is in work."""
        while self._in_work:
            await asyncio.gather(*self._in_work.values())

    async def stop(self) -> None:
        """Leave it as it is."""
        for task in self._in_work.values():
            task.cancel()
        await asyncio.gather(*self._in_work.values(), return_exceptions=True)

    async def _in_turn(self, one: T) -> None:
        try:
            await self._in_lane(one, await self._place_of(one))
        except StorageError as error:
            logger.warning("%s waits: %s", self._name, error)
        except Exception:
            logger.exception("%s could not be seen to", self._name)
        finally:
            del self._in_work[one]

    async def _in_lane(self, one: T, place: str) -> None:
        aside = one in self._failing
        # Fewer of those, for they use up what all share.
        at_once = max(1, self._at_once // 2) if aside else self._at_once
        lane = self._lanes.setdefault((place, aside), asyncio.Semaphore(at_once))
        async with lane:
            if await self._see_to(one):
                self._failing.discard(one)
            else:
                self._failing.add(one)
