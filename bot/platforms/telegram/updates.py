"""Telegram's updates as our messages. Pure: it takes what Telegram sent and believes none of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from math import isfinite

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Press,
)
from bot.transport.texts import whole_characters

_NO_NUMBER = 2**53
"""From here on it is no number of an update, and acknowledging it would lose all that come."""


class Skipped(Enum):
    """Why an update is no message to the bot."""

    NOT_A_MESSAGE = auto()
    """An edit, a channel post, a service message, a kind that we did not ask for."""
    NO_PERSON = auto()
    """An anonymous admin or a channel writes: nobody whose calendar could be meant."""
    ANOTHER_BOT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPerson:
    """A command without a person: worth one explaining line, in this place.

    Attributes:
        meant_for: The bot whose name it bears; empty if it bears none.
    """

    chat_id: str
    thread_id: str | None
    message_id: str
    meant_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMoved:
    """A group became a supergroup, which has another id. It is told in both of them."""

    before: Conversation
    after: Conversation


class MalformedUpdateError(Exception):
    """The update is not what Telegram documents. Holds nothing of it."""


def update_id_of(update: object) -> int | None:
    """The number of an update, None if it has none."""
    number = update.get("update_id") if isinstance(update, Mapping) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return number if 0 <= number < _NO_NUMBER else None


def convert(update: object, now: datetime) -> IncomingMessage | NoPerson | GroupMoved | Skipped:
    """Read an update that arrived at `now`.

    Raises:
        MalformedUpdateError: A field is missing or of another type than documented.
    """
    number = update_id_of(update)
    if number is None or not isinstance(update, Mapping):
        raise MalformedUpdateError
    try:
        if "callback_query" in update:
            return _press(number, _mapping(update["callback_query"]), now)
        if "message" in update:
            return _message(number, _mapping(update["message"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        pass
    else:
        return Skipped.NOT_A_MESSAGE
    raise MalformedUpdateError


def _message(
    number: int, message: Mapping[str, object]
) -> IncomingMessage | NoPerson | GroupMoved | Skipped:
    if "migrate_to_chat_id" in message or "migrate_from_chat_id" in message:
        return _moved(message)
    text = message.get("text")
    if not isinstance(text, str):
        text = _shared_place(message)
    if not text:
        return Skipped.NOT_A_MESSAGE
    conversation = _conversation(message)
    sender = message.get("from")
    if "sender_chat" in message or sender is None:
        # Whoever posts in the name of a group or channel: a command of theirs is worth a word.
        if not text.startswith("/"):
            return Skipped.NO_PERSON
        return NoPerson(
            chat_id=conversation.chat_id,
            thread_id=conversation.thread_id,
            message_id=str(_integer(message["message_id"])),
            meant_for=text.split()[0].partition("@")[2],
        )
    person = _mapping(sender)
    if person.get("is_bot") is True:
        return Skipped.ANOTHER_BOT
    return IncomingMessage(
        key=f"telegram:{number}",
        message_id=str(_integer(message["message_id"])),
        sender=_identity(person),
        conversation=conversation,
        text=whole_characters(text),
        sent_at=datetime.fromtimestamp(_integer(message["date"]), UTC),
        language=_text(person.get("language_code")),
        reply_to=_answered(message, conversation),
    )


def _moved(message: Mapping[str, object]) -> GroupMoved:
    """What the old group says at its end, or the new one at its beginning.

    https://core.telegram.org/bots/api#message
    """
    here = replace(_conversation(message), thread_id=None)
    leaves = "migrate_to_chat_id" in message
    number = _integer(message["migrate_to_chat_id" if leaves else "migrate_from_chat_id"])
    there = replace(here, chat_id=str(number))
    if not here.is_group or number >= 0 or there == here:
        # Positive numbers are those of people.
        raise ValueError
    return GroupMoved(before=here, after=there) if leaves else GroupMoved(before=there, after=here)


def _shared_place(message: Mapping[str, object]) -> str:
    """A location that somebody shares in private, as the command that it stands for; else empty.

    Two decimals, about a kilometre, are enough to find a time zone. A venue has a location too; a
    live one counts once, since what follows are edits.
    https://core.telegram.org/bots/api#location
    """
    if "location" not in message or _mapping(message["chat"])["type"] != "private":
        return ""
    location = _mapping(message["location"])
    latitude, longitude = (_decimal(location[name]) for name in ("latitude", "longitude"))
    return f"/tz {latitude:.2f},{longitude:.2f}"


def _answered(message: Mapping[str, object], conversation: Conversation) -> str | None:
    """The message that this one answers; in a group only a bot's, as all else there is talk.

    In a topic, a message that answers none comes as an answer to the one that opened the topic,
    whose id the topic bears.
    """
    answered = message.get("reply_to_message")
    if answered is None:
        return None
    if conversation.is_group and not _is_a_bots(_mapping(answered)):
        return None
    message_id = str(_integer(_mapping(answered)["message_id"]))
    return None if message_id == conversation.thread_id else message_id


def _is_a_bots(message: Mapping[str, object]) -> bool:
    author = message.get("from")
    return author is not None and _mapping(author).get("is_bot") is True


def date_presses(messages: Sequence[IncomingMessage]) -> list[IncomingMessage]:
    """Say of each press that it was made no later than what was written after it.

    A press has no date of its own; but updates come in the order in which things happened, and
    after a time without any a batch holds what happened in all of it. Of what is pressed last, or
    comes alone, nothing can be said.

    Args:
        messages: A batch of updates, in their order.
    """
    dated, before = [], None
    for message in reversed(messages):
        if message.press is None:
            before = message.sent_at
        elif before is not None:
            message = replace(message, press=replace(message.press, made_before=before))  # noqa: PLW2901
        dated.append(message)
    return dated[::-1]


def _press(number: int, query: Mapping[str, object], now: datetime) -> IncomingMessage | Skipped:
    message = query.get("message")
    data = query.get("data")
    if message is None or not isinstance(data, str):
        return Skipped.NOT_A_MESSAGE
    card = _mapping(message)
    person = _mapping(query["from"])
    return IncomingMessage(
        key=f"telegram:{number}",
        message_id=str(_integer(card["message_id"])),
        sender=_identity(person),
        conversation=_conversation(card),
        text="",
        # A press has no date of its own, and Telegram forgets presses within minutes.
        sent_at=now,
        language=_text(person.get("language_code")),
        press=Press(
            key=whole_characters(data),
            card_id=str(_integer(card["message_id"])),
            callback_id=_text(query["id"]),
        ),
    )


def _conversation(message: Mapping[str, object]) -> Conversation:
    chat = _mapping(message["chat"])
    direct = chat["type"] == "private"
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    return Conversation(
        platform=Platform.TELEGRAM,
        chat_id=str(_integer(chat["id"])),
        kind=ConversationKind.DIRECT if direct else ConversationKind.GROUP,
        thread_id=None if thread is None else str(_integer(thread)),
    )


def _identity(person: Mapping[str, object]) -> Identity:
    names = (_text(person.get("first_name")), _text(person.get("last_name")))
    return Identity(
        platform=Platform.TELEGRAM,
        user_id=str(_integer(person["id"])),
        display_name=" ".join(name for name in names if name),
        handle=_text(person.get("username")),
    )


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _decimal(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return whole_characters(value) if value else ""
