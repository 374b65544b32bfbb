"""What is counted while the bot works, as plain numbers; `bot.web.exposition` writes them out.

Prometheus' own counters lock and would cost each command ten times as much. Everything here happens
in one thread.
"""

from bisect import bisect_left
from typing import TYPE_CHECKING

from bot.domain.providers import Provider
from bot.ports import Metrics
from bot.transport.metering import Meter

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
"""Seconds; longer ones are counted behind the last."""


class Durations:
    """How many took how long, in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Counts:
    """Counts since the start of the process.

    Attributes:
        commands: By name and outcome.
        requests: By vendor, operation and outcome.
        waits: By limiter.
        renewals: How many, by provider and outcome.
    """

    def __init__(self) -> None:
        self.commands: dict[tuple[str, str], Durations] = {}
        self.requests: dict[tuple[str, str, str], Durations] = {}
        self.waits: dict[tuple[str], Durations] = {}
        self.renewals: dict[tuple[str, str], int] = {}

    def command(self, name: str, outcome: str, seconds: float) -> None:
        """See `Metrics.command`."""
        key = name, outcome
        (self.commands.get(key) or self.commands.setdefault(key, Durations())).add(seconds)

    def requested(self, vendor: str, operation: str, outcome: str, seconds: float) -> None:
        """See `Meter.requested`."""
        key = vendor, operation, outcome
        (self.requests.get(key) or self.requests.setdefault(key, Durations())).add(seconds)

    def waited(self, limiter: str, seconds: float) -> None:
        """See `Meter.waited`."""
        self.waits.setdefault((limiter,), Durations()).add(seconds)

    def renewed(self, provider: Provider, outcome: str) -> None:
        """See `Metrics.renewed`."""
        key = provider.value, outcome
        self.renewals[key] = self.renewals.get(key, 0) + 1


if TYPE_CHECKING:
    _metrics: type[Metrics] = Counts
    _meter: type[Meter] = Counts
