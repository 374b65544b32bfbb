"""Group commit: one transaction for all writes that are due, and whoever waits learns its own fate.

While one transaction is being committed the next writes gather; the busier it gets, the more share
a commit.
"""

import asyncio
import contextlib
import logging
import sqlite3
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.errors import InDoubtError, StorageError
from bot.storage.connections import Connections, Work
from bot.storage.engine import is_away

logger = logging.getLogger(__name__)

T = TypeVar("T")


_AGAIN_AFTER = 1.0
"""Seconds after which what nobody waits for is tried again; earlier if there is more to write."""


@dataclass(frozen=True, slots=True)
class _Item:
    """Statements, and who waits for them.

    Attributes:
        kept: Nobody would do them again, so they stay due until the store can write.
    """

    work: Work[Any]
    done: asyncio.Future[Any]
    kept: bool = False


class GroupCommit:
    """Runs writes on the one connection that does all of this process's writing."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._due: list[_Item] = []
        self._kept: list[_Item] = []
        self._last: asyncio.Future[Any] | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run(), name="group commit")

    async def stop(self) -> None:
        """Write what is due, then end."""
        # Commits keep their order, so when this one is through, all before it are.
        await asyncio.gather(self._submit(lambda _: None), return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def write(self, work: Work[T]) -> T:
        """Run statements in the next transaction; durable on return.

        Raises:
            StorageError: They or the commit failed; nothing of them was kept.
            InDoubtError: Nobody heard how the commit ended, so all of them may be kept.
        """
        return await asyncio.shield(self._submit(work))

    def write_later(self, work: Work[None]) -> None:
        """Run statements in the next transaction without waiting for it.

        While the store cannot write they stay due, before everything that comes later. What is bad
        itself is logged and lost.
        """
        self._submit(work, kept=True).add_done_callback(_look_at)

    async def settle(self) -> None:
        """Wait until everything that was submitted before now is committed, or could not be."""
        # Commits keep their order, so when the last one is through, all before it are.
        if self._last is not None and not self._last.done():
            await asyncio.wait({self._last})

    def _submit(self, work: Work[T], *, kept: bool = False) -> "asyncio.Future[T]":
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._due.append(_Item(work, done, kept))
        self._last = done
        self._wake.set()
        return done

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_AFTER if self._kept else None):
                    await self._wake.wait()
            self._wake.clear()
            batch, self._kept, self._due = [*self._kept, *self._due], [], []
            if batch:
                await self._commit(batch)

    async def _commit(self, batch: list[_Item]) -> None:
        """All at once; if one of them is bad, each alone, so that it fails only itself."""
        try:
            results = await self._connections.commit([item.work for item in batch])
        except Exception as error:
            if _is_of_the_store(error):
                # No use in asking for each.
                _fail(batch, in_doubt=isinstance(error, InDoubtError))
                self._kept += (item for item in batch if item.kept)
                return
            if len(batch) == 1:
                logger.exception("a write failed")
                _fail(batch)
                return
            for item in batch:
                await self._commit([item])
        else:
            for item, result in zip(batch, results, strict=True):
                if not item.done.done():
                    item.done.set_result(result)


def _is_of_the_store(error: Exception) -> bool:
    """Whether nothing can be written now: it is full, locked, or its server is away."""
    if isinstance(error, InDoubtError):
        return True
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    full_or_locked = isinstance(error, sa.exc.OperationalError | sqlite3.OperationalError)
    return full_or_locked or is_away(error)


def _fail(batch: list[_Item], *, in_doubt: bool = False) -> None:
    for item in batch:
        if not item.done.done():
            item.done.set_exception(
                InDoubtError("the store did not say whether it has written")
                if in_doubt
                else StorageError("the store cannot write")
            )


def _look_at(done: "asyncio.Future[Any]") -> None:
    """Nobody waits for this one, so nobody else would tell."""
    if not done.cancelled() and done.exception() is not None:
        logger.error("a write that nobody waits for could not be made")
