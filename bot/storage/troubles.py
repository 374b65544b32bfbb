"""What the owner was told of, in a database."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.providers import Provider
from bot.domain.troubles import Topic, TroubleKind, TroubleState
from bot.ports import TroubleLog
from bot.storage import tables
from bot.storage.database import Database
from bot.storage.statements import insert_into

_troubles = tables.troubles

Step = Callable[[TroubleState], tuple[TroubleState, bool]]


class SqlTroubleLog:
    """A row for each topic; of several processes on one database, one is told to tell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def failed(self, topic: Topic, subject: str, at: datetime) -> bool:
        """See `TroubleLog.failed`."""
        return await self._step(topic, lambda state: state.failed(subject, at))

    async def worked(self, topic: Topic, subject: str, at: datetime) -> bool:
        """See `TroubleLog.worked`."""
        return await self._step(topic, lambda state: state.worked(subject, at))

    async def in_trouble(self) -> set[tuple[Topic, str]]:
        """See `TroubleLog.in_trouble`."""
        rows = await self._database.read(sa.select(_troubles))
        return {
            (_topic_from(row.topic), subject) for row in rows for subject in _state(row).subjects
        }

    async def _step(self, topic: Topic, step: Step) -> bool:
        mine = _troubles.c.topic == str(topic)

        def write(connection: sa.Connection) -> bool:
            blank = insert_into(connection, _troubles).values(
                topic=str(topic), told_over=False, subjects="{}"
            )
            connection.execute(blank.on_conflict_do_nothing(index_elements=["topic"]))
            query = sa.select(_troubles).where(mine).with_for_update()
            state, tell = step(_state(connection.execute(query).one()))
            seen = {subject: at.isoformat() for subject, at in state.subjects.items()}
            connection.execute(
                sa.update(_troubles)
                .where(mine)
                .values(told_at=state.told_at, told_over=state.told_over, subjects=json.dumps(seen))
            )
            return tell

        return await self._database.write(write)


def _state(row: sa.Row[Any]) -> TroubleState:
    seen = json.loads(row.subjects)
    return TroubleState(
        told_at=row.told_at,
        told_over=row.told_over,
        subjects={subject: datetime.fromisoformat(at) for subject, at in seen.items()},
    )


def _topic_from(text: str) -> Topic:
    kind, _, provider = text.partition(":")
    return Topic(kind=TroubleKind(kind), provider=Provider(provider) if provider else None)


if TYPE_CHECKING:
    _conforms: type[TroubleLog] = SqlTroubleLog
