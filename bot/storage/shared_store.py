"""The store where several processes take from one inbox: PostgreSQL with replicas."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import Backlog, EntryState, InboxEntry, Intent
from bot.errors import InDoubtError, StorageError, TakenOverError
from bot.ports import Clock, Store
from bot.storage import tables
from bot.storage.database import Database
from bot.storage.replicas import is_nobodys
from bot.storage.replies import ANSWERED
from bot.storage.session import SILENCE, Session
from bot.storage.statements import intent_values, upserting
from bot.storage.store import SqlStore

_inbox = tables.inbox.c
_OPEN = (EntryState.RECEIVED.value, *ANSWERED)
_PROMPT = SILENCE / 2
"""Seconds after which an intent that was stored is no leave to begin any more."""
_PAUSE = 0.1
"""Seconds until a row that somebody is just writing is asked for again."""
_DOUBT_LASTS = 3600.0
"""Seconds after which a message that is not there will not be there any more."""


class SharedStore(SqlStore):
    """Rows of the inbox carry the number of the process that has them in hand.

    That number is the fence: whoever was taken for dead stores no intent and settles nothing any
    more, because the row that it would have to lock says that it is another's. So what it had
    begun is known to whoever carries on, and what it had not begun never happens.
    """

    def __init__(self, database: Database, clock: Clock, session: Session) -> None:
        super().__init__(database, clock)
        self._session = session
        self._doubtful: dict[str, float] = {}
        """Keys of messages of which nobody knows whether they were taken in, and since when."""

    async def add(self, messages: Sequence[IncomingMessage]) -> Sequence[InboxEntry]:
        """See `Inbox.add`; it may give out what `unfinished` gives out just then."""
        keys = [message.key for message in messages]
        try:
            added = await super().add(messages)
        except InDoubtError:
            self._doubtful |= dict.fromkeys(keys, asyncio.get_running_loop().time())
            raise
        for key in keys:
            self._doubtful.pop(key, None)
        return added

    def _holder(self) -> int | None:
        return self._session.number or None

    def _take_in(self, connection: sa.Connection, row: Mapping[str, Any]) -> int | None:
        entry_id = super()._take_in(connection, row)
        if entry_id is None and row["key"] in self._doubtful:
            there = sa.select(_inbox.id).where(self._is_left_lying([row["key"]]))
            entry_id = connection.execute(there).scalar_one_or_none()
        return entry_id

    def _is_left_lying(self, keys: Collection[str]) -> sa.ColumnElement[bool]:
        """Of such messages: it was taken in, without anybody having heard of it."""
        waits = _inbox.state == EntryState.RECEIVED.value
        return sa.and_(_inbox.key.in_(keys), waits, *self._mine())

    def _mine(self) -> Sequence[sa.ColumnElement[bool]]:
        return (_inbox.holder == self._session.number,)

    async def backlog(self) -> Backlog:
        """See `Inbox.backlog`; who has no session does nothing about it, so it is not ready."""
        if not self._session.number:
            raise StorageError("this process has no session at the database")
        return await super().backlog()

    def _advance(self, connection: sa.Connection, entry_id: int, state: EntryState) -> bool:
        waits = _inbox.state == EntryState.RECEIVED.value
        mine = sa.update(tables.inbox).where(_inbox.id == entry_id, waits, *self._mine())
        return bool(connection.execute(mine.values(state=state.value)).rowcount)

    async def unfinished(self) -> Sequence[InboxEntry]:
        """See `Inbox.unfinished`."""
        left = sa.and_(_inbox.state.in_(_OPEN), is_nobodys(_inbox.holder))
        if self._doubtful:
            ago = asyncio.get_running_loop().time() - _DOUBT_LASTS
            self._doubtful = {key: at for key, at in self._doubtful.items() if at > ago}
            left = sa.or_(left, self._is_left_lying(self._doubtful))
        rows = await self._database.read(sa.select(tables.inbox).where(left).order_by(_inbox.id))
        for row in rows:
            self._doubtful.pop(row.key, None)
        return await self._entries(rows)

    async def take_up(self, entry: InboxEntry) -> Sequence[InboxEntry]:
        """See `Inbox.take_up`. Replies that a living process is still delivering are left to it."""
        waiting = sa.or_(
            _inbox.state == EntryState.RECEIVED.value,
            sa.and_(_inbox.state.in_(ANSWERED), is_nobodys(_inbox.holder)),
        )
        query = (
            sa.select(tables.inbox)
            .where(_inbox.owner == str(entry.message.sender), _inbox.id <= entry.entry_id, waiting)
            .order_by(_inbox.id)
        )
        while True:
            me = self._session.number
            if not me:
                raise StorageError("this process has no session at the database")
            rows = await self._database.read(query)
            others = [row for row in rows if row.holder != me]
            if not others or await self._take(others, me):
                return await self._entries(rows)
            await asyncio.sleep(_PAUSE)

    async def record_intent(self, intent: Intent) -> None:
        """See `Inbox.record_intent`."""
        upsert = upserting(tables.intents, intent_values(intent))
        mine = (
            sa.select(_inbox.id)
            .where(_inbox.id == intent.entry_id, *self._mine())
            .with_for_update(key_share=True)
        )

        def write(connection: sa.Connection) -> bool:
            if connection.execute(mine).first() is None:
                return False
            upsert(connection)
            return True

        loop = asyncio.get_running_loop()
        began = loop.time()
        if not await self._database.write(write):
            raise TakenOverError("another process handles this message")
        if loop.time() - began > _PROMPT:
            # Whoever carries on counts from when this was stored, so it is too late to begin.
            raise StorageError("the store took too long")

    async def _take(self, rows: Sequence[sa.Row[Any]], me: int) -> bool:
        """Take rows into the hand of this process; whether all of them were still as they were.

        A row that somebody is writing is not waited for: everything else that this process writes
        would wait with it.
        """
        as_read = sa.or_(
            *(
                sa.and_(
                    _inbox.id == row.id,
                    _inbox.state == row.state,
                    _inbox.holder.is_not_distinct_from(row.holder),
                )
                for row in rows
            )
        )
        free = sa.select(_inbox.id).where(as_read).with_for_update(key_share=True, skip_locked=True)
        take = sa.update(tables.inbox).where(_inbox.id.in_(free)).values(holder=me)
        taken = await self._database.write(lambda connection: connection.execute(take).rowcount)
        return taken == len(rows)


if TYPE_CHECKING:
    _conforms: type[Store] = SharedStore
