"""Presence in plain words: "do not disturb until three", «отойду на час», "I'm back"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.commands import vocabulary
from bot.commands.naming import key_of, read_names, trimmed
from bot.commands.spans import names_ids, read_span, says_until
from bot.domain.naming import Keyword
from bot.domain.presence import Presence
from bot.domain.spans import (
    DuringEvent,
    Span,
    UntilDay,
    UntilEndOfDay,
    UntilEvent,
    UntilEventEnds,
    UntilTime,
)
from bot.domain.spelling import narrowed

LONGEST = 200
"""Characters; whoever writes more tells something and does not just set a presence."""

WORDINGS: Mapping[Presence, Sequence[str]] = {
    Presence.DND: (
        *("dnd", "do not disturb", "don't disturb", "dont disturb", "do not disturb me"),
        *("don't disturb me", "dont disturb me"),
        *("не беспокоить", "не беспокой", "не беспокойте", "меня не беспокоить"),
        *("не беспокой меня", "не беспокойте меня", "не отвлекать", "меня не отвлекать"),
        *("включи не беспокоить", "set me to do not disturb"),
        *("не отвлекай", "не отвлекайте", "не отвлекай меня", "не отвлекайте меня"),
    ),
    Presence.AWAY: (
        *("away", "i'm away", "im away", "i am away", "afk", "brb", "be right back"),
        *("отошел", "отошла", "отойду", "я отошел", "я отошла", "я отойду", "меня нет"),
        *("меня нет на месте", "нет на месте", "отсутствую", "я отсутствую"),
        *("ушел", "ушла", "я ушел", "я ушла", "stepping out", "i'm stepping out"),
    ),
    Presence.ONLINE: (
        *("online", "i'm online", "i am online", "back online", "i'm back", "im back", "i am back"),
        *("i'm back online", "i am back online", "онлайн", "я онлайн", "на связи", "я на связи"),
        *("i'm here", "im here", "i am here", "go online", "я тут", "я здесь", "я уже тут"),
        *("я на месте", "вернулся", "вернулась", "я вернулся", "я вернулась"),
    ),
}
"""Each in lower case, with `е` for `ё` and a plain apostrophe.

None of them is an answer to an invitation, in `bot.commands.vocabulary`; "busy" and "back" say too
little alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresencePhrase:
    """A presence in plain words.

    Attributes:
        args: The words that say how long, as they were typed; empty if none did.
    """

    presence: Presence
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Word:
    raw: str
    key: str


_KEYS = {
    tuple(map(key_of, text.split())): presence
    for presence, texts in WORDINGS.items()
    for text in texts
}
_MOST_WORDS = max(map(len, _KEYS))
_COURTESIES = frozenset(map(key_of, vocabulary.COURTESIES))
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")
_ENDS_SENTENCE = (".", "!", "…", "。")


def read_presence(text: str, today: date) -> PresencePhrase | None:
    """Read a presence in plain words; None if the text may mean anything else.

    The whole text must be a wording of a presence and, maybe, how long: what `read_span` reads, but

    - an event only by id or handle, as the next one, or as the meeting that is on: "do not disturb
      the neighbours until the party" sets nothing;
    - a day or a time only after "until" and the like: "away tomorrow" tells of tomorrow.

    A question mark anywhere makes it a question; a full stop after the wording starts another
    sentence. Wordings with a time before them ("until three, do not disturb") are not understood.
    Never raises.

    Args:
        text: As it was typed.
        today: The local day on which it was.
    """
    if len(text) > LONGEST or any(mark in narrowed(text) for mark in vocabulary.QUESTION_MARKS):
        return None
    words = _without_courtesies([_Word(raw, key) for raw in text.split() if (key := _key(raw))])
    presence, length = _wording([word.key for word in words])
    if presence is None:
        return None
    rest = _without_courtesies(words[length:])
    args = tuple(trimmed(word.raw) for word in rest)
    ended = words[length - 1].raw.endswith(_ENDS_SENTENCE)
    if args and (ended or not _is_plain(args, today)):
        return None
    return PresencePhrase(presence=presence, args=args)


def _key(raw: str) -> str:
    return key_of(trimmed(narrowed(raw).translate(_APOSTROPHES)))


def _without_courtesies(words: Sequence[_Word]) -> Sequence[_Word]:
    """The words without a "please" before or after them."""
    first, end = 0, len(words)
    while first < end and words[first].key in _COURTESIES:
        first += 1
    while end > first and words[end - 1].key in _COURTESIES:
        end -= 1
    return words[first:end]


def _wording(keys: Sequence[str]) -> tuple[Presence | None, int]:
    """The longest wording that stands first, and of how many words it is."""
    for length in range(min(_MOST_WORDS, len(keys)), 0, -1):
        presence = _KEYS.get(tuple(keys[:length]))
        if presence is not None:
            return presence, length
    return None, 0


def _is_plain(args: Sequence[str], today: date) -> bool:
    """Whether words say how long, and can hardly mean anything else."""
    span = read_span(args, today)
    if span is None or not _is_named_by_id(span):
        return False
    return says_until(args) or not _may_begin(span, today)


def _may_begin(span: Span, today: date) -> bool:
    """Whether without "until" it may as well be when something begins."""
    match span:
        case UntilDay() | UntilTime():
            return True
        case UntilEndOfDay(days=days):
            return days not in {(), (today,)}
        case _:
            return False


def _is_named_by_id(span: Span) -> bool:
    if not isinstance(span, UntilEvent | UntilEventEnds | DuringEvent):
        return True
    names = read_names(span.words, parse_ref=lambda _: None, letters=())
    return names_ids(span.words) or isinstance(names, Keyword)
