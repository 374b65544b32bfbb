"""What a portal's rows mean to the person who reads them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, urlsplit

from bot.clients.bitrix24.calendar import EventRow
from bot.domain.meetings import Meeting
from bot.domain.participation import (
    Attendee,
    Event,
    EventRef,
    Obstacle,
    ParticipationStatus,
)
from bot.domain.providers import Provider

EVENT_ID = re.compile(r"[1-9][0-9]{0,18}")
_ORGANIZER = "H"
_STATUS_FROM_LETTER = {
    "Y": ParticipationStatus.ACCEPTED,
    "N": ParticipationStatus.DECLINED,
    "Q": ParticipationStatus.NEEDS_ACTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whose eyes see the rows.

    Attributes:
        user_id: Their number at the portal.
        origin: Where the portal's pages are; empty if nobody knows.
    """

    user_id: str
    origin: str

    def page_of(self, row: EventRow) -> str:
        """The event in this person's own calendar, for a browser."""
        if not self.origin:
            return ""
        person, event_id = quote(self.user_id, safe=""), quote(row.parent_id, safe="")
        return f"{self.origin}/company/personal/user/{person}/calendar/?EVENT_ID={event_id}"

    def meeting_of(self, row: EventRow) -> Meeting | None:
        """What the event is called for all; None if nobody knows where it is."""
        place = urlsplit(self.origin).netloc
        if not place:
            return None
        return Meeting(provider=Provider.BITRIX24, place=place, meeting_id=row.parent_id)


def event_alone(
    ref: EventRef,
    row: EventRow,
    reader: Reader,
    *,
    letter: str | None,
    upcoming: EventRow | None,
    now: datetime,
) -> Event:
    """An event that was asked for by its id.

    Args:
        ref: What it was asked for by.
        row: Whosever row the portal gave.
        reader: Who asked.
        letter: Their own status, None if they have none.
        upcoming: The next occurrence of a series.
        now: Tells what is over.
    """
    shown = upcoming or row
    over = is_over(shown, now) and (not row.recurring or row.ends_by_rule)
    # A person removed from the meeting can still read a status from the dead copy, so the list
    # counts too.
    invited = letter is not None and _is_listed(row, reader)
    return _event(ref, row, shown, reader, letter=letter, invited=invited, over=over)


def events_of_list(rows: Sequence[EventRow], reader: Reader, now: datetime) -> Iterator[Event]:
    """The events of the reader's own calendar, one for each row.

    They are named by the id that all rows of a meeting share: that is the one in its address.
    Left out is what nobody could name, what is hidden, and what is somebody else's.
    """
    for row in rows:
        own = row.owner_id in ("", reader.user_id)
        if not (own and row.accessible and EVENT_ID.fullmatch(row.parent_id)):
            continue
        letter = row.status if row.is_meeting and row.status else None
        # Rows that were deleted are not listed, so an own one without a list is an invitation.
        invited = letter is not None and (not row.attendees or _is_listed(row, reader))
        ref = EventRef(provider=Provider.BITRIX24, event_id=row.parent_id)
        over = is_over(row, now)
        yield _event(ref, row, row, reader, letter=letter, invited=invited, over=over)


def status_of(letter: str | None) -> ParticipationStatus | None:
    """A letter in our words; None for an organizer and for somebody who takes no part."""
    if letter is None or letter == _ORGANIZER:
        return None
    return _STATUS_FROM_LETTER.get(letter, ParticipationStatus.UNKNOWN)


def is_over(row: EventRow, now: datetime) -> bool:
    """Whether an event, or one occurrence, is past; an all-day one by its own zone's calendar."""
    if row.all_day:
        return _times(row)[1] < (now + timedelta(seconds=row.offset_to)).date()
    return row.ends <= now.timestamp()


def _event(
    ref: EventRef,
    row: EventRow,
    shown: EventRow,
    reader: Reader,
    *,
    letter: str | None,
    invited: bool,
    over: bool,
) -> Event:
    starts_at, ends_at = _times(shown)
    return Event(
        ref=ref,
        title=row.name,
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=row.all_day,
        recurring=row.recurring,
        over=over,
        organizer=row.host_name,
        my_status=status_of(letter),
        obstacle=_obstacle(row, reader, letter=letter, invited=invited),
        tentative_exact=False,
        notifies_organizer=row.notify,
        free=row.free,
        with_others=_with_others(row, reader),
        series=row.parent_id if row.recurring else "",
        attendees=tuple(
            Attendee(
                user_id=str(entry.user_id),
                status=status_of(entry.status) or ParticipationStatus.UNKNOWN,
                organizer=entry.status == _ORGANIZER,
            )
            for entry in row.attendees
        ),
        url=reader.page_of(row),
        location=row.location,
        meeting=reader.meeting_of(row) if row.is_meeting else None,
        private=row.private,
        guests_hidden=row.guests_hidden,
    )


def _obstacle(
    row: EventRow, reader: Reader, *, letter: str | None, invited: bool
) -> Obstacle | None:
    if not row.is_meeting:
        return Obstacle.NOT_A_MEETING
    # A set by the organizer would overwrite their H and take the event out of synced calendars.
    if letter == _ORGANIZER or row.host_id == reader.user_id:
        return Obstacle.ORGANIZER
    return None if invited else Obstacle.NOT_INVITED


def _is_listed(row: EventRow, reader: Reader) -> bool:
    return any(str(entry.user_id) == reader.user_id for entry in row.attendees)


def _with_others(row: EventRow, reader: Reader) -> bool:
    """Whether somebody is on the list or, where it is missing or hides people, has invited."""
    people = {row.host_id, *(str(entry.user_id) for entry in row.attendees)}
    return row.is_meeting and not people <= {reader.user_id, "", "0"}


def _times(row: EventRow) -> tuple[datetime | date, datetime | date]:
    """Aware instants, or plain dates for an all-day event: its own zone's, never converted."""
    if row.all_day:
        return (
            datetime.fromtimestamp(row.starts + row.offset_from, UTC).date(),
            datetime.fromtimestamp(row.ends + row.offset_to, UTC).date(),
        )
    return datetime.fromtimestamp(row.starts, UTC), datetime.fromtimestamp(row.ends, UTC)
