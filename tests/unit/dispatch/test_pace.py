"""How much is taken at a time: a burst, then a steady rate, and pauses for whoever goes beyond."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.dispatch.gate import TELL_AGAIN_AFTER, Pace, Verdict
from tests.fakes.clock import FakeClock

RATE, BURST = 0.5, 20
TAKEN, TOLD, PASSED_OVER = Verdict.TAKEN, Verdict.TOLD, Verdict.PASSED_OVER


def pace(clock: FakeClock, rate: float = RATE) -> Pace:
    return Pace(rate=rate, burst=BURST, clock=clock)


def test_a_burst_is_taken_the_next_is_told_and_the_rest_passed_over(clock: FakeClock) -> None:
    it = pace(clock)

    verdicts = [it.judge("ann") for _ in range(BURST + 5)]

    assert verdicts == [TAKEN] * BURST + [TOLD] + [PASSED_OVER] * 4


def test_others_are_taken_meanwhile(clock: FakeClock) -> None:
    it = pace(clock)
    for _ in range(BURST + 5):
        it.judge("ann")

    assert [it.judge(f"person {number}") for number in range(200)] == [TAKEN] * 200


def test_after_the_pause_that_was_told_half_a_burst_is_taken(clock: FakeClock) -> None:
    it = pace(clock)
    for _ in range(BURST + 1):
        it.judge("ann")

    clock.advance(it.pause - 0.1)
    early = it.judge("ann")
    clock.advance(0.2)

    assert it.pause == BURST / RATE / 2
    assert early is PASSED_OVER
    assert [it.judge("ann") for _ in range(BURST // 2)] == [TAKEN] * (BURST // 2)


def test_a_steady_hand_is_never_refused(clock: FakeClock) -> None:
    it = pace(clock)
    for _ in range(500):
        assert it.judge("ann") is TAKEN
        clock.advance(1 / RATE + 0.001)


def test_who_never_stops_is_told_once_in_five_minutes(clock: FakeClock) -> None:
    it = pace(clock)
    told_at = []
    start = clock.monotonic()
    for _ in range(4 * 1000):
        if it.judge("ann") is TOLD:
            told_at.append(clock.monotonic() - start)
        clock.advance(0.25)

    assert len(told_at) == 4
    assert all(later - sooner >= TELL_AGAIN_AFTER for sooner, later in pairwise(told_at))


def test_who_was_calm_is_told_anew(clock: FakeClock) -> None:
    it = pace(clock)
    first = [it.judge("ann") for _ in range(BURST + 1)]
    clock.advance(BURST / RATE)

    assert [it.judge("ann") for _ in range(BURST + 1)] == first


def test_only_who_came_lately_is_remembered(clock: FakeClock) -> None:
    it = pace(clock)
    most = 0
    for number in range(60_000):
        it.judge(number)
        clock.advance(0.01)
        most = max(most, len(it._hands))

    assert most <= 10_000
    assert it.judge("somebody new") is TAKEN


def test_a_rate_beyond_the_burst_takes_a_second_of_it_at_once(clock: FakeClock) -> None:
    it = pace(clock, rate=100_000 / 60)

    verdicts = [it.judge("bench") for _ in range(1700)]

    assert verdicts.count(TAKEN) == 1666


@given(st.lists(st.floats(min_value=0, max_value=10), max_size=300))
def test_whatever_the_rhythm_no_more_is_taken_than_burst_and_rate_allow(
    pauses: list[float],
) -> None:
    clock = FakeClock()
    it, start = pace(clock), clock.monotonic()
    taken = 0
    for seconds in pauses:
        clock.advance(seconds)
        taken += it.judge("ann") is TAKEN
        assert taken <= BURST + RATE * (clock.monotonic() - start) + 1e-6
