"""People in a text, as `bot.domain.chat.mention` writes them."""

import re
from collections.abc import Callable

_PERSON = re.compile(r'<a href="person:([^"]*)">([^<]*)</a>')
"""In what was filled in, every quote and bracket is escaped, so nothing else looks like this."""


def write_people(text: str, write: Callable[[str, str], str]) -> str:
    """The same text with each person as `write` has it, given their id and their name.

    Both stay escaped. The name is on one line, so that no tag spans two.
    """
    return _PERSON.sub(lambda found: write(found[1], " ".join(found[2].split())), text)
