"""Attempts after the first one, by the policy of `bot.transport.retry`."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from bot.errors import BotError, ProviderError, RateLimitedError, TransportError
from bot.transport.messages import Timer

T = TypeVar("T")

_back_off = wait_random_exponential(multiplier=0.2, max=2.0)


async def repeat(
    first: BotError | None,
    attempt: Callable[[], Awaitable[T]],
    *,
    repeatable: bool,
    deadline: float,
    timer: Timer,
    attempts: int,
) -> T:
    """Go on after an attempt that ended with `first`; see `with_retries`."""

    def worth_it(error: BaseException) -> bool:
        if not isinstance(error, ProviderError | TransportError) or not error.transient:
            return False
        if isinstance(error, RateLimitedError) and error.final:
            return False
        return repeatable or not error.may_have_happened

    def pause(state: RetryCallState) -> float:
        error = None if state.outcome is None else state.outcome.exception()
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            return error.retry_after
        return _back_off(state)

    class NoTimeLeft(stop_base):
        def __call__(self, state: RetryCallState) -> bool:
            return timer.monotonic() + state.upcoming_sleep >= deadline

    async def once_more() -> T:
        nonlocal first
        if first is None:
            return await attempt()
        raised, first = first, None
        raise raised

    retrying = AsyncRetrying(
        retry=retry_if_exception(worth_it),
        wait=pause,
        stop=stop_after_attempt(attempts) | NoTimeLeft(),
        sleep=timer.sleep,
        reraise=True,
    )
    return await retrying(once_more)
