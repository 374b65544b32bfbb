"""What can come of an answer, and what has to be asked or refused before one is given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.inbox import Intent
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    Obstacle,
    Participation,
    ParticipationStatus,
    Watch,
)
from bot.errors import NotAnswerableError, NotInvitedError, UserError
from bot.texts import M

MAX_WRITES = 2
"""How often an answer may be sent where a write that does not show may still be under way."""

_REFUSALS: Mapping[Obstacle, M] = {
    Obstacle.NOT_A_MEETING: M.REFUSE_NOT_A_MEETING,
    Obstacle.NOT_INVITED: M.REFUSE_NOT_INVITED,
    Obstacle.CANCELLED: M.REFUSE_CANCELLED,
    Obstacle.ORGANIZER: M.REFUSE_ORGANIZER,
    Obstacle.MANAGED_EVENT: M.REFUSE_MANAGED_EVENT,
    Obstacle.READ_ONLY_CALENDAR: M.REFUSE_READ_ONLY_CALENDAR,
    Obstacle.NO_ANSWER_ALLOWED: M.REFUSE_NO_ANSWER_ALLOWED,
}


class Step(StrEnum):
    """What came of a request to answer."""

    WRITTEN = "written"
    ALREADY = "already"
    """It was so before; nothing was written, so nobody was notified again."""
    ASK_FIRST = "ask_first"
    """It has consequences that the person should know of; nothing was written."""
    CHANGED = "changed"
    """It is no longer what the person had before them; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it, and how the person stands now.

    Attributes:
        write_again: Nobody knows whether it was sent at all, so if it does not show it may be sent.
        before: How they stood before it was written.
    """

    step: Step
    participation: Participation
    wanted: Answer
    write_again: bool = False
    before: ParticipationStatus | None = None

    def watch(self, *, undoes: bool = False) -> Watch:
        """What is to be looked for from now on; `undoes` if an earlier answer was taken back."""
        return Watch(
            event=self.participation.event,
            wanted=self.wanted,
            pending=self.participation.confirmation is not Confirmation.CONFIRMED,
            write_again=self.write_again,
            before=self.before,
            undoes=undoes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What has to hold for an answer to be given; it is looked for before anything is written.

    Attributes:
        version: The event has not changed since the person saw it, see `Event.version`; and it is
            not over. Empty if they named it themselves.
        seen_as: What they saw was somebody else's account's, who names the event like this.
        status: What they have answered by now: the answer takes this one back.
    """

    version: str = ""
    seen_as: EventRef | None = None
    status: ParticipationStatus | None = None

    @property
    def undoes(self) -> bool:
        """Whether an earlier answer is taken back."""
        return self.status is not None

    def holds(self, event: Event) -> bool:
        """Whether it does, of an event that was just read."""
        seen = event if self.seen_as is None else replace(event, ref=self.seen_as)
        return self.version in ("", seen.version) and self.status in (None, event.my_status)


ALWAYS = Provided()


def held(event: Event, wanted: Answer, earlier: Intent | None) -> Outcome:
    """It is so: by an earlier attempt at this very command, or it was so before."""
    if earlier is None:
        return Outcome(step=Step.ALREADY, participation=as_read(event), wanted=wanted)
    return Outcome(
        step=Step.WRITTEN,
        participation=as_read(event),
        wanted=wanted,
        before=_status_before(earlier),
    )


def _status_before(earlier: Intent) -> ParticipationStatus | None:
    return ParticipationStatus(earlier.before) if earlier.before else None


def in_doubt(event: Event, wanted: Answer, earlier: Intent) -> Outcome:
    """What an earlier attempt may or may not have sent, and what may show any moment or never."""
    return _doubt(event, wanted, earlier, Confirmation.PENDING)


def unseen(event: Event, wanted: Answer, earlier: Intent) -> Outcome:
    """Likewise, and the calendar cannot be read either."""
    return _doubt(event, wanted, earlier, Confirmation.UNKNOWN)


def _doubt(event: Event, wanted: Answer, earlier: Intent, doubt: Confirmation) -> Outcome:
    return Outcome(
        step=Step.WRITTEN,
        participation=replace(as_read(event), confirmation=doubt),
        wanted=wanted,
        write_again=earlier.attempts < MAX_WRITES and not event.deleted_by(wanted),
        before=_status_before(earlier),
    )


def needs_a_yes(event: Event, wanted: Answer) -> bool:
    """Whether an answer has consequences that the person should know of before."""
    match wanted:
        case ParticipationStatus.TENTATIVE:
            return not event.tentative_exact and event.notifies_organizer
        case ParticipationStatus.DECLINED:
            return event.deleted_by(wanted)
        case ParticipationStatus.ACCEPTED:
            return False


def as_read(event: Event) -> Participation:
    """How somebody stands to an event that was just read."""
    status = event.my_status or ParticipationStatus.UNKNOWN
    inexact = status is ParticipationStatus.NEEDS_ACTION and not event.tentative_exact
    return Participation(
        event=event, status=status, confirmation=Confirmation.CONFIRMED, exact=not inexact
    )


def refusal(event: Event, obstacle: Obstacle) -> UserError:
    """Why an event cannot be answered."""
    kind = NotInvitedError if obstacle is Obstacle.NOT_INVITED else NotAnswerableError
    return kind(_REFUSALS[obstacle], event=event)
