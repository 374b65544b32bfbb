"""The sandbox's clock: all emulators go by it, and it can be moved from outside."""

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import TelegramEmulator, telegram_app

HOUR = timedelta(hours=1)


def emulator(clock: SandboxClock) -> TelegramEmulator:
    return TelegramEmulator(token="700100:made-up-token-of-the-sandbox", now=clock.now)


async def test_it_is_moved_ahead_and_set_back_and_tells_how_far() -> None:
    clock = SandboxClock()
    tg = emulator(clock)
    async with (
        SandboxServer(telegram_app(tg, clock)) as server,
        aiohttp.ClientSession() as http,
    ):
        told = []
        url = f"{server.url}/_sandbox/clock"
        async with http.get(url) as response:
            told.append(await response.json())
        for seconds in (7200, -10800.5):
            async with http.post(url, json={"advance": seconds}) as response:
                told.append(await response.json())
        async with http.get(url) as response:
            told.append(await response.json())
        ahead = tg.now() - datetime.now(UTC)

    assert told == [{"ahead": seconds} for seconds in (0, 7200, -3600.5, -3600.5)]
    assert abs(ahead + HOUR) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "wish", [{}, {"advance": "soon"}, {"advance": None}, {"advance": 1e12}, {"advance": 1e300}, []]
)
async def test_what_is_no_number_of_seconds_moves_nothing(wish: object) -> None:
    clock = SandboxClock()
    clock.advance(HOUR)
    async with (
        SandboxServer(telegram_app(emulator(clock), clock)) as server,
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/_sandbox/clock", json=wish) as response,
    ):
        answer = await response.json()

    assert (response.status, answer["ok"]) == (400, False)
    assert clock.ahead == HOUR


async def test_an_emulator_without_one_has_no_such_address() -> None:
    clock = SandboxClock()
    async with (
        SandboxServer(telegram_app(emulator(clock))) as server,
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}/_sandbox/clock") as response,
    ):
        assert response.status == 404
