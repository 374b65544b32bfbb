"""The bucket in crowds that nobody thought of."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.transport.limits import LeakyBucket, WouldExceedDeadline
from tests.fakes.clock import FakeClock
from tests.fakes.timer import HandTimer


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


Arrival = tuple[float, int, float | None, float | None]
"""Gap before it, priority, patience, seconds after which it gives up."""

arrivals = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.1, 0.7, 2.0]),
        st.integers(min_value=0, max_value=2),
        st.none() | st.floats(min_value=0.01, max_value=8),
        st.none() | st.sampled_from([0.0, 0.3, 0.5, 1.0, 2.5]),
    ),
    min_size=1,
    max_size=25,
)


@given(
    arrivals=arrivals,
    holds=st.dictionaries(st.integers(0, 24), st.floats(min_value=0, max_value=4), max_size=3),
    rate=st.sampled_from([0.5, 2, 5]),
    burst=st.integers(min_value=1, max_value=12),
)
def test_in_any_crowd_everybody_ends_in_time_and_no_window_sees_too_many(
    arrivals: list[Arrival], holds: dict[int, float], rate: float, burst: int
) -> None:
    async def run() -> tuple[int, list[float]]:
        timer = HandTimer()
        bucket = LeakyBucket(rate=rate, burst=burst, timer=timer)
        passed: list[float] = []
        closed_until = 0.0

        async def come(priority: int, patience: float | None) -> None:
            deadline = None if patience is None else timer.monotonic() + patience
            try:
                await bucket.acquire(priority=priority, deadline=deadline)
            except WouldExceedDeadline as refusal:
                assert deadline is not None
                assert refusal.retry_after >= 0
                return
            passed.append(timer.monotonic())
            assert timer.monotonic() >= closed_until - 1e-5
            assert deadline is None or timer.monotonic() <= deadline + 1e-5

        async def give_up(task: "asyncio.Task[None]", after: float) -> None:
            await timer.sleep(after)
            task.cancel()

        tasks: list[asyncio.Task[None]] = []
        leavers: list[asyncio.Task[None]] = []
        for number, (gap, priority, patience, leaves) in enumerate(arrivals):
            await timer.advance(gap)
            if number in holds:
                bucket.hold(holds[number])
                closed_until = max(closed_until, timer.monotonic() + holds[number])
            tasks.append(asyncio.create_task(come(priority, patience)))
            if leaves is not None:
                leavers.append(asyncio.create_task(give_up(tasks[-1], leaves)))
        await timer.advance(100)
        unfinished = [task for task in [*tasks, *leavers] if not task.done()]
        for task in unfinished:
            task.cancel()
        results = await asyncio.gather(*tasks, *leavers, return_exceptions=True)
        for result in results:
            assert result is None or isinstance(result, asyncio.CancelledError), result
        return len(unfinished), passed

    unfinished, passed = asyncio.run(run())

    assert unfinished == 0
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            window = passed[last] - passed[first]
            assert last - first + 1 <= burst + rate * window + 1e-4


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.1, 0.45, 1.0]), min_size=1, max_size=25),
    hold=st.sampled_from([0.0, 0.3, 2.0]),
    rate=st.sampled_from([0.5, 2, 5]),
    burst=st.integers(min_value=1, max_value=12),
)
def test_the_wait_told_in_advance_is_the_wait_that_comes(
    gaps: list[float], hold: float, rate: float, burst: int
) -> None:
    async def run() -> tuple[list[float], list[float]]:
        timer = HandTimer()
        bucket = LeakyBucket(rate=rate, burst=burst, timer=timer)
        bucket.hold(hold)
        told: list[float] = []
        came: list[float] = []

        async def come() -> None:
            told.append(timer.monotonic() + bucket.wait_time())
            await bucket.acquire()
            came.append(timer.monotonic())

        tasks = []
        for gap in gaps:
            await timer.advance(gap)
            tasks.append(asyncio.create_task(come()))
        await timer.advance(100)
        await asyncio.gather(*tasks)
        return told, came

    told, came = asyncio.run(run())

    assert len(came) == len(gaps)
    assert came == pytest.approx(told, abs=1e-4)
