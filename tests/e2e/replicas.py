"""Several processes of the product on one PostgreSQL database, behind a balancer."""

import asyncio
import itertools
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bot.sandbox.server import SandboxServer
from tests.e2e.world import World, world
from tests.fakes.ports import free_port
from tests.fakes.postgres import postgres_database

KEY = "CUm4S_1Z5RwB4lYkHCZ9M3pGvVLk2cGt7Y9oHhZxq6Q="
_DOUBLED = 0.2
_TOO_BUSY = 503


@dataclass(slots=True)
class Balancer:
    """Gives each delivery to the next process; what one does not take, another one gets.

    Now and then both get it, as when a balancer has not heard of an answer in time.
    """

    backends: Sequence[str]
    dice: random.Random
    turns: "itertools.count[int]" = field(default_factory=itertools.count)
    session: ClientSession | None = None
    taken: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        app.cleanup_ctx.append(self._connected)
        return app

    async def _connected(self, _app: web.Application) -> AsyncIterator[None]:
        async with ClientSession(timeout=ClientTimeout(total=2)) as self.session:
            yield

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        turn = next(self.turns)
        status = _TOO_BUSY
        took = 0
        for number in range(len(self.backends)):
            backend = self.backends[(turn + number) % len(self.backends)]
            status = await self._post(backend, request, body)
            if status == _TOO_BUSY:
                continue
            self.taken.append(backend)
            took += 1
            if took > 1 or self.dice.random() >= _DOUBLED:
                break
        return web.Response(status=200 if took else status)

    async def _post(self, backend: str, request: web.Request, body: bytes) -> int:
        assert self.session is not None
        headers = {
            name: value for name, value in request.headers.items() if name.startswith("X-Telegram")
        }
        try:
            async with self.session.post(
                backend + request.path, data=body, headers=headers
            ) as response:
                return response.status
        except (TimeoutError, ClientError):
            return _TOO_BUSY


@dataclass(slots=True)
class Replica:
    """One process."""

    w: World
    name: str
    port: int
    process: asyncio.subprocess.Process | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, **settings: str) -> None:
        environment = {**self.w.environment, "HTTP_PORT": str(self.port), **settings}
        self.starts += 1
        with (self.w.folder / f"{self.name}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.e2e.several_people",
                cwd=self.w.folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )

    async def end(self, number: signal.Signals) -> int:
        process = self.process
        assert process is not None
        self.process = None
        if process.returncode is None:
            process.send_signal(number)
        return await process.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def logged(self) -> str:
        path = self.w.folder / f"{self.name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@dataclass(slots=True)
class Company:
    """A world with its replicas."""

    w: World
    replicas: Sequence[Replica]
    balancer: Balancer

    async def ready(self) -> None:
        """Wait until every replica that runs says so."""
        async with asyncio.timeout(60):
            while True:
                running = [one for one in self.replicas if one.process is not None]
                if all(one.logged().count("ready as @") == one.starts for one in running):
                    return
                await asyncio.sleep(0.05)

    async def sent(self, count: int) -> None:
        """Wait until the bot has sent so many messages more."""
        enough = len(self.w.tg.called("sendMessage")) + count
        await self.w.tg.wait_for(lambda: len(self.w.tg.called("sendMessage")) >= enough, timeout=40)

    async def open_keys(self) -> set[str]:
        """Inbox rows that are not closed."""
        rows = await self.w.ask("SELECT key FROM inbox WHERE state <> 'closed'")
        return {str(key) for (key,) in rows}

    async def all_closed(self) -> None:
        async with asyncio.timeout(30):
            while True:
                if not await self.open_keys():
                    return
                await asyncio.sleep(0.05)


@asynccontextmanager
async def company(folder: Path, postgres: str, dice: random.Random) -> AsyncIterator[Company]:
    """Two replicas by webhook, not started yet."""
    ports = [free_port(), free_port()]
    balancer = Balancer([f"http://127.0.0.1:{port}" for port in ports], dice)
    async with (
        postgres_database(postgres) as url,
        SandboxServer(balancer.app()) as front,
        world(
            folder,
            several=True,
            DATABASE_URL=url,
            SECRET_KEYS=KEY,
            TELEGRAM_UPDATES="webhook",
            PUBLIC_URL=front.url,
        ) as w,
    ):
        replicas = [
            Replica(w, name, port) for name, port in zip(("one", "two"), ports, strict=True)
        ]
        try:
            yield Company(w, replicas, balancer)
        finally:
            for replica in replicas:
                if replica.process is not None:
                    await replica.end(signal.SIGKILL)
