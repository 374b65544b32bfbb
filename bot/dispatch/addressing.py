"""Where a reply goes."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.chat import Button, IncomingMessage, Reply, Typed, Visibility
from bot.domain.inbox import Delivery


def address(message: IncomingMessage, reply: Reply) -> Delivery:
    """Make a delivery of a reply to a message; its buttons get fresh keys that nobody can guess."""
    press = message.press
    edits = press.card_id if press is not None and reply.replaces_card else None
    return Delivery(
        delivery_id=0,
        to=message.sender,
        conversation=reply.place or message.conversation,
        reply=reply,
        reply_to=message.message_id if press is None and reply.place is None else None,
        edits=edits if reply.place is None else None,
        keys=tuple(secrets.token_urlsafe(12) for _ in reply.pressable),
        callback_id="" if press is None else press.callback_id,
    )


def address_all(message: IncomingMessage, replies: Sequence[Reply]) -> Sequence[Delivery]:
    """Likewise for all replies to it; one message has room for the first of them only."""
    return [
        address(message, reply if number == 0 else replace(reply, replaces_card=False))
        for number, reply in enumerate(replies)
    ]


def readdress(earlier: Delivery, news: Reply) -> Delivery:
    """The same delivery with other words, for a message that is there already.

    Its buttons keep their keys: those of the news take over the key of a button with the same
    command line, whatever its label, and one that has no such forerunner is left out, for nothing
    would stand behind it. Buttons that open a page need no key. The event that it shows stays.
    """
    kept: dict[str, list[str]] = defaultdict(list)
    for button, key in zip(earlier.reply.pressable, earlier.keys, strict=True):
        kept[button.command_line].append(key)
    keys: list[str] = []
    rows: list[tuple[Button, ...]] = []
    for row in news.buttons:
        shown = []
        for button in row:
            if not button.url and not kept[button.command_line]:
                continue
            if not button.url:
                keys.append(kept[button.command_line].pop(0))
            shown.append(button)
        if shown:
            rows.append(tuple(shown))
    about = news.about or earlier.reply.about
    return replace(earlier, reply=replace(news, buttons=tuple(rows), about=about), keys=tuple(keys))


def placed(replies: Sequence[Reply], typed: Typed | None) -> Sequence[Reply]:
    """What is for all goes where the line was written, though its button was pressed elsewhere."""
    place = None if typed is None else typed.place
    if place is None:
        return replies
    return [
        replace(reply, place=place) if reply.visibility is Visibility.CONVERSATION else reply
        for reply in replies
    ]


def as_typed(message: IncomingMessage, typed: Typed | None) -> IncomingMessage:
    """A pressed line that somebody wrote earlier means what it meant then, where it was written."""
    if typed is None:
        return message
    return replace(
        message,
        sent_at=typed.at,
        reply_to=typed.reply_to,
        conversation=typed.place or message.conversation,
    )
