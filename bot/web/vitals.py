"""What is seen of the bot's health at one moment."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How the bot is.

    Attributes:
        missing: What keeps it from working, in fixed words; empty if it is ready.
        crashes: How many messages were closed with an apology.
        backlog: How many messages are not done with; None if the database does not tell.
        oldest: Seconds since the oldest of those was taken in.
    """

    missing: Sequence[str] = ()
    crashes: int = 0
    backlog: int | None = None
    oldest: float = 0.0


Look = Callable[[], Awaitable[Vitals]]
"""Takes a look; never raises."""
