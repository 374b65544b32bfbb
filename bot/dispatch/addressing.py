"""Where a reply goes."""

import secrets

from bot.domain.chat import IncomingMessage, Reply
from bot.domain.inbox import Delivery


def address(message: IncomingMessage, reply: Reply) -> Delivery:
    """Make a delivery of a reply to a message; its buttons get fresh keys that nobody can guess."""
    press = message.press
    return Delivery(
        delivery_id=0,
        to=message.sender,
        conversation=message.conversation,
        reply=reply,
        reply_to=message.message_id if press is None else None,
        edits=press.card_id if press is not None and reply.replaces_card else None,
        keys=tuple(secrets.token_urlsafe(12) for _ in reply.pressable),
        callback_id="" if press is None else press.callback_id,
    )
