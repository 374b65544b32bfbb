"""What is said in a group, and not to the bot."""

import re

from bot.commands import parse
from bot.domain.chat import IncomingMessage

_MENTION = re.compile(r"\s*@(\w+)[\s,:]*")


def is_talk(message: IncomingMessage, own_name: str) -> bool:
    """Whether a message is none of the bot's business, so that nothing of it is kept.

    With privacy mode off, and where it is an administrator, the bot is sent all that people say.
    """
    if not message.conversation.is_group or message.press or message.reply_to:
        return False
    return not begins_with_us(message.text, own_name)


def begins_with_us(text: str, own_name: str) -> bool:
    """Whether a text is a command that is not another bot's, or begins with the bot's name."""
    return parse(text, own_name) is not None or without_mention(text, own_name)[1]


def without_mention(text: str, own_name: str) -> tuple[str, bool]:
    """A text without the bot's name at its beginning, and whether that was there."""
    match = _MENTION.match(text)
    if match is None or not own_name or match.group(1).casefold() != own_name.casefold():
        return text, False
    return text[match.end() :], True
