"""Telegram's flood limits, kept by us, so that people do not see refusals.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil, floor
from typing import TypeVar

from aiolimiter import AsyncLimiter
from telegram.error import RetryAfter

from bot.platforms.telegram.request import seconds_of
from bot.ports import Clock

_MAX_CHATS = 10_000
_SECOND, _MINUTE = 1.0, 60.0
_LONGEST_HOLD = 3.0
"""Seconds; whoever would have to wait longer has better things to do meanwhile."""
_NOTICEABLE = 0.001
"""Seconds; below that nobody had to wait for anything but their turn on the processor."""
_AT_ONCE, _AT_ONCE_OVERALL = 1 / 4, 1 / 10
"""How much of a rate may go out at once; the rest of it follows evenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodRates:
    """How much we send: a second in all, a second per chat, a minute per group."""

    overall: float = 30.0
    chat: float = 1.0
    group: float = 20.0


T = TypeVar("T")
_Edit = tuple[tuple[str, int], int]
"""Which message is changed, and which of all edits it is."""


@dataclass(slots=True)
class _Chat:
    """A chat's queue.

    Attributes:
        may_send: The limits have let one message pass, and none was sent for it.
    """

    limits: tuple[AsyncLimiter, ...]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    held_until: float = 0.0
    may_send: bool = False


class FloodLimiter:
    """One queue for each chat and one limit over all; a `retry_after` holds that chat alone.

    Where that lasts, whoever calls learns so at once, by the same `RetryAfter`. Of several waiting
    edits of one message only the last is sent. It is for what posts, changes or deletes; answers to
    presses must not wait, and other calls count for no chat.
    """

    def __init__(
        self, rates: FloodRates, clock: Clock, waited: Callable[[float], None] | None = None
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._waited = waited
        self._overall = _limiter(rates.overall, _SECOND, _AT_ONCE_OVERALL)
        self._chats: OrderedDict[str, _Chat] = OrderedDict()
        self._newest_edit: dict[tuple[str, int], int] = {}
        self._edits = 0

    async def in_turn(self, chat_id: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call when the turn of its chat has come."""
        chat = self._chat(chat_id)
        async with chat.turn:
            await self._wait(chat)
            return await self._use(chat, call)

    async def edit_in_turn(
        self, chat_id: str, message_id: int, call: Callable[[], Awaitable[T]]
    ) -> T | None:
        """Change a message when the turn of its chat has come; None if a newer edit waits."""
        edit = self._number_edit(chat_id, message_id)
        chat = self._chat(chat_id)
        async with chat.turn:
            try:
                await self._wait(chat)
                if self._is_outdated(edit):
                    return None
                return await self._use(chat, call)
            finally:
                if not self._is_outdated(edit):
                    del self._newest_edit[edit[0]]

    async def _use(self, chat: _Chat, call: Callable[[], Awaitable[T]]) -> T:
        chat.may_send = False
        try:
            return await call()
        except RetryAfter as error:
            chat.held_until = self._clock.monotonic() + seconds_of(error)
            raise

    async def _wait(self, chat: _Chat) -> None:
        began = self._clock.monotonic()
        pause = chat.held_until - began
        if pause > _LONGEST_HOLD:
            raise RetryAfter(ceil(pause))
        if pause > 0:
            await self._clock.sleep(pause)
        if not chat.may_send:
            for limit in (*chat.limits, self._overall):
                await limit.acquire()
            chat.may_send = True
        waited = self._clock.monotonic() - began
        if self._waited is not None and waited > _NOTICEABLE:
            self._waited(waited)

    def _is_outdated(self, edit: _Edit) -> bool:
        """Whether a newer edit of the same message waits behind."""
        return self._newest_edit.get(edit[0]) != edit[1]

    def _number_edit(self, chat_id: str, message_id: int) -> _Edit:
        self._edits += 1
        key = (chat_id, message_id)
        self._newest_edit[key] = self._edits
        return key, self._edits

    def _chat(self, chat_id: str) -> _Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            limits = [_limiter(self._rates.chat, _SECOND)]
            if chat_id.startswith("-"):
                limits.append(_limiter(self._rates.group, _MINUTE))
            chat = self._chats[chat_id] = _Chat(tuple(limits))
        self._chats.move_to_end(chat_id)
        while len(self._chats) > _MAX_CHATS:
            self._chats.popitem(last=False)
        return chat


def _limiter(rate: float, period: float, at_once: float = _AT_ONCE) -> AsyncLimiter:
    """A limiter that lets pass at most `rate` in any `period` seconds, wherever they begin.

    A leaky bucket lets as much pass at once as it holds, and as much again as leaks meanwhile, so
    one that holds the whole rate would let nearly twice as many pass. Of small rates nothing goes
    out at once; those below one are stretched over longer.
    """
    burst = rate * at_once
    if burst >= 1:
        return AsyncLimiter(burst, period * at_once / (1 - at_once))
    return AsyncLimiter(1, period / (floor(rate) if rate >= 1 else rate))
