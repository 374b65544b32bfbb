"""Claims on a person's presence: who wants what to be shown, from when, until when.

A portal knows no expiry, no stack and no reasons, so all of that is kept here. `bot.domain.ledger`
keeps them together.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.participation import EventRef
from bot.domain.presence import Presence

LONGEST_BY_ITSELF = timedelta(hours=24)
"""What nobody set by hand ends within this time."""
_SAME_WITHIN = timedelta(hours=12)
REMIND_AFTER = timedelta(hours=24)
"""When somebody is reminded of a presence that was set until changed."""


class Source(StrEnum):
    """What a claim comes from, the strongest first."""

    HAND = "hand"
    MEETING = "meeting"
    SCHEDULE = "schedule"

    @property
    def rank(self) -> int:
        """Smaller is stronger."""
        return list(Source).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A wish to show a presence for a time.

    Attributes:
        claim_id: The same whenever the same claim is made again.
        ends_at: When it is over; None for "until changed", which is only ever set by hand.
        made_at: When it was set by hand; else when it starts.
        group: What it is a piece of; ended, all of that ends. Empty if it is whole.
        event: The event that it comes from, or that its time was taken from.
        title: That event's title, for its person's eyes only.
        reminded: Its person has been told that it is still on.
    """

    claim_id: str
    source: Source
    presence: Presence
    starts_at: datetime
    ends_at: datetime | None
    made_at: datetime
    group: str = ""
    event: EventRef | None = None
    title: str = field(default="", repr=False)
    reminded: bool = False

    def __post_init__(self) -> None:
        if self.source is Source.HAND:
            sound = self.ends_at is None or self.ends_at > self.starts_at
        else:
            sound = self.ends_at is not None and (
                timedelta() < self.ends_at - self.starts_at <= LONGEST_BY_ITSELF
            )
        if not sound:
            raise ValueError("a claim has to end after its start, and in time")

    def live(self, now: datetime) -> bool:
        """Whether its time has come and is not over.

        What was set by hand at once goes on, also if the clock was set back since.
        """
        at_once = self.source is Source.HAND and self.starts_at <= self.made_at
        return (at_once or self.starts_at <= now) and not self.over(now)

    def over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.ends_at is not None and self.ends_at <= now

    @property
    def open_ended(self) -> bool:
        """Whether it lasts until changed."""
        return self.ends_at is None


def same(one: Claim, other: Claim) -> bool:
    """Whether two claims seem to come from one meeting, in several calendars."""
    both = one.source is Source.MEETING and other.source is Source.MEETING
    return both and _meeting(one) == _meeting(other)


def _meeting(claim: Claim) -> tuple[datetime, datetime | None, tuple[str, ...]]:
    return claim.starts_at, claim.ends_at, tuple(claim.title.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A claim that is not to be made again: its person ended it before its time.

    Attributes:
        group: The claim's group, or its id.
        event: The event that it came from: moved or prolonged a little, it is the same.
        starts_at: When it began.
        until: When nobody can mean it any more.
    """

    group: str
    event: EventRef | None
    starts_at: datetime
    until: datetime

    def covers(self, claim: Claim) -> bool:
        """Whether that is the claim, or it in another form."""
        if self.group in {claim.group, claim.claim_id}:
            return True
        if self.event is None or claim.event is None:
            return False
        mine, other = self.event, claim.event
        if (mine.provider, mine.subject) != (other.provider, other.subject):
            return False
        return abs(claim.starts_at - self.starts_at) <= _SAME_WITHIN
