"""Reading events at the Cronofy emulator: parameters, the forms of a time, the window, paging."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.sandbox.cronofy import Event
from tests.integration.sandbox.cronofy_site import (
    ANN,
    BORIS_CALENDAR,
    BORIS_TOKEN,
    EXCHANGE,
    GOOGLE,
    REVIEW,
    Site,
    invitation,
    running_site,
)

UTC_ZONE = ("tzid", "Etc/UTC")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.mark.parametrize(
    ("pairs", "name", "key"),
    [
        ([], "tzid", "errors.required"),
        ([("tzid", "Mars/Olympus")], "tzid", "errors.unrecognized"),
        ([("tzid", "../UTC")], "tzid", "errors.unrecognized"),
        ([UTC_ZONE, ("include_deleted", "True")], "include_deleted", "errors.must_be_boolean"),
        ([UTC_ZONE, ("localized_times", "1")], "localized_times", "errors.must_be_boolean"),
        ([UTC_ZONE, ("from", "tomorrow")], "from", "errors.invalid"),
        ([UTC_ZONE, ("to", "2026-02-30")], "to", "errors.invalid"),
        ([UTC_ZONE, ("last_modified", "2026-03-02T09:00:00")], "last_modified", "errors.invalid"),
        (
            [UTC_ZONE, ("last_modified", "2026-03-02T09:00:00.250Z")],
            "last_modified",
            "errors.invalid",
        ),
        (
            [UTC_ZONE, ("calendar_ids[]", GOOGLE), ("calendar_ids[]", BORIS_CALENDAR)],
            "calendar_ids",
            "errors.invalid_calendar_ids",
        ),
    ],
)
async def test_a_parameter_that_cannot_be_understood_is_named(
    site: Site, pairs: list[tuple[str, str]], name: str, key: str
) -> None:
    refused = await site.get("/v1/events", *pairs)

    assert refused.status == 422
    errors = refused.json()["errors"]
    assert list(errors) == [name]
    assert errors[name][0]["key"] == key


async def test_reading_needs_a_token_and_a_scope_that_allows_it(site: Site) -> None:
    scopes = {"read_events": 200, "read_write": 200, "change_participation_status": 403}

    statuses = {
        scope: (
            await site.get("/v1/events", UTC_ZONE, token=site.cronofy.issue_token(ANN, [scope]))
        ).status
        for scope in scopes
    }

    assert statuses == scopes
    assert (await site.get("/v1/events", UTC_ZONE, token=None)).status == 401
    expired = site.cronofy.issue_token(ANN, expires_in=0)
    assert (await site.get("/v1/events", UTC_ZONE, token=expired)).status == 401


async def test_an_event_has_the_documented_fields(site: Site) -> None:
    event = (await site.events())["Review"]

    assert event == {
        "calendar_id": GOOGLE,
        "event_uid": REVIEW,
        "summary": "Review",
        "description": "",
        "start": "2026-03-03T09:00:00Z",
        "end": "2026-03-03T10:00:00Z",
        "deleted": False,
        "created": "2026-03-01T09:00:00Z",
        "updated": "2026-03-01T09:00:00Z",
        "participation_status": "needs_action",
        "attendees": [
            {"email": "ann@acme.example", "display_name": "Ann", "status": "needs_action"},
            {"email": "boris@acme.example", "status": "accepted"},
        ],
        "organizer": {"email": "boris@acme.example", "display_name": "Boris"},
        "transparency": "opaque",
        "status": "confirmed",
        "categories": [],
        "recurring": False,
        "event_private": False,
        "options": {"delete": False, "update": False, "change_participation_status": True},
    }


@pytest.mark.parametrize(
    ("start", "tzid", "plain", "localized"),
    [
        (
            datetime(2026, 3, 5, 9, 0, tzinfo=UTC),
            "Europe/Paris",
            "2026-03-05T09:00:00Z",
            {"time": "2026-03-05T10:00:00+01:00", "tzid": "Europe/Paris"},
        ),
        (
            datetime(2026, 3, 5, 9, 0, tzinfo=UTC),
            "",
            "2026-03-05T09:00:00Z",
            {"time": "2026-03-05T09:00:00Z", "tzid": "Etc/UTC"},
        ),
        (
            date(2026, 3, 5),
            "Asia/Yekaterinburg",
            "2026-03-05",
            {"time": "2026-03-05", "tzid": "Asia/Yekaterinburg"},
        ),
    ],
)
async def test_a_start_is_a_day_or_utc_or_localized(
    site: Site, start: date, tzid: str, plain: str, localized: object
) -> None:
    site.cronofy.add_event(
        Event(
            calendar_id=GOOGLE,
            summary="Trip",
            start=start,
            end=start + timedelta(days=2),
            tzid=tzid,
        )
    )

    assert (await site.events())["Trip"]["start"] == plain
    assert (await site.events(("localized_times", "true")))["Trip"]["start"] == localized


@pytest.mark.parametrize(
    ("days", "shown"), [(-44, False), (-42, True), (-1, True), (200, True), (201, False)]
)
async def test_only_the_sync_window_is_known_whatever_dates_are_asked_for(
    site: Site, days: int, shown: bool
) -> None:
    site.cronofy.add_event(invitation(site.clock, title="Edge", days=days))

    assert ("Edge" in await site.events()) is shown
    assert ("Edge" in await site.events(("from", "2020-01-01"), ("to", "2030-01-01"))) is shown


@pytest.mark.parametrize(
    ("pair", "refused"),
    [
        (("from", "2026-01-19"), False),
        (("from", "2026-01-18"), True),
        (("to", "2026-09-19"), False),
        (("to", "2026-09-20"), True),
    ],
)
async def test_dates_outside_the_sync_window_may_be_refused(
    site: Site, pair: tuple[str, str], refused: bool
) -> None:
    cut = await site.get("/v1/events", UTC_ZONE, pair)
    site.cronofy.quirks.refuses_far_dates = True

    answered = await site.get("/v1/events", UTC_ZONE, pair)

    assert cut.status == 200
    assert answered.status == (422 if refused else 200)
    if refused:
        assert list(answered.json()["errors"]) == [pair[0]]


async def test_from_is_inclusive_and_to_exclusive_in_the_zone_of_the_request(site: Site) -> None:
    # 3 March 09:00 to 10:00 in UTC is 23:00 to midnight in Kiritimati: it ends on the 4th there.
    def asked(zone: str, from_day: str, to_day: str) -> list[tuple[str, str]]:
        return [("tzid", zone), ("from", from_day), ("to", to_day)]

    windows = [
        (asked("Etc/UTC", "2026-03-03", "2026-03-04"), True),
        (asked("Etc/UTC", "2026-03-02", "2026-03-03"), False),
        (asked("Etc/UTC", "2026-03-04", "2026-03-05"), False),
        (asked("Pacific/Kiritimati", "2026-03-04", "2026-03-05"), True),
        (asked("Pacific/Kiritimati", "2026-03-05", "2026-03-06"), False),
        (asked("Etc/UTC", "2026-03-03T08:00:00Z", "2026-03-04T08:00:00Z"), True),
    ]
    for pairs, shown in windows:
        found = await site.get("/v1/events", *pairs)
        assert found.status == 200
        assert bool(found.json()["events"]) is shown, pairs


async def test_deleted_and_managed_events_come_only_if_asked_for(site: Site) -> None:
    gone = invitation(site.clock, title="Gone")
    gone.deleted = True
    site.cronofy.add_event(gone)
    site.cronofy.add_event(invitation(site.clock, title="Ours", event_uid="evt_partner_42"))
    site.cronofy.add_event(
        invitation(site.clock, title="Ours, far off", event_uid="evt_partner_43", days=400)
    )

    assert set(await site.events()) == {"Review"}
    assert set(await site.events(("include_deleted", "true"))) == {"Review", "Gone"}
    managed = await site.events(("include_managed", "true"))
    assert set(managed) == {"Review", "Ours", "Ours, far off"}
    assert managed["Ours"]["event_id"] == "42"
    bounded = await site.events(("include_managed", "true"), ("to", "2030-01-01"))
    assert set(bounded) == {"Review", "Ours"}
    no_scope = site.cronofy.issue_token(ANN, ["create_event"])
    only = await site.get("/v1/events", UTC_ZONE, ("only_managed", "true"), token=no_scope)
    assert {event["summary"] for event in only.json()["events"]} == {"Ours", "Ours, far off"}


async def test_calendars_narrow_the_list_and_others_events_are_never_in_it(site: Site) -> None:
    site.cronofy.add_event(invitation(site.clock, title="Dinner", calendar_id=EXCHANGE))
    site.cronofy.add_event(invitation(site.clock, title="His", calendar_id=BORIS_CALENDAR))

    assert set(await site.events()) == {"Review", "Dinner"}
    assert set(await site.events(("calendar_ids[]", EXCHANGE))) == {"Dinner"}
    both = [("calendar_ids[]", EXCHANGE), ("calendar_ids[]", GOOGLE)]
    assert set(await site.events(*both)) == {"Review", "Dinner"}


async def test_a_profile_that_is_still_syncing_and_a_deleted_calendar_show_nothing(
    site: Site,
) -> None:
    site.cronofy.add_event(invitation(site.clock, title="Dinner", calendar_id=EXCHANGE))
    site.cronofy.profiles["pro_2"].initial_sync_required = True
    assert set(await site.events()) == {"Review"}

    site.cronofy.calendars[GOOGLE].deleted = True

    assert await site.events() == {}


async def test_last_modified_is_inclusive(site: Site) -> None:
    site.cronofy.events[REVIEW][0].updated = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    assert "Review" in await site.events(("last_modified", "2026-03-01T12:00:00Z"))
    assert "Review" not in await site.events(("last_modified", "2026-03-01T12:00:01Z"))


async def test_events_can_be_as_odd_as_the_vendors(site: Site) -> None:
    odd = invitation(site.clock, title="Odd")
    odd.participation_status = "delegated"
    odd.extra = {"updated": "0000-12-29T00:00:00Z", "transparency": "translucent"}
    odd.omit = frozenset({"attendees", "organizer"})
    site.cronofy.add_event(odd)

    event = (await site.events())["Odd"]

    assert event["participation_status"] == "delegated"
    assert event["updated"] == "0000-12-29T00:00:00Z"
    assert event["transparency"] == "translucent"
    assert {"attendees", "organizer"}.isdisjoint(event)


async def test_an_event_may_be_cancelled_and_may_take_nobodys_time(site: Site) -> None:
    off = invitation(site.clock, title="Off")
    off.status, off.transparency = "cancelled", "transparent"
    site.cronofy.add_event(off)

    events = await site.events()

    assert (events["Off"]["status"], events["Off"]["transparency"]) == ("cancelled", "transparent")
    assert (events["Review"]["status"], events["Review"]["transparency"]) == ("confirmed", "opaque")


async def test_occurrences_of_a_series_name_it(site: Site) -> None:
    first = invitation(site.clock, title="Stand-up")
    site.cronofy.add_series(first, times=3, every=timedelta(days=7))

    listed = (await site.get("/v1/events", UTC_ZONE)).json()["events"]

    occurrences = [event for event in listed if event["summary"] == "Stand-up"]
    assert [event["start"][:10] for event in occurrences] == [
        "2026-03-03",
        "2026-03-10",
        "2026-03-17",
    ]
    assert len({event["event_uid"] for event in occurrences}) == 3
    [series] = {event["series_identifier"] for event in occurrences}
    assert series
    assert [event["summary"] for event in listed if "series_identifier" not in event] == ["Review"]


async def test_pages_are_followed_to_the_end_and_hold_every_event_once(site: Site) -> None:
    site.cronofy.quirks.page_size = 2
    for day in range(2, 6):
        site.cronofy.add_event(invitation(site.clock, title=f"Day {day}", days=day))

    page = await site.get("/v1/events", UTC_ZONE)
    pages, titles = [page.json()["pages"]], [e["summary"] for e in page.json()["events"]]
    while "next_page" in pages[-1]:
        assert pages[-1]["next_page"].startswith(f"{site.url}/v1/events/pages/")
        page = await site.get(pages[-1]["next_page"])
        pages.append(page.json()["pages"])
        titles += [event["summary"] for event in page.json()["events"]]

    assert titles == ["Review", "Day 2", "Day 3", "Day 4", "Day 5"]
    assert [(each["current"], each["total"]) for each in pages] == [(1, 3), (2, 3), (3, 3)]


async def test_no_events_are_one_page(site: Site) -> None:
    site.cronofy.events.clear()

    found = await site.get("/v1/events", UTC_ZONE)

    assert found.json() == {"pages": {"current": 1, "total": 1}, "events": []}


async def _second_page(site: Site) -> str:
    site.cronofy.quirks.page_size = 1
    site.cronofy.add_event(invitation(site.clock, title="Later", days=2))
    address = (await site.get("/v1/events", UTC_ZONE)).json()["pages"]["next_page"]
    assert isinstance(address, str)
    return address


async def test_the_last_page_may_have_an_empty_address(site: Site) -> None:
    site.cronofy.quirks.empty_next_page = True

    last = await site.get(await _second_page(site))

    assert last.json()["pages"] == {"current": 2, "total": 2, "next_page": ""}


async def test_a_page_address_may_lead_to_a_foreign_host(site: Site) -> None:
    site.cronofy.quirks.foreign_next_page = "https://elsewhere.example"

    assert (await _second_page(site)).startswith("https://elsewhere.example/v1/events/pages/")


async def test_a_page_belongs_to_one_account(site: Site) -> None:
    address = await _second_page(site)

    assert (await site.get(address, token=BORIS_TOKEN)).status == 404
    assert (await site.get(address, token=None)).status == 401
    assert (await site.get(address)).status == 200


async def test_a_page_address_stops_working(site: Site) -> None:
    site.cronofy.quirks.page_lifetime = 60.0
    address = await _second_page(site)
    site.clock.advance(59.0)
    assert (await site.get(address)).status == 200

    site.clock.advance(1.0)

    assert (await site.get(address)).status == 404
    assert (await site.get(f"{site.url}/v1/events/pages/0000000000000000")).status == 404


async def test_a_token_can_run_out_between_two_pages(site: Site) -> None:
    address = await _second_page(site)
    site.clock.advance(10.0)
    short = site.cronofy.issue_token(ANN, expires_in=5)
    assert (await site.get(address, token=short)).status == 200

    site.clock.advance(5.0)

    assert (await site.get(address, token=short)).status == 401


async def test_pages_show_the_list_as_it_was_when_it_was_asked_for(site: Site) -> None:
    address = await _second_page(site)
    for events in site.cronofy.events.values():
        events[0].participation_status = "declined"

    page = await site.get(address)

    assert page.json()["events"][0]["participation_status"] == "needs_action"
