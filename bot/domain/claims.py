"""Claims on a person's presence: who wants what to be shown, from when, until when.

A portal knows no expiry, no stack and no reasons, so all of that is kept here. Pure: time and what
the portal shows are arguments. What has to be written is told by `bot.domain.transitions`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.participation import EventRef
from bot.domain.presence import Presence

LONGEST_BY_ITSELF = timedelta(hours=24)
"""What nobody set by hand ends within this time."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A claim that is not to be made again: its person ended it before its time."""

    claim_id: str
    until: datetime


class NewsKind(StrEnum):
    """What somebody may have to be told of a presence that was set."""

    ENDED = "ended"
    """Its time was over, and it was taken back."""
    LEFT_ALONE = "left_alone"
    """Its time was over, and it had been changed elsewhere before."""
    STILL_ON = "still_on"
    """It was set until changed, a day ago."""
    STUCK = "stuck"
    """It could not be taken back for an hour: it is still on."""
    NEVER_SET = "never_set"
    """It could not be set for an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to be told, kept until it is.

    Attributes:
        claim: What it is about.
        held: What the portal shows now; None if nobody knows, or it has never stored anything.
        at: When it happened.
    """

    kind: NewsKind
    claim: Claim
    held: Presence | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When the deciding presence changes, and what decides from then on; None for nothing."""

    at: datetime
    claim: Claim | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All claims on one person's presence, and what was done about them.

    Attributes:
        claims: In no order, also those that begin later.
        former: What the person had before any claim, while `shown` or `writing` is set; None if
            the portal had never stored anything.
        shown: What we have set and nobody has changed since, as far as we looked; None while
            nothing of ours is on.
        writing: What was about to be set; whether it was, only a look can tell.
        exempt: Claims that are not to come back.
        account_id: At which account that is; what is on elsewhere is none of ours.
        failing_since: Since when what is due could not be done.
        attempts: How often that was tried.
        news: What its person has not been told yet.
        warned: Its person knows that what is set is not displayed to others.
    """

    claims: tuple[Claim, ...] = ()
    former: Presence | None = None
    shown: Presence | None = None
    writing: Presence | None = None
    exempt: tuple[Exemption, ...] = ()
    account_id: str = ""
    failing_since: datetime | None = None
    attempts: int = 0
    news: tuple[News, ...] = ()
    warned: bool = False

    def live(self, now: datetime) -> tuple[Claim, ...]:
        """The claims whose time it is."""
        return tuple(claim for claim in self.claims if claim.live(now))

    def deciding(self, now: datetime) -> Claim | None:
        """The strongest of them; by hand the one begun last, of meetings the one that ends last."""
        return min(self.live(now), key=_order, default=None)

    def over(self, now: datetime) -> Claim | None:
        """The claim that decided until its time was over, if it is still in here."""
        over = [claim for claim in self.claims if claim.over(now)]
        return min(over, key=_order, default=None)

    def turn_after(self, now: datetime) -> Turn | None:
        """When the deciding presence changes next; None if it stays as it is."""
        present = self.deciding(now)
        for moment in self._edges(now):
            decides = self.deciding(moment)
            if _presence_of(decides) is not _presence_of(present):
                return Turn(at=moment, claim=decides)
        return None

    def due_after(self, now: datetime) -> datetime | None:
        """When somebody has to look at it again; None if never."""
        reminders = (
            claim.starts_at + REMIND_AFTER
            for claim in self.claims
            if claim.open_ended and not claim.reminded
        )
        return min((*self._edges(now), *reminders), default=None)

    def claim(self, claim_id: str) -> Claim | None:
        """The claim of that id."""
        return next((claim for claim in self.claims if claim.claim_id == claim_id), None)

    def with_hand(self, claim: Claim, now: datetime) -> "Ledger":
        """Claim by hand, in place of what was by hand before; weaker claims wait behind it.

        One that begins later leaves what is on now alone, and takes the place of one that was to
        begin then.
        """
        at_once = claim.live(now)
        return self.without(
            lambda other: (
                other.source is Source.HAND
                and (other.starts_at == claim.starts_at or (at_once and other.live(now)))
            ),
            adding=[claim],
        )

    def with_automatic(
        self, claims: Iterable[Claim], replaced: Callable[[Claim], bool], now: datetime
    ) -> "Ledger":
        """Put claims that were read anew in place of those for which `replaced` is true.

        Left out is what is over, and what its person has ended before its time. By hand nothing is
        ever replaced.
        """
        exempt = tuple(one for one in self.exempt if one.until > now)
        ended = {one.claim_id for one in exempt}
        kept = replace(self, exempt=exempt)
        return kept.without(
            lambda claim: claim.source is not Source.HAND and replaced(claim),
            adding=[
                claim for claim in claims if claim.claim_id not in ended and not claim.over(now)
            ],
        )

    def ending_live(self, now: datetime) -> "Ledger":
        """End all that is on; what was not set by hand does not come back for its own time."""
        return self.ending([claim.claim_id for claim in self.live(now)])

    def ending(self, claim_ids: Sequence[str]) -> "Ledger":
        """End these claims for good."""
        ended = [claim for claim in self.claims if claim.claim_id in claim_ids]
        exempt = tuple(
            Exemption(claim_id=claim.claim_id, until=claim.ends_at)
            for claim in ended
            if claim.ends_at is not None and claim.source is not Source.HAND
        )
        rest = self.without(lambda claim: claim in ended)
        return replace(rest, exempt=(*self.exempt, *exempt))

    def without(self, gone: Callable[[Claim], bool], *, adding: Sequence[Claim] = ()) -> "Ledger":
        """Take claims away and add others; what has the id of an added one goes too."""
        ids = {claim.claim_id for claim in adding}
        stay = (claim for claim in self.claims if not gone(claim) and claim.claim_id not in ids)
        return replace(self, claims=(*stay, *adding))

    def tidied(self, now: datetime) -> "Ledger":
        """The same without what is over."""
        return replace(
            self,
            claims=tuple(claim for claim in self.claims if not claim.over(now)),
            exempt=tuple(one for one in self.exempt if one.until > now),
        )

    def _edges(self, now: datetime) -> list[datetime]:
        edges = {
            edge
            for claim in self.claims
            for edge in (claim.starts_at, claim.ends_at)
            if edge is not None and edge > now
        }
        return sorted(edges)


def _presence_of(claim: Claim | None) -> Presence | None:
    return None if claim is None else claim.presence


def _order(claim: Claim) -> tuple[int, float, float, float]:
    lasts = float("inf") if claim.ends_at is None else claim.ends_at.timestamp()
    if claim.source is Source.HAND:
        return claim.source.rank, -claim.starts_at.timestamp(), -claim.made_at.timestamp(), -lasts
    return claim.source.rank, 0.0, 0.0, -lasts
