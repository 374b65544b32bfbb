"""Presses of buttons have to be answered within seconds, each exactly once, or the client spins.

https://core.telegram.org/bots/api#answercallbackquery
"""

import asyncio
import logging
from collections import OrderedDict

from markupsafe import Markup
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import Delivery
from bot.platforms.telegram.posting import alert, fits_alert

logger = logging.getLogger(__name__)

ALERT_WITHIN = 1.5
"""Seconds that a press may wait for its reply; after that it is answered empty."""
_REMEMBERED = 1000
"""Answered presses; what comes twice, or is delivered twice, comes soon."""
_PARTING = 2.0
"""Seconds for the last answers at the end."""


class Presses:
    """A press is answered when its first reply is delivered, whatever becomes of that reply.

    What the reply has for an alert pops up over the button. In a group the whole result does so, if
    it is final and short; everything else that is for the presser alone is a private message.

    Args:
        bot: Answers them.
        within: Seconds that a press may wait for its reply.
    """

    def __init__(self, bot: ExtBot[None], *, within: float = ALERT_WITHIN) -> None:
        self._bot = bot
        self._within = within
        self._open: dict[str, asyncio.TimerHandle] = {}
        self._answered: OrderedDict[str, str] = OrderedDict()
        """What popped up, by callback id; empty if nothing did."""
        self._sending: set[asyncio.Task[bool]] = set()

    def received(self, message: IncomingMessage) -> None:
        """A message came, perhaps once more; if it is a press, see to it that it is answered."""
        press = message.press
        if press is None or not press.callback_id:
            return
        callback_id = press.callback_id
        if callback_id in self._open or callback_id in self._answered:
            return
        loop = asyncio.get_running_loop()
        self._open[callback_id] = loop.call_later(self._within, self.acknowledge, callback_id)

    def acknowledge(self, callback_id: str) -> None:
        """Answer a press with nothing, unless it was answered; nobody waits for that."""
        if not self._claim(callback_id):
            return
        task = asyncio.create_task(self._answer(callback_id, None), name="press")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def pop_up(self, callback_id: str, text: Markup) -> bool:
        """Answer a press with an alert; whether people saw it, now or at an earlier attempt."""
        words = alert(text)
        if words and self._answered.get(callback_id) == words:
            return True
        if not self._claim(callback_id) or not await self._answer(callback_id, words):
            return False
        self._answered[callback_id] = words
        return True

    async def show_result(self, delivery: Delivery) -> bool:
        """Answer a press in a group with its whole result, if that can be; whether it was."""
        reply = delivery.reply
        if not reply.final or reply.buttons or reply.document or reply.alert:
            return False
        return fits_alert(reply.text) and await self.pop_up(delivery.callback_id, reply.text)

    async def stop(self) -> None:
        """Answer those that still wait: whoever takes up their replies later cannot."""
        for callback_id in list(self._open):
            self.acknowledge(callback_id)
        if self._sending:
            await asyncio.wait(self._sending, timeout=_PARTING)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _claim(self, callback_id: str) -> bool:
        """Whether a press still waits; from here on nobody else may answer it."""
        timer = self._open.pop(callback_id, None)
        if timer is None:
            return False
        timer.cancel()
        self._answered[callback_id] = ""
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return True

    async def _answer(self, callback_id: str, text: str | None) -> bool:
        try:
            await self._bot.answer_callback_query(
                callback_id, text=text, show_alert=text is not None
            )
        except TelegramError as error:
            # Most often the press is too old by now; what it had to say goes out in a message.
            logger.info("a press could not be answered: %s", type(error).__name__)
            return False
        return text is not None
