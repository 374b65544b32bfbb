"""A world for the product: the emulators in this process, the bot as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.sandbox.bitrix24 import Portal, oauth_app, portal_app, seed_company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import ANN, BORIS, PEOPLE, Colleague
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.model import SANDBOX_APPLICATION
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, BORIS_ACCOUNT
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import Message, TelegramEmulator, User, telegram_app
from bot.storage.engine import parse_url
from tests.fakes.limits import LIMITS
from tests.fakes.ports import free_port

CLIENT_ID, CLIENT_SECRET = "local.5f3a", "client-secret-of-the-portal-app"
TOKEN = "7001:sandbox-token-of-no-real-bot"
REPO = Path(__file__).parent.parent.parent


@dataclass(slots=True, kw_only=True)
class World:
    """Everything around the bot, and the bot's process.

    Attributes:
        clock: The vendors' time; the bot's too, if it is `clocked`.
    """

    clock: SandboxClock
    portal: Portal
    portal_url: str
    cronofy: Cronofy
    tg: TelegramEmulator
    tg_url: str
    users: Mapping[int, User]
    folder: Path
    environment: dict[str, str]
    several: bool
    clocked: bool
    process: asyncio.subprocess.Process | None = None

    @property
    def database(self) -> Path:
        return self.folder / "bot.db"

    def user(self, who: Colleague) -> User:
        return self.users[who.user_id]

    def messages(self, who: Colleague = ANN) -> list[Message]:
        """What the bot wrote to somebody in private."""
        return self.tg.messages(who.user_id)

    async def heard(self, text: str, who: Colleague = ANN, *, count: int = 1) -> list[Message]:
        """Wait until somebody has so many messages with that text in them."""

        def enough() -> list[Message]:
            found = [message for message in self.messages(who) if text in message.plain]
            return found if len(found) >= count else []

        return await self.tg.wait_for(enough, timeout=20)

    async def start(self) -> None:
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._entry(),
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )

    async def stop(self) -> int:
        """Ask it to stop; its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """End it without a warning."""
        return await self._end(signal.SIGKILL)

    async def move_clock(self, by: timedelta) -> None:
        """Move the vendors' clock, and the bot's if it runs by it."""
        self.clock.advance(by)
        if not self.clocked or self.process is None:
            return
        # Whoever asks for a second time has taken notice of the first answer.
        enough = self.clock.told + 2
        async with asyncio.timeout(20):
            while True:
                if self.clock.told >= enough:
                    return
                await asyncio.sleep(0.02)

    async def move_clock_to(self, moment: datetime) -> None:
        """The same, to a moment."""
        await self.move_clock(moment - self.clock.now())

    async def rows(self, query: str, expected: list[tuple[object, ...]]) -> None:
        """Wait until the bot's database answers a query like that."""
        async with asyncio.timeout(20):
            while True:
                if await self.ask(query) == expected:
                    return
                await asyncio.sleep(0.05)

    async def ask(self, query: str) -> list[tuple[object, ...]]:
        """What the bot's database answers."""
        engine = create_async_engine(parse_url(self.environment["DATABASE_URL"]))
        try:
            async with engine.connect() as connection:
                return [tuple(row) for row in await connection.execute(sa.text(query))]
        finally:
            await engine.dispose()

    def logged(self) -> str:
        path = self.folder / "bot.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _entry(self) -> list[str]:
        if self.clocked:
            return ["tests.e2e.run_with_sandbox_clock", *(["several"] if self.several else [])]
        return ["tests.e2e.several_people"] if self.several else ["bot", "run"]

    async def _end(self, number: int) -> int:
        process = self.process
        assert process is not None
        self.process = None
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(30):
            return await process.wait()


def _applications(portal: Portal, portal_url: str, token_url: str) -> dict[str, str]:
    """Settings for sign-in by button, in place of the owner's keys."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    portal.add_application(
        CLIENT_ID, CLIENT_SECRET, f"{public_url}/oauth/bitrix24", {"calendar", "im"}, "RSVP bot"
    )
    return {
        "ALLOWED_USERS": "*",
        "BITRIX24_WEBHOOK_URL": "",
        "CRONOFY_ACCESS_TOKEN": "",
        "BITRIX24_PORTAL": portal_url,
        "BITRIX24_OAUTH_URL": token_url,
        "BITRIX24_CLIENT_ID": CLIENT_ID,
        "BITRIX24_CLIENT_SECRET": CLIENT_SECRET,
        "CRONOFY_CLIENT_ID": SANDBOX_APPLICATION.client_id,
        "CRONOFY_CLIENT_SECRET": SANDBOX_APPLICATION.secrets[0],
        "PUBLIC_URL": public_url,
        "HTTP_PORT": str(port),
    }


@asynccontextmanager
async def world(
    folder: Path,
    *,
    webhook: bool = False,
    several: bool = False,
    sign_in: bool = False,
    clocked: bool = False,
    at: datetime | None = None,
    **settings: str,
) -> AsyncIterator[World]:
    """Build a world; start the bot with `start`. All limiters of the bot stay in its path.

    `webhook` brings updates by webhook; `several` links everybody; with `sign_in` nobody has an
    account until they sign in. With `clocked` the bot goes by the vendors' clock, which can be
    moved; `at` is what it shows at first.
    """
    clock = SandboxClock()
    if at is not None:
        clock.advance(at - clock.now())
    portal = Portal(now=clock.now)
    seed_company(portal)
    cronofy = Cronofy(now=clock.now)
    seed_calendars(cronofy)
    tg = TelegramEmulator(token=TOKEN, now=clock.now)
    users = {
        person.user_id: tg.add_user(
            person.user_id, person.name, person.handle, language_code=person.language
        )
        for person in PEOPLE
    }
    async with AsyncExitStack() as stack:
        portal_server = await stack.enter_async_context(SandboxServer(portal_app(portal)))
        calendars = await stack.enter_async_context(SandboxServer(cronofy_app(cronofy)))
        tg_server = await stack.enter_async_context(SandboxServer(telegram_app(tg, clock)))
        tokens = await stack.enter_async_context(SandboxServer(oauth_app(portal)))
        accounts = {
            str(person.user_id): portal_server.url + portal.webhook_path(person.user_id)
            for person in PEOPLE
        }
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(REPO),
            "PYTHONUTF8": "1",
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": tg_server.url,
            "OWNER": f"telegram:{ANN.user_id}",
            "ALLOWED_USERS": "*" if several else "",
            "BITRIX24_WEBHOOK_URL": accounts[str(ANN.user_id)],
            "CRONOFY_ACCESS_TOKEN": ANN_ACCOUNT.personal_token,
            "CRONOFY_API_URL": calendars.url,
            "DATABASE_URL": f"sqlite:///{folder}/bot.db",
            "DEFAULT_TIMEZONE": "Europe/Berlin",
            "LOG_LEVEL": "DEBUG",
            **dict.fromkeys(LIMITS, "100000"),
            "PEOPLE_ACCOUNTS": json.dumps(accounts),
            "PEOPLE_CALENDARS": json.dumps(
                {
                    str(person.user_id): account.personal_token
                    for person, account in ((ANN, ANN_ACCOUNT), (BORIS, BORIS_ACCOUNT))
                }
            ),
            **settings,
        }
        if webhook:
            port = free_port()
            environment |= {
                "TELEGRAM_UPDATES": "webhook",
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
                "HTTP_PORT": str(port),
            }
        if sign_in:
            environment |= _applications(portal, portal_server.url, tokens.url)
            cronofy.quirks.auto_approve, portal.quirks.language = False, "en"
        here = World(
            clock=clock,
            portal=portal,
            portal_url=portal_server.url,
            cronofy=cronofy,
            tg=tg,
            tg_url=tg_server.url,
            users=users,
            folder=folder,
            environment=environment,
            several=several,
            clocked=clocked,
        )
        try:
            yield here
        finally:
            if here.process is not None:
                await here.kill()
