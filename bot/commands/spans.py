"""How long, in words: "for 2 hours", «до пятницы 17:00», "till the end of 651"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.commands import span_words, vocabulary
from bot.commands.moments import REST_OF_TODAY, plain, read_length, read_moment
from bot.commands.naming import SEPARATOR, key_of, strip_copied, trimmed
from bot.domain.spans import (
    DuringEvent,
    For,
    Span,
    UntilEvent,
    UntilEventEnds,
    UntilMeetingEnds,
)
from bot.domain.spelling import narrowed

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    typed: str
    key: str


def _keys(texts: Sequence[str]) -> frozenset[_Key]:
    return frozenset(tuple(map(key_of, text.split())) for text in texts)


_UNTIL = _keys(span_words.UNTIL)
_FOR = _keys(span_words.FOR)
_DURING = _keys(span_words.DURING)
_WHILE = _keys(span_words.WHILE)
_END_OF = _keys(span_words.END_OF)
_START_OF = _keys(span_words.START_OF)
_OVER = _keys(span_words.OVER)
_BEGINS = _keys(span_words.BEGINS)
_GOES_ON = _keys(span_words.GOES_ON)
_NOTHING = _keys(span_words.NOTHING) | _END_OF | _START_OF
_MEETINGS = frozenset(map(key_of, span_words.MEETINGS))
_OF_MEETINGS = _MEETINGS | frozenset(map(key_of, span_words.AROUND_MEETINGS))
_COURTESIES = frozenset(map(key_of, vocabulary.COURTESIES))
_BESIDE_IDS = _COURTESIES | frozenset(map(key_of, vocabulary.JOINERS))
_ID = re.compile(r"[0-9]+|[a-z][0-9]{1,5}|evt_[a-z0-9_-]+")


def read_span(words: Sequence[str], today: date) -> Span | None:
    """Read how long something shall last from the words after a command; None if they do not say.

    - A length: "30m", "1 h 30 min", "half an hour", «полтора часа», also with "for" or «на». A day
      is 24 hours. A number alone is none, and neither are seconds, months and "from 2 to 3".
    - A moment after "until", "till", «до», or by itself if it is clear: a time, a day, both in
      either order, the end of the day or of the week. A number up to 24 after "until" is an hour.
      With a full stop between, it is a clock time if what follows is 00 or more than 12, or if a
      day stands beside it; else a date. Up to 11, an hour without minutes or with one digit may
      be a.m. or p.m. 24:00 and "midnight" of a day are its end, 0:00 is its beginning. A weekday
      that is today is today only if a time follows, and then next week's if that has passed.
    - An event: "until 651", "till the end of sprint review", «на время встречи». All other words
      after "until" and "during" name one. "Until the meeting" is until the next one.

    "Next Friday" and «к трем» are not understood. Never raises.

    Args:
        words: As they were typed.
        today: The local day on which they were.
    """
    said = _said(words)
    try:
        return _with_lead(said, today)
    except OverflowError:  # a day beyond the end of the calendar
        return None


def before_name(span: UntilEvent | UntilEventEnds | DuringEvent) -> str:
    """What `read_span` takes for the same with the name of another event after it."""
    match span:
        case UntilEvent():
            return "until"
        case UntilEventEnds():
            return "until the end of"
        case DuringEvent():
            return "during"


def says_until(words: Sequence[str]) -> bool:
    """Whether words start with "until" or the like, so that they cannot mean a beginning."""
    return bool(_lead(_said(words), _UNTIL))


def names_ids(words: Sequence[str]) -> bool:
    """Whether all words are ids and handles by their looks, but for an "and" or "please"."""
    parts = [part for word in words for part in SEPARATOR.split(word) if part]
    bare = [key for part in parts if (key := key_of(strip_copied(part))) not in _BESIDE_IDS]
    return bool(bare) and all(_ID.fullmatch(key) for key in bare)


def _said(words: Sequence[str]) -> Sequence[_Word]:
    """The words that say anything, without a "please" before or after them."""
    said = [_Word(word, key) for word in words if (key := key_of(trimmed(narrowed(word))))]
    while said and said[0].key in _COURTESIES:
        said.pop(0)
    while said and said[-1].key in _COURTESIES:
        said.pop()
    return said


def _plain(said: Sequence[_Word]) -> str:
    return plain([word.key for word in said])


def _with_lead(said: Sequence[_Word], today: date) -> Span | None:
    # The longest first: «на время» starts with «на».
    for entries, read in ((_DURING, _during), (_UNTIL, _until), (_WHILE, _while), (_FOR, _for)):
        if length := _lead(said, entries):
            return read(said[length:], today)
    text = _plain(said)
    elapsed = read_length(text)
    return read_moment(text, today, led=False) if elapsed is None else For(length=elapsed)


def _for(rest: Sequence[_Word], today: date) -> Span | None:
    text = _plain(rest)
    elapsed = read_length(text)
    if elapsed is not None:
        return For(length=elapsed)
    if _is_meeting(rest):
        return UntilMeetingEnds()
    return read_moment(text, today, led=False) if text in REST_OF_TODAY else None


def _during(rest: Sequence[_Word], _today: date) -> Span | None:
    elapsed = read_length(_plain(rest))
    if elapsed is not None:
        return For(length=elapsed)
    if _is_meeting(rest):
        return UntilMeetingEnds()
    return DuringEvent(words=_named(rest)) if rest else None


def _while(rest: Sequence[_Word], _today: date) -> Span | None:
    if length := _lead(rest, _GOES_ON):
        return _ends(rest[length:]) if rest[length:] else UntilMeetingEnds()
    if length := _tail(rest, _GOES_ON):
        return _ends(rest[:-length])
    return None


def _until(rest: Sequence[_Word], today: date) -> Span | None:
    if not rest or tuple(word.key for word in rest) in _NOTHING:
        return None
    moment = read_moment(_plain(rest), today, led=True)
    if moment is not None:
        return moment
    if length := _lead(rest, _END_OF):
        return _ends(rest[length:])
    if length := _tail(rest, _OVER):
        return _ends(rest[:-length])
    if length := _lead(rest, _START_OF):
        rest = rest[length:]
    elif length := _tail(rest, _BEGINS):
        rest = rest[:-length]
    if _is_meeting(rest):
        return UntilEvent(words=(span_words.NEXT,))
    return UntilEvent(words=_named(rest))


def _ends(rest: Sequence[_Word]) -> Span:
    return UntilMeetingEnds() if _is_meeting(rest) else UntilEventEnds(words=_named(rest))


def _lead(said: Sequence[_Word], entries: frozenset[_Key]) -> int:
    """How many words at the beginning are one of the entries, the longest; 0 if none is."""
    return max((len(key) for key in entries if key == _first(said, len(key))), default=0)


def _first(said: Sequence[_Word], length: int) -> _Key:
    return tuple(word.key for word in said[:length])


def _tail(said: Sequence[_Word], entries: frozenset[_Key]) -> int:
    """The same at the end, if anything stands before."""
    keys = tuple(word.key for word in said)
    fitting = (len(key) for key in entries if len(key) < len(keys) and keys[-len(key) :] == key)
    return max(fitting, default=0)


def _is_meeting(rest: Sequence[_Word]) -> bool:
    keys = {word.key for word in rest}
    return keys <= _OF_MEETINGS and not keys.isdisjoint(_MEETINGS)


def _named(rest: Sequence[_Word]) -> tuple[str, ...]:
    """The words that name an event as they were typed, without "the meeting" before an id."""
    typed = tuple(word.typed for word in rest)
    for place, word in enumerate(rest):
        if word.key not in _OF_MEETINGS:
            return typed[place:] if names_ids(typed[place:]) else typed
    return typed
