"""Presses of buttons have to be answered within seconds, each exactly once, or the client spins.

https://core.telegram.org/bots/api#answercallbackquery
"""

import asyncio
import logging

from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import Delivery
from bot.platforms.telegram.posting import alert

logger = logging.getLogger(__name__)

ALERT_WITHIN = 1.5
"""Seconds that a press in a group may wait for its result; after that it is answered empty."""


class Presses:
    """In private a press is answered at once, since the card itself changes.

    In a group the result is for the presser alone: if it is final and comes soon enough it is
    shown as an alert, else it goes out as a private message.
    """

    def __init__(self, bot: ExtBot[None]) -> None:
        self._bot = bot
        self._open: dict[str, asyncio.Task[None]] = {}

    def received(self, message: IncomingMessage) -> None:
        """A message came; if it is a press, see to it that it is answered."""
        press = message.press
        if press is None or not press.callback_id:
            return
        delay = ALERT_WITHIN if message.conversation.is_group else 0.0
        self._open[press.callback_id] = asyncio.create_task(
            self._answer_later(press.callback_id, delay), name="press"
        )

    async def answer_with(self, delivery: Delivery) -> bool:
        """Show a result as an alert, if that is possible; whether it was."""
        reply = delivery.reply
        if not (delivery.callback_id and reply.final) or reply.buttons or reply.document:
            return False
        task = self._open.pop(delivery.callback_id, None)
        if task is None:
            return False
        task.cancel()
        return await self._answer(delivery.callback_id, alert(delivery.reply.text))

    async def stop(self) -> None:
        """Forget the open ones; Telegram forgets them too."""
        for task in self._open.values():
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)

    async def _answer_later(self, callback_id: str, delay: float) -> None:
        await asyncio.sleep(delay)
        # From here on nobody else may answer it.
        task = self._open.pop(callback_id, None)
        if task is not None:
            await self._answer(callback_id, None)

    async def _answer(self, callback_id: str, text: str | None) -> bool:
        try:
            await self._bot.answer_callback_query(
                callback_id, text=text, show_alert=text is not None
            )
        except TelegramError as error:
            # Most often the press is too old by now; its result goes out as a message.
            logger.info("a press could not be answered: %s", type(error).__name__)
            return False
        return text is not None
