"""How statements reach PostgreSQL. Imported only where it is used: it brings half of SQLAlchemy."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import InDoubtError
from bot.storage.connections import Work
from bot.storage.engine import is_away
from bot.storage.revisions import CURRENT, revision_of

LONGEST_PAUSE = 10.0
"""Seconds that a process may leave a transaction alone before it is ended."""
ANSWER_WITHIN = LONGEST_PAUSE + 2.0
"""Seconds that a statement or a commit may take, with all that it waits for: what a process that
hangs has locked is free by then. Longer than that says nothing but a server that is away."""
CONNECT_WITHIN = 5.0
PART_WITHIN = 1.0
"""Seconds that a server has to say goodbye, for each connection one after another."""
MIGRATING = 0x6D696772
"""Names the lock of whoever brings a database up to date."""
_READING = "AUTOCOMMIT"


class _Connection(asyncpg.Connection):  # type: ignore[misc] # the driver has no types
    """Parts quickly: over TLS a server that is away is waited for as long as for a statement."""

    async def close(self, *, timeout: float | None = None) -> None:
        """Say goodbye; who does not answer is hung up on."""
        with contextlib.suppress(TimeoutError):
            await super().close(timeout=PART_WITHIN if timeout is None else timeout)


async def open_pool(url: sa.URL) -> AsyncEngine:
    """Open the database, made or brought up to date if need be.

    Raises whatever SQLAlchemy and the driver raise, and UpgradeError.
    """
    engine = _engine(url, ANSWER_WITHIN, pool_timeout=ANSWER_WITHIN)
    _give_up_all_when_one_is_late(engine)
    try:
        async with _reading(engine).connect() as connection:
            revision = await connection.run_sync(revision_of)
        if revision != CURRENT:
            await _migrate(url)
    except BaseException:
        await engine.dispose()
        raise
    return engine


def _engine(url: sa.URL, deadline: float | None, **options: Any) -> AsyncEngine:
    # What a process that hangs in the middle of a transaction has locked, others need.
    idle = str(int(LONGEST_PAUSE * 1000))
    return create_async_engine(
        url,
        # Else a statement that fails would be told with all that people wrote.
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_WITHIN,
            "command_timeout": deadline,
            "connection_class": _Connection,
            "server_settings": {"idle_in_transaction_session_timeout": idle},
        },
        **options,
    )


def _give_up_all_when_one_is_late(engine: AsyncEngine) -> None:
    """When something is not answered in time, use no connection again that was made before.

    SQLAlchemy itself gives up the one on which the driver's TimeoutError came. The idle ones most
    likely lead to the same server by the same way, and each would cost somebody the whole deadline.
    """

    @sa.event.listens_for(engine.sync_engine, "handle_error")
    def look_at(context: sa.ExceptionContext) -> None:
        if isinstance(context.original_exception, TimeoutError):
            context.invalidate_pool_on_disconnect = True


async def _migrate(url: sa.URL) -> None:
    from bot.storage.upgrading import upgrade  # noqa: PLC0415 - few starts need it

    # As long as it takes: a table may be large, and nothing else is done meanwhile.
    engine = _engine(url, None, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            # Another replica may be at it; whoever comes second finds nothing left to do.
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()


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
