"""Whose key to Cronofy it is, and what it opens."""

import re
from typing import TYPE_CHECKING

from bot.clients.cronofy.api import CronofyAuth
from bot.clients.cronofy.client import CronofyClient, Terms
from bot.domain.accounts import AccountKind, Credentials
from bot.domain.providers import Provider
from bot.domain.sign_ins import Standing
from bot.domain.zones import known_zone
from bot.ports import SignIn

SCOPES = ("read_events", "change_participation_status")
"""To find an event and one's status; to answer.

https://docs.cronofy.com/developers/api/authorization/request-authorization/
"""
_BUNDLES = frozenset({"read_write", "write_only", "full_access"})
"""Scopes that stand for several; which ones is documented nowhere."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
"""Their form is documented nowhere; what is no token is refused by Cronofy."""


class CronofySignIn:
    """Personal access tokens of one data centre."""

    name = Provider.CRONOFY
    kind = AccountKind.TOKEN

    def __init__(self, client: CronofyClient, base: str) -> None:
        self._client = client
        self._base = base

    def recognise(self, secret: str) -> Credentials | None:
        """See `SignIn.recognise`."""
        if not _TOKEN.fullmatch(secret):
            return None
        return Credentials(endpoint=self._base, access_token=secret)

    async def examine(self, credentials: Credentials, deadline: float) -> Standing:
        """See `SignIn.examine`."""
        auth = CronofyAuth(base=credentials.endpoint, token=credentials.access_token)
        account = await self._client.account(auth, Terms(deadline=deadline))
        untold = not account.scopes or account.scopes & _BUNDLES
        names = (profile.profile_name for profile in account.profiles)
        blind = bool(account.profiles) and not any(p.answerable for p in account.profiles)
        return Standing(
            subject=account.sub,
            name=account.name,
            place=", ".join(dict.fromkeys(filter(None, names))),
            scopes=tuple(scope for scope in SCOPES if scope in account.scopes),
            missing=()
            if untold
            else tuple(scope for scope in SCOPES if scope not in account.scopes),
            sees_invitations=not blind,
            timezone=known_zone(account.timezone),
        )


if TYPE_CHECKING:
    _conforms: type[SignIn] = CronofySignIn
