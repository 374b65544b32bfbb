"""Answers in plain words: "yes", «не смогу», "decline sprint review"."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.commands import vocabulary
from bot.commands.naming import SEPARATOR, key_of, strip_copied, trimmed
from bot.domain.participation import Answer, ParticipationStatus
from bot.domain.spelling import MARKS, narrowed

LONGEST = 2000
"""Characters; whoever writes more tells something and does not just answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """An answer in plain words.

    Attributes:
        args: The words that name the event, as they stand in the text; empty for a bare answer.
        plain: Nothing but yes, no or maybe was said; false of what states it, "I'll be there".
    """

    answer: Answer
    args: tuple[str, ...] = ()
    plain: bool = field(default=False, compare=False)


class _Kind(Enum):
    """How an entry of the vocabulary counts; see the tables there."""

    WORD = auto()
    NOD = auto()
    STATEMENT = auto()
    VERB = auto()
    FILLER = auto()
    THIS = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: _Kind
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    """A word or an emoji: as the vocabulary spells it, and where it stands."""

    key: str
    start: int
    end: int
    adjoining: bool
    """Nothing but space lies between it and the one before."""


_MODIFIERS = "\ufe0e\ufe0f\u200d♂♀🏻🏼🏽🏾🏿"
"""What comes after an emoji: its style, a skin, a gender. Alone they say nothing."""
_PUNCTUATION = re.escape('.,;:!…()"“”„«»*—–、。')
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")
_BEFORE_A_NAME = re.compile(r"[^\s.…]*\s.*", re.DOTALL)
"""A full stop right after the word ends the sentence: "No. 651" is a number."""
_ID = re.compile(r"[0-9]+|[a-zа-я][0-9]+|evt_[a-z0-9_-]+", re.IGNORECASE)


def _entries() -> Iterator[tuple[str, _Entry]]:
    for kind, table in (
        (_Kind.WORD, vocabulary.WORDS),
        (_Kind.STATEMENT, vocabulary.STATEMENTS),
        (_Kind.VERB, vocabulary.VERBS),
    ):
        for answer, texts in table.items():
            yield from ((text, _Entry(kind, answer)) for text in texts)
    for text in vocabulary.NODS:
        yield text, _Entry(_Kind.NOD, ParticipationStatus.ACCEPTED)
    for kind, texts in (
        (_Kind.FILLER, vocabulary.FILLERS),
        (_Kind.THIS, vocabulary.THIS),
        (_Kind.NEVER, vocabulary.NEVER),
    ):
        yield from ((text, _Entry(kind)) for text in texts)


def _lexicon() -> Mapping[tuple[str, ...], _Entry]:
    lexicon: dict[tuple[str, ...], _Entry] = {}
    for text, entry in _entries():
        key = tuple(key_of(word) for word in text.split())
        if lexicon.setdefault(key, entry) != entry:
            raise ValueError(f"two meanings of {text}")
    return lexicon


_LEXICON = _lexicon()
_MOST_WORDS = max(map(len, _LEXICON))
_EMOJI = "".join(text for text, _ in _entries() if len(text) == 1 and not text.isalnum())
_TOKEN = re.compile(rf"(?P<emoji>[{_EMOJI}])[{_MODIFIERS}]*|[^\s{_PUNCTUATION}{_EMOJI}]+")
_NEGATIONS = frozenset(map(key_of, vocabulary.NEGATIONS))
_PREPOSITIONS = frozenset(map(key_of, vocabulary.PREPOSITIONS))
_BESIDE_IDS = frozenset(map(key_of, (*vocabulary.JOINERS, *vocabulary.COURTESIES)))


def read_phrase(text: str) -> Phrase | None:
    """Read an answer in plain words; None if the text may mean anything else.

    A **bare answer** is a text of which every word is in the vocabulary: at least one answer, and
    fillers. Where it holds several, the leftmost counts, but

    - a nod ("ok", "sure", «хорошо») only if nothing else is said: "ok, can't make it" declines;
    - a yes and a no contradict each other if one is a statement: "yes, can't make it" is None.

    An answer to a **named event** is either a verb first (fillers may precede) and any words of a
    name after it, or answers first and nothing but ids and handles after them: "да, 651 и c7" is
    one, "yes tomorrow" is None. A verb with nothing but "it" after it is a bare answer. A verb
    after which anything is negated or answered otherwise is None ("accept 651, decline 655").

    Words are whole, in any case and spelling; entries of several words stand unbroken, and the
    longest at a place counts, so that «не буду» is never «буду». A question mark anywhere makes it
    a question. A full stop before an id makes it something else ("No. 651").
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    plain = narrowed(text).translate(_APOSTROPHES)
    if any(mark in plain for mark in vocabulary.QUESTION_MARKS):
        return None
    return _meant(text, list(_tokens(plain)))


def _meant(text: str, tokens: Sequence[_Token]) -> Phrase | None:
    """What the words say that are known, and what follows them."""
    place = 0
    entries: list[_Entry] = []
    while place < len(tokens):
        entry, length = _longest(tokens, place)
        if entry is None or entry.kind in {_Kind.NEVER, _Kind.THIS}:
            break
        if entry.kind is _Kind.VERB:
            only_fillers = all(other.kind is _Kind.FILLER for other in entries)
            return _commanded(entry, text, tokens, place + length) if only_fillers else None
        entries.append(entry)
        place += length
    answer = _combined(entries)
    if answer is None or place == len(tokens):
        return None if answer is None else Phrase(answer=answer, plain=_is_plain(entries))
    args = _ids(_name_after(text, tokens, place))
    return Phrase(answer=answer, args=args) if args else None


def _tokens(plain: str) -> Iterator[_Token]:
    end = 0
    for match in _TOKEN.finditer(plain):
        key = match["emoji"] or key_of(match[0].strip("'-" + _MODIFIERS + MARKS))
        if key:
            adjoining = not plain[end : match.start()].strip(MARKS).strip()
            yield _Token(key, match.start(), match.end(), adjoining)
            end = match.end()


def _longest(tokens: Sequence[_Token], place: int) -> tuple[_Entry | None, int]:
    """The longest entry that stands at a place, and of how many words it is."""
    unbroken = 1
    while unbroken < min(_MOST_WORDS, len(tokens) - place) and tokens[place + unbroken].adjoining:
        unbroken += 1
    for length in range(unbroken, 0, -1):
        entry = _LEXICON.get(tuple(token.key for token in tokens[place : place + length]))
        if entry is not None:
            return entry, length
    return None, 0


def _is_plain(entries: Sequence[_Entry]) -> bool:
    return all(entry.kind in {_Kind.WORD, _Kind.NOD, _Kind.FILLER} for entry in entries)


def _combined(entries: Sequence[_Entry]) -> Answer | None:
    """What several answers say together; see `read_phrase`."""
    answers = [entry for entry in entries if entry.answer is not None]
    said = [entry for entry in answers if entry.kind is not _Kind.NOD] or answers
    if not said:
        return None
    both = {ParticipationStatus.ACCEPTED, ParticipationStatus.DECLINED}
    stated = any(entry.kind is _Kind.STATEMENT for entry in said)
    if stated and both <= {entry.answer for entry in said}:
        return None
    return said[0].answer


def _commanded(verb: _Entry, text: str, tokens: Sequence[_Token], place: int) -> Phrase | None:
    """A verb, with whatever stands after it from that token on."""
    if verb.answer is None or any(_turns(token, verb) for token in tokens[place:]):
        return None
    rest = place
    while rest < len(tokens):
        entry, length = _longest(tokens, rest)
        if entry is None or entry.kind not in {_Kind.FILLER, _Kind.THIS}:
            args = _name_after(text, tokens, place)
            return Phrase(answer=verb.answer, args=args) if args else None
        rest += length
    return Phrase(answer=verb.answer)


def _turns(token: _Token, verb: _Entry) -> bool:
    """Whether a word after a verb may turn its meaning round: a negation, or another verb."""
    entry = _LEXICON.get((token.key,))
    another = entry is not None and entry.kind is _Kind.VERB and entry != verb
    return another or token.key in _NEGATIONS


def _name_after(text: str, tokens: Sequence[_Token], place: int) -> tuple[str, ...]:
    """The words of the text from a token on, without a preposition; none if they stand apart."""
    before = tokens[place - 1].end
    if not _BEFORE_A_NAME.fullmatch(text, before, tokens[place].start):
        return ()
    words = [word for typed in text[before:].split() if (word := trimmed(typed))]
    named = words[1:] if words and key_of(words[0]) in _PREPOSITIONS else words
    return tuple(named)


def _ids(words: Sequence[str]) -> tuple[str, ...]:
    """The words, if all of them are ids and handles but for an "and" or "please"; else none."""
    ids = tuple(word for word in words if key_of(word) not in _BESIDE_IDS)
    parts = [part for word in ids for part in SEPARATOR.split(word)]
    return ids if all(_ID.fullmatch(strip_copied(part)) for part in parts) else ()
