"""Reading what the bot said: its own sentences, read out of both catalogues."""

import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources

from babel.messages.pofile import read_po

from bot.texts import LANGUAGES, M

_VALUE = re.compile(r"\\{\w+\\}")
_TAG = re.compile(r"</?\w+>")
_CLAIMS: Mapping[M, str] = {
    M.HELD_ACCEPTED: "accepted",
    M.HELD_DECLINED: "declined",
    M.HELD_TENTATIVE: "tentative",
    M.HELD_NEEDS_ACTION: "needs_action",
    M.ALREADY_ACCEPTED: "accepted",
    M.ALREADY_DECLINED: "declined",
    M.ALREADY_TENTATIVE: "tentative",
    M.ALREADY_NEEDS_ACTION: "needs_action",
}
_PENDING = (M.ANSWER_PENDING, M.PRESENCE_PENDING)
_UNKNOWN = (
    M.ANSWER_UNKNOWN,
    M.PRESENCE_UNKNOWN,
    M.ERROR_TIMEOUT_BEGUN,
    M.FOLLOW_UP_NOT_SEEN,
    M.FOLLOW_UP_SUPERSEDED,
)
_APOLOGIES = (M.ERROR_INTERNAL,)
_WAITING, _NOTED = (M.STORE_WAITING,), (M.GROUP_NOTED,)
_PRESENCE = (M.PRESENCE_ONLINE, M.PRESENCE_DND, M.PRESENCE_AWAY, M.PRESENCE_UNTIL)
_NEWS = (M.NEWS_ENDED, M.NEWS_LEFT_ALONE, M.NEWS_STILL_ON, M.NEWS_STUCK, M.NEWS_NEVER_SET)
_BUTTONS: Mapping[M, str] = {
    M.CARD_ACCEPT: "accept",
    M.CARD_MAYBE: "maybe",
    M.CARD_DECLINE: "decline",
    M.CONFIRM_MAYBE_YES: "maybe",
    M.CONFIRM_DECLINE_YES: "decline",
    M.CARD_UNDO: "undo",
}
_QUESTIONS: Mapping[M, str] = {
    M.SEVERAL_ACCEPT: "accept",
    M.SEVERAL_MAYBE: "maybe",
    M.SEVERAL_DECLINE: "decline",
}


class Sense(StrEnum):
    """What an answer comes to."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    UNKNOWN = "unknown"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    NOTED = "noted"
    """A note over a group's card whose answer takes long; the card itself shows what came of it."""
    APOLOGISED = "apologised"
    OTHER = "other"
    """A list, a question, help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An answer to an event that is said to be held."""

    title: str
    status: str


def claims_in(text: str) -> Iterator[Claim]:
    """The answers that a text says are held; in plain text, as a person sees it."""
    for line in text.splitlines():
        for pattern, status in _claims():
            if found := pattern.fullmatch(line):
                yield Claim(title=found.group(1), status=status)


def sense_of(text: str) -> Sense:
    """What a text comes to; the first of its kinds that applies, doubt before certainty."""
    lines = text.splitlines()
    for sense, messages in (
        (Sense.WAITING, _WAITING),
        (Sense.NOTED, _NOTED),
        (Sense.APOLOGISED, _APOLOGIES),
        (Sense.PENDING, _PENDING),
        (Sense.UNKNOWN, _UNKNOWN),
    ):
        if _any(messages, lines):
            return sense
    if next(claims_in(text), None) is not None or _any(_PRESENCE, lines):
        return Sense.CONFIRMED
    return Sense.UNCHANGED if _any(_unchanged_ids(), lines) else Sense.OTHER


def is_news(text: str) -> bool:
    """Whether it answers nobody: an end that came by itself."""
    return _any(_NEWS, text.splitlines())


def command_behind(label: str, text: str) -> str | None:
    """What a button below a text does: a verb, a whole command line, or None if nothing known."""
    if any(one.fullmatch(label) for one in _patterns(M.SEVERAL_YES)):
        asked = text.splitlines()[:1]
        return next(
            (verb for question, verb in _QUESTIONS.items() if _any((question,), asked)), None
        )
    for message, verb in _BUTTONS.items():
        if any(one.fullmatch(label.removeprefix("✓ ")) for one in _patterns(message)):
            return verb
    late = (one.fullmatch(label) for one in _patterns(M.LATE_YES))
    return next((found.group(1) for found in late if found), None)


@lru_cache
def _claims() -> Sequence[tuple[re.Pattern[str], str]]:
    return [
        (pattern, status) for message, status in _CLAIMS.items() for pattern in _patterns(message)
    ]


@lru_cache
def _unchanged_ids() -> tuple[M, ...]:
    """Every sentence that says that nothing was done, whatever it is about."""
    said = re.compile(r"[Nn]othing (was|has been) (changed|answered)|was changed, and nobody")
    return tuple(message for message in M if said.search(_sentences("en")[message][0]))


def _any(messages: Iterable[M], lines: Sequence[str]) -> bool:
    return any(pattern.fullmatch(line) for pattern in _patterns(*messages) for line in lines)


@cache
def _patterns(*messages: M) -> Sequence[re.Pattern[str]]:
    """Their sentences in every language, each as what a line of it looks like."""
    return [
        re.compile(_VALUE.sub("(.*?)", re.escape(form)))
        for language in LANGUAGES
        for message in messages
        for form in _sentences(language)[message]
    ]


@cache
def _sentences(language: str) -> Mapping[str, Sequence[str]]:
    """A catalogue without its markup, each sentence in all its forms."""
    source = resources.files("bot").joinpath("locales", f"{language}.po").read_bytes()
    found = {}
    for entry in read_po(io.BytesIO(source), locale=language):
        key = entry.id if isinstance(entry.id, str) else entry.id[0]
        forms = (entry.string,) if isinstance(entry.string, str) else entry.string or ()
        found[key] = [html.unescape(_TAG.sub("", form)) for form in forms]
    return found
