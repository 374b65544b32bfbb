"""Keeping pasted keys out of everything that is kept."""

import re
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

from bot.domain.chat import IncomingMessage
from bot.domain.spelling import look, spelled
from bot.ports import Sealer

_COMMAND = re.compile(r"\s*/(?P<name>\w+)(?P<mention>@\w+)?[\s:=]+(?P<secret>\S.*)", re.DOTALL)
_LINK_NAMES = frozenset(map(look, ("link", "привязать", "подключить")))
"""All that /link is called; in letters that look so, too, as commands are read."""
_WEBHOOK = re.compile(
    r"(?<![^\s/,;])(?!(?<=/)/)[^\s/,;]*+(?:/++[^\s/]*+)?/++rest/++\s*+(?:api/++)?\d++/++[^\s,;]+",
    re.IGNORECASE,
)
"""Begins where a word or a part of a path does and gives nothing back, so that a long text costs
no more than reading it: strangers' texts, too, are looked through."""
_KEY = r"(?!evt_)(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]"
_LONG_WORD = re.compile(rf"(?<![\w-]){_KEY}{{20,}}(?![\w-])")
"""May be a key of any kind. Ids of events, which begin with `evt_`, are none."""
_CRONOFY = re.compile(rf"{_KEY}{{32}}")
"""https://docs.cronofy.com/developers/api/authorization/request-token/ shows 32 characters."""


def conceal(message: IncomingMessage, sealer: Sealer) -> IncomingMessage:
    """Take pasted keys out of a message before it is kept anywhere.

    What follows /link is one whatever it looks like. A webhook's address or a Cronofy token that
    stands alone in a private chat is meant to be linked. Anywhere else, what looks like a key is
    blanked: nothing that a command takes looks like one.
    """
    text = _plain(message.text)
    match = _COMMAND.match(text)
    if match is not None and look(spelled(match["name"])) in _LINK_NAMES:
        mention = match["mention"] or ""
        return replace(message, text=f"/link{mention} {sealer.seal(match['secret'].strip())}")
    alone = text.strip()
    key = _WEBHOOK.fullmatch(alone) or _CRONOFY.fullmatch(alone)
    if key is not None and not message.conversation.is_group:
        return replace(message, text=f"/link {sealer.seal(alone)}")
    blanked = _LONG_WORD.sub("…", _WEBHOOK.sub("…", text))
    return message if blanked == text else replace(message, text=blanked, blanked=True)


def _plain(text: str) -> str:
    """As it would be read: not encoded for an address, without characters that nobody sees."""
    if text.isascii():
        return unquote(text)
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unquote(unicodedata.normalize("NFKC", seen))
