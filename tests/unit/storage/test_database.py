"""What is cached of the database, and what happens when another process writes to it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.chat import Identity, Platform
from bot.domain.inbox import Person
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.copying import BUSY_TIMEOUT
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.handles import SqlHandles
from bot.storage.people import SqlPeople
from bot.storage.statements import executing
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import postgres_database

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
PERSON = Person(identity=ANN, language="en", timezone="UTC", chosen=True)


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as found:
        yield found


async def _open(url: str) -> Database:
    database = Database(await open_engine(parse_url(url)), look_every=0.01)
    database.start()
    return database


async def test_what_another_process_changes_is_noticed(url: str) -> None:
    ours, theirs = await _open(url), await _open(url)
    people = SqlPeople(ours)
    await people.save_person(PERSON)
    await people.find_person(ANN)

    update = sa.update(tables.people).values(language="ru")
    await theirs.write(lambda connection: connection.execute(update).rowcount)

    async with asyncio.timeout(5):
        while True:
            found = await people.find_person(ANN)
            if found is not None and found.language == "ru":
                break
            await asyncio.sleep(0.01)
    assert found == replace(PERSON, language="ru")
    await ours.stop()
    await theirs.stop()


async def test_our_own_writes_forget_nothing(tmp_path: Path) -> None:
    database = await _open(f"sqlite:///{tmp_path}/bot.db")
    forgotten = 0

    def count() -> None:
        nonlocal forgotten
        forgotten += 1

    people = SqlPeople(database)
    await asyncio.sleep(0.05)
    database.on_foreign_change(count)
    for language in ("en", "ru", "en"):
        await people.save_person(Person(identity=ANN, language=language, timezone="UTC"))
        await asyncio.sleep(0.02)
    await database.stop()

    assert forgotten == 0


async def test_of_more_values_than_there_is_room_for_the_oldest_go(tmp_path: Path) -> None:
    database = Database(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    cache: Cache[str, str] = Cache(database, most=2)
    asked: list[str] = []

    async def read(key: str) -> str:
        asked.append(key)
        return key

    database.start()
    found = [await cache.get(key, read) for key in ("a", "b", "c", "c", "b", "a")]
    await database.stop()

    assert found == ["a", "b", "c", "c", "b", "a"]
    assert asked == ["a", "b", "c", "a"]


async def test_what_is_written_later_is_read_once_it_is_asked_for(url: str) -> None:
    database = await _open(url)
    row = {"platform": "telegram", "language": "en", "timezone": "UTC", "name": ""}
    counts = []
    for number in range(20):
        insert = sa.insert(tables.people).values(user_id=str(number), **row)
        database.write_later(executing(insert))
        rows = await database.read_settled(sa.select(tables.people.c.user_id))
        counts.append(len(rows))
    await database.stop()

    assert counts == list(range(1, 21))


async def test_a_lost_write_keeps_nobody_from_reading(url: str) -> None:
    database = await _open(url)
    database.write_later(executing(sa.insert(tables.people).values(platform="telegram")))

    async with asyncio.timeout(5):
        rows = await database.read_settled(sa.select(tables.people))
    await database.stop()

    assert list(rows) == []


async def test_numbers_that_are_known_are_read_while_somebody_else_writes(tmp_path: Path) -> None:
    database = await _open(f"sqlite:///{tmp_path}/bot.db")
    handles = SqlHandles(database, FakeClock())
    ref = EventRef(provider=Provider.CRONOFY, event_id="evt_1")
    await handles.number_events(ANN, [ref])
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        # Less than a writer would wait for the other one.
        async with asyncio.timeout(BUSY_TIMEOUT - 1):
            numbers = [await handles.number_events(ANN, [ref]) for _ in range(3)]
        another.execute("ROLLBACK")
    await database.stop()

    assert numbers == [[1], [1], [1]]


async def test_a_value_read_before_a_change_does_not_outlive_it(tmp_path: Path) -> None:
    database = Database(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    cache: Cache[str, str] = Cache(database)
    reads = 0

    async def read(_key: str) -> str:
        nonlocal reads
        reads += 1
        if reads == 1:
            cache.clear()
        return f"read {reads}"

    database.start()
    found = [await cache.get("k", read) for _ in range(3)]
    await database.stop()

    assert found == ["read 1", "read 2", "read 2"]
