"""Linked accounts in a dictionary."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.accounts import Account, AccountState, Credentials
from bot.domain.chat import Identity
from bot.domain.providers import Provider
from bot.errors import NotAllowedError, NotLinkedError
from bot.ports import AccountBook, Clock, KeptCredentials, Sealer
from bot.texts import M


class MemoryBook:
    """Forgets everything with the test."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._kept: dict[str, KeptCredentials] = {}
        self._leases: dict[str, datetime] = {}

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        return [account for account in self._accounts.values() if account.owner == owner]

    async def linked_as(self, provider: Provider, subject: str) -> Sequence[Account]:
        return [
            account
            for account in self._accounts.values()
            if (account.provider, account.subject) == (provider, subject)
        ]

    async def link(
        self, account: Account, credentials: Credentials, *, sole: bool = False
    ) -> Account:
        for known in await self.linked_as(account.provider, account.subject):
            if known.owner == account.owner:
                account = replace(account, account_id=known.account_id)
            elif sole:
                raise NotAllowedError(M.LINK_TAKEN)
        self._accounts[account.account_id] = account
        version = (self._version(account) or 0) + 1
        self._kept[account.account_id] = KeptCredentials(credentials=credentials, version=version)
        self._leases.pop(account.account_id, None)
        return account

    async def unlink(self, account: Account) -> bool:
        if self._mine(account) is None:
            return False
        del self._accounts[account.account_id], self._kept[account.account_id]
        return True

    async def set_state(
        self, account: Account, state: AccountState, *, version: int | None = None
    ) -> bool:
        known = self._mine(account)
        if known is None or known.state is state:
            return False
        if version not in (None, self._version(account)):
            return False
        self._accounts[account.account_id] = replace(known, state=state)
        return True

    async def read_credentials(self, account: Account, *, fresh: bool = False) -> KeptCredentials:
        del fresh
        if self._mine(account) is None:
            raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=account.provider)
        return self._kept[account.account_id]

    async def claim_renewal(self, account: Account, version: int, until: datetime) -> bool:
        lease = self._leases.get(account.account_id)
        held = lease is not None and lease >= self._clock.now()
        if held or self._version(account) != version:
            return False
        self._leases[account.account_id] = until
        return True

    async def give_up_renewal(self, account: Account, version: int) -> None:
        if self._version(account) == version:
            self._leases.pop(account.account_id, None)

    async def replace_credentials(
        self, account: Account, version: int, credentials: Credentials
    ) -> bool:
        if self._version(account) != version:
            return False
        kept = KeptCredentials(credentials=credentials, version=version + 1)
        self._kept[account.account_id] = kept
        self._leases.pop(account.account_id, None)
        return True

    def _mine(self, account: Account) -> Account | None:
        known = self._accounts.get(account.account_id)
        if known is None or known.owner != account.owner:
            return None
        return known if known.provider is account.provider else None

    def _version(self, account: Account) -> int | None:
        kept = self._kept.get(account.account_id)
        return None if kept is None else kept.version


class MemorySealer:
    """Hides secrets by remembering them."""

    def __init__(self) -> None:
        self._secrets: list[str] = []

    def seal(self, secret: str) -> str:
        self._secrets.append(secret)
        return f"sealed:{len(self._secrets)}"

    def unseal(self, word: str) -> str | None:
        number = word.removeprefix("sealed:")
        known = number.isdecimal() and 0 < int(number) <= len(self._secrets)
        return self._secrets[int(number) - 1] if known else None


if TYPE_CHECKING:
    _book: type[AccountBook] = MemoryBook
    _sealer: type[Sealer] = MemorySealer
