"""A store that forgets everything when the process ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.chat import Conversation, Identity, IncomingMessage
from bot.domain.inbox import (
    FOLLOW_UP_FIRST,
    Backlog,
    Delivery,
    EntryState,
    FollowUp,
    InboxEntry,
    Intent,
    Membership,
    Person,
    Said,
    StoredButton,
    is_message,
)
from bot.domain.journal import Change, KeptMessage
from bot.domain.participation import Watch
from bot.domain.providers import Provider
from bot.errors import TakenOverError
from bot.ports import Clock, Store
from tests.fakes.group_cards import MemoryGroupCards, MemoryGroups
from tests.fakes.handles import MemoryHandles


class MemoryStore(MemoryHandles):
    """Inbox, buttons, people and their journal in dictionaries."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._entries: dict[int, InboxEntry] = {}
        self._received: dict[int, datetime] = {}
        self._keys: dict[str, int] = {}
        self._intents: dict[tuple[int, Provider, str], Intent] = {}
        self._deliveries: dict[int, tuple[int, Delivery]] = {}
        self._delivered: set[int] = set()
        self._follow_ups: dict[int, tuple[FollowUp, datetime]] = {}
        self._message_ids: dict[int, str | None] = {}
        self._buttons: dict[str, StoredButton] = {}
        self._people: dict[Identity, Person] = {}
        self._memberships: dict[tuple[Identity, str], Membership] = {}
        self._journal: list[Change] = []
        self._delivered_at: dict[int, datetime] = {}
        self._refused: dict[Identity, datetime] = {}
        self._last_id = 0
        self.group_cards = MemoryGroupCards(clock, self._buttons)
        self.groups = MemoryGroups(self._memberships)

    async def add(self, messages: Sequence[IncomingMessage]) -> Sequence[InboxEntry]:
        added = []
        for message in messages:
            if message.key in self._keys:
                continue
            entry = InboxEntry(entry_id=self._next_id(), message=message)
            self._keys[message.key] = entry.entry_id
            self._entries[entry.entry_id] = entry
            self._received[entry.entry_id] = message.sent_at
            added.append(entry)
        return added

    async def unfinished(self) -> Sequence[InboxEntry]:
        return [
            entry
            for _, entry in sorted(self._entries.items())
            if entry.state is not EntryState.CLOSED
        ]

    async def backlog(self) -> Backlog:
        moments = [self._received[entry.entry_id] for entry in await self.unfinished()]
        return Backlog(depth=len(moments), oldest_at=min(moments, default=None))

    async def take_up(self, entry: InboxEntry) -> Sequence[InboxEntry]:
        kept = self._entries.get(entry.entry_id)
        return () if kept is None or kept.state is EntryState.CLOSED else (kept,)

    async def record_intent(self, intent: Intent) -> None:
        self._intents[intent.entry_id, intent.provider, intent.subject] = intent

    async def find_intent(self, entry_id: int, provider: Provider, subject: str) -> Intent | None:
        return self._intents.get((entry_id, provider, subject))

    async def intents_of(self, entry_id: int) -> Sequence[Intent]:
        mine = [intent for key, intent in self._intents.items() if key[0] == entry_id]
        return sorted(mine, key=lambda intent: intent.stored_at)

    async def has_intents(self, entry_id: int) -> bool:
        return any(key[0] == entry_id for key in self._intents)

    async def settle(
        self,
        entry: InboxEntry,
        deliveries: Sequence[Delivery],
        buttons: Sequence[StoredButton],
        changes: Sequence[Change] = (),
    ) -> Sequence[Delivery]:
        known = self._entries.get(entry.entry_id)
        if known is None or known.state is EntryState.CLOSED:
            raise TakenOverError("another process answers this message")
        if known.state is not EntryState.RECEIVED:
            return await self.deliveries_of(entry)
        settled = [replace(delivery, delivery_id=self._next_id()) for delivery in deliveries]
        for delivery in settled:
            self._deliveries[delivery.delivery_id] = (entry.entry_id, delivery)
            self._note_answer(delivery)
        self.group_cards.note(settled)
        self._buttons.update((button.key, button) for button in buttons)
        self._journal += changes
        leaving = any(delivery.reply.farewell for delivery in deliveries)
        state = EntryState.LEAVING if leaving else EntryState.SETTLED
        self._entries[entry.entry_id] = replace(self._entries[entry.entry_id], state=state)
        if leaving:
            self._forget(entry.message.sender, keep_entry=entry.entry_id)
        return settled

    async def deliveries_of(self, entry: InboxEntry) -> Sequence[Delivery]:
        return [
            delivery
            for entry_id, delivery in self._deliveries.values()
            if entry_id == entry.entry_id and delivery.delivery_id not in self._delivered
        ]

    async def delivered(self, delivery: Delivery, message_id: str | None) -> None:
        self._message_ids[delivery.delivery_id] = message_id
        self._delivered_at[delivery.delivery_id] = self._clock.now()
        self._delivered.add(delivery.delivery_id)
        self.group_cards.note_posted(delivery, message_id)

    async def find_delivery(self, delivery_id: int) -> Delivery | None:
        return self._deliveries.get(delivery_id, (0, None))[1]

    async def said_to(self, owner: Identity, since: datetime) -> Sequence[Said]:
        return [said for said in self._said() if said.delivery.to == owner and said.at >= since]

    async def said_as(self, conversation: Conversation, message_id: str) -> Said | None:
        for said in self._said():
            place = said.delivery.shown_in
            here = (place.platform, place.chat_id) == (conversation.platform, conversation.chat_id)
            if here and said.message_id == message_id:
                return said
        return None

    def _said(self) -> Sequence[Said]:
        """The latest first."""
        said = [
            Said(delivery=delivery, message_id=message_id, at=self._delivered_at[number])
            for number, (_, delivery) in sorted(self._deliveries.items(), reverse=True)
            if (message_id := self._message_ids.get(number)) is not None and is_message(message_id)
        ]
        return sorted(said, key=lambda one: one.at, reverse=True)

    async def close(self, entry: InboxEntry) -> None:
        if entry.entry_id not in self._entries:
            return
        if entry.state is EntryState.LEAVING:
            self._delete(entry.entry_id)
            return
        self._entries[entry.entry_id] = replace(
            self._entries[entry.entry_id], state=EntryState.CLOSED
        )

    async def count_failure(self, entry: InboxEntry) -> int:
        known = self._entries[entry.entry_id]
        self._entries[entry.entry_id] = replace(known, failures=known.failures + 1)
        return known.failures + 1

    async def prune(self, before: datetime) -> int:
        old = [
            entry_id
            for entry_id, entry in self._entries.items()
            if entry.state is EntryState.CLOSED and self._received[entry_id] < before
        ]
        for entry_id in old:
            self._delete(entry_id)
        return len(old)

    async def due_follow_ups(self) -> Sequence[FollowUp]:
        now = self._clock.now()
        return [
            replace(follow_up, message_id=self._message_ids.get(follow_up.delivery.delivery_id))
            for follow_up, due_at in self._follow_ups.values()
            if due_at <= now or follow_up.superseded
        ]

    async def next_follow_up(self) -> datetime | None:
        return min((due_at for _, due_at in self._follow_ups.values()), default=None)

    async def postpone(self, follow_up: FollowUp, due_at: datetime) -> None:
        known = self._follow_ups.get(follow_up.follow_up_id)
        if known is not None:
            self._follow_ups[follow_up.follow_up_id] = (known[0], due_at)

    async def begin_again(self, follow_up: FollowUp) -> bool:
        known = self._follow_ups.get(follow_up.follow_up_id)
        if known is None or known[0].superseded or known[0].written_again:
            return False
        now = self._clock.now()
        again = replace(known[0], written_again=True, started_at=now)
        self._follow_ups[follow_up.follow_up_id] = (again, now + FOLLOW_UP_FIRST)
        return True

    async def end_follow_up(
        self, follow_up: FollowUp, told: Delivery, change: Change | None = None
    ) -> None:
        if self._follow_ups.pop(follow_up.follow_up_id, None) is None:
            return
        self._journal += [] if change is None else [change]
        number = follow_up.delivery.delivery_id
        if number in self._deliveries:
            self._deliveries[number] = (self._deliveries[number][0], told)

    async def find_button(self, key: str) -> StoredButton | None:
        return self._buttons.get(key)

    async def answer_question(self, button: StoredButton) -> None:
        for key, other in self._buttons.items():
            if other.question == button.question and key != button.key:
                self._buttons[key] = replace(other, answered=True)

    async def find_person(self, identity: Identity) -> Person | None:
        return self._people.get(identity)

    async def save_person(self, person: Person) -> None:
        self._people[person.identity] = person

    async def memberships_of(self, identity: Identity) -> Sequence[Membership]:
        return [kept for kept in self._memberships.values() if kept.identity == identity]

    async def save_membership(self, membership: Membership) -> None:
        self._memberships[membership.identity, membership.chat_id] = membership

    async def is_refused(self, identity: Identity) -> bool:
        return identity in self._refused

    async def refuse(self, identity: Identity, at: datetime) -> None:
        self._refused[identity] = at

    async def admit(self, identity: Identity) -> bool:
        return self._refused.pop(identity, None) is not None

    async def append(self, changes: Sequence[Change]) -> None:
        self._journal += changes

    async def changes_of(self, owner: Identity, limit: int | None = None) -> Sequence[Change]:
        return [change for change in reversed(self._journal) if change.owner == owner][:limit]

    async def prune_journal(self, before: datetime) -> int:
        old = [change for change in self._journal if change.at < before]
        self._journal = [change for change in self._journal if change.at >= before]
        return len(old)

    async def messages_of(self, owner: Identity) -> Sequence[KeptMessage]:
        return [
            KeptMessage(
                conversation=entry.message.conversation,
                sent_at=entry.message.sent_at,
                state=entry.state,
                text=entry.message.text,
                replies=tuple(
                    str(delivery.reply.text)
                    for number, delivery in self._deliveries.values()
                    if number == entry_id
                ),
            )
            for entry_id, entry in sorted(self._entries.items())
            if entry.message.sender == owner
        ]

    async def buttons_of(self, owner: Identity) -> Sequence[StoredButton]:
        mine = [button for button in self._buttons.values() if button.owner == owner]
        return sorted(mine, key=lambda button: (button.expires_at, button.key))

    async def forget(self, identity: Identity) -> None:
        self._forget(identity)

    def _forget(self, identity: Identity, keep_entry: int | None = None) -> None:
        for entry_id, entry in list(self._entries.items()):
            waits = entry.state is EntryState.RECEIVED or entry_id == keep_entry
            if entry.message.sender == identity and not waits:
                self._delete(entry_id)
        for number, (follow_up, _) in list(self._follow_ups.items()):
            if follow_up.delivery.to == identity:
                del self._follow_ups[number]
        for key, button in list(self._buttons.items()):
            if button.owner == identity:
                del self._buttons[key]
        for member in [kept for kept in self._memberships if kept[0] == identity]:
            del self._memberships[member]
        self._journal = [change for change in self._journal if change.owner != identity]
        self._people.pop(identity, None)
        self.forget_numbers(identity)
        self.group_cards.forget(identity)

    def _delete(self, entry_id: int) -> None:
        entry = self._entries.pop(entry_id)
        del self._received[entry_id], self._keys[entry.message.key]
        for key in [key for key in self._intents if key[0] == entry_id]:
            del self._intents[key]
        for number in [number for number, kept in self._deliveries.items() if kept[0] == entry_id]:
            del self._deliveries[number]
            for follow_up_id, (follow_up, _) in list(self._follow_ups.items()):
                if follow_up.delivery.delivery_id == number:
                    del self._follow_ups[follow_up_id]

    def _note_answer(self, delivery: Delivery) -> None:
        watch = delivery.reply.watch
        if watch is None:
            return
        for number, (earlier, due_at) in list(self._follow_ups.items()):
            same_event = _named(earlier.watch) == _named(watch)
            if earlier.delivery.to == delivery.to and same_event:
                self._follow_ups[number] = (replace(earlier, superseded=True), due_at)
        if watch.pending:
            follow_up = FollowUp(
                follow_up_id=self._next_id(),
                delivery=delivery,
                watch=watch,
                message_id=None,
                superseded=False,
                started_at=self._clock.now(),
            )
            due_at = self._clock.now() + FOLLOW_UP_FIRST
            self._follow_ups[follow_up.follow_up_id] = (follow_up, due_at)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _named(watch: Watch) -> tuple[Provider, str]:
    ref = watch.event.ref
    return ref.provider, ref.subject


if TYPE_CHECKING:
    _conforms: type[Store] = MemoryStore
