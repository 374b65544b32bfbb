"""No connection to private addresses, whatever a name resolves to, on every connection.

A portal's address may come from a person, and a name may be pointed anywhere at any time, so it is
the address that is connected to that is judged, not the name.
"""

import ipaddress
import socket
from collections.abc import Collection
from functools import lru_cache

from aiohttp.abc import AbstractResolver, ResolveResult

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """The address is private and nobody listed it. An OSError, as resolvers may raise."""

    def __init__(self) -> None:
        super().__init__("address refused")


class AddressGuard:
    """Knows which hosts may be private.

    Args:
        allowed: Hosts as `host` or `host:port`, in lower case, that the operator listed.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(entry.lower() for entry in allowed)

    def lists(self, host: str, port: int) -> bool:
        """Whether the operator listed this host, with or without its port."""
        shown = f"[{host}]" if ":" in host else host
        return shown.lower() in self._allowed or f"{shown}:{port}".lower() in self._allowed

    def check_literal(self, host: str, port: int) -> None:
        """Judge an address that is written as numbers; names are judged when they are resolved.

        Raises:
            AddressRefusedError: It is private and not listed, or a spelling such as `127.1` or
                `2130706433` that only the sockets below can read.
        """
        address = _read(host)
        if address is None:
            if _looks_numeric(host):
                raise AddressRefusedError
            return
        if is_private(address) and not self.lists(host, port):
            raise AddressRefusedError


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses them if any of their addresses is private and not listed."""

    def __init__(self, inner: AbstractResolver, guard: AddressGuard) -> None:
        self._inner = inner
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See `AbstractResolver.resolve`."""
        found = await self._inner.resolve(host, port, family)
        private = any(is_private(ipaddress.ip_address(entry["host"])) for entry in found)
        if private and not self._guard.lists(host, port):
            raise AddressRefusedError
        return found

    async def close(self) -> None:
        """See `AbstractResolver.close`."""
        await self._inner.close()


@lru_cache(maxsize=1000)
def _read(host: str) -> IpAddress | None:
    """An address written as such, asked for with every request; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=1000)
def _looks_numeric(host: str) -> bool:
    """Whether aiohttp may take a host for an address and connect without asking the resolver."""
    return ":" in host or host.replace(".", "").isdigit()


def is_private(address: IpAddress) -> bool:
    """Whether an address is anything but a host of the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour
        if hidden is None and address in _NAT64:
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if hidden is not None:
            return is_private(hidden)
        if address.is_site_local:
            return True
    # Carrier-grade NAT (100.64.0.0/10) is neither private nor global to the standard library.
    return not address.is_global or address.is_multicast or address.is_reserved
