"""What we send, against the sandbox's count of it, on an event loop whose time is made up."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.telegram.flood import FloodLimiter, FloodRates
from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.flood import FloodControl, FloodLimits

GROUP = "-100200"
MINUTE = 60.0
ANY = 100_000.0
STARTED = 0.25
"""Not at zero, so that differences of times are as inexact as in life."""


class _SkippingLoop(asyncio.SelectorEventLoop):
    """A turn takes a microsecond, and waiting is skipped."""

    def __init__(self) -> None:
        super().__init__()
        self._at = STARTED

    def time(self) -> float:
        return self._at

    def _run_once(self) -> None:
        self._at += 1e-6
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._at = max(self._at, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class _LoopClock:
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.monotonic(), UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Wire:
    """Counts what is sent as the sandbox's Telegram does."""

    control: FloodControl
    sent: list[tuple[str, float]] = field(default_factory=list)
    refused: int = 0
    edits: list[float] = field(default_factory=list)
    """When each edit that was sent had been asked for."""

    async def send(self, chat: str) -> object:
        now = asyncio.get_running_loop().time()
        try:
            self.control.count(int(chat), is_private=not chat.startswith("-"))
        except ApiError:
            self.refused += 1
        self.sent.append((chat, now - STARTED))
        return {}

    async def edit(self, asked_at: float) -> object:
        self.edits.append(asked_at)
        return await self.send(GROUP)

    def times(self, chat: str) -> list[float]:
        return [at for to, at in self.sent if to == chat]


def run(
    rates: FloodRates,
    limits: FloodLimits,
    plan: Sequence[tuple[float, str]],
    edits: Sequence[float] = (),
) -> Wire:
    """Ask for messages at given times, to given chats, and see when they are sent.

    Args:
        rates: What we keep.
        limits: What Telegram counts.
        plan: When and to whom a message is asked for.
        edits: When an edit of one message in the group is asked for.
    """
    loop = _SkippingLoop()
    wire = Wire(FloodControl(seconds=loop.time, limits=limits))

    async def one(limiter: FloodLimiter, at: float, chat: str) -> None:
        await asyncio.sleep(at)
        await limiter.in_turn(chat, lambda: wire.send(chat))

    async def edit(limiter: FloodLimiter, at: float) -> None:
        await asyncio.sleep(at)
        asked_at = asyncio.get_running_loop().time() - STARTED
        await limiter.edit_in_turn(GROUP, 5, lambda: wire.edit(asked_at))

    async def everything() -> None:
        limiter = FloodLimiter(rates, _LoopClock())
        work: list[Coroutine[None, None, None]] = [one(limiter, at, to) for at, to in plan]
        work += [edit(limiter, at) for at in edits]
        await asyncio.gather(*work)

    try:
        loop.run_until_complete(everything())
    finally:
        loop.close()
    assert len(wire.sent) - len(wire.edits) == len(plan)
    return wire


def most_within(times: Sequence[float], length: float) -> int:
    """How many there are at most in any window of that length, its end left out."""
    return max(sum(start <= at < start + length for at in times) for start in times)


def test_a_full_queue_for_a_group_is_never_refused() -> None:
    wire = run(FloodRates(), FloodLimits(), [(0.0, GROUP)] * 120)

    assert wire.refused == 0
    # On their way to Telegram messages may come closer to each other.
    assert 19 <= most_within(wire.times(GROUP), MINUTE + 3) <= 20
    # A few go out at once, and the queue does not dry up.
    assert wire.times(GROUP)[4] <= 5
    assert wire.times(GROUP)[-1] < 120 / 20 * MINUTE * 1.4


def test_an_edit_never_waits_behind_one_that_it_outdates() -> None:
    asked = [second / 2 for second in range(120)]

    wire = run(FloodRates(), FloodLimits(), [], asked)

    assert wire.refused == 0
    assert len(wire.edits) >= 19
    assert wire.edits[-1] == pytest.approx(asked[-1], abs=0.01)
    # Each is the newest that there was when it was sent: asked for half a second before at most.
    for (_, sent_at), asked_at in zip(wire.sent, wire.edits, strict=True):
        assert sent_at - asked_at < 0.51 or asked_at == wire.edits[-1]


def test_edits_and_messages_together_are_never_refused() -> None:
    wire = run(
        FloodRates(), FloodLimits(), [(float(at), GROUP) for at in range(60)], list(range(300))
    )

    assert wire.refused == 0
    assert wire.edits == sorted(wire.edits)
    assert wire.edits[-1] == pytest.approx(299, abs=0.01)


def test_what_comes_after_a_pause_is_never_refused() -> None:
    plan = [(minute * MINUTE + second, GROUP) for minute in range(4) for second in (0, 55, 58, 59)]

    wire = run(FloodRates(chat=ANY), FloodLimits(chat_rate=ANY, chat_burst=10**6), plan * 5)

    assert wire.refused == 0


def test_many_chats_at_once_are_never_refused() -> None:
    plan = [(0.0, str(number)) for number in range(1, 200)]
    plan += [(0.0, f"-{number}") for number in range(1, 100)]

    wire = run(FloodRates(), FloodLimits(), plan)

    assert wire.refused == 0
    assert max(at for _, at in wire.sent) < 300 / 30 * 1.2


@pytest.mark.parametrize("rate", [0.5, 1, 1.5, 2, 3, 3.9, 4, 5, 7, 10, 20, 20.5, 60, 500])
def test_no_minute_holds_more_than_the_rate(rate: float) -> None:
    most = max(1, floor(rate))
    wire = run(
        FloodRates(overall=ANY, chat=ANY, group=rate),
        FloodLimits(
            chat_rate=ANY, chat_burst=10**6, overall_per_second=10**6, group_per_minute=most
        ),
        [(0.0, GROUP)] * (5 * most + 3),
    )

    assert wire.refused == 0
    assert most_within(wire.times(GROUP), MINUTE) <= most
    if rate < 1:
        assert most_within(wire.times(GROUP), MINUTE / rate) == 1
    assert wire.times(GROUP)[-1] <= (len(wire.sent) - 1) / min(rate, most) * MINUTE * 1.4


@given(
    st.lists(st.floats(0, 200), min_size=1, max_size=80),
    st.sampled_from([1.0, 2.0, 3.5, 5.0, 20.0]),
)
@settings(max_examples=60, deadline=None)
def test_no_minute_holds_more_than_the_rate_whenever_it_is_asked_for(
    asked: list[float], rate: float
) -> None:
    wire = run(
        FloodRates(overall=ANY, chat=ANY, group=rate),
        FloodLimits(
            chat_rate=ANY, chat_burst=10**6, overall_per_second=10**6, group_per_minute=floor(rate)
        ),
        [(at, GROUP) for at in asked],
    )

    assert wire.refused == 0
    assert most_within(wire.times(GROUP), MINUTE) <= rate


def test_a_rate_without_measure_holds_nobody_up() -> None:
    rates = FloodRates(overall=ANY, chat=ANY, group=ANY)
    limits = FloodLimits(
        chat_rate=ANY, chat_burst=10**6, overall_per_second=10**6, group_per_minute=10**6
    )

    wire = run(rates, limits, [(0.0, GROUP)] * 3000)

    assert wire.times(GROUP)[-1] < 1
