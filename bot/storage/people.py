"""People and the groups in which they were seen, in a database."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.chat import Identity
from bot.domain.inbox import Membership, Person
from bot.errors import StorageError
from bot.ports import People
from bot.storage import tables
from bot.storage.engine import reading
from bot.storage.group_commit import GroupCommit
from bot.storage.statements import upserting


class SqlPeople:
    """Those whom the bot has met.

    They are few and read with every message, so they are kept in memory too; this process is the
    only one that writes them.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._commits = GroupCommit(engine)
        self._people: dict[Identity, Person] = {}
        self._memberships: dict[Identity, Mapping[str, Membership]] = {}

    async def find_person(self, identity: Identity) -> Person | None:
        """See `People.find_person`."""
        known = self._people.get(identity)
        if known is not None:
            return known
        rows = await self._read(_of(tables.people, identity))
        if not rows:
            return None
        row = rows[0]
        person = Person(
            identity=identity, language=row.language, timezone=row.timezone, name=row.name
        )
        self._people[identity] = person
        return person

    async def save_person(self, person: Person) -> None:
        """See `People.save_person`."""
        values = {
            "platform": person.identity.platform.value,
            "user_id": person.identity.user_id,
            "language": person.language,
            "timezone": person.timezone,
            "name": person.name,
        }
        await self._commits.write(upserting(tables.people, values))
        self._people[person.identity] = person

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
        }
        await self._commits.write(upserting(tables.memberships, values))
        self._memberships[membership.identity] = {**known, membership.chat_id: membership}

    async def _memberships_by_chat(self, identity: Identity) -> Mapping[str, Membership]:
        known = self._memberships.get(identity)
        if known is None:
            rows = await self._read(_of(tables.memberships, identity))
            known = self._memberships[identity] = {
                row.chat_id: Membership(
                    identity=identity,
                    chat_id=row.chat_id,
                    belongs=row.belongs,
                    checked_at=row.checked_at,
                )
                for row in rows
            }
        return known

    async def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        try:
            async with self._reading.connect() as connection:
                rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
                return rows
        except (TimeoutError, sa.exc.SQLAlchemyError) as error:
            reason = type(error).__name__
        raise StorageError(f"the store cannot be read ({reason})")


def _of(table: sa.Table, identity: Identity) -> sa.Select[Any]:
    return sa.select(table).where(
        table.c.platform == identity.platform.value, table.c.user_id == identity.user_id
    )


if TYPE_CHECKING:
    _conforms: type[People] = SqlPeople
