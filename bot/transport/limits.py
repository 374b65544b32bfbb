"""Limits that we keep ourselves, before the vendor has to refuse.

A leaky bucket as Bitrix24 counts it: each hit is a drop, a full bucket takes no more, and it drains
steadily. https://apidocs.bitrix24.com/limits.html
"""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from bot.transport.messages import Timer

_SHORTEST_WAIT = 1e-6
_MANY = 1000
"""Hosts from which on those are forgotten that nobody asks."""
_KEPT = 5
"""One in so many places is kept for the most urgent."""
_URGENT = 1
"""Up to which priority those are: a person waits for them."""


class WouldExceedDeadline(Exception):  # noqa: N818 - an answer, not a fault
    """The turn would come too late; nothing was taken from the bucket.

    Attributes:
        retry_after: Seconds until it is worth trying again.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__("the wait for the limit would exceed the deadline")
        self.retry_after = retry_after


@dataclass(order=True, slots=True)
class _Waiter:
    priority: int
    number: int
    deadline: float | None = field(compare=False)
    turn: "asyncio.Future[None]" = field(compare=False)


class LeakyBucket:
    """Lets through a burst, then a steady rate.

    Who waits is let through by priority (smaller first), then by arrival. A fifth of the burst is
    kept for the priorities 0 and 1: whatever else goes on, some of those find room at once. The
    wait is known in advance: whoever's turn would come after their deadline is refused at once,
    also later, when somebody more urgent has pushed them back.

    Args:
        rate: Hits a second that drain.
        burst: Hits that fit.
        timer: Time.
        waited: Told how long a hit had to wait, if it had to.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        timer: Timer,
        waited: Callable[[float], None] | None = None,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._timer = timer
        self._waited = waited
        self._level = 0.0
        self._measured_at = timer.monotonic()
        self._held_until = self._measured_at
        self._waiting: list[_Waiter] = []
        self._numbers = count()
        self._opener: asyncio.Task[None] | None = None

    async def acquire(self, *, priority: int = 0, deadline: float | None = None) -> None:
        """Take a place.

        Raises:
            WouldExceedDeadline: The turn would come after the deadline.
        """
        ahead = self._ahead_of(priority)
        wait = self._wait_behind(ahead, priority)
        if not ahead and wait <= 0:
            self._level += 1
            return
        if deadline is not None and self._timer.monotonic() + wait > deadline:
            raise WouldExceedDeadline(wait)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(priority, next(self._numbers), deadline, turn)
        heapq.heappush(self._waiting, waiter)
        if self._opener is None or self._waiting[0] is waiter:
            self._open_anew()
        began = self._timer.monotonic()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The place was given in the very moment of the cancellation: give it back.
                self._level -= 1
            raise
        finally:
            if self._waited is not None:
                self._waited(self._timer.monotonic() - began)

    def wait_time(self, priority: int = 0) -> float:
        """Seconds until somebody of this priority who comes now would be let through."""
        return self._wait_behind(self._ahead_of(priority), priority)

    def hold(self, seconds: float) -> None:
        """Let nobody through for that long: the vendor said so, or refused."""
        self._held_until = max(self._held_until, self._timer.monotonic() + seconds)

    def fill(self) -> None:
        """Count as full: the vendor says that it is, so others take from it too."""
        self._level = max(self._current_level(), float(self._burst))

    @property
    def is_idle(self) -> bool:
        """Whether a new bucket would be just like it."""
        held = self._held_until > self._timer.monotonic()
        return not (self._waiting or held or self._current_level() > 0)

    def _current_level(self) -> float:
        now = self._timer.monotonic()
        self._level = max(0.0, self._level - (now - self._measured_at) * self._rate)
        self._measured_at = now
        return self._level

    def _ahead_of(self, priority: int) -> int:
        """How many would be let through before somebody of this priority who comes now."""
        return sum(
            waiter.priority <= priority and not waiter.turn.done() for waiter in self._waiting
        )

    def _wait_behind(self, ahead: int, priority: int) -> float:
        """Seconds until a hit with so many before it passes; the bucket drains during a hold."""
        kept = 0 if priority <= _URGENT else self._burst // _KEPT
        held = max(0.0, self._held_until - self._timer.monotonic())
        level = max(0.0, self._current_level() - held * self._rate)
        wait = held + max(0.0, (level + ahead + 1 + kept - self._burst) / self._rate)
        # A wait too short for the clock to show would be waited for for ever.
        return wait if wait > _SHORTEST_WAIT else 0.0

    def _open_anew(self) -> None:
        # Whoever is the first now may be let through sooner than who was.
        if self._opener is not None:
            self._opener.cancel()
        self._opener = asyncio.create_task(self._open(), name="limit")

    async def _open(self) -> None:
        """Let waiters through, one by one, until none is left."""
        try:
            while self._still_in_time():
                pause = self._wait_behind(0, self._waiting[0].priority)
                if pause > 0:
                    await self._timer.sleep(pause)
                    continue
                self._level += 1
                heapq.heappop(self._waiting).turn.set_result(None)
        finally:
            if self._opener is asyncio.current_task():
                self._opener = None

    def _still_in_time(self) -> list[_Waiter]:
        # Forget who gave up, refuse whose turn would come too late by now; who is left waits.
        now = self._timer.monotonic()
        kept: list[_Waiter] = []
        for waiter in sorted(self._waiting):
            if waiter.turn.done():
                continue
            wait = self._wait_behind(len(kept), waiter.priority)
            # The sum was made once before, at another moment: it may differ in its last digit.
            if waiter.deadline is not None and now + wait > waiter.deadline + _SHORTEST_WAIT:
                waiter.turn.set_exception(WouldExceedDeadline(wait))
            else:
                kept.append(waiter)
        self._waiting = kept
        return kept


class Limiters:
    """One bucket for each host, made when it is first asked for; see `LeakyBucket`."""

    def __init__(
        self,
        *,
        rate: float,
        burst: int,
        timer: Timer,
        waited: Callable[[float], None] | None = None,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._timer = timer
        self._waited = waited
        self._buckets: dict[str, LeakyBucket] = {}

    def of(self, host: str) -> LeakyBucket:
        """The bucket of a host."""
        bucket = self._buckets.get(host)
        if bucket is None:
            self._forget_idle()
            bucket = LeakyBucket(self._rate, self._burst, self._timer, self._waited)
            self._buckets[host] = bucket
        return bucket

    def _forget_idle(self) -> None:
        """Whoever may name a host can name many."""
        if len(self._buckets) >= _MANY:
            self._buckets = {
                host: bucket for host, bucket in self._buckets.items() if not bucket.is_idle
            }
