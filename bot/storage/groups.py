"""Groups and who was seen in them, in a database."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.chat import Conversation, Identity, Platform
from bot.domain.inbox import Membership
from bot.ports import Group, Groups
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.database import Database
from bot.storage.statements import insert_into, upserting

_table = tables.groups
_memberships = tables.memberships
_GROUPS_CACHED = 10_000


class SqlGroups:
    """A row for each group of which anything is known beside who is in it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._groups: Cache[tuple[Platform, str], Group] = Cache(
            database, _table, most=_GROUPS_CACHED
        )

    async def group_of(self, conversation: Conversation) -> Group:
        """See `Groups.group_of`."""

        async def read(_key: object) -> Group:
            rows = await self._database.read(sa.select(_table).where(*_of(_table, conversation)))
            return _group(conversation, rows[0]) if rows else Group(conversation=conversation)

        key = conversation.platform, conversation.chat_id
        return await self._groups.get(key, read) or Group(conversation=conversation)

    async def save_group(self, group: Group) -> None:
        """See `Groups.save_group`."""
        where = group.conversation
        values = {**_naming(where), **_values(group)}
        await self._database.write(upserting(_table, values))
        self._groups.put((where.platform, where.chat_id), group)

    async def members_of(self, conversation: Conversation) -> Sequence[Membership]:
        """See `Groups.members_of`."""
        query = sa.select(_memberships).where(
            *_of(_memberships, conversation), _memberships.c.belongs
        )
        return [
            Membership(
                identity=Identity(platform=Platform(row.platform), user_id=row.user_id),
                chat_id=row.chat_id,
                belongs=row.belongs,
                checked_at=row.checked_at,
                shown=row.shown,
                unasked=row.unasked,
            )
            for row in await self._database.read(query.order_by(_memberships.c.user_id))
        ]

    async def move_group(self, earlier: Conversation, later: Conversation) -> None:
        """See `Groups.move_group`."""

        def write(connection: sa.Connection) -> None:
            known = connection.execute(sa.select(_table).where(*_of(_table, earlier))).first()
            chosen = Group(conversation=earlier) if known is None else _group(earlier, known)
            insert = insert_into(connection, _table).values(
                **_naming(later),
                **{**_values(chosen), "former_id": earlier.chat_id},
            )
            # What was chosen there already stays; only where it came from nobody could have said.
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[column.name for column in _table.primary_key],
                    set_={"former_id": earlier.chat_id},
                    where=_table.c.former_id == "",
                )
            )
            connection.execute(sa.delete(_table).where(*_of(_table, earlier)))
            there = _of(_memberships, earlier)
            for row in connection.execute(sa.select(_memberships).where(*there)).mappings():
                moved = insert_into(connection, _memberships).values(
                    {**row, "chat_id": later.chat_id}
                )
                connection.execute(moved.on_conflict_do_nothing())
            connection.execute(sa.delete(_memberships).where(*there))

        await self._database.write(write)
        # Memberships are cached elsewhere too.
        self._database.forget_cached()

    async def hide_everywhere(self, identity: Identity) -> int:
        """See `Groups.hide_everywhere`."""
        mine = (
            _memberships.c.platform == identity.platform.value,
            _memberships.c.user_id == identity.user_id,
        )
        hide = sa.update(_memberships).where(*mine, _memberships.c.shown).values(shown=False)
        hidden = await self._database.write(lambda connection: connection.execute(hide).rowcount)
        self._database.forget_cached()
        return hidden


def _of(table: sa.Table, conversation: Conversation) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == value for name, value in _naming(conversation).items())


def _naming(conversation: Conversation) -> dict[str, str]:
    return {"platform": conversation.platform.value, "chat_id": conversation.chat_id}


def _values(group: Group) -> dict[str, str]:
    return {
        "language": group.language,
        "timezone": group.timezone,
        "former_id": group.former_id,
    }


def _group(conversation: Conversation, row: sa.Row[Any]) -> Group:
    return Group(
        conversation=conversation,
        language=row.language,
        timezone=row.timezone,
        former_id=row.former_id,
    )


if TYPE_CHECKING:
    _conforms: type[Groups] = SqlGroups
