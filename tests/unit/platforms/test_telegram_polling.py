"""Whether polls are answered, as readiness asks it."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.errors import ConnectFailed
from bot.platforms.telegram.polling import Poller
from bot.transport.messages import HttpRequest, HttpResponse
from bot.web.counts import Counts
from tests.fakes.clock import FakeClock

BODIES = {
    200: b'{"ok":true,"result":[]}',
    429: b'{"ok":false,"error_code":429,"parameters":{"retry_after":20}}',
    420: b'{"ok":false,"parameters":{"retry_after":1000000}}',
    400: b'{"ok":false,"parameters":{"retry_after":"soon"}}',
    418: b'{"ok":false,"parameters":["teapot"]}',
}


class _Telegram:
    """Answers each poll with what comes next, and holds the one after the last."""

    def __init__(self, clock: FakeClock, answers: Sequence[int | None], takes: float) -> None:
        self._clock = clock
        self._answers = list(answers)
        self._takes = takes
        self.idle = asyncio.Event()

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        del deadline
        if not self._answers:
            self.idle.set()
            await asyncio.Event().wait()
        self._clock.advance(self._takes)
        status = self._answers.pop(0)
        if status is None:
            raise ConnectFailed(request.operation, "TimeoutError")
        return HttpResponse(status=status, body=BODIES.get(status, b""))


async def _poll(answers: Sequence[int | None], *, takes: float) -> tuple[bool, Counts, FakeClock]:
    clock, counts = FakeClock(), Counts()
    telegram = _Telegram(clock, answers, takes)
    poller = Poller(
        url="http://127.0.0.1/", kinds=["message"], transport=telegram, clock=clock, meter=counts
    )

    async def take(_: Sequence[object]) -> None:
        """Nothing comes."""

    task = asyncio.create_task(poller.run(take))
    await telegram.idle.wait()
    answered = poller.is_answered
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return answered, counts, clock


async def test_long_polls_that_bring_nothing_are_answers() -> None:
    answered, counts, _ = await _poll([200] * 3, takes=50)

    assert answered
    assert counts.requests["telegram", "getUpdates", "ok"].buckets == [3] + [0] * 11


async def test_one_that_fails_is_no_reason_to_worry_but_a_long_silence_is() -> None:
    once, _, _ = await _poll([200, None, 502], takes=1)
    silent, counts, clock = await _poll([200, *[None] * 8], takes=10)

    assert once
    assert clock.monotonic() > 90
    assert not silent
    assert sum(counts.requests["telegram", "getUpdates", "ConnectFailed"].buckets) == 8


async def test_refusals_are_no_answers_either() -> None:
    answered, counts, _ = await _poll([409] * 8, takes=10)

    assert not answered
    assert sum(counts.requests["telegram", "getUpdates", "PlatformError"].buckets) == 8
    assert ("telegram", "getUpdates", "ok") not in counts.requests


async def test_people_never_wait_long_for_a_telegram_that_is_back() -> None:
    _, _, clock = await _poll([502] * 100, takes=0)

    assert 450 < clock.monotonic() <= 500


@pytest.mark.parametrize(("status", "waits"), [(429, 20), (420, 60), (400, 0.5), (418, 0.5)])
async def test_telegram_is_left_alone_for_as_long_as_it_asks(status: int, waits: float) -> None:
    _, _, clock = await _poll([status], takes=0)

    assert clock.monotonic() == waits
