"""Claims of several processes that are really one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.ports import Claims


class MemoryClaims:
    """One for each process; those with the same table see each other."""

    alone = False

    def __init__(self, table: "dict[str, MemoryClaims]") -> None:
        self._table = table
        self.waiting = 0

    @asynccontextmanager
    async def hold(self, what: object) -> AsyncIterator[None]:
        self.waiting += 1
        try:
            while True:
                if str(what) not in self._table:
                    break
                await asyncio.sleep(0)
        finally:
            self.waiting -= 1
        self._table[str(what)] = self
        try:
            yield
        finally:
            self._let_go(str(what))

    @asynccontextmanager
    async def attempt(self, what: object) -> AsyncIterator[bool]:
        free = str(what) not in self._table
        if free:
            self._table[str(what)] = self
        try:
            yield free
        finally:
            if free:
                self._let_go(str(what))

    async def die(self) -> None:
        for name in [name for name, holder in self._table.items() if holder is self]:
            del self._table[name]

    def _let_go(self, name: str) -> None:
        if self._table.get(name) is self:
            del self._table[name]


if TYPE_CHECKING:
    _conforms: type[Claims] = MemoryClaims
