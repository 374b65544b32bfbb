"""Rows of replies, and what of a message's outcome is stored already."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from bot.domain.inbox import Delivery, EntryState
from bot.storage import tables
from bot.storage.codec import load

PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "given_up"
ANSWERED = (EntryState.SETTLED.value, EntryState.LEAVING.value)
"""States of an entry whose outcome is stored."""

_inbox, _deliveries = tables.inbox.c, tables.deliveries.c


def pending_of(entry_id: int) -> sa.Select[Any]:
    """The replies to an entry that are not delivered yet."""
    return (
        sa.select(_deliveries.id, _deliveries.delivery)
        .where(_deliveries.entry_id == entry_id, _deliveries.state == PENDING)
        .order_by(_deliveries.id)
    )


def from_row(row: sa.Row[Any]) -> Delivery:
    """Read a row."""
    return replace(load(row.delivery, Delivery), delivery_id=row.id)


def stored_before(
    connection: sa.Connection, entry_id: int, *mine: sa.ColumnElement[bool]
) -> list[Delivery] | None:
    """The replies of an earlier attempt to settle an entry whose commit was not heard of.

    Args:
        connection: In a transaction.
        entry_id: Which entry.
        mine: What rows in the hand of this process have in common.

    Returns:
        None if there was no such attempt, or somebody else has the entry by now.
    """
    answered = sa.select(_inbox.id).where(_inbox.id == entry_id, _inbox.state.in_(ANSWERED), *mine)
    if connection.execute(answered).first() is None:
        return None
    return [from_row(row) for row in connection.execute(pending_of(entry_id))]
