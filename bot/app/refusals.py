"""With which settings `run` does not start although each can be read; `doctor` tells the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.clients.bitrix24.address import AddressRefusedError, PortalAddresses
from bot.clients.bitrix24.oauth_servers import TokenServers
from bot.errors import ConfigError
from bot.settings import Settings

_EVERY_HOST = "0.0.0.0"  # noqa: S104 - compared, not bound


class Fault(Enum):
    """What is wrong with a setting, in the words of `run`."""

    NO_ADDRESS = "is no address"
    NOT_HTTPS = "must be https"
    UNKNOWN_HOST = "names no Bitrix24 portal; list its host in BITRIX24_ALLOWED_HOSTS"
    NO_TOKEN_SERVER = "must be an https address, or http on loopback"  # noqa: S105 - a sentence
    HALF_AN_APPLICATION = "is required, the other one is set"
    NEEDED_FOR_SIGN_IN = "is required with BITRIX24_CLIENT_ID or CRONOFY_CLIENT_ID"
    NEEDED_FOR_WEBHOOK = "is required with TELEGRAM_UPDATES=webhook"
    PORT_OF_HTTP = "must not be HTTP_PORT"


_OF_ADDRESSES = {
    "malformed": Fault.NO_ADDRESS,
    "not_https": Fault.NOT_HTTPS,
    "unknown_host": Fault.UNKNOWN_HOST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One setting that stands in the way, by the name of its variable."""

    setting: str
    fault: Fault


def refuse(settings: Settings) -> None:
    """See that nothing stands in the way.

    Raises:
        ConfigError: Something does; the text names all of it.
    """
    found = refusals(settings)
    if found:
        raise ConfigError("; ".join(f"{each.setting}: {each.fault.value}" for each in found))


def refusals(settings: Settings) -> Sequence[Refusal]:
    """All that stands in the way, as far as settings alone tell."""
    found = (*_of_portals(settings), *_of_applications(settings), *_of_servers(settings))
    return [Refusal(setting=setting, fault=fault) for setting, fault in found]


def with_scheme(portal: str) -> str:
    """BITRIX24_PORTAL as an address: its scheme may be left out."""
    return portal if not portal or "://" in portal else f"https://{portal}"


def portals_named(settings: Settings) -> dict[str, str]:
    """The portals that the operator's own settings name, by variable."""
    webhook = settings.bitrix24_webhook_url
    named = {
        "BITRIX24_WEBHOOK_URL": "" if webhook is None else webhook.get_secret_value(),
        "BITRIX24_PORTAL": with_scheme(settings.bitrix24_portal),
    }
    return {name: url for name, url in named.items() if url}


def _of_portals(settings: Settings) -> Iterator[tuple[str, Fault]]:
    for name, url in portals_named(settings).items():
        try:
            PortalAddresses(settings.bitrix24_allowed_hosts, [url]).judge(url)
        except AddressRefusedError as error:
            yield name, _OF_ADDRESSES[str(error)]


def _of_applications(settings: Settings) -> Iterator[tuple[str, Fault]]:
    applications = {
        "BITRIX24": (settings.bitrix24_client_id, settings.bitrix24_client_secret),
        "CRONOFY": (settings.cronofy_client_id, settings.cronofy_client_secret),
    }
    for name, (client_id, secret) in applications.items():
        if client_id and secret is None:
            yield f"{name}_CLIENT_SECRET", Fault.HALF_AN_APPLICATION
        elif secret is not None and not client_id:
            yield f"{name}_CLIENT_ID", Fault.HALF_AN_APPLICATION
    if any(client_id for client_id, _ in applications.values()) and not settings.public_url:
        yield "PUBLIC_URL", Fault.NEEDED_FOR_SIGN_IN
    try:
        TokenServers(settings.bitrix24_oauth_url or "")
    except ValueError:
        yield "BITRIX24_OAUTH_URL", Fault.NO_TOKEN_SERVER


def _of_servers(settings: Settings) -> Iterator[tuple[str, Fault]]:
    if settings.telegram_updates == "webhook" and not settings.public_url:
        yield "PUBLIC_URL", Fault.NEEDED_FOR_WEBHOOK
    if settings.http_port and settings.http_port == settings.operations_port:
        hosts = {settings.http_host, settings.operations_host}
        # Those that are not surely one and the same are left to the system.
        if len(hosts) == 1 or (_EVERY_HOST in hosts and not any(":" in host for host in hosts)):
            yield "OPERATIONS_PORT", Fault.PORT_OF_HTTP
