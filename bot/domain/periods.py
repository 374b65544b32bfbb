"""Which events lie in which days, and which comes first."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from bot.domain.participation import Event


def instant(moment: datetime | date) -> datetime:
    """The moment itself; of a whole day its midnight in UTC."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)


def touches(event: Event, first: date, end: date) -> bool:
    """Whether any of it lies in the days from `first` to before `end`.

    Days are those of UTC; an all-day event lies in the days that it names, wherever that is.
    """
    starts, ends = event.starts_at, event.ends_at
    if not isinstance(starts, datetime):
        return starts < end and first <= ends
    begin = instant(first)
    # What takes no time at all lies in the day whose first moment it is.
    return starts < instant(end) and (begin < instant(ends) or begin <= starts)


def soonest_first(events: Iterable[Event]) -> list[Event]:
    """In the order of their starts; an all-day event counts from its midnight in UTC."""
    return sorted(
        events,
        key=lambda event: (instant(event.starts_at), instant(event.ends_at), event.ref.event_id),
    )
