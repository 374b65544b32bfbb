"""Statements about follow-ups; `SqlStore` runs them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.domain.inbox import FOLLOW_UP_FIRST, Delivery, FollowUp
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.prepared import Prepared

_table = tables.follow_ups

_SUPERSEDE = Prepared(
    lambda _: (
        sa.update(_table)
        .where(
            _table.c.owner == sa.bindparam("by"),
            _table.c.provider == sa.bindparam("at"),
            _table.c.event_id == sa.bindparam("event"),
            # Of those that an older release stored nobody knows the account.
            sa.or_(_table.c.account_id == sa.bindparam("account"), _table.c.account_id.is_(None)),
        )
        .values(superseded=sa.true())
    )
)


def note_answers(connection: sa.Connection, deliveries: Sequence[Delivery], now: datetime) -> None:
    """A reply that tells of an answer ends earlier follow-ups and may begin one of its own."""
    for delivery in deliveries:
        watch = delivery.reply.watch
        if watch is None:
            continue
        ref = watch.event.ref
        _SUPERSEDE.run(
            connection,
            {
                "by": str(delivery.to),
                "at": ref.provider.value,
                "event": ref.event_id,
                "account": ref.account_id,
            },
        )
        if watch.pending:
            connection.execute(
                sa.insert(_table).values(
                    delivery_id=delivery.delivery_id,
                    owner=str(delivery.to),
                    provider=ref.provider.value,
                    account_id=ref.account_id,
                    event_id=ref.event_id,
                    superseded=False,
                    started_at=now,
                    due_at=now + FOLLOW_UP_FIRST,
                )
            )


def due(now: datetime) -> sa.Select[Any]:
    """Those to be looked at, with their replies."""
    deliveries = tables.deliveries
    return (
        sa.select(_table, deliveries.c.delivery, deliveries.c.message_id)
        .join(deliveries, deliveries.c.id == _table.c.delivery_id)
        .where(sa.or_(_table.c.due_at <= now, _table.c.superseded))
        .order_by(_table.c.due_at)
    )


def earliest() -> sa.Select[Any]:
    """When the next one is due; at once for one that was superseded."""
    return sa.select(sa.func.min(_table.c.due_at).label("due_at"))


def set_due(follow_up: FollowUp, due_at: datetime) -> sa.Update:
    """Look again then."""
    return sa.update(_table).where(_table.c.id == follow_up.follow_up_id).values(due_at=due_at)


def begin_again(connection: sa.Connection, follow_up: FollowUp, now: datetime) -> bool:
    """Note one further write, unless there was one or a later answer has taken its place."""
    update = (
        sa.update(_table)
        .where(
            _table.c.id == follow_up.follow_up_id,
            sa.not_(_table.c.superseded),
            sa.not_(_table.c.written_again),
        )
        .values(written_again=True, started_at=now, due_at=now + FOLLOW_UP_FIRST)
    )
    return connection.execute(update).rowcount == 1


def end(connection: sa.Connection, follow_up: FollowUp, told: Delivery) -> bool:
    """There is nothing more to find out; the kept delivery is what was found.

    False if it was ended before, or everything about its reader is deleted.
    """
    delete = sa.delete(_table).where(_table.c.id == follow_up.follow_up_id)
    if not connection.execute(delete).rowcount:
        return False
    mine = tables.deliveries.c.id == follow_up.delivery.delivery_id
    connection.execute(sa.update(tables.deliveries).where(mine).values(delivery=dump(told)))
    return True


def from_row(row: sa.Row[Any]) -> FollowUp | None:
    """Read a row; None if its reply tells of no answer (it was written by another release)."""
    delivery = replace(load(row.delivery, Delivery), delivery_id=row.delivery_id)
    if delivery.reply.watch is None:
        return None
    return FollowUp(
        follow_up_id=row.id,
        delivery=delivery,
        watch=delivery.reply.watch,
        message_id=row.message_id,
        superseded=row.superseded,
        started_at=row.started_at,
        written_again=row.written_again,
    )
