"""Time that passes only when somebody sleeps, and then at once."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""


class FakeClock:
    """A clock for tests; sleeping moves it on, so nobody really waits."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._passed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        self._passed += seconds
