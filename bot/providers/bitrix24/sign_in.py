"""Whose key to a portal it is, and what it opens."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.clients.bitrix24 import calendar, rights
from bot.clients.bitrix24.address import AddressRefusedError, PortalAddresses
from bot.clients.bitrix24.api import PortalAuth
from bot.clients.bitrix24.client import Bitrix24Client, Terms
from bot.domain.accounts import AccountKind, Credentials
from bot.domain.providers import Provider
from bot.domain.sign_ins import Standing
from bot.domain.zones import known_zone
from bot.errors import UsageError
from bot.ports import SignIn
from bot.texts import M

SCOPES = ("calendar", "im")
"""To read events and answer invitations; to set presence.

https://apidocs.bitrix24.com/api-reference/scopes/permissions.html
"""
_WEBHOOK = re.compile(r"(https?://[^/\s]+/rest/\d+/[A-Za-z0-9]+)(?:/\S*)?", re.IGNORECASE)
REFUSED_ADDRESSES = {
    "malformed": M.LINK_ADDRESS_MALFORMED,
    "not_https": M.LINK_ADDRESS_NOT_HTTPS,
    "unknown_host": M.LINK_ADDRESS_UNKNOWN,
}


class Bitrix24SignIn:
    """Incoming webhooks: the address is the key."""

    name = Provider.BITRIX24
    kind = AccountKind.WEBHOOK

    def __init__(self, client: Bitrix24Client, addresses: PortalAddresses) -> None:
        self._client = client
        self._addresses = addresses

    def recognise(self, secret: str) -> Credentials | None:
        """See `SignIn.recognise`; a method behind the address is cut off."""
        match = _WEBHOOK.fullmatch(secret if "://" in secret else f"https://{secret}")
        if match is None:
            return None
        endpoint = f"{match.group(1)}/"
        try:
            self._addresses.judge(endpoint)
        except AddressRefusedError as error:
            reason = str(error)
        else:
            return Credentials(endpoint=endpoint)
        raise UsageError(REFUSED_ADDRESSES[reason])

    async def examine(self, credentials: Credentials, deadline: float) -> Standing:
        """See `SignIn.examine`; one hit."""
        auth = PortalAuth(base=credentials.endpoint, token=credentials.access_token)
        commands = {"profile": calendar.get_profile(), "scope": rights.get_scope()}
        answer = await self._client.batch(auth, commands, Terms(deadline=deadline))
        for error in answer.errors.values():
            raise error
        profile = calendar.parse_profile(answer.results.get("profile"))
        granted = rights.parse_scope(answer.results.get("scope"))
        host = urlsplit(credentials.endpoint).netloc.lower()
        return Standing(
            subject=f"{host}/{profile.user_id}",
            name=profile.name,
            place=host,
            scopes=tuple(scope for scope in SCOPES if scope in granted),
            missing=tuple(scope for scope in SCOPES if scope not in granted),
            timezone=known_zone(profile.timezone),
        )


if TYPE_CHECKING:
    _conforms: type[SignIn] = Bitrix24SignIn
