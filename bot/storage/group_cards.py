"""The cards of groups, in a database.

`SqlStore` puts them in with the replies that post them, and notes what became of those.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.chat import Conversation, Identity
from bot.domain.group_cards import NUDGE_EVERY
from bot.domain.inbox import Delivery
from bot.domain.meetings import Meeting
from bot.ports import Clock, GroupCardBook, KeptCard
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.group_card_rows import about, kept_card, locking, may_be_edited
from bot.storage.said import place_of
from bot.storage.statements import executing, insert_into

if TYPE_CHECKING:
    from bot.storage.session import Session

_table = tables.group_cards
_nudges = tables.nudges
_LONGEST_LEASE = timedelta(minutes=2)
"""As for ledgers: one that ends later was made before the clock was set back."""
_FORGET_NUDGES_AFTER = timedelta(days=1)
_MEETINGS_CACHED = 10_000


class SqlGroupCards:
    """A row for each card; whoever changes one has it in hand by a lease."""

    def __init__(self, database: Database, clock: Clock, session: "Session | None" = None) -> None:
        self._database = database
        self._clock = clock
        self._session = session
        self._numbers: Cache[Meeting, tuple[int, ...]] = Cache(
            database, _table, most=_MEETINGS_CACHED
        )

    async def reclaim(self) -> None:
        """Take every card out of everybody's hand: whoever had it is dead.

        Only for a database that serves one process at a time.
        """
        await self._database.write(executing(sa.update(_table).values(lease_until=None)))

    async def find_card(self, key: str) -> KeptCard | None:
        """See `GroupCardBook.find_card`."""
        return await self._find(_table.c.key == key)

    async def card_shown_as(self, conversation: Conversation, message_id: str) -> KeptCard | None:
        """See `GroupCardBook.card_shown_as`."""
        return await self._find(
            sa.and_(_table.c.chat == place_of(conversation), _table.c.message_id == message_id)
        )

    async def cards_of(self, meeting: Meeting) -> Sequence[KeptCard]:
        """See `GroupCardBook.cards_of`."""
        query = sa.select(_table).where(about(meeting)).order_by(_table.c.id)
        return [kept_card(row) for row in await self._database.read_settled(query)]

    async def cards_in(self, conversation: Conversation) -> Sequence[KeptCard]:
        """See `GroupCardBook.cards_in`."""
        query = sa.select(_table).where(_table.c.chat == place_of(conversation))
        rows = await self._database.read_settled(query.order_by(_table.c.id))
        return [kept_card(row) for row in rows]

    async def posted_by(self, person: Identity) -> Sequence[KeptCard]:
        """See `GroupCardBook.posted_by`."""
        query = sa.select(_table).where(_table.c.owner == str(person)).order_by(_table.c.id)
        return [kept_card(row) for row in await self._database.read_settled(query)]

    async def touch(self, meeting: Meeting) -> bool:
        """See `GroupCardBook.touch`; every answer asks, so what has no card costs nothing."""
        if not await self._numbers.get(meeting, self._read_numbers):
            return False
        return await self._touch(about(meeting))

    async def touch_account(self, account_id: str) -> bool:
        """See `GroupCardBook.touch_account`."""
        return await self._touch(_table.c.account_id == account_id)

    async def touch_group(self, conversation: Conversation) -> bool:
        """See `GroupCardBook.touch_group`."""
        return await self._touch(_table.c.chat == place_of(conversation))

    async def due_cards(self, most: int) -> Sequence[KeptCard]:
        """See `GroupCardBook.due_cards`."""
        query = (
            sa.select(_table)
            .where(_table.c.due_at <= self._clock.now(), self._free())
            .order_by(_table.c.due_at, _table.c.id)
            .limit(most)
        )
        return [kept_card(row) for row in await self._database.read(query)]

    async def next_card(self) -> datetime | None:
        """See `GroupCardBook.next_card`."""
        [row] = await self._database.read(sa.select(sa.func.min(_table.c.due_at).label("due_at")))
        due_at: datetime | None = row.due_at
        return due_at

    async def take(self, card: KeptCard, until: datetime) -> KeptCard | None:
        """See `GroupCardBook.take`."""
        update = (
            sa.update(_table)
            .where(_table.c.id == card.card_id, self._free())
            .values(lease_until=until, lease_by=self._session and self._session.number)
            .returning(*_table.c)
        )
        row = await self._database.write(lambda connection: connection.execute(update).first())
        return None if row is None else kept_card(row)

    async def release(self, held: KeptCard, now: KeptCard) -> None:
        """See `GroupCardBook.release`."""
        card, reply = now.card, now.delivery.reply
        told: dict[str, Any] = {
            "message_id": now.message_id,
            "edited_at": now.edited_at,
            "failing": now.failing,
            "lease_until": None,
        }
        whole = {
            **told,
            "delivery": dump(replace(now.delivery, reply=replace(reply, card=card))),
            "provider": card.meeting.provider.value,
            "place": card.meeting.place,
            "meeting_id": card.meeting.meeting_id,
        }
        again_at = may_be_edited(self._clock.now(), now.edited_at)
        mine = _table.c.id == held.card_id

        def write(connection: sa.Connection) -> None:
            row = connection.execute(locking(sa.select(_table).where(mine))).first()
            if row is None:
                return
            known = kept_card(row)
            values: dict[str, Any] = {"lease_until": None}
            if known.delivery == held.delivery:
                touched = known.touches != held.touches
                values = {**whole, "due_at": again_at if touched else now.due_at}
            elif known.delivery.conversation == held.delivery.conversation:
                # Somebody has closed it or taken a person out of it meanwhile.
                values = {**told, "due_at": again_at}
            connection.execute(sa.update(_table).where(mine).values(values))

        await self._database.write(write)
        if card.meeting != held.card.meeting:
            self._numbers.clear()

    async def close(self, card: KeptCard) -> None:
        """See `GroupCardBook.close`."""
        mine, now = _table.c.id == card.card_id, self._clock.now()

        def write(connection: sa.Connection) -> None:
            row = connection.execute(locking(sa.select(_table).where(mine))).first()
            if row is None:
                return
            known = kept_card(row)
            reply = replace(known.delivery.reply, card=replace(known.card, closed=True))
            values = {
                "delivery": dump(replace(known.delivery, reply=reply)),
                "touches": _table.c.touches + 1,
                "due_at": now if row.message_id is not None else row.due_at,
            }
            connection.execute(sa.update(_table).where(mine).values(values))

        await self._database.write(write)

    async def drop(self, card: KeptCard) -> None:
        """See `GroupCardBook.drop`."""
        mine = _table.c.id == card.card_id
        there = _table.c.chat == place_of(card.delivery.conversation)

        def write(connection: sa.Connection) -> None:
            if not connection.execute(sa.delete(_table).where(mine, there)).rowcount:
                # Its group has moved meanwhile, and it is to be posted there.
                connection.execute(sa.update(_table).where(mine).values(lease_until=None))
                return
            keys = tables.buttons.c.key.in_(card.delivery.keys)
            connection.execute(sa.delete(tables.buttons).where(keys))

        await self._database.write(write)
        self._numbers.clear()

    async def move_group(self, earlier: Conversation, later: Conversation) -> int:
        """See `GroupCardBook.move_group`."""
        now = self._clock.now()

        def write(connection: sa.Connection) -> int:
            there = sa.select(_table).where(_table.c.chat == place_of(earlier))
            rows = connection.execute(locking(there)).all()
            for row in rows:
                # Topics stay behind: only supergroups have any.
                moved = replace(load(row.delivery, Delivery), conversation=later, edits=None)
                connection.execute(
                    sa.update(_table)
                    .where(_table.c.id == row.id)
                    .values(
                        chat=place_of(later),
                        message_id=None,
                        delivery=dump(moved),
                        # One that was not posted yet is on its way, and finds its group.
                        due_at=None if row.message_id is None and row.due_at is None else now,
                        touches=_table.c.touches + 1,
                    )
                )
            return len(rows)

        return await self._database.write(write)

    async def begin_nudge(self, meeting: Meeting, entry_id: int, at: datetime) -> datetime | None:
        """See `GroupCardBook.begin_nudge`."""
        its_row = sa.and_(
            _nudges.c.provider == meeting.provider.value,
            _nudges.c.place == meeting.place,
            _nudges.c.meeting_id == meeting.meeting_id,
        )
        values = {
            "provider": meeting.provider.value,
            "place": meeting.place,
            "meeting_id": meeting.meeting_id,
            "nudged_at": at,
            "entry_id": entry_id,
        }

        def write(connection: sa.Connection) -> datetime | None:
            old = _nudges.c.nudged_at < at - _FORGET_NUDGES_AFTER
            connection.execute(sa.delete(_nudges).where(old))
            # In one statement: another process may be about to ask the same people.
            note = (
                insert_into(connection, _nudges)
                .values(values)
                .on_conflict_do_update(
                    index_elements=[column.name for column in _nudges.primary_key],
                    set_={"nudged_at": at, "entry_id": entry_id},
                    where=sa.and_(
                        _nudges.c.nudged_at <= at - NUDGE_EVERY, _nudges.c.entry_id != entry_id
                    ),
                )
                .returning(_nudges.c.entry_id)
            )
            if connection.execute(note).first() is not None:
                return None
            last = connection.execute(sa.select(_nudges).where(its_row)).one()
            asked_at: datetime = last.nudged_at
            return None if last.entry_id == entry_id else asked_at

        return await self._database.write(write)

    async def _find(self, which: sa.ColumnElement[bool]) -> KeptCard | None:
        rows = await self._database.read_settled(sa.select(_table).where(which).limit(1))
        return kept_card(rows[0]) if rows else None

    async def _read_numbers(self, meeting: Meeting) -> tuple[int, ...]:
        rows = await self._database.read(sa.select(_table.c.id).where(about(meeting)))
        return tuple(row.id for row in rows)

    async def _touch(self, which: sa.ColumnElement[bool]) -> bool:
        now = self._clock.now()

        def write(connection: sa.Connection) -> bool:
            columns = (_table.c.id, _table.c.due_at, _table.c.edited_at, _table.c.message_id)
            rows = connection.execute(locking(sa.select(*columns).where(which))).all()
            for row in rows:
                due_at: datetime | None = may_be_edited(now, row.edited_at)
                if row.due_at is not None:
                    due_at = min(may_be_edited(now, row.edited_at), row.due_at)
                elif row.message_id is None:
                    # It is on its way; whoever delivers it sees that it was touched.
                    due_at = None
                mine = sa.update(_table).where(_table.c.id == row.id)
                connection.execute(mine.values(touches=_table.c.touches + 1, due_at=due_at))
            return bool(rows)

        return await self._database.write(write)

    def _free(self) -> sa.ColumnElement[bool]:
        now, lease = self._clock.now(), _table.c.lease_until
        free = sa.or_(lease.is_(None), lease <= now, lease > now + _LONGEST_LEASE)
        if self._session is None:
            return free
        # Most have SQLite, and this brings another database's types.
        from bot.storage.replicas import is_nobodys  # noqa: PLC0415

        return sa.or_(free, is_nobodys(_table.c.lease_by))


if TYPE_CHECKING:
    _conforms: type[GroupCardBook] = SqlGroupCards
