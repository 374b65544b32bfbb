"""Telegram's limits on sending. It does not publish how they are kept, only these numbers.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.telegram.errors import ApiError

_MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodLimits:
    """How much a bot may send.

    Attributes:
        chat_rate: Messages per second to one chat.
        chat_burst: How many may come at once before that rate holds.
        group_per_minute: To one group or channel in any minute.
        overall_per_second: To all chats in any second.
    """

    chat_rate: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    overall_per_second: int = 30


class FloodControl:
    """Counts what is sent and refuses what is too much.

    Attributes:
        enabled: Off unless a test or a benchmark wants it.
    """

    def __init__(self, *, seconds: Callable[[], float], limits: FloodLimits | None = None) -> None:
        self.enabled = limits is not None
        self.limits = limits or FloodLimits()
        self._seconds = seconds
        self._chats: dict[int, tuple[float, float]] = {}
        self._groups: dict[int, deque[float]] = {}
        self._overall: deque[float] = deque()

    def count(self, chat_id: int, *, is_private: bool) -> None:
        """Let one message or edit pass.

        Raises:
            ApiError: 429; a refused one does not count.
        """
        if not self.enabled:
            return
        now, limits = self._seconds(), self.limits
        level, measured = self._chats.get(chat_id, (0.0, now))
        level = max(0.0, level - (now - measured) * limits.chat_rate)
        wait = (level + 1 - limits.chat_burst) / limits.chat_rate
        windows = [(self._overall, 1.0, limits.overall_per_second)]
        if not is_private:
            group = self._groups.setdefault(chat_id, deque())
            windows.append((group, _MINUTE, limits.group_per_minute))
        for times, length, most in windows:
            while times and times[0] <= now - length:
                times.popleft()
            if len(times) >= most:
                wait = max(wait, times[0] + length - now)
        if wait > 0:
            raise ApiError.too_many_requests(math.ceil(wait))
        self._chats[chat_id] = (level + 1, now)
        for times, _, _ in windows:
            times.append(now)
