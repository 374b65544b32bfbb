import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import ConfigError, StorageError
from bot.storage.backup import back_up


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE pairs (side TEXT, number INTEGER)")
    return path


def _left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("bot.db"))


def test_a_copy_is_one_moment_of_what_is_written_meanwhile(source: Path, tmp_path: Path) -> None:
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(source, isolation_level=None, timeout=20)) as database:
            number = 0
            while not stop.is_set():
                number += 1
                database.execute("BEGIN IMMEDIATE")
                database.execute("INSERT INTO pairs VALUES ('left', ?)", (number,))
                database.execute("INSERT INTO pairs VALUES ('right', ?)", (number,))
                database.execute("COMMIT")
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(20)
        sizes = [back_up(source, tmp_path / f"copy-{number}.db") for number in range(10)]
    finally:
        stop.set()
        writer.join()

    seen = []
    for number, size in enumerate(sizes):
        copy = tmp_path / f"copy-{number}.db"
        assert copy.stat().st_size == size
        assert copy.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(copy)) as database:
            query = "SELECT side, count(*), max(number) FROM pairs GROUP BY side ORDER BY side"
            (_, lefts, last_left), (_, rights, last_right) = database.execute(query).fetchall()
        assert lefts == rights == last_left == last_right
        seen.append(lefts)
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]
    assert _left_over(tmp_path) == sorted(f"copy-{number}.db" for number in range(10))


def test_what_a_killed_bot_left_in_its_journal_is_in_the_copy(source: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(source, isolation_level=None)) as running:
        running.execute("PRAGMA wal_autocheckpoint=0")
        running.execute("INSERT INTO pairs VALUES ('left', 1)")
        killed = tmp_path / "killed"
        killed.mkdir()
        for suffix in ("", "-wal"):
            whole = source.with_name(source.name + suffix).read_bytes()
            (killed / f"bot.db{suffix}").write_bytes(whole)

    back_up(killed / "bot.db", killed / "copy.db")

    # Without a journal of its own: https://www.sqlite.org/fileformat.html, "file format version".
    assert (killed / "copy.db").read_bytes()[18:20] == b"\x01\x01"
    with closing(sqlite3.connect(killed / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM pairs").fetchall() == [(1,)]
    assert [path.name for path in killed.glob("copy.db*")] == ["copy.db"]


@pytest.mark.parametrize("kind", ["file", "folder", "dead link", "database itself"])
def test_nothing_is_written_over(source: Path, tmp_path: Path, kind: str) -> None:
    target = source if kind == "database itself" else tmp_path / "there"
    match kind:
        case "file":
            target.write_text("precious")
        case "folder":
            target.mkdir()
        case "dead link":
            target.symlink_to("nowhere")
        case _:
            assert target.exists()
    before = source.read_bytes()

    with pytest.raises(ConfigError, match="there is something already"):
        back_up(source, target)

    assert source.read_bytes() == before
    assert kind != "file" or target.read_text() == "precious"
    assert kind != "dead link" or target.is_symlink()


def test_no_database_is_made_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no database yet"):
        back_up(tmp_path / "bot.db", tmp_path / "copy.db")

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_and_where_nothing_can_be_written_are_named(
    source: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ann")
    with pytest.raises(ConfigError, match="it is no database"):
        back_up(tmp_path / "letter.txt", tmp_path / "copy.db")
    with pytest.raises(ConfigError, match="FILE: cannot be written there"):
        back_up(source, tmp_path / "nowhere" / "copy.db")

    assert _left_over(tmp_path) == ["letter.txt"]


def test_of_a_damaged_database_no_copy_is_kept(source: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(source, isolation_level=None)) as database:
        rows = [("left" * 200, number) for number in range(500)]
        database.executemany("INSERT INTO pairs VALUES (?, ?)", rows)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with source.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(StorageError, match="cannot be copied"):
        back_up(source, tmp_path / "copy.db")

    assert _left_over(tmp_path) == []
