"""A meeting's card in a group: what is kept so that it can be posted, changed and pressed.

What it shows is always what its poster's account sees, and it is gone when that account is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from bot.domain.meetings import Meeting
from bot.domain.participation import Event, EventRef

EDIT_EVERY = timedelta(seconds=3)
"""A card is changed no more often: a group takes 20 messages and edits a minute."""
LOOK_AGAIN = timedelta(hours=6)
"""How soon a card is read again of which nobody knows when anything will change."""
NUDGE_EVERY = timedelta(minutes=45)
"""How long those who have not answered are left alone after they were asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudged:
    """Somebody who is asked to answer.

    Attributes:
        user_id: Who they are at the meeting, see `Attendee.user_id`.
        person: Their id in the chat system where the card is.
        name: What they are called there.
    """

    user_id: str
    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCard:
    """A card that is about to be posted.

    Attributes:
        key: Its name in buttons and links; nobody can guess it, and it opens nothing by itself.
        ref: The event as its poster's account sees it.
        version: What the event is to whoever reads the card, see `Event.version`.
        look_at: When it has to be read again although nothing is heard of it: soon after it was
            posted, and when the event is over; None if never.
        nudged: Those whom the card asks to answer.
        closed: Somebody who may has ended it.
    """

    key: str
    ref: EventRef
    meeting: Meeting
    version: str
    look_at: datetime | None = None
    nudged: tuple[Nudged, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A meeting and who takes part in it, as one account sees it.

    Attributes:
        names: What people are called, by `Attendee.user_id`; whoever has no name is left out, and
            so is everybody where guests are hidden.
    """

    event: Event
    names: Mapping[str, str] = field(default_factory=dict, repr=False)


def next_look(event: Event, now: datetime) -> datetime | None:
    """When it is worth looking whether a shown event is over; None if it is already.

    Of whole days nobody knows the zone: by then they are over everywhere. Of a series whose next
    date nobody knows it is worth looking now and then.
    """
    if event.over:
        return None
    if isinstance(event.ends_at, datetime):
        ends_at = event.ends_at
    else:
        ends_at = datetime.combine(event.ends_at, time(12), UTC) + timedelta(days=1)
    return ends_at if ends_at > now else now + LOOK_AGAIN
