"""Sign-ins under way, in a database; what waits for an answer is sealed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.inbox import Delivery
from bot.domain.sign_ins import SignedIn, SignInAttempt, Stage
from bot.errors import SealedError
from bot.ports import SignInAttempts
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.vault import Sealed, Vault

_sign_ins, _deliveries = tables.sign_ins, tables.deliveries


class SqlSignIns:
    """Rows are few and live for minutes, so nothing is cached."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(self, attempt: SignInAttempt) -> None:
        """See `SignInAttempts.add`."""

        def write(connection: sa.Connection) -> None:
            row = self._row_of(attempt)
            connection.execute(sa.insert(_sign_ins).values(id=attempt.attempt_id, **row))

        await self._database.write(write)

    async def find(self, hashed: str) -> SignInAttempt | None:
        """See `SignInAttempts.find`."""
        secrets = (_sign_ins.c.link, _sign_ins.c.state, _sign_ins.c.question)
        found = await self._select(sa.or_(*(secret == hashed for secret in secrets)))
        return found[0] if found else None

    async def advance(self, old: SignInAttempt, new: SignInAttempt) -> bool:
        """See `SignInAttempts.advance`."""
        update = sa.update(_sign_ins).where(
            _sign_ins.c.id == old.attempt_id,
            _sign_ins.c.stage == old.stage.value,
            _sign_ins.c.link == old.link,
            _sign_ins.c.state == old.state,
        )

        def write(connection: sa.Connection) -> int:
            # Sealed in the transaction, so no key is dropped between sealing and keeping.
            return connection.execute(update.values(self._row_of(new))).rowcount

        return bool(await self._database.write(write))

    async def waiting(self) -> Sequence[SignInAttempt]:
        """See `SignInAttempts.waiting`."""
        return await self._select(_sign_ins.c.sealed.is_not(None))

    async def prune(self, before: datetime) -> int:
        """See `SignInAttempts.prune`."""
        delete = sa.delete(_sign_ins).where(_sign_ins.c.expires_at < before)
        return await self._database.write(lambda connection: connection.execute(delete).rowcount)

    async def message_of(self, attempt: SignInAttempt) -> tuple[Delivery, str] | None:
        """See `SignInAttempts.message_of`."""
        query = sa.select(_deliveries.c.delivery, _deliveries.c.message_id).where(
            _deliveries.c.entry_id == attempt.entry_id, _deliveries.c.message_id.is_not(None)
        )
        for row in await self._database.read(query):
            return load(row.delivery, Delivery), row.message_id
        return None

    async def _select(self, *conditions: sa.ColumnElement[bool]) -> Sequence[SignInAttempt]:
        rows = await self._database.read(sa.select(_sign_ins).where(*conditions))
        return [self._attempt_from(row) for row in rows]

    def _row_of(self, attempt: SignInAttempt) -> dict[str, Any]:
        waiting = attempt.signed_in
        sealed = None if waiting is None else self._vault.seal(attempt.attempt_id, dump(waiting))
        return {
            "stage": attempt.stage.value,
            "link": attempt.link,
            "state": attempt.state,
            "question": attempt.question,
            "attempt": dump(replace(attempt, signed_in=None)),
            "key": None if sealed is None else sealed.key,
            "sealed": None if sealed is None else sealed.text,
            "expires_at": attempt.expires_at,
        }

    def _attempt_from(self, row: sa.Row[Any]) -> SignInAttempt:
        attempt = load(row.attempt, SignInAttempt)
        if row.sealed is None:
            return attempt
        try:
            waiting = self._vault.open(attempt.attempt_id, Sealed(key=row.key, text=row.sealed))
        except SealedError:
            # It can only be begun again.
            return replace(attempt, stage=Stage.DROPPED)
        return replace(attempt, signed_in=load(waiting, SignedIn))


if TYPE_CHECKING:
    _conforms: type[SignInAttempts] = SqlSignIns
