"""What the authorization server holds: codes, refresh tokens, and what it was asked for.

https://apidocs.bitrix24.com/settings/oauth/index.html
https://apidocs.bitrix24.com/settings/oauth/auto-renewal.html
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.sandbox.bitrix24.records import Application, ForcedError, User
from bot.sandbox.faults import Faults
from bot.sandbox.server import Gate

TOKEN_OPERATION = "oauth.token"  # noqa: S105 - the name of an operation
CODE_LIFETIME = 30.0
REFRESH_LIFETIME = 180 * 24 * 3600.0


class PortalSide(Protocol):
    """What the server has to know of a portal whose people consent."""

    now: Callable[[], datetime]
    member_id: str
    users: dict[int, User]
    applications: dict[str, Application]

    def issue_token(
        self,
        user_id: int,
        token: str,
        *,
        expires_in: float = 3600,
        scopes: frozenset[str] | None = None,
        client_id: str | None = None,
    ) -> str:
        """Make an access token that opens the portal's REST."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Consent:
    """Somebody allowed an application to act for them.

    `portal_url` is the address at which the portal was reached then.
    """

    portal: PortalSide
    portal_url: str
    client_id: str
    user_id: int

    @property
    def stands(self) -> bool:
        """Whether the person still works there and the application is still installed."""
        user = self.portal.users.get(self.user_id)
        installed = self.client_id in self.portal.applications
        return user is not None and user.active and installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What was given out; `expires` is a Unix second."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEvent:
    """A code or refresh token that was taken, and answered with new tokens.

    `applied` is False if that answer is worthless and nothing was changed.
    """

    grant_type: str
    client_id: str
    member_id: str
    user_id: int
    at: str
    applied: bool = True


@dataclass(slots=True, kw_only=True)
class OAuthQuirks:
    """In which of its documented, observed or merely possible ways the server behaves.

    Attributes:
        expires_in: Seconds that access tokens live.
        bad_client: What an unknown client or a wrong secret is told: `invalid_client`, or
            `wrong_client`, which comes with 200.
        server_endpoint: Another address for it in the answers than the one that was asked.
        server_domain: What the browser brings back as the server's name.
        scope: Another text in the answers than the real scopes; `app` was seen.
        portal_as_domain: `domain` is the portal, as in old samples, and not this server.
        full_exchange: An exchange tells `expires` and `user_id`, as a refresh always does.
        keeps_old_refresh: A refresh token still works after it was replaced; nobody documents
            whether it does.
    """

    expires_in: int = 3600
    bad_client: str = "invalid_client"
    server_endpoint: str | None = None
    server_domain: str = "oauth.bitrix.info"
    scope: str | None = None
    portal_as_domain: bool = False
    full_exchange: bool = True
    keeps_old_refresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    consent: Consent
    expires_at: float

    @property
    def alive(self) -> bool:
        return self.expires_at > self.consent.portal.now().timestamp() and self.consent.stands


class OAuthServer:
    """The server's database. It serves all portals that were made with it.

    Attributes:
        clients: Secrets by client id; they outlive the application's removal from a portal.
        journal: Every code and refresh token that was taken.
        hits: How often each grant type was asked for, refused and spoilt requests included.
        faults: Their operation is `oauth.token`, their `who` a user id.
    """

    def __init__(self) -> None:
        self.clients: dict[str, str] = {}
        self.quirks = OAuthQuirks()
        self.journal: list[TokenEvent] = []
        self.hits: Counter[str] = Counter()
        self.faults = Faults()
        self.gates: list[Gate] = []
        self.forced: list[ForcedError] = []
        self._kept: Mapping[str, dict[str, _Kept]] = {"authorization_code": {}, "refresh_token": {}}

    @property
    def exchanges(self) -> int:
        """How many codes were turned into tokens."""
        return self._count("authorization_code")

    @property
    def refreshes(self) -> int:
        """How many refresh tokens were turned into new ones."""
        return self._count("refresh_token")

    def secrets(self) -> list[str]:
        """All codes and refresh tokens that work."""
        return [secret for kept in self._kept.values() for secret in kept]

    def give_code(self, consent: Consent) -> str:
        """A code for the browser to carry back; it works once, for half a minute."""
        return self._keep("authorization_code", consent, CODE_LIFETIME)

    def open_grant(self, consent: Consent) -> Tokens:
        """Tokens as if the consent had been given and its code exchanged; not in the journal."""
        return self._give_tokens(consent)

    def find(self, grant_type: str, secret: str) -> Consent | None:
        """The consent behind a code or refresh token that works now."""
        kept = self._kept[grant_type].get(secret)
        return kept.consent if kept is not None and kept.alive else None

    def owner_of(self, grant_type: str, secret: str) -> str | None:
        """Whom a code or refresh token concerns, also if it is too old or they were dismissed."""
        kept = self._kept.get(grant_type, {}).get(secret)
        return None if kept is None else str(kept.consent.user_id)

    def trade(self, grant_type: str, secret: str, consent: Consent, *, applied: bool) -> Tokens:
        """Give out tokens for a code or refresh token, which ends with that."""
        event = TokenEvent(
            grant_type=grant_type,
            client_id=consent.client_id,
            member_id=consent.portal.member_id,
            user_id=consent.user_id,
            at=consent.portal.now().isoformat(),
            applied=applied,
        )
        self.journal.append(event)
        if not applied:
            return Tokens(access_token=_new(), refresh_token=_new(), expires=self._expires(consent))
        if grant_type == "authorization_code" or not self.quirks.keeps_old_refresh:
            del self._kept[grant_type][secret]
        return self._give_tokens(consent)

    def forget(self, portal: PortalSide, client_id: str) -> None:
        """End all codes and refresh tokens of an application on one portal."""
        for kept in self._kept.values():
            for secret, entry in list(kept.items()):
                if entry.consent.portal is portal and entry.consent.client_id == client_id:
                    del kept[secret]

    def force_error(
        self, code: str, status: int | None = None, *, who: str | None = None, times: int = 1
    ) -> None:
        """Answer the next requests for tokens with an error; nothing of them is carried out."""
        forced = ForcedError(
            code=code, status=status, operation=TOKEN_OPERATION, who=who, times=times
        )
        self.forced.append(forced)

    def hold(self, who: str | None = None) -> Gate:
        """Hold answers back, after they were carried out, until the gate is opened."""
        gate = Gate(TOKEN_OPERATION, who)
        self.gates.append(gate)
        return gate

    def snapshot(self) -> dict[str, object]:
        """Numbers for other processes; no secret is among them."""
        return {
            "hits": dict(self.hits),
            "exchanges": self.exchanges,
            "refreshes": self.refreshes,
            "codes": len(self._kept["authorization_code"]),
            "refresh_tokens": len(self._kept["refresh_token"]),
        }

    def _count(self, grant_type: str) -> int:
        return sum(event.applied and event.grant_type == grant_type for event in self.journal)

    def _expires(self, consent: Consent) -> int:
        return int(consent.portal.now().timestamp()) + self.quirks.expires_in

    def _keep(self, grant_type: str, consent: Consent, lifetime: float) -> str:
        secret = _new()
        expires_at = consent.portal.now().timestamp() + lifetime
        self._kept[grant_type][secret] = _Kept(consent=consent, expires_at=expires_at)
        return secret

    def _give_tokens(self, consent: Consent) -> Tokens:
        access_token = consent.portal.issue_token(
            consent.user_id,
            _new(),
            expires_in=self.quirks.expires_in,
            scopes=consent.portal.applications[consent.client_id].scopes,
            client_id=consent.client_id,
        )
        return Tokens(
            access_token=access_token,
            refresh_token=self._keep("refresh_token", consent, REFRESH_LIFETIME),
            expires=self._expires(consent),
        )


def _new() -> str:
    return secrets.token_hex(35)
