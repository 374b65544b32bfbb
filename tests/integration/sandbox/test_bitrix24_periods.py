"""Calendars at the portal emulator: the events of a period, series, and what comes next."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.bitrix24 import Portal
from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    DINA,
    PLANNING,
    SET,
    Site,
    running_site,
)

ADD = "calendar.event.add"
BY_ID = "calendar.event.getbyid"
PERIOD = "calendar.event.get"
NEAREST = "calendar.event.get.nearest"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        running.portal.quirks.language = "en"
        yield running


def _titles(rows: list[dict[str, Any]]) -> list[str]:
    return [row["NAME"] for row in rows]


async def test_a_period_lists_the_owners_rows_and_keeps_what_was_declined(site: Site) -> None:
    await site.call(SET, eventId=PLANNING, status="N")

    anns = (await site.call(PERIOD, type="user", ownerId=ANN)).result
    without_owner = (await site.call(PERIOD, type="user")).result
    boris = (await site.call(PERIOD, type="user", ownerId=BORIS)).result

    assert _titles(anns) == _titles(without_owner) == ["Dentist", "Planning"]
    assert [row["MEETING_STATUS"] for row in anns] == ["H", "N"]
    assert anns[1]["ID"] == str(site.child_of(PLANNING, ANN))
    assert [row["ID"] for row in boris] == ["651"]


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ({"from": "2026-03-04", "to": "2026-03-21"}, ["Dentist", "Planning"]),
        ({"from": "2026-03-04", "to": "2026-03-05"}, ["Dentist"]),
        # The last day is not included, so the same day twice is nothing at all.
        ({"from": "2026-03-04", "to": "2026-03-20"}, ["Dentist"]),
        ({"from": "2026-03-20", "to": "2026-03-20"}, []),
        ({"from": "2026-03-21", "to": "2026-03-04"}, []),
        ({"from": "2026-03-05", "to": "2026-03-20"}, []),
        ({"from": "2026-03-20T18:00:00+03:00", "to": "2026-03-21"}, ["Planning"]),
        # What is not ISO silently widens the period.
        ({"from": "04.03.2026", "to": "05.03.2026"}, ["Dentist", "Planning"]),
        ({"from": "tomorrow", "to": "2026-03-05"}, ["Dentist"]),
        ({"from": "2026-03-05", "to": "03/06/2026"}, ["Planning"]),
        ({}, ["Dentist", "Planning"]),
    ],
)
async def test_periods_are_open_at_their_end_and_wide_if_unreadable(
    site: Site, period: dict[str, str], found: list[str]
) -> None:
    path = site.portal.webhook_path(ANN) + PERIOD

    listed = await site.send(path, json_body={"type": "user", **period})

    assert _titles(listed.result) == found


async def test_the_same_day_twice_is_nothing_even_in_the_middle_of_an_event(site: Site) -> None:
    site.portal.add_meeting(
        host_id=DINA,
        name="Night shift",
        starts=datetime(2026, 3, 5, 22, tzinfo=UTC),
        ends=datetime(2026, 3, 6, 6, tzinfo=UTC),
    )
    period = {"type": "user", "from": "2026-03-06"}
    path = site.portal.webhook_path(DINA) + PERIOD

    same_day = await site.send(path, json_body={**period, "to": "2026-03-06"})
    next_day = await site.send(path, json_body={**period, "to": "2026-03-07"})

    assert (_titles(same_day.result), _titles(next_day.result)) == ([], ["Night shift"])


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [("Pacific/Kiritimati", "04 10:00", "05 10:00"), ("Pacific/Honolulu", "05 10:00", "06 10:00")],
)
async def test_a_periods_days_may_be_those_of_whoever_asks(
    site: Site, zone: str, first: str, last: str
) -> None:
    site.portal.quirks.days_of_caller = True
    site.portal.users[DINA].timezone = zone
    for hour in range(80):
        starts = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=hour)
        site.portal.add_meeting(host_id=DINA, name=f"{starts:%d %H:%M}", starts=starts, ends=starts)
    path = site.portal.webhook_path(DINA) + PERIOD

    day = await site.send(
        path, json_body={"type": "user", "from": "2026-03-05", "to": "2026-03-06"}
    )

    titles = _titles(day.result)
    assert (titles[0], len(titles)) == (first, 24)
    assert last not in titles


@pytest.mark.parametrize(("days", "found"), [(-31, []), (-29, ["Far"]), (89, ["Far"]), (91, [])])
async def test_without_dates_a_period_is_one_month_back_and_three_ahead(
    site: Site, days: int, found: list[str]
) -> None:
    starts = site.clock.now() + timedelta(days=days)
    site.portal.add_meeting(
        host_id=DINA, name="Far", starts=starts, ends=starts + timedelta(hours=1)
    )

    assert _titles((await site.call(PERIOD, who=DINA, type="user")).result) == found


async def test_a_period_without_a_type_is_refused(site: Site) -> None:
    assert (await site.call(PERIOD, ownerId=ANN)).error == (400, "")


async def test_a_groups_calendar_is_its_own(site: Site) -> None:
    site.portal.add_meeting(
        host_id=BORIS,
        guests=[ANN],
        group_id=ANN,
        name="Retrospective",
        starts=datetime(2026, 3, 5, 9, tzinfo=UTC),
        ends=datetime(2026, 3, 5, 10, tzinfo=UTC),
    )

    groups = (await site.call(PERIOD, type="group", ownerId=ANN)).result
    anns = (await site.call(PERIOD, type="user", ownerId=ANN)).result
    companys = (await site.call(PERIOD, type="company_calendar", ownerId=0)).result

    assert [(row["NAME"], row["CAL_TYPE"]) for row in groups] == [("Retrospective", "group")]
    assert [(row["NAME"], row["CAL_TYPE"]) for row in anns] == [
        ("Dentist", "user"),
        ("Retrospective", "user"),
        ("Planning", "user"),
    ]
    assert companys == []


def _series(portal: Portal, starts: datetime, **rule: object) -> int:
    return portal.add_meeting(
        host_id=BORIS,
        guests=[DINA],
        name="Series",
        starts=starts,
        ends=starts + timedelta(minutes=30),
        rrule=rule,
    )


MONDAY = datetime(2026, 3, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts", "rule", "days"),
    [
        (MONDAY, {"FREQ": "DAILY", "COUNT": 3}, ["03-02", "03-03", "03-04"]),
        (MONDAY, {"FREQ": "DAILY", "INTERVAL": 2, "COUNT": 3}, ["03-02", "03-04", "03-06"]),
        (
            MONDAY,
            {"FREQ": "WEEKLY", "BYDAY": {"MO": "MO", "WE": "WE"}, "COUNT": 4},
            ["03-02", "03-04", "03-09", "03-11"],
        ),
        (
            MONDAY,
            {"FREQ": "WEEKLY", "INTERVAL": 2, "BYDAY": {"FR": "FR"}, "COUNT": 2},
            ["03-06", "03-20"],
        ),
        (MONDAY, {"FREQ": "WEEKLY", "COUNT": 2}, ["03-02", "03-09"]),
        (
            MONDAY,
            {"FREQ": "WEEKLY", "UNTIL_TS": int(datetime(2026, 3, 16, 12, tzinfo=UTC).timestamp())},
            ["03-02", "03-09", "03-16"],
        ),
        (MONDAY, {"FREQ": "MONTHLY", "COUNT": 3}, ["03-02", "04-02", "05-02"]),
        (
            MONDAY - timedelta(days=365),
            {"FREQ": "YEARLY"},
            ["03-02"],
        ),
    ],
)
async def test_a_series_is_one_row_per_occurrence_all_with_the_same_number(
    site: Site, starts: datetime, rule: dict[str, object], days: list[str]
) -> None:
    number = _series(site.portal, starts, **rule)

    rows = (await site.call(PERIOD, who=DINA, type="user", ownerId=DINA)).result

    assert [
        datetime.fromtimestamp(int(row["DATE_FROM_TS_UTC"]), UTC).strftime("%m-%d") for row in rows
    ] == days
    assert {row["ID"] for row in rows} == {str(site.child_of(number, DINA))}
    assert {row["DT_LENGTH"] for row in rows} == {1800}
    assert {row["RRULE"]["FREQ"] for row in rows} == {rule["FREQ"]}


async def test_a_series_keeps_its_hour_when_the_clocks_change(site: Site) -> None:
    # Riga goes to summer time on 29 March.
    _series(site.portal, MONDAY + timedelta(days=21), FREQ="WEEKLY", COUNT=2)

    rows = (await site.call(PERIOD, who=DINA, type="user", ownerId=DINA)).result

    assert [row["DATE_FROM"][11:] for row in rows] == ["09:00:00 am", "09:00:00 am"]
    assert [row["TZ_OFFSET_FROM"] for row in rows] == ["7200", "10800"]


async def test_a_moved_occurrence_is_an_event_of_its_own(site: Site) -> None:
    series = _series(site.portal, MONDAY, FREQ="DAILY", COUNT=3)
    moved = site.portal.add_exception(
        series,
        on=date(2026, 3, 3),
        starts=datetime(2026, 3, 3, 15, tzinfo=UTC),
        ends=datetime(2026, 3, 3, 16, tzinfo=UTC),
    )

    rows = (await site.call(PERIOD, who=DINA, type="user", ownerId=DINA)).result

    assert [(row["PARENT_ID"], row["RECURRENCE_ID"], row["EXDATE"]) for row in rows] == [
        (str(series), None, "03/03/2026"),
        (str(moved), str(series), ""),
        (str(series), None, "03/03/2026"),
    ]


async def test_nearest_hides_what_was_declined_and_what_is_over(site: Site) -> None:
    past = site.clock.now() - timedelta(hours=2)
    site.portal.add_meeting(
        host_id=BORIS, guests=[ANN], name="Over", starts=past, ends=past + timedelta(hours=1)
    )
    site.portal.add_meeting(
        host_id=BORIS, guests=[ANN], name="Running", starts=past, ends=past + timedelta(hours=3)
    )

    before = (await site.call(NEAREST)).result
    await site.call(SET, eventId=PLANNING, status="N")
    after = (await site.call(NEAREST)).result
    boris = (await site.call(NEAREST, who=BORIS)).result

    assert _titles(before) == ["Running", "Dentist", "Planning"]
    assert _titles(after) == ["Running", "Dentist"]
    assert _titles(boris) == ["Running", "Planning"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["Dentist", "Planning"]),
        ({"days": 10}, ["Dentist"]),
        ({"days": 0}, ["Dentist", "Planning"]),
        ({"maxEventsCount": 1}, ["Dentist"]),
        ({"type": "user", "ownerId": BORIS}, ["Dentist", "Planning"]),
        ({"type": "user", "ownerId": BORIS, "forCurrentUser": True}, ["Dentist", "Planning"]),
        ({"type": "user", "ownerId": BORIS, "forCurrentUser": "N"}, ["Planning"]),
        ({"type": "user", "ownerId": BORIS, "forCurrentUser": False}, ["Planning"]),
        ({"ownerId": BORIS, "forCurrentUser": False}, ["Dentist", "Planning"]),
    ],
)
async def test_nearest_looks_into_the_callers_calendar_unless_told_otherwise(
    site: Site, params: dict[str, object], found: list[str]
) -> None:
    path = site.portal.webhook_path(ANN) + NEAREST

    assert _titles((await site.send(path, json_body=params)).result) == found


async def test_nearest_reaches_sixty_days_and_seventy_five_rows(site: Site) -> None:
    _series(site.portal, MONDAY + timedelta(days=1), FREQ="DAILY")

    in_sixty_days = (await site.call(NEAREST, who=DINA)).result
    in_a_year = (await site.call(NEAREST, who=DINA, days=365, maxEventsCount=100)).result

    # From tomorrow 7:00 to 9:00 sixty days from now.
    assert (len(in_sixty_days), len(in_a_year)) == (60, 75)


async def test_nearest_tells_times_in_the_callers_zone_and_drops_the_events_own(
    site: Site,
) -> None:
    [_dentist, planning] = (await site.call(NEAREST, detailUrl="/my/calendar/")).result
    [_again, elsewhere] = (await site.call(NEAREST)).result

    assert planning["DATE_FROM"] == "03/20/2026 02:00:00 pm"
    assert planning["~FROM_TO_HTML"] == "03/20/2026 02:00:00 pm - 03/20/2026 03:00:00 pm"
    assert (planning["DT_FROM_TS"], planning["DT_TO_TS"]) == (1774011600, 1774015200)
    number = site.child_of(PLANNING, ANN)
    assert planning["~URL"] == f"/my/calendar/?EVENT_ID={number}"
    assert elsewhere["~URL"] == f"/company/personal/user/{ANN}/calendar/?EVENT_ID={number}"
    gone = {"TZ_FROM", "TZ_TO", "TZ_OFFSET_FROM", "TZ_OFFSET_TO"}
    assert gone.isdisjoint(planning)
    assert planning["DATE_FROM_TS_UTC"] == "1774011600"
