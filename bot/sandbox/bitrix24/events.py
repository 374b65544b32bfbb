"""Events: reading one, listing a period or what comes next, and making one.

https://apidocs.bitrix24.com/api-reference/calendar/calendar-event/index.html
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.sandbox.bitrix24.calling import (
    Caller,
    Params,
    fail,
    note_write,
    refuse_extranet,
    require,
)
from bot.sandbox.bitrix24.errors import DENIED, bad_value, required
from bot.sandbox.bitrix24.php import php_empty, php_integer, php_text, php_values
from bot.sandbox.bitrix24.records import Row
from bot.sandbox.bitrix24.state import Portal
from bot.sandbox.bitrix24.views import (
    day_start,
    event_view,
    is_masked,
    nearest_view,
    occurrences,
)

GET, GET_BY_ID = "calendar.event.get", "calendar.event.getbyid"
ADD = "calendar.event.add"
_NEAREST_DAYS = 60
_NEAREST_ROWS = 75


def get_event(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.getbyid."""
    refuse_extranet(portal, caller)
    require(portal, params, "id", GET_BY_ID)
    row = portal.rows.get(php_integer(params["id"]))
    if row is None or row.deleted:
        return portal.quirks.missing_event
    if portal.quirks.hides_private and is_masked(portal, row, caller.user_id):
        return portal.quirks.missing_event
    return event_view(portal, row, caller.user_id)


def get_events(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.get: occurrences of a period; its last day is not included."""
    refuse_extranet(portal, caller)
    require(portal, params, "type", GET)
    owner = php_integer(params.get("ownerId", 0)) or caller.user_id
    now = portal.now()
    caller_zone = portal.users[caller.user_id].timezone
    zone = ZoneInfo(caller_zone if portal.quirks.days_of_caller else "UTC")
    start = day_start(params.get("from"), now - timedelta(days=30), zone)
    end = day_start(params.get("to"), now + timedelta(days=90), zone)
    if end <= start:
        return []
    found = [
        occurrence
        for row in _calendar(portal, str(params["type"]), owner)
        for occurrence in occurrences(row, end)
        if occurrence.ends >= start and occurrence.starts < end
    ]
    return [event_view(portal, row, caller.user_id) for row in _in_order(found)]


def get_nearest(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.get.nearest: hides what was declined and what is over."""
    now = int(portal.now().timestamp())
    end = now + (php_integer(params.get("days", 0)) or _NEAREST_DAYS) * 86400
    calendar = ("user", caller.user_id)
    named = not php_empty(params.get("type")) and not php_empty(params.get("ownerId"))
    if named and _is_off(params.get("forCurrentUser", True)):
        calendar = (str(params["type"]), php_integer(params["ownerId"]))
    found = [
        occurrence
        for row in _calendar(portal, *calendar)
        if not (row.is_meeting and row.status == "N")
        for occurrence in occurrences(row, end)
        if occurrence.ends > now and occurrence.starts < end
    ]
    wanted = php_integer(params.get("maxEventsCount", 0)) or _NEAREST_ROWS
    url = str(params.get("detailUrl") or "")
    rows = _in_order(found)[:_NEAREST_ROWS][:wanted]
    return [nearest_view(portal, row, caller.user_id, url) for row in rows]


def add_event(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.add, in the caller's own calendar only; the caller organizes it."""
    _require_for_add(portal, params)
    if params["type"] != "user" or php_integer(params["ownerId"]) not in (0, caller.user_id):
        raise fail(portal, DENIED)
    zone = _zone(params.get("timezone_from"), portal.users[caller.user_id].timezone)
    starts, ends = _moment(portal, params, "from", zone), _moment(portal, params, "to", zone)
    note_write(portal, caller, ADD, params)
    if not caller.applied:
        return portal.next_id()
    guests = dict.fromkeys(php_integer(guest) for guest in php_values(params.get("attendees")))
    options = params.get("meeting")
    meeting = options if isinstance(options, dict) else {}
    rule, listed = _rule(params.get("rrule"), zone)
    event_id = portal.add_meeting(
        host_id=caller.user_id,
        guests=[guest for guest in guests if guest in portal.users and guest != caller.user_id],
        name=str(params["name"]),
        starts=starts,
        ends=ends,
        is_meeting=_is_on(params.get("is_meeting")),
        notify=_is_on(meeting.get("notify")),
        all_day=_is_on(params.get("skip_time")),
        private=_is_on(params.get("private_event")),
        hide_guests=_is_on(meeting.get("hide_guests")),
        accessibility=str(params.get("accessibility") or "busy"),
        location=php_text(params.get("location")),
        rrule=rule,
        timezone=zone.key,
    )
    for row in portal.rows.values():
        if row.parent_id == event_id:
            row.reinvite = _is_on(meeting.get("reinvite"))
            row.allow_invite = _is_on(meeting.get("allow_invite"))
            row.listed = listed
    return event_id


def _calendar(portal: Portal, cal_type: str, owner_id: int) -> list[Row]:
    return [
        row
        for row in portal.rows.values()
        if (row.cal_type, row.owner_id) == (cal_type, owner_id) and not row.deleted and row.listed
    ]


def _in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.starts)


def _is_off(value: object) -> bool:
    return php_empty(value) or str(value).upper() in {"N", "FALSE"}


def _is_on(value: object) -> bool:
    return not _is_off(value)


def _require_for_add(portal: Portal, params: Params) -> None:
    require(portal, params, "type", ADD)
    # 0 is an owner: the company.
    if params.get("ownerId") in (None, ""):
        raise fail(portal, required("ownerId", ADD))
    require(portal, params, "name", ADD)
    for name in ("from", "to"):
        if php_empty(params.get(name)) and php_empty(params.get(f"{name}_ts")):
            raise fail(portal, required(name, ADD))
    if params.get("auto_detect_section", "Y") != "Y":
        require(portal, params, "section", ADD)


def _zone(wanted: object, fallback: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(wanted)) if wanted else ZoneInfo(fallback)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(fallback)


def _moment(portal: Portal, params: Params, name: str, zone: ZoneInfo) -> datetime:
    """An offset in the text wins over any zone; a text without one is in the event's zone."""
    if not php_empty(params.get(f"{name}_ts")):
        return datetime.fromtimestamp(php_integer(params[f"{name}_ts"]), zone)
    try:
        moment = datetime.fromisoformat(str(params[name]))
    except ValueError:
        raise fail(portal, bad_value(name)) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _rule(given: object, zone: ZoneInfo) -> tuple[dict[str, object], bool]:
    """A rule as it is stored, and whether the portal will ever list its occurrences."""
    if not isinstance(given, dict) or php_empty(given.get("FREQ")):
        return {}, True
    rule: dict[str, object] = {"FREQ": str(given["FREQ"])}
    for name in ("INTERVAL", "COUNT"):
        if php_integer(given.get(name)) > 0:
            rule[name] = php_integer(given[name])
    days = [str(day) for day in php_values(given.get("BYDAY"))]
    # Weekly without days is stored as Mondays and never expanded.
    listed = rule["FREQ"] != "WEEKLY" or bool(days)
    if rule["FREQ"] == "WEEKLY":
        rule["BYDAY"] = {day: day for day in days or ["MO"]}
    with suppress(ValueError):
        until = datetime.fromisoformat(str(given.get("UNTIL"))).replace(tzinfo=zone)
        rule.update({"UNTIL": given["UNTIL"], "UNTIL_TS": int(until.timestamp())})
    return rule, listed
