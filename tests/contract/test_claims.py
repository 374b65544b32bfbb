"""What claims of several processes do: those in memory, and those on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.ports import Claims
from bot.storage.alone import Alone
from bot.storage.engine import parse_url
from bot.storage.session import Session
from tests.contract.stores import database_address
from tests.fakes.claims import MemoryClaims


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """Two processes, the first of which can die."""

    one: Claims
    other: Claims
    die: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "postgresql"])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Two]:
    if request.param == "memory":
        table: dict[str, MemoryClaims] = {}
        one, other = MemoryClaims(table), MemoryClaims(table)
        yield Two(one=one, other=other, die=one.die)
        return
    async with (
        database_address("postgresql", request, tmp_path) as url,
        AsyncExitStack() as stack,
    ):
        sessions = [
            Session(parse_url(url), several=True, changed=lambda *_: None) for _ in range(2)
        ]
        for session in sessions:
            await session.start()
            stack.push_async_callback(session.stop)
        yield Two(one=sessions[0], other=sessions[1], die=sessions[0].stop)


async def test_what_one_holds_another_waits_for(two: Two) -> None:
    order: list[str] = []

    async def later() -> None:
        async with two.other.hold("telegram:7"):
            order.append("other")

    async with two.one.hold("telegram:7"):
        waiting = asyncio.create_task(later())
        async with two.other.hold("telegram:8"), two.other.attempt("telegram:7") as mine:
            order.append("one")
    await waiting

    assert not mine
    assert order == ["one", "other"]


async def test_what_was_let_go_can_be_had_by_anybody(two: Two) -> None:
    for _ in range(3):
        for claims in (two.one, two.other):
            async with claims.hold("telegram:7"):
                pass
            # Letting go waits for nothing, so it may take a moment to be seen.
            async with asyncio.timeout(10):
                while True:
                    async with two.other.attempt("telegram:7") as mine:
                        if mine:
                            break
                    await asyncio.sleep(0)


async def test_things_are_known_by_their_names(two: Two) -> None:
    async with two.one.attempt(7) as first, two.other.attempt("7") as second:
        assert (first, second) == (True, False)


async def test_what_a_dead_one_had_is_free(two: Two) -> None:
    async with AsyncExitStack() as had:
        for number in range(200):
            await had.enter_async_context(two.one.hold(f"telegram:{number}"))
        async with two.other.attempt("telegram:100") as before:
            pass
        await two.die()
        async with asyncio.timeout(10):
            for number in range(200):
                async with two.other.hold(f"telegram:{number}"):
                    pass

    assert not before


async def test_who_gives_up_waiting_does_not_get_it_later(two: Two) -> None:
    async def wait() -> None:
        async with two.other.hold("telegram:7"):
            raise AssertionError

    async with two.one.hold("telegram:7"):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(10), two.one.hold("telegram:7"):
        pass

    assert waiting.cancelled()


async def test_who_is_alone_has_everything() -> None:
    claims = Alone()

    async with claims.hold("telegram:7"), claims.attempt("telegram:7") as mine:
        assert mine
    assert claims.alone
