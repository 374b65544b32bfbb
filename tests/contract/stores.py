"""Stores for the suites of `Store`: the one in memory, and the one on each database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.ports import Store
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.store import SqlStore
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import postgres_database
from tests.fakes.store import MemoryStore

DATABASES = ("sqlite", "postgresql")
STORES = ("memory", *DATABASES)


@asynccontextmanager
async def database_address(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    """A new and empty database, as DATABASE_URL takes it."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as url:
        yield url


@asynccontextmanager
async def store_on(url: str, clock: FakeClock, look_every: float = 3600.0) -> AsyncIterator[Store]:
    """A store on a database, as one process has it.

    What another one writes it notices after `look_every` seconds: not while a test runs, unless
    that is asked for.
    """
    async with database_on(url, look_every) as database:
        yield SqlStore(database, clock)


@asynccontextmanager
async def database_on(url: str, look_every: float = 3600.0) -> AsyncIterator[Database]:
    """A database, as one process has it; see `store_on`."""
    database = Database(await open_engine(parse_url(url)), look_every=look_every)
    database.start()
    try:
        yield database
    finally:
        await database.stop()


@asynccontextmanager
async def opened_store(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    """One of `STORES`."""
    if kind == "memory":
        yield MemoryStore(clock)
        return
    async with (
        database_address(kind, request, tmp_path) as url,
        store_on(url, clock) as store,
    ):
        yield store
