"""Everybody the bot knows, for the operator's command line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from bot.domain.accounts import Account
from bot.domain.chat import Identity, Platform
from bot.storage import journal, tables
from bot.storage.accounts import account_from
from bot.storage.database import Database
from bot.storage.statements import upserting


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Somebody who was met, has accounts or is refused.

    Attributes:
        met_at: None if that was not noted.
    """

    identity: Identity
    name: str = field(default="", repr=False)
    met_at: datetime | None = None
    accounts: Sequence[Account] = ()
    refused: bool = False


class Roster:
    """Reads past all caches, beside a running bot; what it writes the bot notices by itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def everybody(self) -> Sequence[Acquaintance]:
        """All of them, in the order in which they were met."""
        people = await self._database.read(sa.select(tables.people))
        accounts = await self._database.read(
            sa.select(tables.accounts).order_by(tables.accounts.c.number)
        )
        refused = {_identity(row) for row in await self._database.read(sa.select(tables.refused))}
        met = {_identity(row): row for row in people}
        owned: dict[Identity, list[Account]] = {}
        for row in accounts:
            owned.setdefault(_identity(row), []).append(account_from(row))
        found = [
            Acquaintance(
                identity=identity,
                name="" if identity not in met else met[identity].name,
                met_at=None if identity not in met else met[identity].met_at,
                accounts=owned.get(identity, ()),
                refused=identity in refused,
            )
            for identity in met.keys() | owned.keys() | refused
        ]
        return sorted(found, key=_order)

    async def find(self, identity: Identity) -> Acquaintance | None:
        """One of them."""
        return next((one for one in await self.everybody() if one.identity == identity), None)

    async def remove(self, identity: Identity, at: datetime) -> None:
        """Forget all about somebody and refuse them, at once or not at all."""
        refusing = upserting(
            tables.refused,
            {
                "platform": identity.platform.value,
                "user_id": identity.user_id,
                "refused_at": at,
            },
        )

        def remove(connection: sa.Connection) -> None:
            journal.forget(connection, identity)
            refusing(connection)

        await self._database.write(remove)


def _identity(row: sa.Row[tuple[object, ...]]) -> Identity:
    return Identity(platform=Platform(row.platform), user_id=row.user_id)


def _order(one: Acquaintance) -> tuple[bool, float, str, int, str]:
    moment = 0.0 if one.met_at is None else one.met_at.timestamp()
    user_id = one.identity.user_id
    # Among those of whom it was not noted, lower numbers are the older accounts.
    return one.met_at is not None, moment, one.identity.platform, len(user_id), user_id
