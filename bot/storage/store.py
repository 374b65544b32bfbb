"""The store on a database: every write goes through the group commit, reads past it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.chat import Conversation, Identity, IncomingMessage
from bot.domain.inbox import (
    Backlog,
    Delivery,
    EntryState,
    FollowUp,
    InboxEntry,
    Intent,
    Said,
    StoredButton,
)
from bot.domain.journal import Change
from bot.domain.providers import Provider
from bot.errors import TakenOverError
from bot.ports import Clock, Store
from bot.storage import follow_ups, group_card_rows, journal, replies, said, tables
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.handles import SqlHandles
from bot.storage.intents import IntentsInHand
from bot.storage.journal import SqlJournal
from bot.storage.people import SqlPeople
from bot.storage.pruning import delete_old
from bot.storage.statements import (
    ADD_BUTTON,
    ADD_DELIVERY,
    NOTE_ARRIVAL,
    NOTE_INTENT,
    TAKE_IN,
    answer,
    backlog,
    button_values,
    closing,
    closing_unread,
    entry_from,
    executing,
    inbox_values,
    intent_from,
    intent_values,
)

logger = logging.getLogger(__name__)


class SqlStore(SqlPeople, SqlJournal, SqlHandles):
    """Inbox, follow-ups, buttons, people, their journal and their numbers in a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        SqlPeople.__init__(self, database)
        SqlHandles.__init__(self, database, clock)
        self._intents = IntentsInHand(kept=database.sole)

    async def add(self, messages: Sequence[IncomingMessage]) -> Sequence[InboxEntry]:
        """See `Inbox.add`."""
        if not messages:
            return ()
        now, holder = self._clock.now(), self._holder()
        rows = [inbox_values(message, now, holder) for message in messages]

        def insert(connection: sa.Connection) -> dict[str, int]:
            taken = ((row["key"], self._take_in(connection, row)) for row in rows)
            return {key: entry_id for key, entry_id in taken if entry_id is not None}

        ids = await self._database.write(insert)
        self._intents.begin(ids.values())
        first_of_each = {message.key: message for message in reversed(messages)}
        return [
            InboxEntry(entry_id=ids[message.key], message=message)
            for message in messages
            if message.key in ids and message is first_of_each[message.key]
        ]

    async def unfinished(self) -> Sequence[InboxEntry]:
        """See `Inbox.unfinished`."""
        rows = await self._database.read(
            sa.select(tables.inbox)
            .where(tables.inbox.c.state != EntryState.CLOSED.value)
            .order_by(tables.inbox.c.id)
        )
        return await self._entries(rows)

    async def take_up(self, entry: InboxEntry) -> Sequence[InboxEntry]:
        """See `Inbox.take_up`; whoever is alone has it in hand already."""
        return (entry,)

    def _holder(self) -> int | None:
        """In whose hand rows of the inbox are when they come."""
        return None

    def _mine(self) -> Sequence[sa.ColumnElement[bool]]:
        """What rows of the inbox in the hand of this process have in common."""
        return ()

    def _take_in(self, connection: sa.Connection, row: Mapping[str, Any]) -> int | None:
        """Add a row to the inbox; its id, None for one that was seen before."""
        new = TAKE_IN.run(connection, row).fetchone()
        return None if new is None else new[0]

    def _advance(self, connection: sa.Connection, entry_id: int, state: EntryState) -> bool:
        """Note that an entry is answered; whether it was not, and this process has it in hand."""
        return answer(connection, entry_id, state)

    async def _entries(self, rows: Sequence[sa.Row[Any]]) -> Sequence[InboxEntry]:
        entries = []
        for row in rows:
            try:
                entries.append(entry_from(row))
            except Exception:
                # Whatever it is, it must not keep everything behind it from being handled.
                logger.exception("inbox entry %d cannot be read and is closed", row.id)
                await self._database.write(closing_unread(row.id))
        return entries

    async def backlog(self) -> Backlog:
        """See `Inbox.backlog`."""
        [row] = await self._database.read(backlog())
        return Backlog(depth=row.depth, oldest_at=row.oldest_at)

    async def record_intent(self, intent: Intent) -> None:
        """See `Inbox.record_intent`."""
        values = intent_values(intent)

        def write(connection: sa.Connection) -> None:
            NOTE_INTENT.run(connection, values)

        await self._database.write(write)
        self._intents.note(intent)

    async def find_intent(self, entry_id: int, provider: Provider, subject: str) -> Intent | None:
        """See `Inbox.find_intent`."""
        for intent in await self.intents_of(entry_id):
            if (intent.provider, intent.subject) == (provider, subject):
                return intent
        return None

    async def intents_of(self, entry_id: int) -> Sequence[Intent]:
        """See `Inbox.intents_of`."""
        known = self._intents.of(entry_id)
        if known is not None:
            return known
        query = sa.select(tables.intents).where(tables.intents.c.entry_id == entry_id)
        rows = await self._database.read(query.order_by(tables.intents.c.stored_at))
        return [intent_from(row) for row in rows]

    async def has_intents(self, entry_id: int) -> bool:
        """See `Inbox.has_intents`."""
        return bool(await self.intents_of(entry_id))

    async def settle(
        self,
        entry: InboxEntry,
        deliveries: Sequence[Delivery],
        buttons: Sequence[StoredButton],
        changes: Sequence[Change] = (),
    ) -> Sequence[Delivery]:
        """See `Inbox.settle`."""
        now = self._clock.now()
        rows = [
            {
                "entry_id": entry.entry_id,
                "delivery": dump(delivery),
                "state": replies.PENDING,
                "owner": str(delivery.to),
            }
            for delivery in deliveries
        ]
        button_rows = [button_values(button) for button in buttons]
        leaving = any(delivery.reply.farewell for delivery in deliveries)
        state = EntryState.LEAVING if leaving else EntryState.SETTLED

        def write(connection: sa.Connection) -> list[Delivery] | None:
            if not self._advance(connection, entry.entry_id, state):
                return replies.stored_before(connection, entry.entry_id, *self._mine())
            ADD_BUTTON.run_each(connection, button_rows)
            kept = [
                replace(delivery, delivery_id=ADD_DELIVERY.run(connection, row).fetchone()[0])
                for delivery, row in zip(deliveries, rows, strict=True)
            ]
            follow_ups.note_answers(connection, kept, now)
            group_card_rows.note_cards(connection, kept)
            journal.note_changes(connection, changes)
            if leaving:
                journal.forget(connection, entry.message.sender, keep_entry=entry.entry_id)
            return kept

        settled = await self._database.write(write)
        if settled is None:
            raise TakenOverError("another process answers this message")
        self._intents.end(entry.entry_id)
        if leaving or any(delivery.reply.card is not None for delivery in deliveries):
            # What other caches hold was written past them.
            self._database.forget_cached()
        return settled

    async def deliveries_of(self, entry: InboxEntry) -> Sequence[Delivery]:
        """See `Inbox.deliveries_of`."""
        rows = await self._database.read(replies.pending_of(entry.entry_id))
        return [replies.from_row(row) for row in rows]

    async def find_delivery(self, delivery_id: int) -> Delivery | None:
        """See `Inbox.find_delivery`."""
        columns = tables.deliveries.c
        query = sa.select(columns.id, columns.delivery).where(columns.id == delivery_id)
        rows = await self._database.read(query)
        return replies.from_row(rows[0]) if rows else None

    async def delivered(self, delivery: Delivery, message_id: str | None) -> None:
        """See `Inbox.delivered`; not waited for, it shares the commit that closes the entry."""
        state = replies.GIVEN_UP if message_id is None else replies.DELIVERED
        now = self._clock.now()
        arrival = said.arrival(delivery, message_id, now)
        values = {"of": delivery.delivery_id, "state": state, **arrival}

        def write(connection: sa.Connection) -> None:
            NOTE_ARRIVAL.run(connection, values)
            group_card_rows.note_posted(connection, delivery, message_id, now)

        self._database.write_later(write)

    async def said_to(self, owner: Identity, since: datetime) -> Sequence[Said]:
        """See `Inbox.said_to`."""
        rows = await self._database.read_settled(said.said_to(owner, since))
        return [said.from_row(row) for row in rows]

    async def said_as(self, conversation: Conversation, message_id: str) -> Said | None:
        """See `Inbox.said_as`."""
        rows = await self._database.read_settled(said.said_as(conversation, message_id))
        return said.from_row(rows[0]) if rows else None

    async def close(self, entry: InboxEntry) -> None:
        """See `Inbox.close`; not waited for."""
        # It may never have been settled.
        self._intents.end(entry.entry_id)
        self._database.write_later(closing(entry))

    async def count_failure(self, entry: InboxEntry) -> int:
        """See `Inbox.count_failure`."""
        inbox = tables.inbox.c
        update = (
            sa.update(tables.inbox)
            .where(inbox.id == entry.entry_id)
            .values(failures=inbox.failures + 1)
            .returning(inbox.failures)
        )
        return await self._database.write(
            lambda connection: connection.execute(update).scalar_one()
        )

    async def prune(self, before: datetime) -> int:
        """See `Inbox.prune`; buttons that expired before then are forgotten too."""
        inbox, buttons = tables.inbox, tables.buttons
        await delete_old(self._database, buttons, buttons.c.expires_at < before)
        closed = inbox.c.state == EntryState.CLOSED.value
        return await delete_old(self._database, inbox, closed, inbox.c.received_at < before)

    async def due_follow_ups(self) -> Sequence[FollowUp]:
        """See `FollowUps.due_follow_ups`."""
        rows = await self._database.read(follow_ups.due(self._clock.now()))
        found = (follow_ups.from_row(row) for row in rows)
        return [follow_up for follow_up in found if follow_up is not None]

    async def next_follow_up(self) -> datetime | None:
        """See `FollowUps.next_follow_up`."""
        [row] = await self._database.read(follow_ups.earliest())
        due_at: datetime | None = row.due_at
        return due_at

    async def postpone(self, follow_up: FollowUp, due_at: datetime) -> None:
        """See `FollowUps.postpone`."""
        await self._database.write(executing(follow_ups.set_due(follow_up, due_at)))

    async def begin_again(self, follow_up: FollowUp) -> bool:
        """See `FollowUps.begin_again`."""
        now = self._clock.now()
        return await self._database.write(
            lambda connection: follow_ups.begin_again(connection, follow_up, now)
        )

    async def end_follow_up(
        self, follow_up: FollowUp, told: Delivery, change: Change | None = None
    ) -> None:
        """See `FollowUps.end_follow_up`."""
        changes = [] if change is None else [change]

        def write(connection: sa.Connection) -> None:
            if follow_ups.end(connection, follow_up, told):
                journal.note_changes(connection, changes)

        await self._database.write(write)

    async def find_button(self, key: str) -> StoredButton | None:
        """See `Buttons.find_button`."""
        columns = (tables.buttons.c.button, tables.buttons.c.answered)
        rows = await self._database.read(sa.select(*columns).where(tables.buttons.c.key == key))
        for row in rows:
            return replace(load(row.button, StoredButton), answered=row.answered)
        return None

    async def answer_question(self, button: StoredButton) -> None:
        """See `Buttons.answer_question`; not waited for, what follows is committed after it."""
        update = (
            sa.update(tables.buttons)
            .where(tables.buttons.c.question == button.question, tables.buttons.c.key != button.key)
            .values(answered=True)
        )
        self._database.write_later(executing(update))


if TYPE_CHECKING:
    _conforms: type[Store] = SqlStore
