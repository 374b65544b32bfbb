from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.bitrix24 import calendar
from bot.domain.listing import soonest_first, touches
from bot.domain.participation import Event, EventRef, Obstacle, ParticipationStatus
from bot.domain.providers import Provider
from bot.errors import ProviderProtocolError
from bot.providers.bitrix24.events import Reader, event_alone, events_of_list

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN = Reader(user_id="7", origin="https://acme.bitrix24.com")
ROW: Mapping[str, object] = {
    "ID": "652",
    "PARENT_ID": "651",
    "OWNER_ID": "7",
    "NAME": "Planning",
    "DATE_FROM_TS_UTC": "1774011600",
    "DATE_TO_TS_UTC": "1774015200",
    "DT_SKIP_TIME": "N",
    "IS_MEETING": True,
    "MEETING_STATUS": "Q",
    "MEETING_HOST": "1",
    "ACCESSIBILITY": "busy",
    "ATTENDEE_LIST": [
        {"id": 1, "entryId": "651", "status": "H"},
        {"id": 7, "entryId": "652", "status": "Q"},
    ],
}


def listed(**changes: object) -> list[Event]:
    return list(events_of_list(calendar.parse_events([{**ROW, **changes}]), ANN, NOW))


def test_an_own_row_is_named_by_the_id_that_everybody_of_the_meeting_has() -> None:
    [event] = listed()

    assert event.ref == EventRef(provider=Provider.BITRIX24, event_id="651")
    assert event.url == "https://acme.bitrix24.com/company/personal/user/7/calendar/?EVENT_ID=651"
    assert (event.my_status, event.obstacle) == (ParticipationStatus.NEEDS_ACTION, None)


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({"IS_MEETING": False}, Obstacle.NOT_A_MEETING),
        ({"MEETING_STATUS": "H"}, Obstacle.ORGANIZER),
        # Its row no longer says so, but it is theirs.
        ({"MEETING_HOST": "7", "MEETING_STATUS": "Y"}, Obstacle.ORGANIZER),
        ({"ATTENDEE_LIST": [{"id": 1, "status": "H"}]}, Obstacle.NOT_INVITED),
        ({"MEETING_STATUS": None}, Obstacle.NOT_INVITED),
        ({"ATTENDEE_LIST": None}, None),
        ({"ATTENDEE_LIST": []}, None),
        ({"MEETING_STATUS": "N"}, None),
    ],
)
def test_who_may_answer_is_seen_from_the_row(
    changes: dict[str, object], obstacle: Obstacle | None
) -> None:
    [event] = listed(**changes)

    assert event.obstacle is obstacle


@pytest.mark.parametrize(
    "changes",
    [
        # Masked: its title is the portal's word for "busy".
        {"IS_ACCESSIBLE_TO_USER": False},
        {"OWNER_ID": "8"},
        # No one could type these.
        {"PARENT_ID": "abc"},
        {"PARENT_ID": "-651"},
        {"PARENT_ID": "651/../1"},
        {"PARENT_ID": "٦٥١"},
    ],
)
def test_what_is_hidden_or_not_theirs_or_cannot_be_named_is_left_out(
    changes: dict[str, object],
) -> None:
    assert len(listed()) == 1
    assert listed(**changes) == []


@pytest.mark.parametrize("status", ["X", "yes", "ж"])
def test_an_unknown_letter_is_a_status_that_nobody_knows(status: str) -> None:
    [event] = listed(MEETING_STATUS=status)

    assert event.my_status is ParticipationStatus.UNKNOWN


@pytest.mark.parametrize(
    ("said", "free"), [("free", True), ("busy", False), ("FREE?", False), (None, False), (1, False)]
)
def test_only_the_word_free_is_free(said: object, free: bool) -> None:
    assert [event.free for event in listed(ACCESSIBILITY=said)] == [free]


@pytest.mark.parametrize(
    ("changes", "with_others"),
    [
        ({}, True),
        ({"ATTENDEE_LIST": [{"id": 7, "status": "Q"}, {"id": 8, "status": "N"}]}, True),
        # The list may hide the other guests, but somebody has invited the reader.
        ({"ATTENDEE_LIST": [{"id": 7, "status": "Q"}]}, True),
        ({"ATTENDEE_LIST": None}, True),
        ({"ATTENDEE_LIST": "7"}, True),
        ({"ATTENDEE_LIST": [], "MEETING_HOST": "7"}, False),
        ({"ATTENDEE_LIST": None, "MEETING_HOST": 7}, False),
        ({"ATTENDEE_LIST": None, "MEETING_HOST": None}, False),
        ({"ATTENDEE_LIST": None, "MEETING_HOST": "0"}, False),
        ({"ATTENDEE_LIST": [{"id": "7"}, {"id": None}, 8, "8", {}], "MEETING_HOST": "7"}, False),
        ({"ATTENDEE_LIST": {"1": {"id": "8"}}, "MEETING_HOST": "7"}, True),
        ({"MEETING_HOST": "7"}, True),
        # A leftover of what it once was.
        ({"IS_MEETING": False}, False),
        ({"IS_MEETING": "N"}, False),
    ],
)
def test_others_take_part_in_a_meeting_that_lists_them_or_has_another_host(
    changes: dict[str, object], with_others: bool
) -> None:
    [row] = calendar.parse_events([{**ROW, **changes}])
    ref = EventRef(provider=Provider.BITRIX24, event_id="651")
    alone = event_alone(ref, row, ANN, letter="Q", upcoming=None, now=NOW)

    assert [event.with_others for event in listed(**changes)] == [with_others]
    assert alone.with_others is with_others


@pytest.mark.parametrize("offset", ["99999999999999", "-99999999999999", "x", None, 86401])
def test_an_offset_that_no_zone_has_is_none(offset: object) -> None:
    [event] = listed(DT_SKIP_TIME="Y", TZ_OFFSET_FROM=offset, TZ_OFFSET_TO=offset)

    assert (event.starts_at, event.ends_at, event.over) == (
        date(2026, 3, 20),
        date(2026, 3, 20),
        False,
    )


def test_an_occurrence_names_its_series_and_a_single_event_none() -> None:
    [occurrence] = listed(RRULE={"FREQ": "WEEKLY"})
    [single] = listed(RRULE="")

    assert (occurrence.series, occurrence.recurring) == ("651", True)
    assert (single.series, single.recurring) == ("", False)


@pytest.mark.parametrize(
    ("user_id", "parent_id", "page"),
    [
        ("7", "651", "/company/personal/user/7/calendar/?EVENT_ID=651"),
        ("../..", "1&x=2#y", "/company/personal/user/..%2F../calendar/?EVENT_ID=1%26x%3D2%23y"),
    ],
)
def test_nothing_leads_out_of_an_events_page(user_id: str, parent_id: str, page: str) -> None:
    [row] = calendar.parse_events([{**ROW, "PARENT_ID": parent_id}])

    assert Reader(user_id=user_id, origin="https://a.example").page_of(row) == (
        "https://a.example" + page
    )
    assert Reader(user_id=user_id, origin="").page_of(row) == ""


_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.integers(-(10**12), 10**12).map(str)
    | st.lists(st.integers() | st.dictionaries(st.sampled_from(["id", "status"]), st.integers()))
)


@given(st.dictionaries(st.sampled_from([*ROW, "RRULE", "TZ_OFFSET_FROM", "TZ_OFFSET_TO"]), _values))
def test_any_row_becomes_an_event_or_is_left_out_or_refused(changes: dict[str, object]) -> None:
    try:
        rows = calendar.parse_events([{**ROW, **changes}, dict(ROW)])
    except ProviderProtocolError:
        return
    events = soonest_first(events_of_list(rows, ANN, NOW), UTC)
    assert len(events) in (1, 2)
    for event in events:
        touches(event, date(2026, 3, 1), date(2026, 4, 1), UTC)
    for row in rows:
        event_alone(events[0].ref, row, ANN, letter="Q", upcoming=None, now=NOW)
