import asyncio
import contextlib
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.errors import ConfigError, StorageError
from bot.storage import tables
from bot.storage.database import connections_of
from bot.storage.engine import open_engine, parse_url
from bot.storage.group_commit import GroupCommit
from bot.storage.revisions import CURRENT
from bot.storage.upgrading import scripts
from tests.fakes.ports import free_port
from tests.fakes.postgres import postgres_database


@pytest.mark.parametrize("text", ["", "bot.db", "mysql://x", "sqlite+pysqlite:///x", "secret://p"])
def test_other_databases_are_refused_without_repeating_the_address(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(text)
    assert str(caught.value) == "DATABASE_URL: must be sqlite:///PATH or postgresql://…"


async def test_a_file_that_cannot_be_opened_is_a_matter_of_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="DATABASE_URL"):
        await open_engine(parse_url(f"sqlite:///{tmp_path}/file/bot.db"))


async def test_something_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping list " * 100)

    with pytest.raises(ConfigError, match="cannot be opened"):
        await open_engine(parse_url(f"sqlite:///{path}"))
    assert path.read_text().startswith("shopping list")


async def test_a_database_that_another_program_keeps_locked_is_no_matter_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.engine.BUSY_TIMEOUT", 0.05)
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as another:
        another.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StorageError, match="cannot be opened now"):
            await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db"))


async def test_a_full_disk_is_no_matter_of_settings(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StorageError, match="cannot be opened now"):
            await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_server_that_does_not_answer_is_no_matter_of_settings() -> None:
    with pytest.raises(StorageError, match="cannot be opened now"):
        await open_engine(parse_url(f"postgresql://bot@127.0.0.1:{free_port()}/bot"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as url:
        yield url


async def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    connections = connections_of(await open_engine(parse_url(database_url)))

    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))

    found, names = await connections.commit(
        [differences, lambda connection: sa.inspect(connection).get_table_names()]
    )
    await connections.close()

    assert found == []
    assert set(names) == {*tables.metadata.tables, "alembic_version"}


def test_the_current_revision_is_that_of_the_last_migration() -> None:
    assert scripts().get_current_head() == CURRENT


async def test_a_database_of_an_older_revision_is_copied_before_it_is_changed(
    tmp_path: Path,
) -> None:
    killed = tmp_path / "killed"
    killed.mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db")) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        old.execute("INSERT INTO alembic_version VALUES ('0000')")
        old.execute("CREATE TABLE kept (word TEXT)")
        old.execute("INSERT INTO kept VALUES ('in the journal alone')")
        old.commit()
        # As a kill leaves it: closing would move all into the first file.
        for name in ("bot.db", "bot.db-wal"):
            shutil.copy(tmp_path / name, killed)
    backup = killed / "bot.db.0000.bak"
    backup.write_bytes(b"of an upgrade that broke off")

    with pytest.raises(ConfigError):
        await open_engine(parse_url(f"sqlite:///{killed}/bot.db"))

    assert backup.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT word FROM kept").fetchall() == [("in the journal alone",)]


async def test_one_bad_write_fails_only_itself(tmp_path: Path) -> None:
    engine = await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db"))
    connections = connections_of(engine)
    commits = GroupCommit(connections)
    commits.start()

    def good(number: int) -> sa.Insert:
        return sa.insert(tables.people).values(
            platform="telegram", user_id=str(number), language="en", timezone="UTC", name=""
        )

    def write(statement: sa.Executable) -> "asyncio.Future[object]":
        return asyncio.ensure_future(commits.write(lambda sync: sync.execute(statement).rowcount))

    bad = sa.insert(tables.people).values(platform="telegram")
    results = await asyncio.gather(
        write(good(1)), write(bad), write(good(2)), return_exceptions=True
    )
    kept = [row.user_id for row in await connections.read(sa.select(tables.people.c.user_id))]
    await commits.stop()
    await connections.close()

    assert [type(result) for result in results] == [int, StorageError, int]
    assert sorted(kept) == ["1", "2"]


async def test_what_nobody_waits_for_is_written_once_the_store_can_and_in_its_order(
    tmp_path: Path,
) -> None:
    engine = await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db"))
    connections = connections_of(engine)
    commits = GroupCommit(connections)
    commits.start()
    full = True

    def note(word: str) -> Callable[[sa.Connection], None]:
        def write(connection: sa.Connection) -> None:
            if full:
                raise sa.exc.OperationalError("", {}, sqlite3.OperationalError("disk is full"))
            connection.execute(sa.text("INSERT INTO words VALUES (:word)"), {"word": word})

        return write

    await commits.write(lambda sync: sync.execute(sa.text("CREATE TABLE words (word)")).rowcount)
    words = sa.select(sa.table("words", sa.column("word")))
    commits.write_later(note("first"))
    with pytest.raises(StorageError):
        await commits.write(note("waited for"))
    commits.write_later(note("second"))
    await commits.settle()
    full = False
    # Nobody else has anything to write.
    async with asyncio.timeout(10):
        while len(kept := await connections.read(words)) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    await commits.stop()
    await connections.close()

    assert kept == [("first",), ("second",)]


async def test_writes_that_come_together_share_a_commit(tmp_path: Path) -> None:
    engine = await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db"))
    connections = connections_of(engine)
    commits = GroupCommit(connections)
    count = 0

    def counted(_connection: sa.Connection) -> None:
        nonlocal count
        count += 1

    sa.event.listen(sa.Engine, "commit", counted)
    commits.start()
    await asyncio.gather(*(commits.write(lambda _sync: None) for _ in range(20)))
    shared = count
    sa.event.remove(sa.Engine, "commit", counted)
    await commits.stop()
    await connections.close()

    assert shared == 1


async def test_reads_go_on_while_somebody_else_writes(tmp_path: Path) -> None:
    connections = connections_of(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(1):
            found = await connections.read(sa.select(tables.people))
        another.execute("ROLLBACK")
    await connections.close()

    assert found == []


def _ends_by_itself(connection: sa.Connection) -> None:
    """As SQLite does it when the disk is full: https://www.sqlite.org/lang_transaction.html."""
    connection.exec_driver_sql("ROLLBACK")
    raise sqlite3.OperationalError("disk is full")


def _cannot_be_committed(connection: sa.Connection) -> None:
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql(
        "INSERT INTO intents (entry_id, provider, subject, before, wanted, stored_at, attempts)"
        " VALUES (99, 'bitrix24', '', '', '', '2026-01-01 00:00:00.000000', 1)"
    )


@pytest.mark.parametrize("fails", [_ends_by_itself, _cannot_be_committed])
async def test_after_a_failed_transaction_the_next_one_is_written(
    tmp_path: Path, fails: Callable[[sa.Connection], None]
) -> None:
    connections = connections_of(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))

    for _ in range(2):
        with pytest.raises((sqlite3.Error, sa.exc.DBAPIError)):
            await connections.commit([fails])
    [kept] = await connections.commit([lambda connection: connection.scalar(sa.select(1))])
    await connections.close()

    assert kept == 1
