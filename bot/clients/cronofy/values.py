"""Values of Cronofy's JSON, which may be missing or of the wrong type."""

from collections.abc import Mapping

from bot.transport.texts import whole_characters


def mapping(value: object) -> Mapping[str, object]:
    """An object; an empty one if it is none."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    """The objects of a list; nothing if it is no list."""
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def text(value: object) -> str:
    """A text; an empty one if it is none."""
    return whole_characters(value) if isinstance(value, str) else ""
