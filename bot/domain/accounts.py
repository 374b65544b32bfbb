"""Whose sign-in at which provider."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.chat import Identity
from bot.domain.providers import Provider


class AccountKind(StrEnum):
    """How an account came to be."""

    ENVIRONMENT = "environment"
    """From the operator's settings; it is there for as long as they are."""
    WEBHOOK = "webhook"
    """A Bitrix24 webhook's address that its owner pasted."""
    TOKEN = "token"  # noqa: S105 - a word
    """A Cronofy personal access token that its owner pasted."""
    OAUTH = "oauth"
    """By consent at the provider; its access token is renewed."""


class AccountState(StrEnum):
    """Whether an account can be used."""

    ACTIVE = "active"
    SIGN_IN_AGAIN = "sign_in_again"
    """The provider accepts it no longer, for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's sign-in at a provider. It never holds the credentials themselves.

    Attributes:
        account_id: Ours; never used twice.
        subject: Who it is at the provider, the same however often it is linked: a portal's host and
            a user's number, or a Cronofy `sub`. Empty for the environment's.
        name: That person's name there, for their own eyes.
        place: The portal's host, or the calendar account.
        scopes: What the provider lets us do.
    """

    account_id: str
    owner: Identity
    provider: Provider
    kind: AccountKind = AccountKind.ENVIRONMENT
    subject: str = ""
    name: str = field(default="", repr=False)
    place: str = ""
    scopes: tuple[str, ...] = ()
    linked_at: datetime | None = None
    state: AccountState = AccountState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens an account. Every field is a secret: there is nothing to see in its repr.

    Attributes:
        endpoint: Base address of the account's API (a Bitrix24 webhook address is a secret).
        access_token: Empty where the address itself is the key.
        refresh_token: Brings a new access token; empty where there is none.
        token_server: Where it does so, if the provider named a place.
        expires_at: When the access token ends, if the provider said so.
    """

    endpoint: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    token_server: str = field(default="", repr=False)
    expires_at: datetime | None = field(default=None, repr=False)
