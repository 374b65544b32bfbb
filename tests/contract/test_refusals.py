"""Whom the operator has removed, as every store keeps it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.chat import Identity, Platform
from bot.ports import Store
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.store import SqlStore
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="1")
NAMESAKE = Identity(platform=Platform.CONSOLE, user_id="7")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            yield MemoryStore(clock)
        case "sqlite":
            async with _on(f"sqlite:///{tmp_path}/bot.db", clock) as sql:
                yield sql
        case _:
            server: str = request.getfixturevalue("postgres")
            async with postgres_database(server) as url, _on(url, clock) as sql:
                yield sql


@asynccontextmanager
async def _on(url: str, clock: FakeClock) -> AsyncIterator[Store]:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    yield SqlStore(database, clock)
    await database.stop()


async def test_somebody_refused_is_refused_until_admitted_and_nobody_else_is(store: Store) -> None:
    everybody = (ANN, BORIS, NAMESAKE)
    before = [await store.is_refused(one) for one in everybody]
    await store.refuse(ANN, START)
    await store.refuse(ANN, START + timedelta(days=1))
    refused = [await store.is_refused(one) for one in everybody]
    admitted = [await store.admit(ANN), await store.admit(ANN), await store.admit(BORIS)]
    after = [await store.is_refused(one) for one in everybody]

    assert before == after == [False, False, False]
    assert refused == [True, False, False]
    assert admitted == [True, False, False]


async def test_forgetting_somebody_does_not_admit_them(store: Store) -> None:
    await store.refuse(ANN, START)

    await store.forget(ANN)

    assert await store.is_refused(ANN)
