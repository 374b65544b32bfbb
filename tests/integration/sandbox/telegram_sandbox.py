"""A running Telegram emulator with the two clients that its tests use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import telegram
from telegram.request import HTTPXRequest

from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import FloodLimits, TelegramEmulator, User, telegram_app
from tests.fakes.clock import FakeClock

TOKEN = "700100:made-up-token-of-the-sandbox"
ANN_ID = 7
BORIS_ID = 1


@dataclass(frozen=True, kw_only=True)
class Running:
    """The emulator, two people, python-telegram-bot, and plain HTTP."""

    tg: TelegramEmulator
    ann: User
    boris: User
    bot: telegram.Bot
    http: aiohttp.ClientSession
    url: str
    clock: FakeClock

    async def call(self, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        """Call a method with a JSON body; gives the HTTP status and the envelope."""
        async with self.http.post(f"{self.url}/bot{TOKEN}/{method}", json=params) as response:
            return response.status, await response.json()

    async def refused(self, method: str, **params: Any) -> tuple[int, str]:
        """Call a method that has to be refused; gives the code and the sentence."""
        status, answer = await self.call(method, **params)
        assert answer["ok"] is False, answer
        assert answer["error_code"] == status
        return status, answer["description"]

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """Fetch updates."""
        status, answer = await self.call("getUpdates", **params)
        assert status == 200, answer
        result: list[dict[str, Any]] = answer["result"]
        return result


@asynccontextmanager
async def running_telegram(*, flood: FloodLimits | None = None) -> AsyncIterator[Running]:
    """Ann has written to the bot already, Boris has not; no update is waiting."""
    clock = FakeClock()
    tg = TelegramEmulator(token=TOKEN, now=clock.now, sleep=clock.sleep, flood=flood)
    ann = tg.add_user(ANN_ID, "Ann", username="ann", language_code="en")
    boris = tg.add_user(BORIS_ID, "Борис", username="boris", language_code="ru")
    tg.says(ann, "/start")
    tg.queue.pending.clear()
    no_proxy = {"trust_env": False}
    async with (
        SandboxServer(telegram_app(tg)) as server,
        aiohttp.ClientSession() as http,
        telegram.Bot(
            TOKEN,
            base_url=f"{server.url}/bot",
            request=HTTPXRequest(httpx_kwargs=no_proxy),
            get_updates_request=HTTPXRequest(httpx_kwargs=no_proxy),
        ) as bot,
    ):
        yield Running(tg=tg, ann=ann, boris=boris, bot=bot, http=http, url=server.url, clock=clock)
