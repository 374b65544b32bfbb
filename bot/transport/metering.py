"""How long others take to answer, and how long we hold ourselves back: for whoever counts it."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self


class Meter(Protocol):
    """Takes note of what happened; quick, never raises."""

    def requested(self, vendor: str, operation: str, outcome: str, seconds: float) -> None:
        """A request was made: what it was called, "ok" or the error's class, and how long."""
        ...

    def waited(self, limiter: str, seconds: float) -> None:
        """A request had to wait for a limit of ours."""
        ...


class NoMeter:
    """Counts nothing."""

    def requested(self, vendor: str, operation: str, outcome: str, seconds: float) -> None:
        """See `Meter.requested`."""

    def waited(self, limiter: str, seconds: float) -> None:
        """See `Meter.waited`."""


class Exchange:
    """Times one request with the reading of its answer, however it ends.

    Attributes:
        outcome: What is told if nothing is raised.
    """

    __slots__ = ("_began", "_meter", "_operation", "_vendor", "outcome")

    def __init__(self, meter: Meter, vendor: str, operation: str) -> None:
        self._meter = meter
        self._vendor = vendor
        self._operation = operation
        self.outcome = "ok"

    def __enter__(self) -> Self:
        """It begins."""
        self._began = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """It is over."""
        outcome = self.outcome if kind is None else kind.__name__
        seconds = time.perf_counter() - self._began
        self._meter.requested(self._vendor, self._operation, outcome, seconds)


if TYPE_CHECKING:
    _conforms: type[Meter] = NoMeter
