"""Whose sign-in at which provider."""

from dataclasses import dataclass, field

from bot.domain.chat import Identity
from bot.domain.providers import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's sign-in at a provider. It never holds the credentials themselves."""

    account_id: str
    owner: Identity
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens an account. Every field is a secret: there is nothing to see in its repr.

    Attributes:
        endpoint: Base address of the account's API (a Bitrix24 webhook address is a secret).
        access_token: Empty where the address itself is the key.
    """

    endpoint: str = field(repr=False)
    access_token: str = field(default="", repr=False)
