"""Opening the database: drivers, SQLite's pragmas, file modes, migrations."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from bot.errors import ConfigError, StorageError
from bot.storage.copying import BUSY_TIMEOUT, copy_database
from bot.storage.parameters import in_drivers_words
from bot.storage.revisions import CURRENT, UpgradeError, revision_of
from bot.storage.worker import Worker

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

_MAGIC = b"SQLite format 3\0"
"""https://www.sqlite.org/fileformat.html"""
_READING = "AUTOCOMMIT"
_PASSING = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR")
"""https://www.sqlite.org/rescode.html"""
_PASSING_STATES = frozenset({"57P03", "53300"})
"""The server is starting or stopping; it has too many connections.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


def parse_url(text: str) -> sa.URL:
    """Read DATABASE_URL and name our async driver.

    Raises:
        ConfigError: It is none, of a database that we do not know, or with parameters that we do
            not know.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):  # the latter for a port that is no number
        url = None
    if url is None or url.drivername not in _DRIVERS:
        raise ConfigError("DATABASE_URL: must be sqlite:///PATH or postgresql://…")
    return in_drivers_words(url.set(drivername=_DRIVERS[url.drivername]))


def sqlite_path(url: sa.URL) -> Path | None:
    """The file behind a SQLite address."""
    if not url.drivername.startswith("sqlite") or not url.database:
        return None
    return Path(url.database)


async def open_engine(url: sa.URL) -> "sa.Engine | AsyncEngine":
    """Open the database, made or brought up to date if need be.

    Returns:
        For SQLite an engine that blocks, for PostgreSQL one that does not.

    Raises:
        ConfigError: It cannot be opened.
        StorageError: Not for the moment: the disk is full, another program has it locked, or its
            server does not answer. Whoever starts again later may well succeed.
    """
    path = sqlite_path(url)
    try:
        if path is not None:
            _prepare_file(path)
            return await _in_a_thread(lambda: _open_sqlite(url, path))
        from bot.storage.pool import open_pool  # noqa: PLC0415 - most have SQLite

        return await open_pool(url)
    except (sa.exc.SQLAlchemyError, sqlite3.Error, UpgradeError, OSError) as error:
        reason, passing = type(error).__name__, _passes(error)
    if passing:
        raise StorageError(f"the database cannot be opened now ({reason})")
    raise ConfigError(f"DATABASE_URL: the database cannot be opened ({reason})")


async def _in_a_thread(work: Callable[[], T]) -> T:
    worker = Worker("sqlite opener")
    try:
        return await worker.do(work)
    finally:
        await worker.stop()


def _open_sqlite(url: sa.URL, path: Path) -> sa.Engine:
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        # Else a statement that fails would be told with all that people wrote.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT},
    )
    _tune_sqlite(engine)
    try:
        with engine.execution_options(isolation_level=_READING).connect() as connection:
            revision = revision_of(connection)
        if revision != CURRENT:
            _upgrade_sqlite(engine, path, revision)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _upgrade_sqlite(engine: sa.Engine, path: Path, revision: str | None) -> None:
    from bot.storage.upgrading import upgrade  # noqa: PLC0415 - few starts need it

    if revision is not None:
        _back_up(path, revision)
    with engine.begin() as connection:
        upgrade(connection)


def _passes(error: Exception) -> bool:
    """Whether it is a matter of the moment, and not of settings."""
    if isinstance(error, OSError):
        # Whom we cannot trust today we cannot trust tomorrow.
        return not isinstance(error, SSLCertVerificationError)
    told = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    name = str(getattr(told, "sqlite_errorname", ""))
    return name.startswith(_PASSING) or getattr(told, "sqlstate", "") in _PASSING_STATES


def is_away(error: Exception) -> bool:
    """Whether an error says that a server does not answer; SQLAlchemy leaves some as they come."""
    driver = type(error).__module__.partition(".")[0] == "asyncpg"
    # SQLAlchemy's own says that no connection came free in time.
    return driver or isinstance(error, TimeoutError | OSError | sa.exc.TimeoutError)


def refuse_foreign_file(path: Path) -> None:
    """See that there is a database or nothing, before anything is touched.

    Raises:
        ConfigError: It is something else.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        if path.is_file() and head in (b"", _MAGIC):
            return
        reason = "it is no database"
    raise ConfigError(f"DATABASE_URL: the file cannot be opened ({reason})")


def _prepare_file(path: Path) -> None:
    refuse_foreign_file(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
    except OSError as error:
        reason = error.strerror
    else:
        return
    raise ConfigError(f"DATABASE_URL: the file cannot be opened ({reason})")


def _tune_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transaction control would begin late and deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # With WAL, a killed process loses nothing at NORMAL; only a power cut may cost the last
        # moments.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == _READING:
            return
        # A deferred transaction that writes later can fail at once, busy timeout or not.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _back_up(path: Path, revision: str) -> None:
    backup = path.with_name(f"{path.name}.{revision}.bak")
    # Of an upgrade that broke off. The mode is 600 from the beginning, for what people wrote.
    backup.unlink(missing_ok=True)
    os.close(os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    copy_database(path, backup)
