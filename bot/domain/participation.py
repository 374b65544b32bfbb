"""Events, invitations and the answers to them (RFC 5545 PARTSTAT in our own spelling)."""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from bot.domain.meetings import Meeting
from bot.domain.providers import Provider


class ParticipationStatus(StrEnum):
    """How somebody stands to an invitation."""

    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    """The provider says something that we have no word for."""


Answer: TypeAlias = Literal[
    ParticipationStatus.ACCEPTED, ParticipationStatus.TENTATIVE, ParticipationStatus.DECLINED
]
"""What a person may set. `NEEDS_ACTION` is no answer, so it cannot be passed as one."""


class Confirmation(StrEnum):
    """How sure we are of a status."""

    CONFIRMED = "confirmed"
    """Read back from the provider."""
    PENDING = "pending"
    """Taken by the provider, not yet visible in a read."""
    UNKNOWN = "unknown"
    """The connection broke after sending; it may or may not have happened."""


class Obstacle(StrEnum):
    """Why an event cannot be answered by this person."""

    NOT_A_MEETING = "not_a_meeting"
    NOT_INVITED = "not_invited"
    CANCELLED = "cancelled"
    """It is still in the calendar, and will not take place; among changes also what was deleted."""
    ORGANIZER = "organizer"
    MANAGED_EVENT = "managed_event"
    """Made by the application itself; only the copies of its guests can be answered."""
    READ_ONLY_CALENDAR = "read_only_calendar"
    NO_ANSWER_ALLOWED = "no_answer_allowed"
    """The provider marks the event as not answerable and gives no reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRef:
    """Names an event at its provider.

    Attributes:
        calendar_id: Only used where an event id alone does not find the event.
        account_id: Which of a person's accounts sees it; empty: the one linked first at the
            provider.
        handle: What the person calls it, if not by its id; names nothing by itself.
    """

    provider: Provider
    event_id: str
    calendar_id: str | None = None
    account_id: str = ""
    handle: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What somebody types to mean it."""
        return self.handle or self.event_id

    @property
    def subject(self) -> str:
        """Tells it from every other event that a person sees at the provider."""
        return f"{self.account_id}/{self.event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An event as somebody had it before them, or only named it.

    Attributes:
        version: What it was then, see `Event.version`; empty if they did not see it.
    """

    ref: EventRef
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Somebody on an event's list; `name` is empty where the provider does not tell it."""

    user_id: str
    status: ParticipationStatus
    name: str = ""
    organizer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as this person sees it.

    Attributes:
        starts_at: Aware datetime, or a plain date for an all-day event (never converted).
        ends_at: Likewise; the last day itself for an all-day event, not the day after.
        recurring: An answer to it counts for a whole series. Read by itself its times are those
            of the next occurrence if one is known, in a list those of the occurrence.
        over: Nothing of it lies ahead; for a series read by itself, no occurrence is left.
        my_status: This person's own status, None if they have none (not invited, or organizer).
        obstacle: Why it cannot be answered, None if it can.
        tentative_exact: The provider knows "tentative" and can tell it from no answer.
        notifies_organizer: The organizer is told about every write, also a repeated one.
        decline_deletes: Declining removes the event for good; no way back through the provider.
        free: It takes nobody's time: the calendar shows its people as free.
        with_others: Somebody else than the reader takes part.
        series: Names the series of which it is an occurrence; empty for a single event.
        attendees: Everybody who was invited, and the organizer, as far as the provider tells.
        url: Where a browser shows it, empty if unknown.
        location: Where it takes place, in somebody's own words; empty if nobody has said so.
        meeting: What all who take part call it; None where everybody's copy is their own affair.
        private: Others than those who take part may not know of it.
        guests_hidden: Those who take part may not know who else does.
    """

    ref: EventRef
    title: str
    starts_at: datetime | date
    ends_at: datetime | date
    all_day: bool = False
    recurring: bool = False
    over: bool = False
    organizer: str = ""
    my_status: ParticipationStatus | None = None
    obstacle: Obstacle | None = None
    tentative_exact: bool = True
    notifies_organizer: bool = False
    decline_deletes: bool = False
    free: bool = False
    with_others: bool = False
    series: str = ""
    attendees: tuple[Attendee, ...] = ()
    url: str = ""
    location: str = ""
    meeting: Meeting | None = None
    private: bool = False
    guests_hidden: bool = False

    @property
    def version(self) -> str:
        """Changes when the event becomes another one to whoever has to answer it.

        That is its title and its time, and for a series, where time goes by, only its title. The
        same in another calendar is another event.
        """
        time = () if self.recurring else (self.starts_at.isoformat(), self.ends_at.isoformat())
        whole = "\n".join((self.ref.account_id, self.title, *time))
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    @property
    def seen(self) -> Seen:
        """What a button says of it that was made now."""
        return Seen(ref=self.ref, version=self.version)

    @property
    def answerable(self) -> bool:
        """Whether this person may answer it."""
        return self.obstacle is None

    def deleted_by(self, answer: Answer) -> bool:
        """Whether that answer removes it, so that its being gone is the answer's success."""
        return answer is ParticipationStatus.DECLINED and self.decline_deletes


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """This person's status at an event, and how sure we are of it.

    `exact=False` says that the provider cannot tell tentative from no answer.
    """

    event: Event
    status: ParticipationStatus
    confirmation: Confirmation
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """An answer that a reply tells of, so that a later look or a later answer finds the reply.

    Attributes:
        event: As it was read then; for the words, if it cannot be read any more.
        wanted: What the person asked for.
        pending: It is not known yet whether it was done.
        write_again: If it does not show in time, it may be sent once more: whoever sent it first
            died, and may have done so before sending.
        before: The status before the answer, None if there was none or nobody knows.
        undoes: It takes an earlier answer back.
    """

    event: Event
    wanted: Answer
    pending: bool
    write_again: bool = False
    before: ParticipationStatus | None = None
    undoes: bool = False


def restoring(event: Event, before: ParticipationStatus | None) -> Answer | None:
    """The answer that brings back an earlier status; None if the provider knows none."""
    match before:
        case ParticipationStatus.ACCEPTED | ParticipationStatus.DECLINED:
            return before
        case ParticipationStatus.TENTATIVE:
            return before if event.tentative_exact else None
        case ParticipationStatus.NEEDS_ACTION:
            # Where nothing tells "maybe" from no answer, "maybe" takes an answer back.
            return None if event.tentative_exact else ParticipationStatus.TENTATIVE
        case ParticipationStatus.UNKNOWN | None:
            return None


def holds(event: Event, wanted: Answer) -> bool:
    """Whether an event shows what is wanted, as far as its provider can tell."""
    if wanted is ParticipationStatus.TENTATIVE and not event.tentative_exact:
        return event.my_status is ParticipationStatus.NEEDS_ACTION
    return event.my_status is wanted
