"""One connection to PostgreSQL beside all others: it stands for this process.

Advisory locks and LISTEN belong to a connection, and end with it:
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

import asyncio
import contextlib
import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import ConfigError, StorageError
from bot.ports import Claims
from bot.storage.engine import is_away
from bot.storage.replicas import REPLICA

logger = logging.getLogger(__name__)

RECEIVING = 0x72657072
"""Names the lock of whoever receives: shared by webhook, alone by polling."""
CHANNEL = "rsvp_bot_changed"
"""Tables that were changed and are kept in caches are told of here, by triggers."""
SILENCE = 10.0
"""Seconds after which the server ends a session that says nothing: its process hangs, or its
machine is gone."""
_HEARTBEAT = 2.0
_POLL = 0.05
"""Seconds after which what another process had is asked for again."""
_ANSWER_WITHIN = 5.0
_RECONNECT_AFTER = 0.5
_HIGHEST = 2**31 - 1

_LET_GO = "SELECT pg_advisory_unlock(k) FROM unnest($1::bigint[]) k"
_TRY = "SELECT k, pg_try_advisory_lock(k) FROM unnest($1::bigint[]) k"
_BE_THERE = "SELECT pg_try_advisory_lock($1::int, $2::int)"
_RECEIVE_ALONE = "SELECT pg_try_advisory_lock($1::int, 0)"
_RECEIVE_WITH_OTHERS = "SELECT pg_try_advisory_lock_shared($1::int, 0)"

Changed = Callable[[str, int], None]
"""Told which table was changed, and by which server process; empty if anything may have been."""


class OthersReceiveError(ConfigError):
    """Another process receives messages, and they cannot both."""


@dataclass(frozen=True, slots=True)
class _Claim:
    key: int
    number: int


@dataclass(slots=True)
class _Wanted:
    key: int
    waits: bool
    """Until nobody else has it; otherwise one attempt is enough."""
    done: asyncio.Future[_Claim | None]


class Session:
    """The process as the database and its other users see it.

    Claims are session locks, taken for all who wait in one round trip. A lost connection takes
    them all along; it is made again under a new number, and what was stored under the earlier one
    is nobody's from then on.

    Args:
        url: Of the database; not through a pooler that shares connections between transactions.
        several: Others may receive beside this one.
        changed: Told when somebody may have changed what is cached.
    """

    alone = False

    def __init__(self, url: sa.URL, *, several: bool, changed: Changed) -> None:
        self._engine: AsyncEngine = create_async_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={
                "timeout": _ANSWER_WITHIN,
                "server_settings": {"idle_session_timeout": str(int(SILENCE * 1000))},
            },
        )
        self._several = several
        self._changed = changed
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._wanted: list[_Wanted] = []
        self._left: list[int] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.number = 0
        """This process; 0 while it is not known to be there."""

    async def start(self) -> None:
        """Be there.

        Raises:
            OthersReceiveError: Somebody else receives already.
            StorageError: The server went away, or has no connection left.
        """
        try:
            await self._connect()
        except Exception as error:
            if not _is_lost(error):
                raise
            reason = type(error).__name__
        else:
            self._task = asyncio.create_task(self._run(), name="session")
            return
        raise StorageError(f"the database cannot be opened now ({reason})")

    async def stop(self) -> None:
        """Be gone, and with it every claim."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._disconnect()
        await self._engine.dispose()

    @asynccontextmanager
    async def hold(self, what: object) -> AsyncIterator[None]:
        """See `Claims.hold`."""
        claim = await self._claim(what, waits=True)
        try:
            yield
        finally:
            self._let_go(claim)

    @asynccontextmanager
    async def attempt(self, what: object) -> AsyncIterator[bool]:
        """See `Claims.attempt`."""
        claim = await self._claim(what, waits=False)
        try:
            yield claim is not None
        finally:
            self._let_go(claim)

    async def _claim(self, what: object, *, waits: bool) -> _Claim | None:
        done: asyncio.Future[_Claim | None] = asyncio.get_running_loop().create_future()
        self._wanted.append(_Wanted(_key(what), waits, done))
        self._wake.set()
        try:
            return await done
        except asyncio.CancelledError:
            # It may have come at the very moment at which nobody wanted it any more.
            if done.done() and not done.cancelled():
                self._let_go(done.result())
            raise

    def _let_go(self, claim: _Claim | None) -> None:
        if claim is not None and claim.number == self.number:
            self._left.append(claim.key)
            self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                if self._driver is None:
                    await self._connect()
                await self._serve()
            except OthersReceiveError:
                logger.error("another rsvp-bot receives on this database; this one waits")  # noqa: TRY400
            except Exception as error:
                # Whoever hears nothing from this process takes up what it has in hand.
                if _is_lost(error):
                    logger.warning("the database session is lost: %s", type(error).__name__)
                else:
                    logger.exception("the database session failed")
            await self._disconnect()
            await asyncio.sleep(_RECONNECT_AFTER)

    async def _serve(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_POLL if self._wanted else _HEARTBEAT):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            async with asyncio.timeout(_ANSWER_WITHIN):
                await self._exchange()

    async def _exchange(self) -> None:
        left, self._left = self._left, []
        if left:
            await self._driver.fetch(_LET_GO, left)
        if self._wanted:
            await self._try()
        elif not left:
            await self._driver.fetch("SELECT 1")

    async def _try(self) -> None:
        # Those whose waiting is cancelled meanwhile stay in the list until they are answered.
        wanted = self._wanted = [one for one in self._wanted if not one.done.done()]
        asked = len(wanted)
        rows = await self._driver.fetch(_TRY, [one.key for one in wanted])
        late = self._wanted[asked:]
        self._wanted = []
        for one, (_, got) in zip(wanted[:asked], rows, strict=True):
            if got and one.done.done():
                self._left.append(one.key)
            elif one.done.done():
                continue
            elif got or not one.waits:
                one.done.set_result(_Claim(one.key, self.number) if got else None)
            else:
                self._wanted.append(one)
        self._wanted += late
        if late or self._left:
            self._wake.set()

    async def _connect(self) -> None:
        async with asyncio.timeout(_ANSWER_WITHIN):
            self._connection = await self._engine.connect()
            raw = await self._connection.get_raw_connection()
            # Past SQLAlchemy, which knows neither notifications nor the end of a connection.
            driver: Any = raw.driver_connection
            receive = _RECEIVE_WITH_OTHERS if self._several else _RECEIVE_ALONE
            if not await driver.fetchval(receive, RECEIVING):
                await self._disconnect()
                raise OthersReceiveError(
                    "DATABASE_URL: another rsvp-bot runs on this database; "
                    "where several do, each needs TELEGRAM_UPDATES=webhook"
                )
            number = 1 + secrets.randbelow(_HIGHEST)
            while not await driver.fetchval(_BE_THERE, REPLICA, number):
                number = 1 + secrets.randbelow(_HIGHEST)
            await driver.add_listener(CHANNEL, self._notified)
        driver.add_termination_listener(self._ended)
        self._driver, self.number = driver, number
        # Whatever happened before, nobody told this connection of it.
        self._changed("", 0)
        self._wake.set()

    async def _disconnect(self) -> None:
        self.number = 0
        self._left.clear()
        for one in self._wanted:
            if not one.waits and not one.done.done():
                one.done.set_result(None)
        driver, self._driver = self._driver, None
        connection, self._connection = self._connection, None
        if driver is not None:
            driver.remove_termination_listener(self._ended)
            driver.terminate()
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.invalidate()
            with contextlib.suppress(Exception):
                await connection.close()

    def _notified(self, _driver: object, process: int, _channel: str, table: object) -> None:
        self._changed(str(table), process)

    def _ended(self, _driver: object) -> None:
        self.number = 0
        self._wake.set()


def _is_lost(error: Exception) -> bool:
    return isinstance(error, sa.exc.SQLAlchemyError) or is_away(error)


def _key(what: object) -> int:
    """What a lock is called in the database; two that happen to share it wait for each other."""
    digest = hashlib.blake2b(str(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


if TYPE_CHECKING:
    _conforms: type[Claims] = Session
