"""Looking at a database without changing it: whatever can be wrong with one."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.storage.checkup import Checkup, Condition, check_up
from bot.storage.database import connections_of
from bot.storage.engine import open_engine, parse_url
from tests.fakes.postgres import postgres_database

_WRITE_VERSION = 18
"""Where a SQLite file says who may write it; above 2 nobody may.

https://www.sqlite.org/fileformat2.html#file_format_version_numbers
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bot.db"


async def _made(path: Path) -> Path:
    await connections_of(await open_engine(parse_url(f"sqlite:///{path}"))).close()
    return path


async def _found(path: Path) -> Checkup:
    return await check_up(f"sqlite:///{path}", patience=0.05)


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def test_where_there_is_none_yet_none_is_made(path: Path, tmp_path: Path) -> None:
    assert await _found(path) == Checkup(condition=Condition.NEW)
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_file_counts_as_none(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)

    assert await _found(path) == Checkup(condition=Condition.NEW, mode=0o600)
    assert path.stat().st_size == 0


async def test_one_that_is_up_to_date_is_left_as_it_was(path: Path) -> None:
    before = (await _made(path)).read_bytes()

    assert await _found(path) == Checkup(condition=Condition.CURRENT, mode=0o600)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["bot.db"]


async def test_the_trial_is_rolled_back_while_another_program_reads(path: Path) -> None:
    await _made(path)
    with _connected(path) as reader:
        reader.execute("BEGIN")
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        before = reader.execute(tables).fetchall()
        found = await _found(path)
        reader.execute("ROLLBACK")
        after = reader.execute(tables).fetchall()

    assert found.condition is Condition.CURRENT
    assert before == after
    assert ("rsvp_bot_trial",) not in after


@pytest.mark.parametrize(
    ("revision", "condition"), [("0001", Condition.OLDER), ("9999", Condition.NEWER)]
)
async def test_the_revision_is_judged_and_kept(
    path: Path, revision: str, condition: Condition
) -> None:
    await _made(path)
    with _connected(path) as connection:
        [(known,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        assert known not in {"0001", "9999"}
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])

    assert (await _found(path)).condition is condition
    with _connected(path) as connection:
        kept = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert kept == [(revision,)]


async def test_a_mode_that_lets_others_in_is_told(path: Path) -> None:
    (await _made(path)).chmod(0o644)

    assert await _found(path) == Checkup(condition=Condition.CURRENT, mode=0o644)
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_one_that_another_program_keeps_locked(path: Path, lock: str) -> None:
    await _made(path)
    with _connected(path) as another:
        another.execute(lock)
        assert (await _found(path)).condition is Condition.LOCKED


async def test_one_that_cannot_be_written(path: Path) -> None:
    content = bytearray((await _made(path)).read_bytes())
    content[_WRITE_VERSION] = 3
    path.write_bytes(content)

    assert (await _found(path)).condition is Condition.READ_ONLY


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    assert (await _found(path)).condition is Condition.DAMAGED
    assert path.read_bytes() == content


async def test_a_folder_in_the_files_place(path: Path) -> None:
    path.mkdir(parents=True)

    assert await _found(path) == Checkup(condition=Condition.UNOPENABLE, reason="EISDIR")


@pytest.mark.parametrize("exists", [False, True])
async def test_a_place_where_nothing_can_be_written(exists: bool) -> None:
    """Under /proc not even root can make a file."""
    folder = Path("/proc/self")
    place = folder / "status" if exists else folder / "nothing" / "bot.db"
    assert place.exists() is exists

    found = await _found(place)

    assert found.condition is Condition.FOLDER_REFUSES
    assert found.reason in {"ENOENT", "EACCES", "EPERM", "EROFS"}


async def test_a_place_without_room(path: Path) -> None:
    """A limit on the size of files stands in for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        found = await _found(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert found == Checkup(condition=Condition.FOLDER_REFUSES, reason="EFBIG")


async def test_a_file_in_the_folders_place(path: Path) -> None:
    path.parent.write_text("not a folder")

    assert await _found(path) == Checkup(condition=Condition.FOLDER_REFUSES, reason="ENOTDIR")


async def test_a_server_has_no_file_and_is_judged_all_the_same(postgres: str) -> None:
    async with postgres_database(postgres) as url:
        empty = await check_up(url, patience=1.0)
        await connections_of(await open_engine(parse_url(url))).close()
        made = await check_up(url, patience=1.0)

    assert empty == Checkup(condition=Condition.NEW)
    assert made == Checkup(condition=Condition.CURRENT)


async def test_a_server_that_is_not_there() -> None:
    found = await check_up("postgresql://bot:s3cr3t@127.0.0.1:1/bot", patience=0.05)

    assert found.condition is Condition.UNOPENABLE
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize("url", ["s3cr3t", "mysql://bot:s3cr3t@host/bot", ""])
async def test_an_address_of_no_database_that_we_know(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await check_up(url, patience=0.05)

    assert "s3cr3t" not in str(caught.value)
