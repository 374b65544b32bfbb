"""PostgreSQL says nothing any more and no connection breaks: whoever waits is told in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.inbox import EntryState
from bot.errors import InDoubtError, StorageError
from bot.storage import pool, pruning, tables
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.statements import executing
from bot.storage.store import SqlStore
from tests.contract.stores import database_address
from tests.fakes.clock import FakeClock
from tests.fakes.proxy import Fate, Proxy, proxy_before
from tests.fakes.tls_front import tls_identity
from tests.integration.test_shared_inbox import delivery, message, process

ONE = sa.select(sa.literal(1).label("one"))
SOON = 10.0
"""Seconds; a lost connection that nobody looks after takes a quarter of an hour."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "ANSWER_WITHIN", 0.5)
    monkeypatch.setattr(pool, "CONNECT_WITHIN", 0.5)
    monkeypatch.setattr(pool, "PART_WITHIN", 0.1)


@pytest.fixture
async def straight(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with database_address("postgresql", request, tmp_path) as url:
        yield url


@pytest.fixture
async def line(straight: str) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxy_before(straight) as through:
        yield through


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(await open_engine(parse_url(url)), is_told=True)
    database.start()
    try:
        yield database
    finally:
        await database.stop()


async def _backends(database: Database) -> set[int]:
    """The server's processes that serve this one; the writer's first."""
    pid = sa.select(sa.func.pg_backend_pid().label("pid"))
    written = await database.write(lambda connection: int(connection.execute(pid).scalar_one()))
    [read] = await database.read(pid)
    return {written, read.pid}


async def test_whoever_writes_or_reads_is_told_and_it_goes_on_when_the_server_is_back(
    line: tuple[Proxy, str],
) -> None:
    proxy, url = line
    async with opened(url) as database:
        before = await _backends(database)
        proxy.go_silent()
        for _ in range(2):
            async with asyncio.timeout(SOON):
                with pytest.raises(StorageError):
                    await database.write(executing(ONE))
            async with asyncio.timeout(SOON):
                with pytest.raises(StorageError):
                    await database.read(ONE)
        proxy.come_back()
        async with asyncio.timeout(SOON):
            afterwards = await _backends(database)

    assert before.isdisjoint(afterwards)


async def test_one_of_many_readers_finds_out_for_all(line: tuple[Proxy, str]) -> None:
    proxy, url = line
    async with opened(url) as database:
        await asyncio.gather(*(database.read(ONE) for _ in range(5)))
        proxy.go_silent()
        with pytest.raises(StorageError):
            await database.read(ONE)
        proxy.come_back()

        found = await asyncio.gather(*(database.read(ONE) for _ in range(5)))

    assert [row.one for [row] in found] == [1] * 5


async def test_the_first_statement_that_is_not_answered_is_no_doubt(
    line: tuple[Proxy, str],
) -> None:
    proxy, url = line
    async with opened(url) as database:
        await database.write(executing(ONE))
        proxy.go_silent()
        async with asyncio.timeout(SOON):
            with pytest.raises(StorageError) as caught:
                await database.write(executing(ONE))

    assert not isinstance(caught.value, InDoubtError)


async def test_it_ends_in_time(line: tuple[Proxy, str]) -> None:
    proxy, url = line
    database = Database(await open_engine(parse_url(url)), is_told=True)
    database.start()
    await asyncio.gather(*(database.read(ONE) for _ in range(5)))
    await database.write(executing(ONE))
    proxy.go_silent()
    waiting = asyncio.gather(
        *(database.write(executing(ONE)) for _ in range(3)),
        *(database.read(ONE) for _ in range(3)),
        return_exceptions=True,
    )
    async with asyncio.timeout(SOON):
        await database.stop()
        told = await waiting

    assert [type(each) for each in told] == [StorageError] * 6


async def test_over_tls_it_ends_in_time_too(
    straight: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context, _ = tls_identity(tmp_path)
    async with proxy_before(straight, context) as (proxy, url):
        database = Database(await open_engine(parse_url(url)), is_told=True)
        database.start()
        await asyncio.gather(*(database.read(ONE) for _ in range(5)))
        proxy.go_silent()
        began = asyncio.get_running_loop().time()
        await database.stop()
        took = asyncio.get_running_loop().time() - began

    # Nothing is said goodbye to five times over.
    assert took < 3 * pool.ANSWER_WITHIN
    assert caplog.records == []


async def test_a_server_that_says_nothing_is_away_when_it_is_opened(
    line: tuple[Proxy, str],
) -> None:
    proxy, url = line
    proxy.go_silent()
    async with asyncio.timeout(SOON):
        with pytest.raises(StorageError, match="cannot be opened now"):
            await open_engine(parse_url(url))


async def test_more_readers_than_connections_lose_nothing_that_nobody_waits_for(
    line: tuple[Proxy, str], clock: FakeClock
) -> None:
    proxy, url = line
    async with opened(url) as database:
        store = SqlStore(database, clock)
        [entry] = await store.add([message(1)])
        proxy.go_silent()
        with pytest.raises(StorageError):
            await database.write(executing(ONE))
        reading = [asyncio.create_task(database.read(ONE)) for _ in range(60)]
        await asyncio.sleep(0)
        # The writer has no connection any more, and readers have them all.
        await store.close(entry)
        await asyncio.wait(reading)
        proxy.come_back()
        query = sa.select(tables.inbox).where(tables.inbox.c.state != EntryState.CLOSED.value)
        async with asyncio.timeout(SOON):
            while True:
                if not await database.read(query):
                    break
                await asyncio.sleep(0.01)

    assert [type(task.exception()) for task in reading] == [StorageError] * 60


async def test_a_commit_that_is_not_heard_of_in_time_is_in_doubt_and_settled_once(
    line: tuple[Proxy, str], clock: FakeClock
) -> None:
    proxy, url = line
    async with process(url, clock) as one:
        [entry] = await one.store.add([message(1)])
        proxy.lose_next(Fate.UNHEARD)
        async with asyncio.timeout(SOON):
            with pytest.raises(InDoubtError):
                await one.store.settle(entry, [delivery()], [])
        number = one.session.number
        proxy.come_back()
        async with asyncio.timeout(SOON):
            kept = await one.store.settle(entry, [delivery()], [])
        stored = await one.store.deliveries_of(entry)

    # Its session has not noticed anything yet.
    assert number
    assert (len(kept), stored) == (1, kept)


async def test_whoever_waits_for_another_process_to_bring_the_database_up_to_date_is_patient(
    straight: str,
) -> None:
    engine = create_async_engine(parse_url(straight))
    async with engine.connect() as other:
        await other.execute(sa.select(sa.func.pg_advisory_xact_lock(pool.MIGRATING)))
        opening = asyncio.create_task(open_engine(parse_url(straight)))
        await asyncio.wait({opening}, timeout=3 * pool.ANSWER_WITHIN)
        still_waiting = not opening.done()
        await other.rollback()
    await engine.dispose()
    async with asyncio.timeout(60):
        database = Database(await opening, is_told=True)
    database.start()
    await database.write(executing(ONE))
    await database.stop()

    assert still_waiting


async def test_a_statement_that_takes_too_long_is_cut_and_its_connection_not_used_again(
    straight: str,
) -> None:
    async with opened(straight) as database:
        before = await _backends(database)
        with pytest.raises(StorageError):
            await database.write(executing(sa.select(sa.func.pg_sleep(30))))
        with pytest.raises(StorageError):
            await database.read(sa.select(sa.func.pg_sleep(30)))
        afterwards = await _backends(database)
        sleeping = sa.text(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'active' AND pid <> pg_backend_pid()"
        ).columns(sa.column("pid"))
        async with asyncio.timeout(SOON):
            while True:
                if not await database.read(sa.select(sleeping.subquery())):
                    break
                await asyncio.sleep(0.01)

    assert before.isdisjoint(afterwards)


async def test_forgetting_what_is_old_may_take_longer_than_a_statement(
    straight: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    async with opened(straight) as database:
        store = SqlStore(database, clock)
        for entry in await store.add([message(number) for number in range(11)]):
            await store.close(entry)
        await database.write(
            lambda connection: [connection.execute(sa.text(each)) for each in _SLOW_TO_DELETE]
        )
        pruned = await store.prune(clock.now() + timedelta(seconds=1))

    assert pruned == 11


_SLOW_TO_DELETE = (
    """CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.1); RETURN OLD; END'""",
    "CREATE TRIGGER linger BEFORE DELETE ON inbox FOR EACH ROW EXECUTE FUNCTION linger()",
)
