"""The calls that every command makes, past the library's objects.

python-telegram-bot reads each answer into objects that nobody looks at, and that costs more than
the call itself. Limits and errors are the same as for every other call.
https://core.telegram.org/bots/api#making-requests
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from telegram.constants import ParseMode

from bot.errors import PlatformError
from bot.platforms.telegram.flood import FloodLimiter
from bot.platforms.telegram.request import Payload, TransportRequest
from bot.transport.json_text import write_json

Keyboard = Sequence[Sequence[Mapping[str, str]]]
"""Rows of buttons: https://core.telegram.org/bots/api#inlinekeyboardmarkup"""


class Calls:
    """Posts and edits texts.

    Raises the library's errors, and PlatformError for an answer that says nothing.

    Args:
        base: Address of the Bot API with the token; a secret.
        request: Sends.
        limiter: Keeps to Telegram's limits.
    """

    def __init__(self, base: str, request: TransportRequest, limiter: FloodLimiter) -> None:
        self._base = base
        self._request = request
        self._limiter = limiter

    async def send_message(
        self,
        chat_id: str,
        text: str,
        *,
        thread_id: int | None = None,
        reply_to: int | None = None,
        keyboard: Keyboard = (),
    ) -> str:
        """Post a text; the id of the message.

        https://core.telegram.org/bots/api#sendmessage
        """
        said = {"chat_id": chat_id, "text": text, "parse_mode": ParseMode.HTML}
        params = said | _place(thread_id, reply_to) | _markup(keyboard)
        send = partial(self._send, "sendMessage", params)
        message = await self._limiter.in_turn(chat_id, send)
        number = message.get("message_id") if isinstance(message, dict) else None
        if not isinstance(number, int):
            raise PlatformError("unreadable answer", may_have_happened=True)
        return str(number)

    async def edit_message_text(
        self, chat_id: str, message_id: int, text: str, *, keyboard: Keyboard = ()
    ) -> None:
        """Change a text; without a keyboard it has none any more.

        https://core.telegram.org/bots/api#editmessagetext
        """
        said = {"chat_id": chat_id, "message_id": message_id, "text": text}
        params = said | {"parse_mode": ParseMode.HTML} | _markup(keyboard)
        send = partial(self._send, "editMessageText", params)
        await self._limiter.edit_in_turn(chat_id, message_id, send)

    async def _send(self, method: str, params: Mapping[str, Any]) -> object:
        payload: Any = Payload(write_json(params))
        answer: object = await self._request.post(f"{self._base}/{method}", payload)
        return answer


def _place(thread_id: int | None, reply_to: int | None) -> dict[str, Any]:
    place: dict[str, Any] = {} if thread_id is None else {"message_thread_id": thread_id}
    if reply_to is not None:
        # The command may have been deleted meanwhile; the reply is worth sending all the same.
        place["reply_parameters"] = {
            "message_id": reply_to,
            "allow_sending_without_reply": True,
        }
    return place


def _markup(keyboard: Keyboard) -> dict[str, Any]:
    return {"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {}
