"""What DATABASE_URL says after `?`, for each place that opens the database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app.clock import SystemClock
from bot.app.database import open_beside, open_storage
from bot.errors import ConfigError
from bot.storage.checkup import Condition, check_up
from bot.storage.database import connections_of
from bot.storage.engine import open_engine, parse_url
from bot.storage.key_checkup import accounts_by_key
from bot.storage.keys import new_key
from bot.storage.parameters import SSL_MODES, ParameterError
from bot.storage.session import Session
from tests.fakes.postgres import postgres_database
from tests.fakes.tls_front import TlsFront, tls_front


async def _start_a_bot(address: str) -> None:
    async with open_storage(address, SystemClock(), secret_keys=[new_key()]):
        pass


async def _open_beside(address: str) -> None:
    async with open_beside(address) as database:
        await database.read(sa.select(sa.literal(1)))


async def _be_there(address: str) -> None:
    session = Session(parse_url(address), several=True, changed=lambda *_: None)
    await session.start()
    await session.stop()


async def _check_up(address: str) -> None:
    assert (await check_up(address, patience=5)).condition is Condition.NEW


async def _look_for_keys(address: str) -> None:
    assert await accounts_by_key(address, patience=5) == {}


OPENERS = pytest.mark.parametrize(
    "opened", [_start_a_bot, _open_beside, _be_there, _check_up, _look_for_keys]
)


@pytest.fixture
async def front(postgres: str, tmp_path: Path) -> AsyncIterator[TlsFront]:
    async with tls_front(postgres, tmp_path) as opened:
        yield opened


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    async with postgres_database(postgres) as url:
        yield str(sa.make_url(url).database)


@OPENERS
@pytest.mark.parametrize(
    ("query", "encrypted"),
    [("?sslmode=require", True), ("?ssl=require", True), ("?sslmode=disable", False)],
)
async def test_whoever_opens_the_database_encrypts_as_the_address_says(
    front: TlsFront,
    database: str,
    opened: Callable[[str], Awaitable[None]],
    query: str,
    encrypted: bool,
) -> None:
    await opened(front.address(database, query))

    assert set(front.encrypted) == {encrypted}


async def test_a_server_is_asked_for_its_certificate_if_the_address_says_so(
    front: TlsFront, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(front.certificate))

    await _start_a_bot(front.address(database, "?sslmode=verify-ca"))
    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        await _start_a_bot(front.address(database, "?sslmode=verify-full"))  # it is 127.0.0.1

    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("mode", SSL_MODES)
def test_every_mode_is_passed_on(mode: str) -> None:
    url = parse_url(f"postgresql://bot:s3cr3t@host/bot?sslmode={mode}&host=/run/postgresql")

    assert dict(url.query) == {"ssl": mode, "host": "/run/postgresql"}
    assert url.password == "s3cr3t"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://bot:s3cr3t@host/bot?connect_timeout=5", "only these are known: sslmode, "),
        ("postgresql://bot:pa@host?s3cr3t=@host/bot", "only these are known: sslmode, "),
        ("postgresql://bot:s3cr3t@host/bot?sslmode=on", "sslmode must be one of disable, allow, "),
        ("postgresql://bot:s3cr3t@host/bot?ssl=s3cr3t", "sslmode must be one of disable, allow, "),
        ("postgresql://bot@host/bot?ssl=require&sslmode=allow", "sslmode must be one of disable, "),
        (
            "postgresql://bot@host/bot?password=s3cr3t&password=x",
            "something after ? is there twice",
        ),
        ("postgresql://bot:s3cr3t@/bot?host=a,b&port=1,2,3", "host and port are malformed"),
        ("postgresql://bot:s3cr3t@host:99999/bot", "host and port are malformed"),
        ("postgresql://bot:s3cr3t@host/bot?port=5432x", "host and port are malformed"),
        ("sqlite:///s3cr3t.db?timeout=long", "nothing may follow ?"),
    ],
)
def test_what_cannot_be_passed_on_is_refused_without_repeating_it(address: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_url(address)

    assert str(caught.value).startswith("DATABASE_URL: ")
    assert said in str(caught.value)
    assert "s3cr3t" not in f"{caught.value!r} {caught.value.__context__!r}"


def test_a_port_that_is_no_number_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url("postgresql://bot:pa@ss:s3cr3t@host/bot")

    assert str(caught.value) == "DATABASE_URL: must be sqlite:///PATH or postgresql://…"
    assert caught.value.__context__ is None


async def test_two_hosts_are_tried_one_after_the_other(front: TlsFront, database: str) -> None:
    query = f"?host=127.0.0.1:1&host=127.0.0.1:{front.port}&sslmode=require"

    engine = await open_engine(parse_url(f"postgresql://postgres@/{database}{query}"))
    await connections_of(engine).close()

    assert set(front.encrypted) == {True}
