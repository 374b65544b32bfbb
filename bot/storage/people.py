"""People and the groups in which they were seen, in a database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.chat import Identity, Platform
from bot.domain.inbox import Membership, Person
from bot.ports import People
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.database import Database
from bot.storage.statements import upserting


class SqlPeople:
    """Those whom the bot has met.

    They are few and read with every message, so they are kept in memory too.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people: Cache[Identity, Person] = Cache(database, tables.people)
        self._memberships: Cache[Identity, Mapping[str, Membership]] = Cache(
            database, tables.memberships
        )
        self._refused: Cache[None, frozenset[Identity]] = Cache(database, tables.refused)

    async def find_person(self, identity: Identity) -> Person | None:
        """See `People.find_person`."""
        return await self._people.get(identity, self._read_person)

    async def save_person(self, person: Person) -> None:
        """See `People.save_person`."""
        values = {
            "platform": person.identity.platform.value,
            "user_id": person.identity.user_id,
            "language": person.language,
            "timezone": person.timezone,
            "name": person.name,
            "chosen": person.chosen,
        }
        await self._database.write(upserting(tables.people, values))
        self._people.put(person.identity, person)

    async def memberships_of(self, identity: Identity) -> Sequence[Membership]:
        """See `People.memberships_of`."""
        return tuple((await self._memberships_by_chat(identity)).values())

    async def save_membership(self, membership: Membership) -> None:
        """See `People.save_membership`."""
        known = await self._memberships_by_chat(membership.identity)
        values = {
            "platform": membership.identity.platform.value,
            "user_id": membership.identity.user_id,
            "chat_id": membership.chat_id,
            "belongs": membership.belongs,
            "checked_at": membership.checked_at,
            "shown": membership.shown,
            "unasked": membership.unasked,
        }
        await self._database.write(upserting(tables.memberships, values))
        self._memberships.put(membership.identity, {**known, membership.chat_id: membership})

    async def is_refused(self, identity: Identity) -> bool:
        """See `People.is_refused`."""
        return identity in (await self._refused.get(None, self._read_refused) or ())

    async def refuse(self, identity: Identity, at: datetime) -> None:
        """See `People.refuse`."""
        await self._database.write(
            upserting(tables.refused, {**_naming(identity), "refused_at": at})
        )
        self._refused.clear()

    async def admit(self, identity: Identity) -> bool:
        """See `People.admit`."""
        delete = sa.delete(tables.refused).where(_is(tables.refused, identity))
        found = await self._database.write(lambda connection: connection.execute(delete).rowcount)
        self._refused.clear()
        return bool(found)

    async def _read_refused(self, _key: None) -> frozenset[Identity]:
        rows = await self._database.read(sa.select(tables.refused))
        return frozenset(
            Identity(platform=Platform(row.platform), user_id=row.user_id) for row in rows
        )

    async def _memberships_by_chat(self, identity: Identity) -> Mapping[str, Membership]:
        return await self._memberships.get(identity, self._read_memberships) or {}

    async def _read_person(self, identity: Identity) -> Person | None:
        rows = await self._database.read(_of(tables.people, identity))
        if not rows:
            return None
        [row] = rows
        return Person(
            identity=identity,
            language=row.language,
            timezone=row.timezone,
            name=row.name,
            chosen=row.chosen,
        )

    async def _read_memberships(self, identity: Identity) -> Mapping[str, Membership]:
        return {
            row.chat_id: Membership(
                identity=identity,
                chat_id=row.chat_id,
                belongs=row.belongs,
                checked_at=row.checked_at,
                shown=row.shown,
                unasked=row.unasked,
            )
            for row in await self._database.read(_of(tables.memberships, identity))
        }


def _of(table: sa.Table, identity: Identity) -> sa.Select[Any]:
    return sa.select(table).where(_is(table, identity))


def _is(table: sa.Table, identity: Identity) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in _naming(identity).items()))


def _naming(identity: Identity) -> dict[str, str]:
    return {"platform": identity.platform.value, "user_id": identity.user_id}


if TYPE_CHECKING:
    _conforms: type[People] = SqlPeople
