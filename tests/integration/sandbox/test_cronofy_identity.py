"""The Cronofy emulator's accounts, profiles and calendars, and the seed with which it starts."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from bot.sandbox.cronofy import Calendar, Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.seed import (
    ALL_HANDS,
    ANN_ACCOUNT,
    BORIS_ACCOUNT,
    BORIS_QUARTERLY,
    BORIS_TALK,
    CONTRACT,
    DESIGN_SYNC,
    GOOGLE_CALENDAR,
    INTERVIEW,
    MAINTENANCE,
    NEGOTIATION,
    OFFICE_CALENDAR,
    PRESS,
    QUARTERLY,
    RETREAT,
    SHARED_CALENDAR,
)
from bot.sandbox.server import SandboxServer
from tests.fakes.clock import FakeClock
from tests.integration.sandbox.cronofy_site import ANN, EXCHANGE, GOOGLE, Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
async def seeded(site: Site) -> AsyncIterator[Site]:
    cronofy = Cronofy(now=site.clock.now)
    seed_calendars(cronofy)
    async with SandboxServer(cronofy_app(cronofy)) as server:
        yield Site(cronofy=cronofy, clock=site.clock, url=server.url, session=site.session)


@pytest.mark.parametrize("path", ["/v1/userinfo", "/v1/account", "/v1/profiles", "/v1/calendars"])
async def test_nothing_is_told_without_a_valid_token(site: Site, path: str) -> None:
    expired = site.cronofy.issue_token(ANN, ["read_account"], expires_in=0)

    assert (await site.get(path, token=None)).status == 401
    assert (await site.get(path, token="nobody's")).status == 401
    assert (await site.get(path, token=expired)).status == 401


async def test_calendars_name_their_provider_but_not_its_service(site: Site) -> None:
    site.cronofy.add_calendar(
        Calendar(calendar_id="cal_x", profile_id="pro_2", name="Public", readonly=True)
    )

    listed = (await site.get("/v1/calendars")).json()

    assert listed["sub"] == ANN
    assert [
        (each["calendar_id"], each["provider_name"], each["calendar_readonly"])
        for each in listed["calendars"]
    ] == [(GOOGLE, "google", False), (EXCHANGE, "exchange", False), ("cal_x", "exchange", True)]
    assert listed["calendars"][0] == {
        "provider_name": "google",
        "profile_id": "pro_1",
        "profile_name": "pro_1@acme.example",
        "calendar_id": GOOGLE,
        "calendar_name": "Calendar",
        "calendar_readonly": False,
        "calendar_deleted": False,
        "calendar_primary": False,
        "calendar_integrated_conferencing_available": False,
        "calendar_attachments_available": False,
        "permission_level": "sandbox",
    }


async def test_userinfo_tells_who_it_is_with_what_scope_and_which_service(site: Site) -> None:
    told = (await site.get("/v1/userinfo")).json()

    assert (told["sub"], told["email"], told["name"]) == (ANN, "ann@acme.example", "Ann")
    assert (told["zoneinfo"], told["cronofy.type"]) == ("Europe/Berlin", "account")
    data = told["cronofy.data"]
    assert data["authorization"] == {
        "scope": "read_events change_participation_status",
        "status": "active",
    }
    assert [
        (each["provider_service"], [cal["calendar_id"] for cal in each["profile_calendars"]])
        for each in data["profiles"]
    ] == [("gsuite", [GOOGLE]), ("office365", [EXCHANGE])]


async def test_userinfo_leaves_out_what_nobody_knows(site: Site) -> None:
    account = site.cronofy.accounts[ANN]
    account.email = account.name = account.tzid = None

    told = (await site.get("/v1/userinfo")).json()

    assert set(told) == {"sub", "cronofy.type", "cronofy.data"}


async def test_a_relink_address_is_there_only_while_the_profile_is_disconnected(
    site: Site,
) -> None:
    site.cronofy.profiles["pro_2"].connected = False

    first, second = (await site.get("/v1/profiles")).json()["profiles"]

    assert (first["profile_connected"], "profile_relink_url" in first) == (True, False)
    assert second["profile_connected"] is False
    assert second["profile_relink_url"] == f"{site.url}/relink/pro_2"
    told = (await site.get("/v1/userinfo")).json()["cronofy.data"]["profiles"]
    assert [each["profile_connected"] for each in told] == [True, False]


async def test_the_older_account_needs_a_scope_of_its_own(site: Site) -> None:
    assert (await site.get("/v1/account")).status == 403

    told = await site.get("/v1/account", token=site.cronofy.issue_token(ANN, ["read_account"]))

    assert told.json()["account"] == {
        "account_id": ANN,
        "email": "ann@acme.example",
        "name": "Ann",
        "default_tzid": "Europe/Berlin",
        "scope": "read_account",
    }


async def test_a_personal_token_does_not_run_out(site: Site) -> None:
    token = site.cronofy.issue_personal_token(ANN)
    site.clock.advance(10 * 365 * 86400.0)

    assert (await site.get("/v1/userinfo", token=token)).json()["sub"] == ANN


async def test_dates_of_answers_follow_the_clock_of_the_emulator(site: Site) -> None:
    site.clock.advance(61.0)

    told = await site.get("/v1/userinfo")

    assert told.headers["Date"] == "Mon, 02 Mar 2026 09:01:01 GMT"


async def test_the_state_can_be_seen_from_outside_and_holds_no_token(site: Site) -> None:
    await site.answer("accepted")

    state = await site.get("/_sandbox/state", token=None)
    journal = await site.get("/_sandbox/journal", token=None)

    assert [event["participation_status"] for event in state.json()["events"]] == ["accepted"]
    assert state.json()["hits"] == {"participation_status": 1}
    assert [(each["sub"], each["status"]) for each in journal.json()] == [(ANN, "accepted")]
    assert b"token-of" not in state.body + journal.body


async def test_the_seed_has_one_event_of_each_kind(seeded: Site) -> None:
    async def read(token: str) -> dict[str, tuple[str, str, bool]]:
        found = await seeded.get(
            "/v1/events", ("tzid", "Etc/UTC"), ("include_managed", "true"), token=token
        )
        return {
            event["event_uid"]: (
                event["calendar_id"],
                event["participation_status"],
                event["options"]["change_participation_status"],
            )
            for event in found.json()["events"]
        }

    anns = await read(ANN_ACCOUNT.token)
    boris = await read(BORIS_ACCOUNT.personal_token)

    assert len(anns) == 12
    assert {
        QUARTERLY: (GOOGLE_CALENDAR, "needs_action", True),
        CONTRACT: (GOOGLE_CALENDAR, "accepted", True),
        DESIGN_SYNC: (GOOGLE_CALENDAR, "needs_action", True),
        RETREAT: (GOOGLE_CALENDAR, "needs_action", True),
        MAINTENANCE: (GOOGLE_CALENDAR, "needs_action", False),
        INTERVIEW: (GOOGLE_CALENDAR, "accepted", False),
        ALL_HANDS: (SHARED_CALENDAR, "needs_action", True),
        NEGOTIATION: (OFFICE_CALENDAR, "needs_action", True),
        PRESS: (OFFICE_CALENDAR, "tentative", True),
    }.items() <= anns.items()
    assert {uid: rest[1:] for uid, rest in boris.items()} == {
        BORIS_QUARTERLY: ("accepted", False),
        BORIS_TALK: ("needs_action", True),
    }


async def test_the_seed_has_ids_and_tokens_of_the_vendors_shape(seeded: Site) -> None:
    uids = [uid for uid in seeded.cronofy.events if uid != INTERVIEW]
    assert len(uids) == 13
    for uid in uids:
        prefix, digits = uid[:13], uid[13:]
        assert (prefix, len(digits)) == ("evt_external_", 24)
        assert int(digits, 16) >= 0
    assert INTERVIEW.startswith("evt_partner")
    assert [len(token) for token in (ANN_ACCOUNT.token, BORIS_ACCOUNT.refresh_token)] == [32, 32]


async def test_the_seed_shows_read_only_series_whole_days_and_office(seeded: Site) -> None:
    token = ANN_ACCOUNT.token
    found = await seeded.get("/v1/events", ("tzid", "Europe/Berlin"), token=token)
    by_uid = {event["event_uid"]: event for event in found.json()["events"]}
    calendars = (await seeded.get("/v1/calendars", token=token)).json()["calendars"]
    profiles = (await seeded.get("/v1/profiles", token=token)).json()["profiles"]

    assert INTERVIEW not in by_uid
    assert by_uid[DESIGN_SYNC]["recurring"] is True
    assert [event["summary"] for event in by_uid.values()].count("Design sync") == 4
    retreat = by_uid[RETREAT]
    assert (retreat["start"], retreat["end"]) == ("2026-03-11", "2026-03-13")
    assert retreat["summary"] == "Стратегическая сессия"
    assert [each["calendar_id"] for each in calendars if each["calendar_readonly"]] == [
        SHARED_CALENDAR
    ]
    assert [(each["provider_name"], each["provider_service"]) for each in profiles] == [
        ("google", "gsuite"),
        ("exchange", "office365"),
    ]


async def test_the_seed_lies_ahead_of_whatever_clock_it_gets() -> None:
    clock = FakeClock()
    clock.advance(400 * 86400.0)
    cronofy = Cronofy(now=clock.now)

    seed_calendars(cronofy)

    days = [
        event.start.date() if isinstance(event.start, datetime) else event.start
        for event in cronofy.all_events()
    ]
    assert len(days) == 14
    assert min(days) > clock.now().date()
