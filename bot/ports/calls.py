"""For whom something is asked of a provider, until when; and time itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from bot.domain.accounts import Account


class Priority(IntEnum):
    """Who goes first when a provider's limit makes requests wait."""

    COMMAND = 0
    IN_HAND = 1
    """The rest of what is begun: until it is done, its person's commands wait for it."""
    PRESS = 2
    """The press of a group's card, and the card itself: many come at once."""
    FOLLOW_UP = 3
    SWEEP = 4
    """What is due at a moment, such as a presence that ends."""
    BACKGROUND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """For whom something is asked of a provider, and until when.

    `deadline` is on the clock's monotonic scale; waiting for our own limits counts.
    """

    account: Account
    deadline: float
    priority: Priority = Priority.COMMAND


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        ...
