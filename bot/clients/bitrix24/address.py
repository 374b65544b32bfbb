"""The one function that judges every portal address: from the environment, a person or a redirect.

Whether a permitted name may lead to a private address is decided later, when connecting
(`bot.transport.addresses`).
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

CLOUD_DOMAINS = frozenset(
    {
        # The zones among which the vendor's own module picks its cloud link (Market and notices).
        "bitrix24.com",
        "bitrix24.eu",
        "bitrix24.de",
        "bitrix24.es",
        "bitrix24.fr",
        "bitrix24.it",
        "bitrix24.pl",
        "bitrix24.com.br",
        "bitrix24.com.tr",
        "bitrix24.in",
        "bitrix24.id",
        "bitrix24.cn",
        "bitrix24.jp",
        "bitrix24.vn",
        "bitrix24.ru",
        "bitrix24.by",
        "bitrix24.kz",
        "bitrix24.ua",
    }
)


_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]{2,45}")
"""A name as the address system has it, or a literal address; `urlsplit` lets far more pass."""

_HEAD = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?/(?=[A-Za-z])")
"""What is judged of an ordinary address; others are judged each time."""
_REMEMBERED = 10_000


class AddressRefusedError(Exception):
    """The address is none that we talk to. The text is a fixed word, never the address."""


class PortalAddresses:
    """Knows which hosts may be portals.

    Args:
        allowed: Further hosts, `host` or `host:port`, from BITRIX24_ALLOWED_HOSTS.
        operator_urls: Addresses from the operator's own environment; their host and port count as
            listed, so a loopback portal needs no second setting.
    """

    def __init__(self, allowed: Iterable[str] = (), operator_urls: Iterable[str] = ()) -> None:
        self._judged: dict[str, str] = {}
        self._allowed = {entry.strip().lower() for entry in allowed if entry.strip()}
        for url in operator_urls:
            parts = _split(url)
            if _is_loopback(parts.hostname or ""):
                self._allowed.add(parts.netloc.rpartition("@")[2].lower())

    @property
    def listed(self) -> frozenset[str]:
        """The hosts that are allowed beside the cloud's; they may also be private addresses."""
        return frozenset(self._allowed)

    def judge(self, url: str) -> str:
        """Return the address's origin (`https://host[:port]`) if we may talk to it.

        Raises:
            AddressRefusedError: Not https (http only on loopback), a user in the address, or a
                host that is neither a portal of the cloud nor listed.
        """
        # Asked with every request. Only what stands before the path is judged, and the rest of an
        # address is a secret that need not be kept.
        head = _HEAD.match(url)
        known = None if head is None else self._judged.get(head[0])
        if known is None:
            known = self._judge(url)
            if head is not None and len(self._judged) < _REMEMBERED:
                self._judged[head[0]] = known
        return known

    def _judge(self, url: str) -> str:
        parts = _split(url)
        host = (parts.hostname or "").rstrip(".")
        if not _HOST.fullmatch(host) or parts.username is not None or parts.password is not None:
            raise AddressRefusedError("malformed")
        port = parts.port
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
            raise AddressRefusedError("not_https")
        shown_host = f"[{host}]" if ":" in host else host
        with_port = shown_host if port is None else f"{shown_host}:{port}"
        listed = host in self._allowed or with_port in self._allowed
        of_the_cloud = port in (None, 443) and _is_cloud_host(host)
        if not (listed or of_the_cloud):
            raise AddressRefusedError("unknown_host")
        return f"{parts.scheme}://{with_port}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a malformed port raises only when asked for
    except ValueError:
        pass
    else:
        return parts
    raise AddressRefusedError("malformed")


def _is_cloud_host(host: str) -> bool:
    if host in CLOUD_DOMAINS:
        return True
    label, _, domain = host.partition(".")
    return bool(_HOST.fullmatch(label)) and domain in CLOUD_DOMAINS


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
