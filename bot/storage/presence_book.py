"""Claims on people's presence, in a database: a row for each person."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.chat import Identity, Platform
from bot.domain.ledger import Ledger
from bot.ports import Clock, KeptLedger, PresenceBook
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.statements import executing, insert_into

logger = logging.getLogger(__name__)

_table = tables.presences
LONGEST_LEASE = timedelta(minutes=1)
"""One that ends later than this was made before the clock was set back: nobody has it."""


class SqlPresenceBook:
    """Whoever changes a row has it in hand: a lease with a version, and no open transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def reclaim(self) -> None:
        """Take everything out of everybody's hand: whoever had it is dead.

        Only for a database that serves one process at a time.
        """
        await self._database.write(executing(sa.update(_table).values(lease_until=None)))

    async def read(self, owner: Identity) -> KeptLedger:
        """See `PresenceBook.read`."""
        rows = await self._database.read(sa.select(_table).where(*_of(owner)))
        return _kept(owner, rows[0]) if rows else _none_of(owner)

    async def take(
        self, owner: Identity, until: datetime, *, version: int | None = None
    ) -> KeptLedger | None:
        """See `PresenceBook.take`."""
        free = self._free()

        def write(connection: sa.Connection) -> sa.Row[Any] | None:
            if version in (None, 0):
                first = insert_into(connection, _table).values(
                    platform=owner.platform.value,
                    user_id=owner.user_id,
                    ledger=dump(Ledger()),
                    version=0,
                )
                connection.execute(first.on_conflict_do_nothing())
            same = [] if version is None else [_table.c.version == version]
            update = (
                sa.update(_table)
                .where(*_of(owner), free, *same)
                .values(lease_until=until, version=_table.c.version + 1)
                .returning(_table.c.ledger, _table.c.version, _table.c.due_at)
            )
            return connection.execute(update).first()

        row = await self._database.write(write)
        return None if row is None else _kept(owner, row)

    async def keep(self, held: KeptLedger, ledger: Ledger, until: datetime) -> bool:
        """See `PresenceBook.keep`."""
        values = {"ledger": dump(ledger), "lease_until": until, "due_at": until}
        update = sa.update(_table).where(*_in_hand(held)).values(values)
        return await self._database.write(
            lambda connection: connection.execute(update).rowcount == 1
        )

    async def release(self, held: KeptLedger, ledger: Ledger, due_at: datetime | None) -> None:
        """See `PresenceBook.release`."""
        update = sa.update(_table).where(*_in_hand(held))
        values = {
            "ledger": dump(ledger),
            "due_at": due_at,
            "lease_until": None,
            "version": held.version + 1,
        }
        await self._database.write(executing(update.values(values)))

    async def due(self, most: int) -> Sequence[Identity]:
        """See `PresenceBook.due`."""
        query = (
            sa.select(_table.c.platform, _table.c.user_id)
            .where(_table.c.due_at <= self._clock.now(), self._free())
            .order_by(_table.c.due_at)
            .limit(most)
        )
        return [
            Identity(platform=Platform(row.platform), user_id=row.user_id)
            for row in await self._database.read(query)
        ]

    async def next_due(self) -> datetime | None:
        """See `PresenceBook.next_due`."""
        [row] = await self._database.read(sa.select(sa.func.min(_table.c.due_at).label("due_at")))
        due_at: datetime | None = row.due_at
        return due_at

    def _free(self) -> sa.ColumnElement[bool]:
        now = self._clock.now()
        return sa.or_(
            _table.c.lease_until.is_(None),
            _table.c.lease_until <= now,
            _table.c.lease_until > now + LONGEST_LEASE,
        )


def _of(owner: Identity) -> tuple[sa.ColumnElement[bool], ...]:
    return _table.c.platform == owner.platform.value, _table.c.user_id == owner.user_id


def _in_hand(held: KeptLedger) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_of(held.owner), _table.c.version == held.version)


def _none_of(owner: Identity) -> KeptLedger:
    return KeptLedger(owner=owner, ledger=Ledger(), version=0)


def _kept(owner: Identity, row: sa.Row[Any]) -> KeptLedger:
    return KeptLedger(
        owner=owner,
        ledger=_load(row.ledger),
        version=row.version,
        due_at=row.due_at,
    )


def _load(text: str) -> Ledger:
    try:
        return load(text, Ledger)
    except Exception:
        # Written by another release, perhaps: what it knew is lost, and nothing else.
        logger.exception("a ledger cannot be read")
        return Ledger()


if TYPE_CHECKING:
    _conforms: type[PresenceBook] = SqlPresenceBook
