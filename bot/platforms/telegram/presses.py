"""Presses of buttons have to be answered within seconds, each exactly once, or the client spins.

https://core.telegram.org/bots/api#answercallbackquery
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass

from markupsafe import Markup
from telegram import Bot

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.platforms.telegram.posting import alert, fits_alert, our_errors
from bot.texts import M, Texts, choose_language

logger = logging.getLogger(__name__)

ALERT_WITHIN = 1.5
"""Seconds that a press may wait for its reply; after that it is answered without."""
_REMEMBERED = 1000
"""Answered presses; what comes twice, or is delivered twice, comes soon."""
_PARTING = 2.0
"""Seconds for the last answers at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A press that is not answered yet.

    Attributes:
        timer: When it is answered at the latest; None for one that came to an earlier process.
        noted: What passes over its button if the reply takes long; empty in private.
    """

    timer: asyncio.TimerHandle | None
    noted: str


class Presses:
    """A press is answered when its first reply is delivered, whatever becomes of that reply.

    What the reply has for an alert pops up over the button. In a group the whole result does so, if
    it is final and short; everything else that is for the presser alone is a private message. A
    group that sees nothing happen presses again, so there a press is told that it was noted.

    Args:
        bot: Answers them.
        group_texts: In its language people are spoken to whose own one is not known.
        within: Seconds that a press may wait for its reply.
    """

    def __init__(self, bot: Bot, group_texts: Texts, *, within: float = ALERT_WITHIN) -> None:
        self._bot = bot
        self._group_texts = group_texts
        self._within = within
        self._open: dict[str, _Waiting] = {}
        self._answered: OrderedDict[str, str] = OrderedDict()
        """What popped up, by callback id; empty if nothing did."""
        self._sending: set[asyncio.Task[bool]] = set()

    def received(self, message: IncomingMessage, *, ago: float = 0.0) -> None:
        """A message came, perhaps once more; if it is a press, see to it that it is answered.

        Args:
            message: It may be no press.
            ago: Seconds since it came; people have waited for so long already.
        """
        press = message.press
        if press is None or not press.callback_id:
            return
        callback_id = press.callback_id
        if callback_id in self._open or callback_id in self._answered:
            return
        loop = asyncio.get_running_loop()
        left = max(0.0, self._within - ago)
        self._open[callback_id] = _Waiting(
            timer=loop.call_later(left, self._lapse, callback_id), noted=self._noted(message)
        )

    def acknowledge(self, callback_id: str) -> None:
        """Answer a press with nothing, unless it was answered; nobody waits for that."""
        if self._claim(callback_id):
            self._send(callback_id, "")

    async def pass_over(self, callback_id: str, text: Markup) -> None:
        """Answer a press with a passing notification; if nobody waits for it, nobody misses it."""
        if self._claim(callback_id):
            await self._answer(callback_id, alert(text))

    async def pop_up(self, callback_id: str, text: Markup) -> bool:
        """Answer a press with an alert; whether people saw it, now or at an earlier attempt."""
        words = alert(text)
        if words and self._answered.get(callback_id) == words:
            return True
        if not self._claim(callback_id):
            return False
        if not await self._answer(callback_id, words, is_alert=True):
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
            self._lapse(callback_id)
        if self._sending:
            await asyncio.wait(self._sending, timeout=_PARTING)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _noted(self, message: IncomingMessage) -> str:
        if not message.conversation.is_group:
            return ""
        texts = self._group_texts
        language = choose_language(message.language, texts.language)
        return alert(Texts(language, texts.timezone).say(M.GROUP_NOTED))

    def _lapse(self, callback_id: str) -> None:
        """Answer a press whose reply takes too long; nobody waits for that."""
        waiting = self._claim(callback_id)
        if waiting is not None:
            self._send(callback_id, waiting.noted)

    def _claim(self, callback_id: str) -> _Waiting | None:
        """A press if it still waits; from here on nobody else may answer it.

        One that is not known here came to an earlier process, which may have died before it
        answered: it is answered once more at most, which Telegram takes or refuses.
        """
        waiting = self._open.pop(callback_id, None)
        if waiting is not None and waiting.timer is not None:
            waiting.timer.cancel()
        elif not callback_id or callback_id in self._answered:
            return None
        self._answered[callback_id] = ""
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return waiting or _Waiting(timer=None, noted="")

    def _send(self, callback_id: str, text: str) -> None:
        task = asyncio.create_task(self._answer(callback_id, text), name="press")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _answer(self, callback_id: str, text: str, *, is_alert: bool = False) -> bool:
        """Answer a press; whether that was taken. Without `is_alert` the text passes by itself."""
        try:
            with our_errors():
                await self._bot.answer_callback_query(
                    callback_id, text=text or None, show_alert=is_alert
                )
        except PlatformError as error:
            # Most often the press is too old by now; what it had to say goes out in a message.
            logger.info("a press could not be answered: %s", error)
            return False
        return True
