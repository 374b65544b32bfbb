"""Statements about the cards of groups, and what their rows mean."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from bot.domain.chat import Identity, Reply, mention
from bot.domain.group_cards import EDIT_EVERY
from bot.domain.inbox import Delivery, is_message
from bot.domain.meetings import Meeting
from bot.ports import KeptCard
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.said import place_of
from bot.storage.statements import insert_into

_table = tables.group_cards


def note_cards(connection: sa.Connection, deliveries: Sequence[Delivery]) -> None:
    """Keep the cards among replies that are about to be posted."""
    for delivery in deliveries:
        card = delivery.reply.card
        if card is None:
            continue
        connection.execute(
            insert_into(connection, _table)
            .values(
                key=card.key,
                provider=card.meeting.provider.value,
                place=card.meeting.place,
                meeting_id=card.meeting.meeting_id,
                owner=str(delivery.to),
                account_id=card.ref.account_id,
                chat=place_of(delivery.conversation),
                delivery=dump(delivery),
            )
            .on_conflict_do_nothing(index_elements=["key"])
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
    values = {"message_id": message_id, "edited_at": now}
    connection.execute(sa.update(_table).where(mine).values(**values, due_at=card.look_at))
    connection.execute(sa.update(_table).where(touched).values(due_at=now + EDIT_EVERY))


def forget(connection: sa.Connection, identity: Identity) -> None:
    """Leave nothing of a person in any card.

    What they posted becomes nobody's, and so is closed as soon as somebody sees to it; where they
    are asked to answer, they are not any more.
    """
    for row in connection.execute(locking(sa.select(_table))).all():
        delivery = load(row.delivery, Delivery)
        if row.owner == str(identity):
            kept = _nobodys(delivery)
            values: dict[str, Any] = {"owner": "", "account_id": ""}
        else:
            kept, values = _not_asking(delivery, identity), {}
            if kept == delivery:
                continue
            # What it shows may name them elsewhere too; the next look writes it anew.
            kept = replace(kept, reply=replace(kept.reply, text=Markup()))
        values |= {"delivery": dump(kept), "touches": _table.c.touches + 1}
        if row.message_id is not None and row.edited_at is not None:
            due_at = row.edited_at + EDIT_EVERY
            values["due_at"] = due_at if row.due_at is None else min(due_at, row.due_at)
        connection.execute(sa.update(_table).where(_table.c.id == row.id).values(values))
    _forget_that_they_were_asked(connection, identity)


def _forget_that_they_were_asked(connection: sa.Connection, identity: Identity) -> None:
    """The replies that posted cards are kept for a while as well, for whoever asked for them."""
    table = tables.deliveries
    asking = table.c.delivery.contains('"nudged"')
    for row in connection.execute(sa.select(table.c.id, table.c.delivery).where(asking)).all():
        delivery = load(row.delivery, Delivery)
        kept = _not_asking(delivery, identity)
        if kept != delivery:
            values = {"delivery": dump(kept)}
            connection.execute(sa.update(table).where(table.c.id == row.id).values(values))


def _nobodys(delivery: Delivery) -> Delivery:
    """A card as far as it is needed to close it where it stands."""
    shown, card = delivery.reply, delivery.reply.card
    assert card is not None  # noqa: S101 - only such deliveries are kept
    ref = replace(card.ref, account_id="", calendar_id=None, handle="")
    reply = Reply(
        text=Markup(),
        buttons=shown.buttons,
        visibility=shown.visibility,
        card=replace(card, ref=ref, nudged=()),
    )
    return Delivery(
        delivery_id=delivery.delivery_id,
        to=Identity(platform=delivery.to.platform, user_id=""),
        conversation=delivery.conversation,
        reply=reply,
        keys=delivery.keys,
    )


def _not_asking(delivery: Delivery, identity: Identity) -> Delivery:
    """A card that asks a person no more, and does not mention them for that."""
    card = delivery.reply.card
    if card is None or delivery.conversation.platform is not identity.platform:
        return delivery
    nudged = tuple(one for one in card.nudged if one.person != identity.user_id)
    if nudged == card.nudged:
        return delivery
    opening = str(mention(identity.user_id, "")).removesuffix("</a>")
    text = re.sub(re.escape(opening) + "[^<]*</a>", "…", str(delivery.reply.text))
    card = replace(card, nudged=nudged)
    reply = replace(delivery.reply, text=Markup(text), card=card)  # noqa: S704 - our own
    return replace(delivery, reply=reply)


def locking(cards: sa.Select[Any]) -> sa.Select[Any]:
    """Cards of which what is read decides what is written to them: other processes wait.

    Always in the same order, so that no two wait for each other.
    """
    return cards.order_by(_table.c.id).with_for_update()


def may_be_edited(now: datetime, edited_at: datetime | None) -> datetime:
    """When a card that is out of date now may be changed.

    One that was changed later than now was so before the clock was set back.
    """
    return now if edited_at is None else max(now, min(now, edited_at) + EDIT_EVERY)


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
        failing=row.failing,
    )
