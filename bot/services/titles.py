"""Events by words of their titles: surely the one, or perhaps."""

import re
from collections.abc import Iterable, Sequence

from bot.domain.listing import Entry, unanswered
from bot.domain.participation import Event

_LONG_ENOUGH = 3
"""Letters of a word that tells an event from others; "a" and "в" do not."""
_STEM = 4
_ENDING = 3
"""Letters in which two forms of a word may differ: «планёрку», «планёрка»."""


def find_titles(entries: Sequence[Entry], words: Sequence[str]) -> tuple[Sequence[Event], bool]:
    """The events whose titles have all the words, and whether they surely are meant.

    A title that is just these words comes first, then titles with all the words, then those with
    words that begin or end alike, which are only perhaps meant. What can be answered comes before
    what cannot; of a series one date stands for all, one without an answer if there is any.
    """
    wanted = _tokens(" ".join(words))
    titles = [(event, _tokens(event.title)) for event in _one_of_each_series(entries)]
    telling = any(len(word) >= _LONG_ENOUGH for word in wanted)
    for fits, surely in ((_is, True), (_has, telling), (_is_like, False)):
        found = [event for event, title in titles if wanted and fits(title, wanted)]
        if found:
            return [event for event in found if event.answerable] or found, surely
    return (), False


def _is(title: Sequence[str], wanted: Sequence[str]) -> bool:
    return title == wanted


def _has(title: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(word in title for word in wanted)


def _is_like(title: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(any(_alike(have, word) for have in title) for word in wanted)


def _alike(have: str, word: str) -> bool:
    """Whether one is the beginning of the other, or they differ in their endings only."""
    if have == word:
        return True
    if len(word) >= _LONG_ENOUGH and have.startswith(word):
        return True
    stem = max(_STEM, max(len(have), len(word)) - _ENDING)
    return min(len(have), len(word)) >= stem and have[:stem] == word[:stem]


def _one_of_each_series(entries: Iterable[Entry]) -> Iterable[Event]:
    kept: dict[object, Event] = {}
    for number, entry in enumerate(entries):
        event = entry.event
        key = (entry.account.account_id, event.series) if event.series else number
        if key not in kept or (unanswered(event) and not unanswered(kept[key])):
            kept[key] = event
    return kept.values()


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("ё", "е"))
