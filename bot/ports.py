"""What the core needs from the outside, as protocols; adapters implement them.

Every function that talks to a provider takes a `Call`: for whom, until when, how urgent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from bot.domain.accounts import Account, AccountState, Credentials
from bot.domain.chat import Conversation, Identity, IncomingMessage, Platform, Reply
from bot.domain.inbox import (
    Delivery,
    FollowUp,
    InboxEntry,
    Intent,
    Membership,
    Person,
    StoredButton,
)
from bot.domain.participation import Answer, Event, EventRef, Participation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider


class Priority(IntEnum):
    """Who goes first when a provider's limit makes requests wait."""

    COMMAND = 0
    FOLLOW_UP = 1
    BACKGROUND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """For whom something is asked of a provider, and until when.

    `deadline` is on the clock's monotonic scale; waiting for our own limits counts.
    """

    account: Account
    deadline: float
    priority: Priority = Priority.COMMAND


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        ...


class CalendarProvider(Protocol):
    """A calendar system in which invitations are answered."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    @property
    def write_settles_in(self) -> float | None:
        """Seconds after which a write that broke off is surely not under way any more.

        None if nobody can say: a change shows long after it was taken, or never.
        """
        ...

    def parse_ref(self, text: str) -> EventRef | None:
        """Recognise an event id as this provider writes it; None if it is none."""
        ...

    async def get_event(self, call: Call, ref: EventRef) -> Event:
        """Read an event with the person's own status, asked of the provider for this call.

        Title, times and eligibility may be up to a minute old; the status never is.

        Raises:
            EventNotFoundError: Unknown, gone or not visible.
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        """Write an answer and read it back.

        Never writes twice by itself where that could be noticed. The result says what is known:
        confirmed as read (whatever it is), pending, or unknown.

        Raises:
            ProviderError: Refused; surely nothing was changed.
            TransportError: Not sent; surely nothing was changed.
        """
        ...


class PresenceProvider(Protocol):
    """A system that shows a person's availability to others."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    async def get_presence(self, call: Call) -> PresenceState:
        """Read the person's presence.

        Raises:
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        """Set it and read it back; the result is what is held now, or unknown.

        Raises:
            ProviderError: Refused; surely nothing was changed.
            TransportError: Not sent; surely nothing was changed.
        """
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

    async def link(self, account: Account, credentials: Credentials) -> Account:
        """Keep an account; one of the same person and subject is replaced and keeps its id.

        Returns:
            The account as it is kept.
        """
        ...

    async def unlink(self, account: Account) -> bool:
        """Forget an account and what opens it; whether there was one."""
        ...

    async def set_state(self, account: Account, state: AccountState) -> bool:
        """Note whether it can be used; whether that is news."""
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


class Inbox(Protocol):
    """The durable inbox: nothing that was taken in is lost, nothing is handled twice.

    Raises StorageError from every method while the store cannot write.
    """

    async def add(self, messages: Sequence[IncomingMessage]) -> Sequence[InboxEntry]:
        """Take messages in, all at once; durable on return. Those seen before are left out."""
        ...

    async def unfinished(self) -> Sequence[InboxEntry]:
        """Everything not closed, oldest first."""
        ...

    async def record_intent(self, intent: Intent) -> None:
        """Store (or replace) what is about to be changed; durable on return."""
        ...

    async def find_intent(self, entry_id: int, provider: Provider, subject: str) -> Intent | None:
        """The intent that an earlier attempt at this message stored."""
        ...

    async def has_intents(self, entry_id: int) -> bool:
        """Whether an earlier attempt at this message was about to change something."""
        ...

    async def settle(
        self, entry: InboxEntry, deliveries: Sequence[Delivery], buttons: Sequence[StoredButton]
    ) -> Sequence[Delivery]:
        """Store the outcome with its replies, their buttons and follow-ups; durable on return.

        A reply that tells of an answer ends earlier follow-ups of the same person and event.

        Returns:
            The deliveries, with their row ids.
        """
        ...

    async def deliveries_of(self, entry: InboxEntry) -> Sequence[Delivery]:
        """The replies of a settled entry that are not delivered yet."""
        ...

    async def delivered(self, delivery: Delivery, message_id: str | None) -> None:
        """Note that a reply was delivered as that message, or given up (None)."""
        ...

    async def find_delivery(self, delivery_id: int) -> Delivery | None:
        """A reply that was stored, delivered or not; None once it is forgotten."""
        ...

    async def close(self, entry: InboxEntry) -> None:
        """The entry is done with. Need not be awaited for anything but errors."""
        ...

    async def count_failure(self, entry: InboxEntry) -> int:
        """Note that handling raised; the new count."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget closed entries that were received before that moment; how many."""
        ...


class FollowUps(Protocol):
    """Answers whose outcome was not known yet; they are stored together with their replies."""

    async def due_follow_ups(self) -> Sequence[FollowUp]:
        """Those that are to be looked at now, and those that a later answer has replaced."""
        ...

    async def next_follow_up(self) -> datetime | None:
        """When the next one is due; None if there is none."""
        ...

    async def postpone(self, follow_up: FollowUp, due_at: datetime) -> None:
        """Look again then."""
        ...

    async def begin_again(self, follow_up: FollowUp) -> bool:
        """Note that the write is about to be sent once more; durable on return.

        From now on it is looked for as if the answer had been given now.

        Returns:
            False if that was noted before, or a later answer has replaced this one: do not send.
        """
        ...

    async def end_follow_up(self, follow_up: FollowUp, news: Reply) -> None:
        """Its message says all there is to say; who fetches the kept reply later gets the news."""
        ...


class Buttons(Protocol):
    """What the opaque keys of buttons stand for."""

    async def find_button(self, key: str) -> StoredButton | None:
        """The row of a key, expired ones too; None if nobody knows it."""
        ...


class People(Protocol):
    """Those whom the bot has met, with their language and time zone."""

    async def find_person(self, identity: Identity) -> Person | None:
        """What is known of a person."""
        ...

    async def save_person(self, person: Person) -> None:
        """Remember a person; replaces what was known."""
        ...

    async def memberships_of(self, identity: Identity) -> Sequence[Membership]:
        """The groups in which a person was seen, whether or not they still belong."""
        ...

    async def save_membership(self, membership: Membership) -> None:
        """Remember whether a person belongs to a group; replaces what was known."""
        ...


class Store(Inbox, FollowUps, Buttons, People, Protocol):
    """All that the pipeline keeps, in one place: one outcome is one transaction."""


Receive = Callable[[Sequence[IncomingMessage]], Awaitable[None]]
"""Takes messages in; on return they are durable and may be acknowledged.

Raises StorageError if they could not be kept: do not acknowledge, try again later.
"""


class ChatPlatform(Protocol):
    """A chat system."""

    @property
    def name(self) -> Platform:
        """Which one it is."""
        ...

    @property
    def own_name(self) -> str:
        """The bot's own user name there, without @; empty where there is none."""
        ...

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled or at the end of input."""
        ...

    async def deliver(self, delivery: Delivery) -> str | None:
        """Post or edit a reply.

        Returns:
            The id of the message, for later edits; None if the platform has none.

        Raises:
            PlatformError: It could not be delivered.
        """
        ...

    async def is_member(self, conversation: Conversation, identity: Identity) -> bool:
        """Whether a person belongs to a group now.

        Raises:
            PlatformError: It cannot be found out; `gone` if the group is closed to us.
        """
        ...

    def working(self, conversation: Conversation) -> None:
        """Show, if the platform can, that the bot is busy there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """A path at which a chat system or provider posts to us; answers an HTTP status."""

    path: str
    handle: Callable[[Mapping[str, str], bytes], Awaitable[int]]
