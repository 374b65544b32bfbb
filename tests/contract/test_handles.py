"""What every store does with the numbers by which people call their events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.chat import Identity, Platform
from bot.domain.journal import KeptNumber
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.ports import Store
from tests.contract.stores import DATABASES, STORES, database_address, opened_store, store_on
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="1", display_name="Борис")


def event(name: str, *, calendar_id: str | None = "cal_1", account_id: str = "acc_1") -> EventRef:
    return EventRef(
        provider=Provider.CRONOFY, event_id=name, calendar_id=calendar_id, account_id=account_id
    )


ONE, TWO, THREE = event("evt_1"), event("evt_2"), event("evt_3")


@pytest.fixture(params=STORES)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    async with opened_store(request.param, request, tmp_path, clock) as opened:
        yield opened


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with database_address(request.param, request, tmp_path) as address:
        yield address


async def test_events_are_numbered_in_the_order_they_come_and_keep_their_numbers(
    store: Store,
) -> None:
    assert list(await store.number_events(ANN, [TWO, ONE])) == [1, 2]
    assert list(await store.number_events(ANN, [ONE, THREE, TWO, ONE])) == [2, 3, 1, 2]
    assert list(await store.number_events(ANN, [THREE])) == [3]
    assert list(await store.number_events(ANN, [])) == []


async def test_an_event_that_comes_twice_at_once_has_one_number(store: Store) -> None:
    assert list(await store.number_events(ANN, [ONE, ONE, TWO, ONE])) == [1, 1, 2, 1]


async def test_everybody_has_numbers_of_their_own(store: Store) -> None:
    await store.number_events(ANN, [ONE, TWO])

    assert list(await store.number_events(BORIS, [TWO])) == [1]
    assert await store.find_numbered(BORIS, 1) == TWO
    assert await store.find_numbered(BORIS, 2) is None


async def test_the_same_id_elsewhere_is_another_event(store: Store) -> None:
    elsewhere = [
        ONE,
        replace(ONE, account_id="acc_2"),
        replace(ONE, account_id=""),
        replace(ONE, provider=Provider.BITRIX24),
    ]

    assert list(await store.number_events(ANN, elsewhere)) == [1, 2, 3, 4]
    assert [await store.find_numbered(ANN, number) for number in (1, 2, 3, 4)] == elsewhere


async def test_a_number_finds_its_event_with_account_and_calendar_but_no_handle(
    store: Store,
) -> None:
    await store.number_events(ANN, [replace(ONE, handle="c7")])

    found = await store.find_numbered(ANN, 1)

    assert found == ONE
    # What equality does not look at.
    assert found is not None
    assert found.handle == ""


@pytest.mark.parametrize("number", [-1, 0, 2, 2**31, 2**63, 10**40])
async def test_a_number_that_nobody_was_given_finds_nothing(store: Store, number: int) -> None:
    await store.number_events(ANN, [ONE])

    assert await store.find_numbered(ANN, number) is None


async def test_of_the_calendars_that_an_event_came_with_the_latest_is_kept(store: Store) -> None:
    async def calendar() -> str | None:
        found = await store.find_numbered(ANN, 1)
        assert found is not None
        return found.calendar_id

    seen = []
    for calendar_id in (None, "cal_1", "cal_2", None):
        await store.number_events(ANN, [event("evt_1", calendar_id=calendar_id)])
        seen.append(await calendar())
    await store.number_events(ANN, [replace(ONE, calendar_id=name) for name in ("a", "b", None)])

    assert seen == [None, "cal_1", "cal_2", "cal_2"]
    assert await calendar() == "b"
    assert [kept.number for kept in await store.numbers_of(ANN)] == [1]


async def test_numbers_are_told_to_whom_they_concern(store: Store, clock: FakeClock) -> None:
    await store.number_events(ANN, [TWO])
    clock.advance(60)
    await store.number_events(ANN, [TWO, ONE])

    assert list(await store.numbers_of(ANN)) == [
        KeptNumber(number=1, ref=TWO, given_at=START),
        KeptNumber(number=2, ref=ONE, given_at=START + timedelta(seconds=60)),
    ]
    assert list(await store.numbers_of(BORIS)) == []


async def test_old_numbers_are_forgotten_whosoever_they_are(store: Store, clock: FakeClock) -> None:
    await store.number_events(ANN, [ONE])
    await store.number_events(BORIS, [ONE])
    clock.advance(1)
    await store.number_events(ANN, [TWO])
    assert list(await store.number_events(ANN, [ONE, TWO])) == [1, 2]

    assert await store.prune_numbers(START) == 0
    assert await store.prune_numbers(START + timedelta(seconds=1)) == 2

    assert await store.find_numbered(ANN, 1) is None
    assert await store.find_numbered(ANN, 2) == TWO
    assert list(await store.number_events(ANN, [TWO, ONE])) == [2, 3]


async def test_who_is_forgotten_begins_anew_and_others_keep_theirs(store: Store) -> None:
    await store.number_events(ANN, [ONE, TWO])
    await store.number_events(BORIS, [ONE, TWO])

    await store.forget(ANN)

    assert list(await store.numbers_of(ANN)) == []
    assert await store.find_numbered(ANN, 1) is None
    assert [kept.ref for kept in await store.numbers_of(BORIS)] == [ONE, TWO]
    assert list(await store.number_events(ANN, [TWO])) == [1]


async def test_two_processes_at_once_never_give_a_number_or_an_event_twice(
    url: str, clock: FakeClock
) -> None:
    events = [event(f"evt_{number}") for number in range(40)]
    async with store_on(url, clock) as ours, store_on(url, clock) as theirs:
        asked = [events[start : start + 8] for start in range(0, 33, 4)]
        given = await asyncio.gather(
            *(one.number_events(ANN, part) for part in asked for one in (ours, theirs))
        )
        parts = [part for part in asked for _ in (ours, theirs)]
        kept = await ours.numbers_of(ANN)

    told = {
        (ref.event_id, number)
        for part, numbers in zip(parts, given, strict=True)
        for ref, number in zip(part, numbers, strict=True)
    }
    assert told == {(one.ref.event_id, one.number) for one in kept}
    assert sorted(number for _, number in told) == list(range(1, 41))
    assert {name for name, _ in told} == {ref.event_id for ref in events}


async def test_what_another_process_numbered_is_not_numbered_again(
    url: str, clock: FakeClock
) -> None:
    async with store_on(url, clock) as ours, store_on(url, clock) as theirs:
        await ours.number_events(ANN, [ONE])
        await theirs.number_events(ANN, [TWO, ONE])

        # Ours has not noticed anything yet, and knows a number for one of the two.
        assert list(await ours.number_events(ANN, [ONE, TWO, THREE])) == [1, 2, 3]
        assert await theirs.find_numbered(ANN, 3) == THREE


async def test_numbers_outlive_the_process(url: str, clock: FakeClock) -> None:
    async with store_on(url, clock) as first:
        await first.number_events(ANN, [ONE, TWO])

    async with store_on(url, clock) as second:
        assert list(await second.number_events(ANN, [THREE, TWO])) == [3, 2]
