"""The one retry policy. What may be repeated is said by the error classes, not by the callers."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from bot.errors import BotError, ProviderError, RateLimitedError, TransportError
from bot.transport.messages import Timer

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

ATTEMPTS = 3


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    *,
    repeatable: bool,
    deadline: float,
    timer: Timer,
    attempts: int = ATTEMPTS,
) -> T:
    """Run `attempt` again while that is safe and useful.

    Errors after which surely nothing happened may be followed by another attempt whatever the
    request; those after which it may have happened only if the request is repeatable. A vendor's
    limit is waited for only if the wait ends before the deadline.

    Raises:
        BotError: That of the last attempt, unchanged.
    """
    # What is repeated at all is rare, and the machinery for it costs as much as a request.
    try:
        return await attempt()
    except (ProviderError, TransportError) as error:
        first: BotError | None = error
    # Nor is it needed to start.
    from tenacity import (  # noqa: PLC0415 - see above
        AsyncRetrying,
        retry_if_exception,
        stop_after_attempt,
        wait_random_exponential,
    )
    from tenacity.stop import stop_base  # noqa: PLC0415 - likewise

    back_off = wait_random_exponential(multiplier=0.2, max=2.0)

    def worth_it(error: BaseException) -> bool:
        if not isinstance(error, ProviderError | TransportError) or not error.transient:
            return False
        if isinstance(error, RateLimitedError) and error.final:
            return False
        return repeatable or not error.may_have_happened

    def pause(state: "RetryCallState") -> float:
        error = None if state.outcome is None else state.outcome.exception()
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            return error.retry_after
        return back_off(state)

    class NoTimeLeft(stop_base):
        def __call__(self, state: "RetryCallState") -> bool:
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
