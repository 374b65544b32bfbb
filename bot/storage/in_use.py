"""Whether a running bot has the database, found out without disturbing it."""

import asyncio
import fcntl
import os
from pathlib import Path

import sqlalchemy as sa

from bot.storage.engine import is_away, parse_url, sqlite_path


async def is_in_use(database_url: str, *, patience: float) -> bool | None:
    """Look for the lock of a running bot (see `bot.app.database` and `bot.storage.session`).

    Args:
        database_url: As in the settings.
        patience: Seconds that a server may take.

    Returns:
        None if the server cannot be asked.

    Raises:
        ConfigError: It names no database that we know.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    if path is not None:
        return _is_locked(Path(f"{path}.lock"))
    try:
        async with asyncio.timeout(patience):
            return await _is_anybody_there(url)
    except Exception as error:
        if not isinstance(error, sa.exc.SQLAlchemyError) and not is_away(error):
            raise
    return None


def _is_locked(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


async def _is_anybody_there(url: sa.URL) -> bool:
    # Most have SQLite, and this brings half of SQLAlchemy and a driver.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    from bot.storage.replicas import numbers_there  # noqa: PLC0415

    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            return (await connection.execute(numbers_there().limit(1))).first() is not None
    finally:
        await engine.dispose()
