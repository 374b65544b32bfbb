"""What was changed for people and what else is kept about them, in a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.domain.chat import Identity, IncomingMessage
from bot.domain.inbox import Delivery, EntryState, StoredButton
from bot.domain.journal import Change, KeptMessage
from bot.domain.sign_ins import SignInAttempt
from bot.ports import Journal
from bot.storage import group_card_rows, tables
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.prepared import Prepared, inserting
from bot.storage.pruning import delete_old

_inbox, _deliveries, _buttons, _journal = (
    tables.inbox,
    tables.deliveries,
    tables.buttons,
    tables.journal,
)

_ADD_CHANGE = Prepared(inserting(_journal, "owner", "at", "change"))


class SqlJournal:
    """The journal, and a look at everything else that bears a person's name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, changes: Sequence[Change]) -> None:
        """See `Journal.append`."""
        await self._database.write(lambda connection: note_changes(connection, changes))

    async def changes_of(self, owner: Identity, limit: int | None = None) -> Sequence[Change]:
        """See `Journal.changes_of`."""
        rows = await self._database.read(
            sa.select(_journal.c.change)
            .where(_journal.c.owner == str(owner))
            .order_by(_journal.c.id.desc())
            .limit(limit)
        )
        return [load(row.change, Change) for row in rows]

    async def prune_journal(self, before: datetime) -> int:
        """See `Journal.prune_journal`."""
        return await delete_old(self._database, _journal, _journal.c.at < before)

    async def messages_of(self, owner: Identity) -> Sequence[KeptMessage]:
        """See `Traces.messages_of`."""
        rows = await self._database.read(
            sa.select(_inbox.c.id, _inbox.c.message, _inbox.c.state, _deliveries.c.delivery)
            .outerjoin(_deliveries, _deliveries.c.entry_id == _inbox.c.id)
            .where(_inbox.c.owner == str(owner))
            .order_by(_inbox.c.id, _deliveries.c.id)
        )
        return [_kept_message(list(group)) for _, group in groupby(rows, lambda row: row.id)]

    async def buttons_of(self, owner: Identity) -> Sequence[StoredButton]:
        """See `Traces.buttons_of`."""
        rows = await self._database.read(
            sa.select(_buttons.c.button)
            .where(_buttons.c.owner == str(owner))
            .order_by(_buttons.c.expires_at, _buttons.c.key)
        )
        return [load(row.button, StoredButton) for row in rows]

    async def forget(self, identity: Identity) -> None:
        """See `Traces.forget`."""
        await self._database.write(lambda connection: forget(connection, identity))
        # More tables were changed than any one cache knows of.
        self._database.forget_cached()


def note_changes(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Add entries to the journal; whoever makes a change runs this in its own transaction."""
    rows = (
        {
            "owner": str(change.owner),
            "at": change.at,
            # Names may change, and the platform and the number say who it is.
            "change": dump(replace(change, owner=_nameless(change.owner))),
        }
        for change in changes
    )
    _ADD_CHANGE.run_each(connection, rows)


def forget(connection: sa.Connection, identity: Identity, keep_entry: int | None = None) -> None:
    """Delete all rows of a person, and with them what refers to them.

    Messages that are not answered yet stay, and so does the one with the id `keep_entry`.
    """
    connection.execute(
        sa.delete(_inbox).where(
            _inbox.c.owner == str(identity),
            _inbox.c.state != EntryState.RECEIVED.value,
            _inbox.c.id != (keep_entry or 0),
        )
    )
    for table in (_buttons, _journal, tables.follow_ups, tables.handles):
        connection.execute(sa.delete(table).where(table.c.owner == str(identity)))
    for table in (
        tables.people,
        tables.memberships,
        tables.accounts,
        tables.presences,
        tables.automations,
    ):
        connection.execute(
            sa.delete(table).where(
                table.c.platform == identity.platform.value, table.c.user_id == identity.user_id
            )
        )
    _forget_sign_ins(connection, identity)
    group_card_rows.forget(connection, identity)


def _forget_sign_ins(connection: sa.Connection, identity: Identity) -> None:
    """They are few and live for minutes, so each can be asked whose it is."""
    sign_ins = tables.sign_ins
    for row in connection.execute(sa.select(sign_ins.c.id, sign_ins.c.attempt)).all():
        if load(row.attempt, SignInAttempt).owner == identity:
            connection.execute(sa.delete(sign_ins).where(sign_ins.c.id == row.id))


def _nameless(identity: Identity) -> Identity:
    return Identity(platform=identity.platform, user_id=identity.user_id)


def _kept_message(rows: Sequence[sa.Row[tuple[int, str, str, str | None]]]) -> KeptMessage:
    first = rows[0]
    message = load(first.message, IncomingMessage)
    deliveries = [load(row.delivery, Delivery) for row in rows if row.delivery is not None]
    return KeptMessage(
        conversation=message.conversation,
        sent_at=message.sent_at,
        state=EntryState(first.state),
        text=message.text,
        replies=tuple(str(delivery.reply.text) for delivery in deliveries),
    )


if TYPE_CHECKING:
    _keeps_a_journal: type[Journal] = SqlJournal
