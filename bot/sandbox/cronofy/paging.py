"""Lists that are handed out in pages.

https://docs.cronofy.com/developers/api/events/read-events
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Item = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list as it was when the list was asked for.

    Attributes:
        sub: The only account that may see it.
        next_id: Names the page after it; None on the last one.
    """

    sub: str
    items: Sequence[Item]
    current: int
    total: int
    next_id: str | None
    expires_at: datetime


class Pages:
    """The pages that can still be fetched."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._pages: dict[str, Page] = {}

    def cut(self, sub: str, items: Sequence[Item], *, size: int, lifetime: float) -> Page:
        """Cut a list into pages, keep all but the first, and return that."""
        chunks = [items[start : start + size] for start in range(0, len(items), size)] or [items]
        names = [secrets.token_hex(8) for _ in chunks]
        pages = [
            Page(
                sub=sub,
                items=chunk,
                current=number + 1,
                total=len(chunks),
                next_id=names[number + 1] if number + 1 < len(chunks) else None,
                expires_at=self._now() + timedelta(seconds=lifetime),
            )
            for number, chunk in enumerate(chunks)
        ]
        now = self._now()
        self._pages = {name: page for name, page in self._pages.items() if page.expires_at > now}
        self._pages.update(zip(names[1:], pages[1:], strict=True))
        return pages[0]

    def find(self, name: str, sub: str) -> Page | None:
        """The page of that name, unless it is somebody else's or too old."""
        page = self._pages.get(name)
        if page is None or page.sub != sub or page.expires_at <= self._now():
            return None
        return page
