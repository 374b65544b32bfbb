"""Days as people write them, in either language."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from babel import Locale

from bot.texts.catalogue import LANGUAGES

_LONG_AGO = timedelta(days=60)
"""A date without a year that is longer ago means the next year's."""
_RELATIVE: Mapping[str, tuple[int, int]] = {
    "today": (0, 0),
    "сегодня": (0, 0),
    "tomorrow": (1, 1),
    "завтра": (1, 1),
    "послезавтра": (2, 2),
    "day after tomorrow": (2, 2),
    "the day after tomorrow": (2, 2),
    "yesterday": (-1, -1),
    "вчера": (-1, -1),
    "week": (0, 6),
    "this week": (0, 6),
    "неделя": (0, 6),
    "неделю": (0, 6),
    "эта неделя": (0, 6),
}
_SPAN = ".."
_BOTH = 2
_PREPOSITION = re.compile(r"^(?:on|for|at|на|в|во) ")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}))?\.?")
_DAY_MONTH = re.compile(r"(\d{1,2}) ([^\W\d_]+)\.?(?: (\d{4}))?")
_MONTH_DAY = re.compile(r"([^\W\d_]+)\.? (\d{1,2})(?:,? (\d{4}))?")


def read_days(text: str, today: date) -> tuple[date, date] | None:
    """The first and the last day that a text means; None if it means none.

    Understands "tomorrow", "week" (seven days from today), a weekday (the next one, today
    included), `2026-11-24`, `24.11`, `24.11.2026`, "24 Nov", "Nov 24" and the same in Russian, and
    two dates with `..` between them.
    Never raises.
    """
    words = _PREPOSITION.sub("", " ".join(text.casefold().split()))
    if _SPAN in words:
        span = [day for part in words.split(_SPAN, 1) if (day := _date(part, {}, today))]
        return (span[0], span[-1]) if len(span) == _BOTH and span == sorted(span) else None
    if words in _RELATIVE:
        first, last = _RELATIVE[words]
        return _shifted(today, first, last)
    months, weekdays = _names()
    if words.rstrip(".") in weekdays:
        ahead = (weekdays[words.rstrip(".")] - today.weekday()) % 7
        return _shifted(today, ahead, ahead)
    day = _date(words, months, today)
    return None if day is None else (day, day)


def read_weekday(word: str) -> int | None:
    """The number of a day of the week by its name, in full or shortened; Monday is 0."""
    return _names()[1].get(word.casefold().rstrip("."))


def _date(words: str, months: Mapping[str, int], today: date) -> date | None:
    if match := _ISO.fullmatch(words):
        year, month, day = match.groups()
        return _safe(int(year), int(month), int(day))
    if match := _DOTTED.fullmatch(words):
        day, month, year = match.groups()
        return _in_year(year, int(month), int(day), today)
    if match := _DAY_MONTH.fullmatch(words):
        day, name, year = match.groups()
    elif match := _MONTH_DAY.fullmatch(words):
        name, day, year = match.groups()
    else:
        return None
    return _in_year(year, months.get(name, 0), int(day), today)


def _in_year(year: str | None, month: int, day: int, today: date) -> date | None:
    if year is not None:
        return _safe(int(year), month, day)
    found = _safe(today.year, month, day)
    if found is None or today - found > _LONG_AGO:
        return _safe(today.year + 1, month, day) or found
    return found


def _safe(year: int, month: int, day: int) -> date | None:
    """A date that exists, far enough from both ends of time to be counted on from."""
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if date.min.year + 1 < found.year < date.max.year - 1 else None


def _shifted(today: date, first: int, last: int) -> tuple[date, date]:
    return today + timedelta(days=first), today + timedelta(days=last)


@lru_cache(maxsize=1)
def _names() -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Names of months and weekdays in all languages, in full and shortened, by number."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    for language in LANGUAGES:
        locale = Locale.parse(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    months[name.casefold().rstrip(".")] = number
                for number, name in locale.days[context][width].items():
                    weekdays[name.casefold().rstrip(".")] = number
    # «В среду»: the only names of days that are another word after a preposition.
    return months, weekdays | {"среду": 2, "пятницу": 4, "субботу": 5}
