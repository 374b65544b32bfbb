"""The store on its database with its keys, opened by one process at a time."""

import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ConfigError
from bot.ports import Claims, Clock
from bot.storage.accounts import SqlAccounts
from bot.storage.alone import Alone
from bot.storage.automations import SqlAutomations
from bot.storage.copying import BUSY_TIMEOUT
from bot.storage.database import Database
from bot.storage.engine import (
    open_engine,
    parse_url,
    refuse_foreign_file,
    sqlite_path,
)
from bot.storage.group_cards import SqlGroupCards
from bot.storage.groups import SqlGroups
from bot.storage.keys import KeyFile, new_key
from bot.storage.presence_book import SqlPresenceBook
from bot.storage.sign_ins import SqlSignIns
from bot.storage.store import SqlStore
from bot.storage.troubles import SqlTroubleLog
from bot.storage.vault import TextSealer, Vault

if TYPE_CHECKING:
    from bot.storage.session import Session

logger = logging.getLogger(__name__)


class InUseError(ConfigError):
    """A running bot has the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """All that is kept, on one database."""

    store: SqlStore
    claims: Claims
    book: SqlAccounts
    sign_ins: SqlSignIns
    sealer: TextSealer
    troubles: SqlTroubleLog
    presences: SqlPresenceBook
    automations: SqlAutomations
    group_cards: SqlGroupCards
    groups: SqlGroups


@asynccontextmanager
async def open_storage(
    database_url: str, clock: Clock, *, secret_keys: Sequence[str] = (), several: bool = False
) -> AsyncIterator[Storage]:
    """Open, make or bring up to date what DATABASE_URL names.

    Args:
        database_url: As in the settings.
        clock: Time.
        secret_keys: From SECRET_KEYS; without them SQLite has a key file beside it.
        several: Where the database allows it, others that say so too may have it open.

    Raises:
        ConfigError: It cannot be opened, another process has it, or keys are missing.
        StorageError: It cannot be opened for the moment.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    file = key_file(database_url, secret_keys)
    with contextlib.nullcontext() if path is None else _only_one(path):
        database = Database(await open_engine(url), is_told=path is None)
        session = None
        database.start()
        try:
            if path is None:
                session = _session_beside(database, database_url, several=several)
                await session.start()
            vault = open_vault(file, secret_keys)
            book = SqlAccounts(database, vault, clock)
            _see_to_keys(vault, file, await book.keys_in_use())
            presences = SqlPresenceBook(database, clock)
            cards = SqlGroupCards(database, clock, session)
            if path is not None:
                await presences.reclaim()
                await cards.reclaim()
            yield Storage(
                store=_store_on(database, clock, session),
                claims=session or Alone(),
                book=book,
                sign_ins=SqlSignIns(database, vault),
                sealer=TextSealer(vault),
                troubles=SqlTroubleLog(database),
                presences=presences,
                automations=SqlAutomations(database, clock),
                group_cards=cards,
                groups=SqlGroups(database),
            )
        finally:
            await database.stop()
            if session is not None:
                # Last of all: until then nobody else takes up what is in hand here.
                await session.stop()


def _session_beside(database: Database, database_url: str, *, several: bool) -> "Session":
    # Most have SQLite, and this brings half of SQLAlchemy and a driver.
    from bot.storage.session import Session  # noqa: PLC0415

    url = parse_url(database_url)
    return Session(url, several=several, changed=database.changed_elsewhere)


def _store_on(database: Database, clock: Clock, session: "Session | None") -> SqlStore:
    if session is None:
        return SqlStore(database, clock)
    from bot.storage.shared_store import SharedStore  # noqa: PLC0415

    return SharedStore(database, clock, session)


@asynccontextmanager
async def open_beside(database_url: str) -> AsyncIterator[Database]:
    """Open the database for a command that may run beside the bot.

    Raises:
        ConfigError: There is none yet, it cannot be opened, or it is of another revision and a
            running bot has it.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise ConfigError("DATABASE_URL: there is no database yet; the first start makes it")
    try:
        # Only to bring it up to date; afterwards a bot may start.
        with contextlib.nullcontext() if path is None else _only_one(path):
            engine = await open_engine(url)
    except InUseError:
        from bot.storage.checkup import Condition, check_up  # noqa: PLC0415

        found = await check_up(database_url, patience=BUSY_TIMEOUT)
        if found.condition not in (Condition.CURRENT, Condition.LOCKED):
            raise ConfigError(
                "DATABASE_URL: another version of rsvp-bot runs on this database; stop it first"
            ) from None
        engine = await open_engine(url)
    database = Database(engine)
    database.start()
    try:
        yield database
    finally:
        await database.stop()


def key_file(database_url: str, secret_keys: Sequence[str]) -> KeyFile | None:
    """Where the keys are; None if SECRET_KEYS holds them.

    Raises:
        ConfigError: They are nowhere.
    """
    path = sqlite_path(parse_url(database_url))
    if path is None and not secret_keys:
        raise ConfigError("SECRET_KEYS: is required with PostgreSQL")
    return None if path is None or secret_keys else KeyFile(key_path(path))


def open_vault(file: KeyFile | None, secret_keys: Sequence[str]) -> Vault:
    """Take the keys out of that file, or those of SECRET_KEYS.

    Raises:
        ConfigError: The file cannot be read.
    """
    return Vault(lambda: secret_keys) if file is None else Vault(file.read, file.stamp)


def key_path(database: Path) -> Path:
    """Where the keys of a SQLite file are, unless SECRET_KEYS holds them."""
    return database.with_name(database.name + ".key")


def _see_to_keys(vault: Vault, file: KeyFile | None, in_use: Collection[str]) -> None:
    """Make a key if there is none and nothing needs another; say so if one is missing."""
    missing = [key for key in in_use if not vault.knows(key)]
    if missing:
        logger.error("keys are missing, people have to link again: %s", ", ".join(sorted(missing)))
    elif file is not None and not vault.newest:
        # With something sealed already, a new key would only hide that the old one is gone.
        file.write([new_key()])
        vault.reload()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """A SQLite file serves one process at a time; the lock ends with it, however it ends."""
    refuse_foreign_file(path)
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
        raise InUseError("DATABASE_URL: another rsvp-bot runs on this database") from None
    try:
        yield
    finally:
        os.close(handle)
