"""The transport on aiohttp: the only place from which this bot speaks HTTP to others."""

import math
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
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
_CHUNK = 64 * 1024


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    """The answer exceeds the limit."""


class _SecondRound(Exception):  # noqa: N818 - never leaves this module
    """aiohttp was about to repeat a request that must not be repeated."""


_FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ValueError, _TooLarge, _SecondRound)
"""All that aiohttp, the sockets and the parsers below them raise."""


class _Progress:
    """Whether a request has begun to leave; before that, failing is harmless."""

    sending = False


class AiohttpTransport:
    """Sends requests over two sessions.

    Repeatable requests share kept-alive connections. Others get a connection of their own each: a
    stale one would leave us in doubt about a write that was never sent. And aiohttp repeats
    idempotent methods by itself when a server hangs up, on a new connection too, so those
    requests are held back from a second round.

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
    ) -> None:
        self._timer = timer
        self._guard = guard or AddressGuard()
        self._resolver = resolver
        self._body_limit = body_limit
        self._kept_alive: aiohttp.ClientSession | None = None
        self._single_use: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the sessions."""
        self._kept_alive = self._session(force_close=False)
        self._single_use = self._session(force_close=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the sessions and their connections."""
        sessions = (self._kept_alive, self._single_use)
        self._kept_alive = self._single_use = None
        for session in sessions:
            if session is not None:
                await session.close()

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        """See `Transport.send`."""
        session = self._kept_alive if request.repeatable else self._single_use
        if session is None:
            raise ConnectFailed(request.operation, "transport is closed")
        timeout = request.timeout
        if deadline is not None:
            timeout = min(timeout, deadline - self._timer.monotonic())
        if timeout <= 0:
            raise ConnectFailed(request.operation, "no time left")
        progress = _Progress()
        try:
            return await self._exchange(session, request, timeout, progress)
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
        progress: "_Progress",
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
            trace_request_ctx=progress,
            middlewares=() if request.repeatable else (_once(progress),),
        ) as response:
            body = await self._read(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(status=response.status, headers=headers, body=body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._body_limit:
            response.close()
            raise _TooLarge
        chunks, size = [], 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._body_limit:
                response.close()
                raise _TooLarge
            chunks.append(chunk)
        return b"".join(chunks)

    def _session(self, *, force_close: bool) -> aiohttp.ClientSession:
        resolver = GuardedResolver(self._resolver or ThreadedResolver(), self._guard)
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            limit=0,
            limit_per_host=CONNECTIONS_PER_HOST,
            force_close=force_close,
            # Judged anew on every connection, so nothing may be remembered.
            use_dns_cache=False,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": f"rsvp-bot/{__version__}"},
            trace_configs=[_watch_sending()],
        )


def _within(seconds: float) -> aiohttp.ClientTimeout:
    # Left to itself, aiohttp rounds deadlines of five seconds and more up to the next whole one,
    # and what is planned for the moment after a deadline would meet a request still under way.
    # https://docs.aiohttp.org/en/stable/client_reference.html#clienttimeout
    return aiohttp.ClientTimeout(
        total=seconds, sock_connect=CONNECT_TIMEOUT, ceil_threshold=math.inf
    )


def _once(progress: _Progress) -> aiohttp.ClientMiddlewareType:
    async def pass_once(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if progress.sending:
            raise _SecondRound
        return await handler(request)

    return pass_once


def _watch_sending() -> aiohttp.TraceConfig:
    trace: aiohttp.TraceConfig = aiohttp.TraceConfig()

    async def note(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        context.trace_request_ctx.sending = True

    trace.on_request_headers_sent.append(note)
    return trace


def _reason(error: BaseException) -> str:
    """A fixed word; never the foreign text, which holds addresses."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return type(error).__name__.lstrip("_")
