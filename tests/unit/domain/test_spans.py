"""When a span is over: by the clock on the wall, also where that is put forward or back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.spans import (
    LONGEST,
    AlreadyOver,
    ByClock,
    For,
    TooLong,
    UntilDay,
    UntilEndOfDay,
    UntilEndOfWeek,
    UntilTime,
    resolve,
)
from bot.domain.working_hours import WorkingHours

BERLIN = ZoneInfo("Europe/Berlin")
YEKATERINBURG = ZoneInfo("Asia/Yekaterinburg")
ST_JOHNS = ZoneInfo("America/St_Johns")
APIA = ZoneInfo("Pacific/Apia")
HOURS = WorkingHours()
MONDAY = date(2026, 11, 23)
TUESDAY = date(2026, 11, 24)


def _berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def _end(span: ByClock, said_at: datetime, zone: ZoneInfo = BERLIN) -> datetime:
    end = resolve(span, said_at=said_at, zone=zone, hours=HOURS)
    assert end.tzinfo is UTC
    assert end > said_at
    return end


@pytest.mark.parametrize(
    ("said", "span", "ends"),
    [
        ("2026-11-23T14:59:59", UntilTime(hour=15), "2026-11-23T15:00"),
        ("2026-11-23T15:00:00", UntilTime(hour=15), "2026-11-24T15:00"),
        ("2026-11-23T15:00:20", UntilTime(hour=15), "2026-11-24T15:00"),
        ("2026-11-23T23:59", UntilTime(hour=0), "2026-11-24T00:00"),
        ("2026-12-31T23:00", UntilTime(hour=7, minute=30), "2027-01-01T07:30"),
        # The sooner of two.
        ("2026-11-23T02:00", UntilTime(hour=3, ambiguous=True), "2026-11-23T03:00"),
        ("2026-11-23T03:00", UntilTime(hour=3, ambiguous=True), "2026-11-23T15:00"),
        ("2026-11-23T14:59", UntilTime(hour=3, ambiguous=True), "2026-11-23T15:00"),
        ("2026-11-23T15:00:20", UntilTime(hour=3, ambiguous=True), "2026-11-24T03:00"),
        ("2026-11-23T21:00", UntilTime(hour=10, ambiguous=True), "2026-11-23T22:00"),
        ("2026-11-23T12:10", UntilTime(hour=3, minute=30, ambiguous=True), "2026-11-23T15:30"),
        # On a day that was named, working hours come first.
        (
            "2026-11-23T12:00",
            UntilTime(hour=3, ambiguous=True, days=(TUESDAY,)),
            "2026-11-24T15:00",
        ),
        (
            "2026-11-23T12:00",
            UntilTime(hour=6, ambiguous=True, days=(TUESDAY,)),
            "2026-11-24T18:00",
        ),
        (
            "2026-11-23T12:00",
            UntilTime(hour=10, ambiguous=True, days=(TUESDAY,)),
            "2026-11-24T10:00",
        ),
        (
            "2026-11-23T12:00",
            UntilTime(hour=7, ambiguous=True, days=(TUESDAY,)),
            "2026-11-24T07:00",
        ),
        (
            "2026-11-23T12:00",
            UntilTime(hour=10, ambiguous=True, days=(MONDAY,)),
            "2026-11-23T22:00",
        ),
        # The first of the days on which it is still ahead.
        ("2026-11-23T12:00", UntilTime(hour=13, days=(MONDAY, TUESDAY)), "2026-11-23T13:00"),
        ("2026-11-23T13:00", UntilTime(hour=13, days=(MONDAY, TUESDAY)), "2026-11-24T13:00"),
        ("2026-11-23T12:00", UntilDay(days=(TUESDAY,)), "2026-11-24T09:00"),
        ("2026-11-23T12:00", UntilDay(days=(date(2026, 11, 28),)), "2026-11-28T09:00"),
        ("2026-11-23T08:59", UntilDay(), "2026-11-23T09:00"),
        ("2026-11-23T09:00", UntilDay(), "2026-11-24T09:00"),
        ("2026-11-23T12:00", UntilEndOfDay(), "2026-11-23T18:00"),
        ("2026-11-23T18:00", UntilEndOfDay(), "2026-11-24T00:00"),
        ("2026-11-23T12:00", UntilEndOfDay(days=(TUESDAY,)), "2026-11-24T18:00"),
        ("2026-11-23T12:00", UntilEndOfWeek(), "2026-11-27T18:00"),
        ("2026-11-27T17:59", UntilEndOfWeek(), "2026-11-27T18:00"),
        ("2026-11-27T18:00", UntilEndOfWeek(), "2026-12-04T18:00"),
        ("2026-11-29T12:00", UntilEndOfWeek(), "2026-12-04T18:00"),
    ],
)
def test_a_span_ends_when_the_clock_on_the_wall_says(said: str, span: ByClock, ends: str) -> None:
    assert _end(span, _berlin(said)) == _berlin(ends).astimezone(UTC)


@pytest.mark.parametrize(
    ("said", "span", "ends"),
    [
        # 29 March: 02:00 +01:00 is followed by 03:00 +02:00.
        ("2026-03-29T01:30+01:00", UntilTime(hour=2, minute=30), "2026-03-29T03:30+02:00"),
        ("2026-03-29T01:30+01:00", UntilTime(hour=3), "2026-03-29T03:00+02:00"),
        ("2026-03-29T03:10+02:00", UntilTime(hour=2, minute=30), "2026-03-29T03:30+02:00"),
        ("2026-03-29T03:30+02:00", UntilTime(hour=2, minute=30), "2026-03-30T02:30+02:00"),
        ("2026-03-28T20:00+01:00", UntilDay(), "2026-03-29T09:00+02:00"),
        ("2026-03-29T01:30+01:00", For(length=timedelta(hours=1)), "2026-03-29T03:30+02:00"),
        ("2026-03-28T12:00+01:00", For(length=timedelta(days=1)), "2026-03-29T13:00+02:00"),
        # 25 October: 03:00 +02:00 is followed by 02:00 +01:00.
        ("2026-10-25T01:30+02:00", UntilTime(hour=2, minute=30), "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:40+02:00", UntilTime(hour=2, minute=30), "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:10+01:00", UntilTime(hour=2, minute=30), "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:40+01:00", UntilTime(hour=2, minute=30), "2026-10-26T02:30+01:00"),
        ("2026-10-25T02:30+02:00", UntilTime(hour=3), "2026-10-25T03:00+01:00"),
        ("2026-10-24T20:00+02:00", UntilEndOfDay(), "2026-10-25T00:00+02:00"),
        ("2026-10-25T02:30+02:00", For(length=timedelta(hours=1)), "2026-10-25T02:30+01:00"),
        ("2026-10-24T12:00+02:00", For(length=timedelta(days=1)), "2026-10-25T11:00+01:00"),
    ],
)
def test_clocks_change_under_a_span(said: str, span: ByClock, ends: str) -> None:
    assert _end(span, datetime.fromisoformat(said)) == datetime.fromisoformat(ends)


def test_a_zone_without_changes_and_the_utc_date_do_not_matter() -> None:
    late = datetime(2026, 3, 28, 21, 30, tzinfo=UTC)  # 02:30 of the 29th there

    ends = _end(UntilTime(hour=2, minute=45), late, YEKATERINBURG)
    assert ends == datetime(2026, 3, 28, 21, 45, tzinfo=UTC)
    assert _end(UntilDay(), late, YEKATERINBURG) == datetime(2026, 3, 29, 4, tzinfo=UTC)


def test_a_clock_that_is_set_back_right_after_midnight_shows_yesterday_again() -> None:
    """At 00:01 on 2 November 2008 it was 23:01 of the first once more."""
    said = datetime(2008, 11, 2, 0, 0, 30, tzinfo=ST_JOHNS)

    assert _end(UntilTime(hour=23, minute=30), said, ST_JOHNS) - said.astimezone(UTC) == timedelta(
        minutes=29, seconds=30
    )


def test_a_day_that_a_place_skipped_is_no_trouble() -> None:
    """Samoa had no 30 December 2011."""
    said = datetime(2011, 12, 29, 20, tzinfo=APIA)

    assert _end(UntilTime(hour=15), said, APIA) == datetime(2011, 12, 31, 15, tzinfo=APIA)


def test_length_counts_from_the_message_on() -> None:
    said = datetime(2026, 11, 23, 23, 50, 20, tzinfo=BERLIN)

    assert _end(For(length=timedelta(minutes=30)), said) == said + timedelta(minutes=30)


@pytest.mark.parametrize(
    "span",
    [
        UntilTime(hour=12, days=(MONDAY,)),
        UntilTime(hour=11, days=(MONDAY,)),
        UntilTime(hour=23, days=(date(2026, 11, 22),)),
        UntilTime(hour=0, days=(MONDAY,)),
        UntilDay(days=(MONDAY,)),
        UntilEndOfDay(days=(date(2026, 11, 22),)),
        UntilDay(days=(date.min,)),
    ],
)
def test_a_day_that_was_named_may_be_over(span: ByClock) -> None:
    with pytest.raises(AlreadyOver):
        _end(span, _berlin("2026-11-23T12:00"))


def test_a_month_is_the_longest() -> None:
    said = _berlin("2026-11-23T12:00")

    assert _end(For(length=LONGEST), said) == said + LONGEST
    for span in (
        For(length=LONGEST + timedelta(seconds=1)),
        For(length=timedelta.max),
        UntilDay(days=(date(2026, 12, 25),)),
        UntilDay(days=(date.max,)),
    ):
        with pytest.raises(TooLong):
            _end(span, said)


def test_no_length_is_none_at_all() -> None:
    for length in (timedelta(0), timedelta(seconds=-1)):
        with pytest.raises(ValueError, match="no time"):
            For(length=length)


def test_working_hours_are_the_persons_own() -> None:
    said = _berlin("2026-11-23T05:00")
    early = WorkingHours(start=time(6), end=time(14), days=(0, 6))

    def end(span: ByClock) -> datetime:
        return resolve(span, said_at=said, zone=BERLIN, hours=early)

    assert end(UntilDay()) == _berlin("2026-11-23T06:00")
    assert end(UntilEndOfDay()) == _berlin("2026-11-23T14:00")
    assert end(UntilEndOfWeek()) == _berlin("2026-11-29T14:00")
    assert end(UntilTime(hour=7, ambiguous=True, days=(TUESDAY,))) == _berlin("2026-11-24T07:00")


_DAYS = st.lists(st.dates(), max_size=2).map(tuple)
_SPANS: st.SearchStrategy[ByClock] = st.one_of(
    st.timedeltas(min_value=timedelta(microseconds=1)).map(lambda length: For(length=length)),
    st.builds(UntilTime, hour=st.integers(0, 23), minute=st.integers(0, 59), days=_DAYS),
    st.builds(
        UntilTime,
        hour=st.integers(1, 11),
        minute=st.integers(0, 59),
        ambiguous=st.just(value=True),
        days=_DAYS,
    ),
    st.builds(UntilDay, days=_DAYS),
    st.builds(UntilEndOfDay, days=_DAYS),
    st.builds(UntilEndOfWeek),
)


@given(
    _SPANS,
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from([BERLIN, YEKATERINBURG, ST_JOHNS, APIA, ZoneInfo("America/Juneau")]),
)
@example(UntilEndOfWeek(), datetime.max.replace(tzinfo=UTC), BERLIN)
@example(UntilEndOfDay(), datetime.min.replace(tzinfo=UTC), ST_JOHNS)
@example(UntilTime(hour=1), datetime.min.replace(tzinfo=UTC), BERLIN)
def test_the_end_is_ahead_and_near_or_there_is_none(
    span: ByClock, said_at: datetime, zone: ZoneInfo
) -> None:
    try:
        end = resolve(span, said_at=said_at, zone=zone, hours=HOURS)
    except (AlreadyOver, TooLong):
        return
    assert said_at < end <= said_at + LONGEST
