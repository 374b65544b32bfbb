"""Which events the words after a command name, as far as the words alone can tell."""

import re
from collections.abc import Callable, Collection, Sequence

from bot.commands.vocabulary import (
    AROUND_KEYWORDS,
    COURTESIES,
    EVERYTHING,
    JOINERS,
    LAST,
    NEXT,
)
from bot.domain.naming import ByName, ByTitle, Handle, Keyword, Names
from bot.domain.participation import EventRef
from bot.domain.spelling import MARKS, look, narrowed, spelled

_AROUND = MARKS + "\"'`«»“”„‘’‹›()[]{}<>,;"
_AFTER = ".:!…"
_COPIED = re.compile(rf"(?:EVENT_ID=|[#№{re.escape(_AROUND)}])+", re.IGNORECASE)
SEPARATOR = re.compile(r"[\s,;，；、]+")
"""Between the names of events, also without a space."""
_ADDRESS = re.compile(r"^https?://\S*[?&]EVENT_ID=(\d+)", re.IGNORECASE)
_HANDLE = re.compile(r"([a-z])([1-9][0-9]{0,4})")
_LONGEST_KEY = 64
_DASHES = frozenset({"-", "–", "—"})


def _set_of(*tables: Sequence[str]) -> frozenset[str]:
    return frozenset(key_of(word) for table in tables for word in table)


def key_of(word: str) -> str:
    """A word for comparing: lower case, `ё` as `е`, look-alike letters as Latin ones.

    A word longer than any that we know stays as it is.
    """
    if len(word) > _LONGEST_KEY:
        return word
    return look(spelled(word).replace("’", "'"))


_COURTESIES = _set_of(COURTESIES)
_ALONE_NOTHING = _set_of(COURTESIES, JOINERS)
_ARTICLE = key_of("the")
_EVERYTHING = _set_of(EVERYTHING)
_AROUND_KEYWORDS = _set_of(AROUND_KEYWORDS, COURTESIES)
_KEYWORDS = dict.fromkeys(_set_of(NEXT), Keyword.NEXT) | dict.fromkeys(_set_of(LAST), Keyword.LAST)


def trimmed(word: str) -> str:
    """A word without the quotes, brackets, commas around it and the full stop after it."""
    return word.lstrip(_AROUND).rstrip(_AROUND + _AFTER)


def strip_copied(word: str) -> str:
    """A word without what comes along when an id is copied out of an address or a sentence.

    `EVENT_ID=651`, `#651`, `№651`, `«651».`, `651!`, also the whole address of an event's page;
    full-width characters become ASCII.
    """
    bare = narrowed(word)
    if (address := _ADDRESS.search(bare)) is not None:
        return address[1]
    copied = _COPIED.match(bare)
    return trimmed(bare if copied is None else bare[copied.end() :])


def is_everything(words: Sequence[str]) -> bool:
    """Whether words mean all events and none in particular."""
    return bool(words) and all(key_of(word) in _EVERYTHING for word in words)


def read_names(
    args: Sequence[str], *, parse_ref: Callable[[str], EventRef | None], letters: Collection[str]
) -> Names:
    """Tell which events the arguments of a command name.

    Commas, semicolons and spaces separate; what comes along with a copied id is dropped. Then:

    - every word but "and" and "please" is an id or a handle: these events;
    - the only word that matters is "next" or "last" ("the next one", «ближайшую встречу»): that;
    - anything is left: words of a title, also the numbers among them (`sprint 2`, `651 budget`),
      without a "the" before and a "please" before or after them;
    - nothing is left: None.

    An id is what `parse_ref` says is one. A handle is one of `letters` (lower-case Latin) and a
    number of up to five digits, in any case, also with a Cyrillic letter that looks the same. How
    many events there may be is for the caller to say.
    """
    words = [
        word
        for arg in args
        for part in SEPARATOR.split(arg)
        if (word := strip_copied(part)) and word not in _DASHES
    ]
    named = [word for word in words if key_of(word) not in _ALONE_NOTHING]
    events = [_event(word, parse_ref, letters) for word in named]
    found = tuple(dict.fromkeys(event for event in events if event is not None))
    if found and len(events) == sum(event is not None for event in events):
        return ByName(names=found)
    return _keyword(named) or _title(words if named else [])


def _event(
    word: str, parse_ref: Callable[[str], EventRef | None], letters: Collection[str]
) -> EventRef | Handle | None:
    ref = parse_ref(word)
    if ref is not None:
        return ref
    match = _HANDLE.fullmatch(key_of(word))
    if match is None or match[1] not in letters:
        return None
    return Handle(letter=match[1], number=int(match[2]))


def _keyword(words: Sequence[str]) -> Keyword | None:
    mattering = [key for word in words if (key := key_of(word)) not in _AROUND_KEYWORDS]
    return _KEYWORDS.get(mattering[0]) if len(mattering) == 1 else None


def _title(words: Sequence[str]) -> ByTitle | None:
    first, end = 0, len(words)
    while first < end and key_of(words[first]) in _COURTESIES:
        first += 1
    while end > first and key_of(words[end - 1]) in _COURTESIES:
        end -= 1
    if end - first > 1 and key_of(words[first]) == _ARTICLE:
        first += 1
    return ByTitle(words=tuple(words[first:end])) if first < end else None
