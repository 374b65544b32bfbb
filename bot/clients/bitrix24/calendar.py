"""Calendar methods of a portal: their commands, and their rows as typed values. Pure.

https://apidocs.bitrix24.com/api-reference/calendar/calendar-event/index.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from bot.clients.bitrix24.api import Command
from bot.clients.bitrix24.errors import PROVIDER
from bot.errors import ProviderProtocolError
from bot.transport.texts import whole_characters

_END_OF_TIME = 253_000_000_000
_ROOM = re.compile(r"(?:ECMR|calendar)_\d+(?:_\d+)*")
_DAY = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeRow:
    """One entry of ATTENDEE_LIST; it has no name. `status` is Y, N, Q or H."""

    user_id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event as the portal delivers it. Seconds are Unix seconds in UTC.

    Attributes:
        event_id: The row's own id; each attendee has a row with an id of its own.
        parent_id: The id that all rows of one meeting share.
        owner_id: In whose calendar the row is.
        status: What the row's owner answered: Y, N, Q or H.
        offset_from: Seconds by which the event's own zone is ahead of UTC at its start.
        ends_by_rule: The series' rule has a last occurrence (UNTIL or COUNT).
        accessible: False on a masked row, whose title is the portal's word for "busy".
        free: It leaves its people free for others (ACCESSIBILITY).
        location: LOCATION; empty if it is the code of a room that the portal books.
        private: PRIVATE_EVENT: colleagues who take no part see that somebody is busy.
        guests_hidden: HIDE_GUESTS: those who take part are not to see who else does.
    """

    event_id: str
    parent_id: str
    owner_id: str
    status: str
    name: str
    starts: int
    ends: int
    offset_from: int
    offset_to: int
    all_day: bool
    is_meeting: bool
    host_id: str
    host_name: str
    notify: bool
    recurring: bool
    ends_by_rule: bool
    accessible: bool
    free: bool
    location: str
    private: bool
    guests_hidden: bool
    attendees: tuple[AttendeeRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Whose token or webhook it is."""

    user_id: str
    name: str
    timezone: str


def get_by_id(event_id: str) -> Command:
    """calendar.event.getbyid: one event as the caller may see it."""
    return Command(method="calendar.event.getbyid", params={"id": event_id})


def get_period(owner_id: str, date_from: str, date_to: str) -> Command:
    """calendar.event.get: a person's events of a period, occurrences spread out.

    Unlike get.nearest it also lists what was declined. Dates are ISO; other forms silently widen
    the period, and the same day twice finds nothing.
    """
    return Command(
        method="calendar.event.get",
        params={"type": "user", "ownerId": owner_id, "from": date_from, "to": date_to},
    )


def get_own_period(date_from: str, date_to: str, *, profile: str) -> Command:
    """The caller's own events; only in a batch, after `get_profile` under the key `profile`.

    https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
    """
    return get_period(f"$result[{profile}][ID]", date_from, date_to)


def get_nearest(days: int) -> Command:
    """calendar.event.get.nearest: the caller's next events, without those they declined."""
    return Command(method="calendar.event.get.nearest", params={"days": days})


def get_status(event_id: str) -> Command:
    """calendar.meeting.status.get: the caller's own status, Y, N, Q, H or null."""
    return Command(method="calendar.meeting.status.get", params={"eventId": event_id})


def set_status(event_id: str, status: str) -> Command:
    """calendar.meeting.status.set: answers `true` to almost anything, so it proves nothing."""
    return Command(
        method="calendar.meeting.status.set", params={"eventId": event_id, "status": status}
    )


def get_profile() -> Command:
    """Profile: whose credentials these are; needs no scope."""
    return Command(method="profile")


def parse_profile(result: object) -> Profile:
    """Read `profile`.

    Raises:
        ProviderProtocolError: There is no user id in it.
    """
    if not isinstance(result, dict) or not _text(result.get("ID")):
        raise ProviderProtocolError(PROVIDER, "profile")
    names = (_text(result.get("NAME")), _text(result.get("LAST_NAME")))
    return Profile(
        user_id=_text(result.get("ID")),
        name=" ".join(name for name in names if name),
        timezone=_text(result.get("TIME_ZONE")),
    )


def parse_status(result: object) -> str | None:
    """Read an own status; None for somebody who is not a participant.

    Raises:
        ProviderProtocolError: It is neither a letter nor null.
    """
    if result is None or result is False:
        return None
    if isinstance(result, str) and len(result) == 1:
        return result.upper()
    raise ProviderProtocolError(PROVIDER, "calendar.meeting.status.get")


def parse_event(result: object) -> EventRow | None:
    """Read getbyid's answer; None if there is no such event (null, false, `[]` or `{}`).

    Raises:
        ProviderProtocolError: The row has no id or no times.
    """
    if result is None or result is False or result in ([], {}):
        return None
    if not isinstance(result, dict):
        raise ProviderProtocolError(PROVIDER, "calendar.event.getbyid")
    return _row(result, "calendar.event.getbyid")


def parse_events(result: object) -> Sequence[EventRow]:
    """Read a list of events.

    Raises:
        ProviderProtocolError: It is no list of rows.
    """
    rows = list(result.values()) if isinstance(result, dict) else result
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProviderProtocolError(PROVIDER, "calendar.event.get")
    return [_row(row, "calendar.event.get") for row in rows]


def _row(row: dict[str, object], operation: str) -> EventRow:
    meeting = row.get("MEETING")
    meeting = meeting if isinstance(meeting, dict) else {}
    rule = row.get("RRULE")
    rule = rule if isinstance(rule, dict) else {}
    event_id = _text(row.get("ID"))
    starts, ends = _seconds(row.get("DATE_FROM_TS_UTC")), _seconds(row.get("DATE_TO_TS_UTC"))
    if not event_id or not _is_moment(starts) or not _is_moment(ends):
        raise ProviderProtocolError(PROVIDER, operation)
    return EventRow(
        event_id=event_id,
        parent_id=_text(row.get("PARENT_ID")) or event_id,
        owner_id=_text(row.get("OWNER_ID")),
        status=_text(row.get("MEETING_STATUS")).upper(),
        name=_text(row.get("NAME")),
        starts=starts,
        ends=ends,
        offset_from=_offset(row.get("TZ_OFFSET_FROM")),
        offset_to=_offset(row.get("TZ_OFFSET_TO")),
        all_day=_flag(row.get("DT_SKIP_TIME")),
        is_meeting=_flag(row.get("IS_MEETING")),
        host_id=_text(row.get("MEETING_HOST")),
        host_name=_text(meeting.get("HOST_NAME")),
        notify=_flag(meeting.get("NOTIFY")),
        recurring=bool(rule) or _text(row.get("RRULE")) not in ("", "{}"),
        ends_by_rule=bool(rule.get("COUNT") or rule.get("UNTIL")),
        accessible=row.get("IS_ACCESSIBLE_TO_USER", True) is not False,
        free=_text(row.get("ACCESSIBILITY")) == "free",
        location=_location(_text(row.get("LOCATION"))),
        private=_flag(row.get("PRIVATE_EVENT")),
        guests_hidden=_flag(meeting.get("HIDE_GUESTS")),
        attendees=_attendees(row.get("ATTENDEE_LIST")),
    )


def _attendees(value: object) -> tuple[AttendeeRow, ...]:
    entries = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(entries, list):
        return ()
    rows = []
    for entry in entries:
        user_id = _seconds(entry.get("id")) if isinstance(entry, dict) else None
        if user_id is not None:
            rows.append(AttendeeRow(user_id=user_id, status=_text(entry.get("status"))))
    return tuple(rows)


def _location(text: str) -> str:
    """Where a portal's own rooms are booked, there is only a code that says nothing to anybody."""
    return "" if _ROOM.fullmatch(text) else text


def _text(value: object) -> str:
    """Ids come as strings here and as numbers there."""
    if isinstance(value, bool):
        return ""
    return whole_characters(str(value)) if isinstance(value, str | int) else ""


def _seconds(value: object) -> int | None:
    try:
        return int(_text(value))
    except ValueError:
        return None


def _offset(value: object) -> int:
    """What is more than a day is no zone's."""
    seconds = _seconds(value)
    return seconds if seconds is not None and abs(seconds) <= _DAY else 0


def _is_moment(seconds: int | None) -> TypeGuard[int]:
    """Between the epoch and the year 9999, so that a date can be made of it in any zone."""
    return seconds is not None and 0 <= seconds < _END_OF_TIME


def _flag(value: object) -> bool:
    return value is True or value in ("Y", "1", 1)
