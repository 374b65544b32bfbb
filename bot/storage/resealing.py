"""Changing keys: everything that is sealed is sealed anew, beside a running bot.

The key file is changed only inside a write transaction of the database. A bot looks at the file
whenever it seals, and seals credentials inside a transaction too: either it has sealed before and
is found here, or it seals with the new key. Whoever dies half-way leaves a file that opens
everything, and the next one goes on.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import EntryState
from bot.errors import ConfigError, SealedError
from bot.storage import tables
from bot.storage.codec import dump, load
from bot.storage.connections import Work
from bot.storage.database import Database
from bot.storage.keys import KeyFile, fingerprint, new_key
from bot.storage.vault import Sealed, TextSealer, Vault

T = TypeVar("T")

_BATCH = 50
"""Rows in one transaction: a running bot waits no longer than for these."""
_inbox = tables.inbox
_SEALED = (
    (tables.credentials, tables.credentials.c.account_id),
    (tables.sign_ins, tables.sign_ins.c.id),
)
"""Where sealed secrets are kept, each with what its row is sealed for."""


class Resealing:
    """The steps of a change of keys; each may be taken again."""

    def __init__(self, database: Database, vault: Vault, file: KeyFile | None) -> None:
        self._database = database
        self._vault = vault
        self._texts = TextSealer(vault)
        self._file = file

    async def add_key(self) -> bool:
        """Put a new key before the one in the file; False if an earlier change is not finished.

        Raises:
            ConfigError: The file cannot be read or written.
        """
        if (file := self._file) is None:
            return False

        def add(_connection: sa.Connection) -> bool:
            keys = file.read()
            if len(keys) == 1:
                file.write([new_key(), *keys])
            return len(keys) == 1

        return await self._write(add)

    async def seal_anew(self) -> int:
        """Seal everything with the newest key that is sealed with another; how much that was.

        What cannot be opened stays as it is.
        """
        self._vault.reload()
        count = 0
        for table, row_id in _SEALED:
            rows = await self._database.read(_not_sealed_with(self._vault.newest, table, row_id))
            for start in range(0, len(rows), _BATCH):
                count += await self._write(
                    self._moving(table, row_id, rows[start : start + _BATCH])
                )
        for row in await self._database.read(_waiting_messages()):
            count += await self._write(self._moving_message(row))
        return count

    async def left(self) -> Mapping[str, int]:
        """How much is not sealed with the newest key, by the fingerprint of its key."""
        rows = [
            row
            for query in _leftovers(self._vault.newest)
            for row in await self._database.read(query)
        ]
        return Counter(row.key for row in rows)

    async def drop_keys(self) -> Sequence[str]:
        """Take keys out of the file with which nothing is sealed that can be opened.

        Returns:
            The fingerprints of the keys that had to stay beside the newest.

        Raises:
            ConfigError: The file cannot be read or written.
        """
        if (file := self._file) is None:
            return ()

        def drop(connection: sa.Connection) -> Sequence[str]:
            keys = file.read()
            if not keys:
                return ()
            needed = set(self._needed(connection, fingerprint(keys[0])))
            stay = [key for key in keys[1:] if fingerprint(key) in needed]
            if stay != keys[1:]:
                file.write([keys[0], *stay])
            return [fingerprint(key) for key in stay]

        return await self._write(drop)

    def _moving(
        self, table: sa.Table, row_id: sa.Column[Any], rows: Sequence[sa.Row[Any]]
    ) -> Work[int]:
        def move(connection: sa.Connection) -> int:
            count = 0
            for row in rows:
                try:
                    secret = self._vault.open(row.id, Sealed(key=row.key, text=row.sealed))
                except SealedError:
                    continue
                anew = self._vault.seal(row.id, secret)
                # Whatever was replaced meanwhile is newer than what was read.
                update = (
                    sa.update(table)
                    .where(row_id == row.id, table.c.sealed == row.sealed)
                    .values(key=anew.key, sealed=anew.text)
                )
                count += connection.execute(update).rowcount
            return count

        return move

    def _moving_message(self, row: sa.Row[Any]) -> Work[int]:
        def move(connection: sa.Connection) -> int:
            message = load(row.message, IncomingMessage)
            text = self._texts.seal_anew(message.text)
            if text == message.text:
                return 0
            update = (
                sa.update(_inbox)
                .where(_inbox.c.id == row.id, _inbox.c.message == row.message)
                .values(message=dump(replace(message, text=text)))
            )
            return connection.execute(update).rowcount

        return move

    def _needed(self, connection: sa.Connection, newest: str) -> Iterator[str]:
        """Keys other than the newest that something can be opened with."""
        for query in _leftovers(newest):
            for row in connection.execute(query):
                try:
                    self._vault.open(row.id, Sealed(key=row.key, text=row.sealed))
                except SealedError:
                    continue
                yield row.key
        for row in connection.execute(_waiting_messages()):
            yield from self._texts.keys_of(load(row.message, IncomingMessage).text)

    async def _write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do it in a transaction; trouble with the key file is not the database's."""

        def guarded(connection: sa.Connection) -> T | ConfigError:
            try:
                return work(connection)
            except ConfigError as error:
                return error

        done = await self._database.write(guarded)
        if isinstance(done, ConfigError):
            raise done
        return done


def _leftovers(newest: str) -> Sequence[sa.Select[Any]]:
    return [_not_sealed_with(newest, table, row_id) for table, row_id in _SEALED]


def _not_sealed_with(key: str, table: sa.Table, row_id: sa.Column[Any]) -> sa.Select[Any]:
    return (
        sa.select(row_id.label("id"), table.c.key, table.c.sealed)
        .where(table.c.sealed.is_not(None), table.c.key != key)
        .order_by(row_id)
    )


def _waiting_messages() -> sa.Select[Any]:
    """Messages with a pasted key that are not handled yet; the others need it no more."""
    return sa.select(_inbox.c.id, _inbox.c.message).where(
        _inbox.c.state == EntryState.RECEIVED.value, _inbox.c.message.contains("sealed:")
    )
