"""What Cronofy's rows mean to the person whose calendars they are from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.clients.cronofy.api import CalendarRow
from bot.clients.cronofy.rows import EXTERNAL_UID, EventRow
from bot.domain.listing import midnight
from bot.domain.participation import Event, EventRef, Obstacle, ParticipationStatus

_DELETING_SERVICES = frozenset({"exchange", "office365"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an event was found: enough to look for it in a few days of one calendar.

    https://docs.cronofy.com/developers/api/events/read-events/

    Attributes:
        calendar_id: The calendar.
        first: The first of the days.
        last: The last one.
        shares_uid: Several occurrences were found.
        whole: No occurrence is known to be possible elsewhere.
    """

    calendar_id: str
    first: date
    last: date
    shares_uid: bool
    whole: bool

    def with_known(self, known: "Place | None") -> "Place":
        """Both together: what is seen of an event in some days makes nothing else of it unseen."""
        if known is None:
            return self
        return replace(
            self,
            first=min(self.first, known.first),
            last=max(self.last, known.last),
            shares_uid=self.shares_uid or known.shares_uid,
            whole=known.whole,
        )


def by_uid(rows: Iterable[EventRow]) -> Mapping[str, Sequence[EventRow]]:
    """Rows by their uid, soonest first, each once: of two at the same time one that is not deleted.

    Whether the occurrences of a series share a uid is not documented. If they do, an answer cannot
    name one of them.
    """
    found: dict[str, dict[datetime, EventRow]] = {}
    for row in sorted(rows, key=lambda row: not row.deleted):
        found.setdefault(row.uid, {})[midnight(row.starts, UTC)] = row
    return {uid: [same[starts] for starts in sorted(same)] for uid, same in found.items()}


def place_of(rows: Sequence[EventRow], *, whole: bool) -> Place:
    """Where the rows of one uid are, which are never none.

    They may be all that there are; a single event is all there is of it, wherever it was seen.
    """
    single = len(rows) == 1 and not rows[0].series
    return Place(
        calendar_id=rows[0].calendar_id,
        first=min(_day(row.starts) for row in rows),
        last=max(_day(row.ends) for row in rows),
        shares_uid=len(rows) > 1,
        whole=whole or single,
    )


def next_of(rows: Sequence[EventRow], now: datetime) -> EventRow:
    """The one among the rows of one uid, soonest first, that is not over; else the last one."""
    return next((row for row in rows if not is_over(row, now)), rows[-1])


def as_event(
    ref: EventRef,
    row: EventRow,
    calendar: CalendarRow | None,
    *,
    shares_uid: bool,
    now: datetime,
) -> Event:
    """A row as an event.

    Args:
        ref: What it is called.
        row: The row.
        calendar: The one that it is in; None if the account does not show it.
        shares_uid: Other occurrences have the same uid.
        now: Tells what is over.
    """
    all_day = not isinstance(row.starts, datetime)
    return Event(
        ref=replace(ref, calendar_id=row.calendar_id),
        title=row.summary,
        starts_at=row.starts,
        # An all-day event ends before the day that it names.
        ends_at=max(row.starts, row.ends - _DAY) if all_day else row.ends,
        all_day=all_day,
        recurring=shares_uid,
        over=is_over(row, now),
        organizer=row.organizer,
        my_status=status_of(row.status),
        obstacle=_obstacle(row, calendar),
        decline_deletes=calendar is not None
        and bool({calendar.provider_name, calendar.provider_service} & _DELETING_SERVICES),
        free=row.transparent,
        with_others=_with_others(row),
        series=row.series,
        location=row.location,
    )


def status_of(word: str) -> ParticipationStatus:
    """Cronofy's word in ours."""
    try:
        return ParticipationStatus(word)
    except ValueError:
        return ParticipationStatus.UNKNOWN


def is_over(row: EventRow, now: datetime) -> bool:
    """Whether it is past; the end of an all-day event is the day after it."""
    return row.ends <= now if isinstance(row.ends, datetime) else row.ends <= now.date()


def _obstacle(row: EventRow, calendar: CalendarRow | None) -> Obstacle | None:
    if row.cancelled or row.deleted:
        return Obstacle.CANCELLED
    if row.managed or not EXTERNAL_UID.fullmatch(row.uid):
        return Obstacle.MANAGED_EVENT
    if calendar is None or calendar.readonly or calendar.deleted:
        return Obstacle.READ_ONLY_CALENDAR
    return None if row.answerable is True else Obstacle.NO_ANSWER_ALLOWED


def _with_others(row: EventRow) -> bool:
    """Whether several are on the list or, of one alone, it is certain that another invited them."""
    if len(row.attendees) != 1:
        return bool(row.attendees)
    [alone] = row.attendees
    return bool(alone and row.organizer_email) and alone != row.organizer_email


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
