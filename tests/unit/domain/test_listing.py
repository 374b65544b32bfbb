"""Lists of events: order by instant, whole days, series, and what overlaps."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.accounts import Account
from bot.domain.chat import Identity, Platform
from bot.domain.listing import (
    Entry,
    each_once,
    ends,
    in_order,
    mark_clashes,
    one_of_each_series,
    overlap,
    same_meeting,
    starts,
    still_on,
    touches,
    unanswered,
)
from bot.domain.participation import Event, EventRef, Obstacle, ParticipationStatus
from bot.domain.providers import Provider

BERLIN = ZoneInfo("Europe/Berlin")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
ACCOUNT = Account(
    account_id="a",
    owner=Identity(platform=Platform.CONSOLE, user_id="7"),
    provider=Provider.BITRIX24,
)
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(
    title: str = "Sync",
    starts_at: datetime | date = NOON,
    ends_at: datetime | date | None = None,
    *,
    event_id: str = "1",
    series: str = "",
    status: ParticipationStatus | None = ParticipationStatus.ACCEPTED,
    obstacle: Obstacle | None = None,
    free: bool = False,
) -> Event:
    if ends_at is None:
        ends_at = starts_at + HOUR if isinstance(starts_at, datetime) else starts_at
    return Event(
        ref=EventRef(provider=Provider.BITRIX24, event_id=event_id, account_id="a"),
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=not isinstance(starts_at, datetime),
        series=series,
        my_status=status,
        obstacle=obstacle,
        free=free,
    )


def entry(one: Event) -> Entry:
    return Entry(event=one, account=ACCOUNT)


def titles(entries: tuple[Entry, ...]) -> list[str]:
    return [one.event.title for one in entries]


def test_events_are_sorted_by_instant_across_the_hour_that_comes_twice() -> None:
    # On 25 October 2026 clocks in Berlin go back from 03:00 to 02:00.
    first = event("summer", datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN))
    second = event("winter", datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN))
    third = event("in UTC", datetime(2026, 10, 25, 1, 45, tzinfo=UTC))

    for order in permutations((first, second, third)):
        listed = in_order([entry(one) for one in order], BERLIN)
        assert titles(listed) == ["summer", "winter", "in UTC"]


def test_a_whole_day_begins_and_ends_at_midnight_where_the_person_is() -> None:
    day = event("day", date(2026, 3, 29), date(2026, 3, 29))

    assert starts(day, BERLIN) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    # Clocks go forward that night, so the day has 23 hours.
    assert ends(day, BERLIN) - starts(day, BERLIN) == timedelta(hours=24)
    assert ends(day, BERLIN).astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_a_whole_day_comes_before_what_begins_at_its_midnight() -> None:
    midnight = event("midnight", datetime(2026, 3, 5, tzinfo=BERLIN))
    day = event("day", date(2026, 3, 5))

    assert titles(in_order([entry(midnight), entry(day)], BERLIN)) == ["day", "midnight"]


@pytest.mark.parametrize(
    ("status", "obstacle", "waits"),
    [
        (ParticipationStatus.NEEDS_ACTION, None, True),
        (ParticipationStatus.NEEDS_ACTION, Obstacle.NO_ANSWER_ALLOWED, False),
        (ParticipationStatus.NEEDS_ACTION, Obstacle.CANCELLED, False),
        (ParticipationStatus.TENTATIVE, None, False),
        (ParticipationStatus.UNKNOWN, None, False),
        (None, Obstacle.ORGANIZER, False),
    ],
)
def test_what_waits_for_an_answer_can_be_answered(
    status: ParticipationStatus | None, obstacle: Obstacle | None, waits: bool
) -> None:
    assert unanswered(event(status=status, obstacle=obstacle)) is waits


def test_of_a_series_the_soonest_is_kept_and_the_others_are_counted() -> None:
    weekly = [event("weekly", NOON + timedelta(days=7 * week), series="s") for week in range(4)]
    single = event("single", NOON + timedelta(days=1), event_id="2")

    kept = one_of_each_series([entry(weekly[0]), entry(single), *map(entry, weekly[1:])])

    assert [(one.event.title, one.event.starts_at, one.more) for one in kept] == [
        ("weekly", NOON, 3),
        ("single", NOON + timedelta(days=1), 0),
    ]


def test_one_calendar_behind_two_accounts_is_listed_once() -> None:
    other = replace(event("Other"), url="https://another.example/calendar/?EVENT_ID=1")

    twice = each_once([entry(event()), entry(event()), entry(other)])

    assert titles(twice) == ["Sync", "Other"]


@pytest.mark.parametrize(
    ("starts_after", "expected"),
    [(-60, False), (-59, True), (0, True), (59, True), (60, False)],
)
def test_events_overlap_if_they_share_time_and_not_if_they_touch(
    starts_after: int, expected: bool
) -> None:
    one, other = event(), event("Other", NOON + timedelta(minutes=starts_after), event_id="2")

    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


def test_a_whole_day_overlaps_nothing() -> None:
    assert not overlap(event("day", date(2026, 3, 5)), event())


def test_the_same_meeting_in_two_calendars_is_no_clash() -> None:
    copy = event("  sync ", event_id="2")

    assert same_meeting(event(), copy)
    assert not any(one.clashes for one in mark_clashes((entry(event()), entry(copy))))


@pytest.mark.parametrize(
    ("other", "clashes"),
    [
        (event("Other", event_id="2"), True),
        (event("Other", event_id="2", status=ParticipationStatus.NEEDS_ACTION), True),
        (event("Other", event_id="2", status=ParticipationStatus.DECLINED), False),
        (event("Other", event_id="2", obstacle=Obstacle.CANCELLED), False),
        (event("Other", NOON + HOUR, event_id="2"), False),
    ],
    ids=["accepted", "unanswered", "declined", "cancelled", "later"],
)
def test_clashes_are_marked_on_both_sides(other: Event, clashes: bool) -> None:
    marked = mark_clashes((entry(event()), entry(other)))

    assert [one.clashes for one in marked] == [clashes, clashes]


_MINUTES = st.integers(min_value=-3, max_value=12)
_EVENTS = st.lists(
    st.builds(
        lambda begins, length, title, offset, status, obstacle, whole: event(
            title,
            date(2026, 3, 5)
            if whole
            else (NOON + timedelta(minutes=begins)).astimezone(timezone(timedelta(hours=offset))),
            None if whole else NOON + timedelta(minutes=begins + length),
            status=status,
            obstacle=obstacle,
        ),
        _MINUTES,
        _MINUTES,
        st.sampled_from(["Sync", " sync ", "Other"]),
        st.integers(min_value=-11, max_value=14),
        st.sampled_from([ParticipationStatus.ACCEPTED, ParticipationStatus.DECLINED]),
        st.sampled_from([None, None, Obstacle.CANCELLED]),
        st.booleans(),
    ),
    max_size=9,
)


@given(_EVENTS)
def test_clashes_are_those_that_comparing_all_with_all_would_find(events: list[Event]) -> None:
    def takes_part(one: Event) -> bool:
        declined = one.my_status is ParticipationStatus.DECLINED
        return not declined and one.obstacle is not Obstacle.CANCELLED

    expected = [
        any(
            takes_part(one)
            and takes_part(other)
            and overlap(one, other)
            and not same_meeting(one, other)
            for other in events
        )
        for one in events
    ]

    marked = mark_clashes(tuple(map(entry, events)))

    assert [one.event for one in marked] == events
    assert [one.clashes for one in marked] == expected


def test_the_clashes_of_a_thousand_events_are_found_without_comparing_all_with_all() -> None:
    compared = 0

    class Counted(str):
        __slots__ = ()

        def casefold(self) -> str:
            nonlocal compared
            compared += 1
            return super().casefold()

    times = [NOON + timedelta(minutes=10 * number) for number in range(1000)]
    entries = [entry(event(Counted(number), at, at + HOUR)) for number, at in enumerate(times)]

    assert all(one.clashes for one in mark_clashes(tuple(entries)))
    assert compared <= 2 * len(entries)


@pytest.mark.parametrize("zone", [LOS_ANGELES, UTC, BERLIN, KIRITIMATI], ids=str)
def test_a_day_begins_and_ends_where_the_person_is(zone: tzinfo) -> None:
    first, end = date(2026, 3, 5), date(2026, 3, 6)
    midnights = [datetime.combine(day, time(), zone) for day in (first, end)]
    begins, over = (moment.astimezone(UTC) for moment in midnights)
    minute = timedelta(minutes=1)

    def is_there(starts_at: datetime | date, ends_at: datetime | date) -> bool:
        return touches(event("Sync", starts_at, ends_at), first, end, zone)

    assert is_there(begins - HOUR, begins + minute)
    assert is_there(begins, begins)
    assert is_there(over - minute, over + HOUR)
    assert not is_there(begins - HOUR, begins)
    assert not is_there(over, over + HOUR)
    assert is_there(first, first)
    assert is_there(date(2026, 3, 1), date.max)
    assert not is_there(end, end)
    assert not is_there(date(2026, 3, 4), date(2026, 3, 4))


def test_what_ended_is_off_and_what_takes_no_time_is_on_at_its_moment() -> None:
    ended, moment = event("ended", NOON - HOUR), event("moment", NOON, NOON)

    assert not still_on(ended, BERLIN, NOON)
    assert still_on(moment, BERLIN, NOON)
    assert still_on(event(), BERLIN, NOON)


def test_another_time_or_title_is_another_version_and_for_a_series_only_the_title() -> None:
    one = event()
    assert one.version == event(status=ParticipationStatus.DECLINED).version
    assert one.version != event("Sync!").version
    assert one.version != event(starts_at=NOON + HOUR).version
    assert one.version != event(ends_at=NOON + 2 * HOUR).version
