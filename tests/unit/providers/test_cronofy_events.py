import json
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.cronofy import api
from bot.clients.cronofy.api import CalendarRow
from bot.clients.cronofy.rows import EventRow
from bot.domain.listing import soonest_first, touches
from bot.domain.participation import Event, EventRef, Obstacle
from bot.domain.providers import Provider
from bot.providers.cronofy.events import as_event, by_uid, next_of, place_of
from bot.transport.messages import HttpResponse

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OWN = CalendarRow(
    calendar_id="cal_1",
    readonly=False,
    deleted=False,
    provider_name="google",
    provider_service="gsuite",
)
EVENT: Mapping[str, object] = {
    "event_uid": "evt_external_1",
    "calendar_id": "cal_1",
    "summary": "Planning",
    "start": "2026-03-05T14:00:00Z",
    "end": "2026-03-05T15:00:00Z",
    "participation_status": "needs_action",
    "status": "confirmed",
    "transparency": "opaque",
    "series_identifier": "series",
    "options": {"change_participation_status": True},
}


def read(*events: object) -> list[EventRow]:
    body = json.dumps({"events": events}).encode()
    return list(api.parse_events(HttpResponse(status=200, body=body)).events)


def event_of(row: EventRow, calendar: CalendarRow | None = OWN) -> Event:
    ref = EventRef(provider=Provider.CRONOFY, event_id=row.uid)
    return as_event(ref, row, calendar, shares_uid=False, now=NOW)


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({}, None),
        ({"status": "tentative"}, None),
        ({"status": None}, None),
        ({"status": ["cancelled"]}, None),
        ({"status": "cancelled"}, Obstacle.CANCELLED),
        # Whatever else stands in the way, this is what matters.
        ({"status": "cancelled", "options": {}}, Obstacle.CANCELLED),
        ({"status": "cancelled", "event_id": "1"}, Obstacle.CANCELLED),
        ({"event_id": "1"}, Obstacle.MANAGED_EVENT),
        ({"options": {"change_participation_status": False}}, Obstacle.NO_ANSWER_ALLOWED),
    ],
)
def test_why_an_event_cannot_be_answered(
    changes: dict[str, object], obstacle: Obstacle | None
) -> None:
    [row] = read({**EVENT, **changes})

    assert event_of(row).obstacle is obstacle


def test_a_calendar_that_the_account_does_not_show_is_only_read() -> None:
    [row] = read(EVENT)

    assert event_of(row, None).obstacle is Obstacle.READ_ONLY_CALENDAR


@pytest.mark.parametrize(
    ("said", "free"),
    [("transparent", True), ("opaque", False), ("unknown", False), (None, False), (True, False)],
)
def test_only_what_is_transparent_is_free(said: object, free: bool) -> None:
    [row] = read({**EVENT, "transparency": said})

    assert event_of(row).free is free


ANN = {"email": "ann@acme.example", "display_name": "Ann", "status": "accepted"}
BORIS = {"email": "boris@acme.example"}


@pytest.mark.parametrize(
    ("changes", "with_others"),
    [
        ({"attendees": [ANN, BORIS]}, True),
        ({"attendees": [BORIS, {"display_name": "Somebody"}], "organizer": ANN}, True),
        ({"attendees": [{"display_name": "One"}, {"display_name": "Two"}]}, True),
        # Nobody says who "me" is: one is the reader or, if somebody else invites, both are there.
        ({"attendees": [ANN]}, False),
        ({"attendees": [ANN], "organizer": {**ANN, "email": " Ann@ACME.example"}}, False),
        ({"attendees": [ANN], "organizer": BORIS}, True),
        ({"attendees": [ANN], "organizer": {"display_name": "Boris"}}, False),
        ({"attendees": [{"display_name": "Ann"}], "organizer": ANN}, False),
        ({"attendees": [ANN, ANN, {**ANN, "email": "ANN@acme.example"}]}, False),
        # A private "busy" has an organizer at most.
        ({}, False),
        ({"organizer": BORIS}, False),
        ({"attendees": [], "organizer": BORIS}, False),
        ({"attendees": None, "organizer": BORIS}, False),
        ({"attendees": {"0": ANN, "1": BORIS}, "organizer": BORIS}, False),
        ({"attendees": "ann@acme.example, boris@acme.example"}, False),
        ({"attendees": 2}, False),
        ({"attendees": [None, "boris@acme.example", 5, [], {}, True], "organizer": BORIS}, False),
        ({"attendees": [ANN, {"email": None}, {"email": 5, "display_name": ["x"]}]}, False),
        ({"attendees": [ANN], "organizer": "boris@acme.example"}, False),
        ({"attendees": [ANN], "organizer": {"email": 5}}, False),
    ],
)
def test_others_take_part_if_several_are_listed_or_another_has_invited_the_one(
    changes: dict[str, object], with_others: bool
) -> None:
    [row] = read({**EVENT, **changes})

    assert event_of(row).with_others is with_others


@pytest.mark.parametrize(
    ("said", "series"), [("s1", "s1"), ("", ""), (None, ""), (5, ""), ([], "")]
)
def test_an_occurrence_names_its_series(said: object, series: str) -> None:
    [row] = read({**EVENT, "series_identifier": said})

    assert event_of(row).series == series


@pytest.mark.parametrize(
    "times",
    [
        {"start": "2026-03-05"},
        {"end": "2026-03-06"},
        {"start": "0001-01-01", "end": "0001-01-01"},
        {"start": "9999-12-31", "end": "9999-12-31"},
        {"end": "9999-12-31T23:59:59-12:00"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"start": None},
    ],
)
def test_times_that_cannot_be_counted_with_leave_an_event_out(times: dict[str, object]) -> None:
    assert len(read(EVENT)) == 1
    assert read({**EVENT, **times}) == []


@pytest.mark.parametrize(
    "times",
    [
        {"start": None, "end": None},
        {"start": "2026-03-05"},
        {"start": "0000-12-29T00:00:00Z"},
        {"start": {}, "end": 5},
        {"end": "9999-12-31T23:59:59Z"},
    ],
)
def test_a_deleted_event_is_told_whatever_its_times(times: dict[str, object]) -> None:
    [row] = read({**EVENT, **times, "deleted": True})

    event = event_of(row)

    assert (event.ref.event_id, event.obstacle) == ("evt_external_1", Obstacle.CANCELLED)
    assert event.starts_at <= event.ends_at
    assert read({**EVENT, **times, "deleted": "true"}) == []
    assert read({**EVENT, **times, "deleted": True, "event_uid": None}) == []


def test_a_deleted_event_that_tells_its_times_has_them() -> None:
    [row] = read({**EVENT, "deleted": True})

    assert event_of(row).starts_at == datetime(2026, 3, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize("deleted_first", [False, True])
def test_what_is_deleted_and_there_at_once_is_there(deleted_first: bool) -> None:
    rows = read(EVENT, {**EVENT, "calendar_id": "cal_2", "deleted": True})

    found = by_uid(reversed(rows) if deleted_first else rows)

    assert [row.deleted for row in found["evt_external_1"]] == [False]


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ({"description": " Room 5 "}, "Room 5"),
        ({"description": "Room 5", "lat": "52.5", "long": "13.4"}, "Room 5"),
        ({"description": ""}, ""),
        ({"description": None}, ""),
        ({"description": ["Room 5"]}, ""),
        ({"lat": "52.5"}, ""),
        ({}, ""),
        (None, ""),
        ("Room 5", ""),
        (["Room 5"], ""),
    ],
)
def test_where_an_event_is_is_told_in_words(location: object, told: str) -> None:
    [row] = read({**EVENT, "location": location})
    [without] = read(EVENT)

    assert (event_of(row).location, event_of(without).location) == (told, "")


def test_rows_that_share_a_uid_are_put_together_soonest_first_and_each_once() -> None:
    later = {**EVENT, "start": "2026-03-12T14:00:00Z", "end": "2026-03-12T15:00:00Z"}
    other = {**EVENT, "event_uid": "evt_external_2"}

    found = by_uid(read(later, other, EVENT, later))

    assert {uid: [row.starts.day for row in rows] for uid, rows in found.items()} == {
        "evt_external_1": [5, 12],
        "evt_external_2": [5],
    }
    place = place_of(found["evt_external_1"], whole=False)
    assert (place.first, place.last) == (date(2026, 3, 5), date(2026, 3, 12))
    assert (place.shares_uid, place.whole) == (True, False)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), 5),
        (datetime(2026, 3, 5, 14, 59, tzinfo=UTC), 5),
        (datetime(2026, 3, 5, 15, tzinfo=UTC), 12),
        (datetime(2026, 4, 1, tzinfo=UTC), 12),
    ],
)
def test_the_next_of_a_series_is_the_first_that_is_not_over(now: datetime, day: int) -> None:
    rows = read(EVENT, {**EVENT, "start": "2026-03-12T14:00:00Z", "end": "2026-03-12T15:00:00Z"})

    assert next_of(rows, now).starts.day == day


_moments = (
    st.dates().map(str)
    | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
    | st.text()
    | st.none()
)
_words = st.none() | st.text() | st.integers() | st.sampled_from(["cancelled", "transparent"])
_people = _words | st.lists(
    _words | st.dictionaries(st.sampled_from(["email", "display_name"]), _words)
)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "start": _moments,
        "end": _moments,
        "status": _words,
        "transparency": _words,
        "series_identifier": _words,
        "participation_status": _words,
        "attendees": _people,
        "organizer": _people,
    },
)


@given(_changes)
def test_any_event_becomes_one_of_ours_or_is_left_out(changes: dict[str, object]) -> None:
    rows = read({**EVENT, **changes}, EVENT)

    events = soonest_first((event_of(row) for row in rows), UTC)

    assert len(events) == len(rows) in (1, 2)
    for event in events:
        touches(event, date(2026, 3, 1), date(2026, 4, 1), UTC)
    for same in by_uid(rows).values():
        place_of(same, whole=True)
