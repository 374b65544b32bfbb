"""How somebody named an event, before anybody has looked which one it is."""

from dataclasses import dataclass
from enum import StrEnum


class Keyword(StrEnum):
    """Words that mean an event by its place in time or talk."""

    NEXT = "next"
    LAST = "last"
    """The one that was talked about last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What stands after a command; at most one of the three is there.

    Attributes:
        ids: Ids and handles, in order, each once.
        keyword: A word that means an event.
        words: Words of a title.
    """

    ids: tuple[str, ...] = ()
    keyword: Keyword | None = None
    words: tuple[str, ...] = ()
