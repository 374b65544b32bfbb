"""The store on its database with its keys, opened by one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigError
from bot.ports import Clock
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url, sqlite_path
from bot.storage.keys import KeyFile, new_key
from bot.storage.store import SqlStore
from bot.storage.vault import TextSealer, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """All that is kept, on one database."""

    store: SqlStore
    book: SqlAccounts
    sealer: TextSealer


@asynccontextmanager
async def open_storage(
    database_url: str, clock: Clock, *, secret_keys: Sequence[str] = ()
) -> AsyncIterator[Storage]:
    """Open, make or bring up to date what DATABASE_URL names.

    Args:
        database_url: As in the settings.
        clock: Time.
        secret_keys: From SECRET_KEYS; without them SQLite has a key file beside it.

    Raises:
        ConfigError: It cannot be opened, another process has it, or keys are missing.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    if path is None and not secret_keys:
        raise ConfigError("SECRET_KEYS: is required with PostgreSQL")
    with contextlib.nullcontext() if path is None else _only_one(path):
        database = Database(await open_engine(url))
        database.start()
        try:
            file = None if path is None or secret_keys else KeyFile(key_path(path))
            vault = Vault((lambda: secret_keys) if file is None else file.read)
            book = SqlAccounts(database, vault, clock)
            if file is not None and not vault.newest and not await book.keys_in_use():
                # With something sealed already, a new key would only hide that the old one is gone.
                file.write([new_key()])
                vault.reload()
            yield Storage(store=SqlStore(database, clock), book=book, sealer=TextSealer(vault))
        finally:
            await database.stop()


def key_path(database: Path) -> Path:
    """Where the keys of a SQLite file are, unless SECRET_KEYS holds them."""
    return database.with_name(database.name + ".key")


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
