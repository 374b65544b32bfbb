"""How statements reach PostgreSQL. Imported only where it is used: it brings half of SQLAlchemy."""

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import InDoubtError
from bot.storage.connections import Work
from bot.storage.engine import is_away
from bot.storage.revisions import CURRENT, revision_of

LONGEST_PAUSE = 10.0
"""Seconds that a process may leave a transaction alone before it is ended."""
_MIGRATING = 0x6D696772
"""Names the lock of whoever brings a database up to date."""
_READING = "AUTOCOMMIT"


async def open_pool(url: sa.URL) -> AsyncEngine:
    """Open the database, made or brought up to date if need be.

    Raises whatever SQLAlchemy and the driver raise, and UpgradeError.
    """
    # What a process that hangs in the middle of a transaction has locked, others need.
    idle = str(int(LONGEST_PAUSE * 1000))
    engine = create_async_engine(
        url,
        # Else a statement that fails would be told with all that people wrote.
        hide_parameters=True,
        connect_args={"server_settings": {"idle_in_transaction_session_timeout": idle}},
    )
    try:
        await _migrate(engine)
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def _migrate(engine: AsyncEngine) -> None:
    async with _reading(engine).connect() as connection:
        if await connection.run_sync(revision_of) == CURRENT:
            return
    from bot.storage.upgrading import upgrade  # noqa: PLC0415 - few starts need it

    async with engine.begin() as connection:
        # Another replica may be at it; whoever comes second finds nothing left to do.
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        await connection.run_sync(upgrade)


def _reading(engine: AsyncEngine) -> AsyncEngine:
    """The same database for reads: without a transaction they hold up no writer."""
    return engine.execution_options(isolation_level=_READING)


class PooledConnections:
    """PostgreSQL: readers come from a pool, the writer is one of them that is kept."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.process = 0
        self._engine = engine
        self._reading = _reading(engine)
        self._connection: AsyncConnection | None = None
        self._connecting = asyncio.Lock()

    async def commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        """See `Connections.commit`."""
        connection = await self._connect()
        committing = False
        try:
            async with connection.begin():
                results = await connection.run_sync(lambda sync: [work(sync) for work in works])
                committing = True
        except Exception as error:
            if committing and (connection.invalidated or is_away(error)):
                raise InDoubtError(type(error).__name__) from None
            raise
        else:
            return results
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
