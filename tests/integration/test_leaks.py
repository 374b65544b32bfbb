"""No secret in any reply, log line, exception or repr, whatever goes wrong and wherever it points.

Secrets are made up here and recognised by their core, so that a shortened or quoted one counts too.
What the process writes to its log end to end is in tests/e2e/test_run.py, what settings and
transport say in their own tests.
"""

import asyncio
import gc
import json
import logging
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.clients.bitrix24 import im
from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.api import PortalAuth
from bot.clients.bitrix24.client import Bitrix24Client, Terms
from bot.clients.cronofy.api import CronofyAuth
from bot.clients.cronofy.client import CronofyClient, limit_of
from bot.clients.cronofy.client import Terms as CronofyTerms
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity
from bot.domain.providers import Provider
from bot.errors import BotError, StorageError
from bot.logs import set_up
from bot.platforms.telegram import TelegramOptions
from bot.ports import Priority
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, NEGOTIATION, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from bot.settings import Settings, load
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.memory import FixedAccounts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.limits import Limiters
from bot.transport.messages import HttpRequest, HttpResponse
from tests.e2e.commands import run
from tests.e2e.world import world
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import FakeClock

CODE = "s3cr3tc0de"
TOKEN = "s3cr3tt0ken"

ANYWHERE = [
    f"http://127.0.0.1:1/rest/7/{CODE}/",
    f"http://127.0.0.1:99999/rest/7/{CODE}/",
    f"http://127.0.0.1:{CODE}/rest/7/{CODE}/",
    f"http://[::1/rest/7/{CODE}/",
    f"http://[{CODE}]/rest/7/{CODE}/",
    f"http://user:{CODE}@127.0.0.1:1/rest/7/{CODE}/",
    f"http://127.0.0.1:1\\@127.0.0.2/rest/7/{CODE}/",
    f"http://127.0.0.1:1/rest/7/{CODE}/\x00\r\nHost: evil.example",
    f"https://10.0.0.1/rest/7/{CODE}/",
    f"ftp://127.0.0.1:1/rest/7/{CODE}/",
    f"//127.0.0.1:1/rest/7/{CODE}/",
    f"{CODE}",
    "",
]
NO_PORTALS = [
    *ANYWHERE,
    f"https://user:{CODE}@acme.bitrix24.com/rest/7/{CODE}/",
    f"https://acme.bitrix24.com\\@evil.example/rest/7/{CODE}/",
    f"https://acme .bitrix24.com/rest/7/{CODE}/",
    f"https://acme.bitrix24.com:{CODE}/rest/7/{CODE}/",
    f"https://münchen.example/rest/7/{CODE}/",
    f"http://acme.bitrix24.com/rest/7/{CODE}/",
]
"""Refused by name, so that nothing is even looked up."""
COMMANDS = [
    f"/accept {SPRINT_REVIEW}",
    f"/status {SPRINT_REVIEW}",
    "/dnd",
    "/presence",
    f"/decline {QUARTERLY}",
    f"/decline {NEGOTIATION}",
]


class Said(logging.Handler):
    """Every line that any logger would write, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def said() -> Iterator[Said]:
    root, handler = logging.getLogger(), Said()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def _leaks(words: list[str], secrets: tuple[str, ...]) -> list[str]:
    return [word for word in words if any(secret in word for secret in secrets)]


async def _say_everything(bot: Bot) -> list[str]:
    replies = [
        str(reply.text)
        for language in ("en", "ru")
        for command in COMMANDS
        for reply in await bot.say(command, language=language)
    ]
    bot.clock.advance(200)
    await bot.dispatcher.follow_ups.check_due()
    return replies + [repr(delivery) for _, delivery in bot.chat.posted]


@pytest.mark.parametrize("fault", list(Fault))
async def test_through_every_fault_nothing_secret_is_said(
    bot: Bot, said: Said, fault: Fault
) -> None:
    for faults in (bot.portal.faults, bot.cronofy.faults):
        faults.add(FaultRule(fault=fault, times=None))
    secrets = (bot.portal.webhook_path(ANN.user_id).split("/")[3], ANN_ACCOUNT.personal_token)
    assert all(len(secret) > 8 for secret in secrets)

    words = await _say_everything(bot)

    assert len(words) >= 2 * len(COMMANDS)
    assert said.lines != []
    assert _leaks(words + said.lines, secrets) == []


def _account(provider: Provider, address: str) -> FixedAccounts:
    account = Account(account_id="a", owner=identity_of(ANN), provider=provider)
    return FixedAccounts({account: Credentials(endpoint=address, access_token=TOKEN)})


@pytest.mark.parametrize(
    ("provider", "address"),
    [(Provider.BITRIX24, address) for address in NO_PORTALS]
    + [(Provider.CRONOFY, address) for address in ANYWHERE],
)
async def test_an_account_whose_address_is_no_good_gives_nothing_away(
    said: Said, provider: Provider, address: str
) -> None:
    async with running_bot(accounts=_account(provider, address)) as bot:
        words = await _say_everything(bot)

    assert bot.dispatcher.crashes == 0
    assert len(words) >= 2 * len(COMMANDS)
    assert _leaks(words + said.lines, (CODE, TOKEN)) == []


@pytest.mark.parametrize("address", NO_PORTALS)
async def test_what_is_raised_for_a_portal_gives_nothing_away_however_it_is_printed(
    address: str, clock: FakeClock
) -> None:
    async with AiohttpTransport(timer=clock, guard=AddressGuard()) as transport:
        client = Bitrix24Client(
            transport=transport,
            limiters=Limiters(rate=100, burst=100, timer=clock),
            addresses=PortalAddresses(allowed=["127.0.0.1:1"]),
            timer=clock,
            unix_time=lambda: 0.0,
        )
        terms = Terms(deadline=clock.monotonic() + 5, priority=Priority.COMMAND)
        with pytest.raises(BotError) as raised:
            await client.call(PortalAuth(base=address, token=TOKEN), im.get_status(), terms)

    assert _leaks(_printed(raised.value), (CODE, TOKEN)) == []


@pytest.mark.parametrize("address", ANYWHERE)
async def test_what_is_raised_for_cronofy_gives_nothing_away_however_it_is_printed(
    address: str, clock: FakeClock
) -> None:
    async with AiohttpTransport(timer=clock, guard=AddressGuard()) as transport:
        client = CronofyClient(transport=transport, limit=limit_of(500, clock), timer=clock)
        terms = CronofyTerms(deadline=clock.monotonic() + 5, priority=Priority.COMMAND)
        with pytest.raises(BotError) as raised:
            await client.calendars(CronofyAuth(base=address, token=TOKEN), terms)

    assert _leaks(_printed(raised.value), (CODE, TOKEN)) == []


def _printed(error: BotError) -> list[str]:
    everything = [str(error), repr(error), repr(vars(error)), repr(error.args)]
    context = error.__context__
    assert context is None or error.__suppress_context__
    return everything + traceback.format_exception(error)


REPRS: Mapping[str, object] = {
    "credentials": Credentials(endpoint=f"https://acme.bitrix24.com/rest/7/{CODE}/"),
    "token": Credentials(endpoint="https://api.cronofy.com", access_token=TOKEN),
    "portal": PortalAuth(base=f"https://acme.bitrix24.com/rest/7/{CODE}/", token=TOKEN),
    "cronofy": CronofyAuth(base="https://api.cronofy.com", token=TOKEN),
    "request": HttpRequest(
        operation="x",
        method="POST",
        url=f"https://acme.bitrix24.com/rest/7/{CODE}/profile",
        headers={"Authorization": f"Bearer {TOKEN}"},
        body=TOKEN.encode(),
    ),
    "response": HttpResponse(status=302, headers={"location": CODE}, body=TOKEN.encode()),
    "telegram": TelegramOptions(token=TOKEN, webhook_secret=CODE),
    "settings": load(
        Settings,
        _env_file=None,
        telegram_token=TOKEN,
        telegram_webhook_secret=CODE,
        bitrix24_webhook_url=f"https://acme.bitrix24.com/rest/7/{CODE}/",
        cronofy_access_token=TOKEN,
        database_url=f"postgresql://bot:{CODE}@127.0.0.1/bot",
    ),
}


@pytest.mark.parametrize("name", REPRS)
def test_what_holds_a_secret_does_not_show_it(name: str) -> None:
    thing = REPRS[name]

    assert _leaks([repr(thing), str(thing), f"{thing}", f"{[thing]}"], (CODE, TOKEN)) == []


ADDRESS = f"https://acme.bitrix24.com/rest/7/{CODE}/"
STYLES = pytest.mark.parametrize("style", ["text", "json"])


@pytest.fixture
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


class Poisoned:
    """Accounts whose store breaks with a secret in its hands and in its words."""

    async def accounts_of(
        self, owner: Identity, provider: Provider | None = None
    ) -> Sequence[Account]:
        held = Credentials(endpoint=ADDRESS, access_token=TOKEN)
        raise RuntimeError(f"{owner} {provider} {held} {ADDRESS} {{'access_token': '{TOKEN}'}}")

    async def credentials_of(self, account: Account) -> Credentials:
        raise AssertionError(account)


@STYLES
@pytest.mark.usefixtures("_own_logging")
async def test_a_handler_that_crashes_with_a_secret_in_its_hands_logs_no_secret(
    style: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("DEBUG", style)
    async with running_bot(accounts=Poisoned()) as bot:  # type: ignore[arg-type]
        replies = await bot.say(f"/accept {SPRINT_REVIEW}")

    logged = capsys.readouterr().err
    assert bot.dispatcher.crashes == 1
    assert "RuntimeError" in logged
    assert _leaks([logged, *(str(reply.text) for reply in replies)], (CODE, TOKEN)) == []


@STYLES
@pytest.mark.usefixtures("_own_logging")
async def test_a_crashed_task_that_nobody_waits_for_logs_no_secret(
    style: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    async def crash(address: str) -> None:
        held = {"auth": address}
        await asyncio.sleep(0)
        raise ValueError(f"cannot read {held}, see {address}profile?auth={TOKEN}")

    set_up("DEBUG", style)
    task = asyncio.create_task(crash(ADDRESS))
    await asyncio.wait({task})
    del task
    gc.collect()
    await asyncio.sleep(0)

    logged = capsys.readouterr().err
    assert "Task exception was never retrieved" in logged
    assert "ValueError" in logged
    assert _leaks([logged], (CODE, TOKEN)) == []


@pytest.mark.usefixtures("_own_logging")
async def test_a_statement_that_fails_is_not_told_with_what_people_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("DEBUG", "text")
    database = Database(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    database.start()
    statement = sa.text("INSERT INTO inbox (key, message) VALUES (:key, :message)")

    def fail(connection: sa.Connection) -> None:
        connection.execute(statement, {"key": CODE, "message": TOKEN})

    with pytest.raises(StorageError) as raised:
        await database.write(fail)
    await database.stop()

    logged = capsys.readouterr().err
    assert "IntegrityError" in logged
    assert _leaks([logged, *_printed(raised.value)], (CODE, TOKEN)) == []


def test_a_command_that_crashes_prints_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(_options: object) -> int:
        held = ADDRESS
        raise RuntimeError(f"{held} Bearer {TOKEN}")

    monkeypatch.setitem(main.__globals__["_COMMANDS"], "run", crash)

    assert main(["run"]) == 1
    printed = capsys.readouterr()
    assert "RuntimeError" in printed.err
    assert _leaks([printed.out, printed.err], (CODE, TOKEN)) == []


def _secrets_of(settings: Mapping[str, str]) -> Collection[str]:
    named = ("TOKEN", "SECRET", "WEBHOOK_URL", "KEYS")
    found = {
        value
        for name, value in settings.items()
        if value and any(name.endswith(end) for end in named)
    }
    return found | {settings["BITRIX24_WEBHOOK_URL"].rstrip("/").rpartition("/")[2]}


@pytest.mark.e2e
@pytest.mark.parametrize("arguments", [("doctor",), ("doctor", "--json")])
async def test_the_doctor_names_no_secret_whether_it_is_right_or_wrong(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    async with world(tmp_path) as w:
        wrong = {
            "TELEGRAM_TOKEN": f"7001:{TOKEN}",
            "TELEGRAM_WEBHOOK_SECRET": CODE,
            "BITRIX24_WEBHOOK_URL": f"{w.portal_url}/rest/7/{CODE}/",
            "BITRIX24_CLIENT_ID": "local.1",
            "BITRIX24_CLIENT_SECRET": f"{CODE}x",
            "CRONOFY_ACCESS_TOKEN": TOKEN,
            "CRONOFY_CLIENT_ID": "1",
            "CRONOFY_CLIENT_SECRET": f"{TOKEN}x",
            "PUBLIC_URL": "https://rsvp.example.com",
        }
        checked = 0
        for settings in (w.environment, {**w.environment, **wrong}):
            ended = await run(*arguments, folder=tmp_path, settings=settings)
            secrets = _secrets_of(settings)
            assert len(secrets) >= 3
            assert ended.out
            if "--json" in arguments:
                assert json.loads(ended.out)
            assert _leaks([ended.out, ended.err], tuple(secrets)) == []
            checked += 1

    assert checked == 2
