import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.transport.limits import LeakyBucket, Limiters, WouldExceedDeadline
from tests.fakes.clock import FakeClock


async def test_a_burst_passes_at_once_and_then_the_rate_holds() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=2, burst=3, timer=clock)

    moments = []
    for _ in range(6):
        await bucket.acquire()
        moments.append(clock.monotonic())

    assert moments == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5])


async def test_who_would_come_too_late_is_told_when_to_come_back_and_takes_no_place() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=2, burst=1, timer=clock)
    await bucket.acquire()

    with pytest.raises(WouldExceedDeadline) as caught:
        await bucket.acquire(deadline=0.4)

    assert caught.value.retry_after == pytest.approx(0.5)
    await bucket.acquire(deadline=0.6)
    assert clock.monotonic() == pytest.approx(0.5)


async def test_the_urgent_pass_before_those_who_wait_longer() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=1, burst=1, timer=clock)
    await bucket.acquire()
    order: list[str] = []

    async def pass_as(name: str, priority: int) -> None:
        await bucket.acquire(priority=priority)
        order.append(name)

    tasks = [
        asyncio.create_task(pass_as("background", 2)),
        asyncio.create_task(pass_as("first", 0)),
        asyncio.create_task(pass_as("second", 0)),
    ]
    await asyncio.gather(*tasks)

    assert order == ["first", "second", "background"]


async def test_who_is_pushed_back_behind_their_deadline_is_refused_then() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=1, burst=1, timer=clock)
    await bucket.acquire()
    slow = asyncio.create_task(bucket.acquire(priority=2, deadline=1.5))
    await asyncio.sleep(0)

    urgent = [asyncio.create_task(bucket.acquire(priority=0)) for _ in range(3)]

    with pytest.raises(WouldExceedDeadline):
        await slow
    await asyncio.gather(*urgent)


async def test_a_cancelled_waiter_gives_its_place_to_the_next() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=1, burst=1, timer=clock)
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire())
    await asyncio.sleep(0)
    waiting.cancel()

    await bucket.acquire()

    assert clock.monotonic() <= 2.0
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_hold_keeps_everybody_back() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=100, burst=100, timer=clock)
    bucket.hold(5)

    assert bucket.wait_time() == pytest.approx(5)
    with pytest.raises(WouldExceedDeadline):
        await bucket.acquire(deadline=4)
    await bucket.acquire(deadline=6)
    assert clock.monotonic() == pytest.approx(5)


async def test_hosts_do_not_share_a_bucket() -> None:
    limiters = Limiters(rate=1, burst=1, timer=FakeClock())

    assert limiters.of("a") is limiters.of("a")
    assert limiters.of("a") is not limiters.of("b")


@given(
    gaps=st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=40),
    rate=st.sampled_from([0.5, 2, 5]),
    burst=st.integers(min_value=1, max_value=6),
)
def test_no_window_ever_sees_more_than_burst_and_rate_allow(
    gaps: list[float], rate: float, burst: int
) -> None:
    async def run() -> list[float]:
        clock = FakeClock()
        bucket = LeakyBucket(rate=rate, burst=burst, timer=clock)
        passed = []
        for gap in gaps:
            clock.advance(gap)
            await bucket.acquire()
            passed.append(clock.monotonic())
        return passed

    passed = asyncio.run(run())

    for first in range(len(passed)):
        for last in range(first, len(passed)):
            window = passed[last] - passed[first]
            assert last - first + 1 <= burst + rate * window + 1e-6


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_nobody_is_forgotten_whoever_gives_up(gives_up: list[bool]) -> None:
    async def run() -> int:
        clock = FakeClock()
        bucket = LeakyBucket(rate=1, burst=1, timer=clock)
        tasks = [asyncio.create_task(bucket.acquire()) for _ in gives_up]
        await asyncio.sleep(0)
        for task, leaves in zip(tasks, gives_up, strict=True):
            if leaves:
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(result is None for result in results)

    async def bounded() -> int:
        async with asyncio.timeout(5):
            return await run()

    assert asyncio.run(bounded()) >= gives_up.count(False)
