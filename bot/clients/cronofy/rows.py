"""Events as Cronofy delivers them. Pure.

https://docs.cronofy.com/developers/api/events/read-events/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bot.clients.cronofy.values import mapping, mappings, text

CALENDAR_ID = re.compile(r"cal_[A-Za-z0-9_@\-]{1,200}")
EXTERNAL_UID = re.compile(r"evt_external_[A-Za-z0-9]{1,100}")
EVENT_UID = re.compile(r"evt_[A-Za-z0-9_\-]{1,120}")
"""Any event's uid; only external ones can be answered."""
UNTOLD = date(1970, 1, 1)
"""The day of a deleted event that tells none. Whether they do is not documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event. Times are aware datetimes, or dates for an all-day event (`ends` is exclusive).

    Attributes:
        status: The account's own answer, in Cronofy's words; may be one nobody knows yet.
        answerable: `options.change_participation_status`; None if it is not told.
        managed: It was made by the application itself.
        deleted: It is gone. What would tell its times may be gone with it; they are `UNTOLD` then.
        cancelled: Its own status says that it does not take place.
        series: Names the series of which it is an occurrence; empty for a single event.
        transparent: It takes nobody's time.
        organizer: Name, or else e-mail address; empty if neither is told.
        organizer_email: In lower case; empty if it is not told.
        attendees: Likewise, of everybody on its list, each once. Who of them is the account's
            owner is not told.
        location: In somebody's own words; empty if it is not told.
    """

    uid: str
    calendar_id: str
    summary: str
    starts: datetime | date
    ends: datetime | date
    status: str
    answerable: bool | None
    managed: bool
    deleted: bool
    cancelled: bool
    series: str
    transparent: bool
    organizer: str
    organizer_email: str
    attendees: tuple[str, ...]
    location: str


def read_event(event: Mapping[str, object]) -> EventRow | None:
    """Read an event; None if it has no uid, no calendar or no times."""
    uid, calendar_id = text(event.get("event_uid")), text(event.get("calendar_id"))
    times = _times(event)
    if not (times and EVENT_UID.fullmatch(uid) and CALENDAR_ID.fullmatch(calendar_id)):
        return None
    organizer = mapping(event.get("organizer"))
    answerable = mapping(event.get("options")).get("change_participation_status")
    return EventRow(
        uid=uid,
        calendar_id=calendar_id,
        summary=text(event.get("summary")),
        starts=times[0],
        ends=times[1],
        status=text(event.get("participation_status")),
        answerable=answerable if isinstance(answerable, bool) else None,
        managed="event_id" in event or not EXTERNAL_UID.fullmatch(uid),
        deleted=event.get("deleted") is True,
        cancelled=event.get("status") == "cancelled",
        series=text(event.get("series_identifier")),
        transparent=event.get("transparency") == "transparent",
        organizer=text(organizer.get("display_name")) or text(organizer.get("email")),
        organizer_email=_email(organizer),
        attendees=_attendees(event.get("attendees")),
        location=text(mapping(event.get("location")).get("description")).strip(),
    )


def _attendees(value: object) -> tuple[str, ...]:
    people = {_email(entry) or text(entry.get("display_name")): entry for entry in mappings(value)}
    return tuple(_email(entry) for name, entry in people.items() if name)


def _email(person: Mapping[str, object]) -> str:
    return text(person.get("email")).strip().casefold()


def _times(event: Mapping[str, object]) -> tuple[datetime | date, datetime | date] | None:
    starts, ends = _moment(event.get("start")), _moment(event.get("end"))
    if starts is not None and ends is not None and type(starts) is type(ends):
        return starts, ends
    return (UNTOLD, UNTOLD) if event.get("deleted") is True else None


def _moment(value: object) -> datetime | date | None:
    """A date, a UTC time, or an object with a time and its zone; days next to it exist too."""
    said = text(mapping(value).get("time")) if isinstance(value, Mapping) else text(value)
    try:
        moment = datetime.fromisoformat(said) if "T" in said else date.fromisoformat(said)
    except ValueError:
        return None
    if isinstance(moment, datetime) and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment if date.min.year < moment.year < date.max.year else None
