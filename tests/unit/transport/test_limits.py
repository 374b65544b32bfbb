import asyncio

import pytest

from bot.transport.limits import LeakyBucket, Limiters, WouldExceedDeadline
from tests.fakes.clock import FakeClock
from tests.fakes.timer import HandTimer


async def test_a_burst_passes_at_once_and_then_the_rate_holds() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=2, burst=3, timer=clock)

    moments = []
    for _ in range(6):
        await bucket.acquire()
        moments.append(clock.monotonic())

    assert moments == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5])


async def test_only_who_had_to_wait_is_told_of_with_the_seconds() -> None:
    clock, waits = FakeClock(), list[float]()
    bucket = LeakyBucket(rate=2, burst=2, timer=clock, waited=waits.append)
    other = Limiters(rate=2, burst=2, timer=clock, waited=waits.append).of("b")

    for _ in range(2):
        await bucket.acquire()
        await other.acquire()
    assert waits == []
    await bucket.acquire()
    with pytest.raises(WouldExceedDeadline):
        await bucket.acquire(deadline=clock.monotonic() + 0.1)
    assert waits == pytest.approx([0.5])
    await other.acquire()
    await other.acquire()

    assert waits == pytest.approx([0.5, 0.5])


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

    assert clock.monotonic() == pytest.approx(1.0)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_place_given_in_the_moment_of_the_cancellation_is_given_back() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire())
    await timer.settle()

    timer.wake_next()
    await asyncio.sleep(0)  # the place is given now, and the waiter has not run yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert bucket.wait_time() == 0


async def test_who_gave_up_is_in_nobodys_way_when_the_late_are_refused() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    gone = asyncio.create_task(bucket.acquire(priority=2, deadline=1.5))
    await timer.settle()
    urgent = asyncio.create_task(bucket.acquire(priority=0))
    gone.cancel()
    last = asyncio.create_task(bucket.acquire(priority=1))

    await timer.advance(3)

    assert gone.cancelled()
    assert urgent.done()
    assert last.done()


async def test_the_wait_told_in_advance_counts_only_those_who_go_first() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    waiting = [asyncio.create_task(bucket.acquire(priority=1)) for _ in range(3)]
    await timer.settle()
    waiting[0].cancel()
    await timer.settle()

    assert bucket.wait_time(priority=0) == pytest.approx(1)
    assert bucket.wait_time(priority=1) == pytest.approx(3)
    assert bucket.wait_time(priority=2) == pytest.approx(3)
    await timer.advance(2)
    assert all(task.done() for task in waiting)


async def test_who_is_woken_after_their_deadline_takes_no_place() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire(deadline=1.2))
    await timer.settle()

    bucket.hold(0.5)
    await timer.sleep_through(5.0)

    with pytest.raises(WouldExceedDeadline):
        await waiting
    assert bucket.wait_time() == 0


async def test_a_hold_keeps_everybody_back() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=100, burst=100, timer=clock)
    bucket.hold(5)

    assert bucket.wait_time() == pytest.approx(5)
    with pytest.raises(WouldExceedDeadline):
        await bucket.acquire(deadline=4)
    await bucket.acquire(deadline=6)
    assert clock.monotonic() == pytest.approx(5)


async def test_after_a_hold_all_that_fit_pass_at_once_and_nobody_is_refused_for_nothing() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=2, burst=10, timer=timer)
    bucket.hold(2)

    waiting = [asyncio.create_task(bucket.acquire(deadline=2.6)) for _ in range(12)]
    await timer.settle()
    refused = [task for task in waiting if task.done()]
    await timer.advance(2)
    passed = [task for task in waiting if task.done() and task not in refused]

    assert len(passed) == 10
    assert len(refused) == 1
    assert isinstance(refused[0].exception(), WouldExceedDeadline)
    await timer.advance(0.5)
    assert all(task.done() for task in waiting)


async def test_a_full_bucket_drains_while_it_is_held() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=2, burst=4, timer=timer)
    for _ in range(4):
        await bucket.acquire()

    bucket.hold(2)

    assert bucket.wait_time() == pytest.approx(2)
    bucket.hold(0.5)
    assert bucket.wait_time() == pytest.approx(2)


async def test_who_comes_too_late_need_not_wait_to_hear_it() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    first = asyncio.create_task(bucket.acquire())
    await timer.settle()

    with pytest.raises(WouldExceedDeadline) as caught:
        async with asyncio.timeout(5):
            await bucket.acquire(deadline=1.5)

    assert caught.value.retry_after == pytest.approx(2)
    assert not first.done()
    await timer.advance(1)
    assert first.done()


async def test_who_is_pushed_back_hears_it_long_before_the_turn_that_would_be_too_late() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    slow = asyncio.create_task(bucket.acquire(priority=2, deadline=2.5))
    await timer.settle()
    urgent = [asyncio.create_task(bucket.acquire(priority=0)) for _ in range(3)]

    await timer.advance(1)

    assert isinstance(slow.exception(), WouldExceedDeadline)
    await timer.advance(2)
    assert all(task.done() for task in urgent)


async def test_nobody_slips_in_before_those_who_wait_when_a_place_has_just_come_free() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    waiting = asyncio.create_task(bucket.acquire())
    await timer.settle()

    timer.wake_next()  # there is room now, and the waiter does not know it yet
    with pytest.raises(WouldExceedDeadline):
        await bucket.acquire(deadline=1.5)

    await timer.settle()
    assert waiting.done()


async def test_a_bucket_that_counts_as_full_has_no_burst_left_after_a_hold() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(rate=2, burst=50, timer=clock)
    await bucket.acquire()

    bucket.fill()
    bucket.hold(1)

    moments = []
    for _ in range(4):
        await bucket.acquire()
        moments.append(clock.monotonic())
    # What drained during the hold, and then the rate.
    assert moments == pytest.approx([1, 1, 1.5, 2])


async def test_a_hold_that_comes_later_refuses_those_whom_it_makes_late() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=1, burst=1, timer=timer)
    await bucket.acquire()
    impatient = asyncio.create_task(bucket.acquire(deadline=3))
    patient = asyncio.create_task(bucket.acquire(deadline=30))
    await timer.settle()

    bucket.hold(10)
    bucket.hold(1)  # a shorter one takes nothing from it
    await timer.advance(3)

    with pytest.raises(WouldExceedDeadline) as caught:
        await impatient
    assert 3 < 1 + caught.value.retry_after <= 10
    assert not patient.done()
    await timer.advance(7)
    assert patient.done()


async def test_hosts_do_not_share_a_bucket() -> None:
    limiters = Limiters(rate=1, burst=1, timer=FakeClock())

    assert limiters.of("a") is limiters.of("a")
    assert limiters.of("a") is not limiters.of("b")


async def test_some_of_the_burst_is_kept_for_the_urgent() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=2, burst=50, timer=timer)
    crowd = [asyncio.create_task(bucket.acquire(priority=2)) for _ in range(60)]
    await timer.settle()
    assert sum(task.done() for task in crowd) == 40

    for number in range(10):
        assert bucket.wait_time(number % 2) == 0
        await bucket.acquire(priority=number % 2)

    assert bucket.wait_time() == pytest.approx(0.5)
    await timer.advance(100)
    assert all(task.done() for task in crowd)


async def test_the_urgent_do_not_wait_for_whom_the_less_urgent_wait_for() -> None:
    timer = HandTimer()
    bucket = LeakyBucket(rate=2, burst=50, timer=timer)
    for _ in range(50):
        await bucket.acquire()
    patient = asyncio.create_task(bucket.acquire(priority=2))
    await timer.settle()  # it waits until there is room for it, five seconds later

    urgent = asyncio.create_task(bucket.acquire())
    await timer.advance(0.5)

    assert urgent.done()
    await timer.advance(5.5)
    assert patient.done()


def test_hosts_that_nobody_asks_any_more_are_forgotten_and_a_busy_one_is_not() -> None:
    clock = FakeClock()
    limiters = Limiters(rate=2, burst=50, timer=clock)
    busy = limiters.of("busy.bitrix24.com")
    busy.hold(3600)
    for number in range(5000):
        limiters.of(f"portal{number}.bitrix24.com")

    assert len(limiters._buckets) <= 1000
    assert limiters.of("busy.bitrix24.com") is busy
