"""Whether the database can be used, found out without changing anything.

A file that is not there yet is not made; what is written as a trial is rolled back.
"""

import asyncio
import errno
import os
import tempfile
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.storage.engine import parse_url, sqlite_path
from bot.storage.revisions import CURRENT, revision_of
from bot.storage.upgrading import scripts

_TRIAL = b"\0" * 1024 * 1024
"""What there has to be room for."""
_MODE = 0o777


class Condition(Enum):
    """What the database is like."""

    NEW = auto()
    """There is none yet; the first start can make it."""
    OLDER = auto()
    """Usable; the next start brings it up to date."""
    CURRENT = auto()
    """Usable as it is."""
    NEWER = auto()
    """Of a revision that this program does not know."""
    FOLDER_REFUSES = auto()
    """Nothing can be written where the file is, or is to be."""
    UNOPENABLE = auto()
    DAMAGED = auto()
    READ_ONLY = auto()
    LOCKED = auto()


_CONDITIONS_OF_SQLITE = (
    ("SQLITE_BUSY", Condition.LOCKED),
    ("SQLITE_LOCKED", Condition.LOCKED),
    ("SQLITE_READONLY", Condition.READ_ONLY),
    ("SQLITE_NOTADB", Condition.DAMAGED),
    ("SQLITE_CORRUPT", Condition.DAMAGED),
)
"""Beginnings of https://www.sqlite.org/rescode.html, extended codes included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What was found.

    Attributes:
        reason: A fixed word (`EACCES`, a class name) where there is more to say.
        mode: Permissions of a SQLite file.
    """

    condition: Condition
    reason: str = ""
    mode: int | None = None


async def check_up(database_url: str, *, patience: float) -> Checkup:
    """Look at the database behind DATABASE_URL.

    Args:
        database_url: As in the settings.
        patience: Seconds to wait for somebody else's lock.

    Raises:
        ConfigError: It names no database that we know.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    if path is None:
        return await _look_inside(url, {})
    found = await asyncio.to_thread(_look_at_file, path)
    if found is not None:
        return found
    inside = await _look_inside(url, {"connect_args": {"timeout": patience}})
    mode = await asyncio.to_thread(lambda: path.stat().st_mode & _MODE)
    return Checkup(condition=inside.condition, reason=inside.reason, mode=mode)


def _look_at_file(path: Path) -> Checkup | None:
    """What is wrong with the file or its place, or that there is none; None if it can be opened."""
    try:
        exists = path.exists()
        folder = path.parent
        while not exists and not folder.exists():
            folder = folder.parent
        # Asking for permissions alone says yes to root on a read-only file system.
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(_TRIAL)
            trial.flush()
    except OSError as error:
        return Checkup(condition=Condition.FOLDER_REFUSES, reason=_name(error))
    if not exists:
        return Checkup(condition=Condition.NEW)
    try:
        os.close(os.open(path, os.O_RDONLY))
        if not path.is_file():
            return Checkup(condition=Condition.UNOPENABLE, reason=errno.errorcode[errno.EISDIR])
    except OSError as error:
        return Checkup(condition=Condition.UNOPENABLE, reason=_name(error))
    return None


async def _look_inside(url: sa.URL, options: dict[str, Any]) -> Checkup:
    try:
        engine = create_async_engine(url, **options)
    except ImportError as error:
        return Checkup(condition=Condition.UNOPENABLE, reason=type(error).__name__)
    if url.get_backend_name() == "sqlite":
        _leave_transactions_to_us(engine)
    try:
        async with engine.connect() as connection, connection.begin() as transaction:
            revision = await connection.run_sync(revision_of)
            await connection.execute(sa.text("CREATE TABLE rsvp_bot_trial (id INTEGER)"))
            await connection.execute(sa.text("INSERT INTO rsvp_bot_trial VALUES (1)"))
            await transaction.rollback()
    except (sa.exc.SQLAlchemyError, OSError) as error:
        return _failure(error)
    finally:
        await engine.dispose()
    return Checkup(condition=_age_of(revision))


def _leave_transactions_to_us(engine: AsyncEngine) -> None:
    """As the store has it, but without its pragmas: the journal's mode is kept in the file."""

    @sa.event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A deferred one fails at once if a running bot writes between our read and our write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _age_of(revision: str | None) -> Condition:
    if revision is None:
        return Condition.NEW
    if revision == CURRENT:
        return Condition.CURRENT
    known = {script.revision for script in scripts().walk_revisions()}
    return Condition.OLDER if revision in known else Condition.NEWER


def _failure(error: Exception) -> Checkup:
    cause = getattr(error, "orig", None) or error
    name = str(getattr(cause, "sqlite_errorname", ""))
    for beginning, condition in _CONDITIONS_OF_SQLITE:
        if name.startswith(beginning):
            return Checkup(condition=condition)
    return Checkup(condition=Condition.UNOPENABLE, reason=name or type(cause).__name__)


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)
