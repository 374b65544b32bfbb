"""What anybody may send to the bot's address: nothing of it breaks a page or takes our memory."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote_from_bytes, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.chat import IncomingMessage
from bot.sandbox.company import ANN
from bot.web.bodies import BODY_LIMIT
from bot.web.server import WebServer
from bot.web.sign_in import SignInPages
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.ports import free_port
from tests.fuzz.hostile import MARK, Said, listening, rare, texts
from tests.fuzz.test_telegram import GOOD, SECRET, platform
from tests.fuzz.wires import Wire, ok
from tests.integration.sign_in_office import button_url

_PIECE = 64 * 1024
MUCH = 50 * 1024 * 1024
TELEGRAM = f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"


class Site:
    """The bot's address, and what came through it."""

    def __init__(self, bot: Bot, port: int, taken: list[IncomingMessage]) -> None:
        self.bot = bot
        self.port = port
        self.taken = taken

    async def send(self, request: bytes, *, rest: bytes = b"") -> int:
        """The status that raw bytes get; 0 if the connection is closed without a word."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(20):
                writer.write(request)
                for start in range(0, len(rest), _PIECE):
                    # Not all at once: what waits here to be sent would be counted too.
                    writer.write(rest[start : start + _PIECE])
                    await writer.drain()
                line = await reader.readline()
        except ConnectionError:
            return 0
        finally:
            writer.close()
        return int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0

    async def waits(self, request: bytes) -> int:
        """The status that comes although the request's body never does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            async with asyncio.timeout(5):
                line = await reader.readline()
        finally:
            writer.close()
        return int(line.split()[1])

    async def links(self) -> list[str]:
        """Paths of sign-ins that can be begun."""
        (reply,) = await self.bot.say("/link")
        return [urlsplit(button_url(reply, name)).path for name in ("Bitrix24", "Cronofy")]


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    taken: list[IncomingMessage] = []

    async def receive(messages: Sequence[IncomingMessage]) -> None:
        taken.extend(messages)

    port = free_port()
    telegram = platform(Wire(lambda _request: ok(True)))
    telegram._receive = receive
    async with running_bot(linked=(), public_url=f"http://127.0.0.1:{port}") as bot:
        pages = SignInPages(bot.sign_ins, clock=bot.clock, language="en")
        async with WebServer([telegram.endpoint], host="127.0.0.1", port=port, pages=[pages]):
            yield Site(bot, port, taken)
    await telegram.stop()


def post(path: str, body: bytes, headers: str = "", *, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n"
    return f"{head}{headers}\r\n".encode(errors="replace") + body


def get(path: str, headers: str = "") -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
    return head.encode(errors="replace")


def assert_calm(statuses: list[int], said: Said) -> None:
    assert statuses
    assert not [status for status in statuses if status >= 500], statuses
    assert not [
        line for line in said.lines if MARK in line or SECRET in line or "Traceback" in line
    ]


escaped = (st.binary(max_size=60) | texts.map(lambda text: text.encode(errors="replace"))).map(
    lambda raw: quote_from_bytes(raw[:2000], safe="")
)
names = st.sampled_from(["state", "code", "error", "error_description", "scope", "server_domain"])
queries = st.lists(st.tuples(names | escaped, escaped), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
cookies = st.sampled_from(
    ["", "Cookie: rsvp=\r\n", f"Cookie: rsvp={'A' * 43}\r\n", f"Cookie: rsvp={MARK}; a=b;;=\r\n"]
)
kinds = st.sampled_from(
    [
        "",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-99\r\n",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-16\r\n",
        "Content-Type: multipart/form-data\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/json\r\n",
        f"Content-Type: {MARK}\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: deflate\r\n",
        "Accept-Language: \xff\xfe, *;q=x\r\n",
    ]
)
providers = st.sampled_from(["bitrix24", "cronofy", MARK, "", "..", "%00", "%2e%2e%2fstatic"])


@rare
@given(
    st.lists(st.tuples(providers, queries, cookies, kinds), min_size=5, max_size=25),
)
@example([("bitrix24", "state=%ED%A0%80&code=%00", "", ""), ("cronofy", "state=%ff&error", "", "")])
def test_whatever_a_provider_or_a_stranger_sends_back_no_page_breaks(
    returns: list[tuple[str, str, str, str]],
) -> None:
    async def run() -> None:
        async with site() as it:
            links = await it.links()
            with listening() as said:
                statuses = []
                for provider, query, cookie, kind in returns:
                    path = f"/oauth/{provider}?{query}"
                    statuses.append(await it.send(get(path, cookie + kind)))
                    statuses.append(await it.send(get(f"{links[0]}?{query}", cookie + kind)))
                    statuses.append(await it.send(get(f"/link/confirm/{query}", cookie)))
                    for target in (*links, f"/oauth/{provider}", f"/link/confirm/{provider}x"):
                        body = query.encode()
                        statuses.append(await it.send(post(target, body, cookie + kind)))
            assert_calm(statuses, said)
            # Nobody was signed in by any of that.
            assert not await it.bot.book.accounts_of(identity_of(ANN))

    asyncio.run(run())


@rare
@given(st.lists(st.tuples(st.binary(max_size=300), kinds, st.booleans()), min_size=5, max_size=20))
@example([(b"[" * 100_000, "", True), (b'{"update_id": 1}', "Content-Encoding: gzip\r\n", True)])
def test_whatever_is_posted_as_an_update_it_is_taken_or_refused(
    posts: list[tuple[bytes, str, bool]],
) -> None:
    async def run() -> None:
        async with site() as it:
            with listening() as said:
                statuses = []
                for body, kind, knows in posts:
                    secret = TELEGRAM if knows else f"X-Telegram-Bot-Api-Secret-Token: {MARK}\r\n"
                    statuses.append(await it.send(post("/telegram", body, secret + kind)))
                    assert knows or statuses[-1] == 401
            assert_calm(statuses, said)
            good = json.dumps(GOOD[0]).encode()
            assert await it.send(post("/telegram", good, TELEGRAM)) == 200
            assert len(it.taken) == 1

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/telegram", "/oauth/cronofy", "/link/unknown"])
async def test_a_huge_body_is_refused_before_any_of_it_comes(path: str) -> None:
    async with site() as it:
        status = await it.waits(post(path, b"", TELEGRAM, length=MUCH))

    assert status == 413


@pytest.mark.parametrize("secret", ["", "X-Telegram-Bot-Api-Secret-Token: wrong\r\n"])
async def test_without_the_secret_a_body_is_not_even_waited_for(secret: str) -> None:
    async with site() as it:
        status = await it.waits(post("/telegram", b"", secret, length=BODY_LIMIT - 1))

    assert status == 401


def _chunked(pieces: int, piece: bytes) -> bytes:
    return (f"{len(piece):x}\r\n".encode() + piece + b"\r\n") * pieces + b"0\r\n\r\n"


BOMB = gzip.compress(b" " * MUCH)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Transfer-Encoding: chunked\r\n", _chunked(800, b"x" * 65536)),
        (f"Content-Length: {len(BOMB)}\r\nContent-Encoding: gzip\r\n", BOMB),
    ],
    ids=["chunks without end", "zip bomb"],
)
async def test_what_hides_its_size_takes_no_memory(headers: str, body: bytes) -> None:
    head = f"POST /telegram HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{TELEGRAM}{headers}\r\n"
    assert len(BOMB) < BODY_LIMIT
    async with site() as it:
        tracemalloc.start()
        try:
            status = await it.send(head.encode(), rest=body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    # Compressed, it is no JSON: nobody who may post to us compresses, so nothing is unpacked.
    assert status in (0, 400, 413)
    assert it.taken == []
    # Several times the limit, and a small part of what would have come.
    assert peak < 16 * BODY_LIMIT


@pytest.mark.parametrize(
    "line",
    [
        f"GET /link/{MARK}\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /link/{MARK}{'x' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /oauth/cronofy?code={MARK} HTTP/9.9\r\nHost: x\r\n\r\n",
        f"{MARK}\x00 / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nCookie{MARK}\x00: {MARK}\r\n\r\n",
        f"POST /telegram HTTP/1.1\r\nContent-Length: {MARK}\r\n\r\n",
    ],
)
async def test_a_request_that_nobody_can_read_is_not_copied_into_the_log(line: str) -> None:
    async with site() as it:
        with listening() as said:
            status = await it.send(line.encode())

    assert status in (0, 400, 404, 405, 414)
    assert not [line for line in said.lines if MARK in line or "Traceback" in line]
