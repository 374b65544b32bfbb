"""Which message says what to whom; `SqlStore` runs these statements."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.chat import Conversation, Identity
from bot.domain.inbox import Delivery, Said, is_message
from bot.storage import tables
from bot.storage.codec import load

_table = tables.deliveries
_NEWEST_FIRST = (_table.c.delivered_at.desc(), _table.c.id.desc())


def place_of(conversation: Conversation) -> str:
    """The chat in which a message id names one message.

    That is the whole chat, not a topic of it: topics share one sequence of ids, and not every
    message in one says so.
    """
    return f"{conversation.platform}:{conversation.chat_id}"


def arrival(delivery: Delivery, message_id: str | None, now: datetime) -> Mapping[str, Any]:
    """The columns that say as what, where and when a reply arrived; empty if it did not.

    Without a place nobody can answer it there. That is not always where it was asked for: see
    `Delivery.shown_in`.
    """
    if message_id is None:
        return {"message_id": None, "place": None, "delivered_at": None}
    place = place_of(delivery.shown_in) if is_message(message_id) else None
    return {"message_id": message_id, "place": place, "delivered_at": now}


def said_to(owner: Identity, since: datetime) -> sa.Select[Any]:
    """Those of a person that stand somewhere, newest first."""
    return (
        sa.select(_table)
        .where(
            _table.c.owner == str(owner),
            _table.c.delivered_at >= since,
            _table.c.place.is_not(None),
        )
        .order_by(*_NEWEST_FIRST)
    )


def said_as(conversation: Conversation, message_id: str) -> sa.Select[Any]:
    """The newest that stands there as that message: an edit has a row of its own."""
    return (
        sa.select(_table)
        .where(_table.c.place == place_of(conversation), _table.c.message_id == message_id)
        .order_by(*_NEWEST_FIRST)
        .limit(1)
    )


def from_row(row: sa.Row[Any]) -> Said:
    """Read a row."""
    delivery = replace(load(row.delivery, Delivery), delivery_id=row.id)
    return Said(delivery=delivery, message_id=row.message_id, at=row.delivered_at)
