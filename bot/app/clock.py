"""The real time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.ports import Clock


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)


if TYPE_CHECKING:
    _conforms: type[Clock] = SystemClock
