"""How long, in words of either language, and when that is over."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands import span_words
from bot.commands.spans import before_name, names_ids, read_span, says_until
from bot.domain.spans import (
    LONGEST,
    AlreadyOver,
    DuringEvent,
    For,
    Span,
    TooLong,
    UntilEvent,
    UntilEventEnds,
    UntilMeetingEnds,
    resolve,
)
from bot.domain.working_hours import WorkingHours

BERLIN = ZoneInfo("Europe/Berlin")
YEKATERINBURG = ZoneInfo("Asia/Yekaterinburg")
HOURS = WorkingHours()
NOON = datetime(2026, 11, 23, 12, 0, 20, tzinfo=BERLIN)
"""A Monday."""
TODAY = NOON.date()

LENGTHS: Mapping[int, tuple[str, ...]] = {
    1: ("1 minute", "минуту", "на минуту", "1м"),
    15: ("15m", "a quarter of an hour", "четверть часа", "fifteen minutes", "15 минут"),
    30: (
        *("30m", "30 m", "30min", "30 min", "30 mins", "30 minutes", "for 30 minutes", "0.5h"),
        *("a half hour", "half an hour", "half hour", "for half an hour", "thirty minutes"),
        *("30м", "30 м", "30мин", "30 мин", "30 минут", "на 30 минут", "полчаса", "на полчаса"),
        *("пол часа", "в течение получаса", "0,5 ч"),
    ),
    60: (
        *("1h", "1 h", "1hr", "1 hr", "an hour", "hour", "one hour", "for an hour", "60 min"),
        *("during 1 hour", "for 1 hour"),
        *("час", "1ч", "1 ч", "1 час", "один час", "на час", "на 1 час", "в течение часа"),
    ),
    90: (
        *("1h30", "1h30m", "1h 30m", "1 h 30 min", "1 h 30", "1h 30 minutes", "90 min", "90m"),
        *("1 hour and 30 minutes", "1 hour 30 minutes", "1 hour, 30 minutes", "1.5h", "1,5 h"),
        *("1.5 hours", "an hour and a half", "one and a half hours", "1 and a half hours"),
        *("for 1.5 hours", "for one and a half hours", "for an hour and a half", "1.50 h"),
        *("1ч30", "1ч 30м", "1ч30м", "1ч 30", "1 час 30 минут", "1 час и 30 минут", "1,5 часа"),
        *("полтора часа", "на полтора часа", "час с половиной", "1.5 ч", "на 90 минут"),
    ),
    120: (
        *("2h", "2 hours", "two hours", "for 2 hours", "for two hours", "a couple of hours"),
        *("2ч", "2 часа", "два часа", "пара часов", "пару часов", "на пару часов", "на 2 часа"),
    ),
    135: ("2 hours 15 minutes", "for 2 hours and 15 minutes", "2 часа 15 минут", "2h15"),
    150: ("2.5 hours", "два с половиной часа", "2 с половиной часа", "two and a half hours"),
    300: ("5h", "five hours", "5 часов", "пять часов", "на 5 часов"),
    720: ("12 hours", "twelve hours", "двенадцать часов"),
    24 * 60: (
        *("1d", "1 d", "1 day", "a day", "day", "for a day", "24 hours"),
        *("день", "сутки", "1 день", "на день", "на сутки", "1д"),
    ),
    36 * 60: ("1.5 days", "полтора дня", "a day and a half", "1d 12h"),
    48 * 60: ("2 days", "two days", "for 2 days", "2 дня", "два дня", "на 2 дня", "на двое суток"),
    72 * 60: ("3 days", "3 дня", "на 3 дня"),
    7 * 24 * 60: ("a week", "1 week", "for a week", "7d", "неделю", "на неделю", "1 нед", "7 дней"),
    14 * 24 * 60: ("2 weeks", "2 недели", "на две недели"),
}
"""Minutes, and how people say them."""

MOMENTS: Mapping[str, tuple[str, ...]] = {
    "2026-11-23T15:00": (
        *("until 15:00", "till 15:00", "til 15:00", "'til 15:00", "until 15.00", "until 15"),
        *("until 15h", "until 3", "until three", "until 3pm", "until 3 pm", "until 3 p.m."),
        *("until 3:00", "until 3:00 pm", "until 3.00pm", "until 3 o'clock", "until 3 o’clock"),
        *("until 3 in the afternoon", "until today 15:00", "until 15:00 today"),
        *("15:00", "3pm", "3 pm", "3 p.m.", "3:00", "3 o'clock", "today 15:00"),
        *("до 15:00", "до 15.00", "до 15", "до 15 часов", "до 15ч", "до 3", "до 3 дня", "до трёх"),
        *("до трех", "до трёх часов", "до трех дня", "до 3 часов дня", "до сегодня 15:00"),
        *("до 15:00 сегодня", "до пятнадцати"),
    ),
    "2026-11-23T15:05": ("until 3.05 pm", "until 15:05", "до 3:05 дня"),
    "2026-11-23T15:30": (
        *("until 3:30pm", "until 15:30", "until 15.30", "until 3:30", "until 3.30", "15:30"),
        *("until half past three", "until half past 3 pm", "until 15h30", "до 15 ч 30 мин"),
        *("до 15:30", "до 15.30", "до половины четвёртого", "до половины четвертого дня"),
    ),
    "2026-11-23T13:00": ("until 1", "until one", "до часа", "до часу", "до часу дня", "до 13"),
    "2026-11-23T12:30": ("until 12:30", "до половины первого", "до 12.30", "12:30"),
    "2026-11-23T20:00": (
        *("until 8", "until 8 in the evening", "до 8 вечера", "до восьми вечера", "до 20"),
    ),
    "2026-11-23T22:00": ("until 10", "until 10pm", "до 10", "до десяти", "до 10 вечера"),
    "2026-11-24T10:00": (
        *("until 10:00", "until 10am", "until 10 a.m.", "до 10 утра", "10:00"),
        *("until tomorrow 10:00", "until tomorrow at 10", "until tomorrow at 10:00"),
        *("until 10:00 tomorrow", "until 10 tomorrow", "tomorrow 10:00", "until tomorrow, 10:00"),
        *("until tomorrow 10.00", "until tuesday 10:00", "until 24 Nov 10:00", "until Nov 24 10"),
        *("until 24.11 10:00", "until 2026-11-24 10:00", "until 10:00 on 24 Nov", "24.11 10:00"),
        *("до завтра 10:00", "до завтра до 10", "до завтра, до 10:00", "до 10:00 завтра"),
        *("до 10 утра завтра", "до завтра 10 утра", "до вторника 10:00", "до 24.11 10:00"),
        *("до 24 ноября 10:00", "завтра до 10", "завтра 10:00"),
    ),
    "2026-11-24T10:05": ("until tomorrow 10.05", "до завтра 10.05", "until 10:05"),
    "2026-11-24T12:00": (
        *("until noon", "until 12", "until 12:00", "until 12pm", "noon", "12:00"),
        *("до полудня", "до 12", "до двенадцати", "до 12 дня", "until tomorrow noon"),
    ),
    "2026-11-24T00:00": (
        *("until midnight", "midnight", "until 24", "until 24:00", "until 0", "until 0:00"),
        *("until 00:00", "until 12am", "until today 24:00", "until tomorrow 0:00"),
        *("до полуночи", "до 24", "до 24:00", "до 0:00", "до 12 ночи", "до двенадцати ночи"),
    ),
    "2026-11-25T00:00": ("until tomorrow 24:00", "until tomorrow midnight", "до завтра 24:00"),
    "2026-11-24T03:00": ("until 03:00", "until 03", "until 3am", "until 3 at night", "до 3 ночи"),
    "2026-11-24T02:00": ("until 2am", "до 2 ночи", "до двух ночи"),
    "2026-11-24T00:30": ("until 0:30", "до половины первого ночи", "until 12:30am"),
    "2026-11-24T09:00": (
        *("until tomorrow", "till tomorrow", "tomorrow", "until tomorrow morning", "until morning"),
        *("until the morning", "until tuesday", "until tue", "tuesday", "until 24 Nov", "24 nov"),
        *("until November 24", "until 24.11", "until 24.11.", "24.11", "until 24.11.2026"),
        *("until 2026-11-24", "until 9am", "until 09:00", "until 9:00am", "until 9 in the morning"),
        *(
            "до завтра",
            "до завтрашнего утра",
            "до утра",
            "до вторника",
            "до 24.11",
            "до 24 ноября",
            "до 24.11.2026",
        ),
        *("до 24 нояб", "до 2026-11-24", "до 9 утра", "до девяти утра", "завтра", "вторник"),
    ),
    "2026-11-24T15:00": (
        "until tomorrow 3",
        "until tomorrow at 3",
        "до завтра до 3",
        "завтра до 3",
    ),
    "2026-11-24T18:00": (
        *("until tomorrow evening", "until the end of tomorrow", "until tomorrow at 6"),
        *("до завтрашнего вечера", "до вечера завтра", "до конца завтрашнего дня"),
    ),
    "2026-11-25T09:00": (
        *("until the day after tomorrow", "until wednesday", "до послезавтра", "до среды"),
    ),
    "2026-11-26T09:00": ("until thursday", "until thu", "до четверга", "до чт"),
    "2026-11-27T09:00": (
        "until friday",
        "until Fri",
        "friday",
        "до пятницы",
        "до пт",
        "до ПЯТНИЦЫ",
    ),
    "2026-11-27T17:00": (
        *("until friday 17:00", "until 17:00 friday", "until friday at 5pm", "friday 17:00"),
        *("until friday 5", "until 5 pm on friday", "до пятницы 17:00", "до 17:00 пятницы"),
        *("до пятницы до 17", "до 17 в пятницу"),
    ),
    "2026-11-28T09:00": ("until saturday", "до субботы"),
    "2026-11-29T09:00": ("until sunday", "до воскресенья"),
    "2026-11-30T09:00": (
        *("until monday", "until next week", "monday", "до понедельника", "до следующей недели"),
    ),
    "2026-11-30T12:00": ("until monday 12:00", "до понедельника 12:00"),
    "2026-11-23T12:01": ("until monday 12:01", "до понедельника 12:01", "until 12:01"),
    "2026-12-10T09:00": ("until 10.12", "до 10.12", "10 декабря"),
    "2026-12-01T10:00": ("until 1 dec 10:00", "до 1 декабря 10:00", "until 1.12 10:00"),
    "2026-11-23T18:00": (
        *("until the end of the day", "till the end of the day", "until end of day"),
        *("until end of the day", "until the end of the working day", "until evening"),
        *("until this evening", "until tonight", "end of day", "the end of the day", "today"),
        *("for today", "for the rest of the day", "all day", "until the end of today"),
        *("until monday evening", "until 6", "until 18:00"),
        *("до конца дня", "до конца рабочего дня", "до вечера", "до окончания рабочего дня"),
        *("на сегодня", "сегодня", "на весь день", "до конца сегодняшнего дня", "до 6 вечера"),
    ),
    "2026-11-27T18:00": (
        *("until the end of the week", "until end of week", "until the end of friday"),
        *("until friday evening", "до конца недели", "до вечера пятницы", "до конца пятницы"),
    ),
}
"""By the clock on the wall in Berlin, said on Monday 23 November 2026 at 12:00:20."""

EVENTS: tuple[tuple[str, Span], ...] = (
    ("until 651", UntilEvent(words=("651",))),
    ("till 651", UntilEvent(words=("651",))),
    ("until 651, please", UntilEvent(words=("651,",))),
    ("until 25", UntilEvent(words=("25",))),
    ("until c7", UntilEvent(words=("c7",))),
    ("until b12", UntilEvent(words=("b12",))),
    ("до в12", UntilEvent(words=("в12",))),
    ("until sprint review", UntilEvent(words=("sprint", "review"))),
    ("until Sprint 2", UntilEvent(words=("Sprint", "2"))),
    ("until friday sync", UntilEvent(words=("friday", "sync"))),
    ("until ends", UntilEvent(words=("ends",))),
    ("until this week", UntilEvent(words=("this", "week"))),
    ("until 24.11..26.11", UntilEvent(words=("24.11..26.11",))),
    ("until tomorrow end of week", UntilEvent(words=("tomorrow", "end", "of", "week"))),
    ("until 25:00", UntilEvent(words=("25:00",))),
    ("until 15:60", UntilEvent(words=("15:60",))),
    ("until 24:01", UntilEvent(words=("24:01",))),
    ("until 31.02", UntilEvent(words=("31.02",))),
    ("until 651 starts", UntilEvent(words=("651",))),
    ("until the start of 651", UntilEvent(words=("651",))),
    ("until the meeting 651", UntilEvent(words=("651",))),
    ("until meeting with Bob", UntilEvent(words=("meeting", "with", "Bob"))),
    ("till next", UntilEvent(words=("next",))),
    ("until the next meeting", UntilEvent(words=("the", "next", "meeting"))),
    ("until the meeting", UntilEvent(words=("next",))),
    ("until the meeting starts", UntilEvent(words=("next",))),
    ("до 651", UntilEvent(words=("651",))),
    ("до встречи 651", UntilEvent(words=("651",))),
    ("до начала 651", UntilEvent(words=("651",))),
    ("до встречи", UntilEvent(words=("next",))),
    ("до следующей встречи", UntilEvent(words=("следующей", "встречи"))),
    ("до планёрки", UntilEvent(words=("планёрки",))),
    ("till the end of 651", UntilEventEnds(words=("651",))),
    ("until the end of 651", UntilEventEnds(words=("651",))),
    ("until the end of 15", UntilEventEnds(words=("15",))),
    ("until end of meeting 651", UntilEventEnds(words=("651",))),
    ("till 651 ends", UntilEventEnds(words=("651",))),
    ("until 651 is over", UntilEventEnds(words=("651",))),
    ("until the end of sprint review", UntilEventEnds(words=("sprint", "review"))),
    ("до конца 651", UntilEventEnds(words=("651",))),
    ("до конца встречи с7", UntilEventEnds(words=("с7",))),
    ("до конца sprint review", UntilEventEnds(words=("sprint", "review"))),
    ("пока не закончится 651", UntilEventEnds(words=("651",))),
    ("пока 651 не закончится", UntilEventEnds(words=("651",))),
    ("during 651", DuringEvent(words=("651",))),
    ("during sprint review", DuringEvent(words=("sprint", "review"))),
    ("for the duration of 651", DuringEvent(words=("651",))),
    ("during the meeting 651 and c7", DuringEvent(words=("651", "and", "c7"))),
    ("во время 651", DuringEvent(words=("651",))),
    ("на время 651", DuringEvent(words=("651",))),
    ("на время встречи 651", DuringEvent(words=("651",))),
    ("на время встречи с Бобом", DuringEvent(words=("встречи", "с", "Бобом"))),
    *(
        (text, UntilMeetingEnds())
        for text in (
            *("till the end of the meeting", "until the end of the meeting", "until the call ends"),
            *("until the meeting ends", "until the meeting is over", "until the meeting's over"),
            *("until the end of the call", "during the meeting", "for the meeting"),
            *("during this meeting", "for the duration of the call"),
            *("до конца встречи", "до конца совещания", "до конца созвона", "до окончания встречи"),
            *("на время встречи", "во время встречи", "на встречу", "пока идёт встреча"),
            *("пока встреча идет", "пока встреча не закончится", "пока не закончится встреча"),
            *("пока не закончится", "до завершения этого совещания"),
        )
    ),
)

NONSENSE = (
    *("", "until", "till", "до", "for", "на", "during", "на время", "пока", "please", "until ,"),
    *("30", "for 30", "на 30", "3", "three", "15.30", "651", "c7", "for 651", "на 651"),
    *("foo", "until the end", "until end of", "до конца", "до начала", "until the start"),
    *("1x", "h", "m", "ч", "м", "1", "0", "0m", "0 minutes", "0h 0m", "-5m", "- 5 m", "−5m", "+5m"),
    *("1h 2h", "30m 1h", "1h 75", "1h30x", "30 40 m", "m30", "9999999999h", "1.5", "30 sec"),
    *("in 2 hours", "через час", "at 15:00", "в 15:00", "on friday", "в пятницу", "к трем"),
    *("evening", "вечером", "morning", "week end", "next friday", "2 to 3", "15:00-16:00", "²h"),
    *("for tomorrow", "на завтра", "for 15:00", "at 15:00 tomorrow", "в 15:00 завтра", "end of"),
    *("on friday 15:00", "в пятницу 15:00", "неделю на", "at tomorrow", "конца"),
    *("пока 651", "пока", "a", "and", "half", "полтора", "the meeting", "sprint review", "to 3"),
)


def _read(text: str, said_at: datetime = NOON, zone: ZoneInfo = BERLIN) -> Span | None:
    return read_span(text.split(), said_at.astimezone(zone).date())


def _end(text: str, said_at: datetime = NOON, zone: ZoneInfo = BERLIN) -> datetime:
    span = _read(text, said_at, zone)
    assert span is not None, text
    assert not isinstance(span, UntilMeetingEnds | UntilEvent | UntilEventEnds | DuringEvent), text
    return resolve(span, said_at=said_at, zone=zone, hours=HOURS)


def _pairs(table: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    return ((text, ends) for ends, texts in table.items() for text in texts)


ALL_TEXTS = (
    *chain.from_iterable(LENGTHS.values()),
    *(text for text, _ in _pairs(MOMENTS)),
    *(text for text, _ in EVENTS),
)


@pytest.mark.parametrize(
    ("text", "minutes"), [(text, minutes) for minutes, texts in LENGTHS.items() for text in texts]
)
def test_a_length_is_read(text: str, minutes: int) -> None:
    assert _read(text) == For(length=timedelta(minutes=minutes))
    assert _end(text) == NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(("text", "ends"), list(_pairs(MOMENTS)))
def test_a_moment_is_read(text: str, ends: str) -> None:
    assert _end(text) == datetime.fromisoformat(ends).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(("text", "span"), EVENTS)
def test_an_event_is_read(text: str, span: Span) -> None:
    assert _read(text) == span


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_none(text: str) -> None:
    assert _read(text) is None


def test_the_tables_are_as_long_as_they_look() -> None:
    assert len(ALL_TEXTS) > 350
    assert len(NONSENSE) > 50


def _look_alike(text: str) -> str:
    return text.translate(str.maketrans("аеорсухм", "aeopcyxm"))


def _full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in text)


@pytest.mark.parametrize("text", [*chain.from_iterable(LENGTHS.values()), *dict(_pairs(MOMENTS))])
def test_case_look_alikes_widths_marks_and_courtesy_do_not_matter(text: str) -> None:
    plain = _read(text)
    varied = (
        *(text.upper(), text.title(), _look_alike(text), _full_width(text)),
        *(f"\u200e{text}\u200f", f"please {text}", f"{text}, please!", f"«{text}» пожалуйста"),
        text.replace(" ", " \u200b "),
    )
    assert len(varied) == 9
    for spelled in varied:
        assert _read(spelled) == plain, spelled


@pytest.mark.parametrize(
    ("said", "text", "ends"),
    [
        ("2026-11-23T02:00", "until 3", "2026-11-23T03:00"),
        ("2026-11-23T03:00", "until 3", "2026-11-23T15:00"),
        ("2026-11-23T14:59:59", "до трёх", "2026-11-23T15:00"),
        ("2026-11-23T15:00:20", "до трёх", "2026-11-24T03:00"),
        ("2026-11-23T15:00:20", "until 15:00", "2026-11-24T15:00"),
        ("2026-11-23T09:30", "until 10", "2026-11-23T10:00"),
        ("2026-11-23T21:30", "until 10", "2026-11-23T22:00"),
        ("2026-11-23T22:30", "until 10", "2026-11-24T10:00"),
        ("2026-11-23T23:50", "until 0:30", "2026-11-24T00:30"),
        ("2026-11-23T23:50", "for 30 min", "2026-11-24T00:20"),
        ("2026-11-23T23:50", "until tomorrow", "2026-11-24T09:00"),
        ("2026-11-24T00:10", "until tomorrow", "2026-11-25T09:00"),
        ("2026-11-24T00:10", "до утра", "2026-11-24T09:00"),
        ("2026-11-23T19:00", "до вечера", "2026-11-24T00:00"),
        ("2026-11-23T19:00", "until the end of the day", "2026-11-24T00:00"),
        ("2026-11-27T16:00", "until friday", "2026-12-04T09:00"),
        ("2026-11-27T16:00", "until friday 17:00", "2026-11-27T17:00"),
        ("2026-11-27T17:00", "until friday 17:00", "2026-12-04T17:00"),
        ("2026-11-27T19:00", "до вечера пятницы", "2026-11-28T00:00"),
        ("2026-12-30T12:00", "until 2 jan", "2027-01-02T09:00"),
        # Clocks go forward, and back.
        ("2026-03-29T01:30+01:00", "until 2:30", "2026-03-29T03:30+02:00"),
        ("2026-03-29T01:30+01:00", "until 3", "2026-03-29T03:00+02:00"),
        ("2026-03-28T23:00+01:00", "до 02:30", "2026-03-29T03:30+02:00"),
        ("2026-03-28T23:00+01:00", "8 hours", "2026-03-29T08:00+02:00"),
        ("2026-03-28T23:00+01:00", "до утра", "2026-03-29T09:00+02:00"),
        ("2026-03-28T12:00+01:00", "на сутки", "2026-03-29T13:00+02:00"),
        ("2026-10-25T01:30+02:00", "until 02:30", "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:40+02:00", "until 02:30", "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:40+01:00", "until 02:30", "2026-10-26T02:30+01:00"),
        ("2026-10-24T23:00+02:00", "8 hours", "2026-10-25T06:00+01:00"),
        ("2026-10-24T23:00+02:00", "до завтра 10:00", "2026-10-25T10:00+01:00"),
    ],
)
def test_the_end_depends_on_when_it_was_said(said: str, text: str, ends: str) -> None:
    said_at, expected = datetime.fromisoformat(said), datetime.fromisoformat(ends)
    if said_at.tzinfo is None:
        said_at, expected = said_at.replace(tzinfo=BERLIN), expected.replace(tzinfo=BERLIN)

    # Between two moments of one zone, only the clock on the wall would count.
    assert _end(text, said_at).astimezone(UTC) == expected.astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("until tomorrow", "2026-03-30T09:00+05:00"),
        ("until 3", "2026-03-29T03:00+05:00"),
        ("до 02:45", "2026-03-29T02:45+05:00"),
        ("на сутки", "2026-03-30T02:30+05:00"),
        ("до понедельника 12:00", "2026-03-30T12:00+05:00"),
        ("until sunday 10:00", "2026-03-29T10:00+05:00"),
        ("до субботы", "2026-04-04T09:00+05:00"),
    ],
)
def test_the_day_is_the_persons_and_not_that_of_utc(text: str, ends: str) -> None:
    said_at = datetime(2026, 3, 28, 21, 30, tzinfo=UTC)  # Sunday 02:30 there

    assert _end(text, said_at, YEKATERINBURG) == datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    "text", ["until today", "until yesterday", "until today 11:00", "до сегодня 12:00", "до 20.11"]
)
def test_a_day_that_is_over_is_told_apart(text: str) -> None:
    with pytest.raises(AlreadyOver):
        _end(text)


@pytest.mark.parametrize(
    "text", ["32 days", "5 weeks", "99999999 weeks", "until 25 dec", "until 2027-11-24", "20.09"]
)
def test_what_is_too_long_is_told_apart(text: str) -> None:
    with pytest.raises(TooLong):
        _end(text)


@pytest.mark.timeout(20)
def test_many_words_can_only_name_an_event() -> None:
    many = "tomorrow " * 30_000

    assert _read(many) is None
    assert _read(f"until {many}") == UntilEvent(words=tuple(many.split()))
    assert _read("until " + "1a" * 30_000) is not None


def test_who_says_until_is_known() -> None:
    assert says_until(["Until", "3"])
    assert says_until(["please", "до", "завтра"])
    assert not says_until(["tomorrow", "until", "3"])
    assert not says_until([])


def test_ids_are_known_by_their_looks() -> None:
    for text in (
        "651",
        "c7",
        "С7",
        "651 and c7",
        "№651,655 please",
        "evt_external_5fA-b",
        "６５１",
    ):
        assert names_ids(text.split()), text
    for text in ("", "please", "sprint", "651 budget", "c", "cc7", "c123456"):
        assert not names_ids(text.split()), text


def test_an_entry_has_one_canonical_spelling() -> None:
    tables = (span_words.COMMON, span_words.WEEKDAYS, span_words.MONTHS)
    entries = [text for table in tables for texts in table.values() for text in texts]

    assert len(entries) > 150
    for text in entries:
        assert text == text.lower().replace("ё", "е"), text


_WORDS = sorted(set(" ".join(ALL_TEXTS).split()))
_WORD = st.one_of(
    st.sampled_from(_WORDS),
    st.from_regex(r"\A[0-9]{1,12}([.,:/-][0-9]{1,12}){0,2}(h|m|d|w|pm|ч|м|д)?\Z"),
    st.text(max_size=12),
)


@given(
    st.lists(_WORD, max_size=16), st.dates(), st.times(), st.sampled_from([BERLIN, YEKATERINBURG])
)
@example(["until", "tomorrow"], date.max, NOON.time(), BERLIN)
@example(["until", "next", "week"], date.max, NOON.time(), BERLIN)
@example(["until", "today", "24:00"], date.max, NOON.time(), BERLIN)
@example(["yesterday"], date.min, NOON.time(), YEKATERINBURG)
@example(["99999999", "w", "99999999", "d", "99999999", "h"], TODAY, NOON.time(), BERLIN)
@example(["1" * 5000], TODAY, NOON.time(), BERLIN)
@example(["until", "1" * 5000 + "h"], TODAY, NOON.time(), BERLIN)
@example(["until", "²"], TODAY, NOON.time(), BERLIN)
def test_no_words_are_too_much(words: list[str], today: date, at: time, zone: ZoneInfo) -> None:
    span = read_span(words, today)
    if span is None or isinstance(span, UntilMeetingEnds):
        return
    if isinstance(span, UntilEvent | UntilEventEnds | DuringEvent):
        assert span.words
        return
    said_at = datetime.combine(today, at, tzinfo=UTC)
    try:
        end = resolve(span, said_at=said_at, zone=zone, hours=HOURS)
    except (AlreadyOver, TooLong):
        return
    assert said_at < end <= said_at + LONGEST


@pytest.mark.parametrize("kind", [UntilEvent, UntilEventEnds, DuringEvent])
def test_what_goes_before_a_name_is_read_as_the_same(
    kind: type[UntilEvent | UntilEventEnds | DuringEvent],
) -> None:
    span = kind(words=("651",))

    assert read_span([*before_name(span).split(), "651"], date(2026, 3, 2)) == span
