"""Rows as the portal delivers them: field names, types, date formats, occurrences."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.sandbox.bitrix24.state import Portal, Row

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MAX_OCCURRENCES = 1000


def event_view(portal: Portal, row: Row, user_id: int) -> dict[str, object]:
    """An event as a user sees it: in full, or masked if it is private and none of theirs."""
    siblings = [
        other
        for other in portal.rows.values()
        if other.parent_id == row.parent_id and not other.deleted
    ]
    zone = ZoneInfo(row.timezone)
    starts = datetime.fromtimestamp(row.starts, zone)
    ends = datetime.fromtimestamp(row.ends, zone)
    view: dict[str, object] = {
        "ID": str(row.row_id),
        "PARENT_ID": str(row.parent_id),
        "DELETED": "N",
        "CAL_TYPE": "user",
        "OWNER_ID": str(row.owner_id),
        "CREATED_BY": str(row.owner_id),
        "NAME": row.name,
        "DATE_FROM": _portal_date(portal, starts),
        "DATE_TO": _portal_date(portal, ends),
        "TZ_FROM": row.timezone,
        "TZ_TO": row.timezone,
        "TZ_OFFSET_FROM": str(_offset(starts)),
        "TZ_OFFSET_TO": str(_offset(ends)),
        "DATE_FROM_TS_UTC": str(row.starts),
        "DATE_TO_TS_UTC": str(row.ends),
        "DT_SKIP_TIME": "Y" if row.all_day else "N",
        "DT_LENGTH": row.ends - row.starts + (86400 if row.all_day else 0),
        "IS_MEETING": row.is_meeting,
        "MEETING_STATUS": row.status,
        "MEETING_HOST": str(row.host_id),
        "MEETING": _meeting(portal, row),
        "RRULE": dict(row.rrule) or "",
        "EXDATE": "",
        "RECURRENCE_ID": None,
        "ACCESSIBILITY": "busy",
        "IMPORTANCE": "normal",
        "PRIVATE_EVENT": "1" if row.private else "",
        "ATTENDEES_CODES": [f"U{other.owner_id}" for other in siblings],
        "ATTENDEE_LIST": [
            {
                "id": other.owner_id,
                "entryId": str(other.row_id),
                # The organizer is always shown as such, whatever their row says.
                "status": "H" if other.owner_id == row.host_id else other.status,
            }
            for other in siblings
            if row.is_meeting
        ],
        "~USER_OFFSET_FROM": 0,
        "~USER_OFFSET_TO": 0,
    }
    mine = user_id in {other.owner_id for other in siblings}
    return view if mine or not row.private else _masked(portal, view)


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
            shift = int(starts.timestamp()) - row.starts
            yield replace(row, starts=row.starts + shift, ends=row.ends + shift)
        day += timedelta(days=1)


def _falls_on(rule: Mapping[str, object], first: date, day: date) -> bool:
    interval = int(str(rule.get("INTERVAL") or 1))
    if rule.get("FREQ") == "DAILY":
        return (day - first).days % interval == 0
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
        "REINVITE": False,
        "ALLOW_INVITE": False,
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
    if portal.quirks.language == "ru":
        return moment.strftime("%d.%m.%Y %H:%M:%S")
    return moment.strftime("%m/%d/%Y %I:%M:%S ") + moment.strftime("%p").lower()


def _offset(moment: datetime) -> int:
    return int((moment.utcoffset() or timedelta()).total_seconds())


def day_start(text: object, fallback: datetime) -> int:
    """The first second of an ISO date; other forms silently give the widest period."""
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return int(fallback.timestamp())
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
