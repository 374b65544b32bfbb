"""Signing people in at Cronofy, and keeping them signed in. No state: tokens go to the caller.

https://docs.cronofy.com/developers/api/authorization/
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

from bot.clients.cronofy import api
from bot.clients.cronofy.errors import PROVIDER
from bot.clients.cronofy.oauth_errors import load, refuse
from bot.clients.cronofy.profiles import LinkedProfile, read_profile
from bot.errors import ProviderProtocolError
from bot.transport.json_text import write_json
from bot.transport.messages import HttpRequest, HttpResponse, Timer, Transport
from bot.transport.metering import Exchange, Meter, NoMeter
from bot.transport.retry import with_retries
from bot.transport.texts import whole_characters

T = TypeVar("T")

EXCHANGE, REFRESH, REVOKE = "oauth.exchange", "oauth.refresh", "oauth.revoke"
"""The operations, as errors and logs name them."""

SCOPES = ("read_events", "change_participation_status")
"""All that answering invitations needs.

Never `free_busy_write`: it lets people choose an access mode in which there are no invitations.
https://docs.cronofy.com/developers/authorization/access-modes/
"""

_SECRET = re.compile(r"[\x21-\x7e]{1,4096}")
_SUB = re.compile(r"[A-Za-z0-9_\-]{1,100}")
_LONGEST_LIFE = 10 * 366 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Our application as it is registered; `redirect_uri` has to be the same in both steps."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tokens of one account, with what came along.

    Attributes:
        refresh_token: The one to use from now on, new or not.
        sub: The account; empty after a refresh, which does not name it.
        expires_in: Seconds that the access token lives, None if it is not told.
        scopes: What was granted; empty if it is not told.
        profile: The calendar service that was just connected; None after a refresh.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    sub: str
    expires_in: float | None
    scopes: frozenset[str]
    profile: LinkedProfile | None


def app_base(data_center: str) -> str:
    """The address of a data centre's pages for people; its id in any case.

    Raises:
        ValueError: There is no such data centre.
    """
    return api.api_base(data_center).replace("https://api", "https://app", 1)


def authorize_url(base: str, application: Application, state: str) -> str:
    """Where a browser is sent to ask for consent.

    Args:
        base: As `app_base` says, or the sandbox.
        application: Who asks; its secret is not part of it.
        state: Comes back unaltered; random, for one use and for one person.
    """
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        # Else a cookie merges the accounts of two people who share a browser.
        # https://docs.cronofy.com/developers/api-alpha/explicit-linking/
        "avoid_linking": "true",
    }
    return f"{base.rstrip('/')}/oauth/authorize?{urlencode(query, quote_via=quote)}"


def build_exchange(base: str, application: Application, code: str) -> HttpRequest:
    """Build the request that turns a code into tokens. A code works once, and not for long."""
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": application.redirect_uri,
    }
    return _post(EXCHANGE, base, "/oauth/token", application, body, repeatable=False)


def build_refresh(base: str, application: Application, refresh_token: str) -> HttpRequest:
    """Build the request for a new access token. The refresh token may be replaced with it.

    https://docs.cronofy.com/developers/faqs/access-token-expiry/
    """
    body = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _post(REFRESH, base, "/oauth/token", application, body, repeatable=False)


def build_revoke(base: str, application: Application, refresh_token: str) -> HttpRequest:
    """Build the request that ends a consent. What is unknown or over is revoked as well.

    https://docs.cronofy.com/developers/api/authorization/revoke/
    """
    body = {"token": refresh_token}
    return _post(REVOKE, base, "/oauth/token/revoke", application, body, repeatable=True)


def _post(
    operation: str,
    base: str,
    path: str,
    application: Application,
    body: Mapping[str, str],
    *,
    repeatable: bool,
) -> HttpRequest:
    client = {"client_id": application.client_id, "client_secret": application.client_secret}
    return HttpRequest(
        operation=operation,
        method="POST",
        url=base.rstrip("/") + path,
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
        },
        body=write_json({**client, **body}),
        repeatable=repeatable,
    )


def parse_grant(
    response: HttpResponse, operation: str = EXCHANGE, *, refresh_token: str = ""
) -> Grant:
    """Read tokens.

    Args:
        response: The answer.
        operation: `EXCHANGE`, which must name the account, or `REFRESH`.
        refresh_token: The one that was used, which goes on if the answer brings none.

    Raises:
        ProviderAuthError: The consent is over, or the code: the person has to sign in again.
        ProviderRequestError: Our application's id, secret or redirect address is wrong.
        ProviderError: Everything else that it can mean.
    """
    body = _load(response, operation)
    access_token = _matching(_SECRET, body.get("access_token"))
    newest = _matching(_SECRET, body.get("refresh_token")) or refresh_token
    sub = _matching(_SUB, body.get("sub")) or _matching(_SUB, body.get("account_id"))
    if not (access_token and newest and (sub or operation != EXCHANGE)):
        raise ProviderProtocolError(PROVIDER, operation, status=response.status)
    profile = body.get("linking_profile")
    return Grant(
        access_token=access_token,
        refresh_token=newest,
        sub=sub,
        expires_in=_seconds(body.get("expires_in")),
        scopes=frozenset(_text(body.get("scope")).split()),
        profile=read_profile(profile) if isinstance(profile, Mapping) else None,
    )


def parse_revoked(response: HttpResponse) -> None:
    """Read the answer to a revocation, which is empty.

    Raises:
        ProviderError: It is anything but a success.
    """
    if not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP
        raise refuse(response, REVOKE)


def _load(response: HttpResponse, operation: str) -> Mapping[str, object]:
    body = load(response)
    if body is None or "error" in body or not 200 <= response.status < 300:  # noqa: PLR2004
        raise refuse(response, operation)
    return body


def _matching(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _text(value: object) -> str:
    return whole_characters(value) if isinstance(value, str) else ""


def _seconds(value: object) -> float | None:
    """Seconds as a number; lifetimes of half an hour, one and three hours were seen."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= _LONGEST_LIFE else None  # type: ignore[operator,arg-type] # narrowed by is_number


class CronofyOAuth:
    """Asks Cronofy for tokens, and to forget them.

    One refresh at a time per account is the caller's business: where the refresh token is
    replaced, of two the second is told `invalid_grant`.

    Args:
        base: The address of the API, as `api.api_base` says, or the sandbox.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        timer: Timer,
        application: Application,
        base: str,
        meter: Meter | None = None,
    ) -> None:
        self._transport = transport
        self._meter = meter or NoMeter()
        self._timer = timer
        self._application = application
        self._base = base

    async def exchange(self, code: str, *, deadline: float) -> Grant:
        """Turn the code that a browser brought into tokens.

        Raises:
            ProviderAuthError: The code is unknown, used or too old: begin again.
            ProviderError: Refused or failed.
            TransportError: No complete answer. The code may be used up.
        """
        return await self._send(
            build_exchange(self._base, self._application, code), parse_grant, deadline
        )

    async def refresh(self, refresh_token: str, *, deadline: float) -> Grant:
        """Get a new access token; the refresh token of the result replaces the one given.

        After an error with `may_have_happened` the one given may be dead although nothing came
        back: the next attempt then ends with ProviderAuthError.

        Raises:
            ProviderAuthError: The consent is over: the person has to sign in again.
            ProviderError: Refused or failed; the sign-in may well be alive.
            TransportError: No complete answer; likewise.
        """

        def parse(response: HttpResponse) -> Grant:
            return parse_grant(response, REFRESH, refresh_token=refresh_token)

        request = build_refresh(self._base, self._application, refresh_token)
        return await self._send(request, parse, deadline)

    async def revoke(self, refresh_token: str, *, deadline: float) -> None:
        """End the consent, with all of its tokens; that it is over already is no error.

        Raises:
            ProviderError: Refused or failed.
            TransportError: No complete answer.
        """
        request = build_revoke(self._base, self._application, refresh_token)
        await self._send(request, parse_revoked, deadline)

    async def _send(
        self, request: HttpRequest, parse: Callable[[HttpResponse], T], deadline: float
    ) -> T:
        async def attempt() -> T:
            with Exchange(self._meter, PROVIDER, request.operation):
                return parse(await self._transport.send(request, deadline=deadline))

        return await with_retries(
            attempt, repeatable=request.repeatable, deadline=deadline, timer=self._timer
        )
