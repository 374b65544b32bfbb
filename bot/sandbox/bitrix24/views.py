"""Rows as the portal delivers them: field names, types, date formats, occurrences."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bot.sandbox.bitrix24.records import Row
from bot.sandbox.bitrix24.state import Portal

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MAX_OCCURRENCES = 1000
_NOON = 12
_FORMATTED = "%a %b %d %Y %H:%M:%S"


_NOT_IN_NEAREST = frozenset({"TZ_FROM", "TZ_TO", "TZ_OFFSET_FROM", "TZ_OFFSET_TO"})


def event_view(portal: Portal, row: Row, user_id: int) -> dict[str, object]:
    """An event as a user sees it: in full, or masked if it is private and none of theirs.

    https://apidocs.bitrix24.com/api-reference/calendar/calendar-event/calendar-event-get-by-id.html
    """
    view = {**_times(portal, row), **_participation(portal, row)}
    return _masked(portal, view) if is_masked(portal, row, user_id) else view


def nearest_view(portal: Portal, row: Row, user_id: int, detail_url: str) -> dict[str, object]:
    """An event as get.nearest has it: in the caller's zone, and without the event's own."""
    view = event_view(portal, row, user_id)
    zone = ZoneInfo(portal.users[user_id].timezone if not row.all_day else row.timezone)
    starts = _portal_date(portal, datetime.fromtimestamp(row.starts, zone))
    ends = _portal_date(portal, datetime.fromtimestamp(row.ends, zone))
    page = detail_url or f"/company/personal/user/{row.owner_id}/calendar/"
    return {
        **{key: value for key, value in view.items() if key not in _NOT_IN_NEAREST},
        "DATE_FROM": starts,
        "DATE_TO": ends,
        "DT_FROM_TS": row.starts,
        "DT_TO_TS": row.ends,
        "~URL": f"{page}?EVENT_ID={row.row_id}",
        "~FROM_TO_HTML": f"{starts} - {ends}",
    }


def is_masked(portal: Portal, row: Row, user_id: int) -> bool:
    """Whether it is private and none of theirs."""
    return row.private and user_id not in {other.owner_id for other in _siblings(portal, row)}


def _siblings(portal: Portal, row: Row) -> list[Row]:
    return [
        other
        for other in portal.rows.values()
        if other.parent_id == row.parent_id and not other.deleted
    ]


def _times(portal: Portal, row: Row) -> dict[str, object]:
    zone = ZoneInfo(row.timezone)
    starts = datetime.fromtimestamp(row.starts, zone)
    ends = datetime.fromtimestamp(row.ends, zone)
    return {
        "ID": str(row.row_id),
        "PARENT_ID": str(row.parent_id),
        "DELETED": "N",
        "CAL_TYPE": row.cal_type,
        "OWNER_ID": str(row.owner_id),
        "CREATED_BY": str(row.owner_id),
        "NAME": row.name,
        "LOCATION": row.location,
        "DATE_FROM": _portal_date(portal, starts),
        "DATE_TO": _portal_date(portal, ends),
        "DATE_FROM_FORMATTED": starts.strftime(_FORMATTED),
        "DATE_TO_FORMATTED": ends.strftime(_FORMATTED),
        "TZ_FROM": row.timezone,
        "TZ_TO": row.timezone,
        "TZ_OFFSET_FROM": str(_offset(starts)),
        "TZ_OFFSET_TO": str(_offset(ends)),
        "DATE_FROM_TS_UTC": str(row.starts),
        "DATE_TO_TS_UTC": str(row.ends),
        "DT_SKIP_TIME": "Y" if row.all_day else "N",
        "DT_LENGTH": row.ends - row.starts + (86400 if row.all_day else 0),
        "~USER_OFFSET_FROM": 0,
        "~USER_OFFSET_TO": 0,
    }


def _participation(portal: Portal, row: Row) -> dict[str, object]:
    siblings = _siblings(portal, row)
    return {
        "IS_MEETING": row.is_meeting,
        "MEETING_STATUS": row.status,
        "MEETING_HOST": str(row.host_id),
        "MEETING": _meeting(portal, row),
        "RRULE": dict(row.rrule) or "",
        "EXDATE": ";".join(day.strftime(_day_format(portal)) for day in row.exdates),
        "RECURRENCE_ID": None if row.recurrence_id is None else str(row.recurrence_id),
        "ACCESSIBILITY": row.accessibility,
        "IMPORTANCE": "normal",
        "PRIVATE_EVENT": "1" if row.private else "",
        "ATTENDEES_CODES": [f"U{other.owner_id}" for other in siblings],
        "ATTENDEE_LIST": [
            {
                "id": other.owner_id,
                "entryId": str(other.row_id),
                # The organizer is always shown as such, whatever their row says.
                "status": "H" if _organizes(other) else other.status,
            }
            for other in siblings
            if row.is_meeting
        ],
        "attendeesEntityList": [
            {"entityId": other.cal_type, "id": other.owner_id} for other in siblings
        ],
    }


def _organizes(row: Row) -> bool:
    return row.row_id == row.parent_id or row.owner_id == row.host_id


def occurrences(row: Row, until: int) -> Iterator[Row]:
    """The rows of a series' occurrences up to a moment; a single event is its own occurrence."""
    if not row.rrule:
        yield row
        return
    zone = ZoneInfo(row.timezone)
    first = datetime.fromtimestamp(row.starts, zone)
    rule = row.rrule
    last_day = _until(rule, zone)
    count = int(str(rule.get("COUNT") or _MAX_OCCURRENCES))
    day, made = first.date(), 0
    while made < count:
        starts = datetime.combine(day, first.timetz())
        if int(starts.timestamp()) > until or (last_day is not None and day > last_day):
            return
        if _falls_on(rule, first.date(), day):
            made += 1
            if day in row.exdates:
                day += timedelta(days=1)
                continue
            shift = int(starts.timestamp()) - row.starts
            yield replace(row, starts=row.starts + shift, ends=row.ends + shift)
        day += timedelta(days=1)


def _falls_on(rule: Mapping[str, object], first: date, day: date) -> bool:
    interval = int(str(rule.get("INTERVAL") or 1))
    match rule.get("FREQ"):
        case "DAILY":
            return (day - first).days % interval == 0
        case "MONTHLY":
            months = (day.year - first.year) * 12 + day.month - first.month
            return day.day == first.day and months % interval == 0
        case "YEARLY":
            same_day = (day.month, day.day) == (first.month, first.day)
            return same_day and (day.year - first.year) % interval == 0
        case _:
            pass
    by_day = rule.get("BYDAY")
    wanted = set(by_day) if isinstance(by_day, Mapping) else {_DAYS[first.weekday()]}
    weeks = (_monday(day) - _monday(first)).days // 7
    return _DAYS[day.weekday()] in wanted and weeks % interval == 0


def _until(rule: Mapping[str, object], zone: ZoneInfo) -> date | None:
    moment = rule.get("UNTIL_TS")
    return datetime.fromtimestamp(int(str(moment)), zone).date() if moment else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _meeting(portal: Portal, row: Row) -> dict[str, object]:
    host = portal.users[row.host_id]
    return {
        "HOST_NAME": f"{host.name} {host.last_name}".strip(),
        "NOTIFY": row.notify,
        "REINVITE": row.reinvite,
        "ALLOW_INVITE": row.allow_invite,
        "HIDE_GUESTS": row.hide_guests,
        "MEETING_CREATOR": row.host_id,
        "LANGUAGE_ID": portal.quirks.language,
        "MAIL_FROM": "",
    }


def _masked(portal: Portal, view: dict[str, object]) -> dict[str, object]:
    kept = {
        key: value
        for key, value in view.items()
        if key in {"ID", "PARENT_ID", "CAL_TYPE", "OWNER_ID"} or key.startswith(("DATE_", "TZ_"))
    }
    name = "[занят]" if portal.quirks.language == "ru" else "[busy]"
    return {**kept, "NAME": name, "IS_ACCESSIBLE_TO_USER": False, "DT_SKIP_TIME": "N"}


def _portal_date(portal: Portal, moment: datetime) -> str:
    """Dates in the portal's culture, which nobody should parse."""
    day = moment.strftime(_day_format(portal))
    if portal.quirks.language == "ru":
        return f"{day} {moment:%H:%M:%S}"
    return f"{day} {moment:%I:%M:%S} {'am' if moment.hour < _NOON else 'pm'}"


def _day_format(portal: Portal) -> str:
    return "%d.%m.%Y" if portal.quirks.language == "ru" else "%m/%d/%Y"


def _offset(moment: datetime) -> int:
    return int((moment.utcoffset() or timedelta()).total_seconds())


def day_start(text: object, fallback: datetime, zone: tzinfo) -> int:
    """The first second of an ISO date in a zone; other forms silently give the widest period."""
    try:
        day = datetime.fromisoformat(str(text)).date()
    except ValueError:
        return int(fallback.timestamp())
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
