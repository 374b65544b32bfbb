import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import ConnectFailed
from bot.transport.addresses import AddressGuard, is_private
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
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
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


async def test_a_name_is_judged_again_on_every_connection() -> None:
    resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.1"])
    guard = AddressGuard({"acme.bitrix24.com:1"})
    async with AiohttpTransport(timer=FakeClock(), guard=guard, resolver=resolver) as transport:
        listed = await _refusal(transport, "http://acme.bitrix24.com:1/")
        unlisted = await _refusal(transport, "http://acme.bitrix24.com:2/")

    assert listed != "AddressRefusedError"
    assert unlisted == "AddressRefusedError"


def test_a_listed_host_may_be_listed_with_or_without_its_port() -> None:
    guard = AddressGuard({"portal.local", "10.0.0.1:8080", "[::1]:80"})

    assert guard.lists("PORTAL.local", 443)
    assert guard.lists("10.0.0.1", 8080)
    assert not guard.lists("10.0.0.1", 80)
    assert guard.lists("::1", 80)
