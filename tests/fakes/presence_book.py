"""Ledgers and choices that are forgotten when the process ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.automation import Choices
from bot.domain.chat import Identity
from bot.domain.ledger import Ledger
from bot.ports import Automation, AutomationBook, Clock, KeptLedger, PresenceBook


@dataclass(slots=True)
class _Row:
    ledger: Ledger = field(default_factory=Ledger)
    version: int = 0
    due_at: datetime | None = None
    lease_until: datetime | None = None


class MemoryPresenceBook:
    """Everybody's ledger in a dictionary."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[Identity, _Row] = {}

    async def read(self, owner: Identity) -> KeptLedger:
        row = self.rows.get(owner) or _Row()
        return _kept(owner, row)

    async def take(
        self, owner: Identity, until: datetime, *, version: int | None = None
    ) -> KeptLedger | None:
        row = self.rows.setdefault(owner, _Row())
        if not self._free(row) or version not in (None, row.version):
            return None
        row.version += 1
        row.lease_until = until
        return _kept(owner, row)

    async def keep(self, held: KeptLedger, ledger: Ledger, until: datetime) -> bool:
        row = self._in_hand(held)
        if row is not None:
            row.ledger, row.lease_until, row.due_at = ledger, until, until
        return row is not None

    async def release(self, held: KeptLedger, ledger: Ledger, due_at: datetime | None) -> None:
        row = self._in_hand(held)
        if row is not None:
            row.ledger, row.due_at, row.lease_until = ledger, due_at, None
            row.version += 1

    async def due(self, most: int) -> Sequence[Identity]:
        now = self._clock.now()
        due = [
            (row.due_at, owner)
            for owner, row in self.rows.items()
            if row.due_at is not None and row.due_at <= now and self._free(row)
        ]
        return [owner for _, owner in sorted(due, key=lambda pair: pair[0])][:most]

    async def next_due(self) -> datetime | None:
        return min((row.due_at for row in self.rows.values() if row.due_at), default=None)

    def _free(self, row: _Row) -> bool:
        return row.lease_until is None or row.lease_until <= self._clock.now()

    def _in_hand(self, held: KeptLedger) -> _Row | None:
        row = self.rows.get(held.owner)
        return row if row is not None and row.version == held.version else None


def _kept(owner: Identity, row: _Row) -> KeptLedger:
    return KeptLedger(owner=owner, ledger=row.ledger, version=row.version, due_at=row.due_at)


class MemoryAutomations:
    """Everybody's choices in a dictionary."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[Identity, Automation] = {}

    async def automation_of(self, owner: Identity) -> Automation:
        return self.rows.get(owner) or Automation(owner=owner)

    async def choose(
        self,
        owner: Identity,
        choices: Choices,
        due_at: datetime | None,
        *,
        cursors: Mapping[str, datetime] | None = None,
    ) -> None:
        self.rows[owner] = Automation(
            owner=owner, choices=choices, due_at=due_at, cursors=dict(cursors or {})
        )

    async def due_automations(self, most: int) -> Sequence[Automation]:
        now = self._clock.now()
        due = [
            (row.due_at, row)
            for row in self.rows.values()
            if row.due_at is not None and row.due_at <= now
        ]
        return [row for _, row in sorted(due, key=lambda pair: pair[0])][:most]

    async def next_automation(self) -> datetime | None:
        return min((row.due_at for row in self.rows.values() if row.due_at), default=None)

    async def begin_reading(self, automation: Automation, next_at: datetime) -> Automation | None:
        if self.rows.get(automation.owner) != automation:
            return None
        begun = self.rows[automation.owner] = replace(automation, due_at=next_at)
        return begun

    async def end_reading(
        self, begun: Automation, cursors: Mapping[str, datetime], next_at: datetime
    ) -> None:
        if self.rows.get(begun.owner) == begun:
            self.rows[begun.owner] = replace(begun, cursors=dict(cursors), due_at=next_at)


if TYPE_CHECKING:
    _presences: type[PresenceBook] = MemoryPresenceBook
    _automations: type[AutomationBook] = MemoryAutomations
