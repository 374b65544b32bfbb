"""Which keys the database needs, found out without changing anything."""

import asyncio
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage import tables
from bot.storage.engine import parse_url, sqlite_path

_credentials = tables.credentials


async def accounts_by_key(database_url: str, *, patience: float) -> Mapping[str, int] | None:
    """How many accounts are sealed with which key, by its fingerprint.

    Args:
        database_url: As in the settings.
        patience: Seconds to wait for somebody else's lock.

    Returns:
        None if the database cannot be asked; nothing if there is none yet, or an older one.

    Raises:
        ConfigError: It names no database that we know.
    """
    url = parse_url(database_url)
    path = sqlite_path(url)
    options: dict[str, Any] = {}
    if path is not None:
        if not await asyncio.to_thread(path.exists):
            return {}
        options = {"connect_args": {"timeout": patience}}
    engine = create_async_engine(url, **options)
    try:
        apart = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with apart.connect() as connection:
            if not await connection.run_sync(_has_accounts):
                return {}
            count = sa.func.count().label("accounts")
            query = sa.select(_credentials.c.key, count).group_by(_credentials.c.key)
            return {row.key: row.accounts for row in await connection.execute(query)}
    except (sa.exc.SQLAlchemyError, OSError):
        return None
    finally:
        await engine.dispose()


def _has_accounts(connection: sa.Connection) -> bool:
    return sa.inspect(connection).has_table(_credentials.name)
