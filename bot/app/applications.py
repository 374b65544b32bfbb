"""Our applications at the providers: what the operator registered, for sign-in by button."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.app.refusals import portals_named, with_scheme
from bot.clients.bitrix24 import oauth as bitrix24_oauth
from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.oauth_servers import TokenServers
from bot.clients.cronofy import oauth as cronofy_oauth
from bot.clients.cronofy.api import api_base
from bot.domain.providers import Provider
from bot.ports import Clock, Consent
from bot.providers.bitrix24 import Bitrix24Consent, Bitrix24SignIn
from bot.providers.cronofy import CronofyConsent, CronofySignIn
from bot.settings import Settings
from bot.transport.messages import Transport
from bot.transport.metering import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Applications:
    """What sign-in by button needs; without anything it is not offered.

    Attributes:
        public_url: Where browsers find us.
        portal: The one portal of a local Bitrix24 application.
        cronofy_api, cronofy_app: Cronofy's addresses, for programs and for people.
    """

    public_url: str = ""
    bitrix24: bitrix24_oauth.Application | None = None
    portal: str = ""
    token_servers: TokenServers = field(default_factory=TokenServers)
    cronofy: cronofy_oauth.Application | None = None
    cronofy_api: str = ""
    cronofy_app: str = ""


def callback_path(provider: Provider) -> str:
    """Where a provider's page sends people back to."""
    return f"/oauth/{provider.value}"


def cronofy_api(settings: Settings) -> str:
    """The address of Cronofy's API."""
    return settings.cronofy_api_url or api_base(settings.cronofy_data_center)


def portal_addresses(settings: Settings) -> PortalAddresses:
    """The one judge of portals' addresses; what the operator names has passed `refuse`."""
    return PortalAddresses(settings.bitrix24_allowed_hosts, portals_named(settings).values())


def applications_of(settings: Settings) -> Applications:
    """Read them out of settings that have passed `refuse`."""
    public_url = settings.public_url or ""
    bitrix24 = cronofy = None
    if (secret := settings.bitrix24_client_secret) is not None:
        bitrix24 = bitrix24_oauth.Application(
            client_id=settings.bitrix24_client_id, client_secret=secret.get_secret_value()
        )
    if (secret := settings.cronofy_client_secret) is not None:
        cronofy = cronofy_oauth.Application(
            client_id=settings.cronofy_client_id,
            client_secret=secret.get_secret_value(),
            redirect_uri=public_url + callback_path(Provider.CRONOFY),
        )
    return Applications(
        public_url=public_url,
        bitrix24=bitrix24,
        portal=with_scheme(settings.bitrix24_portal),
        token_servers=TokenServers(settings.bitrix24_oauth_url or ""),
        cronofy=cronofy,
        cronofy_api=cronofy_api(settings),
        cronofy_app=settings.cronofy_api_url
        or cronofy_oauth.app_base(settings.cronofy_data_center),
    )


def build_consents(
    applications: Applications,
    *,
    transport: Transport,
    addresses: PortalAddresses,
    bitrix24: Bitrix24SignIn,
    cronofy: CronofySignIn,
    clock: Clock,
    meter: Meter,
) -> Mapping[Provider, Consent]:
    """The providers at which one can sign in by button."""
    consents: dict[Provider, Consent] = {}
    if applications.bitrix24 is not None:
        consents[Provider.BITRIX24] = Bitrix24Consent(
            bitrix24_oauth.Bitrix24OAuth(
                transport=transport,
                timer=clock,
                application=applications.bitrix24,
                servers=applications.token_servers,
                meter=meter,
            ),
            applications.bitrix24,
            sign_in=bitrix24,
            addresses=addresses,
            clock=clock,
            portal=applications.portal,
        )
    if applications.cronofy is not None:
        consents[Provider.CRONOFY] = CronofyConsent(
            cronofy_oauth.CronofyOAuth(
                transport=transport,
                timer=clock,
                application=applications.cronofy,
                base=applications.cronofy_api,
                meter=meter,
            ),
            applications.cronofy,
            sign_in=cronofy,
            clock=clock,
            api=applications.cronofy_api,
            app=applications.cronofy_app,
        )
    return consents
