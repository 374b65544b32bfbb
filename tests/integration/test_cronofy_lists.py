"""The calendars behind Cronofy: what is special there about a list of events."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clients.cronofy.client import CronofyClient, limit_of
from bot.domain.accounts import Account, Credentials
from bot.domain.listing import soonest_first
from bot.domain.participation import (
    Confirmation,
    Event,
    EventRef,
    Obstacle,
    ParticipationStatus,
)
from bot.domain.providers import Provider
from bot.errors import EventNotFoundError, ProviderProtocolError
from bot.providers.cronofy import CronofyCalendar
from bot.sandbox.company import ANN
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed, seed_calendars
from bot.sandbox.cronofy import Event as Kept
from tests.contract.providers import NO_LIMIT, Site, account_of, call_of, site_of
from tests.fakes.clock import START, FakeClock

ACCOUNT = account_of(ANN, Provider.CRONOFY)
FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
HOUR = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Office:
    """Cronofy, and Ann's calendars at it."""

    cronofy: Cronofy
    site: Site
    calendar: CronofyCalendar

    async def listed(self, first: date = FIRST, end: date = END) -> Sequence[Event]:
        return await self.calendar.list_events(call_of(ACCOUNT, self.site.clock), first, end)

    async def alone(self, ref: EventRef) -> Event:
        return await self.calendar.get_event(call_of(ACCOUNT, self.site.clock), ref)

    def add(self, title: str, starts: datetime) -> Kept:
        return self.cronofy.add_event(
            Kept(calendar_id=seed.GOOGLE_CALENDAR, summary=title, start=starts, end=starts + HOUR)
        )

    def reads(self) -> int:
        return self.cronofy.hits["events"]


@asynccontextmanager
async def running_office() -> AsyncIterator[Office]:
    clock = FakeClock()
    cronofy = Cronofy(now=clock.now)
    seed_calendars(cronofy)

    def accounts(url: str) -> dict[Account, Credentials]:
        token = seed.ANN_ACCOUNT.personal_token
        return {ACCOUNT: Credentials(endpoint=url, access_token=token)}

    async with site_of(
        cronofy,
        cronofy_app(cronofy),
        clock,
        write="participation_status",
        read_back="events",
        accounts=accounts,
    ) as site:
        client = CronofyClient(
            transport=site.transport, limit=limit_of(NO_LIMIT, clock), timer=clock
        )
        calendar = CronofyCalendar(client, site.accounts, clock)
        yield Office(cronofy=cronofy, site=site, calendar=calendar)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with running_office() as running:
        yield running


def titled(events: Sequence[Event], title: str) -> list[Event]:
    return [event for event in events if event.title == title]


async def test_all_pages_are_listed(office: Office) -> None:
    whole = await office.listed()
    office.cronofy.quirks.page_size = 1
    before = office.reads()

    assert await office.listed() == whole
    assert len(whole) >= 12
    assert office.reads() - before == len(whole)


async def test_a_page_on_another_host_gets_no_token(office: Office) -> None:
    office.cronofy.quirks.page_size = 1
    office.cronofy.quirks.foreign_next_page = "https://evil.example"

    with pytest.raises(ProviderProtocolError):
        await office.listed()


async def test_events_of_every_calendar_are_listed_those_that_can_only_be_read_too(
    office: Office,
) -> None:
    events = await office.listed()

    assert {event.ref.calendar_id for event in events} == {
        seed.GOOGLE_CALENDAR,
        seed.SHARED_CALENDAR,
        seed.OFFICE_CALENDAR,
    }
    [shared] = [event for event in events if event.ref.calendar_id == seed.SHARED_CALENDAR]
    assert shared.obstacle is Obstacle.READ_ONLY_CALENDAR
    deleting = {event.ref.calendar_id for event in events if event.decline_deletes}
    assert deleting == {seed.OFFICE_CALENDAR}


async def test_what_was_listed_is_found_again_by_one_narrow_read(office: Office) -> None:
    office.cronofy.quirks.page_size = 1
    events = await office.listed()
    before = office.reads()

    for event in titled(events, "Стратегическая сессия"):
        await office.alone(event.ref)

    # It is there from the 11th to the 12th; all that Cronofy has would be a dozen pages.
    assert 1 <= office.reads() - before <= 2
    assert len(events) >= 12


async def test_a_period_is_cut_to_what_cronofy_keeps_and_nothing_is_asked_beyond(
    office: Office,
) -> None:
    office.cronofy.quirks.refuses_far_dates = True
    today = START.date()

    assert list(await office.listed(date(2020, 1, 1), today - timedelta(days=42))) == []
    assert list(await office.listed(today + timedelta(days=201), date(2040, 1, 1))) == []
    assert office.cronofy.hits.total() == 0
    assert len(await office.listed(date(2020, 1, 1), date(2040, 1, 1))) >= 12


@pytest.mark.parametrize("days", [-42, -1, 0, 199, 200])
async def test_an_event_at_the_edge_of_what_is_kept_is_listed_and_read(
    office: Office, days: int
) -> None:
    office.cronofy.quirks.refuses_far_dates = True
    kept = office.add("Edge", START + timedelta(days=days))

    [listed] = titled(await office.listed(date(2020, 1, 1), date(2040, 1, 1)), "Edge")

    assert await office.alone(listed.ref) == listed
    assert listed.ref.event_id == kept.event_uid


async def test_a_cancelled_event_says_so_in_a_list_and_by_itself(office: Office) -> None:
    office.cronofy.events[seed.QUARTERLY][0].status = "cancelled"

    [listed] = titled(await office.listed(), "Quarterly planning")

    assert listed.obstacle is Obstacle.CANCELLED
    assert (await office.alone(listed.ref)).obstacle is Obstacle.CANCELLED


async def test_what_is_marked_as_deleted_is_gone_though_nobody_asked_for_it(
    office: Office,
) -> None:
    [event] = titled(await office.listed(), "Quarterly planning")
    office.cronofy.events[seed.QUARTERLY][0].extra = {"deleted": True}

    assert titled(await office.listed(), "Quarterly planning") == []
    with pytest.raises(EventNotFoundError):
        await office.alone(event.ref)


async def test_what_a_decline_has_deleted_is_gone(office: Office) -> None:
    [event] = titled(await office.listed(), "Vendor negotiation")
    call = call_of(ACCOUNT, office.site.clock)

    result = await office.calendar.set_participation(call, event, ParticipationStatus.DECLINED)

    assert result.confirmation is Confirmation.CONFIRMED
    assert titled(await office.listed(), "Vendor negotiation") == []
    with pytest.raises(EventNotFoundError):
        await office.alone(event.ref)


async def test_occurrences_that_share_an_id_are_one_event_with_many_times(office: Office) -> None:
    starts = datetime(2026, 2, 26, 10, tzinfo=UTC)
    first = Kept(calendar_id=seed.GOOGLE_CALENDAR, summary="Choir", start=starts, end=starts + HOUR)
    office.cronofy.add_series(first, times=4, every=timedelta(days=7), shared_uid=True)

    events = await office.listed(date(2026, 2, 20), END)

    found = titled(events, "Choir")
    assert events == soonest_first(events, UTC)
    assert [(event.starts_at.day, event.over) for event in found] == [
        (26, True),
        (5, False),
        (12, False),
        (19, False),
    ]
    assert len({(event.ref, event.version, event.series, event.recurring) for event in found}) == 1
    assert found[0].recurring
    # By itself it is the next of them.
    assert await office.alone(found[0].ref) == found[1]


async def test_a_list_of_one_day_hides_no_other_occurrence_of_the_same_id(office: Office) -> None:
    starts = datetime(2026, 3, 5, 10, tzinfo=UTC)
    first = Kept(calendar_id=seed.GOOGLE_CALENDAR, summary="Choir", start=starts, end=starts + HOUR)
    office.cronofy.add_series(first, times=4, every=timedelta(days=7), shared_uid=True)
    today, tomorrow = starts.date(), starts.date() + timedelta(days=1)

    [listed] = titled(await office.listed(today, tomorrow), "Choir")
    alone = await office.alone(listed.ref)
    after_a_month = titled(await office.listed(), "Choir")
    [in_the_end] = titled(await office.listed(today, tomorrow), "Choir")
    again = await office.alone(listed.ref)

    assert alone.recurring
    assert len(after_a_month) == 4
    # Nothing has changed, so it is the same to whoever is asked for an answer.
    assert alone.version == after_a_month[0].version == in_the_end.version == again.version


async def test_what_is_known_of_an_id_is_not_forgotten_over_a_shorter_list(office: Office) -> None:
    # The service names no series, and yet there are several of one id.
    starts = datetime(2026, 3, 5, 10, tzinfo=UTC)
    first = office.add("Choir", starts)
    for weeks in (1, 2):
        begins = starts + timedelta(days=7 * weeks)
        office.cronofy.add_event(replace(first, start=begins, end=begins + HOUR))
    event = titled(await office.listed(), "Choir")[0]
    assert event.recurring

    await office.listed(starts.date(), starts.date() + timedelta(days=1))

    assert (await office.alone(event.ref)).version == event.version


async def test_a_series_is_looked_for_everywhere_once_and_then_where_it_is(office: Office) -> None:
    office.cronofy.quirks.page_size = 1
    event = titled(await office.listed(), "Design sync")[0]
    reads = [office.reads()]
    for _ in range(2):
        await office.alone(event.ref)
        reads.append(office.reads())

    assert reads[2] - reads[1] < reads[1] - reads[0]


async def test_a_fresh_read_knows_that_the_calendar_can_only_be_read_by_now(
    office: Office,
) -> None:
    event = titled(await office.listed(), "Quarterly planning")[0]
    office.cronofy.calendars[seed.GOOGLE_CALENDAR].readonly = True

    fresh = await office.calendar.get_event(
        call_of(ACCOUNT, office.site.clock), event.ref, fresh=True
    )

    assert event.answerable
    assert fresh.obstacle is Obstacle.READ_ONLY_CALENDAR


async def test_an_answer_to_occurrences_that_share_an_id_is_an_answer_to_all(
    office: Office,
) -> None:
    starts = datetime(2026, 2, 26, 10, tzinfo=UTC)
    first = Kept(calendar_id=seed.GOOGLE_CALENDAR, summary="Choir", start=starts, end=starts + HOUR)
    office.cronofy.add_series(first, times=4, every=timedelta(days=7), shared_uid=True)
    event = titled(await office.listed(), "Choir")[0]

    result = await office.calendar.set_participation(
        call_of(ACCOUNT, office.site.clock), event, ParticipationStatus.ACCEPTED
    )

    assert result.confirmation is Confirmation.CONFIRMED
    assert {found.my_status for found in titled(await office.listed(), "Choir")} == {
        ParticipationStatus.ACCEPTED
    }


async def test_one_occurrence_of_many_ids_is_answered_alone(office: Office) -> None:
    [_first, second, *_rest] = titled(await office.listed(), "Design sync")

    await office.calendar.set_participation(
        call_of(ACCOUNT, office.site.clock), second, ParticipationStatus.DECLINED
    )

    statuses = [event.my_status for event in titled(await office.listed(), "Design sync")]
    assert statuses == [
        ParticipationStatus.NEEDS_ACTION,
        ParticipationStatus.DECLINED,
        ParticipationStatus.NEEDS_ACTION,
        ParticipationStatus.NEEDS_ACTION,
    ]
