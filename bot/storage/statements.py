"""Statements that `SqlStore` runs in more than one place."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import EntryState, InboxEntry, Intent, StoredButton
from bot.domain.participation import Event
from bot.domain.providers import Provider
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.group_commit import Work


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT; both databases do, each by its own name."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


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


def set_state(entry_id: int, state: EntryState, *provided: sa.ColumnElement[bool]) -> sa.Update:
    """How far the handling of an entry has come."""
    inbox = tables.inbox
    return sa.update(inbox).where(inbox.c.id == entry_id, *provided).values(state=state.value)


def closing(entry: InboxEntry) -> sa.Update | sa.Delete:
    """An entry is done with; one that somebody left with goes altogether."""
    if entry.state is EntryState.LEAVING:
        return sa.delete(tables.inbox).where(tables.inbox.c.id == entry.entry_id)
    return set_state(entry.entry_id, EntryState.CLOSED)


def button_values(button: StoredButton) -> dict[str, Any]:
    """Write a row."""
    return {
        "key": button.key,
        "button": dump(button),
        "expires_at": button.expires_at,
        "owner": str(button.owner),
        "question": button.question,
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
