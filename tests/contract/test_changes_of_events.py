"""What changed in a calendar since a moment: the one in memory, and the real ones at emulators."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial

import pytest

from bot.domain.accounts import Account
from bot.domain.participation import Event, EventRef, Obstacle
from bot.errors import NotLinkedError, RateLimitedError, TransportError
from tests.contract.bitrix24 import at_bitrix24
from tests.contract.calendars import CalendarSubject, in_memory
from tests.contract.cronofy import at_cronofy
from tests.contract.providers import PATIENCE, REFUSALS, call_of, stranger_at
from tests.contract.test_calendar_provider import ACCEPTED, DECLINED
from tests.fakes.calendars import Trouble

Opens = Mapping[str, Callable[[], AbstractAsyncContextManager[CalendarSubject]]]
TELLING: Opens = {"memory": in_memory, "cronofy": at_cronofy}
SILENT: Opens = {
    "memory": partial(in_memory, tells_changes=False),
    "bitrix24": at_bitrix24,
}
FIRST, END = date(2026, 3, 4), date(2026, 3, 6)
"""Wednesday and Thursday of the clock's week."""


@pytest.fixture(params=list(TELLING))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[CalendarSubject]:
    async with TELLING[request.param]() as opened:
        opened.clock.advance(3600.25)
        yield opened


@pytest.fixture(params=list(SILENT))
async def silent(request: pytest.FixtureRequest) -> AsyncIterator[CalendarSubject]:
    async with SILENT[request.param]() as opened:
        yield opened


async def told(
    subject: CalendarSubject,
    since: datetime,
    first: date = FIRST,
    end: date = END,
    *,
    account: Account | None = None,
    patience: float = PATIENCE,
) -> Sequence[Event] | None:
    call = call_of(account or subject.scene.ann, subject.clock, patience=patience)
    return await subject.provider.list_changes(call, first, end, since)


async def changed(
    subject: CalendarSubject,
    since: datetime,
    first: date = FIRST,
    end: date = END,
    *,
    account: Account | None = None,
) -> Sequence[Event]:
    events = await told(subject, since, first, end, account=account)
    assert events is not None
    return events


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def meet(subject: CalendarSubject, title: str, day: int = 4, hour: int = 16) -> EventRef:
    """A meeting of Ann's that was there long before."""
    ref = subject.invite(subject.scene.ann, title, at(day, hour), at(day, hour + 1))
    subject.clock.advance(3600)
    return ref


async def test_nothing_has_changed(subject: CalendarSubject) -> None:
    meet(subject, "Old")

    assert list(await changed(subject, subject.clock.now())) == []


async def test_what_is_new_or_renamed_or_moved_or_answered_is_told_as_it_is_listed(
    subject: CalendarSubject,
) -> None:
    ann = subject.scene.ann
    refs = [meet(subject, f"Old {number}", hour=10 + number) for number in range(4)]
    since = subject.clock.now()
    subject.clock.advance(30)

    subject.move(refs[1], "Another", at(4, 11), at(4, 12))
    subject.move(refs[2], "Old 2", at(5, 20), at(5, 21))
    subject.change(ann, refs[3], ACCEPTED)
    new = subject.invite(ann, "New", at(5, 8), at(5, 9))

    listed = await subject.provider.list_events(call_of(ann, subject.clock), FIRST, END)
    news = {ref.event_id for ref in (*refs[1:], new)}
    assert len(news) == 4
    assert await changed(subject, since) == [one for one in listed if one.ref.event_id in news]
    assert {one.ref.event_id for one in listed} > {refs[0].event_id}


async def test_ones_own_answer_is_a_change(subject: CalendarSubject) -> None:
    ann = subject.scene.ann
    ref = meet(subject, "Old")
    since = subject.clock.now()
    call = call_of(ann, subject.clock)
    event = await subject.provider.get_event(call, ref)

    await subject.provider.set_participation(call, event, DECLINED)

    [told_of] = await changed(subject, since)
    assert (told_of.ref.event_id, told_of.my_status) == (ref.event_id, DECLINED)


async def test_what_was_deleted_is_told_as_cancelled(subject: CalendarSubject) -> None:
    ref = meet(subject, "Old")
    call = call_of(subject.scene.ann, subject.clock)
    [before] = [
        event
        for event in await subject.provider.list_events(call, FIRST, END)
        if event.ref.event_id == ref.event_id
    ]
    since = subject.clock.now()

    subject.remove(ref)

    assert await changed(subject, since) == [replace(before, obstacle=Obstacle.CANCELLED)]
    subject.clock.advance(60)
    assert list(await changed(subject, subject.clock.now())) == []


@pytest.mark.parametrize("deleted_too", [False, True])
async def test_what_was_moved_out_of_the_days_is_told_with_its_new_times(
    subject: CalendarSubject, deleted_too: bool
) -> None:
    ref = meet(subject, "Old")
    since = subject.clock.now()

    subject.move(ref, "Old", at(11, 9), at(11, 10))
    subject.move(ref, "Old", at(12, 9), at(12, 10))

    [event] = await changed(subject, since)
    assert (event.ref.event_id, event.obstacle) == (ref.event_id, None)
    assert (event.starts_at, event.ends_at) == (at(12, 9), at(12, 10))
    if deleted_too:
        subject.remove(ref)
        [event] = await changed(subject, since)
        assert (event.ref.event_id, event.obstacle) == (ref.event_id, Obstacle.CANCELLED)


async def test_what_was_moved_into_the_days_is_told(subject: CalendarSubject) -> None:
    ref = meet(subject, "Old", day=20)
    since = subject.clock.now()

    subject.move(ref, "Old", at(4, 9), at(4, 10))

    [event] = await changed(subject, since)
    assert (event.ref.event_id, event.starts_at) == (ref.event_id, at(4, 9))


async def test_what_happens_in_other_days_is_not_told(subject: CalendarSubject) -> None:
    ann = subject.scene.ann
    moved, removed, answered = (meet(subject, "Old", day=day) for day in (9, 10, 2))
    since = subject.clock.now()

    subject.move(moved, "Later", at(19, 9), at(19, 10))
    subject.remove(removed)
    subject.change(ann, answered, ACCEPTED)
    subject.invite(ann, "New", at(7, 9), at(7, 10))

    assert list(await changed(subject, since)) == []
    assert len(await changed(subject, since, date(2026, 3, 1), date(2026, 4, 1))) == 4


async def test_the_moment_itself_counts_and_what_was_before_does_not(
    subject: CalendarSubject,
) -> None:
    meet(subject, "Old")
    subject.invite(subject.scene.ann, "At it", at(5, 9), at(5, 10))
    since = subject.clock.now()
    # Whoever writes the same moment otherwise, means it.
    elsewhere = since.astimezone(timezone(timedelta(hours=5, minutes=30)))

    for moment in (since, elsewhere):
        assert [event.title for event in await changed(subject, moment)] == ["At it"]
    assert list(await changed(subject, since + timedelta(seconds=1))) == []


async def test_the_soonest_comes_first(subject: CalendarSubject) -> None:
    since = subject.clock.now()
    for title, hour in (("Third", 15), ("First", 8), ("Second", 12)):
        subject.invite(subject.scene.ann, title, at(5, hour), at(5, hour + 1))

    titles = [event.title for event in await changed(subject, since)]

    assert titles == ["First", "Second", "Third"]


async def test_whole_days_are_told_as_they_are_listed(subject: CalendarSubject) -> None:
    since = subject.clock.now()
    subject.invite(subject.scene.ann, "Trip", FIRST, date(2026, 3, 8))

    [event] = await changed(subject, since)

    assert (event.starts_at, event.ends_at, event.all_day) == (FIRST, date(2026, 3, 8), True)


async def test_changes_in_the_calendars_of_others_are_theirs(subject: CalendarSubject) -> None:
    scene = subject.scene
    since = subject.clock.now()
    subject.invite(scene.other, "Theirs", at(5, 9), at(5, 10))

    assert list(await changed(subject, since)) == []
    assert len(await changed(subject, since, account=scene.other)) == 1


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (FIRST, FIRST),
        (END, FIRST),
        (date(2025, 1, 1), date(2025, 2, 1)),
        (date(2040, 1, 1), date(2040, 2, 1)),
    ],
)
async def test_days_that_are_none_or_unknown_have_no_changes(
    subject: CalendarSubject, first: date, end: date
) -> None:
    since = subject.clock.now()
    subject.invite(subject.scene.ann, "New", at(4, 9), at(5, 10))

    assert list(await changed(subject, since, first, end)) == []
    assert len(await changed(subject, since, date.min, date.max)) == 1


@pytest.mark.parametrize("trouble", [Trouble.SIGNED_OUT, Trouble.BUSY])
async def test_a_refusal_is_raised(subject: CalendarSubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]) as refused:
        await told(subject, subject.clock.now())

    assert refused.value.provider == subject.provider.name


async def test_what_cannot_be_reached_is_not_without_changes(subject: CalendarSubject) -> None:
    await subject.trouble(Trouble.UNREACHABLE)

    with pytest.raises(TransportError):
        await told(subject, subject.clock.now())


async def test_waiting_ends_before_the_deadline(subject: CalendarSubject) -> None:
    await subject.trouble(Trouble.BUSY)
    deadline = subject.clock.monotonic() + 3

    with pytest.raises(RateLimitedError):
        await told(subject, subject.clock.now(), patience=3)

    assert subject.clock.monotonic() <= deadline


async def test_an_account_that_is_not_linked_is_not_asked_for(subject: CalendarSubject) -> None:
    asked = subject.asked()

    with pytest.raises(NotLinkedError):
        await told(subject, subject.clock.now(), account=stranger_at(subject.provider.name))

    assert subject.asked() == asked


@pytest.mark.parametrize("trouble", [None, Trouble.SIGNED_OUT, Trouble.UNREACHABLE])
async def test_who_cannot_tell_says_so_and_asks_nobody(
    silent: CalendarSubject, trouble: Trouble | None
) -> None:
    since = silent.clock.now()
    silent.invite(silent.scene.ann, "New", at(5, 9), at(5, 10))
    if trouble is not None:
        await silent.trouble(trouble)
    asked = silent.asked()

    assert await told(silent, since) is None
    assert silent.asked() == asked
