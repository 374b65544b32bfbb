"""The least of HTTP that a benchmark's other end needs: it must cost less than what is measured.

It knows requests with a Content-Length and nothing in chunks, which is what all the bots send.
"""

import asyncio
import re
from collections.abc import Callable
from typing import cast

_LENGTH = re.compile(rb"content-length:[ \t]*(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"

Respond = Callable[[bytes, float], None]
"""Sends a body as JSON after so many seconds."""
Handle = Callable[[str, bytes, Respond], None]
"""Takes a request's path and body."""


class _Messages(asyncio.Protocol):
    """Cuts a stream into messages of a head and a body."""

    def __init__(self) -> None:
        self._rest = b""
        self._stream: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write."""
        # Those of uvloop are none by inheritance.
        self._stream = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._rest += data
        while (end := self._rest.find(_END)) >= 0:
            head = self._rest[:end]
            found = _LENGTH.search(head)
            whole = end + len(_END) + (0 if found is None else int(found[1]))
            if len(self._rest) < whole:
                return
            body, self._rest = self._rest[end + len(_END) : whole], self._rest[whole:]
            self.message(head, body)

    def message(self, head: bytes, body: bytes) -> None:
        """Take one message."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Send, unless nobody listens any more."""
        if self._stream is not None and not self._stream.is_closing():
            self._stream.write(data)


class Server(_Messages):
    """One connection of somebody who asks."""

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self._handle = handle

    def message(self, head: bytes, body: bytes) -> None:
        """Have it answered."""
        path = head.split(b" ", 2)[1].decode()
        self._handle(path, body, self._respond)

    def _respond(self, body: bytes, after: float) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        whole = head % len(body) + body
        if after > 0:
            asyncio.get_running_loop().call_later(after, self.write, whole)
        else:
            self.write(whole)


class Poster(_Messages):
    """One connection that posts, one message after another."""

    def __init__(self) -> None:
        super().__init__()
        self.done: Callable[[int], None] = _nobody_waits

    def message(self, head: bytes, body: bytes) -> None:
        """See what came of the last one."""
        del body
        self.done(int(head.split(b" ", 2)[1]))

    def post(self, host: str, path: str, body: bytes, secret: str) -> None:
        """Post an update as Telegram does."""
        self.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def close(self) -> None:
        """Hang up."""
        if self._stream is not None:
            self._stream.close()


def _nobody_waits(status: int) -> None:
    """Nothing was posted yet."""
    del status
