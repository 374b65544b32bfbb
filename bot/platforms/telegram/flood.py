"""Telegram's flood limits, kept by us, so that people do not see refusals.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiolimiter import AsyncLimiter
from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot.platforms.telegram.request import seconds_of
from bot.ports import Clock

_FREE = frozenset({"answerCallbackQuery", "sendChatAction", "getMe", "getChatMember"})
"""Never held: a press waits for its answer, the others count for no chat."""
_MAX_CHATS = 10_000
_MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodRates:
    """How much we send: a second in all, a second per chat, a minute per group."""

    overall: float = 30.0
    chat: float = 1.0
    group: float = 20.0


@dataclass(slots=True)
class _Chat:
    limits: tuple[AsyncLimiter, ...]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    held_until: float = 0.0


class FloodLimiter(BaseRateLimiter[None]):
    """One queue for each chat and one limit over all; a `retry_after` holds that chat alone.

    Of several waiting edits of one message only the last is sent.
    """

    def __init__(self, rates: FloodRates, clock: Clock) -> None:
        self._rates = rates
        self._clock = clock
        self._overall = _limiter(rates.overall, 1.0)
        self._chats: OrderedDict[str, _Chat] = OrderedDict()
        self._newest_edit: dict[tuple[str, object], int] = {}
        self._edits = 0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def process_request(  # noqa: PLR0917 - as its base has it
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: None,
    ) -> Any:
        """Send when the chat's turn has come."""
        del rate_limit_args
        if endpoint in _FREE or "chat_id" not in data:
            return await callback(*args, **kwargs)
        chat_id = str(data["chat_id"])
        edit = self._number_edit(chat_id, endpoint, data)
        chat = self._chat(chat_id)
        async with chat.turn:
            if edit is not None and self._newest_edit.get(edit[0]) != edit[1]:
                # A newer edit of the same message waits behind: what this one says is outdated.
                return True
            await self._wait(chat)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                chat.held_until = self._clock.monotonic() + seconds_of(error)
                raise
            finally:
                if edit is not None and self._newest_edit.get(edit[0]) == edit[1]:
                    del self._newest_edit[edit[0]]

    async def _wait(self, chat: _Chat) -> None:
        pause = chat.held_until - self._clock.monotonic()
        if pause > 0:
            await self._clock.sleep(pause)
        for limit in (*chat.limits, self._overall):
            await limit.acquire()

    def _number_edit(
        self, chat_id: str, endpoint: str, data: dict[str, Any]
    ) -> tuple[tuple[str, object], int] | None:
        if endpoint != "editMessageText":
            return None
        self._edits += 1
        key = (chat_id, data.get("message_id"))
        self._newest_edit[key] = self._edits
        return key, self._edits

    def _chat(self, chat_id: str) -> _Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            limits = [_limiter(self._rates.chat, 1.0)]
            if chat_id.startswith("-"):
                limits.append(_limiter(self._rates.group, _MINUTE))
            chat = self._chats[chat_id] = _Chat(tuple(limits))
        self._chats.move_to_end(chat_id)
        while len(self._chats) > _MAX_CHATS:
            self._chats.popitem(last=False)
        return chat


def _limiter(rate: float, period: float) -> AsyncLimiter:
    """A limiter of `rate` per `period` seconds; rates below one are stretched over longer."""
    return AsyncLimiter(rate, period) if rate >= 1 else AsyncLimiter(1, period / rate)
