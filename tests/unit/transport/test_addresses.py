import asyncio
import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import ConnectFailed
from bot.transport.addresses import (
    AddressGuard,
    AddressRefusedError,
    GuardedResolver,
    is_private,
)
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.messages import HttpRequest
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "ff02::1",
    ],
)
def test_addresses_off_the_public_internet_are_private(address: str) -> None:
    assert is_private(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_public_addresses_are_not(address: str) -> None:
    assert not is_private(ipaddress.ip_address(address))


class ScriptedResolver(AbstractResolver):
    """Answers one list of addresses a call."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._answers.pop(0)
        ]

    async def close(self) -> None:
        pass

    @property
    def left(self) -> int:
        return len(self._answers)


def _request(url: str) -> HttpRequest:
    return HttpRequest(operation="op", method="GET", url=url, timeout=2.0)


async def _refusal(transport: AiohttpTransport, url: str) -> str:
    with pytest.raises(ConnectFailed) as caught:
        await transport.send(_request(url))
    return caught.value.reason


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "http://[::1]:1/", "http://[::ffff:127.0.0.1]:1/", "http://10.0.0.1/"],
)
async def test_a_private_address_written_as_numbers_is_refused(url: str) -> None:
    async with AiohttpTransport(timer=FakeClock()) as transport:
        assert await _refusal(transport, url) == "AddressRefusedError"


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:10.0.0.1"]])
async def test_a_name_that_leads_to_a_private_address_is_refused(answer: list[str]) -> None:
    resolver = ScriptedResolver(answer)
    async with AiohttpTransport(timer=FakeClock(), resolver=resolver) as transport:
        assert await _refusal(transport, "http://acme.bitrix24.com/") == "AddressRefusedError"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "017700000001", "0", "127.0.0.1."])
def test_spellings_that_only_sockets_can_read_are_refused_though_no_resolver_sees_them(
    host: str,
) -> None:
    with pytest.raises(AddressRefusedError):
        AddressGuard().check_literal(host, 80)


def test_a_name_is_no_literal() -> None:
    AddressGuard().check_literal("acme.bitrix24.com", 443)
    AddressGuard().check_literal("0x7f000001", 80)


async def test_localhost_is_refused_unless_listed() -> None:
    async with AiohttpTransport(timer=FakeClock()) as transport:
        assert await _refusal(transport, "http://localhost:1/") == "AddressRefusedError"
    async with AiohttpTransport(timer=FakeClock(), guard=AddressGuard({"localhost"})) as transport:
        assert await _refusal(transport, "http://localhost:1/") != "AddressRefusedError"


async def test_a_host_listed_with_a_port_is_refused_on_another() -> None:
    resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.1"])
    guard = AddressGuard({"acme.bitrix24.com:1"})
    async with AiohttpTransport(timer=FakeClock(), guard=guard, resolver=resolver) as transport:
        listed = await _refusal(transport, "http://acme.bitrix24.com:1/")
        unlisted = await _refusal(transport, "http://acme.bitrix24.com:2/")

    assert listed != "AddressRefusedError"
    assert unlisted == "AddressRefusedError"


async def test_a_name_that_turns_private_later_is_refused_then() -> None:
    resolver = GuardedResolver(ScriptedResolver(["8.8.8.8"], ["10.0.0.1"]), AddressGuard())

    first = await resolver.resolve("acme.bitrix24.com", 443)

    assert [entry["host"] for entry in first] == ["8.8.8.8"]
    with pytest.raises(AddressRefusedError):
        await resolver.resolve("acme.bitrix24.com", 443)


@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_name_is_resolved_again_for_every_connection(repeatable: bool) -> None:
    """What the resolver refuses is of no use if an earlier answer is remembered."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.1"])
    guard = AddressGuard({"portal.local"})
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://portal.local:{server.sockets[0].getsockname()[1]}/"
    async with (
        server,
        AiohttpTransport(timer=FakeClock(), guard=guard, resolver=resolver) as transport,
    ):
        for _ in range(2):
            request = HttpRequest(operation="op", method="GET", url=url, repeatable=repeatable)
            assert (await transport.send(request)).status == 200

    assert resolver.left == 0


def test_a_listed_host_may_be_listed_with_or_without_its_port() -> None:
    guard = AddressGuard({"portal.local", "10.0.0.1:8080", "[::1]:80"})

    assert guard.lists("PORTAL.local", 443)
    assert guard.lists("10.0.0.1", 8080)
    assert not guard.lists("10.0.0.1", 80)
    assert guard.lists("::1", 80)
