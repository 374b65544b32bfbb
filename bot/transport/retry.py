"""The one retry policy. What may be repeated is said by the error classes, not by the callers."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import ProviderError, TransportError
from bot.transport.messages import Timer

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
        first = error
    from bot.transport.repeating import repeat  # noqa: PLC0415 - nor is it needed to start

    return await repeat(
        first,
        attempt,
        repeatable=repeatable,
        deadline=deadline,
        timer=timer,
        attempts=attempts,
    )
