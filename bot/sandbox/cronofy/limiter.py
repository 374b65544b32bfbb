"""The limit that an application has for all of its users together.

https://docs.cronofy.com/developers/faqs/rate-limits/
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

PER_SECOND = 50
PER_MINUTE = 500
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


class SlidingLimit:
    """Counts requests of each client id; refused ones do not count."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._seen: dict[str, deque[datetime]] = {}

    def admit(self, client_id: str) -> bool:
        """Whether one more request is within the limit now."""
        now = self._now()
        seen = self._seen.setdefault(client_id, deque())
        while seen and now - seen[0] >= _MINUTE:
            seen.popleft()
        latest = sum(1 for moment in seen if now - moment < _SECOND)
        if latest >= PER_SECOND or len(seen) >= PER_MINUTE:
            return False
        seen.append(now)
        return True
