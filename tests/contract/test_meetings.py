"""What every calendar provider says of a meeting that is everybody's, and of what is hidden."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime

import pytest

from bot.domain.participation import Event, ParticipationStatus
from bot.domain.providers import Provider
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW, STAND_UP
from bot.sandbox.company import ANN
from tests.contract.adapters import adapters_of
from tests.contract.meetings import (
    TITLE,
    AtBitrix24,
    Gathering,
    MeetingSubject,
    at_bitrix24,
    at_cronofy,
    in_memory,
)
from tests.contract.providers import account_of, call_of

SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[MeetingSubject]]] = {
    "memory": in_memory,
    "bitrix24": at_bitrix24,
    "cronofy": at_cronofy,
}


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[MeetingSubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


@pytest.fixture
async def office() -> AsyncIterator[AtBitrix24]:
    async with at_bitrix24() as opened:
        yield opened


async def seen(subject: MeetingSubject, gathering: Gathering) -> list[Event]:
    """The meeting as all of its people see it, by each of its names, alone and in lists."""
    events = []
    for account, refs in gathering.refs.items():
        call = call_of(account, subject.clock)
        for ref in refs:
            events += [
                await subject.provider.get_event(call, ref, fresh=fresh) for fresh in (True, False)
            ]
        listed = await subject.provider.list_events(call, date(2026, 3, 5), date(2026, 3, 6))
        [own] = [event for event in listed if event.title == TITLE]
        events.append(own)
    assert len(events) >= 3
    return events


async def test_every_adapter_and_every_provider_is_among_the_subjects() -> None:
    tested, names = set(), set()
    for open_subject in SUBJECTS.values():
        async with open_subject() as subject:
            tested.add(type(subject.provider).__name__)
            names.add(subject.provider.name)

    assert tested - {"FakeCalendar"} == adapters_of(
        "CalendarProvider", "providers", "set_participation"
    )
    assert names == set(Provider)


async def test_a_meeting_is_the_same_to_all_by_whatever_name_if_anything_is_shared(
    subject: MeetingSubject,
) -> None:
    gathering = subject.gather()

    events = await seen(subject, gathering)

    assert {event.meeting for event in events} == {gathering.meeting}
    assert (gathering.meeting is None) is (subject.provider.name is Provider.CRONOFY)


async def test_an_answered_event_is_still_that_meeting(subject: MeetingSubject) -> None:
    gathering = subject.gather(location="Room 5")
    [(account, refs), *_] = gathering.refs.items()
    call = call_of(account, subject.clock)
    event = await subject.provider.get_event(call, refs[0])

    done = await subject.provider.set_participation(call, event, ParticipationStatus.ACCEPTED)

    assert (done.event.meeting, done.event.location) == (gathering.meeting, "Room 5")


async def test_what_somebody_entered_for_themselves_is_no_meeting_of_all(
    subject: MeetingSubject,
) -> None:
    account, ref = subject.enter()

    event = await subject.provider.get_event(call_of(account, subject.clock), ref)

    assert event.meeting is None


@pytest.mark.parametrize("location", ["", "Room 5", "Переговорная «Байкал», 3 этаж"])
async def test_an_event_says_where_it_is(subject: MeetingSubject, location: str) -> None:
    events = await seen(subject, subject.gather(location=location))

    assert {event.location for event in events} == {location}


@pytest.mark.parametrize(
    ("private", "guests_hidden"), [(False, False), (True, False), (False, True), (True, True)]
)
async def test_what_is_hidden_is_told_where_the_provider_knows_it(
    subject: MeetingSubject, private: bool, guests_hidden: bool
) -> None:
    events = await seen(subject, subject.gather(private=private, guests_hidden=guests_hidden))

    told = (private, guests_hidden) if subject.tells_hidden else (False, False)
    assert {(event.private, event.guests_hidden) for event in events} == {told}


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("ECMR_3", ""),
        ("ECMR_3_12", ""),
        ("calendar_5", ""),
        ("calendar_5_77", ""),
        ("ECMR", "ECMR"),
        ("ECMR_3, 2nd floor", "ECMR_3, 2nd floor"),
        ("Room calendar_5", "Room calendar_5"),
    ],
)
async def test_the_code_of_a_room_says_nothing_to_anybody(
    office: AtBitrix24, location: str, told: str
) -> None:
    events = await seen(office, office.gather(location=location))

    assert {event.location for event in events} == {told}


async def test_the_sprint_review_has_a_place(office: AtBitrix24) -> None:
    call = call_of(account_of(ANN, Provider.BITRIX24), office.clock)

    ref = office.gathering(SPRINT_REVIEW).refs[call.account][0]
    event = await office.provider.get_event(call, ref)

    assert (event.title, event.location) == ("Sprint review", "Room 5")


async def test_an_occurrence_that_was_moved_is_a_meeting_of_its_own(office: AtBitrix24) -> None:
    moved = office.portal.add_exception(
        STAND_UP,
        on=date(2026, 3, 10),
        starts=datetime(2026, 3, 11, 8, tzinfo=UTC),
        ends=datetime(2026, 3, 11, 9, tzinfo=UTC),
    )
    call = call_of(account_of(ANN, Provider.BITRIX24), office.clock)

    events = await office.provider.list_events(call, date(2026, 3, 3), date(2026, 3, 18))

    assert [
        (event.starts_at.day, event.meeting and event.meeting.meeting_id)
        for event in events
        if event.title == "Weekly stand-up"
    ] == [(3, str(STAND_UP)), (11, str(moved)), (17, str(STAND_UP))]
