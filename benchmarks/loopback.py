"""Virtual time for a whole bot: with sockets on loopback and the threads of SQLite.

The clock is put forward only while nothing is on its way between two ends of this process and no
database is asked. What the processor takes takes next to no time.
"""

import asyncio
import selectors
import threading
from collections.abc import Coroutine
from queue import SimpleQueue
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")

_IN_TRANSIT = 0.001
"""Seconds of real time in which what was written to a socket comes out at its other end."""
_TURN = 1e-6
"""Seconds that a turn of the loop takes: some wait by turns for less than a clock can show."""
_LOOK_AGAIN = 0.01
"""Seconds of real time; a thread that is done wakes the loop by itself, one that ends does not."""


class _Asked(SimpleQueue[Any]):
    """What a thread is asked for; it is done with one thing when it comes for the next."""

    def __init__(self) -> None:
        super().__init__()
        self._put = self._taken = self._done = 0
        self._thread: threading.Thread | None = None

    def put_nowait(self, item: Any) -> None:
        self._put += 1
        super().put_nowait(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002
        self._thread = threading.current_thread()
        self._done = self._taken
        item = super().get(block, timeout)
        self._taken += 1
        return item

    @property
    def busy(self) -> bool:
        """Whether somebody still waits for something."""
        over = self._thread is not None and not self._thread.is_alive()
        return self._put > self._done and not over


class _Threads:
    """Those of the databases, each with what it is asked for."""

    def __init__(self) -> None:
        self._queues: list[_Asked] = []

    def open(self) -> _Asked:
        """Where another one will be asked."""
        queue = _Asked()
        self._queues.append(queue)
        return queue

    @property
    def busy(self) -> bool:
        """Whether any of them is at work."""
        return any(queue.busy for queue in self._queues)


class _Patient(selectors.DefaultSelector):
    """Waits for what is under way, and never for a time."""

    def __init__(self, threads: _Threads) -> None:
        super().__init__()
        self._threads = threads
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed += _TURN
        if timeout is not None and timeout <= 0:
            return super().select(0)
        while True:
            # In this order: whoever is done has woken the loop before.
            busy = self._threads.busy
            ready = super().select(_LOOK_AGAIN if busy else _IN_TRANSIT)
            if ready or not busy:
                break
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for somebody else")
            self.passed += timeout
        return ready


class _LoopbackLoop(asyncio.SelectorEventLoop):
    """A loop whose time starts at nought and passes only while nobody has anything to do."""

    def __init__(self, threads: _Threads) -> None:
        self._patient = _Patient(threads)
        super().__init__(self._patient)

    def time(self) -> float:
        """Seconds that have passed."""
        return self._patient.passed


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run it in such a loop. Not within another loop of the same thread."""
    threads = _Threads()
    with (
        mock.patch("aiosqlite.core.SimpleQueue", threads.open),
        mock.patch("bot.storage.worker.SimpleQueue", threads.open),
        asyncio.Runner(loop_factory=lambda: _LoopbackLoop(threads)) as runner,
    ):
        return runner.run(main)
