"""What every calendar provider does: the one in memory and the real ones at their emulators."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.participation import (
    Answer,
    Confirmation,
    EventRef,
    Participation,
    ParticipationStatus,
    holds,
)
from bot.domain.providers import Provider
from bot.errors import (
    EventNotFoundError,
    ProviderError,
)
from tests.contract.adapters import adapters_of
from tests.contract.bitrix24 import at_bitrix24
from tests.contract.calendars import CalendarSubject, in_memory
from tests.contract.cronofy import at_cronofy
from tests.contract.providers import call_of

SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[CalendarSubject]]] = {
    "memory": in_memory,
    "bitrix24": at_bitrix24,
    "cronofy": at_cronofy,
}

ACCEPTED: Answer = ParticipationStatus.ACCEPTED
DECLINED: Answer = ParticipationStatus.DECLINED
TENTATIVE: Answer = ParticipationStatus.TENTATIVE
UNANSWERED = ParticipationStatus.NEEDS_ACTION

NO_IDS = (
    *("", " ", "\n", "0", "-1", "+1", "1.0", "1e3", "0x28B", "651abc", "٦٥١", "６５１", "²"),
    *("12345678901234567890", "9" * 10_000, "mem-", "mem-x", "mem-٣", "MEM-1", "evt", "evt_"),
    *("cal_1_2", "/accept 651", "651 655", "651;655", "../651", "%36%35%31", "null", "\x00"),
    *("evt_external_\u0430\u0431\u0432", "\ud800", "🙂", "evt_external_" + "0" * 1000),
)


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[CalendarSubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


async def answer(subject: CalendarSubject, wanted: Answer = ACCEPTED) -> Participation:
    """Ann reads the meeting and answers it."""
    call = call_of(subject.scene.ann, subject.clock)
    event = await subject.provider.get_event(call, subject.scene.meeting.ref)
    return await subject.provider.set_participation(call, event, wanted)


def held(subject: CalendarSubject) -> ParticipationStatus | None:
    return subject.held(subject.scene.ann, subject.scene.meeting.ref)


def writes(subject: CalendarSubject) -> int:
    return subject.writes(subject.scene.ann, subject.scene.meeting.ref)


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


def test_an_event_id_of_its_own_is_recognised(subject: CalendarSubject) -> None:
    assert len(subject.scene.ids) >= 2
    for text in subject.scene.ids:
        ref = subject.provider.parse_ref(text)
        assert ref == EventRef(provider=subject.provider.name, event_id=text)


@pytest.mark.parametrize("text", NO_IDS, ids=lambda text: ascii(text)[:30])
def test_what_is_no_event_id_is_not_recognised(subject: CalendarSubject, text: str) -> None:
    assert subject.provider.parse_ref(text) is None


@pytest.mark.parametrize("extra", [" ", "\n", "\t", "/", "?", "#", "٣", ".", ",", "\u200b", "\0"])
def test_an_event_id_with_something_around_it_is_none(subject: CalendarSubject, extra: str) -> None:
    for text in subject.scene.ids:
        assert subject.provider.parse_ref(text + extra) is None
        assert subject.provider.parse_ref(extra + text) is None


async def test_nobody_recognises_the_ids_of_another() -> None:
    compared = 0
    for name, open_subject in SUBJECTS.items():
        for other_name, open_other in SUBJECTS.items():
            if name == other_name:
                continue
            async with open_subject() as subject, open_other() as other:
                for text in other.scene.ids:
                    assert subject.provider.parse_ref(text) is None, (name, text)
                    compared += 1
    assert compared >= len(SUBJECTS) * (len(SUBJECTS) - 1)


def test_it_says_when_a_write_is_surely_over_or_that_nobody_knows(
    subject: CalendarSubject,
) -> None:
    settles_in = subject.provider.write_settles_in

    assert settles_in is None or settles_in > 0


async def test_an_event_is_read_with_title_times_and_own_status(subject: CalendarSubject) -> None:
    meeting = subject.scene.meeting
    event = await subject.provider.get_event(call_of(subject.scene.ann, subject.clock), meeting.ref)

    assert (event.title, event.all_day, event.over) == (meeting.title, False, False)
    assert (event.starts_at, event.ends_at) == (meeting.starts_at, meeting.ends_at)
    assert isinstance(event.starts_at, datetime)
    assert isinstance(event.ends_at, datetime)
    assert event.starts_at.tzinfo is not None
    assert event.ends_at.tzinfo is not None
    assert (event.my_status, held(subject)) == (UNANSWERED, UNANSWERED)
    assert (event.answerable, event.obstacle) == (True, None)
    assert (event.ref.provider, event.ref.event_id) == (meeting.ref.provider, meeting.ref.event_id)


async def test_an_event_keeps_the_name_and_the_account_that_it_was_asked_for_by(
    subject: CalendarSubject,
) -> None:
    ref = replace(subject.scene.meeting.ref, account_id="the second one", handle="c7")

    event = await subject.provider.get_event(call_of(subject.scene.ann, subject.clock), ref)

    assert (event.ref.name, event.ref.account_id) == ("c7", "the second one")
    assert event.ref.event_id == ref.event_id


async def test_an_all_day_event_has_plain_dates_and_ends_on_its_last_day(
    subject: CalendarSubject,
) -> None:
    outing = subject.scene.whole_days
    event = await subject.provider.get_event(call_of(subject.scene.ann, subject.clock), outing.ref)

    assert (event.title, event.all_day) == (outing.title, True)
    assert (event.starts_at, event.ends_at) == (outing.starts_at, outing.ends_at)
    assert not isinstance(event.starts_at, datetime)
    assert not isinstance(event.ends_at, datetime)


async def test_what_cannot_be_answered_is_readable_and_says_why(subject: CalendarSubject) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    found = {ref: await subject.provider.get_event(call, ref) for ref in subject.scene.obstacles}

    assert len(found) >= 2
    assert {ref: event.obstacle for ref, event in found.items()} == subject.scene.obstacles
    for ref, event in found.items():
        assert not event.answerable
        assert event.my_status is subject.held(subject.scene.ann, ref)


async def test_a_status_changed_elsewhere_is_seen_at_once(subject: CalendarSubject) -> None:
    call, ref = call_of(subject.scene.ann, subject.clock), subject.scene.meeting.ref
    seen = []
    for status in (ACCEPTED, DECLINED, ACCEPTED, UNANSWERED):
        subject.change(subject.scene.ann, ref, status)
        seen.append((await subject.provider.get_event(call, ref)).my_status)

    assert seen == [ACCEPTED, DECLINED, ACCEPTED, UNANSWERED]


@pytest.mark.parametrize("days", [0, 60])
async def test_a_fresh_read_shows_what_was_renamed_and_moved_a_moment_ago(
    subject: CalendarSubject, days: int
) -> None:
    call, meeting = call_of(subject.scene.ann, subject.clock), subject.scene.meeting
    before = await subject.provider.get_event(call, meeting.ref, fresh=True)
    assert (before.title, before.starts_at) == (meeting.title, meeting.starts_at)
    assert isinstance(meeting.starts_at, datetime)
    starts_at = meeting.starts_at + timedelta(days=days, hours=1)
    ends_at = starts_at + timedelta(hours=2)
    subject.move(meeting.ref, "Another title", starts_at, ends_at)

    event = await subject.provider.get_event(call, meeting.ref, fresh=True)
    later = await subject.provider.get_event(call, meeting.ref)

    for seen in (event, later):
        assert (seen.title, seen.starts_at, seen.ends_at) == ("Another title", starts_at, ends_at)
    assert event.version == later.version != before.version


async def test_a_fresh_read_of_what_was_read_before_costs_no_more_than_the_first(
    subject: CalendarSubject,
) -> None:
    call, ref = call_of(subject.scene.ann, subject.clock), subject.scene.meeting.ref
    asked = [subject.asked()]
    for fresh in (False, True):
        await subject.provider.get_event(call, ref, fresh=fresh)
        asked.append(subject.asked())

    assert asked[2] - asked[1] <= asked[1] - asked[0]


async def test_an_unknown_and_an_invisible_event_are_not_found(subject: CalendarSubject) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    for ref in (subject.scene.unknown, subject.scene.invisible):
        with pytest.raises(EventNotFoundError):
            await subject.provider.get_event(call, ref)


async def test_an_event_that_was_there_a_moment_ago_is_not_found_once_deleted(
    subject: CalendarSubject,
) -> None:
    call, ref = call_of(subject.scene.ann, subject.clock), subject.scene.meeting.ref
    await subject.provider.get_event(call, ref)

    subject.remove(ref)

    with pytest.raises(EventNotFoundError):
        await subject.provider.get_event(call, ref)


@pytest.mark.parametrize("wanted", [ACCEPTED, DECLINED, TENTATIVE])
async def test_an_answer_is_confirmed_with_what_the_calendar_really_holds(
    subject: CalendarSubject, wanted: Answer
) -> None:
    result = await answer(subject, wanted)

    assert result.confirmation is Confirmation.CONFIRMED
    assert result.status is result.event.my_status is held(subject)
    assert holds(result.event, wanted)
    assert result.exact is (wanted is not TENTATIVE or result.event.tentative_exact)
    assert writes(subject) == 1


async def test_an_answer_can_be_changed(subject: CalendarSubject) -> None:
    seen = [(await answer(subject, wanted)).status for wanted in (ACCEPTED, DECLINED, ACCEPTED)]

    assert seen == [ACCEPTED, DECLINED, ACCEPTED]
    assert (held(subject), writes(subject)) == (ACCEPTED, 3)


async def test_declining_what_it_deletes_is_a_success_and_the_event_is_gone(
    subject: CalendarSubject,
) -> None:
    call, ref = call_of(subject.scene.ann, subject.clock), subject.scene.vanishing
    meeting = await subject.provider.get_event(call, subject.scene.meeting.ref)
    assert not meeting.decline_deletes
    if ref is None:
        # This provider has no such events.
        return
    event = await subject.provider.get_event(call, ref)
    assert event.decline_deletes

    result = await subject.provider.set_participation(call, event, DECLINED)

    assert (result.confirmation, result.status) == (Confirmation.CONFIRMED, DECLINED)
    with pytest.raises(EventNotFoundError):
        await subject.provider.get_event(call, ref)


async def test_the_result_is_what_was_read_also_if_it_is_not_what_was_asked(
    subject: CalendarSubject,
) -> None:
    ann, ref = subject.scene.ann, subject.scene.meeting.ref
    subject.after_next_write(lambda: subject.change(ann, ref, DECLINED))

    result = await answer(subject, ACCEPTED)

    assert (held(subject), writes(subject)) == (DECLINED, 1)
    assert result.confirmation in (Confirmation.CONFIRMED, Confirmation.PENDING)
    assert result.status is result.event.my_status is DECLINED


async def test_nobody_sees_or_changes_the_status_of_another(subject: CalendarSubject) -> None:
    other, ref = subject.scene.other, subject.scene.meeting.ref
    before = subject.held(other, ref)
    result = await answer(subject, ACCEPTED)
    assert result.status is ACCEPTED

    call = call_of(other, subject.clock)
    try:
        seen = (await subject.provider.get_event(call, ref)).my_status
    except EventNotFoundError:
        seen = None
    assert seen is before is subject.held(other, ref)

    try:
        await subject.provider.set_participation(call, result.event, DECLINED)
    except ProviderError:
        assert subject.writes(other, ref) == 0
    assert held(subject) is ACCEPTED


async def test_who_may_answer_is_judged_anew_for_everybody(subject: CalendarSubject) -> None:
    scene = subject.scene
    expected = dict.fromkeys((scene.meeting.ref, scene.second, scene.whole_days.ref)) | dict(
        scene.obstacles
    )
    found = {}
    for ref in expected:
        with contextlib.suppress(EventNotFoundError):
            await subject.provider.get_event(call_of(scene.other, subject.clock), ref)
        event = await subject.provider.get_event(call_of(scene.ann, subject.clock), ref)
        found[ref] = event.obstacle

    assert found == expected


async def test_calls_side_by_side_do_not_mix(subject: CalendarSubject) -> None:
    scene, provider = subject.scene, subject.provider
    call, theirs = call_of(scene.ann, subject.clock), call_of(scene.other, subject.clock)
    first, second, at_theirs = await asyncio.gather(
        provider.get_event(call, scene.meeting.ref),
        provider.get_event(call, scene.second),
        provider.get_event(theirs, scene.theirs),
    )
    assert [event.ref.event_id for event in (first, second, at_theirs)] == [
        ref.event_id for ref in (scene.meeting.ref, scene.second, scene.theirs)
    ]

    accepted, declined, declined_too, read, read_too = await asyncio.gather(
        provider.set_participation(call, first, ACCEPTED),
        provider.set_participation(call, second, DECLINED),
        provider.set_participation(theirs, at_theirs, DECLINED),
        provider.get_event(call, scene.whole_days.ref),
        provider.get_event(call, next(iter(scene.obstacles))),
    )

    results = (accepted, declined, declined_too)
    assert [result.confirmation for result in results] == [Confirmation.CONFIRMED] * 3
    assert [result.status for result in results] == [ACCEPTED, DECLINED, DECLINED]
    assert (read.title, read.my_status) == (scene.whole_days.title, UNANSWERED)
    assert read_too.obstacle is next(iter(scene.obstacles.values()))
    assert subject.held(scene.ann, scene.meeting.ref) is ACCEPTED
    assert subject.held(scene.ann, scene.second) is DECLINED
    assert subject.held(scene.other, scene.theirs) is DECLINED
