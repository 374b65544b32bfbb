"""The database as its users in here see it: writes in groups, reads beside them, caches told."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from bot.errors import StorageError
from bot.storage.connections import Connections, ThreadedConnections, Work
from bot.storage.engine import is_away
from bot.storage.group_commit import GroupCommit

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_EVERY = 1.0
"""Seconds after which a change by another process is noticed."""


class Database:
    """One for the whole process.

    Caches may be kept of what is read: `on_foreign_change` tells them when to forget it.

    Args:
        engine: Opened.
        look_every: Seconds after which a change by another process is looked for.
        is_told: Nothing is looked for: whoever hears of changes calls `changed_elsewhere`.
    """

    def __init__(
        self,
        engine: "sa.Engine | AsyncEngine",
        *,
        look_every: float = LOOK_EVERY,
        is_told: bool = False,
    ) -> None:
        self._sole = isinstance(engine, sa.Engine)
        self._connections = connections_of(engine)
        self._commits = GroupCommit(self._connections)
        self._look_every = look_every
        self._is_told = is_told
        self._forget: list[tuple[str, Callable[[], None]]] = []
        self._watching: asyncio.Task[None] | None = None

    @property
    def sole(self) -> bool:
        """Whether this process alone handles messages on it: a SQLite file serves one at a time."""
        return self._sole

    def start(self) -> None:
        """Begin to work."""
        self._commits.start()
        if not self._is_told:
            self._watching = asyncio.create_task(self._watch(), name="foreign changes")

    async def stop(self) -> None:
        """Write what is due and close the database."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self._commits.stop()
        await self._connections.close()

    async def write(self, work: Work[T]) -> T:
        """Run statements in the next transaction; durable on return.

        Raises:
            StorageError: They or the commit failed; nothing of them was kept.
            InDoubtError: Nobody heard how the commit ended, so all of them may be kept.
        """
        return await self._commits.write(work)

    def write_later(self, work: Work[None]) -> None:
        """Run statements as soon as the store can write, without waiting for it."""
        self._commits.write_later(work)

    async def read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """Read rows, waiting for no writer.

        Raises:
            StorageError: They cannot be read.
        """
        try:
            return await self._connections.read(query)
        except Exception as error:
            if not isinstance(error, sa.exc.SQLAlchemyError) and not is_away(error):
                raise
            reason = type(error).__name__
        raise StorageError(f"the store cannot be read ({reason})")

    async def read_settled(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """Read rows with everything that was to be written before, by `write_later` too.

        Raises:
            StorageError: They cannot be read.
        """
        await self._commits.settle()
        return await self.read(query)

    def on_foreign_change(self, forget: Callable[[], None], table: str = "") -> None:
        """Have a cache forget when another process (`users remove`) may have written.

        Where it is known what was written, only to that table, if it names one.
        """
        self._forget.append((table, forget))

    def forget_cached(self) -> None:
        """Have every cache forget: something was written that they were not told of."""
        for _, forget in self._forget:
            forget()

    def changed_elsewhere(self, table: str, process: int) -> None:
        """Take note that a table was changed, or perhaps any if it is empty.

        Args:
            table: Which.
            process: The process of the database server that did it; our own writes are known.
        """
        if process and process == self._connections.process:
            return
        for of, forget in self._forget:
            if not table or of in ("", table):
                forget()

    async def _watch(self) -> None:
        known: int | None = None
        while True:
            await asyncio.sleep(self._look_every)
            try:
                version = await self._connections.foreign_version()
            except (sa.exc.SQLAlchemyError, sqlite3.Error):
                continue
            # PostgreSQL has no such number: there, what is cached is forgotten every time.
            if version is None or version != known:
                self.forget_cached()
            known = version


def connections_of(engine: "sa.Engine | AsyncEngine") -> Connections:
    """What fits a database."""
    if isinstance(engine, sa.Engine):
        return ThreadedConnections(engine)
    from bot.storage.pool import PooledConnections  # noqa: PLC0415 - most have SQLite

    return PooledConnections(engine)
