"""A command line, as it is read from a message."""

import re
from dataclasses import dataclass

from bot.domain.chat import Typed
from bot.domain.participation import Seen
from bot.domain.spelling import MARKS, look, spelled
from bot.texts import M

_COMMAND = re.compile(r"/([^\W\d_]\w{0,31})(?:@(\w{1,64}))?")
_FIRST_WORD_LIMIT = 200
"""Longer than any name with a mention, even with a mark between all letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line as it was read.

    Attributes:
        name: In lower case, without slash and mention. Once its handler is found, the command's
            own name, whatever it was called.
        args: The words after it.
        addressed: The bot was named (`/accept@name`), so silence would be rude.
        confirmed: It comes from the "yes" button of a question of ours.
        pressed: It comes from a button.
        about: The events that it is about, if that button names them.
        takes_back: The message whose change it takes back, if that button does.
        typed: When the line was written, if that button offers somebody's own line.
        opens: What comes of it is a message of its own, beside the one with the button.
        preface: A sentence of ours that comes first: why this is what they get.
        card: The key of the group's card under whose button it stands.
    """

    name: str
    args: tuple[str, ...] = ()
    addressed: bool = False
    confirmed: bool = False
    pressed: bool = False
    about: tuple[Seen, ...] = ()
    takes_back: int = 0
    typed: Typed | None = None
    opens: bool = False
    preface: M | None = None
    card: str = ""

    @property
    def line(self) -> str:
        """The command as somebody would type it."""
        return " ".join((f"/{self.name}", *self.args))


def parse(text: str, own_name: str) -> Command | None:
    """Read a command; None if the text does not start with one, or with another bot's.

    A name in whose letters a Latin one can be seen is that Latin name: `/ассерт` typed in Cyrillic
    is `accept`, and so is `/ａｃｃｅｐｔ`. Any other word after a slash is a command too, one that
    may be known by that name (`/принять`) or not at all. Arguments stay as they were typed, but
    for marks of no width around them.
    """
    words = [word for typed in text.split() if (word := typed.strip(MARKS))]
    if not words or len(words[0]) > _FIRST_WORD_LIMIT:
        return None
    match = _COMMAND.fullmatch(spelled(words[0]))
    if match is None:
        return None
    name, mention = match.groups()
    if mention is not None and look(mention) != look(spelled(own_name)):
        return None
    latin = look(name)
    return Command(
        name=latin if latin.isascii() else name,
        args=tuple(words[1:]),
        addressed=mention is not None,
    )
