"""How sentences of the catalogues are filled in, and how times are written.

Sentences live in `bot/locales/*.po`, never in code. They may hold `<b>`, `<i>` and `<code>`; every
value is escaped when it is filled in, so an event's title cannot smuggle markup.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import ceil, floor
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from markupsafe import Markup

from bot.domain.chat import Button, Platform, Reply, Row, Visibility
from bot.domain.inbox import Person
from bot.domain.participation import Event, EventRef, Watch
from bot.domain.providers import Provider
from bot.domain.zones import zone_of
from bot.texts.catalogue import LANGUAGES, day_in_words, locale_of, sentence, unfilled
from bot.texts.filling import fill
from bot.texts.ids import M

_TITLE_LIMIT = 120
_MINUTE = 60
_FROM_RIGHT = frozenset({"R", "AL"})
"""Hebrew and its like, Arabic and its like."""
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
"""https://unicode.org/reports/tr9/#Explicit_Directional_Isolates"""


class Texts:
    """Words for one person: their language and their time zone."""

    def __init__(self, language: str, timezone: ZoneInfo) -> None:
        self.language = language
        self._timezone = timezone
        self._locale = locale_of(language)

    @classmethod
    def of(cls, person: Person) -> "Texts":
        """Words for a person as they are known."""
        return cls(person.language, zone_of(person.timezone))

    def say(self, message: str, /, **values: object) -> Markup:
        """Fill a sentence; values are escaped unless they are `Markup` already.

        A sentence with plural forms goes by its value `count`. Line breaks in values become spaces,
        so that no tag spans one.
        """
        if not values:
            return unfilled(self.language, message)
        named = {key: self._value(value) for key, value in values.items()}
        return fill(sentence(self.language, message, values), named)

    def title(self, event: Event) -> str:
        """An event's title on one line, shortened, without control characters.

        What is written from right to left is set apart, or it would turn round the words beside it.
        """
        return self.named(event.title)

    def named(self, title: str) -> str:
        """The same for a title without its event."""
        return _shown(title) or str(self.say(M.EVENT_UNTITLED))

    def when(self, event: Event, now: datetime) -> str:
        """An event's time: local with its offset from UTC, or plain dates if it is all day."""
        text = self.when_here(event, now)
        if not isinstance(event.starts_at, datetime):
            return text
        return f"{text} ({_utc_offset(event.starts_at.astimezone(self._timezone))})"

    def when_here(self, event: Event, now: datetime) -> str:
        """The same without the offset, where the zone is told once above several of them."""
        if isinstance(event.starts_at, datetime) and isinstance(event.ends_at, datetime):
            return self._span(event.starts_at, event.ends_at, now)
        first, last = _day(event.starts_at), _day(event.ends_at)
        if first >= last:
            return str(self.say(M.EVENT_ALL_DAY, day=self._date(first, now)))
        return str(
            self.say(M.EVENT_ALL_DAY_SPAN, first=self._date(first, now), last=self._date(last, now))
        )

    def ahead(self, seconds: float) -> str:
        """How soon something will be, like "in 3 minutes"; rounded up, so that nobody is early."""
        whole = max(1, ceil(seconds))
        whole = whole if whole < _MINUTE else ceil(whole / _MINUTE) * _MINUTE
        return self._direction(whole)

    def ago(self, seconds: float) -> str:
        """How long ago something was, like "3 minutes ago"."""
        return self._direction(-max(1, floor(seconds)))

    def _direction(self, seconds: int) -> str:
        span = timedelta(seconds=seconds)
        return format_timedelta(span, threshold=1.5, add_direction=True, locale=self._locale)

    @property
    def zone(self) -> str:
        """The name of the person's time zone."""
        return str(self._timezone)

    @property
    def timezone(self) -> ZoneInfo:
        """The person's time zone."""
        return self._timezone

    def day(self, moment: datetime, now: datetime) -> str:
        """The day of a moment, as the person's calendar has it."""
        return self._date(moment.astimezone(self._timezone).date(), now)

    def moment(self, moment: datetime, now: datetime) -> str:
        """Day and time of a moment, local; the zone is told once, above a list of them."""
        local = moment.astimezone(self._timezone)
        return f"{self._date(local, now)} {self._time(local)}"

    def until(self, moment: datetime, now: datetime) -> str:
        """A moment that somebody waits for, local with its offset; the day unless it is today."""
        local = moment.astimezone(self._timezone)
        today = local.date() == self.today(now)
        text = self._time(local) if today else f"{self._date(local, now)} {self._time(local)}"
        return f"{text} ({_utc_offset(local)})"

    def platform(self, platform: Platform) -> str:
        """A chat system's name."""
        return str(self.say(f"platform.{platform}"))

    def provider(self, provider: Provider) -> str:
        """A provider's name."""
        return str(self.say(f"provider.{provider}"))

    def _span(self, starts_at: datetime, ends_at: datetime, now: datetime) -> str:
        start, end = (moment.astimezone(self._timezone) for moment in (starts_at, ends_at))
        text = f"{self._date(start, now)} {self._time(start)}"
        if end.date() == start.date():
            text += "" if end == start else f"–{self._time(end)}"
        else:
            text += f" – {self._date(end, now)} {self._time(end)}"
        return text

    def begins(self, event: Event, now: datetime) -> str:
        """When an event begins, where there is little room."""
        if isinstance(event.starts_at, datetime):
            return self.moment(event.starts_at, now)
        return self._date(event.starts_at, now)

    def hours(self, event: Event, day: date) -> str:
        """An event's times on one day, for a list under that day; what goes beyond it is marked."""
        if not isinstance(event.starts_at, datetime) or not isinstance(event.ends_at, datetime):
            return str(self.say(M.AGENDA_ALL_DAY))
        start, end = (
            moment.astimezone(self._timezone) for moment in (event.starts_at, event.ends_at)
        )
        first = self._time(start) if start.date() == day else "…"
        last = self._time(end) if end.date() == day else "…"
        return first if start == end else f"{first}–{last}"

    def date_title(self, day: date, now: datetime) -> str:
        """A day as the heading of what is on."""
        return self._date(day, now)

    def weekdays(self, days: Sequence[int]) -> str:
        """Days of the week, 0 for Monday; those that follow each other as a span."""
        names = self._locale.days["stand-alone"]["abbreviated"]
        spans: list[list[int]] = []
        for day in sorted(days):
            if spans and spans[-1][-1] == day - 1:
                spans[-1].append(day)
            else:
                spans.append([day])
        return ", ".join(
            names[span[0]] if len(span) == 1 else f"{names[span[0]]}–{names[span[-1]]}"
            for span in spans
        )

    def today(self, now: datetime) -> date:
        """Which day it is where the person is."""
        return now.astimezone(self._timezone).date()

    def _value(self, value: object) -> object:
        if isinstance(value, Provider):
            return self.provider(value)
        if isinstance(value, str) and (lines := value.splitlines()) not in ([], [value]):
            return (Markup(" ") if isinstance(value, Markup) else " ").join(lines)
        return value

    def _date(self, day: date, now: datetime) -> str:
        this_year = day.year == now.astimezone(self._timezone).year
        plain = day.date() if isinstance(day, datetime) else day
        return day_in_words("MMMEd" if this_year else "yMMMEd", plain, self.language)

    def _time(self, moment: datetime) -> str:
        return f"{moment:%H:%M}"


class Draft:
    """A reply in the making: sentences, one a line, and the ids they came from."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self._lines: list[Markup] = []
        self._said: list[str] = []
        self._offers: list[Button] = []

    def add(self, message: str, /, **values: object) -> "Draft":
        """Add a sentence on a line of its own."""
        self._lines.append(self.texts.say(message, **values))
        self._said.append(str(message))
        return self

    def offer(self, button: Button) -> "Draft":
        """Add a button below all others, once."""
        if button not in self._offers:
            self._offers.append(button)
        return self

    def blank(self) -> "Draft":
        """Add an empty line, to set one event apart from the next."""
        self._lines.append(Markup())
        return self

    def reply(
        self,
        buttons: Sequence[Sequence[Button]] = (),
        *,
        visibility: Visibility = Visibility.SENDER_ONLY,
        replaces_card: bool = True,
        watch: Watch | None = None,
        about: EventRef | None = None,
        rows: Sequence[Row] = (),
        alert: str = "",
    ) -> Reply:
        """Make the reply."""
        return Reply(
            text=Markup("\n").join(self._lines).strip(),
            said=tuple(self._said),
            buttons=tuple(tuple(row) for row in (*buttons, *([one] for one in self._offers))),
            visibility=visibility,
            replaces_card=replaces_card,
            watch=watch,
            about=about,
            rows=tuple(rows),
            alert=alert,
        )


def on_one_line(text: str, limit: int) -> str:
    """Somebody else's words: on one line, shortened, without control characters."""
    clean = "".join(
        " " if unicodedata.category(char).startswith(("C", "Z")) and char != "\u200d" else char
        for char in text
    )
    words = " ".join(clean.split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def choose_language(wanted: str, default: str) -> str:
    """The language to speak with somebody whose platform reports `wanted` (`ru-RU`, empty, …)."""
    base = wanted.replace("_", "-").partition("-")[0].lower()
    return base if base in LANGUAGES else default


@lru_cache(maxsize=1000)
def _shown(title: str) -> str:
    """See `Texts.title`; empty if nothing of it can be seen."""
    if any(unicodedata.bidirectional(char) in _FROM_RIGHT for char in title):
        return f"{_ISOLATE}{on_one_line(title, _TITLE_LIMIT - 2)}{_END_ISOLATE}"
    return on_one_line(title, _TITLE_LIMIT)


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _utc_offset(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
