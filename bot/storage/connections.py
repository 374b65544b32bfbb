"""How statements reach a database: threads for SQLite; for PostgreSQL see `bot.storage.pool`."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from bot.storage.worker import Worker

T = TypeVar("T")

Work = Callable[[sa.Connection], T]
"""Statements of one caller. It may be run a second time, so it must have no other effects."""


class Connections(Protocol):
    """One connection that does all of this process's writing, and others that read beside it.

    Raises whatever SQLAlchemy and the driver raise, and from `commit` InDoubtError.

    Attributes:
        process: The process of a PostgreSQL server that does this writing; 0 if there is none.
    """

    process: int

    async def commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        """Run these in one transaction; what each returned. If one raises, nothing is kept."""
        ...

    async def read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """Read rows, waiting for no writer."""
        ...

    async def foreign_version(self) -> int | None:
        """A number that changes when another process has written; None where there is none."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class ThreadedConnections:
    """SQLite: a thread that writes and one that reads.

    A transaction costs one change of threads, however many statements it has; a driver that
    changes threads for each of them costs several times what SQLite does.
    """

    process = 0

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer, self._reader = Worker("sqlite writer"), Worker("sqlite reader")
        # Each belongs to its thread and is touched nowhere else.
        self._written: sa.Connection | None = None
        self._read: sa.Connection | None = None

    async def commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        """See `Connections.commit`."""
        return await self._writer.do(lambda: self._commit(works))

    async def read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """See `Connections.read`."""
        return await self._reader.do(lambda: self._rows(query))

    async def foreign_version(self) -> int | None:
        """See `Connections.foreign_version`.

        Only the connection that does all of our own writing can tell: to any other one our own
        writes are foreign. https://www.sqlite.org/pragma.html#pragma_data_version
        """
        return await self._writer.do(self._version)

    async def close(self) -> None:
        """See `Connections.close`."""
        await self._writer.do(lambda: _close(self._written))
        await self._reader.do(lambda: _close(self._read))
        self._written = self._read = None
        await self._writer.stop()
        await self._reader.stop()
        self._engine.dispose()

    def _commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        connection = self._connect()
        try:
            with connection.begin():
                return [work(connection) for work in works]
        except BaseException:
            # Nobody knows in what state it is: SQLite may have ended its transaction by itself, or
            # not have ended it.
            self._written = None
            connection.invalidate()
            connection.close()
            raise

    def _connect(self) -> sa.Connection:
        if self._written is None:
            self._written = self._engine.connect()
        return self._written

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        if self._read is None:
            self._read = self._reading.connect()
        try:
            return self._read.execute(query).all()
        except sa.exc.DBAPIError:
            # Whatever it is, the next one starts afresh.
            self._read.close()
            self._read = None
            raise

    def _version(self) -> int:
        driver: Any = self._connect().connection.driver_connection
        # Past SQLAlchemy, which would begin a transaction and so wait for other writers.
        [version] = driver.execute("PRAGMA data_version").fetchone()
        return int(version)


def _close(connection: sa.Connection | None) -> None:
    if connection is not None:
        connection.close()
