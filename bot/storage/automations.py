"""What people want of their presence, in a database."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.automation import Choices
from bot.domain.chat import Identity, Platform
from bot.ports import Automation, AutomationBook, Clock
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.statements import executing, upserting

logger = logging.getLogger(__name__)

_table = tables.automations
_CACHED = 10_000


class SqlAutomations:
    """A row for each person who has chosen anything."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._cache: Cache[Identity, Automation] = Cache(database, _table, most=_CACHED)

    async def automation_of(self, owner: Identity) -> Automation:
        """See `AutomationBook.automation_of`."""
        return await self._cache.get(owner, self._read) or Automation(owner=owner)

    async def choose(
        self,
        owner: Identity,
        choices: Choices,
        due_at: datetime | None,
        *,
        cursors: Mapping[str, datetime] | None = None,
    ) -> None:
        """See `AutomationBook.choose`."""
        values = {
            "platform": owner.platform.value,
            "user_id": owner.user_id,
            "choices": dump(choices),
            "cursors": dump(dict(cursors or {})),
            "due_at": due_at,
        }
        await self._database.write(upserting(_table, values))
        self._cache.drop(owner)

    async def due_automations(self, most: int) -> Sequence[Automation]:
        """See `AutomationBook.due_automations`."""
        due = _table.c.due_at <= self._clock.now()
        query = sa.select(_table).where(due).order_by(_table.c.due_at).limit(most)
        found = []
        for row in await self._database.read(query):
            try:
                found.append(_automation(row))
            except Exception:
                # Written by another release, perhaps; nobody else has to wait for that.
                logger.exception("what somebody wants of their presence cannot be read")
                gone = sa.update(_table).where(
                    _table.c.platform == row.platform, _table.c.user_id == row.user_id
                )
                await self._database.write(executing(gone.values(due_at=None)))
        return found

    async def next_automation(self) -> datetime | None:
        """See `AutomationBook.next_automation`."""
        [row] = await self._database.read(sa.select(sa.func.min(_table.c.due_at).label("due_at")))
        due_at: datetime | None = row.due_at
        return due_at

    async def begin_reading(self, automation: Automation, next_at: datetime) -> Automation | None:
        """See `AutomationBook.begin_reading`."""
        if not await self._update(automation, due_at=next_at):
            return None
        return replace(automation, due_at=next_at)

    async def end_reading(
        self, begun: Automation, cursors: Mapping[str, datetime], next_at: datetime
    ) -> None:
        """See `AutomationBook.end_reading`."""
        await self._update(begun, cursors=dump(dict(cursors)), due_at=next_at)

    async def _update(self, known: Automation, **values: object) -> bool:
        unchanged = _table.c.due_at == known.due_at, _table.c.choices == dump(known.choices)
        update = sa.update(_table).where(*_of(known.owner), *unchanged).values(values)
        done = await self._database.write(
            lambda connection: connection.execute(update).rowcount == 1
        )
        self._cache.drop(known.owner)
        return done

    async def _read(self, owner: Identity) -> Automation:
        """Also of those who have chosen nothing, who are most: each answer asks for it."""
        rows = await self._database.read(sa.select(_table).where(*_of(owner)))
        return _automation(rows[0]) if rows else Automation(owner=owner)


def _of(owner: Identity) -> tuple[sa.ColumnElement[bool], ...]:
    return _table.c.platform == owner.platform.value, _table.c.user_id == owner.user_id


def _automation(row: sa.Row[Any]) -> Automation:
    return Automation(
        owner=Identity(platform=Platform(row.platform), user_id=row.user_id),
        choices=load(row.choices, Choices),
        due_at=row.due_at,
        cursors=load(row.cursors, dict[str, datetime]),
    )


if TYPE_CHECKING:
    _conforms: type[AutomationBook] = SqlAutomations
