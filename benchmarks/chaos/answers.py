"""Which of the bot's messages answers which command, as a person in the chat would see it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchmarks.chaos.history import Asked, History, Said
from benchmarks.chaos.matching import give_out
from benchmarks.chaos.words import Sense, claims_in, is_news, sense_of

BLOCKED = 403
_DOUBTS = frozenset({Sense.PENDING, Sense.UNKNOWN})
_OPEN = _DOUBTS | {Sense.WAITING, Sense.NOTED}


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that was said to a command.

    Attributes:
        sure: It can be no answer to another one.
    """

    said: Said
    sure: bool = True


def _ends(asked: Asked, said: Said) -> bool:
    """Whether nothing is left to do after that; a group's card also changes for other presses."""
    of_the_group = said.edit and said.chat == asked.chat != asked.person
    return not of_the_group and sense_of(said.text) not in _OPEN


def _is_as_wanted(asked: Asked, said: Said) -> bool:
    """Whether it claims nothing else than what was asked for; else it may be another one's."""
    return all(claim.status == asked.wanted for claim in claims_in(said.text))


@dataclass(frozen=True)
class Answers:
    """A history, with everything that was said put beside what it answers."""

    history: History

    def of(self, asked: Asked) -> Sequence[Answer]:
        """All that was said to it, in order of time; what was refused for good too."""
        return self._by_command.get(asked.number, ())

    def shown_to(self, asked: Asked) -> Sequence[Said]:
        """What its person has seen of that."""
        return [answer.said for answer in self.of(asked) if not answer.said.refused]

    def closed_at(self, asked: Asked) -> float:
        """When there was surely nothing left to do about it; never, if it ended in doubt."""
        return self._closed[asked.number]

    def was_in_doubt(self, asked: Asked) -> bool:
        """Whether its person was ever told that nobody knows."""
        return any(sense_of(said.text) in _DOUBTS for said in self.shown_to(asked))

    def denies(self, asked: Asked) -> bool:
        """Whether its person was told for sure that it changed nothing."""
        said = [answer.said for answer in self.of(asked) if answer.sure]
        return bool(said) and sense_of(said[-1].text) is Sense.UNCHANGED

    def outcome(self, asked: Asked) -> str:
        """What came of it, in a word or two."""
        senses = [sense_of(said.text) for said in self.shown_to(asked)]
        if not senses:
            return "undeliverable" if self.of(asked) else "unanswered"
        last = senses[-1]
        if last is Sense.CONFIRMED and any(sense in _DOUBTS for sense in senses):
            return "unknown, then confirmed"
        return last.value

    def claims(self) -> Iterator[tuple[Asked, Said, str, str]]:
        """Every claim that an answer is held: to what, by what, of which event, which status."""
        for asked in self.history.asked:
            for said in self.shown_to(asked):
                for event, status in self.claims_of(said):
                    yield asked, said, event, status

    def claims_of(self, said: Said) -> Iterator[tuple[str, str]]:
        """Which statuses of which events a message says are held."""
        for claim in claims_in(said.text):
            if claim.title in self._ids:
                yield self._ids[claim.title], claim.status

    @cached_property
    def _ids(self) -> Mapping[str, str]:
        return {title: event for event, title in self.history.titles.items()}

    @cached_property
    def _closed(self) -> Mapping[int, float]:
        return {
            asked.number: next(
                (
                    answer.said.at
                    for answer in self.of(asked)
                    if answer.said.refused == BLOCKED or (answer.sure and _ends(asked, answer.said))
                ),
                float("inf"),
            )
            for asked in self.history.asked
        }

    @cached_property
    def _by_command(self) -> Mapping[int, Sequence[Answer]]:
        return _Reading(self.history).read()


class _Reading:
    """Goes through all that was said, once."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._found: dict[int, list[Answer]] = defaultdict(list)
        self._presses: dict[tuple[int, int], list[Asked]] = defaultdict(list)
        self._typed: dict[tuple[int, int], Asked] = {}
        self._queries: dict[str, Asked] = {}
        self._free: dict[int, list[Said]] = defaultdict(list)
        # What a message last said, and to whom.
        self._behind: dict[tuple[int, int], tuple[Asked, Said]] = {}

    def read(self) -> Mapping[int, Sequence[Answer]]:
        """By the number of the command."""
        for asked in self._history.asked:
            if asked.query_id:
                self._presses[asked.chat, asked.message_id].append(asked)
                self._queries[asked.query_id] = asked
            else:
                self._typed[asked.chat, asked.message_id] = asked
        for said in self._history.said:
            if said.query_id:
                self._read_note(said)
            elif said.edit:
                self._read_edit(said)
            else:
                self._read_message(said)
        self._give_out()
        return self._found

    def _read_note(self, said: Said) -> None:
        """A note with words; on a group's card the card itself tells who comes too late for it."""
        asked = self._queries.get(said.query_id)
        if asked is not None and said.text and (not said.refused or not asked.in_private):
            shown = replace(said, refused=0) if said.refused else said
            self._found[asked.number].append(Answer(shown, sure=False))

    def _read_message(self, said: Said) -> None:
        place = (said.chat, said.message_id)
        asked = None
        if said.reply_to is not None:
            asked = self._typed.get((said.chat, said.reply_to))
        elif said.refused in {0, BLOCKED} and not (
            is_news(said.text) or sense_of(said.text) is Sense.WAITING
        ):
            self._free[said.chat].append(said)
        if asked is not None:
            self._found[asked.number].append(Answer(said))
            self._behind[place] = (asked, said)

    def _read_edit(self, said: Said) -> None:
        """It answers a press, or tells what came of what was in doubt."""
        place = (said.chat, said.message_id)
        presses = [one for one in self._presses.get(place, ()) if one.at <= said.at]
        waiting = [one for one in presses if not self._found.get(one.number)]
        before = self._behind.get(place)
        in_doubt = before is not None and sense_of(before[1].text) in _DOUBTS
        fits = waiting[:]
        if before is not None and (in_doubt or not waiting):
            fits.append(before[0])
        for asked in fits or presses[-1:]:
            # One that changes nothing may be an earlier one, sent again because it seemed lost.
            alone = len(fits) == 1 and not said.refused
            answer = Answer(said, sure=alone and _is_as_wanted(asked, said))
            # What may answer several is counted for the first of them alone.
            if asked in waiting[:1] or asked not in waiting:
                self._found[asked.number].append(answer)
        latest = next(iter(fits or presses[-1:]), None)
        if latest is not None:
            self._behind[place] = (latest, said)

    def _give_out(self) -> None:
        """Messages that answer none by themselves belong to what has no answer yet.

        Each may answer several, so they are given out anew where that leaves fewer without any;
        and so is the only change of a card that a press has had: it may have been told by a message
        instead, and the change was for a later one.
        """
        left = [asked for asked in self._history.asked if not self._found.get(asked.number)]
        changes = dict(self._only_changes())
        suits = {
            asked.number: [*_of_its_card(asked, changes), *self._fitting(asked)]
            for asked in (*left, *changes.values())
        }
        given = give_out(left, lambda asked: suits[asked.number], changes)
        cards: dict[tuple[int, int], dict[Said, Asked]] = defaultdict(dict)
        for said, asked in given.items():
            if said in changes:
                cards[asked.chat, asked.message_id][said] = asked
            else:
                self._found[asked.number] = [
                    Answer(one, sure=False) for one in self._with_edits(said)
                ]
        for card in cards.values():
            self._put_in_order(card)

    def _only_changes(self) -> Iterator[tuple[Said, Asked]]:
        """Changes of a private message that are all that their presses have had."""
        for asked in self._history.asked:
            match self._found.get(asked.number, ()):
                case [Answer(said=said)] if said.edit and asked.query_id and asked.in_private:
                    yield said, asked

    def _with_edits(self, message: Said) -> Sequence[Said]:
        """All that a message has said."""
        place = (message.chat, message.message_id)
        said = self._history.said
        edits = (one for one in said if one.edit and (one.chat, one.message_id) == place)
        return sorted([message, *edits], key=_at)

    def _put_in_order(self, card: Mapping[Said, Asked]) -> None:
        """A card is changed for its presses in the order in which they came."""
        presses = sorted(card.values(), key=lambda asked: asked.number)
        for asked, said in zip(presses, sorted(card, key=_at), strict=True):
            if said not in (answer.said for answer in self._found.get(asked.number, ())):
                self._found[asked.number] = [Answer(said, sure=False)]

    def _fitting(self, asked: Asked) -> Sequence[Said]:
        """What was said later, and of the same event or of none."""
        titles = self._history.titles
        own = [titles[event] for event in asked.events]
        return [
            said
            for said in self._free.get(asked.person, ())
            if said.at >= asked.at
            and (
                any(title in said.text for title in own)
                or not any(title in said.text for title in titles.values())
            )
        ]


def _of_its_card(asked: Asked, changes: Iterable[Said]) -> Iterator[Said]:
    """Changes of the message whose button was pressed, since then."""
    place = (asked.chat, asked.message_id)
    for said in changes:
        if asked.query_id and said.at >= asked.at and (said.chat, said.message_id) == place:
            yield said


def _at(said: Said) -> float:
    return said.at


def unanswered(history: History) -> Iterator[Asked]:
    """Commands to which nothing was said, though it could have been."""
    answers = Answers(history)
    for asked in history.asked:
        if not any(sense_of(answer.said.text) is not Sense.WAITING for answer in answers.of(asked)):
            yield asked
