"""Sign-in at Cronofy's own page."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.clients.cronofy.oauth import Application, CronofyOAuth, Grant, authorize_url
from bot.domain.accounts import Credentials
from bot.domain.providers import Provider
from bot.domain.sign_ins import Granted, Standing
from bot.ports import Clock, Consent
from bot.providers.cronofy.sign_in import CronofySignIn

RENEWAL_DEADLINE = 20.0
"""Seconds for one renewal, with all of its attempts."""


class CronofyConsent:
    """One account for each calendar service that somebody connects.

    Args:
        oauth: Gets tokens.
        application: Whose consent is asked for.
        sign_in: Tells whose tokens they are.
        clock: Time.
        api: The address of the API.
        app: The address of the pages for people.
    """

    name = Provider.CRONOFY
    place = ""
    asks_place = False

    def __init__(
        self,
        oauth: CronofyOAuth,
        application: Application,
        *,
        sign_in: CronofySignIn,
        clock: Clock,
        api: str,
        app: str,
    ) -> None:
        self._oauth = oauth
        self._application = application
        self._sign_in = sign_in
        self._clock = clock
        self._api = api
        self._app = app

    @property
    def pages(self) -> tuple[str, ...]:
        """See `Consent.pages`."""
        parts = urlsplit(self._app)
        return (f"{parts.scheme}://{parts.netloc}",)

    def settle_place(self, typed: str) -> str:
        """See `Consent.settle_place`; the data centre is the operator's choice."""
        del typed
        return ""

    def page(self, place: str, state: str) -> str:
        """See `Consent.page`."""
        del place
        return authorize_url(self._app, self._application, state)

    async def exchange(self, code: str, place: str, deadline: float) -> Granted:
        """See `Consent.exchange`."""
        del place
        grant = await self._oauth.exchange(code, deadline=deadline)
        shows = grant.profile is None or grant.profile.answerable
        return Granted(
            credentials=self._credentials(grant), subject=grant.sub, sees_invitations=shows
        )

    async def identify(self, granted: Granted, deadline: float) -> Standing:
        """See `Consent.identify`."""
        standing = await self._sign_in.examine(granted.credentials, deadline)
        # The account may have other calendars, but this is the one that was to be linked.
        sees = standing.sees_invitations and granted.sees_invitations
        return replace(standing, sees_invitations=sees)

    async def renew(self, credentials: Credentials) -> Credentials:
        """See `Consent.renew`."""
        deadline = self._clock.monotonic() + RENEWAL_DEADLINE
        return self._credentials(
            await self._oauth.refresh(credentials.refresh_token, deadline=deadline)
        )

    async def revoke(self, credentials: Credentials, deadline: float) -> bool:
        """See `Consent.revoke`."""
        await self._oauth.revoke(credentials.refresh_token, deadline=deadline)
        return True

    def _credentials(self, grant: Grant) -> Credentials:
        life = grant.expires_in
        return Credentials(
            endpoint=self._api,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_at=None if life is None else self._clock.now() + timedelta(seconds=life),
        )


if TYPE_CHECKING:
    _conforms: type[Consent] = CronofyConsent
