"""Lists of events: soonest first, from several sources, and what overlaps."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.accounts import Account
from bot.domain.participation import Event, Obstacle, ParticipationStatus
from bot.errors import BotError

_DAY = timedelta(days=1)
_UTC = ZoneInfo("UTC")


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


def starts(event: Event, zone: ZoneInfo) -> datetime:
    """When it begins; a day begins at midnight where the person is."""
    return midnight(event.starts_at, zone)


def ends(event: Event, zone: ZoneInfo) -> datetime:
    """When it ends; a last day ends at midnight where the person is."""
    if isinstance(event.ends_at, datetime):
        return event.ends_at
    return midnight(event.ends_at + _DAY, zone)


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
    return starts(one, _UTC) < ends(other, _UTC) and starts(other, _UTC) < ends(one, _UTC)


def same_meeting(one: Event, other: Event) -> bool:
    """Whether two calendars seem to hold the same meeting."""
    times = (one.starts_at, one.ends_at) == (other.starts_at, other.ends_at)
    return times and one.title.casefold().split() == other.title.casefold().split()


def midnight(value: datetime | date, zone: ZoneInfo) -> datetime:
    """A moment as it is; a day as its midnight where the person is."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(), zone)


def still_on(event: Event, zone: ZoneInfo, moment: datetime) -> bool:
    """Whether it is not over at that moment."""
    # What takes no time at all is on at its moment.
    return ends(event, zone) > moment or starts(event, zone) == moment


def in_order(entries: Iterable[Entry], zone: ZoneInfo) -> tuple[Entry, ...]:
    """Soonest first; what takes the whole day before what begins at its midnight."""
    return tuple(
        sorted(
            entries,
            key=lambda entry: (
                # Not the local times themselves: two of those can be alike when clocks go back.
                starts(entry.event, zone).astimezone(UTC),
                not entry.event.all_day,
                ends(entry.event, zone).astimezone(UTC),
                entry.event.title,
            ),
        )
    )


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
    taking_part = [entry for entry in entries if _takes_time(entry.event)]
    clashing = {
        index
        for index, entry in enumerate(entries)
        if _takes_time(entry.event)
        and any(
            other is not entry
            and overlap(entry.event, other.event)
            and not same_meeting(entry.event, other.event)
            for other in taking_part
        )
    }
    return tuple(replace(entry, clashes=index in clashing) for index, entry in enumerate(entries))


def _takes_time(event: Event) -> bool:
    declined = event.my_status is ParticipationStatus.DECLINED
    return not declined and event.obstacle is not Obstacle.CANCELLED
