"""What every presence provider does: the one in memory and the real ones at their emulators."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from bot.domain.accounts import Account
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.errors import (
    TELLABLE,
    NotLinkedError,
    ProviderError,
    RateLimitedError,
    TransportError,
)
from tests.contract.adapters import adapters_of
from tests.contract.presences import PresenceSubject, at_bitrix24, in_memory
from tests.contract.providers import PATIENCE, REFUSALS, call_of, stranger_at
from tests.fakes.calendars import Trouble
from tests.fakes.presences import FakePresence

SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[PresenceSubject]]] = {
    "memory": in_memory,
    "bitrix24": at_bitrix24,
}
WITHOUT_PRESENCE = {Provider.CRONOFY}
"""A service for calendars has no presence to set."""


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[PresenceSubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


async def put(subject: PresenceSubject, presence: Presence = Presence.DND) -> PresenceState:
    return await subject.provider.set_presence(call_of(subject.ann, subject.clock), presence)


async def get(subject: PresenceSubject, account: Account | None = None) -> PresenceState:
    return await subject.provider.get_presence(call_of(account or subject.ann, subject.clock))


async def test_every_adapter_and_every_provider_is_among_the_subjects() -> None:
    tested, names = set(), set()
    for open_subject in SUBJECTS.values():
        async with open_subject() as subject:
            tested.add(type(subject.provider).__name__)
            names.add(subject.provider.name)

    assert tested - {"FakePresence"} == adapters_of("PresenceProvider", "providers", "set_presence")
    assert names == set(Provider) - WITHOUT_PRESENCE


async def test_what_was_never_set_is_none(subject: PresenceSubject) -> None:
    state = await get(subject)

    assert (state.presence, state.confirmation) == (None, Confirmation.CONFIRMED)


@pytest.mark.parametrize("presence", list(Presence))
async def test_a_presence_is_confirmed_with_what_is_really_held(
    subject: PresenceSubject, presence: Presence
) -> None:
    set_to = await put(subject, presence)
    read = await get(subject)

    assert replace(set_to, before=None) == read
    assert (read.presence, read.confirmation) == (presence, Confirmation.CONFIRMED)
    assert (subject.held(subject.ann), subject.writes(subject.ann)) == (presence, 1)


async def test_after_a_write_it_says_what_was_held_before(subject: PresenceSubject) -> None:
    states = [await put(subject, presence) for presence in (Presence.DND, Presence.AWAY)]
    subject.change(subject.ann, Presence.BREAK)
    states += [await put(subject, Presence.ONLINE), await get(subject)]

    assert [state.before for state in states] == [None, Presence.DND, Presence.BREAK, None]
    assert subject.writes(subject.ann) == 3


@pytest.mark.parametrize("trouble", [Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_what_was_before_is_not_guessed(subject: PresenceSubject, trouble: Trouble) -> None:
    await put(subject, Presence.ONLINE)
    await subject.trouble(trouble)

    assert (await put(subject, Presence.DND)).before in (None, Presence.ONLINE)


async def test_it_says_whether_others_get_to_see_it(subject: PresenceSubject) -> None:
    shown = set()
    for presence in Presence:
        state = await put(subject, presence)
        if state.shown:
            shown.add(presence)

    assert shown == subject.shown


async def test_a_presence_changed_elsewhere_is_seen_at_once(subject: PresenceSubject) -> None:
    seen = []
    for presence in (Presence.AWAY, Presence.BREAK, Presence.ONLINE):
        subject.change(subject.ann, presence)
        seen.append((await get(subject)).presence)

    assert seen == [Presence.AWAY, Presence.BREAK, Presence.ONLINE]


async def test_the_result_is_what_was_read_also_if_it_is_not_what_was_asked(
    subject: PresenceSubject,
) -> None:
    subject.after_next_write(lambda: subject.change(subject.ann, Presence.AWAY))

    state = await put(subject, Presence.DND)

    assert subject.held(subject.ann) is Presence.AWAY
    assert state.presence is Presence.AWAY
    assert state.confirmation in (Confirmation.CONFIRMED, Confirmation.PENDING)


@pytest.mark.parametrize("trouble", list(REFUSALS))
async def test_a_refused_presence_is_raised_and_nothing_was_changed(
    subject: PresenceSubject, trouble: Trouble
) -> None:
    await put(subject, Presence.ONLINE)
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]) as refused:
        await put(subject)

    assert not refused.value.may_have_happened
    assert refused.value.provider == subject.provider.name
    assert (subject.held(subject.ann), subject.writes(subject.ann)) == (Presence.ONLINE, 1)


@pytest.mark.parametrize("trouble", [Trouble.SIGNED_OUT, Trouble.BUSY])
async def test_a_refused_read_is_raised(subject: PresenceSubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]):
        await get(subject)


async def test_what_cannot_be_sent_is_raised_and_nothing_was_changed(
    subject: PresenceSubject,
) -> None:
    await put(subject, Presence.ONLINE)
    await subject.trouble(Trouble.UNREACHABLE)

    with pytest.raises(TransportError) as unsent:
        await put(subject)
    assert not unsent.value.may_have_happened
    assert (subject.held(subject.ann), subject.writes(subject.ann)) == (Presence.ONLINE, 1)

    with pytest.raises(TransportError):
        await get(subject)


async def test_a_setting_cut_off_after_it_was_carried_out_is_found_by_looking(
    subject: PresenceSubject,
) -> None:
    await subject.trouble(Trouble.LOST_AFTER)

    state = await put(subject)

    assert (state.presence, state.confirmation) == (Presence.DND, Confirmation.CONFIRMED)
    assert (subject.held(subject.ann), subject.writes(subject.ann)) == (Presence.DND, 1)


async def test_a_setting_after_which_nothing_can_be_read_is_unknown_and_was_sent_once(
    subject: PresenceSubject,
) -> None:
    await put(subject, Presence.ONLINE)
    await subject.trouble(Trouble.LOST_FROM_SIGHT)

    state = await put(subject)

    assert state.confirmation is Confirmation.UNKNOWN
    assert state.presence is not Presence.DND
    assert (subject.held(subject.ann), subject.writes(subject.ann)) == (Presence.DND, 2)


async def test_a_setting_cut_off_before_it_was_carried_out_is_unknown_and_not_sent_again(
    subject: PresenceSubject,
) -> None:
    await put(subject, Presence.ONLINE)
    await subject.trouble(Trouble.LOST_BEFORE)

    state = await put(subject)

    assert (state.presence, state.confirmation) == (Presence.ONLINE, Confirmation.UNKNOWN)
    assert (subject.held(subject.ann), subject.writes(subject.ann)) == (Presence.ONLINE, 1)


async def test_a_setting_that_never_shows_is_not_said_to_be_held(subject: PresenceSubject) -> None:
    await put(subject, Presence.ONLINE)
    await subject.trouble(Trouble.NEVER_VISIBLE)

    state = await put(subject)

    assert state.confirmation in (Confirmation.CONFIRMED, Confirmation.PENDING)
    assert state.presence is subject.held(subject.ann) is Presence.ONLINE
    assert subject.writes(subject.ann) == 2


@pytest.mark.parametrize("late_by", [0.0, 1.0])
async def test_nothing_is_sent_when_no_time_is_left(
    subject: PresenceSubject, late_by: float
) -> None:
    late = call_of(subject.ann, subject.clock, patience=-late_by)

    with pytest.raises(TELLABLE) as unsent:
        await subject.provider.set_presence(late, Presence.DND)
    assert isinstance(unsent.value, ProviderError | TransportError)
    assert not unsent.value.may_have_happened
    with pytest.raises(TELLABLE):
        await subject.provider.get_presence(late)

    assert (subject.asked(), subject.held(subject.ann)) == (0, None)


@pytest.mark.parametrize("patience", [0.2, 3.0, PATIENCE])
async def test_waiting_for_a_busy_vendor_ends_before_the_deadline(
    subject: PresenceSubject, patience: float
) -> None:
    await subject.trouble(Trouble.BUSY)

    call = call_of(subject.ann, subject.clock, patience=patience)
    with pytest.raises(RateLimitedError):
        await subject.provider.set_presence(call, Presence.DND)
    assert subject.clock.monotonic() <= call.deadline

    call = call_of(subject.ann, subject.clock, patience=patience)
    with pytest.raises(RateLimitedError):
        await subject.provider.get_presence(call)
    assert subject.clock.monotonic() <= call.deadline


async def test_nobody_sees_or_changes_the_presence_of_another(subject: PresenceSubject) -> None:
    await put(subject, Presence.DND)
    assert (await get(subject, subject.other)).presence is None

    call = call_of(subject.other, subject.clock)
    await subject.provider.set_presence(call, Presence.AWAY)

    assert (await get(subject)).presence is Presence.DND
    assert subject.held(subject.ann) is Presence.DND
    assert subject.held(subject.other) is Presence.AWAY


async def test_calls_side_by_side_do_not_mix(subject: PresenceSubject) -> None:
    mine, theirs = call_of(subject.ann, subject.clock), call_of(subject.other, subject.clock)
    states = await asyncio.gather(
        subject.provider.set_presence(mine, Presence.DND),
        subject.provider.set_presence(theirs, Presence.AWAY),
    )

    assert [state.presence for state in states] == [Presence.DND, Presence.AWAY]
    assert subject.held(subject.ann) is Presence.DND
    assert subject.held(subject.other) is Presence.AWAY


async def test_an_account_that_is_not_linked_opens_nothing(subject: PresenceSubject) -> None:
    call = call_of(stranger_at(subject.provider.name), subject.clock)

    with pytest.raises(NotLinkedError):
        await subject.provider.get_presence(call)
    with pytest.raises(NotLinkedError):
        await subject.provider.set_presence(call, Presence.DND)

    assert (subject.asked(), subject.held(subject.ann)) == (0, None)


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, *REFUSALS])
async def test_no_error_holds_a_secret(subject: PresenceSubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(TELLABLE) as raised:
        await put(subject)

    told = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    # The one in memory has no address and no key that could be told.
    assert bool(subject.secrets) is not isinstance(subject.provider, FakePresence)
    assert not [secret for secret in subject.secrets if secret in told]
