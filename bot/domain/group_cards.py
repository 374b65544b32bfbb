"""A meeting's card in a group: what is kept so that it can be posted, changed and pressed.

What it shows is always what its poster's account sees, and it is gone when that account is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.meetings import Meeting
from bot.domain.participation import EventRef

EDIT_EVERY = timedelta(seconds=3)
"""A card is changed no more often: a group takes 20 messages and edits a minute."""
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
        over_at: When the event is over, or the occurrence that is shown; None if nobody can say.
        nudged: Those whom the card asks to answer.
    """

    key: str
    ref: EventRef
    meeting: Meeting
    version: str
    over_at: datetime | None = None
    nudged: tuple[Nudged, ...] = ()
