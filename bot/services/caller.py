"""Who asks for something, and which account of theirs it is done with."""

from dataclasses import dataclass, field

from bot.domain.accounts import Account
from bot.domain.chat import Conversation, Identity
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.errors import NotLinkedError
from bot.ports import AccountStore, Call, Priority
from bot.services.changes import Changes
from bot.texts import M


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody whose command is being carried out.

    Attributes:
        identity: The person; what is done is done as them and nobody else.
        entry_id: The inbox entry of the command.
        deadline: Until when, on the clock's monotonic scale.
        conversation: Where they gave it.
        changes: What it changes; stored together with its outcome.
        confirmed: They said yes to our question.
        priority: Who goes first where a provider's limit makes requests wait.
    """

    identity: Identity
    entry_id: int
    deadline: float
    conversation: Conversation
    changes: Changes = field(repr=False)
    confirmed: bool = False
    priority: Priority = Priority.COMMAND


async def call_about(caller: Caller, accounts: AccountStore, ref: EventRef) -> Call:
    """Open a call about an event in the caller's own name, with the account that sees it.

    Raises:
        NotLinkedError: They have no such account, or not any more.
    """
    account = await account_of(caller.identity, accounts, ref)
    if account is None:
        raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=ref.provider)
    return Call(account=account, deadline=caller.deadline, priority=caller.priority)


async def call_as(caller: Caller, accounts: AccountStore, provider: Provider) -> Call:
    """Open a call to a provider in the caller's own name.

    Raises:
        NotLinkedError: They have no account there; nobody else's is ever used.
    """
    account = await account_at(caller.identity, accounts, provider)
    if account is None:
        raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=provider)
    return Call(account=account, deadline=caller.deadline, priority=caller.priority)


async def account_of(owner: Identity, accounts: AccountStore, ref: EventRef) -> Account | None:
    """The account of a person that sees an event."""
    if not ref.account_id:
        return await account_at(owner, accounts, ref.provider)
    for account in await accounts.accounts_of(owner):
        if account.account_id == ref.account_id:
            return account
    return None


async def account_at(owner: Identity, accounts: AccountStore, provider: Provider) -> Account | None:
    """A person's account at a provider: the one linked first, if they have several."""
    for account in await accounts.accounts_of(owner):
        if account.provider is provider:
            return account
    return None
