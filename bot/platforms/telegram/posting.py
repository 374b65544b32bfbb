"""Our replies as Telegram's messages: markup, length, keyboards, and what failing means."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from markupsafe import Markup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.platforms.telegram.calls import Keyboard
from bot.platforms.telegram.request import UnclearError, seconds_of

MESSAGE_LIMIT = 4096
"""Characters of a message after its markup is read."""
CAPTION_LIMIT = 1024
"""Likewise for the text that goes with a file."""
ALERT_LIMIT = 200

_PERSON = re.compile(r'<a href="person:([^"]*)">([^<]*)</a>')
"""As `mention` writes it; in what was filled in, every quote and bracket is escaped."""
_PIECE = re.compile(r"<(/?)(\w+)[^>]*>|&\w+;|&#\w+;|.", re.DOTALL)
"""A tag, or one character as it is shown."""
_NOT_MODIFIED = "message is not modified"
_CANNOT_EDIT = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
)
_NOT_TOLD = ("member list is inaccessible", "chat_admin_required")
# Telegram has no codes for these, only English sentences that have not changed in years.


MISREAD = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, OSError)
"""What the library raises where an answer is not what Telegram documents: it believes them all."""


class EditLostError(PlatformError):
    """The message to be edited is gone; perhaps a new one can take its place."""

    def __init__(self) -> None:
        super().__init__("message to edit is gone", gone=True)


class MovedError(PlatformError):
    """The group became a supergroup; `chat_id` is its new id."""

    def __init__(self, chat_id: int) -> None:
        super().__init__("group has a new id")
        self.chat_id = chat_id


def pages(text: Markup, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Cut a text into messages at line breaks; no tag of ours spans one."""
    whole = _PERSON.sub(_linked, str(text))
    if len(whole) <= limit:
        return [whole]
    found: list[list[str]] = [[]]
    size = 0
    for line in whole.split("\n"):
        piece, length = line, len(Markup(line).striptags())  # noqa: S704 - it is Markup
        if length > limit:
            piece, length = _shortened(line, limit), limit
        if size and size + 1 + length > limit:
            found.append([])
            size = 0
        found[-1].append(piece)
        size += length + (1 if size else 0)
    return ["\n".join(lines) for lines in found]


def _linked(person: re.Match[str]) -> str:
    """A person's name as a link that notifies them; on one line, so that no tag spans two.

    https://core.telegram.org/bots/api#html-style
    """
    user_id, name = person[1], " ".join(person[2].split())
    return f'<a href="tg://user?id={user_id}">{name}</a>' if user_id.isdecimal() else name


def _shortened(line: str, limit: int) -> str:
    """The beginning of a line that no message has room for; its tags are closed."""
    kept: list[str] = []
    opened: list[str] = []
    size = 0
    for piece in _PIECE.finditer(line):
        closing, tag = piece[1], piece[2]
        if tag is None:
            size += 1
            if size == limit:
                break
        elif closing:
            del opened[-1:]
        else:
            opened.append(tag)
        kept.append(piece[0])
    return "".join([*kept, *(f"</{tag}>" for tag in reversed(opened)), "…"])


def alert(text: Markup) -> str:
    """A text for the little window over a pressed button; it has no markup."""
    plain = _plain(text)
    return plain if len(plain) <= ALERT_LIMIT else plain[: ALERT_LIMIT - 1] + "…"


def fits_alert(text: Markup) -> bool:
    """Whether that window can show the whole of it."""
    return len(_plain(text)) <= ALERT_LIMIT


def _plain(text: Markup) -> str:
    return "\n".join(Markup(line).striptags() for line in str(text).split("\n"))  # noqa: S704


def deep_link(username: str, payload: str) -> str:
    """Opens the private chat, where pressing Start says `/start payload`.

    https://core.telegram.org/bots/features#deep-linking
    """
    return f"https://t.me/{username}?start={payload}"


def keyboard(delivery: Delivery) -> Keyboard:
    """Buttons that carry nothing but their opaque keys."""
    keys = iter(delivery.keys)
    return [
        [
            {"text": button.label, "url": button.url}
            if button.url
            else {"text": button.label, "callback_data": next(keys)}
            for button in row
        ]
        for row in delivery.reply.buttons
    ]


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn Telegram's failures into ours, without their texts; also answers that make no sense."""
    failure: PlatformError | None = None
    try:
        yield
    except TelegramError as error:
        failure = _failure(error)
    except MISREAD as error:
        failure = PlatformError(type(error).__name__, may_have_happened=True)
    if failure is not None:
        raise failure from None


def is_unmodified(error: BadRequest) -> bool:
    """Whether an edit changed nothing; that is no failure."""
    return _NOT_MODIFIED in error.message.lower()


def _failure(error: TelegramError) -> PlatformError:  # noqa: PLR0911 - a table in code
    match error:
        case RetryAfter():
            return PlatformError("too many requests", retry_after=seconds_of(error))
        case ChatMigrated():
            return MovedError(error.new_chat_id)
        case Forbidden():
            return PlatformError("forbidden", gone=True)
        case BadRequest():
            if any(sentence in error.message.lower() for sentence in _CANNOT_EDIT):
                return EditLostError()
            if any(sentence in error.message.lower() for sentence in _NOT_TOLD):
                return PlatformError("not told to this bot")
            return PlatformError("bad request", gone=True)
        case InvalidToken() | Conflict():
            return PlatformError(type(error).__name__)
        case UnclearError():
            return PlatformError("outcome unknown", may_have_happened=True)
        case _:
            return PlatformError(type(error).__name__)
