"""Time that passes only while nobody has anything to do, so that a day takes seconds.

An event loop that never sleeps: where another one would wait for its next timer, this one puts its
clock forward to it. Everything of asyncio works in it unchanged.
"""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from bot.ports import Clock

T = TypeVar("T")


class _Impatient(selectors.BaseSelector):
    """Asks for what has happened, and never waits for what has not."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.passed = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for somebody else")
            self.passed += max(0.0, timeout)
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time starts at nought. No threads, and nothing from the outside."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        """Seconds that have passed."""
        return self._impatient.passed


class VirtualClock:
    """The time of a virtual loop, as the bot knows time.

    Args:
        loop: Whose time it is.
        start: The moment at which it began.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)

    async def until(self, moment: datetime) -> None:
        """Sleep until then; not at all if that is over."""
        await self.sleep(max(0.0, (moment - self.now()).total_seconds()))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run it in a virtual loop of its own. Not within another loop of the same thread."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


if TYPE_CHECKING:
    _conforms: type[Clock] = VirtualClock
