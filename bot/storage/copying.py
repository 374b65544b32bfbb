"""A SQLite database copied whole, with what a killed process left in its journal."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process (a command of ours beside `run`) to let go of the file."""


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment into an empty file.

    Raises:
        sqlite3.Error: It cannot be read or written, or is damaged.
    """
    # Not read-only: such a connection could not look into the journal of a bot that was killed.
    address = f"file:{quote(str(source.absolute()))}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT)) as database,
        closing(sqlite3.connect(target)) as copy,
    ):
        # All pages in one step: one moment of the database, whatever is written meanwhile.
        database.backup(copy)
        # One file that is complete by itself, without a journal beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        [[verdict]] = copy.execute("PRAGMA integrity_check(1)").fetchall()
        if verdict != "ok":
            raise sqlite3.DatabaseError
