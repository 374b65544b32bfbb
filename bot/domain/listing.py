"""Lists of events: which days they lie in, soonest first, from several sources, what overlaps.

A time zone says where days begin: that of the person, or UTC among providers.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from operator import attrgetter

from bot.domain.accounts import Account
from bot.domain.participation import Event, Obstacle, ParticipationStatus
from bot.errors import BotError

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A source that could not be read."""

    account: Account
    error: BotError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event of a list.

    Attributes:
        account: Where it is.
        more: How many later occurrences of its series the list leaves out.
        clashes: It overlaps another event of the list.
    """

    event: Event
    account: Account
    more: int = 0
    clashes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Events of several sources, soonest first, and the sources that are missing."""

    entries: tuple[Entry, ...]
    failures: tuple[Failure, ...] = ()
    sources: tuple[Account, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """The events without what else is known of them."""
        return tuple(entry.event for entry in self.entries)


def midnight(value: datetime | date, zone: tzinfo) -> datetime:
    """A moment as it is; a day as its midnight there."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(), zone)


def starts(event: Event, zone: tzinfo) -> datetime:
    """When it begins; a day begins at its midnight there."""
    return midnight(event.starts_at, zone)


def ends(event: Event, zone: tzinfo) -> datetime:
    """When it ends; a last day ends at the midnight after it."""
    if isinstance(event.ends_at, datetime):
        return event.ends_at
    return midnight(min(event.ends_at, date.max - _DAY) + _DAY, zone)


def still_on(event: Event, zone: tzinfo, moment: datetime) -> bool:
    """Whether it is not over at that moment."""
    # What takes no time at all is on at its moment.
    return ends(event, zone) > moment or starts(event, zone) >= moment


def touches(event: Event, first: date, end: date, zone: tzinfo) -> bool:
    """Whether any of it lies in the days from `first` to before `end`.

    An all-day event lies in the days that it names, wherever that is.
    """
    begins_before = starts(event, zone) < midnight(end, zone)
    return begins_before and still_on(event, zone, midnight(first, zone))


def unanswered(event: Event) -> bool:
    """Whether it waits for an answer that can be given."""
    return event.answerable and event.my_status is ParticipationStatus.NEEDS_ACTION


def goes_to(event: Event) -> bool:
    """Whether the person has said to be there, or organizes it."""
    mine = event.my_status is ParticipationStatus.ACCEPTED
    return (mine or event.obstacle is Obstacle.ORGANIZER) and not event.free


def overlap(one: Event, other: Event) -> bool:
    """Whether two events share time. What takes whole days overlaps nothing."""
    if one.all_day or other.all_day:
        return False
    (begins, over), (other_begins, other_over) = _span(one, UTC), _span(other, UTC)
    return begins < other_over and other_begins < over


def same_meeting(one: Event, other: Event) -> bool:
    """Whether two calendars seem to hold the same meeting."""
    return _meeting(one) == _meeting(other)


def soonest_first(events: Iterable[Event], zone: tzinfo) -> list[Event]:
    """In order of their starts; what takes the whole day before what begins at its midnight."""
    return sorted(events, key=lambda event: _place(event, zone))


def in_order(entries: Iterable[Entry], zone: tzinfo) -> tuple[Entry, ...]:
    """The entries of a list likewise."""
    return tuple(sorted(entries, key=lambda entry: _place(entry.event, zone)))


def each_once(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Two accounts of one person may open the same calendar; the first of them counts."""
    kept: dict[object, Entry] = {}
    for entry in entries:
        event = entry.event
        # Where it is shown tells one portal from another, which may have the same numbers.
        where = (event.ref.provider, event.ref.event_id, event.ref.calendar_id, event.url)
        kept.setdefault((where, event.starts_at), entry)
    return tuple(kept.values())


def one_of_each_series(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The soonest occurrence of each series, and how many follow it; single events as they are."""
    kept: dict[object, Entry] = {}
    for number, entry in enumerate(entries):
        event = entry.event
        key = (entry.account.account_id, event.series) if event.series else number
        known = kept.get(key)
        kept[key] = entry if known is None else replace(known, more=known.more + 1)
    return tuple(kept.values())


def mark_clashes(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Note which of the events overlap; what was declined or cancelled overlaps nothing."""
    spans = [_Span.of(entry.event) if takes_time(entry.event) else None for entry in entries]
    by_start = sorted((span for span in spans if span is not None), key=attrgetter("begins"))
    begins, latest = [span.begins for span in by_start], _latest_two(by_start)
    marked = []
    for entry, span in zip(entries, spans, strict=True):
        # Of those that begin before it ends, whichever ends last of other meetings.
        before = 0 if span is None else bisect_left(begins, span.over)
        others = [] if span is None or not before else latest[before - 1]
        clashes = span is not None and any(
            other.meeting != span.meeting and other.over > span.begins for other in others
        )
        marked.append(replace(entry, clashes=clashes))
    return tuple(marked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """When a meeting is, since 1970."""

    begins: timedelta
    over: timedelta
    meeting: Hashable

    @classmethod
    def of(cls, event: Event) -> "_Span":
        begins, over = _span(event, UTC)
        return cls(begins=begins, over=over, meeting=_meeting(event))


def _latest_two(spans: Iterable[_Span]) -> Sequence[Sequence[_Span]]:
    """For each and all before it: the one that ends last, and the last of another meeting."""
    latest: list[_Span] = []
    so_far = []
    for span in spans:
        if span.meeting not in [known.meeting for known in latest]:
            latest = sorted([*latest, span], key=attrgetter("over"), reverse=True)[:2]
        so_far.append(latest)
    return so_far


def _span(event: Event, zone: tzinfo) -> tuple[timedelta, timedelta]:
    # Not the local times themselves: two of those can be alike when clocks go back.
    return starts(event, zone) - _EPOCH, ends(event, zone) - _EPOCH


def _place(event: Event, zone: tzinfo) -> tuple[timedelta, bool, timedelta, str, str]:
    begins, over = _span(event, zone)
    return begins, not event.all_day, over, event.title, event.ref.event_id


def _meeting(event: Event) -> tuple[datetime | date, datetime | date, tuple[str, ...]]:
    return event.starts_at, event.ends_at, tuple(event.title.casefold().split())


def takes_time(event: Event) -> bool:
    """Whether it takes hours of somebody's day: not declined, not cancelled, no whole days."""
    declined = event.my_status is ParticipationStatus.DECLINED
    return not (event.all_day or declined or event.obstacle is Obstacle.CANCELLED)
