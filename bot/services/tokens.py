"""Credentials that are renewed when they run out: once, whoever and however many ask for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.domain.accounts import Account, AccountState, Credentials
from bot.domain.chat import Identity
from bot.domain.providers import Provider
from bot.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderUnavailableError,
    SealedError,
    StorageError,
    TokenExpiredError,
    TransportError,
)
from bot.ports import AccountBook, AccountStore, Clock, KeptCredentials, Metrics
from bot.services.troubles import Troubles

T = TypeVar("T")

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long others leave a renewal to whoever began it, should that one die."""
RENEW_BEFORE = timedelta(seconds=30)
"""How long before its end a token is renewed, where the provider tells when that is."""
WAIT_FOR_ANOTHER = 15.0
"""Seconds to wait for somebody else's renewal before giving up for now."""
_LOOK_EVERY = 0.2


class Renewer(Protocol):
    """Brings new credentials for those that ran out, at one provider."""

    async def renew(self, credentials: Credentials) -> Credentials:
        """Ask the provider.

        Raises:
            ProviderAuthError: Never again: the person has to sign in.
            ProviderError: Not now.
            TransportError: No complete answer.
        """
        ...


class TokenService:
    """Who is signed in where, with credentials that work.

    Several processes may share one database: whoever claims the lease renews, the others wait for
    the new version. New credentials are kept before they are used.
    """

    def __init__(
        self,
        book: AccountBook,
        *,
        renewers: Mapping[Provider, Renewer],
        clock: Clock,
        troubles: Troubles | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._book = book
        self._metrics = metrics
        self._troubles = troubles
        self._renewers = renewers
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[Credentials]] = {}

    async def accounts_of(self, owner: Identity) -> "list[Account]":
        """See `AccountStore.accounts_of`."""
        return list(await self._book.accounts_of(owner))

    async def credentials(self, account: Account) -> Credentials:
        """See `AccountStore.credentials`."""
        _refuse_if_dead(account)
        known = (await self._read(account)).credentials
        if known.expires_at is None or known.expires_at > self._clock.now() + RENEW_BEFORE:
            return known
        return await self.renew(account, known)

    async def renew(self, account: Account, stale: Credentials) -> Credentials:
        """See `AccountStore.renew`."""
        task = self._under_way.get(account.account_id)
        if task is None:
            task = asyncio.create_task(self._renew(account, stale), name="renewal")
            self._under_way[account.account_id] = task
            task.add_done_callback(lambda _: self._under_way.pop(account.account_id, None))
        # Whoever gives up waiting must not take the renewal from the others.
        return await asyncio.shield(task)

    async def drain(self, grace: float) -> None:
        """Wait until no renewal is under way, at most so many seconds.

        A provider has replaced a refresh token by the time of its answer: what is not kept then is
        lost, and its person has to sign in again.
        """
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=grace)

    async def _renew(self, account: Account, stale: Credentials) -> Credentials:
        end = self._clock.monotonic() + WAIT_FOR_ANOTHER
        while self._clock.monotonic() < end:
            await self._refuse_dead(account)
            kept = await self._read(account, fresh=True)
            if kept.credentials.access_token != stale.access_token:
                return kept.credentials
            if not kept.credentials.refresh_token:
                # A pasted key that is refused now may be taken again later: a refusal may come
                # from anything on the way, so it is asked for with each command.
                raise ProviderAuthError(account.provider, "renew")
            until = self._clock.now() + LEASE
            if await self._book.claim_renewal(account, kept.version, until):
                return await self._renew_claimed(account, kept.version, kept.credentials)
            await self._clock.sleep(_LOOK_EVERY)
        raise _not_now(account, "RENEWAL_UNDER_WAY")

    async def _refuse_dead(self, account: Account) -> None:
        """Somebody else may have been told meanwhile that it is over."""
        for known in await self._book.accounts_of(account.owner):
            if known.account_id == account.account_id:
                _refuse_if_dead(known)

    async def _renew_claimed(self, account: Account, version: int, old: Credentials) -> Credentials:
        try:
            fresh = await self._ask(account, old)
        except ProviderAuthError:
            # Not if it was linked anew meanwhile.
            await self._book.set_state(account, AccountState.SIGN_IN_AGAIN, version=version)
            raise
        except (ProviderError, TransportError) as error:
            logger.warning("an account could not be renewed for now: %s", error)
            await self._book.give_up_renewal(account, version)
        else:
            return await self._keep(account, version, fresh)
        raise _not_now(account, "RENEWAL_FAILED")

    async def _keep(self, account: Account, version: int, fresh: Credentials) -> Credentials:
        """Keep what was renewed. The old refresh token may be dead, so it is worth an effort."""
        end = self._clock.now() + LEASE
        while True:
            try:
                if await self._book.replace_credentials(account, version, fresh):
                    return fresh
                # Linked anew, or unlinked, while the renewal was under way.
                return (await self._read(account, fresh=True)).credentials
            except StorageError:
                if self._clock.now() >= end:
                    raise
                logger.warning("renewed credentials cannot be kept yet")
            await self._clock.sleep(1.0)

    async def _read(self, account: Account, *, fresh: bool = False) -> KeptCredentials:
        try:
            kept = await self._book.read_credentials(account, fresh=fresh)
        except SealedError as error:
            logger.warning("credentials of an account cannot be opened: %s", error)
            kept = None
        if self._troubles is not None:
            self._troubles.opened(account, well=kept is not None)
        if kept is None:
            raise ProviderAuthError(account.provider, "credentials")
        return kept

    async def _ask(self, account: Account, old: Credentials) -> Credentials:
        renewer = self._renewers.get(account.provider)
        if renewer is None:
            # The operator may bring the application back.
            raise _not_now(account, "NO_APPLICATION")
        try:
            fresh = await renewer.renew(old)
        except (ProviderError, TransportError) as error:
            self._note(account, type(error).__name__)
            raise
        self._note(account, "ok")
        return fresh

    def _note(self, account: Account, outcome: str) -> None:
        if self._metrics is not None:
            self._metrics.renewed(account.provider, outcome)


async def signed_in(
    accounts: AccountStore, account: Account, use: Callable[[Credentials], Awaitable[T]]
) -> T:
    """Do something with what opens an account; once more if its token turns out to have expired.

    A provider that calls a token expired has surely not carried anything out.

    Raises:
        NotLinkedError: The account is gone.
        ProviderError: Whatever `use` or the renewal raised.
    """
    credentials = await accounts.credentials(account)
    try:
        return await use(credentials)
    except TokenExpiredError:
        pass
    return await use(await accounts.renew(account, credentials))


def _refuse_if_dead(account: Account) -> None:
    if account.state is AccountState.SIGN_IN_AGAIN:
        raise ProviderAuthError(account.provider, "credentials")


def _not_now(account: Account, code: str) -> ProviderUnavailableError:
    """What the token was wanted for has surely not been done."""
    return ProviderUnavailableError(account.provider, "renew", code=code, may_have_happened=False)


if TYPE_CHECKING:
    _conforms: type[AccountStore] = TokenService
