"""Numbers of events that are forgotten when the process ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.chat import Identity
from bot.domain.journal import KeptNumber
from bot.domain.participation import EventRef
from bot.ports import Clock, Handles


class MemoryHandles:
    """Numbers in dictionaries, one for each person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers: dict[Identity, dict[int, KeptNumber]] = {}

    async def number_events(self, owner: Identity, refs: Sequence[EventRef]) -> Sequence[int]:
        return [self._number(owner, ref) for ref in refs]

    def _number(self, owner: Identity, ref: EventRef) -> int:
        mine = self._numbers.setdefault(owner, {})
        for number, kept in mine.items():
            if replace(kept.ref, calendar_id=ref.calendar_id) == ref:
                calendar_id = ref.calendar_id or kept.ref.calendar_id
                mine[number] = replace(kept, ref=replace(kept.ref, calendar_id=calendar_id))
                return number
        number = max(mine, default=0) + 1
        mine[number] = KeptNumber(
            number=number, ref=replace(ref, handle=""), given_at=self._clock.now()
        )
        return number

    async def find_numbered(self, owner: Identity, number: int) -> EventRef | None:
        kept = self._numbers.get(owner, {}).get(number)
        return None if kept is None else kept.ref

    async def prune_numbers(self, before: datetime) -> int:
        old = [
            (mine, number)
            for mine in self._numbers.values()
            for number, kept in mine.items()
            if kept.given_at < before
        ]
        for mine, number in old:
            del mine[number]
        return len(old)

    async def numbers_of(self, owner: Identity) -> Sequence[KeptNumber]:
        return [kept for _, kept in sorted(self._numbers.get(owner, {}).items())]

    def forget_numbers(self, owner: Identity) -> None:
        self._numbers.pop(owner, None)


if TYPE_CHECKING:
    _conforms: type[Handles] = MemoryHandles
