"""What every calendar provider lists: the one in memory and the real ones at their emulators."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.accounts import Account
from bot.domain.listing import midnight
from bot.domain.participation import Confirmation, Event, ParticipationStatus
from bot.errors import TELLABLE, NotLinkedError, ProviderError, RateLimitedError, TransportError
from tests.contract.calendars import HOUR, CalendarSubject
from tests.contract.providers import PATIENCE, REFUSALS, call_of, stranger_at
from tests.contract.test_calendar_provider import ACCEPTED, DECLINED, SUBJECTS, UNANSWERED
from tests.fakes.calendars import FakeCalendar, Trouble

FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
"""The month around the clock's present, Monday the second."""
FIFTH, SIXTH = date(2026, 3, 5), date(2026, 3, 6)


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[CalendarSubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


async def listed(
    subject: CalendarSubject,
    first: date = FIRST,
    end: date = END,
    *,
    account: Account | None = None,
) -> Sequence[Event]:
    call = call_of(account or subject.scene.ann, subject.clock)
    return await subject.provider.list_events(call, first, end)


async def the_one(
    subject: CalendarSubject, title: str, first: date = FIRST, end: date = END
) -> Event | None:
    found = [event for event in await listed(subject, first, end) if event.title == title]
    assert len(found) <= 1
    return found[0] if found else None


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


async def test_an_invitation_is_listed_with_title_times_and_own_status(
    subject: CalendarSubject,
) -> None:
    meeting = subject.scene.meeting

    found = [event for event in await listed(subject) if event.ref.event_id == meeting.ref.event_id]

    [event] = found
    assert (event.title, event.starts_at, event.ends_at) == (
        meeting.title,
        meeting.starts_at,
        meeting.ends_at,
    )
    assert (event.my_status, event.answerable, event.over) == (UNANSWERED, True, False)
    assert (event.all_day, event.recurring, event.series) == (False, False, "")


async def test_what_is_listed_is_what_is_read_by_itself(subject: CalendarSubject) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    compared = 0
    for event in await listed(subject):
        alone = await subject.provider.get_event(call, event.ref)
        if event.recurring:
            # Read by itself it is the next of its occurrences.
            alone = replace(
                alone, starts_at=event.starts_at, ends_at=event.ends_at, over=event.over
            )
        assert event == alone
        assert event.version == alone.version
        compared += 1
    assert compared >= 6


async def test_its_name_is_the_one_that_people_type(subject: CalendarSubject) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    events = await listed(subject)

    assert len(events) >= 6
    for event in events:
        typed = subject.provider.parse_ref(event.ref.name)
        assert typed == replace(event.ref, calendar_id=None)
        assert (await subject.provider.get_event(call, typed)).ref == event.ref


@pytest.mark.parametrize("status", [ACCEPTED, DECLINED, UNANSWERED])
async def test_the_own_status_is_the_one_that_is_held_and_what_was_declined_is_there(
    subject: CalendarSubject, status: ParticipationStatus
) -> None:
    ann, meeting = subject.scene.ann, subject.scene.meeting
    await listed(subject)
    subject.change(ann, meeting.ref, status)

    events = await listed(subject)

    assert {event.my_status for event in events if event.ref.event_id == meeting.ref.event_id} == {
        status
    }
    for event in events:
        assert event.my_status is subject.held(ann, event.ref)


async def test_an_event_from_a_list_can_be_answered(subject: CalendarSubject) -> None:
    scene = subject.scene
    [event] = [
        event for event in await listed(subject) if event.ref.event_id == scene.meeting.ref.event_id
    ]

    result = await subject.provider.set_participation(
        call_of(scene.ann, subject.clock), event, DECLINED
    )

    assert (result.confirmation, result.status) == (Confirmation.CONFIRMED, DECLINED)
    assert subject.held(scene.ann, scene.meeting.ref) is DECLINED


async def test_what_was_deleted_is_not_listed(subject: CalendarSubject) -> None:
    meeting = subject.scene.meeting
    before = {event.ref.event_id for event in await listed(subject)}

    subject.remove(meeting.ref)

    after = {event.ref.event_id for event in await listed(subject)}
    assert before - after == {meeting.ref.event_id}
    assert after < before


async def test_everybody_has_their_own_list_and_status(subject: CalendarSubject) -> None:
    scene = subject.scene
    only_theirs = subject.invite(scene.other, "Only theirs", at(5, 9), at(5, 10))
    before = subject.held(scene.other, scene.theirs)
    subject.change(scene.ann, scene.meeting.ref, DECLINED)

    mine, theirs = await asyncio.gather(listed(subject), listed(subject, account=scene.other))

    my_ids = {event.ref.event_id for event in mine}
    statuses = {event.ref.event_id: event.my_status for event in theirs}
    assert {scene.invisible.event_id, only_theirs.event_id}.isdisjoint(my_ids)
    assert scene.meeting.ref.event_id in my_ids
    assert statuses[only_theirs.event_id] is UNANSWERED
    assert statuses[scene.theirs.event_id] is before is UNANSWERED


async def test_what_cannot_be_answered_is_listed_and_says_why(subject: CalendarSubject) -> None:
    obstacles = {ref.event_id: obstacle for ref, obstacle in subject.scene.obstacles.items()}

    found = {
        event.ref.event_id: event.obstacle
        for event in await listed(subject)
        if event.ref.event_id in obstacles
    }

    assert len(found) >= 2
    assert found.items() <= obstacles.items()


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "is_there"),
    [
        (at(4, 22), at(4, 23), False),
        # It ends as the day begins.
        (at(4, 23), at(5), False),
        (at(4, 23), at(5, 0, 1), True),
        (at(5), at(5, 1), True),
        (at(5, 12), at(5, 13), True),
        (at(5, 23), at(6), True),
        (at(5, 23, 59), at(6, 1), True),
        (at(3), at(9), True),
        # It takes no time at all.
        (at(5), at(5), True),
        (at(6), at(6), False),
        (at(6), at(6, 1), False),
        (date(2026, 3, 4), date(2026, 3, 4), False),
        (date(2026, 3, 4), FIFTH, True),
        (FIFTH, FIFTH, True),
        (FIFTH, SIXTH, True),
        (SIXTH, SIXTH, False),
        (date(2026, 3, 3), date(2026, 3, 9), True),
    ],
)
async def test_a_day_lists_what_touches_it_and_nothing_of_the_days_beside(
    subject: CalendarSubject,
    starts_at: datetime | date,
    ends_at: datetime | date,
    is_there: bool,
) -> None:
    subject.invite(subject.scene.ann, "At the edge", starts_at, ends_at)

    event = await the_one(subject, "At the edge", FIFTH, SIXTH)

    assert (event is not None) is is_there
    if event is not None:
        assert (event.starts_at, event.ends_at) == (starts_at, ends_at)


@pytest.mark.parametrize("end", [FIFTH, date(2026, 3, 4), date(2026, 2, 1)])
async def test_a_period_without_days_has_no_events(subject: CalendarSubject, end: date) -> None:
    subject.invite(subject.scene.ann, "Around", at(1), at(9))

    assert list(await listed(subject, FIFTH, end)) == []
    assert await the_one(subject, "Around", FIFTH, SIXTH) is not None


async def test_a_day_without_events_is_empty(subject: CalendarSubject) -> None:
    assert list(await listed(subject, date(2026, 2, 15), date(2026, 2, 16))) == []


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (date.min, date.max),
        (date(1969, 1, 1), date(2999, 1, 1)),
        (date.min, FIFTH),
        (FIFTH, date.max),
        (date(2025, 1, 1), date(2025, 2, 1)),
        (date(2040, 1, 1), date(2040, 2, 1)),
        (date(9999, 12, 30), date.max),
    ],
)
async def test_any_period_is_listed_as_far_as_the_provider_knows(
    subject: CalendarSubject, first: date, end: date
) -> None:
    subject.invite(subject.scene.ann, "On the fifth", at(5, 9), at(5, 10))

    event = await the_one(subject, "On the fifth", first, end)

    assert (event is not None) is (first <= FIFTH < end)


async def test_all_day_events_are_plain_dates_and_end_on_their_last_day(
    subject: CalendarSubject,
) -> None:
    outing = subject.scene.whole_days
    days = {}
    for day in range(9, 18):
        first = date(2026, 3, day)
        days[first] = await the_one(subject, outing.title, first, first + timedelta(days=1))

    for day_, event in days.items():
        assert (event is not None) is (outing.starts_at <= day_ <= outing.ends_at)
        if event is not None:
            assert event.all_day
            assert (event.starts_at, event.ends_at) == (outing.starts_at, outing.ends_at)
            assert not isinstance(event.starts_at, datetime)
            assert not isinstance(event.ends_at, datetime)
    assert any(days.values())


async def test_events_come_soonest_first_and_whole_days_before_what_is_in_them(
    subject: CalendarSubject,
) -> None:
    ann = subject.scene.ann
    for title, starts_at in (("Late", at(5, 23)), ("Early", at(5, 0, 1)), ("Before", at(4, 23))):
        subject.invite(ann, title, starts_at, starts_at + 2 * HOUR)
    subject.invite(ann, "All day", FIFTH, FIFTH)

    events = await listed(subject)

    starts = [midnight(event.starts_at, UTC) for event in events]
    assert starts == sorted(starts)
    assert len(starts) >= 10
    ours = [
        event.title for event in events if event.title in {"Late", "Early", "Before", "All day"}
    ]
    assert ours == ["Before", "All day", "Early", "Late"]


async def test_each_occurrence_of_a_series_comes_by_itself(subject: CalendarSubject) -> None:
    series = subject.scene.series

    found = [event for event in await listed(subject) if event.title == series.title]

    assert tuple(event.starts_at for event in found) == series.starts
    assert all(event.ends_at != event.starts_at for event in found)
    [name] = {event.series for event in found}
    assert name
    assert {event.my_status for event in found} == {UNANSWERED}
    refs = {event.ref for event in found}
    # Where one answer counts for all of them they are one event.
    assert len(refs) == (1 if found[0].recurring else len(found))
    assert len({event.recurring for event in found}) == 1


async def test_an_occurrence_is_over_when_it_is_past(subject: CalendarSubject) -> None:
    series = subject.scene.series
    subject.clock.advance((series.starts[1] - subject.clock.now()).total_seconds())

    found = [event for event in await listed(subject) if event.title == series.title]

    assert [event.over for event in found] == [True] + [False] * (len(series.starts) - 1)


async def test_what_is_past_is_over_and_what_goes_on_is_not(subject: CalendarSubject) -> None:
    ann, now = subject.scene.ann, subject.clock.now()
    subject.invite(ann, "Past", now - 2 * HOUR, now - HOUR)
    subject.invite(ann, "Just ended", now - 2 * HOUR, now)
    subject.invite(ann, "Going on", now - HOUR, now + HOUR)
    subject.invite(ann, "Yesterday", date(2026, 3, 1), date(2026, 3, 1))
    subject.invite(ann, "Today", date(2026, 3, 1), date(2026, 3, 2))

    over = {event.title: event.over for event in await listed(subject)}

    assert {title: over[title] for title in ("Past", "Just ended", "Yesterday")} == {
        "Past": True,
        "Just ended": True,
        "Yesterday": True,
    }
    assert (over["Going on"], over["Today"]) == (False, False)


async def test_what_takes_nobodys_time_says_so(subject: CalendarSubject) -> None:
    ann, call = subject.scene.ann, call_of(subject.scene.ann, subject.clock)
    for title, free in (("Birthday", True), ("Review", False)):
        ref = subject.invite(ann, title, at(5, 9), at(5, 10), free=free)
        event = await the_one(subject, title)
        assert event is not None
        assert event.free is free
        assert (await subject.provider.get_event(call, ref)).free is free


async def test_others_take_part_in_an_invitation_and_not_in_what_is_ones_own(
    subject: CalendarSubject,
) -> None:
    ann = subject.scene.ann
    invited = subject.invite(ann, "Invited", at(5, 9), at(5, 10))
    entered = subject.enter(ann, "Entered", at(5, 11), at(5, 12))

    events = {event.ref.event_id: event for event in await listed(subject)}

    for ref, with_others in ((invited, True), (entered, False)):
        alone = await subject.provider.get_event(call_of(ann, subject.clock), ref)
        assert alone.with_others is with_others
        assert events[ref.event_id].with_others is with_others


@pytest.mark.parametrize("trouble", [Trouble.SIGNED_OUT, Trouble.BUSY])
async def test_a_refused_list_is_raised(subject: CalendarSubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]) as refused:
        await listed(subject)

    assert refused.value.provider == subject.provider.name


async def test_what_cannot_be_reached_lists_nothing_and_says_so(subject: CalendarSubject) -> None:
    await listed(subject)
    await subject.trouble(Trouble.UNREACHABLE)

    with pytest.raises(TransportError):
        await listed(subject)


@pytest.mark.parametrize("patience", [0.2, 3.0, PATIENCE])
async def test_waiting_for_a_busy_vendor_ends_before_the_deadline(
    subject: CalendarSubject, patience: float
) -> None:
    await subject.trouble(Trouble.BUSY)
    call = call_of(subject.scene.ann, subject.clock, patience=patience)

    with pytest.raises(RateLimitedError):
        await subject.provider.list_events(call, FIRST, END)

    assert subject.clock.monotonic() <= call.deadline


@pytest.mark.parametrize("late_by", [0.0, 1.0])
async def test_nothing_is_asked_when_no_time_is_left(
    subject: CalendarSubject, late_by: float
) -> None:
    asked = subject.asked()
    late = call_of(subject.scene.ann, subject.clock, patience=-late_by)

    with pytest.raises(TELLABLE) as unsent:
        await subject.provider.list_events(late, FIRST, END)

    assert isinstance(unsent.value, ProviderError | TransportError)
    assert subject.asked() == asked


async def test_an_account_that_is_not_linked_lists_nothing(subject: CalendarSubject) -> None:
    asked = subject.asked()

    with pytest.raises(NotLinkedError):
        await listed(subject, account=stranger_at(subject.provider.name))

    assert subject.asked() == asked


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, Trouble.SIGNED_OUT, Trouble.BUSY])
async def test_no_error_holds_a_secret(subject: CalendarSubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(TELLABLE) as raised:
        await listed(subject)

    told = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    # The one in memory has no address and no key that could be told.
    assert bool(subject.secrets) is not isinstance(subject.provider, FakeCalendar)
    assert not [secret for secret in subject.secrets if secret in told]
