"""Which authorization servers the application's secret may be sent to."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.clients.bitrix24.address import AddressRefusedError, PortalAddresses

TOKEN_SERVERS = (
    # https://apidocs.bitrix24.com/settings/oauth/index.html
    "https://oauth.bitrix.info",
    # The portal's own module `rest` sends portals of some regions there
    # (lib/Internal/Service/OAuth/AuthorizationServerUrlResolver.php), and so does the vendor's
    # SDK for Python (https://github.com/bitrix24/b24pysdk).
    "https://oauth.bitrix24.tech",
)
"""The vendor's, the documented one first."""

_BY_DOMAIN: Mapping[str, str] = {
    # Of the regions in that same module, those for which the cloud has a domain of its own.
    "bitrix24.ru": TOKEN_SERVERS[1],
    "bitrix24.by": TOKEN_SERVERS[1],
    "bitrix24.kz": TOKEN_SERVERS[1],
}


class TokenServers:
    """Knows the authorization servers.

    An address that is not known is never used, whoever names it.

    Args:
        override: The operator's own choice, for a sandbox or a proxy; https, or http on loopback.
            It takes the place of the vendor's, so that nothing goes past it.

    Raises:
        ValueError: The override is no such address.
    """

    def __init__(self, override: str = "") -> None:
        self._override = _origin(override) if override else None
        if override and self._override is None:
            raise ValueError("must be an https address, or http on loopback")

    @property
    def listed(self) -> frozenset[str]:
        """The operator's own as `host[:port]`; it may be a private address."""
        return frozenset() if self._override is None else frozenset({_netloc(self._override)})

    def of_portal(self, portal_origin: str = "") -> str:
        """Where a code from this portal is exchanged, before any answer tells better.

        The operator's own server if there is one, else the one of the region that the portal's
        domain stands for. The origin is the one that the sign-in was begun with, not one that a
        browser brings back.
        """
        if self._override is not None:
            return self._override
        domain = (urlsplit(portal_origin).hostname or "").partition(".")[2]
        return _BY_DOMAIN.get(domain, TOKEN_SERVERS[0])

    def recognise(self, address: object) -> str | None:
        """The origin of a server that we know; None for anything else."""
        known = TOKEN_SERVERS if self._override is None else (self._override,)
        origin = _origin(address) if isinstance(address, str) else None
        return origin if origin in known else None


def _origin(address: str) -> str | None:
    try:
        # Judged like a portal of the operator's own: https, no user in it, http only on loopback.
        origin = PortalAddresses([_netloc(address)]).judge(address)
    except (ValueError, AddressRefusedError):
        return None
    return origin.removesuffix(":443") if origin.startswith("https:") else origin


def _netloc(address: str) -> str:
    return urlsplit(address).netloc.lower()
