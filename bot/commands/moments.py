"""Lengths and moments that a clock is enough for: "1 h 30 min", «пятница 17:00»."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.commands import span_words
from bot.commands.naming import key_of, trimmed
from bot.domain.spans import ByClock, UntilDay, UntilEndOfDay, UntilEndOfWeek, UntilTime
from bot.texts.days import read_days

REST_OF_TODAY = frozenset({"today", "eod"})
"""What follows "for" as well as "until"."""

_MOST_PIECES = 20
"""Words and numbers; moments and lengths have fewer, and what has more can only name an event."""
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_NOON = 12
_MIDNIGHT = 24
_MINUTES = 60
_MONTHS = 12
_NO_HOUR = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    """A time of day as it was said.

    Attributes:
        hour: 0 to 24.
        clear: It is a time of day also where nobody said "until".
    """

    hour: int
    minute: int = 0
    ambiguous: bool = False
    clear: bool = True


def _spellings() -> Mapping[str, str]:
    tables: tuple[Mapping[str, Sequence[str]], ...] = (
        span_words.COMMON,
        {str(number): texts for number, texts in span_words.NUMBERS.items()},
        {f"{number}th": texts for number, texts in span_words.ORDINALS.items()},
        span_words.WEEKDAYS,
        span_words.MONTHS,
    )
    found: dict[str, str] = {}
    for table in tables:
        for plain, texts in table.items():
            for key in (" ".join(map(key_of, text.split())) for text in (plain, *texts)):
                if found.setdefault(key, plain) != plain:
                    raise ValueError(f"two meanings of {key}")
    return found


_SPELLINGS = _spellings()
_SPELLING = re.compile(
    rf"(?<!\S)(?:{'|'.join(map(re.escape, sorted(_SPELLINGS, key=len, reverse=True)))})(?!\S)"
)
_PIECE = re.compile(r"[0-9]+(?:[.,:/-][0-9]+)*|[^0-9]+")

_UNITS: Mapping[str, timedelta] = {
    "w": timedelta(weeks=1),
    "week": timedelta(weeks=1),
    "d": timedelta(days=1),
    "day": timedelta(days=1),
    "day/pm": timedelta(days=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
}
_LENGTH = re.compile(
    r"(?:(?P<number>[0-9]{1,8}(?:[.,][0-9]{1,3})?)(?P<half> and half)? (?P<unit>[a-z/]+)"
    r"|(?:a )?(?:(?P<part>half|quarter) )?(?:a )?(?P<long>week|day|hour|minute))"
    r"(?P<half_more> and half)?(?: and)?(?: |$)"
)
_REST_OF_MINUTES = re.compile(r"[0-9]{1,2}")
_CLOCK = re.compile(
    r"(?:(?P<half>half past|half before) )?(?P<hour>[0-9]{1,2})(?:th)?"
    r"(?:(?P<mark>[:.])(?P<minute>[0-9]{2}))?"
    r"(?: (?P<unit>h|hour|oclock)(?: (?P<more>[0-9]{2})(?: m| minute)?)?)?"
    rf"(?: (?P<part>{'|'.join(span_words.PARTS)}))?"
)
_NAMED_TIMES = {"noon": _Clock(hour=_NOON), "midnight": _Clock(hour=_MIDNIGHT)}
_AT = re.compile(r"^(?:at|on) ")
_STRAY = ("at ", "on ", "for ")
"""Before a moment they tell when something begins."""
_FRACTION = re.compile(r"[0-9]+[./][0-9]")
"""Without "until", an hour and a half is as likely as the first of May."""
_VAGUE = frozenset({"morning", "evening"})
"""Without "until", they do not say whether they are the end."""
_ENDS_OF_DAY = frozenset({"evening", "eod"})
_SPOKEN_ONE = re.compile(r"^hour(?= |$)")


def plain(keys: Sequence[str]) -> str:
    """Words as the functions below take them; nothing if no moment is as long.

    Args:
        keys: As `bot.commands.naming.key_of` makes them, without punctuation around.
    """
    # What is written without a space falls apart: `1h30m`.
    pieces = [piece for key in keys for part in _PIECE.findall(key) if (piece := trimmed(part))]
    if len(pieces) > _MOST_PIECES:
        return ""
    return _SPELLING.sub(lambda match: _SPELLINGS[match[0]], " ".join(pieces))


def read_length(text: str) -> timedelta | None:
    """Elapsed time: numbers with units, each smaller than the one before. None if it is zero."""
    total, place, last = timedelta(0), 0, timedelta.max
    while place < len(text):
        match = _LENGTH.match(text, place)
        if match is None:
            minutes = _REST_OF_MINUTES.fullmatch(text, place)
            if last != _UNITS["h"] or minutes is None or int(minutes[0]) >= _MINUTES:
                return None
            return total + int(minutes[0]) * _UNITS["m"]
        unit = _UNITS.get(match["unit"] or match["long"], timedelta.max)
        if unit >= last:
            return None
        total += unit * _times(match)
        place, last = match.end(), unit
    return total or None


def _times(match: re.Match[str]) -> float:
    number = float((match["number"] or "1").replace(",", "."))
    part = {None: 1, "half": 0.5, "quarter": 0.25}[match["part"]]
    return (
        number * part + 0.5 * (match["half"] is not None) + 0.5 * (match["half_more"] is not None)
    )


def read_moment(text: str, today: date, *, led: bool) -> ByClock | None:
    """A moment: a day, a time of day, or both in either order.

    Args:
        text: As the patterns spell it.
        today: The local day.
        led: "Until" was said, so that a mere number is an hour.
    """
    if _FRACTION.fullmatch(text) and not led:
        return None
    if text == "today" and not led:
        return UntilEndOfDay(days=(today,))
    if days := _days(text, today):
        return UntilDay(days=days[-1:])
    alone = None if text in _VAGUE and not led else _on(text, (), led=led)
    return _on_a_day(text.split(), today) if alone is None else alone


def _on_a_day(words: Sequence[str], today: date) -> ByClock | None:
    """A day with a time, in either order."""
    for place in range(1, len(words)):
        first, second = " ".join(words[:place]), _AT.sub("", " ".join(words[place:]))
        for day, clock in ((first, second), (second, first)):
            days = _days(day, today)
            found = _on(clock, days, led=True) if days else None
            if found is not None:
                return found
    return None


def _on(text: str, days: tuple[date, ...], *, led: bool) -> ByClock | None:
    """A time of day or a part of the day, on these days."""
    if text == "morning":
        return UntilDay(days=days)
    if text in _ENDS_OF_DAY or (days and text == "end of"):
        return UntilEndOfDay(days=days)
    if text == "eow" and not days:
        return UntilEndOfWeek()
    clock = _clock(text, beside_day=bool(days))
    if clock is None or not (led or clock.clear):
        return None
    if clock.hour == _MIDNIGHT:
        return UntilTime(hour=0, days=tuple(day + _DAY for day in days))
    return UntilTime(hour=clock.hour, minute=clock.minute, ambiguous=clock.ambiguous, days=days)


def _days(text: str, today: date) -> tuple[date, ...]:
    """The day that is meant; of a weekday that is today, also the one a week later."""
    if text == "next week":
        return (today + _WEEK - today.weekday() * _DAY,)
    found = read_days(text, today)
    if found is None or found[0] != found[1] or text.startswith(_STRAY):
        return ()
    again = text in span_words.WEEKDAYS and found[0] == today
    return (today, today + _WEEK) if again else found[:1]


def _clock(text: str, *, beside_day: bool) -> _Clock | None:
    if text in _NAMED_TIMES:
        return _NAMED_TIMES[text]
    match = _CLOCK.fullmatch(_SPOKEN_ONE.sub("1 hour", text))
    if match is None:
        return None
    said, part, mark = match["hour"], match["part"], match["mark"]
    hour = int(said)
    minute = int(match["minute"] or match["more"] or 0)
    if match["half"]:
        minute = _MINUTES // 2
        hour = hour if match["half"] == "half past" else (hour - 1) % _NOON or _NOON
    if part is not None:
        hour = span_words.PARTS[part].get(hour, _NO_HOUR)
    is_date = mark == "." and 0 < minute <= _MONTHS and part is None and not beside_day
    if hour * _MINUTES + minute > _MIDNIGHT * _MINUTES or minute >= _MINUTES or is_date:
        return None
    by_24 = said.startswith("0") or (match["minute"] is not None and len(said) > 1)
    return _Clock(
        hour=hour,
        minute=minute,
        ambiguous=part is None and not by_24 and 0 < hour < _NOON,
        clear=mark == ":" or part is not None or match["unit"] == "oclock",
    )
