"""Several account stores as one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.chat import Identity
from bot.ports import AccountStore


class LinkedBeforeFixed:
    """What a person linked comes before what the operator's environment holds for them."""

    def __init__(self, linked: AccountStore, fixed: AccountStore) -> None:
        self._linked = linked
        self._fixed = fixed

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        """See `AccountStore.accounts_of`."""
        return [
            *await self._linked.accounts_of(owner),
            *await self._fixed.accounts_of(owner),
        ]

    async def credentials(self, account: Account) -> Credentials:
        """See `AccountStore.credentials`."""
        return await self._store_of(account).credentials(account)

    async def renew(self, account: Account, stale: Credentials) -> Credentials:
        """See `AccountStore.renew`."""
        return await self._store_of(account).renew(account, stale)

    def _store_of(self, account: Account) -> AccountStore:
        fixed = account.kind is AccountKind.ENVIRONMENT
        return self._fixed if fixed else self._linked


if TYPE_CHECKING:
    _conforms: type[AccountStore] = LinkedBeforeFixed
