import asyncio

import pytest

from bot.errors import (
    BotError,
    ConnectFailed,
    OutcomeUnknown,
    ProviderAuthError,
    ProviderProtocolError,
    ProviderUnavailableError,
    RateLimitedError,
)
from bot.transport.retry import with_retries
from tests.fakes.clock import FakeClock


class Attempts:
    """Fails with the given errors, one a time, then succeeds."""

    def __init__(self, *errors: BotError) -> None:
        self.errors = list(errors)
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


async def _run(attempts: Attempts, *, repeatable: bool, deadline: float = 20.0) -> str:
    clock = FakeClock()
    return await with_retries(attempts, repeatable=repeatable, deadline=deadline, timer=clock)


NEVER_SENT = ConnectFailed("op", "refused")
IN_DOUBT = OutcomeUnknown("op", "cut")
FAULT = ProviderUnavailableError("p", "op", status=502)
NOT_EXECUTED = ProviderUnavailableError("p", "op", status=401, may_have_happened=False)
BLOCKED = ProviderUnavailableError("p", "op", status=503, final=True, may_have_happened=False)
BUSY = RateLimitedError("p", "op", status=503, retry_after=1)
SPENT = RateLimitedError("p", "op", status=429, retry_after=1, final=True)


@pytest.mark.parametrize("error", [NEVER_SENT, NOT_EXECUTED, BUSY])
@pytest.mark.parametrize("repeatable", [True, False])
async def test_what_surely_did_not_happen_may_be_repeated(
    error: BotError, repeatable: bool
) -> None:
    attempts = Attempts(error, error)

    assert await _run(attempts, repeatable=repeatable) == "done"
    assert attempts.made == 3


@pytest.mark.parametrize("error", [IN_DOUBT, FAULT])
async def test_what_may_have_happened_is_repeated_only_if_that_does_no_harm(
    error: BotError,
) -> None:
    harmless, harmful = Attempts(error), Attempts(error)

    assert await _run(harmless, repeatable=True) == "done"
    with pytest.raises(type(error)):
        await _run(harmful, repeatable=False)
    assert harmful.made == 1


@pytest.mark.parametrize(
    "error", [BLOCKED, SPENT, ProviderAuthError("p", "op"), ProviderProtocolError("p", "op")]
)
async def test_what_a_moment_does_not_mend_is_not_repeated(error: BotError) -> None:
    attempts = Attempts(error)

    with pytest.raises(type(error)):
        await _run(attempts, repeatable=True)
    assert attempts.made == 1


async def test_three_attempts_are_enough_and_the_last_error_comes_out_unchanged() -> None:
    errors = [ConnectFailed("op", str(number)) for number in range(5)]
    attempts = Attempts(*errors)

    with pytest.raises(ConnectFailed) as caught:
        await _run(attempts, repeatable=True)
    assert caught.value is errors[2]


async def test_a_limit_that_lasts_beyond_the_deadline_is_not_waited_for() -> None:
    attempts = Attempts(RateLimitedError("p", "op", retry_after=30))

    with pytest.raises(RateLimitedError):
        await _run(attempts, repeatable=True, deadline=20)
    assert attempts.made == 1


async def test_a_limit_is_waited_for_as_long_as_the_vendor_says() -> None:
    clock = FakeClock()
    attempts = Attempts(BUSY, BUSY)

    assert await with_retries(attempts, repeatable=False, deadline=20, timer=clock) == "done"
    assert clock.monotonic() == pytest.approx(2.0)


@pytest.mark.parametrize("error", [IN_DOUBT, RateLimitedError("p", "op")])
async def test_where_nobody_says_how_long_a_growing_random_pause_is_made(error: BotError) -> None:
    pauses = []
    for _ in range(20):
        clock = FakeClock()
        await with_retries(Attempts(error), repeatable=True, deadline=20, timer=clock)
        pauses.append(clock.monotonic())

    assert all(0 < pause <= 0.4 for pause in pauses)
    assert len(set(pauses)) > 1


async def test_no_attempt_follows_when_the_pause_would_end_after_the_deadline() -> None:
    attempts = Attempts(NEVER_SENT)

    with pytest.raises(ConnectFailed):
        await _run(attempts, repeatable=True, deadline=0.0)
    assert attempts.made == 1


async def test_the_number_of_attempts_can_be_set() -> None:
    attempts = Attempts(NEVER_SENT)

    with pytest.raises(ConnectFailed):
        await with_retries(attempts, repeatable=True, deadline=20, timer=FakeClock(), attempts=1)
    assert attempts.made == 1


async def test_cancelling_ends_it() -> None:
    made = 0
    reached = asyncio.Event()

    async def hang() -> None:
        nonlocal made
        made += 1
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(with_retries(hang, repeatable=True, deadline=20, timer=FakeClock()))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert made == 1


async def test_a_programming_error_is_never_repeated() -> None:
    made = 0

    async def broken() -> None:
        nonlocal made
        made += 1
        raise KeyError

    with pytest.raises(KeyError):
        await with_retries(broken, repeatable=True, deadline=9, timer=FakeClock())
    assert made == 1
