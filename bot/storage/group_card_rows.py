"""Statements about the cards of groups, and what their rows mean."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from bot.domain.chat import Identity, Reply
from bot.domain.group_cards import EDIT_EVERY
from bot.domain.inbox import Delivery, is_message
from bot.domain.meetings import Meeting
from bot.ports import KeptCard
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.said import place_of

_table = tables.group_cards


def note_cards(connection: sa.Connection, deliveries: Sequence[Delivery]) -> None:
    """Keep the cards among replies that are about to be posted."""
    for delivery in deliveries:
        card = delivery.reply.card
        if card is None:
            continue
        connection.execute(
            sa.insert(_table).values(
                key=card.key,
                provider=card.meeting.provider.value,
                place=card.meeting.place,
                meeting_id=card.meeting.meeting_id,
                owner=str(delivery.to),
                account_id=card.ref.account_id,
                chat=place_of(delivery.conversation),
                delivery=dump(delivery),
            )
        )


def note_posted(
    connection: sa.Connection, delivery: Delivery, message_id: str | None, now: datetime
) -> None:
    """A card was posted now as that message, or given up."""
    card = delivery.reply.card
    if card is None:
        return
    mine = _table.c.key == card.key
    if message_id is None or not is_message(message_id):
        connection.execute(sa.delete(_table).where(mine))
        return
    touched = sa.and_(mine, _table.c.touches > 0)
    values = {"message_id": message_id, "edited_at": now, "read_at": now}
    connection.execute(sa.update(_table).where(mine).values(**values, due_at=card.over_at))
    connection.execute(sa.update(_table).where(touched).values(due_at=now + EDIT_EVERY))


def forget(connection: sa.Connection, identity: Identity) -> None:
    """Leave nothing of a person in any card.

    What they posted becomes nobody's, and so is closed as soon as somebody sees to it; where they
    are asked to answer, they are not any more.
    """
    for row in connection.execute(sa.select(_table)).all():
        delivery = load(row.delivery, Delivery)
        card = delivery.reply.card
        assert card is not None  # noqa: S101 - only such deliveries are kept
        mine = row.owner == str(identity)
        nudged = tuple(one for one in card.nudged if one.person != identity.user_id)
        if not mine and nudged == card.nudged:
            continue
        card = replace(card, nudged=nudged)
        if mine:
            card = replace(card, ref=replace(card.ref, account_id=""), nudged=())
        nobody = Identity(platform=identity.platform, user_id="")
        # What it shows may name them; the next look writes it anew.
        reply = Reply(text=Markup(), buttons=delivery.reply.buttons, card=card)
        kept = replace(delivery, to=nobody if mine else delivery.to, reply=reply)
        values: dict[str, Any] = {"delivery": dump(kept), "touches": _table.c.touches + 1}
        if mine:
            values |= {"owner": "", "account_id": ""}
        if row.message_id is not None:
            values["due_at"] = row.edited_at
        connection.execute(sa.update(_table).where(_table.c.id == row.id).values(values))


def may_be_edited(now: datetime, edited_at: datetime | None) -> datetime:
    """When a card that is out of date now may be changed."""
    return now if edited_at is None else max(now, edited_at + EDIT_EVERY)


def about(meeting: Meeting) -> sa.ColumnElement[bool]:
    """The cards of a meeting."""
    return sa.and_(
        _table.c.meeting_id == meeting.meeting_id,
        _table.c.place == meeting.place,
        _table.c.provider == meeting.provider.value,
    )


def kept_card(row: sa.Row[Any]) -> KeptCard:
    """Read a row."""
    delivery = load(row.delivery, Delivery)
    card = delivery.reply.card
    assert card is not None  # noqa: S101 - only such deliveries are kept
    return KeptCard(
        card_id=row.id,
        card=card,
        delivery=delivery,
        message_id=row.message_id,
        due_at=row.due_at,
        touches=row.touches,
        edited_at=row.edited_at,
        read_at=row.read_at,
        failing=row.failing,
    )
