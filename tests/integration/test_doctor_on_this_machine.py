"""`rsvp-bot doctor` about the machine itself: the database, the port, the clock."""

import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app.clock import SystemClock
from bot.app.database import open_storage
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.server import SandboxServer
from bot.settings import Settings
from bot.texts import M
from tests.fakes.ports import free_port
from tests.integration.doctors_office import Office, Row, doctors_office

PORT = M.DOCTOR_NAME_PORT
OPERATIONS_PORT = M.DOCTOR_NAME_OPERATIONS_PORT
DATABASE = M.DOCTOR_NAME_DATABASE


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with doctors_office(tmp_path) as opened:
        yield opened


@pytest.fixture
async def database(office: Office, tmp_path: Path) -> Path:
    """A database that a bot has made."""
    async with open_storage(office.settings["database_url"], SystemClock()):
        pass
    return tmp_path / "data" / "bot.db"


async def test_a_database_that_a_bot_has_made_is_up_to_date(office: Office, database: Path) -> None:
    found = await office.examine()

    assert database.exists()
    assert found.row(DATABASE) == ("✓", (M.DOCTOR_DATABASE_CURRENT,), None)


async def test_a_running_bot_is_noticed_and_not_disturbed(office: Office) -> None:
    async with open_storage(office.settings["database_url"], SystemClock()):
        found = await office.examine()
    after = await office.examine()

    said = (M.DOCTOR_DATABASE_CURRENT, M.DOCTOR_DATABASE_IN_USE)
    assert found.row(DATABASE) == ("✓", said, None)
    assert found.code == 0
    assert after.row(DATABASE)[1] == (M.DOCTOR_DATABASE_CURRENT,)


async def test_looking_leaves_the_lock_to_the_next_start(office: Office, database: Path) -> None:
    await office.examine()

    async with open_storage(f"sqlite:///{database}", SystemClock()):
        pass


async def test_a_database_that_others_may_read_is_a_warning(office: Office, database: Path) -> None:
    database.chmod(0o640)

    found = await office.examine()

    said = (M.DOCTOR_DATABASE_CURRENT, M.DOCTOR_DATABASE_MODE)
    assert found.row(DATABASE) == ("!", said, M.DOCTOR_DATABASE_MODE_ADVICE)
    assert "(mode 640)" in found.printed()
    assert found.code == 0


async def test_an_older_database_will_be_brought_up_to_date(office: Office, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")

    found = await office.examine()

    assert found.row(DATABASE) == ("✓", (M.DOCTOR_DATABASE_OLDER,), None)


async def test_what_is_wrong_with_a_database_is_told(office: Office, database: Path) -> None:
    office.patience = 0.5

    async def row() -> Row:
        found = await office.examine()
        assert found.code == 1
        return found.row(DATABASE)

    with closing(sqlite3.connect(database, isolation_level=None)) as another:
        another.execute("UPDATE alembic_version SET version_num = '9999'")
        newer = await row()
        another.execute("BEGIN IMMEDIATE")
        locked = await row()
        another.execute("ROLLBACK")
    content = bytearray(database.read_bytes())
    content[18] = 3  # a version of the file format that nobody may write yet
    database.write_bytes(content)
    read_only = await row()
    database.write_bytes(b"no database" * 500)
    damaged = await row()
    database.unlink()
    database.mkdir()
    unopenable = await row()

    assert newer == ("✗", (M.DOCTOR_DATABASE_NEWER,), M.DOCTOR_DATABASE_NEWER_ADVICE)
    assert locked == ("✗", (M.DOCTOR_DATABASE_LOCKED,), M.DOCTOR_DATABASE_LOCKED_ADVICE)
    assert read_only == ("✗", (M.DOCTOR_DATABASE_READ_ONLY,), M.DOCTOR_DATABASE_READ_ONLY_ADVICE)
    assert damaged == ("✗", (M.DOCTOR_DATABASE_DAMAGED,), M.DOCTOR_DATABASE_DAMAGED_ADVICE)
    assert unopenable == (
        "✗",
        (M.DOCTOR_DATABASE_UNOPENABLE,),
        M.DOCTOR_DATABASE_UNOPENABLE_ADVICE,
    )


async def test_a_database_that_is_none_is_a_malformed_setting(office: Office) -> None:
    found = await office.examine(database_url="mysql://bot:s3cr3t@host/bot")

    row = ("✗", (M.DOCTOR_DATABASE_MALFORMED,), M.DOCTOR_DATABASE_MALFORMED_ADVICE)
    assert found.row(DATABASE) == row
    assert found.code == 2
    assert "s3cr3t" not in found.printed()


@pytest.mark.parametrize(
    "url", ["postgresql://bot:s3cr3t@host/bot?sslmode=s3cr3t", "sqlite:///bot.db?s3cr3t=1"]
)
async def test_a_parameter_that_is_not_known_is_a_malformed_setting(
    office: Office, url: str
) -> None:
    found = await office.examine(database_url=url)

    row = ("✗", (M.DOCTOR_DATABASE_PARAMETER,), M.DOCTOR_DATABASE_PARAMETER_ADVICE)
    assert found.row(DATABASE) == row
    assert found.row(M.DOCTOR_NAME_KEYS)[0] == "–"
    assert found.code == 2
    assert "s3cr3t" not in found.printed()


async def test_a_port_is_tried_and_left_free(office: Office) -> None:
    port = free_port()

    found = await office.examine(http_port=str(port))

    assert found.row(PORT) == ("✓", (M.DOCTOR_PORT_FREE,), None)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104
async def test_a_port_that_is_taken(office: Office, host: str) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = str(listening.getsockname()[1])
        found = await office.examine(http_port=port, http_host=host)

    assert found.row(PORT) == ("✗", (M.DOCTOR_PORT_TAKEN,), M.DOCTOR_PORT_TAKEN_ADVICE)
    assert f"{port} is taken by another program" in found.printed()
    assert found.code == 1


async def test_the_port_for_health_and_metrics_is_looked_at_if_there_is_one(
    office: Office,
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        taken = await office.examine(operations_port=str(listening.getsockname()[1]))
    free = await office.examine(operations_port=str(free_port()))
    nowhere = await office.examine(operations_port="8081", operations_host="192.0.2.1")
    unused = await office.examine()

    row = ("✗", (M.DOCTOR_PORT_TAKEN,), M.DOCTOR_PORT_TAKEN_ADVICE)
    assert taken.row(OPERATIONS_PORT) == row
    assert "change OPERATIONS_PORT." in taken.printed()
    assert taken.code == 1
    assert free.row(OPERATIONS_PORT) == ("✓", (M.DOCTOR_PORT_FREE,), None)
    assert "OPERATIONS_HOST is no address of this machine" in nowhere.printed()
    assert unused.rows(OPERATIONS_PORT) == []


@pytest.mark.parametrize("host", ["s3cr3t.invalid", "192.0.2.1"])
async def test_a_host_that_is_not_this_machine(office: Office, host: str) -> None:
    found = await office.examine(http_port="0", public_url="https://bot.example", http_host=host)

    assert found.row(PORT) == ("✗", (M.DOCTOR_PORT_NO_HOST,), M.DOCTOR_PORT_NO_HOST_ADVICE)
    assert host not in found.printed()


@pytest.mark.parametrize("settings", [{"public_url": "https://bot.example"}])
async def test_a_port_that_changes_with_every_start_is_a_warning(
    office: Office, settings: dict[str, str]
) -> None:
    found = await office.examine(**settings)

    assert found.row(PORT) == ("!", (M.DOCTOR_PORT_ANY,), M.DOCTOR_PORT_ANY_ADVICE)
    assert found.code == 0


@pytest.mark.parametrize(
    ("ahead", "sign", "said"),
    [
        (timedelta(seconds=10), "✓", M.DOCTOR_CLOCK_OK),
        (timedelta(minutes=2), "!", M.DOCTOR_CLOCK_BEHIND),
        (timedelta(minutes=-2), "!", M.DOCTOR_CLOCK_AHEAD),
        (timedelta(minutes=6), "✗", M.DOCTOR_CLOCK_BEHIND),
        (timedelta(minutes=-6), "✗", M.DOCTOR_CLOCK_AHEAD),
    ],
)
async def test_the_clock_is_compared_with_what_answers_are_dated(
    office: Office, ahead: timedelta, sign: str, said: M
) -> None:
    elsewhere = Cronofy(now=lambda: datetime.now(UTC) + ahead)
    seed_calendars(elsewhere)
    async with SandboxServer(cronofy_app(elsewhere)) as server:
        found = await office.examine(cronofy_api_url=server.url)

    assert found.row(M.DOCTOR_NAME_CLOCK)[:2] == (sign, (said,))
    assert found.row(M.DOCTOR_NAME_CRONOFY)[0] == "✓"
    assert "Cronofy\n" in found.printed() or "Cronofy меньше" in found.printed()
