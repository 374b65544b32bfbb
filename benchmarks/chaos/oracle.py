"""What has to be true of every campaign, whatever went wrong in it.

Each check is a function of a history that yields what is wrong, with the person and the command.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.chaos.answers import Answers, unanswered
from benchmarks.chaos.attribution import Attribution
from benchmarks.chaos.befalls import DIED
from benchmarks.chaos.bot_process import grown
from benchmarks.chaos.history import PRESENCE, Asked, History, Said, Wrote

_DOUBT_LASTS = 150.0
"""Seconds for which an answer in doubt may still be on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must not be."""

    check: str
    text: str


Check = Callable[[History], Iterator[str]]


def every_command_is_answered(history: History) -> Iterator[str]:
    """By a message, a note over the button, or a refusal of Telegram that is final."""
    for asked in unanswered(history):
        yield f"{asked} was never answered"


def what_was_claimed_was_so(history: History) -> Iterator[str]:
    """A claim names what the vendor held at some moment between the command and the claim."""
    answers, shown = Answers(history), _Shown(history)
    for asked, said, event, status in answers.claims():
        if not shown.held(asked.person, event, status, asked.at, said.at):
            yield (
                f"{asked}: said at {said.at:.1f} that {history.titles[event]} is {status}, "
                f"which it was not: {shown.told(asked.person, event)}"
            )


def the_last_claims_still_hold(history: History) -> Iterator[str]:
    """What was said last of an event in a person's own chat is what its vendor holds in the end.

    By when it stood there, whatever it answers: nobody who reads a chat knows more.
    """
    answers, shown = Answers(history), _Shown(history)
    answered = {said: asked for asked in history.asked for said in answers.shown_to(asked)}
    last: dict[tuple[int, str], tuple[Said, str]] = {}
    people = shown.people
    in_private = [one for one in history.said if one.chat in people and not one.refused]
    for said in sorted(in_private, key=lambda one: one.at):
        last |= {(said.chat, event): (said, status) for event, status in answers.claims_of(said)}
    for (person, event), (said, status) in last.items():
        held = shown.last(person, event)
        if held == status or _left_in_doubt(history, answers, answered.get(said), person, event):
            continue
        if _changed_with_a_relative(history, person, event, said.at):
            continue
        yield (
            f"person {person} was told last, at {said.at:.1f}, that {history.titles[event]} is "
            f"{status}, and it is {held}: {shown.told(person, event)}"
        )


def every_write_was_asked_for(history: History) -> Iterator[str]:
    """A write is made for somebody who asked for that, and was not answered yet."""
    attribution = Attribution(history)
    for write in history.wrote:
        if attribution.owner(write) is None:
            yield (
                f"at {write.at:.1f} {write.status} was written to "
                f"{history.titles.get(write.event, write.event)} for person {write.person}, "
                f"who had not asked for it"
            )


def nobody_is_notified_twice(history: History) -> Iterator[str]:
    """What is held is not written again, unless something was in doubt."""
    answers, attribution = Answers(history), Attribution(history)
    for write in history.wrote:
        if write.event == PRESENCE or write.before != write.status:
            continue
        owner = attribution.owner(write)
        if not _is_explained(history, answers, write, owner):
            yield (
                f"{owner}: {write.status} was written to {history.titles[write.event]} "
                f"at {write.at:.1f} although it was held, and nothing was in doubt"
            )


def a_command_writes_once(history: History) -> Iterator[str]:
    """Once, and a second time only if the first write met trouble."""
    attribution = Attribution(history)
    writes: dict[tuple[int, str], list[Wrote]] = defaultdict(list)
    for write in history.wrote:
        owner = attribution.owner(write)
        if owner is not None and write.event != PRESENCE:
            writes[owner.number, write.event].append(write)
    for (number, _), done in writes.items():
        asked = history.asked[number - 1]
        if len(done) > 2 or (  # noqa: PLR2004 - twice is the most
            len(done) > 1 and not _met_trouble(history, asked, done[0].at - 0.5, done[-1].at)
        ):
            times = ", ".join(f"{one.at:.1f}" for one in done)
            yield f"{asked}: was written {len(done)} times, at {times}"


def no_decline_that_deletes_is_repeated(history: History) -> Iterator[str]:
    """A second decline on Exchange could remove what came in the place of the first."""
    seen: dict[tuple[int, str], Wrote] = {}
    for write in history.wrote:
        if write.deletes and write.applied:
            if (write.person, write.event) in seen:
                yield (
                    f"person {write.person}: {history.titles[write.event]} was declined again "
                    f"at {write.at:.1f}, where that deletes"
                )
            seen[write.person, write.event] = write


def nothing_was_changed_is_true(history: History) -> Iterator[str]:
    """Whoever reads that nothing was changed finds nothing changed by that command."""
    answers, attribution = Answers(history), Attribution(history)
    for write in history.wrote:
        asked = attribution.owner(write)
        if asked is None or write.event == PRESENCE:
            continue
        if write.applied and write.before != write.status and answers.denies(asked):
            last = [answer.said for answer in answers.of(asked) if answer.sure][-1]
            if last.at > write.at:
                yield (
                    f"{asked}: {write.status} was written at {write.at:.1f}, "
                    f"and the answer was {last.text!r}"
                )


def no_reply_is_repeated_without_need(history: History) -> Iterator[str]:
    """The same words twice only if nobody could know that the first ones arrived."""
    answers = Answers(history)
    for asked in history.asked:
        new = [one for one in answers.shown_to(asked) if not one.edit and not one.query_id]
        for text, count in Counter(one.text for one in new).items():
            if count > 1 and not _met_trouble(history, asked, asked.at, new[-1].at):
                yield f"{asked}: was answered {count} times with {text!r}"


def everything_was_finished(history: History) -> Iterator[str]:
    """No message is left open, none is looked after for ever, and all of it is forgotten."""
    remains = history.remains
    for state, count in remains.open_rows.items():
        yield f"{count} rows are left in state {state}"
    if remains.follow_ups:
        yield f"{remains.follow_ups} follow-ups are left after their time"
    for table, count in remains.kept.items():
        if count:
            yield f"{count} rows of {table} are kept days after they were closed"


def nothing_leaked(history: History) -> Iterator[str]:
    """The process holds no more than when it had begun, and ended well whenever it was asked."""
    remains = history.remains
    if remains.before is not None and remains.after is not None:
        yield from (f"the process holds {what}" for what in grown(remains.before, remains.after))
    for code in remains.exit_codes:
        if code != 0:
            yield f"the process ended with {code} when it was asked to stop"
    for struck in history.struck:
        if struck.kind == DIED:
            yield f"the process ended by itself at {struck.at:.1f}"


CHECKS: Sequence[Check] = (
    every_command_is_answered,
    what_was_claimed_was_so,
    the_last_claims_still_hold,
    every_write_was_asked_for,
    nobody_is_notified_twice,
    a_command_writes_once,
    no_decline_that_deletes_is_repeated,
    nothing_was_changed_is_true,
    no_reply_is_repeated_without_need,
    everything_was_finished,
    nothing_leaked,
)


def judge(history: History) -> list[Violation]:
    """All that is wrong with a history."""
    return [
        Violation(check=check.__name__, text=f"seed {history.seed}: {text}")
        for check in CHECKS
        for text in check(history)
    ]


class _Shown:
    """What the vendors showed of whom, and when."""

    def __init__(self, history: History) -> None:
        self._steps: dict[tuple[int, str], list[tuple[float, str]]] = defaultdict(list)
        for key, status in history.first.items():
            self._steps[key].append((0.0, status))
        for change in history.changed:
            self._steps[change.person, change.event].append((change.at, change.status))

    @property
    def people(self) -> Collection[int]:
        """Those of whom anything was shown."""
        return {person for person, _ in self._steps}

    def held(self, person: int, event: str, status: str, since: float, until: float) -> bool:
        """Whether it was held at some moment of that time."""
        steps = self._steps.get((person, event), [])
        first = max(0, bisect_right(steps, since, key=lambda step: step[0]) - 1)
        return any(shown == status for at, shown in steps[first:] if at <= until)

    def last(self, person: int, event: str) -> str:
        """What is held in the end."""
        steps = self._steps.get((person, event), [])
        return steps[-1][1] if steps else ""

    def told(self, person: int, event: str) -> str:
        """All of it, for whoever looks for the reason."""
        steps = self._steps.get((person, event), [])
        return " → ".join(f"{status} at {at:.1f}" for at, status in steps) or "never known"


def _left_in_doubt(
    history: History, answers: Answers, asked: Asked | None, person: int, event: str
) -> bool:
    """Whether a later command about that event ended without a claim, in doubt or unheard."""
    for later in history.asked[0 if asked is None else asked.number :]:
        about = event in later.events or (later.takes_back and not later.events)
        if later.person != person or not about:
            continue
        if answers.closed_at(later) == float("inf") or not answers.shown_to(later):
            return True
    return False


def _changed_with_a_relative(history: History, person: int, event: str, at: float) -> bool:
    relatives = history.relatives.get(event, frozenset()) - {event}
    return any(
        write.person == person and write.event in relatives and write.at > at
        for write in history.wrote
    )


def _is_explained(history: History, answers: Answers, write: Wrote, owner: Asked | None) -> bool:
    """Whether an answer to that event was in doubt when it was written once more."""
    for asked in history.asked:
        if asked.at > write.at:
            break
        about = write.event in asked.events or (asked.takes_back and not asked.events)
        if asked.person != write.person or not about or asked.at < write.at - 2 * _DOUBT_LASTS:
            continue
        if answers.was_in_doubt(asked):
            return True
        still_open = asked is owner or answers.closed_at(asked) > write.at
        if still_open and _met_trouble(history, asked, asked.at, write.at):
            return True
    return False


def _met_trouble(history: History, asked: Asked, since: float, until: float) -> bool:
    """Whether something befell that person, or the process, meanwhile."""
    return any(
        struck.at <= until and struck.until >= since
        for struck in history.struck
        if struck.person in {None, asked.person}
    )
