"""The transport over real sockets: what it sends, what it makes of every failure."""

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.errors import BotError, ConnectFailed, OutcomeUnknown, TransportError
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


async def test_a_whole_answer_comes_back_with_lower_case_header_names(
    transport: AiohttpTransport,
) -> None:
    received = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received = await reader.readuntil(b"}")
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Thing: Yes\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"
        )
        await writer.drain()

    async with raw_server(answer) as url:
        response = await transport.send(request(url))

    assert (response.status, response.body) == (200, b"ok")
    assert response.headers["x-thing"] == "Yes"
    assert b"User-Agent: rsvp-bot/" in received


async def test_redirects_are_not_followed_and_cookies_not_kept(
    transport: AiohttpTransport,
) -> None:
    requests: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"}"))
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: portal=1; Path=/\r\n"
            b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await writer.drain()

    async with raw_server(redirect) as url:
        first = await transport.send(request(url))
        await transport.send(request(url))

    assert (first.status, first.headers["location"]) == (302, "/other")
    assert len(requests) == 2
    assert b"Cookie" not in requests[1]


@pytest.mark.parametrize(("repeatable", "seen"), [(False, 1), (True, 2)])
async def test_what_must_not_be_repeated_is_seen_once_when_the_server_hangs_up(
    transport: AiohttpTransport, repeatable: bool, seen: int
) -> None:
    """aiohttp sends a GET a second time by itself; with a token in it that can cost an account."""
    requests = 0

    async def count_and_hang_up(
        reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        nonlocal requests
        await reader.readuntil(b"}")
        requests += 1

    async with raw_server(count_and_hang_up) as url:
        with pytest.raises(OutcomeUnknown):
            await transport.send(request(url, method="GET", repeatable=repeatable))

    assert requests == seen


async def test_a_refused_connection_was_surely_not_sent(transport: AiohttpTransport) -> None:
    async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with raw_server(never) as url:
        pass

    with pytest.raises(ConnectFailed) as caught:
        await transport.send(request(url))
    assert_no_secret(caught.value)


async def test_a_passed_deadline_sends_nothing(transport: AiohttpTransport) -> None:
    async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with raw_server(never) as url:
        with pytest.raises(ConnectFailed, match="no time left"):
            await transport.send(request(url), deadline=0.0)


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


async def test_cancelling_is_no_failure(transport: AiohttpTransport) -> None:
    reached = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        reached.set()
        await reader.read()

    async with raw_server(hold) as url:
        sending = asyncio.create_task(transport.send(request(url, timeout=30)))
        await reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


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


def test_a_request_shows_no_secret_in_its_repr() -> None:
    shown = repr(request(f"https://portal/rest/1/{SECRET}/profile"))

    assert SECRET not in shown
    assert "operation='profile'" in shown
    assert issubclass(ConnectFailed, TransportError)
