import asyncio

import pytest
from telegram.error import RetryAfter

from bot.platforms.telegram.flood import FloodLimiter, FloodRates
from bot.platforms.telegram.request import seconds_of
from tests.fakes.clock import FakeClock

FAST = FloodRates(overall=100_000, chat=100_000, group=100_000)


class Wire:
    """Remembers what was sent; can hold or refuse it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []
        self.held: set[str] = set()
        self.opened = asyncio.Event()
        self.refusals: list[RetryAfter] = []

    async def send(self, chat: str, text: object) -> object:
        if chat in self.held:
            await self.opened.wait()
        if self.refusals:
            raise self.refusals.pop()
        self.sent.append((chat, text))
        return {}


async def _send(limiter: FloodLimiter, wire: Wire, chat: str, text: str) -> object:
    return await limiter.in_turn(chat, lambda: wire.send(chat, text))


async def test_a_held_chat_holds_up_no_other_and_keeps_its_order() -> None:
    limiter, wire = FloodLimiter(FAST, FakeClock()), Wire()
    wire.held = {"1"}
    first = asyncio.create_task(_send(limiter, wire, "1", "first"))
    second = asyncio.create_task(_send(limiter, wire, "1", "second"))

    await _send(limiter, wire, "2", "other")
    wire.opened.set()
    await asyncio.gather(first, second)

    assert wire.sent == [("2", "other"), ("1", "first"), ("1", "second")]


async def test_retry_after_holds_that_chat_alone() -> None:
    clock = FakeClock()
    limiter, wire = FloodLimiter(FAST, clock), Wire()
    wire.refusals = [RetryAfter(3)]
    with pytest.raises(RetryAfter):
        await _send(limiter, wire, "1", "refused")

    await _send(limiter, wire, "2", "other")
    assert clock.monotonic() == 0
    await _send(limiter, wire, "1", "again")

    assert clock.monotonic() == 3
    assert wire.sent == [("2", "other"), ("1", "again")]


async def test_nobody_waits_where_a_chat_is_held_for_long() -> None:
    clock = FakeClock()
    limiter, wire = FloodLimiter(FAST, clock), Wire()
    wire.refusals = [RetryAfter(3600)]
    with pytest.raises(RetryAfter):
        await _send(limiter, wire, "1", "refused")
    clock.advance(60)

    for tried in (_send(limiter, wire, "1", "post"), _edit(limiter, wire, "edit", 5)):
        with pytest.raises(RetryAfter) as told:
            await tried
        assert seconds_of(told.value) == 3540
    assert clock.monotonic() == 60
    clock.advance(3540)
    await _edit(limiter, wire, "edit", 5)

    assert wire.sent == [("1", "edit")]


async def test_of_waiting_edits_of_one_message_only_the_last_is_sent() -> None:
    limiter, wire = FloodLimiter(FAST, FakeClock()), Wire()
    wire.held = {"1"}
    post = asyncio.create_task(_send(limiter, wire, "1", "post"))
    await asyncio.sleep(0)
    edits = [asyncio.create_task(_edit(limiter, wire, text, 5)) for text in ("a", "b", "c")]
    another = asyncio.create_task(_edit(limiter, wire, "other", 6))
    await asyncio.sleep(0)
    wire.opened.set()
    await asyncio.gather(post, *edits, another)

    assert wire.sent == [("1", "post"), ("1", "c"), ("1", "other")]


async def _edit(limiter: FloodLimiter, wire: Wire, text: str, message_id: int) -> object:
    return await limiter.edit_in_turn("1", message_id, lambda: wire.send("1", text))


async def test_messages_and_the_last_edits_keep_their_order() -> None:
    limiter, wire = FloodLimiter(FAST, FakeClock()), Wire()
    wire.held = {"1"}
    queue = [_send(limiter, wire, "1", "first")]
    for text in ("5 a", "one", "5 b", "6 a", "two", "5 c", "three", "6 b", "four", "7"):
        if text[0].isdecimal():
            queue.append(_edit(limiter, wire, text, int(text[0])))
        else:
            queue.append(_send(limiter, wire, "1", text))
    tasks = [asyncio.create_task(each) for each in queue]
    await asyncio.sleep(0)
    wire.opened.set()
    done = await asyncio.gather(*tasks)

    sent = ["first", "one", "two", "5 c", "three", "6 b", "four", "7"]
    assert [text for _, text in wire.sent] == sent
    # Whoever asked for an edit that a later one made needless is told that all is well.
    assert done.count(None) == 3


async def test_an_edit_that_comes_while_another_is_sent_is_sent_after_it() -> None:
    limiter, wire = FloodLimiter(FAST, FakeClock()), Wire()
    wire.held = {"1"}
    tasks = [asyncio.create_task(_edit(limiter, wire, "a", 5))]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(_edit(limiter, wire, "b", 5)))
    await asyncio.sleep(0)
    wire.opened.set()
    await asyncio.gather(*tasks)

    assert wire.sent == [("1", "a"), ("1", "b")]


async def test_an_edit_that_is_outdated_while_its_chat_is_held_is_not_sent() -> None:
    clock = FakeClock()
    limiter, wire = FloodLimiter(FAST, clock), Wire()
    wire.refusals = [RetryAfter(3)]
    with pytest.raises(RetryAfter):
        await _send(limiter, wire, "1", "refused")

    tasks = [asyncio.create_task(_edit(limiter, wire, text, 5)) for text in ("a", "b")]
    await asyncio.gather(*tasks)

    assert wire.sent == [("1", "b")]
    assert clock.monotonic() == 3


async def test_rates_below_one_a_second_are_kept_too() -> None:
    limiter, wire = FloodLimiter(FloodRates(overall=9, chat=0.5, group=20), FakeClock()), Wire()

    await _send(limiter, wire, "1", "one")

    assert wire.sent == [("1", "one")]


async def test_waits_for_a_limit_are_told_of_and_nothing_else_is() -> None:
    clock, waits = FakeClock(), list[float]()
    limiter, wire = FloodLimiter(FAST, clock, waits.append), Wire()
    await _send(limiter, wire, "1", "at once")
    wire.refusals = [RetryAfter(3)]
    with pytest.raises(RetryAfter):
        await _send(limiter, wire, "1", "refused")
    assert waits == []

    await _send(limiter, wire, "1", "again")

    assert waits == pytest.approx([3])
