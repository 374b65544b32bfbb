"""Statements that `SqlStore` runs in more than one place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import EntryState, InboxEntry, Intent, StoredButton
from bot.domain.participation import Event
from bot.domain.providers import Provider
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.connections import Work
from bot.storage.prepared import Prepared, insert_of, inserting, parameters

_inbox, _intents = tables.inbox, tables.intents
_INTENT_COLUMNS = tuple(column.name for column in _intents.columns)

TAKE_IN = Prepared(
    lambda insert: (
        inserting(_inbox, "key", "message", "state", "received_at", "owner", "holder")(insert)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(_inbox.c.id)
    )
)
"""A new entry of the inbox; it has no row for one that is there already."""
NOTE_INTENT = Prepared(
    lambda insert: inserting(_intents, *_INTENT_COLUMNS)(insert).on_conflict_do_update(
        index_elements=[column.name for column in _intents.primary_key],
        set_=parameters(_intents, *_INTENT_COLUMNS),
    )
)
ADD_BUTTON = Prepared(
    inserting(tables.buttons, "key", "button", "expires_at", "owner", "question", "answered")
)
ADD_DELIVERY = Prepared(
    lambda insert: inserting(tables.deliveries, "entry_id", "delivery", "state", "owner")(
        insert
    ).returning(tables.deliveries.c.id)
)
NOTE_ARRIVAL = Prepared(
    lambda _: (
        sa.update(tables.deliveries)
        .where(tables.deliveries.c.id == sa.bindparam("of"))
        .values(parameters(tables.deliveries, "state", "message_id", "place", "delivered_at"))
    )
)
_ANSWER = Prepared(
    lambda _: (
        sa.update(_inbox)
        .where(_inbox.c.id == sa.bindparam("of"), _inbox.c.state == sa.bindparam("was"))
        .values(parameters(_inbox, "state"))
    )
)
_CLOSE = Prepared(
    lambda _: (
        sa.update(_inbox)
        .where(_inbox.c.id == sa.bindparam("of"))
        .values(parameters(_inbox, "state"))
    )
)


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """See `insert_of`."""
    return insert_of(connection.dialect)(table)


def executing(statement: sa.Executable) -> Work[None]:
    """A write of one statement whose result nobody needs."""

    def work(connection: sa.Connection) -> None:
        connection.execute(statement)

    return work


def upserting(table: sa.Table, values: Mapping[str, Any]) -> Work[None]:
    """A row that takes the place of the one with the same primary key."""

    def work(connection: sa.Connection) -> None:
        connection.execute(
            insert_into(connection, table)
            .values(values)
            .on_conflict_do_update(
                index_elements=[column.name for column in table.primary_key], set_=values
            )
        )

    return work


def inbox_values(message: IncomingMessage, now: datetime, holder: int | None) -> dict[str, Any]:
    """Write a row."""
    return {
        "key": message.key,
        "message": dump(message),
        "state": EntryState.RECEIVED.value,
        "received_at": now,
        "owner": str(message.sender),
        "holder": holder,
    }


def entry_from(row: sa.Row[Any]) -> InboxEntry:
    """Read a row of the inbox; raises whatever it likes if another release has written it."""
    return InboxEntry(
        entry_id=row.id,
        message=load(row.message, IncomingMessage),
        state=EntryState(row.state),
        failures=row.failures,
    )


def backlog() -> sa.Select[Any]:
    """How many entries are not closed, and since when the oldest of them is there."""
    inbox = tables.inbox.c
    # By name, since the index on the state is of no use for "is not".
    states = [state.value for state in EntryState if state is not EntryState.CLOSED]
    asked: list[sa.ColumnElement[Any]] = [
        sa.func.count().label("depth"),
        sa.func.min(inbox.received_at).label("oldest_at"),
    ]
    return sa.select(*asked).where(inbox.state.in_(states))


def answer(connection: sa.Connection, entry_id: int, state: EntryState) -> bool:
    """Note that an entry is answered; whether there is one that was not."""
    values = {"of": entry_id, "was": EntryState.RECEIVED.value, "state": state.value}
    return bool(_ANSWER.run(connection, values).rowcount)


def closing(entry: InboxEntry) -> Work[None]:
    """An entry is done with; one that somebody left with goes altogether."""
    if entry.state is EntryState.LEAVING:
        return executing(sa.delete(tables.inbox).where(tables.inbox.c.id == entry.entry_id))
    return closing_unread(entry.entry_id)


def closing_unread(entry_id: int) -> Work[None]:
    """An entry is done with, whatever it is."""

    def work(connection: sa.Connection) -> None:
        _CLOSE.run(connection, {"of": entry_id, "state": EntryState.CLOSED.value})

    return work


def button_values(button: StoredButton) -> dict[str, Any]:
    """Write a row."""
    return {
        "key": button.key,
        "button": dump(button),
        "expires_at": button.expires_at,
        "owner": str(button.owner),
        "question": button.question,
        "answered": button.answered,
    }


def intent_values(intent: Intent) -> dict[str, Any]:
    """Write a row."""
    return {
        "entry_id": intent.entry_id,
        "provider": intent.provider.value,
        "subject": intent.subject,
        "before": intent.before,
        "wanted": intent.wanted,
        "stored_at": intent.stored_at,
        "attempts": intent.attempts,
        "event": None if intent.event is None else dump(intent.event),
    }


def intent_from(row: sa.Row[Any]) -> Intent:
    """Read a row."""
    return Intent(
        entry_id=row.entry_id,
        provider=Provider(row.provider),
        subject=row.subject,
        before=row.before,
        wanted=row.wanted,
        stored_at=row.stored_at,
        attempts=row.attempts,
        event=None if row.event is None else load(row.event, Event),
    )
