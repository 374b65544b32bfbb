"""What came of a day: what was due when, when it was written, and how long people waited."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from benchmarks.company import HALF_HOUR, Company, Member
from benchmarks.portal import RATE, Hit, Read, Write
from bot.domain.presence import Presence
from bot.ports import Priority

IN_TIME = timedelta(minutes=6)
"""Within what time of its moment every transition has to be written."""
_UNDER_WAY = timedelta(minutes=1)
"""What somebody asked for, or what was due, so shortly before may be under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A presence that somebody set, and when it ends by itself."""

    given: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A command, and how many seconds it took besides the answers to its own hits."""

    given: datetime
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What has to be written at a moment because of the time alone.

    Attributes:
        queued: Since when somebody has to look: something may have ended shortly before, behind
            what was shown.
        written: When the portal had it; None if never.
    """

    at: datetime
    account_id: str
    presence: Presence
    queued: datetime
    written: datetime | None = None

    @property
    def late(self) -> float:
        """Seconds from its time until the portal had it."""
        return float("inf") if self.written is None else (self.written - self.at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What there was to be seen of a day.

    Attributes:
        ends: When nobody looked any more.
        longest: For how long anything may have waited.
        by_hand: By account, in order of time.
        refused: Hits that our own limit refused.
        failed: How many commands came to nothing.
    """

    company: Company
    ends: datetime
    longest: timedelta
    hits: Sequence[Hit]
    writes: Sequence[Write]
    reads: Sequence[Read]
    by_hand: Mapping[str, Sequence[ByHand]]
    waits: Sequence[Wait]
    refused: Mapping[Priority, int]
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a day comes to; times in seconds, and only of those whose account works.

    Attributes:
        due: Every transition, in order of its time.
        overtaken: How many more there were, before which somebody set something else by hand.
        needless: How many writes were not needed: a second one, or a wrong one.
        wrong: How often a portal did not show just before a half hour what it had to.
        passed_over: At how many writes more older ones waited than are worked on side by side.
        waits: Of commands.
        failed: How many commands came to nothing.
        reads: How many calendars were read in each minute from half an hour before the first
            meetings on.
        gaps: The times between two reads of the same calendar, the shortest first.
        in_hand: The longest time from a look to the write after it, in which commands of the same
            person wait.
        fullest: The highest level of the portal's bucket.
        refused: Hits that our own limit refused.
    """

    due: Sequence[Due]
    overtaken: int
    needless: int
    wrong: int
    passed_over: int
    waits: Sequence[Wait]
    failed: int
    reads: Sequence[int]
    gaps: Sequence[float]
    in_hand: float
    fullest: float
    refused: Mapping[Priority, int]

    @property
    def lateness(self) -> Sequence[float]:
        """Of every transition, the least first."""
        return sorted(one.late for one in self.due)

    @property
    def missing(self) -> int:
        """How many transitions were never written."""
        return sum(one.written is None for one in self.due)

    @property
    def calm_reads(self) -> Sequence[int]:
        """How many calendars were read in each minute in which no transitions wait."""
        peak = IN_TIME // timedelta(minutes=1)
        return [count for minute, count in enumerate(self.reads) if minute % 30 >= peak]

    def by_half_hour(self) -> Mapping[datetime, Sequence[float]]:
        """The lateness of what was due exactly at each half hour, the least first."""
        found: dict[datetime, list[float]] = defaultdict(list)
        for one in self.due:
            if half_hour_of(one.at) == one.at:
                found[one.at].append(one.late)
        return {at: sorted(late) for at, late in sorted(found.items())}

    def waited_in(self, begins: datetime, ends: datetime) -> Sequence[float]:
        """How long commands waited that were given in that time, the shortest first."""
        return sorted(wait.seconds for wait in self.waits if begins <= wait.given < ends)


def half_hour_of(at: datetime) -> datetime:
    """The half hour in which a moment is."""
    return at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least value that so many are not above; nought of nothing."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(seen: Observed, side_by_side: int) -> Figures:
    """Work out what a day came to.

    Args:
        seen: The day.
        side_by_side: How many transitions are worked on at once at a portal.
    """
    writes: dict[str, list[Write]] = defaultdict(list)
    for write in seen.writes:
        writes[write.account_id].append(write)
    due: list[Due] = []
    overtaken = needless = wrong = 0
    for member in seen.company.working:
        account_id = member.account.account_id
        mine, by_hand = writes[account_id], seen.by_hand.get(account_id, ())
        wanted = list(_wanted(member, by_hand, seen))
        found, left = _matched(wanted, mine, by_hand)
        due += (one for one in found if one is not None and one.at + IN_TIME <= seen.ends)
        overtaken += found.count(None)
        needless += left
        wrong += sum(_wrong(member, by_hand, mine, seen))
    due.sort(key=lambda one: one.at)
    return Figures(
        due=due,
        overtaken=overtaken,
        needless=needless,
        wrong=wrong,
        passed_over=_passed_over(due, side_by_side),
        waits=seen.waits,
        failed=seen.failed,
        reads=_reads(seen),
        gaps=sorted(_gaps(seen)),
        in_hand=max(_in_hand(seen.hits), default=0.0),
        fullest=_fullest(seen.hits),
        refused=seen.refused,
    )


def _shows(member: Member, by_hand: Iterable[ByHand], at: datetime) -> Presence:
    """What a portal has to show of somebody at a moment."""
    given = [one for one in by_hand if one.given <= at]
    if given and at < given[-1].ends:
        # A later one takes the place of an earlier one, also if it ends before that.
        return Presence.AWAY
    return Presence.DND if member.in_meeting(at) else Presence.ONLINE


def _wanted(member: Member, by_hand: Sequence[ByHand], seen: Observed) -> Iterator[Due]:
    """What time alone changes, in order."""
    found = {edge for one in member.meetings for edge in (one.begins, one.ends)}
    edges = sorted(edge for edge in found | {one.ends for one in by_hand} if edge < seen.ends)
    account_id, instant = member.account.account_id, timedelta(microseconds=1)
    for edge in edges:
        presence = _shows(member, by_hand, edge)
        if presence is not _shows(member, by_hand, edge - instant):
            queued = next(one for one in edges if one > edge - seen.longest)
            yield Due(at=edge, account_id=account_id, presence=presence, queued=queued)


def _matched(
    wanted: Sequence[Due], writes: Sequence[Write], by_hand: Sequence[ByHand]
) -> tuple[list[Due | None], int]:
    """Each with the write that did it, None if it was overtaken; and how many writes are left."""
    by_themselves = [write for write in writes if not write.by_hand]
    found: list[Due | None] = []
    for number, one in enumerate(wanted):
        end = wanted[number + 1].at if number + 1 < len(wanted) else one.at + 4 * HALF_HOUR
        done = next(
            (
                write
                for write in by_themselves
                if one.at <= write.at < end and write.presence is one.presence
            ),
            None,
        )
        if done is not None:
            by_themselves.remove(done)
            found.append(replace(one, written=done.at))
        elif any(one.at <= order.given < end for order in by_hand):
            found.append(None)
        else:
            found.append(one)
    return found, len(by_themselves)


def _wrong(
    member: Member, by_hand: Sequence[ByHand], writes: Sequence[Write], seen: Observed
) -> Iterator[bool]:
    """Whether a portal shows what it has to, just before each half hour."""
    times = [write.at for write in writes]
    at = seen.company.opens
    while at <= seen.ends:
        before = at - timedelta(seconds=1)
        known = bisect_right(times, before)
        held = writes[known - 1].presence if known else Presence.ONLINE
        busy = any(
            before - _UNDER_WAY < moment <= before
            for one in by_hand
            for moment in (one.given, one.ends)
        )
        yield not busy and held is not _shows(member, by_hand, before)
        at += HALF_HOUR


def _passed_over(due: Sequence[Due], side_by_side: int) -> int:
    """At how many writes more older ones waited than may have been under way at that time."""
    found = 0
    waiting: list[datetime] = []
    for one in sorted(due, key=lambda one: one.late + one.at.timestamp(), reverse=True):
        found += one.written is not None and bisect_left(waiting, one.queued) >= side_by_side
        insort(waiting, one.at)
    return found


def _reads(seen: Observed) -> Sequence[int]:
    minute = timedelta(minutes=1)
    begins, ends = seen.company.opens - HALF_HOUR, min(seen.ends, seen.company.closes)
    counted = Counter(
        (read.at - begins) // minute for read in seen.reads if begins <= read.at < ends
    )
    return [counted[number] for number in range((ends - begins) // minute)]


def _gaps(seen: Observed) -> Iterator[float]:
    times: dict[str, list[datetime]] = defaultdict(list)
    for read in seen.reads:
        times[read.account_id].append(read.at)
    for moments in times.values():
        for earlier, later in pairwise(moments):
            yield (later - earlier).total_seconds()


def _in_hand(hits: Iterable[Hit]) -> Iterator[float]:
    looked: dict[str, datetime] = {}
    for hit in hits:
        if hit.priority is Priority.COMMAND:
            continue
        if hit.operation == "look":
            looked[hit.account_id] = hit.at
        elif hit.operation == "write":
            yield (hit.at - looked[hit.account_id]).total_seconds()


def _fullest(hits: Sequence[Hit]) -> float:
    """The highest level of a bucket that drains at the portal's rate."""
    level = fullest = 0.0
    for earlier, later in pairwise((hits[0], *hits)):
        level = max(0.0, level - (later.at - earlier.at).total_seconds() * RATE) + 1
        fullest = max(fullest, level)
    return fullest
