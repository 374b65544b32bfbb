"""Linking and unlinking accounts, and keeping pasted keys out of everything that is kept."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.chat import IncomingMessage, Platform
from bot.domain.providers import Provider
from bot.errors import NotAllowedError, NotLinkedError, PlatformError, UsageError
from bot.ports import (
    AccountBook,
    AccountStore,
    ChatPlatform,
    Clock,
    Sealer,
    SignIn,
    Standing,
)
from bot.services.caller import Caller
from bot.texts import M

_LINK = re.compile(r"\s*/link(?:@\w+)?\s+(?P<secret>\S.*)", re.IGNORECASE | re.DOTALL)
_WEBHOOK = re.compile(r"https?://\S+/rest/\d+/\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedKey:
    """What somebody pasted, and to which provider it is a key."""

    provider: Provider
    credentials: Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """The use cases around a person's own accounts."""

    book: AccountBook
    accounts: AccountStore
    sign_ins: Mapping[Provider, SignIn]
    platforms: Mapping[Platform, ChatPlatform]
    sealer: Sealer
    clock: Clock

    def conceal(self, message: IncomingMessage) -> IncomingMessage:
        """Take pasted keys out of a message before it is kept anywhere.

        What follows /link is one whatever it looks like; a webhook's address is one anywhere, and
        alone in a private chat it is meant to be linked.
        """
        match = _LINK.match(message.text)
        if match is not None:
            return replace(message, text=f"/link {self.sealer.seal(match['secret'].strip())}")
        if not _WEBHOOK.search(message.text):
            return message
        words = message.text.strip()
        if _WEBHOOK.fullmatch(words) and not message.conversation.is_group:
            return replace(message, text=f"/link {self.sealer.seal(words)}")
        return replace(message, text=_WEBHOOK.sub("…", message.text))

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

    async def link(self, caller: Caller, key: PastedKey) -> Account:
        """Check a pasted key with its provider and keep it as the caller's.

        Raises:
            UsageError: It may do too little.
            NotAllowedError: Somebody else has linked this very calendar account.
            ProviderError, TransportError: The provider refused it or could not be asked.
        """
        sign_in = self.sign_ins[key.provider]
        standing = await sign_in.examine(key.credentials, caller.deadline)
        if standing.missing:
            raise UsageError(
                M.LINK_MISSING_RIGHTS, provider=sign_in.name, names=", ".join(standing.missing)
            )
        await self._refuse_what_is_anothers(caller, sign_in.name, standing)
        account = Account(
            account_id=secrets.token_hex(8),
            owner=caller.identity,
            provider=sign_in.name,
            kind=sign_in.kind,
            subject=standing.subject,
            name=standing.name,
            place=standing.place,
            scopes=standing.scopes,
            linked_at=self.clock.now(),
            state=AccountState.ACTIVE,
        )
        return await self.book.link(account, key.credentials)

    async def of(self, caller: Caller) -> Sequence[Account]:
        """The caller's accounts, the environment's too."""
        return await self.accounts.accounts_of(caller.identity)

    async def examine(self, caller: Caller, account: Account) -> Standing:
        """Ask the provider whether an account works now.

        Raises:
            NotLinkedError, ProviderError, TransportError: It does not, or not now.
        """
        credentials = await self.accounts.credentials(account)
        return await self.sign_ins[account.provider].examine(credentials, caller.deadline)

    async def unlink(self, caller: Caller, account_id: str) -> Account:
        """Forget one of the caller's own accounts.

        Raises:
            NotLinkedError: They have no such account, or not any more.
            NotAllowedError: It comes from the operator's settings.
        """
        for account in await self.of(caller):
            if account.account_id != account_id:
                continue
            if account.kind is AccountKind.ENVIRONMENT:
                raise NotAllowedError(M.UNLINK_ENVIRONMENT, provider=account.provider)
            await self.book.unlink(account)
            return account
        raise NotLinkedError(M.UNLINK_GONE)

    async def _refuse_what_is_anothers(
        self, caller: Caller, provider: Provider, standing: Standing
    ) -> None:
        """One Cronofy account gathers all calendars of whoever signed in, so it has one owner."""
        if provider is not Provider.CRONOFY:
            return
        for other in await self.book.linked_as(provider, standing.subject):
            if other.owner != caller.identity:
                raise NotAllowedError(M.LINK_TAKEN)
