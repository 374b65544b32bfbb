"""Accounts that are known from the start and kept nowhere else."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity
from bot.errors import NotLinkedError, ProviderAuthError
from bot.ports import AccountStore
from bot.texts import M


class FixedAccounts:
    """Accounts known from the start: those of the operator's environment, or a test's people."""

    def __init__(self, accounts: Mapping[Account, Credentials]) -> None:
        self._credentials = dict(accounts)

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        """See `AccountStore.accounts_of`."""
        return [account for account in self._credentials if account.owner == owner]

    async def credentials(self, account: Account) -> Credentials:
        """See `AccountStore.credentials`."""
        try:
            return self._credentials[account]
        except KeyError:
            pass
        raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=account.provider)

    async def renew(self, account: Account, stale: Credentials) -> Credentials:
        """See `AccountStore.renew`; what the operator wrote down is not renewed by us."""
        del stale
        raise ProviderAuthError(account.provider, "renew")


if TYPE_CHECKING:
    _conforms: type[AccountStore] = FixedAccounts
