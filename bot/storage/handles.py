"""Short numbers by which people call events whose ids nobody can type, in a database."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

from bot.domain.chat import Identity
from bot.domain.journal import KeptNumber
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.errors import StorageError
from bot.ports import Clock, Handles
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.database import Database
from bot.storage.pruning import delete_old

_table = tables.handles

_OWNERS_KEPT = 500
"""People whose numbers are kept in memory."""
_HIGHEST = 2**31 - 1
"""What PostgreSQL's INTEGER holds; nobody has so many events."""
_LOCK = 0x6E756D62
"""Names the advisory locks of this table among those of the database."""
_ATTEMPTS, _PAUSE = 500, 0.01
"""Another process holds the lock for one commit, so this is patience for many of them."""

_Key: TypeAlias = tuple[str, str, str]
"""Provider, account and event."""


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    calendar_id: str | None


class SqlHandles:
    """Numbers are looked up with every list, so those that were given are kept in memory too."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._numbers: Cache[Identity, Mapping[_Key, _Numbered]] = Cache(
            database, _table, most=_OWNERS_KEPT
        )

    async def number_events(self, owner: Identity, refs: Sequence[EventRef]) -> Sequence[int]:
        """See `Handles.number_events`."""
        known = await self._numbers.get(owner, self._read_numbers) or {}
        wanted = _calendars(refs)
        news = {
            key: calendar_id
            for key, calendar_id in wanted.items()
            if key not in known or calendar_id not in {None, known[key].calendar_id}
        }
        numbers = {key: kept.number for key, kept in known.items()}
        if news:
            numbers |= await self._give(owner, news)
        return [numbers[_key_of(ref)] for ref in refs]

    async def find_numbered(self, owner: Identity, number: int) -> EventRef | None:
        """See `Handles.find_numbered`; read anew: a number names an event that will be changed."""
        if not 0 < number <= _HIGHEST:
            return None
        query = _of(owner).where(_table.c.number == number)
        for row in await self._database.read(query):
            return _ref_from(row)
        return None

    async def prune_numbers(self, before: datetime) -> int:
        """See `Handles.prune_numbers`."""
        try:
            return await delete_old(self._database, _table, _table.c.given_at < before)
        finally:
            self._numbers.clear()

    async def numbers_of(self, owner: Identity) -> Sequence[KeptNumber]:
        """See `Traces.numbers_of`."""
        rows = await self._database.read(_of(owner).order_by(_table.c.number))
        return [
            KeptNumber(number=row.number, ref=_ref_from(row), given_at=row.given_at) for row in rows
        ]

    async def _give(self, owner: Identity, wanted: Mapping[_Key, str | None]) -> Mapping[_Key, int]:
        """Numbers for events that have none yet, as far as this process knows."""
        now = self._clock.now()
        for _ in range(_ATTEMPTS):
            given = await self._database.write(
                lambda connection: _give(connection, owner, wanted, now)
            )
            if given is not None:
                # Not put: who was forgotten meanwhile must not come back by what is known here.
                self._numbers.drop(owner)
                return given
            await asyncio.sleep(_PAUSE)
        raise StorageError("somebody else numbers this person's events")

    async def _read_numbers(self, owner: Identity) -> Mapping[_Key, _Numbered]:
        return _by_event(await self._database.read(_of(owner)))


def _give(
    connection: sa.Connection, owner: Identity, wanted: Mapping[_Key, str | None], now: datetime
) -> Mapping[_Key, int] | None:
    """Find or give numbers in one transaction; None if another process is just doing that."""
    if not _locked(connection, owner):
        return None
    events = {event_id for _, _, event_id in wanted}
    known = _by_event(connection.execute(_of(owner).where(_table.c.event_id.in_(events))).all())
    highest = sa.select(sa.func.max(_table.c.number)).where(_table.c.owner == str(owner))
    last = connection.execute(highest).scalar_one() or 0
    rows = []
    for key, calendar_id in wanted.items():
        kept = known.get(key)
        if kept is None:
            last += 1
            rows.append(_row_of(owner, last, key, calendar_id) | {"given_at": now})
        elif calendar_id not in {None, kept.calendar_id}:
            connection.execute(
                sa.update(_table)
                .where(_table.c.owner == str(owner), _table.c.number == kept.number)
                .values(calendar_id=calendar_id)
            )
    if rows:
        connection.execute(sa.insert(_table), rows)
    new = {(row["provider"], row["account_id"], row["event_id"]): row["number"] for row in rows}
    return {key: known[key].number for key in wanted if key in known} | new


def _locked(connection: sa.Connection, owner: Identity) -> bool:
    """Whether nobody else numbers this person's events until our commit.

    SQLite lets in one writer at a time anyway. On PostgreSQL nothing may wait here: what else is
    in this commit may be just what the other process waits for.
    """
    if connection.dialect.name != "postgresql":
        return True
    lock = sa.func.pg_try_advisory_xact_lock(_LOCK, sa.func.hashtext(str(owner)))
    return bool(connection.execute(sa.select(lock)).scalar_one())


def _calendars(refs: Sequence[EventRef]) -> Mapping[_Key, str | None]:
    """Every event once, with the latest calendar id that it came with."""
    found: dict[_Key, str | None] = {}
    for ref in refs:
        key = _key_of(ref)
        found[key] = ref.calendar_id or found.get(key)
    return found


def _key_of(ref: EventRef) -> _Key:
    return ref.provider.value, ref.account_id, ref.event_id


def _of(owner: Identity) -> sa.Select[Any]:
    return sa.select(_table).where(_table.c.owner == str(owner))


def _by_event(rows: Sequence[sa.Row[Any]]) -> Mapping[_Key, _Numbered]:
    return {
        (row.provider, row.account_id, row.event_id): _Numbered(row.number, row.calendar_id)
        for row in rows
    }


def _row_of(owner: Identity, number: int, key: _Key, calendar_id: str | None) -> dict[str, Any]:
    provider, account_id, event_id = key
    return {
        "owner": str(owner),
        "number": number,
        "provider": provider,
        "account_id": account_id,
        "event_id": event_id,
        "calendar_id": calendar_id,
    }


def _ref_from(row: sa.Row[Any]) -> EventRef:
    return EventRef(
        provider=Provider(row.provider),
        event_id=row.event_id,
        calendar_id=row.calendar_id,
        account_id=row.account_id,
    )


if TYPE_CHECKING:
    _conforms: type[Handles] = SqlHandles
