"""What every calendar provider does when its vendor refuses, is silent, or cannot be reached."""

import traceback
from collections.abc import AsyncIterator

import pytest

from bot.domain.participation import Confirmation
from bot.errors import TELLABLE, NotLinkedError, ProviderError, RateLimitedError, TransportError
from tests.contract.calendars import CalendarSubject
from tests.contract.providers import PATIENCE, REFUSALS, call_of, stranger_at
from tests.contract.test_calendar_provider import (
    ACCEPTED,
    SUBJECTS,
    UNANSWERED,
    answer,
    held,
    writes,
)
from tests.fakes.calendars import FakeCalendar, Trouble


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[CalendarSubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


@pytest.mark.parametrize("trouble", list(REFUSALS))
async def test_a_refused_answer_is_raised_and_nothing_was_changed(
    subject: CalendarSubject, trouble: Trouble
) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    event = await subject.provider.get_event(call, subject.scene.meeting.ref)
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]) as refused:
        await subject.provider.set_participation(call, event, ACCEPTED)

    assert not refused.value.may_have_happened
    assert refused.value.provider == subject.provider.name
    assert (held(subject), writes(subject)) == (UNANSWERED, 0)


@pytest.mark.parametrize("trouble", [Trouble.SIGNED_OUT, Trouble.BUSY])
async def test_a_refused_read_is_raised(subject: CalendarSubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]):
        await answer(subject)

    assert writes(subject) == 0


async def test_what_cannot_be_sent_is_raised_and_nothing_was_changed(
    subject: CalendarSubject,
) -> None:
    call, ref = call_of(subject.scene.ann, subject.clock), subject.scene.meeting.ref
    event = await subject.provider.get_event(call, ref)
    await subject.trouble(Trouble.UNREACHABLE)

    with pytest.raises(TransportError) as unsent:
        await subject.provider.set_participation(call, event, ACCEPTED)
    assert not unsent.value.may_have_happened
    assert (held(subject), writes(subject)) == (UNANSWERED, 0)

    with pytest.raises(TransportError):
        await subject.provider.get_event(call, ref)


async def test_an_answer_cut_off_after_it_was_carried_out_is_found_by_looking(
    subject: CalendarSubject,
) -> None:
    await subject.provider.get_event(
        call_of(subject.scene.ann, subject.clock), subject.scene.meeting.ref
    )
    await subject.trouble(Trouble.LOST_AFTER)

    result = await answer(subject)

    assert (result.confirmation, result.status) == (Confirmation.CONFIRMED, ACCEPTED)
    assert (held(subject), writes(subject)) == (ACCEPTED, 1)


async def test_an_answer_after_which_nothing_can_be_read_is_unknown_and_was_sent_once(
    subject: CalendarSubject,
) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    event = await subject.provider.get_event(call, subject.scene.meeting.ref)
    await subject.trouble(Trouble.LOST_FROM_SIGHT)

    result = await subject.provider.set_participation(call, event, ACCEPTED)

    assert result.confirmation is Confirmation.UNKNOWN
    assert result.status is result.event.my_status is UNANSWERED
    assert (held(subject), writes(subject)) == (ACCEPTED, 1)


async def test_an_answer_cut_off_before_it_was_carried_out_is_unknown_and_not_sent_again(
    subject: CalendarSubject,
) -> None:
    await subject.trouble(Trouble.LOST_BEFORE)

    result = await answer(subject)

    assert (result.confirmation, result.status) == (Confirmation.UNKNOWN, UNANSWERED)
    assert (held(subject), writes(subject)) == (UNANSWERED, 0)


async def test_an_answer_that_never_shows_is_not_said_to_be_held(subject: CalendarSubject) -> None:
    await subject.trouble(Trouble.NEVER_VISIBLE)

    result = await answer(subject)

    assert result.confirmation in (Confirmation.CONFIRMED, Confirmation.PENDING)
    assert result.status is result.event.my_status is held(subject) is UNANSWERED
    assert writes(subject) == 1


@pytest.mark.parametrize("late_by", [0.0, 1.0])
async def test_nothing_is_sent_when_no_time_is_left(
    subject: CalendarSubject, late_by: float
) -> None:
    ann, ref = subject.scene.ann, subject.scene.meeting.ref
    event = await subject.provider.get_event(call_of(ann, subject.clock), ref)
    asked = subject.asked()
    late = call_of(ann, subject.clock, patience=-late_by)

    with pytest.raises(TELLABLE) as unsent:
        await subject.provider.set_participation(late, event, ACCEPTED)
    assert isinstance(unsent.value, ProviderError | TransportError)
    assert not unsent.value.may_have_happened
    with pytest.raises(TELLABLE):
        await subject.provider.get_event(late, ref)

    assert subject.asked() == asked
    assert held(subject) is UNANSWERED


@pytest.mark.parametrize("patience", [0.2, 3.0, PATIENCE])
async def test_waiting_for_a_busy_vendor_ends_before_the_deadline(
    subject: CalendarSubject, patience: float
) -> None:
    ann, ref = subject.scene.ann, subject.scene.meeting.ref
    event = await subject.provider.get_event(call_of(ann, subject.clock), ref)
    await subject.trouble(Trouble.BUSY)
    call = call_of(ann, subject.clock, patience=patience)

    with pytest.raises(RateLimitedError):
        await subject.provider.set_participation(call, event, ACCEPTED)
    assert subject.clock.monotonic() <= call.deadline

    call = call_of(ann, subject.clock, patience=patience)
    with pytest.raises(RateLimitedError):
        await subject.provider.get_event(call, ref)
    assert subject.clock.monotonic() <= call.deadline


@pytest.mark.parametrize("patience", [0.2, 1.0, PATIENCE])
@pytest.mark.parametrize("trouble", [Trouble.NEVER_VISIBLE, Trouble.LOST_FROM_SIGHT])
async def test_looking_for_an_answer_ends_before_the_deadline(
    subject: CalendarSubject, trouble: Trouble, patience: float
) -> None:
    ann, ref = subject.scene.ann, subject.scene.meeting.ref
    event = await subject.provider.get_event(call_of(ann, subject.clock), ref)
    await subject.trouble(trouble)
    call = call_of(ann, subject.clock, patience=patience)

    result = await subject.provider.set_participation(call, event, ACCEPTED)

    assert subject.clock.monotonic() <= call.deadline
    assert result.status is UNANSWERED


async def test_an_account_that_is_not_linked_opens_nothing(subject: CalendarSubject) -> None:
    event = await subject.provider.get_event(
        call_of(subject.scene.ann, subject.clock), subject.scene.meeting.ref
    )
    asked = subject.asked()
    call = call_of(stranger_at(subject.provider.name), subject.clock)

    with pytest.raises(NotLinkedError):
        await subject.provider.get_event(call, event.ref)
    with pytest.raises(NotLinkedError):
        await subject.provider.set_participation(call, event, ACCEPTED)

    assert (subject.asked(), held(subject)) == (asked, UNANSWERED)


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, *REFUSALS])
async def test_no_error_holds_a_secret(subject: CalendarSubject, trouble: Trouble) -> None:
    call = call_of(subject.scene.ann, subject.clock)
    event = await subject.provider.get_event(call, subject.scene.meeting.ref)
    await subject.trouble(trouble)

    with pytest.raises(TELLABLE) as raised:
        await subject.provider.set_participation(call, event, ACCEPTED)

    told = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    # The one in memory has no address and no key that could be told.
    assert bool(subject.secrets) is not isinstance(subject.provider, FakeCalendar)
    assert not [secret for secret in subject.secrets if secret in told]
