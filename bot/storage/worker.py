"""A thread for what blocks: it does one thing after another, and its loop goes on meanwhile."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Task:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


class Worker:
    """One thread; it begins with what it has to do first and ends with `stop`, or the process.

    Args:
        name: What the thread is called.
    """

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._begun = False

    def do(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Have something done; whoever gives up waiting does not keep it from being done."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._tasks.put_nowait(_Task(work, loop, done))
        if not self._begun:
            self._begun = True
            self._thread.start()
        return done

    async def stop(self) -> None:
        """Do what is left, then end."""
        last = self.do(lambda: None)
        self._tasks.put_nowait(None)
        await last
        # It has nothing left to do but to return.
        self._thread.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            result, error = None, None
            try:
                result = task.work()
            except BaseException as raised:  # noqa: BLE001 - it is raised where it is waited for
                error = raised
            # A loop that is closed waits for nothing any more.
            with contextlib.suppress(RuntimeError):
                task.loop.call_soon_threadsafe(_settle, task.done, result, error)


def _settle(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
