"""Answers over the wire that are made to hurt: huge, packed, slow. Memory and time stay bounded."""

import asyncio
import gzip
import time
import tracemalloc
import zlib

import pytest

from bot.app.clock import SystemClock
from bot.errors import OutcomeUnknown
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import BODY_LIMIT, AiohttpTransport
from bot.transport.messages import HttpRequest
from tests.unit.transport.test_aiohttp_failures import raw_server

MUCH = 50 * 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PLAIN = b" " * MUCH
BOMBS = {
    "announced": (f"Content-Length: {MUCH}\r\n", PLAIN),
    "without a size": ("Connection: close\r\n", PLAIN),
    "gzip": ("Connection: close\r\nContent-Encoding: gzip\r\n", gzip.compress(PLAIN)),
    "deflate": ("Connection: close\r\nContent-Encoding: deflate\r\n", zlib.compress(PLAIN)),
    "gzip in gzip": (
        "Connection: close\r\nContent-Encoding: gzip, gzip\r\n",
        gzip.compress(gzip.compress(PLAIN)),
    ),
}


def request(url: str, timeout: float) -> HttpRequest:
    return HttpRequest(operation="profile", method="POST", url=url, timeout=timeout)


def opened() -> AiohttpTransport:
    return AiohttpTransport(timer=SystemClock(), guard=AddressGuard({"127.0.0.1"}))


@pytest.mark.parametrize("name", BOMBS)
async def test_fifty_megabytes_are_refused_early_however_they_are_packed(name: str) -> None:
    headers, body = BOMBS[name]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + headers.encode() + b"\r\n")
        try:
            for start in range(0, len(body), 65536):
                writer.write(body[start : start + 65536])
                await writer.drain()
        except ConnectionError:
            pass

    async with opened() as transport, raw_server(answer) as url:
        tracemalloc.start()
        try:
            size = 0
            try:
                size = len((await transport.send(request(url, 30))).body)
            except OutcomeUnknown:
                pass
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert size < BODY_LIMIT
    assert peak < 3 * BODY_LIMIT < MUCH


@pytest.mark.parametrize("part", ["head", "body"])
async def test_an_answer_that_drips_ends_at_the_deadline(part: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD if part == "head" else HEAD + b"Content-Length: 1000\r\n\r\n")
        try:
            for _ in range(400):
                writer.write(b"X-A: b\r\n" if part == "head" else b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass

    async with opened() as transport, raw_server(drip) as url:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            await transport.send(request(url, 0.5))
        took = time.monotonic() - started

    assert took < 3
