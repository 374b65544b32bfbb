"""A copy of the database, made while the bot goes on writing."""

import os
import sqlite3
import tempfile
from pathlib import Path

from bot.errors import ConfigError, StorageError
from bot.storage.copying import copy_database
from bot.storage.engine import refuse_foreign_file


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
        copy_database(source, unfinished)
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


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise ConfigError("FILE: there is something already; nothing was written")
