"""The calendars behind Cronofy: what changed in them since a moment."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.participation import Confirmation, Event, Obstacle, ParticipationStatus
from bot.errors import ProviderProtocolError
from bot.sandbox.cronofy import Event as Kept
from bot.sandbox.cronofy import seed
from tests.contract.providers import call_of
from tests.fakes.clock import START
from tests.integration.test_cronofy_lists import (
    ACCOUNT,
    END,
    FIRST,
    HOUR,
    Office,
    running_office,
    titled,
)

WEEK = timedelta(days=7)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with running_office() as running:
        running.site.clock.advance(3600)
        yield running


async def changed(
    office: Office, since: datetime, first: date = FIRST, end: date = END
) -> Sequence[Event]:
    call = call_of(ACCOUNT, office.site.clock)
    events = await office.calendar.list_changes(call, first, end, since)
    assert events is not None
    return events


def now(office: Office) -> datetime:
    return office.site.clock.now()


def choir(office: Office) -> list[Kept]:
    """Four occurrences of one id, a week apart."""
    starts = datetime(2026, 3, 5, 10, tzinfo=UTC)
    first = Kept(calendar_id=seed.GOOGLE_CALENDAR, summary="Choir", start=starts, end=starts + HOUR)
    return office.cronofy.add_series(first, times=4, every=WEEK, shared_uid=True)


async def test_when_nothing_has_changed_one_request_tells_so(office: Office) -> None:
    assert list(await changed(office, now(office))) == []
    assert office.cronofy.hits == {"events": 1}


async def test_changes_in_every_calendar_are_told_as_they_are_listed(office: Office) -> None:
    cronofy, since = office.cronofy, now(office)
    cronofy.change(cronofy.events[seed.QUARTERLY][0], summary="Yearly planning")
    cronofy.change(cronofy.events[seed.CONTRACT][0], status="tentative")
    cronofy.change(cronofy.events[seed.ALL_HANDS][0], summary="Some hands")
    cronofy.change(cronofy.events[seed.PRESS][0], summary="Press")
    cronofy.change(cronofy.events[seed.INTERVIEW][0], summary="Interview")
    cronofy.change(cronofy.events[seed.BORIS_TALK][0], summary="Not hers")

    events = await changed(office, since)

    uids = {seed.QUARTERLY, seed.CONTRACT, seed.ALL_HANDS, seed.PRESS, seed.INTERVIEW}
    assert {event.ref.event_id for event in events} == uids
    assert events == [event for event in await office.listed() if event.ref.event_id in uids]
    assert {event.obstacle for event in events} == {
        None,
        Obstacle.READ_ONLY_CALENDAR,
        Obstacle.MANAGED_EVENT,
    }


async def test_all_pages_of_changes_are_read(office: Office) -> None:
    since = now(office)
    for hour in range(5):
        office.add(f"New {hour}", START + timedelta(hours=hour)).updated = now(office)
    office.cronofy.quirks.page_size = 2

    events = await changed(office, since)

    assert [event.title for event in events] == [f"New {hour}" for hour in range(5)]
    assert office.reads() == 3


async def test_a_page_of_changes_on_another_host_gets_no_token(office: Office) -> None:
    office.cronofy.quirks.page_size = 1
    office.cronofy.quirks.foreign_next_page = "https://evil.example"

    with pytest.raises(ProviderProtocolError):
        await changed(office, START - timedelta(days=2))


async def test_what_a_decline_has_deleted_is_told_as_cancelled(office: Office) -> None:
    since = now(office)
    [event] = titled(await office.listed(), "Vendor negotiation")
    call = call_of(ACCOUNT, office.site.clock)

    result = await office.calendar.set_participation(call, event, ParticipationStatus.DECLINED)

    assert result.confirmation is Confirmation.CONFIRMED
    [gone] = await changed(office, since)
    assert gone.ref == event.ref
    assert (gone.my_status, gone.obstacle) == (ParticipationStatus.DECLINED, Obstacle.CANCELLED)


async def test_a_deleted_event_without_times_is_not_missed(office: Office) -> None:
    kept = office.cronofy.events[seed.QUARTERLY][0]
    kept.omit = frozenset({"start", "end", "summary", "participation_status", "options"})
    office.cronofy.delete(kept)

    [gone] = await changed(office, now(office))

    assert (gone.ref.event_id, gone.obstacle) == (seed.QUARTERLY, Obstacle.CANCELLED)


async def test_what_was_moved_out_of_the_days_is_told_and_its_old_days_are_forgotten(
    office: Office,
) -> None:
    kept, since = office.cronofy.events[seed.QUARTERLY][0], now(office)
    day = date(2026, 3, 4)
    [before] = titled(await office.listed(day, day + timedelta(days=1)), "Quarterly planning")

    times = (datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 5, 4, 10, tzinfo=UTC))
    office.cronofy.change(kept, times=times)

    [moved] = await changed(office, since, day, day + timedelta(days=1))
    assert moved == replace(before, starts_at=times[0], ends_at=times[1])
    assert await office.alone(moved.ref) == moved


async def test_deleted_here_and_alive_there_is_alive(office: Office) -> None:
    since = now(office)
    kept = office.cronofy.events[seed.QUARTERLY][0]
    office.cronofy.add_event(replace(kept, calendar_id=seed.OFFICE_CALENDAR, updated=since))
    office.cronofy.delete(kept)

    [event] = await changed(office, since)

    assert (event.ref.calendar_id, event.obstacle) == (seed.OFFICE_CALENDAR, None)
    assert not event.recurring


async def test_of_occurrences_that_share_an_id_the_changed_ones_are_told(office: Office) -> None:
    occurrences = choir(office)
    listed = titled(await office.listed(), "Choir")
    since = now(office)
    office.cronofy.change(occurrences[1], times=(START + 2 * HOUR, START + 3 * HOUR))
    office.cronofy.delete(occurrences[2])

    moved, gone = await changed(office, since)

    assert moved.starts_at == START + 2 * HOUR
    assert (gone.starts_at, gone.obstacle) == (listed[2].starts_at, Obstacle.CANCELLED)
    for event in (moved, gone):
        # That it is one of several is what tells whoever asks to list them all.
        assert (event.ref, event.recurring) == (listed[0].ref, True)
    # And a deletion makes nothing else of what is left.
    left = titled(await office.listed(), "Choir")
    assert [(event.starts_at, event.version) for event in left] == [
        (START + 2 * HOUR, listed[0].version),
        (listed[0].starts_at, listed[0].version),
        (listed[3].starts_at, listed[0].version),
    ]


async def test_changes_are_told_soonest_first_and_without_a_list_before(office: Office) -> None:
    since = now(office)
    occurrences = choir(office)
    between = office.add("Between", START + timedelta(days=4))
    for kept in (*occurrences, between):
        office.cronofy.change(kept, status="accepted")

    events = await changed(office, since)

    assert [(event.title, event.recurring) for event in events] == [
        ("Choir", True),
        ("Between", False),
        *[("Choir", True)] * 3,
    ]


async def test_what_is_told_of_a_change_makes_no_series_of_a_single_event(office: Office) -> None:
    since = now(office)
    kept = office.cronofy.events[seed.QUARTERLY][0]
    before = titled(await office.listed(), "Quarterly planning")
    later = replace(
        kept, calendar_id=seed.OFFICE_CALENDAR, start=kept.start + HOUR, end=kept.end + HOUR
    )
    office.cronofy.add_event(replace(later, updated=since))
    office.cronofy.delete(kept)

    assert len(await changed(office, since)) == 2
    [after] = titled(await office.listed(), "Quarterly planning")

    assert not after.recurring
    assert not before[0].recurring


async def test_only_days_that_cronofy_keeps_are_asked_for(office: Office) -> None:
    office.cronofy.quirks.refuses_far_dates = True
    since, today = now(office), START.date()
    office.add("New", START).updated = since

    assert list(await changed(office, since, date(2020, 1, 1), today - timedelta(days=42))) == []
    assert list(await changed(office, since, today + timedelta(days=201), date(2040, 1, 1))) == []
    assert office.cronofy.hits.total() == 0
    assert len(await changed(office, since, date(2020, 1, 1), date(2040, 1, 1))) == 1
