"""One line in the log and one count for every command."""

import logging
from types import TracebackType
from typing import Self

from bot.domain.chat import Platform
from bot.domain.providers import Provider
from bot.domain.reference import current_reference
from bot.errors import BotError
from bot.ports import Clock, Metrics
from bot.texts import Draft, explain

logger = logging.getLogger(__name__)

OK, UNKNOWN, LATE, NOT_THERE = "ok", "unknown", "late", "not_there"
"""Outcomes beside the names of errors: there is no such command; offered as a button, for its age;
given for a group that the person has left."""
UNFINISHED, TIMED_OUT = "unfinished", "timed_out"
"""Stopped in hand, so that the next start takes it up again; hung until its time was over."""


class CommandLog:
    """Notes how commands ended.

    Args:
        metrics: Counts them.
        clock: Time.
    """

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self.clock = clock

    def begin(self, name: str, platform: Platform) -> "Record":
        """One command of the router is handled from now on."""
        return Record(self, name, platform)

    def note(self, name: str, platform: Platform, outcome: str, seconds: float = 0.0) -> None:
        """One command has ended, `name` being one of the router's or `UNKNOWN`."""
        self._metrics.command(name, outcome, seconds)
        # A mapping, so that a log in JSON has them as fields of its own: see `bot.logs`.
        said = {
            "command": name,
            "platform": platform.value,
            "outcome": outcome,
            "ms": int(seconds * 1000),
        }
        logger.info("command=%(command)s platform=%(platform)s outcome=%(outcome)s ms=%(ms)d", said)


class Record:
    """How one command goes; noted at its end, whatever that is.

    Attributes:
        began: On the clock's monotonic scale.
        outcome: The first trouble that was told; a command may do several things.
    """

    __slots__ = ("_log", "_name", "_platform", "began", "outcome")

    def __init__(self, log: CommandLog, name: str, platform: Platform) -> None:
        self._log = log
        self._name = name
        self._platform = platform
        self.began = log.clock.monotonic()
        self.outcome = OK

    def explain(self, draft: Draft, error: BotError, provider: Provider) -> Draft:
        """Say what went wrong, and that it did."""
        logger.info("told: %s", error)
        if self.outcome == OK:
            self.outcome = type(error).__name__
        now, reference = self._log.clock.now(), current_reference.get()
        return explain(draft, error, provider=provider, now=now, reference=reference)

    def __enter__(self) -> Self:
        """It begins."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """It is over."""
        if kind is not None:
            self.outcome = kind.__name__ if issubclass(kind, Exception) else UNFINISHED
        seconds = self._log.clock.monotonic() - self.began
        self._log.note(self._name, self._platform, self.outcome, seconds)
