"""What the transport makes of every failure: was it sent, and is nothing of it told."""

import asyncio
import inspect
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.errors import BotError, ConnectFailed, OutcomeUnknown
from bot.transport import aiohttp_transport
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.messages import HttpRequest
from tests.fakes.clock import FakeClock

SECRET = "s3cr3t-code"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(handler: Handler) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}/rest/1/{SECRET}/profile"


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with AiohttpTransport(
        timer=FakeClock(), guard=AddressGuard({"127.0.0.1"}), body_limit=1000
    ) as opened:
        yield opened


def request(
    url: str, *, method: str = "POST", repeatable: bool = False, timeout: float = 2.0
) -> HttpRequest:
    return HttpRequest(
        operation="profile",
        method=method,
        url=url,
        headers={"Authorization": f"Bearer {SECRET}"},
        body=f'{{"auth": "{SECRET}"}}'.encode(),
        repeatable=repeatable,
        timeout=timeout,
    )


def assert_no_secret(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    assert SECRET not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_a_refused_connection_was_surely_not_sent(transport: AiohttpTransport) -> None:
    async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with raw_server(never) as url:
        pass

    with pytest.raises(ConnectFailed) as caught:
        await transport.send(request(url))
    assert_no_secret(caught.value)


async def test_a_handshake_that_never_ends_was_surely_not_sent(
    transport: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiohttp_transport, "CONNECT_TIMEOUT", 0.05)
    async with asyncio.timeout(10), raw_server(_say_nothing) as url:
        with pytest.raises(ConnectFailed) as caught:
            await transport.send(request(url.replace("http:", "https:"), timeout=60))
    assert_no_secret(caught.value)


async def test_a_handshake_that_fails_was_surely_not_sent(transport: AiohttpTransport) -> None:
    async with raw_server(_speak_no_tls) as url:
        with pytest.raises(ConnectFailed, match="SSLError") as caught:
            await transport.send(request(url.replace("http:", "https:")))
    assert_no_secret(caught.value)


async def _speak_no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await reader.read()


async def _hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")


async def _say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _promise_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def _announce_too_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
    await writer.drain()
    await reader.read()


async def _stream_too_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 2000)
    await writer.drain()


async def _talk_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")
    writer.write(b"\x00\xff nonsense\r\n\r\n")
    await writer.drain()


async def _break_compression(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nno gzip!!")
    await writer.drain()


@pytest.mark.parametrize(
    "misbehave",
    [
        _hang_up,
        _say_nothing,
        _promise_more,
        _announce_too_much,
        _stream_too_much,
        _talk_nonsense,
        _break_compression,
    ],
)
async def test_whatever_breaks_after_sending_leaves_the_outcome_unknown(
    transport: AiohttpTransport, misbehave: Handler
) -> None:
    async with raw_server(misbehave) as url:
        with pytest.raises(OutcomeUnknown) as caught:
            await transport.send(request(url, timeout=0.3))
    assert_no_secret(caught.value)


@pytest.mark.parametrize("misbehave", [_announce_too_much, _stream_too_much])
async def test_an_answer_that_is_too_large_is_refused_before_it_is_read(
    transport: AiohttpTransport, misbehave: Handler
) -> None:
    async with asyncio.timeout(10), raw_server(misbehave) as url:
        with pytest.raises(OutcomeUnknown, match="TooLarge"):
            await transport.send(request(url, timeout=60))


@pytest.mark.parametrize(
    "url",
    [
        f"https://[{SECRET}/",
        f"http://:{SECRET}@/",
        f"http://host:port{SECRET}/",
        f"{SECRET}",
        f"ftp://{SECRET}/",
        f"http://\x00{SECRET}/",
        f"http://{'a' * 300}.{SECRET}/",
        f"//{SECRET}/",
    ],
)
async def test_an_address_that_cannot_be_read_leaks_nothing(
    transport: AiohttpTransport, url: str
) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await transport.send(request(url))
    assert_no_secret(caught.value)


KEY = ConnectionKey(SECRET, 443, True, True, None, None, None)
INFO = aiohttp.RequestInfo(
    URL(f"https://{SECRET}/"), "GET", CIMultiDictProxy(CIMultiDict()), URL(f"https://{SECRET}/")
)
WAYS_TO_MAKE_ONE: list[tuple[object, ...]] = [
    (INFO, ()),
    (KEY, OSError(1, SECRET)),
    (SECRET, KEY, OSError(1, SECRET)),
    (b"", b"", SECRET, 443),
    (SECRET,),
]


def _aiohttp_errors() -> list[Exception]:
    made: list[Exception] = []
    for _, kind in inspect.getmembers(aiohttp, inspect.isclass):
        if not issubclass(kind, aiohttp.ClientError):
            continue
        for arguments in WAYS_TO_MAKE_ONE:
            try:
                made.append(kind(*arguments))
            except (TypeError, AttributeError):
                continue
            break
        else:
            raise AssertionError(kind)
    return made


class FailingResolver(AbstractResolver):
    """Raises from within aiohttp, where the network would."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def resolve(
        self,
        host: str,  # noqa: ARG002 - the signature is aiohttp's
        port: int = 0,  # noqa: ARG002
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        raise self._error

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "error",
    [
        *_aiohttp_errors(),
        TimeoutError(SECRET),
        ConnectionResetError(104, SECRET),
        socket.gaierror(-2, SECRET),
        ssl.SSLError(1, SECRET),
        ssl.SSLCertVerificationError(1, SECRET),
        UnicodeError(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_aiohttp_raises_comes_out_as_ours_and_bare(error: Exception) -> None:
    resolver = FailingResolver(error)
    async with AiohttpTransport(timer=FakeClock(), resolver=resolver) as transport:
        with pytest.raises(ConnectFailed) as caught:
            await transport.send(request(f"https://portal.test/rest/1/{SECRET}/profile"))
    assert_no_secret(caught.value)


def test_the_walk_over_aiohttps_errors_meets_them() -> None:
    kinds = {type(error) for error in _aiohttp_errors()}

    assert len(kinds) > 20
    assert {aiohttp.ClientConnectorCertificateError, aiohttp.InvalidURL} <= kinds


async def test_no_address_is_ever_logged(
    transport: AiohttpTransport, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer_with_a_strange_cookie(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"}")
        writer.write(
            f"HTTP/1.1 200 OK\r\nSet-Cookie: {SECRET} name=1\r\nContent-Length: 0\r\n\r\n".encode()
        )
        await writer.drain()

    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    logging.getLogger("aiohttp.client").debug("seen")
    async with raw_server(answer_with_a_strange_cookie) as url:
        await transport.send(request(url))
        await transport.send(request(url, method="GET", repeatable=True))
    for misbehave in (_hang_up, _talk_nonsense, _promise_more):
        async with raw_server(misbehave) as url:
            for repeatable in (True, False):
                with pytest.raises(OutcomeUnknown):
                    await transport.send(request(url, repeatable=repeatable))
    with pytest.raises(ConnectFailed):
        await transport.send(request(url))

    assert "seen" in caplog.text
    assert SECRET not in caplog.text


def test_every_exception_class_of_aiohttps_client_is_covered() -> None:
    classes = [
        kind
        for _, kind in inspect.getmembers(aiohttp, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and not kind.__module__.startswith("aiohttp.web")
    ]
    uncovered = {
        kind.__name__
        for kind in classes
        if not issubclass(kind, aiohttp_transport._FAILURES) and not issubclass(kind, BotError)
    }

    assert len(classes) > 25
    # None of these comes from a request: streams' own signals, multipart bodies, WebSockets.
    assert uncovered <= {
        "EofStream",
        "BadContentDispositionHeader",
        "BadContentDispositionParam",
        "WSMessageTypeError",
        "WebSocketError",
    }
