"""What lies between the bot and its database server, and what may go wrong there."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto

import sqlalchemy as sa

_ASKS_FOR_TLS = 8
"""Bytes of the request with which a connection begins that is to be encrypted."""
_COMMIT = b"COMMIT;\0"
"""As asyncpg sends it: https://www.postgresql.org/docs/current/protocol-message-formats.html"""


class Fate(Enum):
    """What becomes of a COMMIT."""

    NOT_PASSED = auto()
    """The connection breaks before the server hears of it."""
    UNANSWERED = auto()
    """The connection breaks when the server has carried it out."""
    UNHEARD = auto()
    """The server carries it out, and from then on nothing passes."""


class Proxy:
    """Passes bytes between the bot and the server, unless told otherwise.

    Attributes:
        lost: How many COMMITs, or answers to one, did not arrive.
    """

    def __init__(self, socket: str, tls: ssl.SSLContext | None) -> None:
        self._socket = socket
        self._tls = tls
        self._passing = asyncio.Event()
        self._passing.set()
        self._fate: Fate | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[_Connection] = set()
        self.lost = 0

    def lose_next(self, fate: Fate) -> None:
        """Let the next COMMIT come to that."""
        self._fate = fate

    def go_silent(self) -> None:
        """Pass nothing on any more, and say so to nobody, like a network that is cut."""
        self._passing.clear()

    def come_back(self) -> None:
        """Pass on what comes from now on; what was connected before stays cut for good."""
        for connection in self._connections:
            connection.is_cut = True
        self._passing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See to one connection."""
        connection = _Connection()
        self._connections.add(connection)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._passing.wait()
            if not connection.is_cut:
                await self._join(connection, reader, writer)
            if connection.is_cut:
                # Whoever is cut off does not hear of that.
                await reader.read()
        except (OSError, asyncio.CancelledError):
            # asyncio would tell of a task that ends so.
            pass
        finally:
            self._connections.discard(connection)
            self._tasks.discard(task)
            writer.transport.abort()

    async def stop(self) -> None:
        """Break everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(
        self, connection: "_Connection", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._tls is not None:
            await reader.readexactly(_ASKS_FOR_TLS)
            writer.write(b"S")
            await writer.start_tls(self._tls)
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        try:
            async with asyncio.TaskGroup() as both:
                there = both.create_task(self._there(connection, reader, to_server))
                back = both.create_task(self._back(connection, from_server, writer))
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
                there.cancel()
                back.cancel()
        except* OSError:
            pass
        finally:
            to_server.transport.abort()

    async def _there(
        self, connection: "_Connection", reader: asyncio.StreamReader, server: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            if not await self._may_pass(connection):
                return
            if _COMMIT in data:
                connection.fate, self._fate = self._fate, None
                if connection.fate is Fate.NOT_PASSED:
                    self.lost += 1
                    return
            server.write(data)
            await server.drain()

    async def _back(
        self, connection: "_Connection", server: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await server.read(65536):
            if connection.fate is not None:
                self.lost += 1
                if connection.fate is Fate.UNANSWERED:
                    return
                self.go_silent()
            if not await self._may_pass(connection):
                return
            writer.write(data)
            await writer.drain()

    async def _may_pass(self, connection: "_Connection") -> bool:
        await self._passing.wait()
        return not connection.is_cut


@dataclass(slots=True, eq=False)
class _Connection:
    is_cut: bool = False
    fate: Fate | None = None


@asynccontextmanager
async def proxy_before(
    url: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Proxy, str]]:
    """Put one before a server that listens on a socket; with the address that leads through it."""
    address = sa.make_url(url)
    proxy = Proxy(f"{address.query['host']}/.s.PGSQL.{address.port or 5432}", tls)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = address.set(
        host="127.0.0.1", port=port, query={} if tls is None else {"ssl": "require"}
    )
    try:
        yield proxy, through.render_as_string(hide_password=False)
    finally:
        server.close()
        await proxy.stop()
        with contextlib.suppress(OSError):
            await server.wait_closed()
