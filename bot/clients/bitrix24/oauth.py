"""Signing people in at a portal, and keeping them signed in. No state: tokens go to the caller.

https://apidocs.bitrix24.com/settings/oauth/index.html
https://apidocs.bitrix24.com/settings/oauth/auto-renewal.html
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from bot.clients.bitrix24.errors import PROVIDER
from bot.clients.bitrix24.oauth_errors import refuse
from bot.clients.bitrix24.oauth_servers import TokenServers
from bot.errors import ProviderProtocolError
from bot.transport.json_text import read_json
from bot.transport.messages import HttpRequest, HttpResponse, Timer, Transport
from bot.transport.metering import Exchange, Meter, NoMeter
from bot.transport.retry import with_retries

EXCHANGE, REFRESH = "oauth.exchange", "oauth.refresh"
"""The two operations, as errors and logs name them."""
LIFETIME = 3600.0
"""Seconds that an access token lives where the answer does not say. (auto-renewal.html)"""

_SECRET = re.compile(r"[\x21-\x7e]{1,4096}")
_MEMBER_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_SEPARATORS = re.compile(r"[,\s]+")
_LONGEST_LIFE = 366 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The keys of our application's card; the secret goes to the authorization server only."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tokens of one person at one portal, with what came along.

    Attributes:
        endpoint: `https://{portal}/rest/`; not judged yet. Empty only if the answer to a refresh
            does not tell: what was known stays true.
        member_id: The portal's id, which outlives its address; empty like `endpoint`.
        user_id: The person, where it is told.
        expires_in: Seconds that the access token lives from now on.
        scopes: As the answer has them; it is known to name others than the real ones
            (https://github.com/mesilov/bitrix24-php-sdk/issues/295), so they decide nothing.
        token_server: Where to refresh, if the answer names a server that we know.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    endpoint: str = field(repr=False)
    member_id: str
    user_id: int | None
    expires_in: float
    scopes: frozenset[str]
    token_server: str | None


def authorize_url(portal_origin: str, application: Application, state: str) -> str:
    """Where a browser is sent to ask for consent.

    Neither scopes nor the way back are parameters: both are in the application's card.

    Args:
        portal_origin: As `PortalAddresses.judge` returned it.
        application: Who asks; its secret is not part of it.
        state: Comes back unaltered; random, for one use and for one person.
    """
    query = urlencode({"client_id": application.client_id, "state": state})
    return f"{portal_origin.rstrip('/')}/oauth/authorize/?{query}"


def build_exchange(server: str, application: Application, code: str) -> HttpRequest:
    """Build the request that turns a code into tokens. A code works once, within 30 seconds."""
    grant = {"grant_type": "authorization_code", "code": code}
    return _build(EXCHANGE, server, application, grant)


def build_refresh(server: str, application: Application, refresh_token: str) -> HttpRequest:
    """Build the request for new tokens. It ends the refresh token that it names."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _build(REFRESH, server, application, grant)


def _build(
    operation: str, server: str, application: Application, grant: Mapping[str, str]
) -> HttpRequest:
    client = {"client_id": application.client_id, "client_secret": application.client_secret}
    query = urlencode({**client, **grant}, errors="replace")
    # The vendor takes secrets in the address only, and a GET that must not be sent twice.
    return HttpRequest(
        operation=operation,
        method="GET",
        url=f"{server}/oauth/token/?{query}",
        headers={"Accept": "application/json"},
        repeatable=False,
    )


def parse_grant(
    response: HttpResponse, operation: str = EXCHANGE, servers: TokenServers | None = None
) -> Grant:
    """Read tokens.

    What a refresh may leave out is not insisted on: the old token is dead by then, and refusing
    the new one would end the sign-in.

    Args:
        response: The answer.
        operation: `EXCHANGE`, which must name portal and address, or `REFRESH`.
        servers: Which authorization servers are known; the vendor's if not given.

    Raises:
        ProviderAuthError: The consent is over, or the code: the person has to sign in again.
        ProviderRequestError: Our application's id or secret is wrong.
        ProviderError: Everything else that it can mean.
    """
    body = _load(response)
    if body is None:
        raise refuse(response, operation, None)
    if "error" in body:
        error = body["error"]
        raise refuse(response, operation, error if isinstance(error, str) else "")
    if not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP
        raise refuse(response, operation, None)
    access_token = _matching(_SECRET, body.get("access_token"))
    refresh_token = _matching(_SECRET, body.get("refresh_token"))
    endpoint = _endpoint(body.get("client_endpoint"))
    member_id = _matching(_MEMBER_ID, body.get("member_id"))
    complete = bool(endpoint and member_id) or operation != EXCHANGE
    if not (access_token and refresh_token and complete):
        raise ProviderProtocolError(PROVIDER, operation, status=response.status)
    return Grant(
        access_token=access_token,
        refresh_token=refresh_token,
        endpoint=endpoint,
        member_id=member_id,
        user_id=_user_id(body.get("user_id")),
        expires_in=_seconds(body.get("expires_in")),
        scopes=_scopes(body.get("scope")),
        token_server=(servers or TokenServers()).recognise(body.get("server_endpoint")),
    )


def _load(response: HttpResponse) -> dict[str, object] | None:
    try:
        body = read_json(response.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _matching(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _endpoint(value: object) -> str:
    """An address with a host and nothing but a path; what host it may be is judged with each call.

    https://apidocs.bitrix24.com/settings/oauth/index.html: use it as it is, do not build it.
    """
    address = _matching(_SECRET, value)
    try:
        parts = urlsplit(address)
        _ = parts.port  # a malformed port raises only when asked for
    except ValueError:
        return ""
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return address if plain and parts.hostname and parts.scheme in ("http", "https") else ""


def _user_id(value: object) -> int | None:
    """A positive number, also in quotes."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    is_number = text.isascii() and text.isdecimal() and len(text) <= 18  # noqa: PLR2004 - 64 bits
    return int(text) or None if is_number else None


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    sensible = not isinstance(value, bool) and 0 < seconds <= _LONGEST_LIFE
    return seconds if sensible else LIFETIME


def _scopes(value: object) -> frozenset[str]:
    names = _SEPARATORS.split(value) if isinstance(value, str) else []
    return frozenset(name for name in names if name)


class Bitrix24OAuth:
    """Asks the authorization servers for tokens.

    One request at a time per refresh token is the caller's business: of two the second is told
    `invalid_grant`, whoever's tokens are kept.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        timer: Timer,
        application: Application,
        servers: TokenServers | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._transport = transport
        self._meter = meter or NoMeter()
        self._timer = timer
        self._application = application
        self._servers = servers or TokenServers()

    async def exchange(self, code: str, *, deadline: float, portal_origin: str = "") -> Grant:
        """Turn the code that a browser brought into tokens.

        Args:
            code: As it came.
            deadline: On the timer's monotonic scale.
            portal_origin: The portal to which the sign-in was begun with, as we noted it then.

        Raises:
            ProviderAuthError: The code is unknown, used or too old: begin again.
            ProviderError: Refused or failed.
            TransportError: No complete answer. The code may be used up.
        """
        server = self._servers.of_portal(portal_origin)
        return await self._send(build_exchange(server, self._application, code), deadline)

    async def refresh(
        self, *, token_server: str | None, refresh_token: str, deadline: float
    ) -> Grant:
        """Get new tokens; the refresh token that is given dies with that.

        After an error with `may_have_happened` it may be dead although nothing came back: the
        next attempt then ends with ProviderAuthError.

        Args:
            token_server: As the last grant told; one that is not known is not used.
            refresh_token: The newest one.
            deadline: On the timer's monotonic scale.

        Raises:
            ProviderAuthError: The consent is over: the person has to sign in again.
            ProviderError: Refused or failed; the sign-in may well be alive.
            TransportError: No complete answer; likewise.
        """
        server = self._servers.recognise(token_server) or self._servers.of_portal()
        return await self._send(build_refresh(server, self._application, refresh_token), deadline)

    async def _send(self, request: HttpRequest, deadline: float) -> Grant:
        async def attempt() -> Grant:
            with Exchange(self._meter, PROVIDER, request.operation):
                response = await self._transport.send(request, deadline=deadline)
                return parse_grant(response, request.operation, self._servers)

        return await with_retries(
            attempt, repeatable=request.repeatable, deadline=deadline, timer=self._timer
        )
