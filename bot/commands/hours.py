"""Working hours as people write them: "9-18 mon-fri", «9:30–17:00 пн, ср, пт»."""

import re
from collections.abc import Iterator, Sequence
from datetime import time

from bot.domain.spelling import narrowed
from bot.domain.working_hours import WorkingHours
from bot.texts import read_weekday

_TIME = r"(\d{1,2})(?:[:.](\d{2}))?"
_DASH = r"\s*[-–—]\s*"
_HOURS = re.compile(rf"{_TIME}{_DASH}{_TIME}")
_DAYS = re.compile(rf"([^\W\d_]+\.?)(?:{_DASH}([^\W\d_]+\.?))?")
_WEEK = 7
_LAST_MINUTE = time(23, 59)


def read_hours(words: Sequence[str], present: WorkingHours) -> WorkingHours | None:
    """The working hours that are meant; without days, on the present ones. None for nonsense.

    Hours across midnight are not handled.
    """
    text = narrowed(" ".join(words)).casefold()
    hours = _HOURS.match(text)
    if hours is None:
        return None
    start, end = _time(hours[1], hours[2]), _time(hours[3], hours[4])
    days = tuple(_days(text[hours.end() :])) if text[hours.end() :].strip() else present.days
    if start is None or end is None or start >= end or not days or None in days:
        return None
    return WorkingHours(
        start=start, end=end, days=tuple(sorted({day for day in days if day is not None}))
    )


def _time(hour: str, minute: str | None) -> time | None:
    try:
        return _LAST_MINUTE if hour == "24" and not minute else time(int(hour), int(minute or 0))
    except ValueError:
        return None


def _days(text: str) -> Iterator[int | None]:
    """Days of the week, None for a word that is none."""
    rest = _DAYS.sub("", text).strip(" ,;и")
    if rest:
        yield None
    for first, last in _DAYS.findall(text):
        if first in {"and", "и"}:
            continue
        begin = read_weekday(first)
        end = read_weekday(last) if last else begin
        if begin is None or end is None:
            yield None
            continue
        yield from ((begin + ahead) % _WEEK for ahead in range((end - begin) % _WEEK + 1))
