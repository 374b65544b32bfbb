"""Sign-in at a portal's own page, for a local application or one for many portals."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.clients.bitrix24.address import CLOUD_DOMAINS, AddressRefusedError, PortalAddresses
from bot.clients.bitrix24.oauth import Application, Bitrix24OAuth, Grant, authorize_url
from bot.domain.accounts import Credentials
from bot.domain.providers import Provider
from bot.domain.sign_ins import Granted, Standing
from bot.errors import ProviderProtocolError, UserError
from bot.ports import Clock, Consent
from bot.providers.bitrix24.sign_in import REFUSED_ADDRESSES, Bitrix24SignIn

RENEWAL_DEADLINE = 20.0
"""Seconds for one renewal, with all of its attempts."""


class Bitrix24Consent:
    """People are keyed by `member_id`, the portal's id that outlives its address.

    There is no way to revoke: whoever wants the consent ended removes the application.

    Args:
        oauth: Gets tokens.
        application: Whose consent is asked for.
        sign_in: Tells whose tokens they are.
        addresses: Judges the portals that people name.
        clock: Time.
        portal: BITRIX24_PORTAL: the one portal of a local application; empty if there are many.
    """

    name = Provider.BITRIX24

    def __init__(
        self,
        oauth: Bitrix24OAuth,
        application: Application,
        *,
        sign_in: Bitrix24SignIn,
        addresses: PortalAddresses,
        clock: Clock,
        portal: str = "",
    ) -> None:
        self._oauth = oauth
        self._application = application
        self._sign_in = sign_in
        self._addresses = addresses
        self._clock = clock
        self.place = addresses.judge(portal) if portal else ""

    @property
    def asks_place(self) -> bool:
        """See `Consent.asks_place`."""
        return not self.place

    @property
    def pages(self) -> tuple[str, ...]:
        """See `Consent.pages`."""
        if self.place:
            return (self.place,)
        clouds = [f"https://*.{domain}" for domain in sorted(CLOUD_DOMAINS)]
        return (*clouds, *self._listed_origins())

    def _listed_origins(self) -> Iterator[str]:
        for host in sorted(self._addresses.listed):
            for scheme in ("https", "http"):
                with suppress(AddressRefusedError):
                    yield self._addresses.judge(f"{scheme}://{host}")

    def settle_place(self, typed: str) -> str:
        """See `Consent.settle_place`; with or without `https://`, whatever follows the host."""
        if self.place:
            return self.place
        words = typed.strip()
        try:
            return self._addresses.judge(words if "://" in words else f"https://{words}")
        except AddressRefusedError as error:
            reason = str(error)
        raise UserError(REFUSED_ADDRESSES[reason])

    def page(self, place: str, state: str) -> str:
        """See `Consent.page`."""
        return authorize_url(place, self._application, state)

    async def exchange(self, code: str, place: str, deadline: float) -> Granted:
        """See `Consent.exchange`."""
        grant = await self._oauth.exchange(code, deadline=deadline, portal_origin=place)
        user_id = "" if grant.user_id is None else grant.user_id
        return Granted(
            credentials=_credentials(grant, Credentials(endpoint=grant.endpoint)),
            subject=f"{grant.member_id}/{user_id}",
        )

    async def identify(self, granted: Granted, deadline: float) -> Standing:
        """See `Consent.identify`."""
        standing = await self._sign_in.examine(granted.credentials, deadline)
        person = standing.subject.rpartition("/")[2]
        member_id, _, told_before = granted.subject.partition("/")
        if told_before not in ("", person):
            raise ProviderProtocolError(Provider.BITRIX24, "profile")
        return replace(standing, subject=f"{member_id}/{person}")

    async def renew(self, credentials: Credentials) -> Credentials:
        """See `Consent.renew`."""
        grant = await self._oauth.refresh(
            token_server=credentials.token_server,
            refresh_token=credentials.refresh_token,
            deadline=self._clock.monotonic() + RENEWAL_DEADLINE,
        )
        return _credentials(grant, credentials)

    async def revoke(self, credentials: Credentials, deadline: float) -> bool:
        """See `Consent.revoke`."""
        del credentials, deadline
        return False


def _credentials(grant: Grant, before: Credentials) -> Credentials:
    """When the token ends is left out: the vendor asks for renewal on `expired_token` only.

    https://apidocs.bitrix24.com/settings/oauth/auto-renewal.html
    """
    return Credentials(
        endpoint=grant.endpoint or before.endpoint,
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        token_server=grant.token_server or before.token_server,
    )


if TYPE_CHECKING:
    _conforms: type[Consent] = Bitrix24Consent
