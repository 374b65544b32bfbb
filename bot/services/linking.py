"""Linking and unlinking accounts."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.chat import Conversation, Identity, IncomingMessage, Platform
from bot.domain.journal import Change, ChangeKind
from bot.domain.providers import Provider
from bot.domain.sign_ins import SignedIn, Standing
from bot.errors import (
    NotAllowedError,
    NotLinkedError,
    PlatformError,
    ProviderError,
    StorageError,
    TransportError,
    UsageError,
)
from bot.ports import (
    AccountBook,
    AccountStore,
    ChatPlatform,
    Clock,
    Consent,
    Sealer,
    SignIn,
)
from bot.services.caller import Caller
from bot.services.concealing import conceal
from bot.services.tokens import signed_in
from bot.texts import M

logger = logging.getLogger(__name__)

_ONE_OWNER = (Provider.CRONOFY,)
"""One Cronofy account gathers all calendars of whoever signed in, so it has one owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedKey:
    """What somebody pasted, and to which provider it is a key."""

    provider: Provider
    credentials: Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """An account that was linked, and the time zone that its provider tells; see `Standing`."""

    account: Account
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """An account that is forgotten.

    Attributes:
        account: What it was.
        ended: Whether the consent has ended at the provider too; None if it has no such thing.
    """

    account: Account
    ended: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """The use cases around a person's own accounts.

    Attributes:
        sign_ins: What a provider's credentials are worth.
        consents: Sign-in at a provider's own page, where the operator has set it up.
        leaving: Is told until when an account can still be used, before it goes; raises nothing.
        left: Is told of an account that is gone.
    """

    book: AccountBook
    accounts: AccountStore
    sign_ins: Mapping[Provider, SignIn]
    consents: Mapping[Provider, Consent]
    platforms: Mapping[Platform, ChatPlatform]
    sealer: Sealer
    leaving: Callable[[Account, float], Awaitable[None]]
    left: Callable[[Account], Awaitable[None]]
    clock: Clock

    def conceal(self, message: IncomingMessage) -> IncomingMessage:
        """See `bot.services.concealing.conceal`."""
        return conceal(message, self.sealer)

    async def delete_message(self, message: IncomingMessage) -> bool:
        """Delete a message that held a key; whether it worked."""
        platform = self.platforms[message.sender.platform]
        try:
            await platform.delete(message.conversation, message.message_id)
        except PlatformError:
            return False
        return True

    def recognise(self, word: str) -> PastedKey:
        """Which provider's key it is that `conceal` left as this word.

        Raises:
            UserError: It is none, or one that may not be used.
        """
        secret = self.sealer.unseal(word)
        if secret is None:
            raise UsageError(M.LINK_NO_KEY)
        for provider, sign_in in self.sign_ins.items():
            credentials = sign_in.recognise(secret)
            if credentials is not None:
                return PastedKey(provider=provider, credentials=credentials)
        raise UsageError(M.LINK_NOT_RECOGNISED)

    async def link(self, caller: Caller, key: PastedKey) -> Linked:
        """Check a pasted key with its provider and keep it as the caller's.

        Raises:
            UserError: See `check`.
            ProviderError, TransportError: The provider refused it or could not be asked.
        """
        sign_in = self.sign_ins[key.provider]
        standing = await sign_in.examine(key.credentials, caller.deadline)
        brought = SignedIn(credentials=key.credentials, standing=standing)
        account = await self.keep(caller.identity, key.provider, sign_in.kind, brought)
        self._note(caller, account, ChangeKind.LINK)
        return Linked(account=account, timezone=standing.timezone)

    async def check(self, owner: Identity, provider: Provider, standing: Standing) -> None:
        """Refuse what would be of no use, or is somebody else's.

        Raises:
            UsageError: It may do too little, or shows no invitations.
            NotAllowedError: Somebody else has linked this very calendar account.
        """
        if standing.missing:
            raise UsageError(
                M.LINK_MISSING_RIGHTS, provider=provider, names=", ".join(standing.missing)
            )
        if not standing.sees_invitations:
            raise UsageError(M.LINK_FREE_BUSY)
        others = await self.book.linked_as(provider, standing.subject)
        if provider in _ONE_OWNER and any(other.owner != owner for other in others):
            raise NotAllowedError(M.LINK_TAKEN)

    async def keep(
        self, owner: Identity, provider: Provider, kind: AccountKind, signed_in: SignedIn
    ) -> Account:
        """Keep an account as somebody's.

        Raises:
            UserError: See `check`.
            StorageError: It could not be kept.
        """
        standing = signed_in.standing
        await self.check(owner, provider, standing)
        account = Account(
            account_id=secrets.token_hex(8),
            owner=owner,
            provider=provider,
            kind=kind,
            subject=standing.subject,
            name=standing.name,
            place=standing.place,
            scopes=standing.scopes,
            linked_at=self.clock.now(),
            state=AccountState.ACTIVE,
        )
        # Asked once more where it is kept: two may be linking it at this very moment.
        sole = provider in _ONE_OWNER
        return await self.book.link(account, signed_in.credentials, sole=sole)

    async def of(self, caller: Caller) -> Sequence[Account]:
        """The caller's accounts, the environment's too."""
        return await self.accounts.accounts_of(caller.identity)

    async def examine(self, caller: Caller, account: Account) -> Standing:
        """Ask the provider whether an account works now.

        Raises:
            NotLinkedError, ProviderError, TransportError: It does not, or not now.
        """
        sign_in = self.sign_ins[account.provider]
        return await signed_in(
            self.accounts,
            account,
            lambda credentials: sign_in.examine(credentials, caller.deadline),
        )

    async def unlink(self, caller: Caller, account_id: str) -> Unlinked:
        """Forget one of the caller's own accounts, and end the consent where that can be done.

        It is forgotten whatever the provider says.

        Raises:
            NotLinkedError: They have no such account, or not any more.
            NotAllowedError: It comes from the operator's settings.
        """
        for account in await self.of(caller):
            if account.account_id != account_id:
                continue
            if account.kind is AccountKind.ENVIRONMENT:
                raise NotAllowedError(M.UNLINK_ENVIRONMENT, provider=account.provider)
            await self.leaving(account, caller.deadline)
            credentials = await self._last_credentials(account)
            await self.book.unlink(account)
            await self.left(account)
            self._note(caller, account, ChangeKind.UNLINK)
            if credentials is None:
                return Unlinked(account=account, ended=None)
            ended = await self.end_consent(
                account.provider, account.subject, credentials, caller.deadline
            )
            return Unlinked(account=account, ended=ended)
        raise NotLinkedError(M.UNLINK_GONE)

    async def end_consent(
        self, provider: Provider, subject: str, credentials: Credentials, deadline: float
    ) -> bool | None:
        """End a consent that nobody uses any more; see `Unlinked.ended`."""
        consent = self.consents.get(provider)
        if consent is None or not credentials.refresh_token:
            return None
        try:
            if await self.book.linked_as(provider, subject):
                # At the provider both may be one: ending this would end the one in use.
                return None
            return await consent.revoke(credentials, deadline) or None
        except (ProviderError, TransportError, StorageError) as error:
            logger.warning("a consent could not be ended: %s", error)
        return False

    async def _last_credentials(self, account: Account) -> Credentials | None:
        try:
            return (await self.book.read_credentials(account)).credentials
        except Exception:
            # Whatever is wrong with them, they are to be forgotten.
            logger.exception("an account is forgotten without opening it")
        return None

    def _note(self, caller: Caller, account: Account, kind: ChangeKind) -> None:
        caller.changes.put(
            account_change(account, kind, at=self.clock.now(), conversation=caller.conversation)
        )


def account_change(
    account: Account, kind: ChangeKind, *, at: datetime, conversation: Conversation | None
) -> Change:
    """What the journal says of an account that was linked or unlinked."""
    return Change(
        owner=account.owner,
        at=at,
        conversation=conversation,
        provider=account.provider,
        kind=kind,
        title=f"{account.name}, {account.place}" if account.name else account.place,
    )
