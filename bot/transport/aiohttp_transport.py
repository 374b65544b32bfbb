"""The transport on aiohttp: the only place from which this bot speaks HTTP to others."""

import math
from contextvars import ContextVar
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import Connection
from aiohttp.hdrs import CONTENT_ENCODING
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot import __version__
from bot.errors import ConnectFailed, OutcomeUnknown
from bot.transport.addresses import AddressGuard, GuardedResolver
from bot.transport.messages import HttpRequest, HttpResponse, Timer

CONNECT_TIMEOUT = 5.0
BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of an answer that we are willing to read."""
CONNECTIONS_PER_HOST = 64
KEEP_ALIVE = 15.0
"""Seconds for which an unused connection is kept."""
FRESH = 2.0
"""Likewise, where a request must not be repeated; servers hang up after five seconds or more."""
_CHUNK = 64 * 1024


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    """The answer exceeds the limit."""


class _SecondRound(Exception):  # noqa: N818 - never leaves this module
    """aiohttp was about to repeat a request that must not be repeated."""


_FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ValueError, _TooLarge, _SecondRound)
"""All that aiohttp, the sockets and the parsers below them raise."""


class _Progress:
    """Whether a request has begun to leave; before that, failing is harmless."""

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self.sending = False

    def begin(self) -> None:
        """It is about to leave over an open connection.

        Raises:
            _SecondRound: aiohttp repeats what must not be.
        """
        if self.sending and self._once:
            raise _SecondRound
        self.sending = True


_progress: ContextVar[_Progress] = ContextVar("progress")


class _Request(aiohttp.ClientRequest):
    """Tells when it begins to leave. aiohttp's own tracing costs as much as a short request."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        _progress.get().begin()
        return await super().send(conn)


class AiohttpTransport:
    """Sends requests over two sessions.

    Repeatable requests share kept-alive connections. Others share only those that were used a
    moment ago: one that its server has closed for being idle would leave us in doubt about a write
    that was never sent. And aiohttp repeats idempotent methods by itself when a server hangs up, on
    a new connection too, so those requests are held back from a second round.

    Cookies are never kept (one person's portal cookie must not travel with another's token),
    proxies of the environment and redirects never followed.
    """

    def __init__(
        self,
        *,
        timer: Timer,
        guard: AddressGuard | None = None,
        resolver: AbstractResolver | None = None,
        body_limit: int = BODY_LIMIT,
        fresh: float = FRESH,
    ) -> None:
        self._timer = timer
        self._guard = guard or AddressGuard()
        self._resolver = resolver
        self._body_limit = body_limit
        self._fresh_for = fresh
        self._kept_alive: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the sessions."""
        self._kept_alive = self._session(KEEP_ALIVE)
        self._fresh = self._session(self._fresh_for)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the sessions and their connections."""
        sessions = (self._kept_alive, self._fresh)
        self._kept_alive = self._fresh = None
        for session in sessions:
            if session is not None:
                await session.close()

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        """See `Transport.send`."""
        session = self._kept_alive if request.repeatable else self._fresh
        if session is None:
            raise ConnectFailed(request.operation, "transport is closed")
        timeout = request.timeout
        if deadline is not None:
            timeout = min(timeout, deadline - self._timer.monotonic())
        if timeout <= 0:
            raise ConnectFailed(request.operation, "no time left")
        progress = _Progress(once=not request.repeatable)
        _progress.set(progress)
        try:
            return await self._exchange(session, request, timeout)
        except _FAILURES as error:
            reason = _reason(error)
        # Raised out here, so that no foreign exception with its address hangs on to ours.
        if progress.sending:
            raise OutcomeUnknown(request.operation, reason)
        raise ConnectFailed(request.operation, reason)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        timeout: float,
    ) -> HttpResponse:
        url = URL(request.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise aiohttp.InvalidURL("address of another kind")
        # Addresses written as numbers never reach a resolver.
        self._guard.check_literal(url.host, url.port or 0)
        async with session.request(
            request.method,
            url,
            data=request.body or None,
            headers=dict(request.headers),
            allow_redirects=False,
            timeout=_within(timeout),
        ) as response:
            body = await self._read(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(status=response.status, headers=headers, body=body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        length = response.content_length
        if length is not None and length > self._body_limit:
            response.close()
            raise _TooLarge
        if length is not None and CONTENT_ENCODING not in response.headers:
            return await response.read()
        chunks, size = [], 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._body_limit:
                response.close()
                raise _TooLarge
            chunks.append(chunk)
        return b"".join(chunks)

    def _session(self, keep_alive: float) -> aiohttp.ClientSession:
        resolver = GuardedResolver(self._resolver or ThreadedResolver(), self._guard)
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            limit=0,
            limit_per_host=CONNECTIONS_PER_HOST,
            keepalive_timeout=keep_alive,
            # Judged anew on every connection, so nothing may be remembered.
            use_dns_cache=False,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": f"rsvp-bot/{__version__}"},
            request_class=_Request,
        )


def _within(seconds: float) -> aiohttp.ClientTimeout:
    # Left to itself, aiohttp rounds deadlines of five seconds and more up to the next whole one,
    # and what is planned for the moment after a deadline would meet a request still under way.
    # https://docs.aiohttp.org/en/stable/client_reference.html#clienttimeout
    return aiohttp.ClientTimeout(
        total=seconds, sock_connect=CONNECT_TIMEOUT, ceil_threshold=math.inf
    )


def _reason(error: BaseException) -> str:
    """A fixed word; never the foreign text, which holds addresses."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return type(error).__name__.lstrip("_")
