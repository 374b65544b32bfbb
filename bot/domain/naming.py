"""How somebody named events, before anybody has looked which ones they are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bot.domain.participation import EventRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """A short name of an event: the letter of its kind, and a number that one person has for it."""

    letter: str
    number: int

    def __str__(self) -> str:
        return f"{self.letter}{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByName:
    """Events by id or handle, in the order given, each once, at least one."""

    names: tuple[EventRef | Handle, ...]


class Keyword(StrEnum):
    """An event by its place in time or in the talk."""

    NEXT = "next"
    LAST = "last"
    """The one that was talked about last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTitle:
    """Words of a title, as they were typed, at least one."""

    words: tuple[str, ...]


Names: TypeAlias = ByName | Keyword | ByTitle | None
"""What was named; None if nothing was."""
