"""Who is signed in where, and what opens their accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.accounts import Account, AccountState, Credentials
from bot.domain.chat import Identity
from bot.domain.providers import Provider


class Sealer(Protocol):
    """Hides a secret in a text that may be kept."""

    def seal(self, secret: str) -> str:
        """A word that says nothing to anybody else; if there is no key, not even to us."""
        ...

    def unseal(self, word: str) -> str | None:
        """What was sealed; None if that is no sealed word of ours."""
        ...


class AccountStore(Protocol):
    """Who is signed in where."""

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        """Accounts of a person, in the order in which they were linked."""
        ...

    async def credentials(self, account: Account) -> Credentials:
        """What opens an account.

        Raises:
            NotLinkedError: The account is gone.
            ProviderAuthError: Its credentials are dead, or can no longer be read: sign in again.
        """
        ...

    async def renew(self, account: Account, stale: Credentials) -> Credentials:
        """What opens an account whose access token ran out; renewed once for all who ask.

        Raises:
            NotLinkedError: The account is gone.
            ProviderAuthError: It cannot be renewed: the person has to sign in again.
            ProviderError: It cannot be renewed for the moment; nothing else was done.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCredentials:
    """Credentials as they are kept; `version` counts how often they were replaced."""

    credentials: Credentials
    version: int


class AccountBook(Protocol):
    """The accounts that people linked, and what opens them.

    Raises StorageError from every method while the store cannot write.
    """

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        """Accounts of a person, in the order in which they were linked."""
        ...

    async def linked_as(self, provider: Provider, subject: str) -> Sequence[Account]:
        """Everybody's accounts that are this very person at the provider."""
        ...

    async def link(
        self, account: Account, credentials: Credentials, *, sole: bool = False
    ) -> Account:
        """Keep an account; one of the same person and subject is replaced and keeps its id.

        Args:
            account: Whose, and who that is at the provider.
            credentials: What opens it.
            sole: Nobody else may have linked that person at the provider.

        Returns:
            The account as it is kept.

        Raises:
            NotAllowedError: The operator has removed the person meanwhile.
        """
        ...

    async def unlink(self, account: Account) -> bool:
        """Forget an account and what opens it; whether there was one."""
        ...

    async def set_state(
        self, account: Account, state: AccountState, *, version: int | None = None
    ) -> bool:
        """Note whether it can be used; whether that is news.

        With a version nothing is noted if its credentials have been replaced since.
        """
        ...

    async def read_credentials(self, account: Account, *, fresh: bool = False) -> KeptCredentials:
        """What opens an account; `fresh` reads past everything that is cached.

        Raises:
            NotLinkedError: The account is gone.
            SealedError: They are kept and cannot be read: the key is lost, or they were changed.
        """
        ...

    async def claim_renewal(self, account: Account, version: int, until: datetime) -> bool:
        """Be the one who renews this version until then; False if somebody else is, or has."""
        ...

    async def give_up_renewal(self, account: Account, version: int) -> None:
        """Let the next one try."""
        ...

    async def replace_credentials(
        self, account: Account, version: int, credentials: Credentials
    ) -> bool:
        """Keep renewed credentials in place of that version; False if it is gone."""
        ...
