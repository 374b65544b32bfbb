"""Answering at the Cronofy emulator: each row of the vendor's errors, and when answers show."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.sandbox.cronofy import Cronofy
from tests.integration.sandbox.cronofy_site import (
    ANN,
    BORIS_CALENDAR,
    BORIS_TOKEN,
    EXCHANGE,
    GOOGLE,
    REVIEW,
    TOKEN,
    Site,
    invitation,
    running_site,
)

DINNER = "evt_external_00000000000000000000bbbb"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


def _nothing(_cronofy: Cronofy) -> None:
    pass


def _token_without_scope(cronofy: Cronofy) -> None:
    cronofy.issue_token(ANN, ["read_events", "read_write"], token="reads-only")


def _expired_token(cronofy: Cronofy) -> None:
    cronofy.issue_token(ANN, expires_in=0, token="expired")


def _revoked_token(cronofy: Cronofy) -> None:
    cronofy.grants.revoke(sub=ANN)


def _disconnected(cronofy: Cronofy) -> None:
    cronofy.profiles["pro_1"].connected = False


def _disconnected_and_no_scope(cronofy: Cronofy) -> None:
    _disconnected(cronofy)
    _token_without_scope(cronofy)


def _calendar_deleted(cronofy: Cronofy) -> None:
    cronofy.calendars[GOOGLE].deleted = True


def _event_deleted(cronofy: Cronofy) -> None:
    cronofy.events[REVIEW][0].deleted = True


def _readonly(cronofy: Cronofy) -> None:
    cronofy.calendars[GOOGLE].readonly = True


def _not_answerable(cronofy: Cronofy) -> None:
    cronofy.events[REVIEW][0].answerable = False


def _beyond_the_window(cronofy: Cronofy) -> None:
    event = cronofy.events[REVIEW][0]
    event.start, event.end = (moment + timedelta(days=300) for moment in (event.start, event.end))


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One way to be refused: what is special about it, and what comes back."""

    status: int
    body: object = None
    token: str | None = TOKEN
    calendar_id: str = GOOGLE
    event_uid: str = REVIEW
    asks: object = "accepted"
    prepare: Callable[[Cronofy], None] = field(default=_nothing)


def _errors(name: str, key: str, description: str) -> object:
    return {"errors": {name: [{"key": key, "description": description}]}}


NOT_EXTERNAL = _errors(
    "event_uid",
    "errors.must_be_external_event_uid",
    "event uid must be a valid external event uid",
)
ILLEGAL = _errors("status", "errors.invalid", "is not one of accepted, tentative, declined")
REFUSALS = {
    "no token": Refused(status=401, token=None),
    "unknown token": Refused(status=401, token="nobody's"),
    "expired token": Refused(status=401, token="expired", prepare=_expired_token),
    "revoked token": Refused(status=401, prepare=_revoked_token),
    "disconnected profile": Refused(status=423, prepare=_disconnected),
    "disconnected, before the scope is looked at": Refused(
        status=423, token="reads-only", prepare=_disconnected_and_no_scope
    ),
    "no scope": Refused(status=403, token="reads-only", prepare=_token_without_scope),
    "no scope, before the calendar is looked for": Refused(
        status=403, token="reads-only", calendar_id="cal_x", prepare=_token_without_scope
    ),
    "unknown calendar": Refused(status=404, calendar_id="cal_x"),
    "unknown calendar, before the id is looked at": Refused(
        status=404, calendar_id="cal_x", event_uid="evt_partner_1"
    ),
    "deleted calendar": Refused(status=404, prepare=_calendar_deleted),
    "somebody else's calendar": Refused(status=404, calendar_id=BORIS_CALENDAR),
    "partner event": Refused(status=422, event_uid="evt_partner_1", body=NOT_EXTERNAL),
    "partner event, before the status is looked at": Refused(
        status=422, event_uid="evt_partner_1", asks="bogus", body=NOT_EXTERNAL
    ),
    "status missing": Refused(
        status=422, asks=None, body=_errors("status", "errors.required", "required")
    ),
    "status unknown": Refused(status=422, asks="needs_action", body=ILLEGAL),
    "status of another type": Refused(
        status=422, asks=1, body=_errors("status", "errors.required", "required")
    ),
    "unknown event": Refused(status=404, event_uid=DINNER),
    "event beyond the sync window": Refused(status=404, prepare=_beyond_the_window),
    "deleted event": Refused(status=404, prepare=_event_deleted),
    "read-only calendar": Refused(
        status=422,
        body=_errors("calendar_id", "errors.invalid", "cannot be changed"),
        prepare=_readonly,
    ),
    "event that takes no answers": Refused(
        status=422,
        body=_errors("event_uid", "errors.invalid", "cannot be changed"),
        prepare=_not_answerable,
    ),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS.keys())
async def test_what_cannot_be_answered_is_refused_and_changes_nothing(
    site: Site, case: Refused
) -> None:
    case.prepare(site.cronofy)

    refused = await site.answer(
        case.asks, event_uid=case.event_uid, calendar_id=case.calendar_id, token=case.token
    )

    assert refused.status == case.status
    assert (refused.json() if refused.body else None) == case.body
    assert site.cronofy.journal == []
    assert site.cronofy.status_of(REVIEW) == "needs_action"


@pytest.mark.parametrize("status", ["accepted", "tentative", "declined"])
async def test_an_answer_gets_an_empty_202_and_shows_in_event_and_list(
    site: Site, status: str
) -> None:
    taken = await site.answer(status)

    assert (taken.status, taken.body) == (202, b"")
    event = (await site.events())["Review"]
    assert event["participation_status"] == status
    assert [attendee["status"] for attendee in event["attendees"]] == [status, "accepted"]
    assert event["deleted"] is False
    assert [(write.status, write.applied) for write in site.cronofy.writes(REVIEW)] == [
        (status, True)
    ]


async def test_a_form_is_as_good_as_json(site: Site) -> None:
    taken = await site.post(
        f"/v1/calendars/{GOOGLE}/events/{REVIEW}/participation_status",
        form={"status": "tentative"},
    )

    assert taken.status == 202
    assert site.cronofy.status_of(REVIEW) == "tentative"


@pytest.mark.parametrize(
    ("prepare", "event_uid", "quirk"),
    [
        (_nothing, DINNER, "unknown_event"),
        (_event_deleted, REVIEW, "deleted_event"),
        (_readonly, REVIEW, "unanswerable"),
        (_not_answerable, REVIEW, "unanswerable"),
    ],
)
@pytest.mark.parametrize("status", [202, 404, 422])
async def test_undocumented_refusals_can_be_chosen_and_202_may_mean_nothing(
    site: Site, prepare: Callable[[Cronofy], None], event_uid: str, quirk: str, status: int
) -> None:
    prepare(site.cronofy)
    setattr(site.cronofy.quirks, quirk, status)

    answered = await site.answer("accepted", event_uid=event_uid)

    assert answered.status == status
    assert site.cronofy.status_of(REVIEW) == "needs_action"
    assert [write.applied for write in site.cronofy.journal] == ([False] if status == 202 else [])


async def test_a_delayed_answer_shows_when_its_time_has_come(site: Site) -> None:
    site.cronofy.quirks.apply_delay = 5.0

    assert (await site.answer("accepted")).status == 202
    site.clock.advance(4.9)
    assert (await site.events())["Review"]["participation_status"] == "needs_action"
    assert site.cronofy.status_of(REVIEW) == "needs_action"
    assert site.cronofy.snapshot()["pending"] == 1
    site.clock.advance(0.1)

    assert (await site.events())["Review"]["participation_status"] == "accepted"
    assert site.cronofy.snapshot()["pending"] == 0


async def test_an_answer_can_show_only_after_a_number_of_reads(site: Site) -> None:
    site.cronofy.quirks.apply_after_reads = 2
    await site.answer("declined")

    seen = [(await site.events())["Review"]["participation_status"] for _ in range(3)]

    assert seen == ["needs_action", "needs_action", "declined"]


async def test_reads_of_somebody_else_do_not_hasten_an_answer(site: Site) -> None:
    site.cronofy.quirks.apply_after_reads = 1
    await site.answer("declined")

    await site.get("/v1/events", ("tzid", "Etc/UTC"), token=BORIS_TOKEN)

    assert site.cronofy.status_of(REVIEW) == "needs_action"


async def test_a_later_answer_never_takes_effect_before_an_earlier_one(site: Site) -> None:
    site.cronofy.quirks.apply_delay = 60.0
    await site.answer("declined")
    site.cronofy.quirks.apply_delay = 0.0
    await site.answer("accepted")

    assert site.cronofy.status_of(REVIEW) == "needs_action"
    site.clock.advance(60.0)

    assert site.cronofy.status_of(REVIEW) == "accepted"


async def test_an_applied_answer_shows_up_among_the_modified_events(site: Site) -> None:
    since = ("last_modified", site.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    site.cronofy.quirks.apply_delay = 2.0
    await site.answer("accepted")
    assert await site.events(since) == {}
    site.clock.advance(10.0)

    found = await site.events(since)

    assert found["Review"]["updated"] == "2026-03-02T09:00:02Z"


async def test_an_answer_that_changes_nothing_leaves_the_event_unmodified(site: Site) -> None:
    since = ("last_modified", site.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    site.cronofy.events[REVIEW][0].participation_status = "accepted"

    await site.answer("accepted")

    assert await site.events(since) == {}


async def test_updated_stays_where_it_is_if_asked(site: Site) -> None:
    since = ("last_modified", site.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    site.cronofy.quirks.updated_moves = False

    await site.answer("accepted")

    assert await site.events(since) == {}
    assert site.cronofy.status_of(REVIEW) == "accepted"


@pytest.mark.parametrize("later", [404, 422])
async def test_a_decline_on_exchange_deletes_the_event_for_good(site: Site, later: int) -> None:
    site.cronofy.quirks.deleted_event = later
    site.cronofy.add_event(
        invitation(site.clock, title="Dinner", calendar_id=EXCHANGE, event_uid=DINNER)
    )

    taken = await site.answer("declined", event_uid=DINNER, calendar_id=EXCHANGE)

    assert taken.status == 202
    assert "Dinner" not in await site.events()
    gone = (await site.events(("include_deleted", "true")))["Dinner"]
    assert (gone["deleted"], gone["participation_status"]) == (True, "declined")
    again = await site.answer("accepted", event_uid=DINNER, calendar_id=EXCHANGE)
    assert again.status == later
    assert site.cronofy.status_of(DINNER) == "declined"
    assert len(site.cronofy.writes(DINNER)) == 1


async def test_an_acceptance_on_exchange_deletes_nothing(site: Site) -> None:
    site.cronofy.add_event(
        invitation(site.clock, title="Dinner", calendar_id=EXCHANGE, event_uid=DINNER)
    )

    await site.answer("accepted", event_uid=DINNER, calendar_id=EXCHANGE)
    await site.answer("tentative", event_uid=DINNER, calendar_id=EXCHANGE)

    assert (await site.events())["Dinner"]["participation_status"] == "tentative"


@pytest.mark.parametrize(
    ("shared_uid", "whole_series", "answered"),
    [
        (False, False, ["accepted", "needs_action", "needs_action"]),
        (False, True, ["accepted", "accepted", "accepted"]),
        (True, False, ["accepted", "accepted", "accepted"]),
    ],
)
async def test_an_answer_reaches_one_occurrence_or_the_series(
    site: Site, shared_uid: bool, whole_series: bool, answered: list[str]
) -> None:
    site.cronofy.calendars[GOOGLE].whole_series = whole_series
    occurrences = site.cronofy.add_series(
        invitation(site.clock, title="Stand-up", event_uid=DINNER),
        times=3,
        every=timedelta(days=7),
        shared_uid=shared_uid,
    )
    uids = {occurrence.event_uid for occurrence in occurrences}
    assert len(uids) == (1 if shared_uid else 3)

    await site.answer("accepted", event_uid=DINNER)

    read = await site.get("/v1/events", ("tzid", "Etc/UTC"))
    stand_ups = [event for event in read.json()["events"] if event["summary"] == "Stand-up"]
    assert [event["participation_status"] for event in stand_ups] == answered
    assert all(event["recurring"] for event in stand_ups)
    assert len({event["series_identifier"] for event in stand_ups}) == 1
    assert site.cronofy.status_of(REVIEW) == "needs_action"


@pytest.mark.parametrize("whole_series", [False, True])
async def test_an_answer_stays_within_its_calendar(site: Site, whole_series: bool) -> None:
    site.cronofy.calendars[GOOGLE].whole_series = whole_series
    for calendar_id in (GOOGLE, EXCHANGE):
        first = invitation(site.clock, calendar_id=calendar_id, event_uid=DINNER)
        first.series = "weekly"
        site.cronofy.add_series(first, times=2, every=timedelta(days=7), shared_uid=True)

    await site.answer("accepted", event_uid=DINNER)

    held = [
        (event.calendar_id, event.participation_status) for event in site.cronofy.events[DINNER]
    ]
    assert held == [(GOOGLE, "accepted")] * 2 + [(EXCHANGE, "needs_action")] * 2
