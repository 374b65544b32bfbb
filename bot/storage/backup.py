"""A copy of the database, made while the bot goes on writing."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bot.errors import ConfigError, StorageError
from bot.storage.engine import BUSY_TIMEOUT, refuse_foreign_file


def back_up(source: Path, target: Path) -> int:
    """Copy a SQLite database as it is at one moment; the copy is whole or not there at all.

    Nothing is written into the database, not even what would bring it up to date. The keys that
    open what is sealed in it are not in the copy.

    Returns:
        The size of the copy in bytes.

    Raises:
        ConfigError: There is no database, or the copy has no place.
        StorageError: The database cannot be read now, is damaged, or the disk is full.
    """
    if not source.exists():
        raise ConfigError("DATABASE_URL: there is no database yet; the first start makes it")
    refuse_foreign_file(source)
    _refuse_existing(target)
    try:
        # Its mode is 600 from the beginning, for it holds what people wrote.
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        reason = error.strerror
    else:
        os.close(handle)
        return _finish(source, Path(name), target)
    raise ConfigError(f"FILE: cannot be written there ({reason})")


def _finish(source: Path, unfinished: Path, target: Path) -> int:
    try:
        _copy(source, unfinished)
        size = unfinished.stat().st_size
        _refuse_existing(target)
        unfinished.rename(target)
    except (sqlite3.Error, OSError) as error:
        reason = getattr(error, "sqlite_errorname", "") or type(error).__name__
    else:
        return size
    finally:
        unfinished.unlink(missing_ok=True)
    raise StorageError(f"the database cannot be copied ({reason})")


def _copy(source: Path, target: Path) -> None:
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


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise ConfigError("FILE: there is something already; nothing was written")
