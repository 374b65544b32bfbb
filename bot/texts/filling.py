"""Filling a sentence, without reading it anew each time as `str.format` does."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import Formatter

from markupsafe import Markup, escape


def fill(sentence: str, values: Mapping[str, object]) -> Markup:
    """Put values in the places of their names, escaped unless they are `Markup` already.

    Places are names in braces and nothing more: no formats, no attributes.

    Raises:
        KeyError: There is no value for a name.
    """
    parts: list[str] = []
    for text, name in _pieces(sentence):
        parts.append(text)
        if name is not None:
            parts.append(escape(values[name]))
    return Markup("".join(parts))  # noqa: S704 - the sentence is ours, its values are escaped


@lru_cache(maxsize=4000)
def _pieces(sentence: str) -> Sequence[tuple[str, str | None]]:
    """The texts of a sentence, each with the name that follows it."""
    return [(text, name) for text, name, _, _ in Formatter().parse(sentence)]
