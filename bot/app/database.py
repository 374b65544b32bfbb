"""The store on its database, opened by one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bot.errors import ConfigError
from bot.ports import Clock
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url, sqlite_path
from bot.storage.store import SqlStore


@asynccontextmanager
async def open_store(database_url: str, clock: Clock) -> AsyncIterator[SqlStore]:
    """Open, make or bring up to date what DATABASE_URL names.

    Raises:
        ConfigError: It cannot be opened, or another process has it.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    with contextlib.nullcontext() if path is None else _only_one(path):
        database = Database(await open_engine(url))
        database.start()
        try:
            yield SqlStore(database, clock)
        finally:
            await database.stop()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """A SQLite file serves one process at a time; the lock ends with it, however it ends."""
    lock = path.with_name(path.name + ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        reason = error.strerror
        raise ConfigError(f"DATABASE_URL: the file cannot be opened ({reason})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConfigError("DATABASE_URL: another rsvp-bot runs on this database") from None
    try:
        yield
    finally:
        os.close(handle)
