"""All claims on one person's presence, and what was done about them; pure.

Which claim decides is said here; what has to be written is said by `bot.domain.transitions`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.claims import REMIND_AFTER, Claim, Exemption, Source
from bot.domain.presence import Presence

_KEEP_EXEMPT = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """How it was before the last thing that its person asked for, so that it can be taken back.

    Attributes:
        at: When that was carried out.
        made: What the portal was to show afterwards.
        claim_id: The claim that it made; empty if it made none.
        held: What the portal showed before.
        ours: Whether that was something of ours.
        claims: The claims as they were.
        exempt: Likewise what was exempt.
        former: And what the person had before any claim.
    """

    at: datetime
    made: Presence | None
    claim_id: str
    held: Presence | None
    ours: bool
    claims: tuple[Claim, ...]
    exempt: tuple[Exemption, ...]
    former: Presence | None


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
        presence: What was set, or should have been.
        source: Who wanted it.
        held: What the portal shows now; None if nobody knows, or it has never stored anything.
        at: When it happened.
    """

    kind: NewsKind
    presence: Presence
    source: Source
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
        account_id: At which account that is; another may take its place.
        failing_since: Since when what is due could not be done.
        attempts: How often that was tried.
        news: What its person has not been told yet.
        entry_id: The last command of its person that is in it.
        last: How it was before that, as long as nothing else has happened since.
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
    entry_id: int = 0
    last: Former | None = None
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

    def next_after(self, now: datetime) -> Claim | None:
        """The claim that begins next and changes what is shown."""
        shown = _presence_of(self.deciding(now))
        for moment in self._edges(now):
            decides = self.deciding(moment)
            begins = decides is not None and decides.starts_at == moment
            if decides is not None and begins and decides.presence is not shown:
                return decides
            shown = _presence_of(decides)
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
        kept = replace(self, exempt=exempt)
        return kept.without(
            # What is over is still to be ended, and told of.
            lambda claim: (
                claim.source is not Source.HAND and not claim.over(now) and replaced(claim)
            ),
            adding=[
                claim
                for claim in claims
                if not claim.over(now) and not any(one.covers(claim) for one in exempt)
            ],
        )

    def ending_live(self, now: datetime) -> "Ledger":
        """End all that is on; what was not set by hand does not come back for its own time."""
        return self.ending([claim.claim_id for claim in self.live(now)])

    def ending(self, claim_ids: Collection[str]) -> "Ledger":
        """End these claims for good, with all that they are pieces of."""
        groups = {claim.group for claim in self.claims if claim.claim_id in claim_ids} - {""}
        ended = [
            claim for claim in self.claims if claim.claim_id in claim_ids or claim.group in groups
        ]
        exempt = {
            claim.group or claim.claim_id: Exemption(
                group=claim.group or claim.claim_id,
                event=claim.event,
                starts_at=claim.starts_at,
                until=claim.ends_at + _KEEP_EXEMPT,
            )
            for claim in ended
            if claim.ends_at is not None and claim.source is not Source.HAND
        }
        rest = self.without(lambda claim: claim in ended)
        return replace(rest, exempt=(*self.exempt, *exempt.values()))

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
