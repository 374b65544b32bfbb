"""Events at the portal emulator: one as it is delivered, who may see it, and new ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    CARL,
    DENTIST,
    DINA,
    GET,
    OLGA,
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


async def test_an_attendees_copy_has_the_fields_and_types_of_the_vendors(site: Site) -> None:
    boris, ann, carl = PLANNING, site.child_of(PLANNING, ANN), site.child_of(PLANNING, CARL)

    event = (await site.call(BY_ID, id=ann)).result

    assert event == {
        "ID": str(ann),
        "PARENT_ID": "651",
        "DELETED": "N",
        "CAL_TYPE": "user",
        "OWNER_ID": "7",
        "CREATED_BY": "7",
        "NAME": "Planning",
        "LOCATION": "",
        "DATE_FROM": "03/20/2026 03:00:00 pm",
        "DATE_TO": "03/20/2026 04:00:00 pm",
        "DATE_FROM_FORMATTED": "Fri Mar 20 2026 15:00:00",
        "DATE_TO_FORMATTED": "Fri Mar 20 2026 16:00:00",
        "TZ_FROM": "Europe/Riga",
        "TZ_TO": "Europe/Riga",
        "TZ_OFFSET_FROM": "7200",
        "TZ_OFFSET_TO": "7200",
        "DATE_FROM_TS_UTC": "1774011600",
        "DATE_TO_TS_UTC": "1774015200",
        "DT_SKIP_TIME": "N",
        "DT_LENGTH": 3600,
        "IS_MEETING": True,
        "MEETING_STATUS": "Q",
        "MEETING_HOST": "1",
        "MEETING": {
            "HOST_NAME": "Boris Hill",
            "NOTIFY": True,
            "REINVITE": False,
            "ALLOW_INVITE": False,
            "HIDE_GUESTS": False,
            "MEETING_CREATOR": 1,
            "LANGUAGE_ID": "en",
            "MAIL_FROM": "",
        },
        "RRULE": "",
        "EXDATE": "",
        "RECURRENCE_ID": None,
        "ACCESSIBILITY": "busy",
        "IMPORTANCE": "normal",
        "PRIVATE_EVENT": "",
        "ATTENDEES_CODES": ["U1", "U7", "U3"],
        "ATTENDEE_LIST": [
            {"id": 1, "entryId": str(boris), "status": "H"},
            {"id": 7, "entryId": str(ann), "status": "Q"},
            {"id": 3, "entryId": str(carl), "status": "Q"},
        ],
        "attendeesEntityList": [
            {"entityId": "user", "id": 1},
            {"entityId": "user", "id": 7},
            {"entityId": "user", "id": 3},
        ],
        "~USER_OFFSET_FROM": 0,
        "~USER_OFFSET_TO": 0,
    }


async def test_a_number_tells_whose_row_is_shown_not_who_asks(site: Site) -> None:
    site.portal.rows[site.child_of(PLANNING, CARL)].status = "N"

    parents = (await site.call(BY_ID, id=PLANNING)).result
    carls = (await site.call(BY_ID, id=site.child_of(PLANNING, CARL))).result

    assert (parents["ID"], parents["OWNER_ID"], parents["MEETING_STATUS"]) == ("651", "1", "H")
    assert (carls["OWNER_ID"], carls["MEETING_STATUS"]) == ("3", "N")


@pytest.mark.parametrize(
    ("language", "starts", "ends"),
    [
        ("ru", "20.03.2026 15:00:00", "21.03.2026 00:30:00"),
        ("en", "03/20/2026 03:00:00 pm", "03/21/2026 12:30:00 am"),
    ],
)
async def test_dates_come_in_the_portals_culture(
    site: Site, language: str, starts: str, ends: str
) -> None:
    site.portal.quirks.language = language
    site.portal.rows[PLANNING].ends += 8 * 3600 + 1800

    event = (await site.call(BY_ID, id=PLANNING)).result

    assert (event["DATE_FROM"], event["DATE_TO"]) == (starts, ends)


async def test_noon_is_written_pm(site: Site) -> None:
    site.portal.rows[PLANNING].starts -= 3 * 3600

    event = (await site.call(BY_ID, id=PLANNING)).result

    assert event["DATE_FROM"] == "03/20/2026 12:00:00 pm"


async def test_whoever_was_removed_is_on_the_list_no_more(site: Site) -> None:
    site.portal.rows[site.child_of(PLANNING, ANN)].deleted = True

    event = (await site.call(BY_ID, id=PLANNING)).result

    assert [entry["id"] for entry in event["ATTENDEE_LIST"]] == [BORIS, CARL]


async def test_what_is_no_meeting_has_no_attendees(site: Site) -> None:
    event = (await site.call(BY_ID, id=DENTIST)).result

    assert (event["IS_MEETING"], event["ATTENDEE_LIST"]) == (False, [])


@pytest.mark.parametrize("missing", [None, False, [], {}])
async def test_an_event_that_is_not_there_is_told_in_one_of_four_ways(
    site: Site, missing: object
) -> None:
    site.portal.quirks.missing_event = missing
    site.portal.rows[DENTIST].deleted = True

    for number in (99999, DENTIST, "abc"):
        assert (await site.call(BY_ID, id=number)).result == missing


@pytest.mark.parametrize("number", [None, "", 0, "0"])
async def test_no_number_is_refused(site: Site, number: object) -> None:
    assert (await site.call(BY_ID, id=number)).error == (400, "")


async def test_a_private_event_is_masked_for_others_or_not_there(site: Site) -> None:
    for row in site.portal.rows.values():
        row.private = True

    to_ann = (await site.call(BY_ID, id=PLANNING)).result
    to_dina = (await site.call(BY_ID, who=DINA, id=PLANNING)).result
    in_list = (await site.call(PERIOD, who=DINA, type="user", ownerId=BORIS)).result
    site.portal.quirks.hides_private = True
    hidden = (await site.call(BY_ID, who=DINA, id=PLANNING)).result
    site.portal.quirks.language = "ru"
    in_russian = (await site.call(PERIOD, who=DINA, type="user", ownerId=BORIS)).result

    assert to_ann["NAME"] == "Planning"
    assert (to_dina["NAME"], to_dina["IS_ACCESSIBLE_TO_USER"]) == ("[busy]", False)
    assert "ATTENDEE_LIST" not in to_dina
    assert (_titles(in_list), _titles(in_russian)) == (["[busy]"], ["[занят]"])
    assert hidden is None


@pytest.mark.parametrize(("name", "params"), [(BY_ID, {"id": 651}), (PERIOD, {"type": "user"})])
async def test_guests_of_the_company_see_no_events(
    site: Site, name: str, params: dict[str, object]
) -> None:
    path = site.portal.webhook_path(OLGA) + name

    refused = await site.send(path, json_body=params)

    assert refused.error == (400, "")
    assert refused.json()["error_description"] == "Access denied"


def _wish(**changes: object) -> dict[str, object]:
    """What it takes to make a meeting of Ann's with Boris and Carl."""
    wish: dict[str, object] = {
        "type": "user",
        "ownerId": ANN,
        "name": "Lunch",
        "from": "2026-03-06T12:00:00",
        "to": "2026-03-06T13:00:00",
        "is_meeting": "Y",
        "attendees": [ANN, BORIS, str(CARL), 99, BORIS],
        "meeting": {"notify": True, "allow_invite": True},
    } | changes
    return {name: value for name, value in wish.items() if value is not None}


async def _add(site: Site, **changes: object) -> dict[str, Any]:
    path = site.portal.webhook_path(ANN) + ADD
    number = (await site.send(path, json_body=_wish(**changes))).result
    assert isinstance(number, int)
    event = (await site.call(BY_ID, id=number)).result
    assert event["ID"] == event["PARENT_ID"] == str(number)
    assert isinstance(event, dict)
    return event


async def test_a_new_meeting_has_its_caller_as_organizer_and_can_be_answered(
    site: Site,
) -> None:
    event = await _add(site)

    number = int(event["ID"])
    assert site.statuses(number) == {ANN: "H", BORIS: "Q", CARL: "Q"}
    assert len(event["ATTENDEE_LIST"]) == 3
    assert (event["NAME"], event["MEETING_HOST"]) == ("Lunch", str(ANN))
    assert (event["MEETING"]["NOTIFY"], event["MEETING"]["ALLOW_INVITE"]) == (True, True)
    assert (event["MEETING"]["REINVITE"], event["MEETING"]["HIDE_GUESTS"]) == (False, False)
    await site.call(SET, who=BORIS, eventId=number, status="Y")
    assert (await site.call(GET, who=BORIS, eventId=number)).result == "Y"
    assert [(told.from_user, told.to_user) for told in site.portal.notices] == [(BORIS, ANN)]
    assert len(site.portal.writes(ADD)) == 1


@pytest.mark.parametrize("options", [{"is_meeting": None}, {"is_meeting": "N"}])
async def test_what_is_not_said_to_be_a_meeting_is_none(
    site: Site, options: dict[str, object]
) -> None:
    event = await _add(site, **options)

    assert event["IS_MEETING"] is False
    assert (await site.call(GET, eventId=event["ID"])).error == (400, "")


@pytest.mark.parametrize(
    ("changes", "starts", "zone"),
    [
        ({}, "2026-03-06T11:00:00+00:00", "Europe/Berlin"),
        ({"timezone_from": "Europe/Riga"}, "2026-03-06T10:00:00+00:00", "Europe/Riga"),
        ({"timezone_from": "Mars/Base"}, "2026-03-06T11:00:00+00:00", "Europe/Berlin"),
        (
            {"from": "2026-03-06T12:00:00Z", "timezone_from": "Europe/Riga"},
            "2026-03-06T12:00:00+00:00",
            "Europe/Riga",
        ),
        ({"from": "2026-03-06T12:00:00+05:00"}, "2026-03-06T07:00:00+00:00", "Europe/Berlin"),
        ({"from": None, "from_ts": 1772791200}, "2026-03-06T10:00:00+00:00", "Europe/Berlin"),
    ],
)
async def test_times_are_in_the_zone_that_the_text_the_event_or_the_caller_has(
    site: Site, changes: dict[str, object], starts: str, zone: str
) -> None:
    event = await _add(site, **changes)

    held = datetime.fromtimestamp(int(event["DATE_FROM_TS_UTC"]), UTC).isoformat()
    assert (held, event["TZ_FROM"]) == (starts, zone)


@pytest.mark.parametrize(
    ("said", "held"), [(None, "busy"), ("free", "free"), ("absent", "absent"), ("quest", "quest")]
)
async def test_an_event_says_whether_its_people_are_busy(
    site: Site, said: str | None, held: str
) -> None:
    event = await _add(site, accessibility=said)

    [listed] = [
        row
        for row in (await site.call(PERIOD, type="user", ownerId=ANN)).result
        if row["ID"] == event["ID"]
    ]
    assert event["ACCESSIBILITY"] == listed["ACCESSIBILITY"] == held


async def test_an_event_says_where_it_is_and_what_is_hidden_about_it(site: Site) -> None:
    plain = await _add(site)
    hidden = await _add(
        site, location="Room 5", private_event="Y", meeting={"hide_guests": True, "notify": "N"}
    )

    assert (plain["LOCATION"], plain["PRIVATE_EVENT"]) == ("", "")
    assert plain["MEETING"]["HIDE_GUESTS"] is False
    assert (hidden["LOCATION"], hidden["PRIVATE_EVENT"]) == ("Room 5", "1")
    assert (hidden["MEETING"]["HIDE_GUESTS"], hidden["MEETING"]["NOTIFY"]) == (True, False)
    masked = (await site.call(BY_ID, who=DINA, id=hidden["ID"])).result
    assert masked["IS_ACCESSIBLE_TO_USER"] is False
    assert "LOCATION" not in masked


async def test_an_event_of_whole_days_is_counted_to_its_last_day(site: Site) -> None:
    event = await _add(site, skip_time="Y", **{"from": "2026-03-14", "to": "2026-03-15"})

    assert (event["DT_SKIP_TIME"], event["DT_LENGTH"]) == ("Y", 2 * 86400)
    assert event["DATE_FROM"].startswith("03/14/2026")
    assert event["DATE_TO"].startswith("03/15/2026")


async def test_a_form_can_make_a_series(site: Site) -> None:
    made = await site.send(
        site.portal.webhook_path(DINA) + ADD,
        data={
            "type": "user",
            "ownerId": "0",
            "name": "Gym",
            "from": "2026-03-03T18:00:00",
            "to": "2026-03-03T19:00:00",
            "rrule[FREQ]": "WEEKLY",
            "rrule[INTERVAL]": "1",
            "rrule[BYDAY][0]": "TU",
            "rrule[BYDAY][1]": "TH",
            "rrule[UNTIL]": "2026-03-12",
        },
    )

    rows = (await site.call(PERIOD, who=DINA, type="user")).result
    assert {row["ID"] for row in rows} == {str(made.result)}
    assert [row["DATE_FROM"][:10] for row in rows] == [
        "03/03/2026",
        "03/05/2026",
        "03/10/2026",
        "03/12/2026",
    ]
    assert rows[0]["RRULE"]["BYDAY"] == {"TU": "TU", "TH": "TH"}


async def test_a_weekly_series_without_days_is_stored_as_mondays_and_never_listed(
    site: Site,
) -> None:
    event = await _add(site, rrule={"FREQ": "WEEKLY", "COUNT": "5"})

    assert event["RRULE"] == {"FREQ": "WEEKLY", "COUNT": 5, "BYDAY": {"MO": "MO"}}
    assert "Lunch" not in _titles((await site.call(PERIOD, type="user")).result)
    assert "Lunch" not in _titles((await site.call(NEAREST)).result)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        *(
            ({name: None}, f'The required parameter "{name}" for the method "{ADD}" is not set')
            for name in ("type", "ownerId", "name", "from", "to")
        ),
        (
            {"auto_detect_section": "N"},
            f'The required parameter "section" for the method "{ADD}" is not set',
        ),
        ({"from": "06.03.2026"}, 'Invalid value of the parameter "from"'),
        ({"to": "later"}, 'Invalid value of the parameter "to"'),
        ({"ownerId": BORIS}, "Access denied"),
        ({"type": "group"}, "Access denied"),
    ],
)
async def test_a_new_event_without_the_required_is_refused(
    site: Site, changes: dict[str, object], text: str
) -> None:
    held = set(site.portal.rows)

    refused = await site.send(site.portal.webhook_path(ANN) + ADD, json_body=_wish(**changes))

    assert refused.error == (400, "")
    assert refused.json()["error_description"] == text
    assert set(site.portal.rows) == held


@pytest.mark.parametrize("changes", [{"ownerId": 0}, {"auto_detect_section": "Y"}])
async def test_a_new_event_needs_no_more_than_the_required(
    site: Site, changes: dict[str, object]
) -> None:
    assert (await _add(site, **changes))["NAME"] == "Lunch"


@pytest.mark.parametrize("section", [{"section": 4}, {"section": 4, "auto_detect_section": "N"}])
async def test_a_section_may_be_named(site: Site, section: dict[str, object]) -> None:
    assert (await _add(site, **section))["NAME"] == "Lunch"
