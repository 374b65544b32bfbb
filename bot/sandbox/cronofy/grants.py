"""Consents and the tokens that follow from them.

https://docs.cronofy.com/developers/api/authorization/request-token
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

CODE_LIFETIME = timedelta(minutes=5)
"""The vendor says "short-lived" and no number."""


def new_token() -> str:
    """A token as the vendor makes them: 32 ASCII characters."""
    return secrets.token_urlsafe(24)


@dataclass(slots=True, kw_only=True, eq=False)
class Grant:
    """What somebody allowed a client to do; its tokens end together.

    A personal access token is a grant without a client and without a refresh token.
    """

    client_id: str
    sub: str
    scopes: tuple[str, ...]
    refresh_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An access token's grant and its end."""

    grant: Grant
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code that is waiting to be exchanged."""

    client_id: str
    redirect_uri: str
    sub: str
    scopes: tuple[str, ...]
    profile_id: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the token endpoint hands out."""

    access_token: str
    refresh_token: str
    scopes: tuple[str, ...]
    sub: str


class Grants:
    """All codes and tokens that are alive."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, Grant] = {}
        self._codes: dict[str, Code] = {}

    def open(
        self,
        *,
        client_id: str,
        sub: str,
        scopes: Sequence[str],
        expires_in: float,
        access_token: str | None = None,
        refresh_token: str | None = None,
    ) -> Tokens:
        """Make a grant with its first tokens."""
        refresh = refresh_token or new_token()
        grant = Grant(client_id=client_id, sub=sub, scopes=tuple(scopes), refresh_token=refresh)
        self._refresh[refresh] = grant
        return self._tokens(grant, access_token or new_token(), expires_in)

    def open_personal(self, *, sub: str, scopes: Sequence[str], token: str) -> None:
        """Make a grant whose one token neither ends nor can be refreshed."""
        grant = Grant(client_id="", sub=sub, scopes=tuple(scopes), refresh_token=None)
        self._access[token] = Access(grant=grant, expires_at=None)

    def find(self, token: str) -> Access | None:
        """The access token, also if it ran out; None if it was never issued or is revoked."""
        return self._access.get(token)

    def valid(self, token: str) -> Grant | None:
        """The grant of an access token that can be used now."""
        access = self._access.get(token)
        if access is None or (access.expires_at is not None and access.expires_at <= self._now()):
            return None
        return access.grant

    def keep_code(self, code: Code) -> str:
        """Remember a consent until its code is exchanged."""
        name = new_token()
        self._codes[name] = code
        return name

    def code(self, name: str) -> Code | None:
        """The consent behind a code, unless it was used or is too old."""
        code = self._codes.get(name)
        return None if code is None or code.expires_at <= self._now() else code

    def drop_code(self, name: str) -> None:
        """A code works once."""
        self._codes.pop(name, None)

    def by_refresh_token(self, refresh_token: str) -> Grant | None:
        """The grant of a refresh token."""
        return self._refresh.get(refresh_token)

    def refresh(self, grant: Grant, *, expires_in: float, rotate: bool) -> Tokens:
        """A further access token; with `rotate` a new refresh token too, the old one ends."""
        if rotate:
            self._refresh.pop(grant.refresh_token or "", None)
            grant.refresh_token = new_token()
            self._refresh[grant.refresh_token] = grant
        return self._tokens(grant, new_token(), expires_in)

    def revoke(self, *, token: str = "", sub: str = "") -> int:
        """End the grant of a token of either kind, or all of an account; how many ended."""
        access = self._access.get(token)
        named = access.grant if access is not None else self._refresh.get(token)
        known = {id(item.grant): item.grant for item in self._access.values()}
        known |= {id(grant): grant for grant in self._refresh.values()}
        # A token wins over an account where both are given.
        ended = [
            grant
            for grant in known.values()
            if (grant is named if token else bool(sub) and grant.sub == sub)
        ]
        self._access = {
            name: item for name, item in self._access.items() if item.grant not in ended
        }
        self._refresh = {name: grant for name, grant in self._refresh.items() if grant not in ended}
        return len(ended)

    def secrets(self, sub: str) -> list[str]:
        """All tokens of an account that are alive."""
        refresh = [name for name, grant in self._refresh.items() if grant.sub == sub]
        return refresh + [name for name, item in self._access.items() if item.grant.sub == sub]

    def standing(self, sub: str) -> int:
        """How many consents of an account can still be used."""
        return sum(grant.sub == sub for grant in self._refresh.values())

    def _tokens(self, grant: Grant, access_token: str, expires_in: float) -> Tokens:
        self._access[access_token] = Access(
            grant=grant, expires_at=self._now() + timedelta(seconds=expires_in)
        )
        return Tokens(
            access_token=access_token,
            refresh_token=grant.refresh_token or "",
            scopes=grant.scopes,
            sub=grant.sub,
        )
