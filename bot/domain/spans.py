"""How long something shall last, as somebody says it, and the moment when that is over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from bot.domain.working_hours import WorkingHours

LONGEST = timedelta(days=31)
"""Nothing lasts longer than this."""

_HALF_A_DAY = 12
_HOURS = 24
_SUNDAY = 6
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_NEARBY = (-1, 0, 1)
"""Where the next time of day is looked for, in days from today.

The day before is among them because clocks that are set back right after midnight show yesterday
again.
"""


class AlreadyOver(ValueError):  # noqa: N818 - an answer, not a fault
    """The moment that was named has passed."""


class TooLong(ValueError):  # noqa: N818 - an answer, not a fault
    """The moment that was named is further away than `LONGEST`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class For:
    """Elapsed time; an hour is an hour, also while clocks change."""

    length: timedelta

    def __post_init__(self) -> None:
        if self.length <= timedelta(0):
            raise ValueError("nothing lasts no time at all")


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilTime:
    """Until the clock on the wall shows a time.

    Attributes:
        hour: 0 to 23.
        ambiguous: Nobody said whether before or after noon; `hour` is 1 to 11 then.
        days: The local days that may be meant, in order: the first on which the time is still
            ahead. Empty: any day.
    """

    hour: int
    minute: int = 0
    ambiguous: bool = False
    days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilDay:
    """Until work starts on a day, be it a working day or not.

    Attributes:
        days: As in `UntilTime`. Empty: until morning, whichever comes next.
    """

    days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilEndOfDay:
    """Until work ends on a day, be it a working day or not; until midnight if it has ended.

    Attributes:
        days: As in `UntilTime`. Empty: today.
    """

    days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilEndOfWeek:
    """Until work ends on the last working day of this week; of the next one if that has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilMeetingEnds:
    """Until the meeting ends that is on now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilEvent:
    """Until an event starts that these words name, as they were typed; at least one."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilEventEnds:
    """Until an event ends that these words name, as they were typed; at least one."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuringEvent:
    """While an event is on that these words name, as they were typed; at least one."""

    words: tuple[str, ...]


ByClock: TypeAlias = For | UntilTime | UntilDay | UntilEndOfDay | UntilEndOfWeek
"""What a clock and a calendar on the wall are enough for."""
ByEvent: TypeAlias = UntilMeetingEnds | UntilEvent | UntilEventEnds | DuringEvent
"""What takes a look at somebody's events."""
Span: TypeAlias = ByClock | ByEvent


def resolve(span: ByClock, *, said_at: datetime, zone: ZoneInfo, hours: WorkingHours) -> datetime:
    """The moment until which a span lasts: in UTC, later than `said_at`.

    A time that clocks skip is the one that they show instead: 02:30 is 03:30. Of a time that they
    show twice, the first that is still ahead counts. Where a.m. and p.m. are both possible, the
    sooner that is still ahead counts; on a day that was named, one in working hours comes first,
    their end included: "until tomorrow at three" is no time of night.

    Args:
        span: What was said.
        said_at: The aware moment from which the span counts.
        zone: Whose clock is meant.
        hours: When days of work start and end.

    Raises:
        AlreadyOver: It ends on a day that was named, and has passed there.
        TooLong: It ends later than `LONGEST` from `said_at`, or where time ends.
    """
    try:
        end = _end(span, said_at.astimezone(UTC), zone, hours)
        longest = said_at + LONGEST
    except OverflowError:
        raise TooLong from None
    if end > longest:
        raise TooLong
    return end


def _end(span: ByClock, said_at: datetime, zone: ZoneInfo, hours: WorkingHours) -> datetime:
    match span:
        case For():
            return said_at + span.length
        case UntilTime():
            return _first_ahead(said_at, zone, span.days, _ordered(span, hours))
        case UntilDay():
            return _first_ahead(said_at, zone, span.days, (hours.start,))
        case UntilEndOfDay():
            return _end_of_day(said_at, zone, span.days, hours)
        case UntilEndOfWeek():
            today = said_at.astimezone(zone).date()
            ahead = max(hours.days, default=_SUNDAY) - today.weekday()
            last = today + ahead * _DAY
            return _first_ahead(said_at, zone, (last, last + _WEEK), (hours.end,))
        case _:
            assert_never(span)


def _end_of_day(
    said_at: datetime, zone: ZoneInfo, days: Sequence[date], hours: WorkingHours
) -> datetime:
    """The end of work; where that has passed, midnight is the end of the day."""
    for day in days or (said_at.astimezone(zone).date(),):
        for local in (datetime.combine(day, hours.end), datetime.combine(day + _DAY, time())):
            for moment in _moments(local, zone):
                if moment > said_at:
                    return moment
    raise AlreadyOver


def _ordered(span: UntilTime, hours: WorkingHours) -> Sequence[time]:
    """The times of day that may be meant, the likelier first."""
    said = time(span.hour, span.minute)
    if not span.ambiguous:
        return (said,)
    times = sorted((said, said.replace(hour=(span.hour + _HALF_A_DAY) % _HOURS)))
    if span.days:
        # `False` sorts before `True`, and what is equal stays in order.
        times.sort(key=lambda at: not hours.start <= at <= hours.end)
    return times


def _first_ahead(
    said_at: datetime, zone: ZoneInfo, days: Sequence[date], times: Sequence[time]
) -> datetime:
    """The first of the times that is still to come, on the first of the days that has one."""
    for day in days or _nearby(said_at.astimezone(zone).date()):
        for at in times:
            for moment in _moments(datetime.combine(day, at), zone):
                if moment > said_at:
                    return moment
    raise AlreadyOver


def _nearby(today: date) -> Iterator[date]:
    return (today + ahead * _DAY for ahead in _NEARBY)


def _moments(local: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clock on the wall shows a time: once as a rule, twice as it is set back.

    Where clocks skip the time, the second reading is the earlier one, so that nobody who looks for
    the first that is ahead gets to it.
    """
    for fold in (0, 1):
        yield local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
