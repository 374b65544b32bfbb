"""How statements reach a database: a thread for SQLite, a pool of connections for PostgreSQL."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.engine import open_sync, reading
from bot.storage.worker import Worker

T = TypeVar("T")

Work = Callable[[sa.Connection], T]
"""Statements of one caller. It may be run a second time, so it must have no other effects."""


class Connections(Protocol):
    """One connection that does all of this process's writing, and others that read beside it.

    Raises whatever SQLAlchemy and the driver raise.

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

    def __init__(self, engine: AsyncEngine) -> None:
        self._migrated = engine
        self._engine = open_sync(engine.url)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
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
        await self._migrated.dispose()

    def _commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        connection = self._connect()
        try:
            with connection.begin():
                return [work(connection) for work in works]
        finally:
            if connection.invalidated:
                self._written = None
                connection.close()

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


class PooledConnections:
    """PostgreSQL: readers come from a pool, the writer is one of them that is kept."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.process = 0
        self._engine = engine
        self._reading = reading(engine)
        self._connection: AsyncConnection | None = None
        self._connecting = asyncio.Lock()

    async def commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        """See `Connections.commit`."""
        connection = await self._connect()
        try:
            async with connection.begin():
                return await connection.run_sync(lambda sync: [work(sync) for work in works])
        finally:
            if connection.invalidated:
                await self._disconnect()

    async def read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """See `Connections.read`."""
        async with self._reading.connect() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
            return rows

    async def foreign_version(self) -> int | None:
        """See `Connections.foreign_version`: there is none."""
        return None

    async def close(self) -> None:
        """See `Connections.close`."""
        await self._disconnect()
        await self._engine.dispose()

    async def _connect(self) -> AsyncConnection:
        async with self._connecting:
            if self._connection is None:
                self._connection = await self._engine.connect()
                raw = await self._connection.get_raw_connection()
                driver: Any = raw.driver_connection
                self.process = int(driver.get_server_pid())
            return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def connections_of(engine: AsyncEngine) -> Connections:
    """What fits a database."""
    if engine.dialect.name == "sqlite":
        return ThreadedConnections(engine)
    return PooledConnections(engine)


def _close(connection: sa.Connection | None) -> None:
    if connection is not None:
        connection.close()
