"""What a check can find, as sentences of the catalogues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bot.texts import M

_LONGEST_NAME = 60


class Sign(Enum):
    """How a check ended."""

    OK = "✓"
    WARNING = "!"
    FAILED = "✗"
    SKIPPED = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence with its values."""

    message: M
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table.

    Attributes:
        name: What was checked.
        said: What was found, in one or more sentences.
        advice: What to do; there is always some under a warning and a failure.
        of_setting: A setting is missing or malformed, so `run` would not even start.
    """

    name: M
    sign: Sign
    said: Sequence[Said]
    advice: Said | None = None
    of_setting: bool = False


def say(message: M, **values: object) -> Said:
    """Choose a sentence; a value that others chose is to go through `plain` first."""
    return Said(message=message, values=values)


def ok(name: M, *said: Said) -> Finding:
    """All is well."""
    return Finding(name=name, sign=Sign.OK, said=said)


def skipped(name: M, said: Said) -> Finding:
    """Nothing was checked."""
    return Finding(name=name, sign=Sign.SKIPPED, said=[said])


def warning(name: M, *said: Said, advice: Said) -> Finding:
    """It works, and somebody should look all the same."""
    return Finding(name=name, sign=Sign.WARNING, said=said, advice=advice)


def failed(name: M, *said: Said, advice: Said, of_setting: bool = False) -> Finding:
    """It does not work."""
    return Finding(name=name, sign=Sign.FAILED, said=said, advice=advice, of_setting=of_setting)


def plain(text: str) -> str:
    """A name that others chose, short and without control characters, for a terminal."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(clean.split())[:_LONGEST_NAME]
