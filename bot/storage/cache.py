"""What was read once and need not be read again until somebody else writes."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import sqlalchemy as sa

from bot.storage.database import Database

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Values by key; what does not exist is not kept, so that it can come to be.

    Args:
        database: Tells when somebody else has written.
        of: The only table whose changes matter to it.
        most: So many are kept; the oldest make room for others.
    """

    def __init__(
        self, database: Database, of: sa.Table | None = None, *, most: int | None = None
    ) -> None:
        self._most = most
        self._values: dict[K, V] = {}
        self._age = 0
        database.on_foreign_change(self.clear, "" if of is None else of.name)

    async def get(self, key: K, read: Callable[[K], Awaitable[V | None]]) -> V | None:
        """The value of a key, read if it is not known."""
        known = self._values.get(key)
        if known is not None:
            return known
        age = self._age
        value = await read(key)
        # A value that was read before a change and comes after it would stay for ever.
        if value is not None and age == self._age:
            self._keep(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Note what was just written."""
        self._keep(key, value)
        self._age += 1

    def drop(self, key: K) -> None:
        """Forget a key that was just removed."""
        self._values.pop(key, None)
        self._age += 1

    def clear(self) -> None:
        """Forget everything: somebody else may have written."""
        self._values.clear()
        self._age += 1

    def _keep(self, key: K, value: V) -> None:
        self._values[key] = value
        if self._most is not None and len(self._values) > self._most:
            del self._values[next(iter(self._values))]
