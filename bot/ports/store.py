"""What the pipeline keeps: the inbox, follow-ups, buttons, people and their journal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.chat import Conversation, Identity, IncomingMessage
from bot.domain.inbox import (
    Backlog,
    Delivery,
    FollowUp,
    InboxEntry,
    Intent,
    Membership,
    Person,
    Said,
    StoredButton,
)
from bot.domain.journal import Change
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.ports.journal import Journal, Traces


class Inbox(Protocol):
    """The durable inbox: nothing that was taken in is lost, nothing is handled twice.

    Raises StorageError from every method while the store cannot write.
    """

    async def add(self, messages: Sequence[IncomingMessage]) -> Sequence[InboxEntry]:
        """Take messages in, all at once; durable on return. Those seen before are left out.

        Unless nobody heard of that: what an earlier call kept that raised InDoubtError is given
        out the next time that it comes, or by `unfinished`; in rare cases by both.
        """
        ...

    async def unfinished(self) -> Sequence[InboxEntry]:
        """Everything not closed that no other process has in hand, oldest first."""
        ...

    async def take_up(self, entry: InboxEntry) -> Sequence[InboxEntry]:
        """What of its sender is to be handled up to this entry, oldest first, as it is kept now.

        For whoever has the sender claimed (see `Claims`). From now on it is in the hand of this
        process; what was handled elsewhere meanwhile is left out.
        """
        ...

    async def backlog(self) -> Backlog:
        """How much of it is not closed, and how old that is."""
        ...

    async def record_intent(self, intent: Intent) -> None:
        """Store (or replace) what is about to be changed; durable on return.

        Raises:
            TakenOverError: Its message is in another hand by now: do not change anything.
        """
        ...

    async def find_intent(self, entry_id: int, provider: Provider, subject: str) -> Intent | None:
        """The intent that an earlier attempt at this message stored."""
        ...

    async def intents_of(self, entry_id: int) -> Sequence[Intent]:
        """Everything that an earlier attempt at this message was about to change."""
        ...

    async def has_intents(self, entry_id: int) -> bool:
        """Whether an earlier attempt at this message was about to change something."""
        ...

    async def settle(
        self,
        entry: InboxEntry,
        deliveries: Sequence[Delivery],
        buttons: Sequence[StoredButton],
        changes: Sequence[Change] = (),
    ) -> Sequence[Delivery]:
        """Store the outcome with its replies, their buttons and follow-ups; durable on return.

        So are the changes, in the journal. A reply that tells of an answer ends earlier follow-ups
        of the same person and event in the same account. A farewell deletes everything about its
        reader but itself.

        Returns:
            The deliveries, with their row ids. If an earlier call has stored an outcome, those of
            its own that are not delivered yet; nothing is stored then.

        Raises:
            TakenOverError: The message is in another hand by now: do not reply.
        """
        ...

    async def deliveries_of(self, entry: InboxEntry) -> Sequence[Delivery]:
        """The replies of a settled entry that are not delivered yet."""
        ...

    async def delivered(self, delivery: Delivery, message_id: str | None) -> None:
        """Note that a reply was delivered now as that message, or given up (None).

        May be told again: of news that were posted as a new message.
        """
        ...

    async def find_delivery(self, delivery_id: int) -> Delivery | None:
        """A reply that was stored, delivered or not; None once it is forgotten."""
        ...

    async def said_to(self, owner: Identity, since: datetime) -> Sequence[Said]:
        """The replies for a person that were delivered since then, the latest first.

        Of two that were delivered at one moment the one stored later comes first. Of several with
        one message id only the first still stands there. What was shown as something else than a
        message (`is_message`) is not among them. Whatever `delivered` was told before counts.
        """
        ...

    async def said_as(self, conversation: Conversation, message_id: str) -> Said | None:
        """The reply that a message of ours shows now; None if it is none, or forgotten.

        Messages are looked for where they stand (`Delivery.shown_in`), in the whole chat: its
        topics share one sequence of ids. Whatever `delivered` was told before counts.
        """
        ...

    async def close(self, entry: InboxEntry) -> None:
        """The entry is done with, and that of a farewell deleted. Waited for only for errors."""
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

    async def end_follow_up(
        self, follow_up: FollowUp, told: Delivery, change: Change | None = None
    ) -> None:
        """Its message says all there is to say, and `told` is kept in the place of its delivery.

        What was found out goes into the journal, once.
        """
        ...


class Buttons(Protocol):
    """What the opaque keys of buttons stand for."""

    async def find_button(self, key: str) -> StoredButton | None:
        """The row of a key, expired ones too; None if nobody knows it."""
        ...

    async def answer_question(self, button: StoredButton) -> None:
        """The question of this button is answered: its other buttons do nothing any more.

        Need not be awaited for anything but errors.
        """
        ...


class Handles(Protocol):
    """Short numbers by which a person may call events whose ids nobody can type."""

    async def number_events(self, owner: Identity, refs: Sequence[EventRef]) -> Sequence[int]:
        """A number for each event, in the same order; durable on return.

        The same event always has the same number for the same person; no two share one. Of the
        calendar ids that an event came with, the latest is kept. Handles are not looked at.

        Raises:
            StorageError: The store cannot write, or another process numbers for too long.
        """
        ...

    async def find_numbered(self, owner: Identity, number: int) -> EventRef | None:
        """The event that a person may call by that number; None if there is none."""
        ...

    async def prune_numbers(self, before: datetime) -> int:
        """Forget numbers that were given before that moment; how many."""
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

    async def is_refused(self, identity: Identity) -> bool:
        """Whether the operator has removed a person, who is not to come back by themselves."""
        ...

    async def refuse(self, identity: Identity, at: datetime) -> None:
        """Refuse a person from now on."""
        ...

    async def admit(self, identity: Identity) -> bool:
        """Refuse a person no longer; whether they were."""
        ...


class Store(Inbox, FollowUps, Buttons, Handles, People, Journal, Traces, Protocol):
    """All that the pipeline keeps, in one place: one outcome is one transaction."""
