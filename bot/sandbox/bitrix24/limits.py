"""The portal's two limits: hits per caller's address, and running time per method.

https://apidocs.bitrix24.com/limits.html
"""

_BUCKETS = 10
_WORTH_COUNTING = 0.1
"""Seconds; quicker runs cost nothing."""


class LeakyBuckets:
    """How full the bucket of each address is: a hit adds one, and it leaks at a steady rate."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}

    def admit(self, address: str, *, now: float, burst: int, rate: float) -> bool:
        """Whether one more hit goes in; one that does not leaves the bucket as it was."""
        level, measured = self._levels.get(address, (0.0, now))
        level = max(0.0, level - (now - measured) * rate)
        fits = level + 1 <= burst
        self._levels[address] = (level + fits, now)
        return fits


class OperatingTime:
    """What a method has cost a webhook or an application, in ten parts of a sliding window.

    Keys are (webhook or application, method): no other method or webhook is concerned.
    """

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], dict[int, float]] = {}

    def add(self, key: tuple[str, str], seconds: float, *, now: float, window: float) -> None:
        """Charge a run."""
        if seconds <= _WORTH_COUNTING:
            return
        parts = self._spent.setdefault(key, {})
        part = int(now / window * _BUCKETS)
        parts[part] = parts.get(part, 0.0) + seconds

    def total(self, key: tuple[str, str], *, now: float, window: float) -> float:
        """Seconds that still count."""
        return sum(self._counting(key, now, window).values())

    def resets_at(self, key: tuple[str, str], *, now: float, window: float) -> int:
        """The Unix second at which the oldest part stops to count."""
        oldest = min(self._counting(key, now, window), default=None)
        return int(now + window) if oldest is None else int((oldest / _BUCKETS + 1) * window)

    def _counting(self, key: tuple[str, str], now: float, window: float) -> dict[int, float]:
        current = int(now / window * _BUCKETS)
        parts = self._spent.get(key, {})
        return {part: spent for part, spent in parts.items() if part > current - _BUCKETS}
