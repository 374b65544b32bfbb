"""`rsvp-bot doctor` beside a running bot: which ports are the bot's own, and which are not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.app.clock import SystemClock
from bot.app.database import open_storage
from bot.settings import Settings
from bot.storage.keys import new_key
from bot.texts import M
from bot.web.operations import HealthPages
from bot.web.server import WebServer
from bot.web.vitals import Vitals
from tests.contract.stores import database_address
from tests.fakes.ports import free_port
from tests.integration.doctors_office import Office, Row, doctors_office

KEY = new_key()
PORTS = (M.DOCTOR_NAME_PORT, M.DOCTOR_NAME_OPERATIONS_PORT)
OURS: Row = ("✓", (M.DOCTOR_PORT_OURS,), None)
TAKEN: Row = ("✗", (M.DOCTOR_PORT_TAKEN,), M.DOCTOR_PORT_TAKEN_ADVICE)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with (
        doctors_office(tmp_path) as opened,
        database_address(request.param, request, tmp_path) as url,
    ):
        opened.settings = {**opened.settings, "database_url": url, "secret_keys": KEY}
        yield opened


async def _well() -> Vitals:
    return Vitals(missing=[], crashes=0, backlog=0, oldest=0.0)


@asynccontextmanager
async def _our_pages(host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The port of a server that shows what a bot shows."""
    async with WebServer((), host=host, port=0, pages=[HealthPages(_well)]) as server:
        yield str(server.port)


@asynccontextmanager
async def _running(office: Office) -> AsyncIterator[None]:
    """The database as a running bot has it."""
    url = office.settings["database_url"]
    async with open_storage(url, SystemClock(), secret_keys=[KEY]):
        yield


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104
async def test_the_ports_of_a_running_bot_are_no_finding(office: Office, host: str) -> None:
    async with _running(office), _our_pages(host) as port, _our_pages(host) as operations:
        found = await office.examine(
            http_host=host, http_port=port, operations_host=host, operations_port=operations
        )

    assert [found.row(name) for name in PORTS] == [OURS, OURS]
    assert M.DOCTOR_DATABASE_IN_USE in found.row(M.DOCTOR_NAME_DATABASE)[1]
    assert found.code == 0


async def test_the_pages_of_a_bot_that_has_another_database_are_another_programs(
    office: Office,
) -> None:
    async with _our_pages() as port:
        found = await office.examine(http_port=port)

    assert found.row(M.DOCTOR_NAME_PORT) == TAKEN
    assert M.DOCTOR_DATABASE_IN_USE not in found.row(M.DOCTOR_NAME_DATABASE)[1]
    assert found.code == 1


async def _show_other_page(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _show_the_same_words(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _say_what_is_no_page(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


@asynccontextmanager
async def _foreign_program(kind: str) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        if kind in ("other page", "same words"):
            app = web.Application()
            page = _show_other_page if kind == "other page" else _show_the_same_words
            app.router.add_get("/healthz", page)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield str(runner.addresses[0][1])
            return
        speak = _say_nothing if kind == "silent" else _say_what_is_no_page
        server = await stack.enter_async_context(await asyncio.start_server(speak, "127.0.0.1", 0))
        yield str(server.sockets[0].getsockname()[1])


@pytest.mark.parametrize("kind", ["other page", "same words", "silent", "no page"])
async def test_a_port_that_a_foreign_program_has_is_told_beside_a_running_bot_too(
    office: Office, kind: str
) -> None:
    async with _running(office), _foreign_program(kind) as port:
        found = await office.examine(operations_port=port)

    assert found.row(M.DOCTOR_NAME_OPERATIONS_PORT) == TAKEN
    assert "change OPERATIONS_PORT." in found.printed()
    assert found.code == 1


async def test_where_the_server_cannot_be_asked_the_page_tells(tmp_path: Path) -> None:
    url = f"postgresql://bot:s3cr3t@127.0.0.1:{free_port()}/bot"
    async with doctors_office(tmp_path) as office, _our_pages() as port:
        found = await office.examine(database_url=url, secret_keys=KEY, http_port=port)

    assert found.row(M.DOCTOR_NAME_PORT) == OURS
    assert found.row(M.DOCTOR_NAME_DATABASE)[1] == (M.DOCTOR_DATABASE_UNOPENABLE,)
    assert "s3cr3t" not in found.printed()
