"""What the owner is told of and when, as every log of troubles keeps it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.providers import Provider
from bot.domain.troubles import TELL_EVERY, Topic, TroubleKind
from bot.ports import TroubleLog
from bot.services.troubles import ForgetfulLog
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.troubles import SqlTroubleLog
from tests.fakes.clock import START
from tests.fakes.postgres import postgres_database

PLAN = Topic(kind=TroubleKind.PLAN, provider=Provider.BITRIX24)
OTHER_PLAN = Topic(kind=TroubleKind.PLAN, provider=Provider.CRONOFY)
KEY = Topic(kind=TroubleKind.KEY)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TroubleLog]:
    match request.param:
        case "memory":
            yield ForgetfulLog()
        case "sqlite":
            async with _on(f"sqlite:///{tmp_path}/bot.db") as sql:
                yield sql
        case _:
            server: str = request.getfixturevalue("postgres")
            async with postgres_database(server) as url, _on(url) as sql:
                yield sql


@asynccontextmanager
async def _on(url: str) -> AsyncIterator[TroubleLog]:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    yield SqlTroubleLog(database)
    await database.stop()


async def test_it_is_told_once_a_day_and_once_that_it_is_over(log: TroubleLog) -> None:
    begun = [await log.failed(PLAN, "a", START + number * HOUR) for number in (0, 1, 23, 24, 25)]
    over = [await log.worked(PLAN, "a", START + number * HOUR) for number in (26, 27)]

    assert begun == [True, False, False, True, False]
    assert over == [True, False]


async def test_what_comes_and_goes_within_a_day_is_told_once(log: TroubleLog) -> None:
    told = []
    for number in range(3):
        told.append(await log.failed(KEY, "a", START + number * HOUR))
        told.append(await log.worked(KEY, "a", START + number * HOUR))

    assert told == [True, True, False, False, False, False]
    assert await log.failed(KEY, "a", START + TELL_EVERY)


async def test_it_is_over_when_the_last_of_them_works(log: TroubleLog) -> None:
    begun = [await log.failed(KEY, subject, START) for subject in ("a", "b")]
    in_trouble = set(await log.in_trouble())
    over = [await log.worked(KEY, subject, START + HOUR) for subject in ("a", "b")]

    assert begun == [True, False]
    assert in_trouble == {(KEY, "a"), (KEY, "b")}
    assert over == [False, True]
    assert set(await log.in_trouble()) == set()


async def test_nobody_waits_for_what_has_not_shown_for_a_day(log: TroubleLog) -> None:
    await log.failed(KEY, "gone", START)
    await log.failed(KEY, "here", START + 2 * HOUR)

    assert await log.worked(KEY, "here", START + TELL_EVERY)


async def test_topics_are_told_apart(log: TroubleLog) -> None:
    begun = [await log.failed(topic, "a", START) for topic in (PLAN, OTHER_PLAN, KEY)]

    assert begun == [True, True, True]
    assert await log.worked(PLAN, "a", START)
    assert set(await log.in_trouble()) == {(OTHER_PLAN, "a"), (KEY, "a")}


async def test_a_success_without_a_failure_is_no_news(log: TroubleLog) -> None:
    assert not await log.worked(PLAN, "a", START)


async def test_of_many_at_once_one_tells(log: TroubleLog) -> None:
    begun = await asyncio.gather(*(log.failed(PLAN, str(one), START) for one in range(10)))
    over = await asyncio.gather(*(log.worked(PLAN, str(one), START) for one in range(10)))

    assert begun.count(True) == over.count(True) == 1


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as found:
        yield found


async def test_it_is_remembered_by_the_next_process_and_known_to_the_one_beside(url: str) -> None:
    async with _on(url) as one, _on(url) as beside:
        told = await asyncio.gather(
            *(log.failed(topic, "a", START) for topic in (PLAN, KEY) for log in (one, beside))
        )
    async with _on(url) as later:
        again = await later.failed(PLAN, "a", START + HOUR)
        kept = set(await later.in_trouble())
        over = await later.worked(PLAN, "a", START + HOUR)

    assert told.count(True) == 2
    assert not again
    assert kept == {(PLAN, "a"), (KEY, "a")}
    assert over


async def test_two_processes_never_both_tell(url: str) -> None:
    told = []
    async with _on(url) as one, _on(url) as beside:
        for day in range(30):
            at = START + day * TELL_EVERY
            both = await asyncio.gather(*(log.failed(PLAN, "a", at) for log in (one, beside)))
            told.append(sorted(both))

    assert told == [[False, True]] * 30
