"""The transport over real sockets: what it sends, over which connections, and for how long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TypeVarTuple, Unpack

import pytest

from bot.errors import ConnectFailed, OutcomeUnknown, TransportError
from bot.transport import aiohttp_transport
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import FRESH, AiohttpTransport
from bot.transport.messages import HttpRequest
from tests.fakes.clock import FakeClock

SECRET = "s3cr3t-code"

Ts = TypeVarTuple("Ts")

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


@pytest.mark.parametrize(
    ("repeatable", "fresh", "connections"), [(True, 1e-9, 1), (False, 1e-9, 3), (False, FRESH, 1)]
)
async def test_what_may_not_be_repeated_goes_only_over_connections_that_were_just_used(
    repeatable: bool, fresh: float, connections: int
) -> None:
    """A stale connection would leave us in doubt about a write that was never sent."""
    opened = 0

    async def answer_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await _one_more(reader):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()

    guard = AddressGuard({"127.0.0.1"})
    async with (
        raw_server(answer_for_ever) as url,
        AiohttpTransport(timer=FakeClock(), guard=guard, fresh=fresh) as transport,
    ):
        for _ in range(3):
            assert (await transport.send(request(url, repeatable=repeatable))).status == 200

    assert opened == connections


async def _one_more(reader: asyncio.StreamReader) -> bool:
    try:
        await reader.readuntil(b"}")
    except asyncio.IncompleteReadError:
        return False
    return True


async def test_no_host_gets_more_connections_at_once_than_the_limit(
    transport: AiohttpTransport,
) -> None:
    limit = aiohttp_transport.CONNECTIONS_PER_HOST
    now = most = 0
    full = asyncio.Event()

    async def count_and_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await reader.readuntil(b"}")
        if now >= limit:
            full.set()
        await full.wait()
        now -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async with raw_server(count_and_answer) as url:
        await asyncio.gather(*(transport.send(request(url, timeout=20)) for _ in range(limit + 20)))

    assert most == limit


async def test_proxies_of_the_environment_are_not_used(
    transport: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with raw_server(answer) as url:
        assert (await transport.send(request(url))).status == 200


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


async def _hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")


async def _say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_passed_deadline_sends_nothing() -> None:
    clock = FakeClock()
    clock.advance(100)

    async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with (
        raw_server(never) as url,
        AiohttpTransport(timer=clock, guard=AddressGuard({"127.0.0.1"})) as transport,
    ):
        for deadline in (99.0, 100.0):
            with pytest.raises(ConnectFailed, match="no time left"):
                await transport.send(request(url), deadline=deadline)


async def test_a_near_deadline_cuts_the_requests_own_time_short() -> None:
    clock = FakeClock()
    clock.advance(100)
    async with (
        asyncio.timeout(10),
        raw_server(_say_nothing) as url,
        AiohttpTransport(timer=clock, guard=AddressGuard({"127.0.0.1"})) as transport,
    ):
        with pytest.raises(OutcomeUnknown, match="TimeoutError"):
            await transport.send(request(url, timeout=60), deadline=100.1)


class NotingLoop(asyncio.SelectorEventLoop):
    """Remembers how far ahead every timer was set."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float] = []

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self.noted.append(when - self.time())
        return super().call_at(when, callback, *args, context=context)


def test_a_timeout_is_kept_to_the_moment_and_not_rounded_up() -> None:
    """What is read again when the deadline has passed must not meet a write still under way."""

    async def run() -> None:
        async with (
            raw_server(_hang_up) as url,
            AiohttpTransport(timer=FakeClock(), guard=AddressGuard({"127.0.0.1"})) as transport,
        ):
            with pytest.raises(OutcomeUnknown):
                await transport.send(request(url, timeout=7.3))

    loop = NotingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())

    of_the_request = [ahead for ahead in loop.noted if 7 < ahead < 9]
    assert of_the_request
    assert max(of_the_request) <= 7.3


@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_closed_transport_sends_nothing(repeatable: bool) -> None:
    transport = AiohttpTransport(timer=FakeClock(), guard=AddressGuard({"127.0.0.1"}))
    async with transport:
        pass

    with pytest.raises(ConnectFailed, match="closed"):
        await transport.send(request("http://127.0.0.1:1/", repeatable=repeatable))


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


def test_a_request_shows_no_secret_in_its_repr() -> None:
    shown = repr(request(f"https://portal/rest/1/{SECRET}/profile"))

    assert SECRET not in shown
    assert "operation='profile'" in shown
    assert issubclass(ConnectFailed, TransportError)
