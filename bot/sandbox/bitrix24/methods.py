"""The portal's methods, with what they silently accept.

Behaviour after the vendor's pages and server: a set answers true to almost anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.sandbox.bitrix24.errors import RestError, method_failure
from bot.sandbox.bitrix24.state import Notice, Portal, Write
from bot.sandbox.bitrix24.views import day_start, event_view, occurrences

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls; `applied` says whether writes of this call really happen."""

    user_id: int
    applied: bool = True


Method = Callable[[Portal, Caller, Params], object]

_NEAREST_DAYS = 60
_PRESENCES = frozenset({"online", "dnd", "away", "break"})


def _integer(value: object) -> int:
    """PHP's cast: the digits at the front, 0 without any."""
    text = str(value).strip()
    digits = ""
    for char in text.removeprefix("-"):
        if not char.isascii() or not char.isdigit():
            break
        digits += char
    return int(digits or 0)


def _fail(portal: Portal, text: str) -> RestError:
    return method_failure(text, old_errors=portal.quirks.old_errors)


def set_meeting_status(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.meeting.status.set."""
    if params.get("eventId") in (None, "", 0, "0"):
        raise _fail(portal, "required")
    if not params.get("status"):
        raise _fail(portal, "required")
    status = str(params["status"]).upper()
    if status not in {"Y", "N", "Q"}:
        raise _fail(portal, "value")
    portal.journal.append(
        Write(
            method="calendar.meeting.status.set",
            user_id=caller.user_id,
            params=params,
            applied=caller.applied,
        )
    )
    event = portal.rows.get(_integer(params["eventId"]))
    if event is None or event.deleted or not event.is_meeting or not caller.applied:
        return True
    row = portal.row_of(event.row_id, caller.user_id)
    if row is None:
        return True
    row.status = status
    if row.notify and row.host_id != caller.user_id:
        kind = "accept" if status == "Y" else "decline"
        portal.notices.append(
            Notice(event_id=row.parent_id, from_user=caller.user_id, to_user=row.host_id, kind=kind)
        )
    return True


def get_meeting_status(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.meeting.status.get."""
    if params.get("eventId") in (None, "", 0, "0"):
        raise _fail(portal, "required")
    event = portal.rows.get(_integer(params["eventId"]))
    if event is None or event.deleted or not event.is_meeting:
        raise _fail(portal, "status")
    row = portal.row_of(event.row_id, caller.user_id)
    return None if row is None else row.status


def get_event(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.getbyid."""
    if not params.get("id"):
        raise _fail(portal, "required")
    row = portal.rows.get(_integer(params["id"]))
    return None if row is None or row.deleted else event_view(portal, row, caller.user_id)


def get_events(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.get: occurrences of a period; its last day is not included."""
    if not params.get("type"):
        raise _fail(portal, "required")
    owner = _integer(params.get("ownerId", 0)) or caller.user_id
    now = portal.now()
    start = day_start(params.get("from"), now - timedelta(days=30))
    end = day_start(params.get("to"), now + timedelta(days=90))
    found = [
        event_view(portal, occurrence, caller.user_id)
        for row in portal.rows.values()
        if row.owner_id == owner and not row.deleted
        for occurrence in occurrences(row, end)
        if occurrence.ends >= start and occurrence.starts < end
    ]
    return sorted(found, key=lambda view: int(str(view["DATE_FROM_TS_UTC"])))


def get_nearest(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.event.get.nearest: hides what was declined and what is over."""
    now = int(portal.now().timestamp())
    end = now + (_integer(params.get("days", _NEAREST_DAYS)) or _NEAREST_DAYS) * 86400
    found = []
    for row in portal.rows.values():
        if row.owner_id != caller.user_id or row.deleted or (row.is_meeting and row.status == "N"):
            continue
        for occurrence in occurrences(row, end):
            if occurrence.ends > now and occurrence.starts < end:
                view = event_view(portal, occurrence, caller.user_id)
                hidden = {"TZ_FROM", "TZ_TO", "TZ_OFFSET_FROM", "TZ_OFFSET_TO"}
                found.append({key: value for key, value in view.items() if key not in hidden})
    return sorted(found, key=lambda view: int(str(view["DATE_FROM_TS_UTC"])))[:75]


def set_presence(portal: Portal, caller: Caller, params: Params) -> object:
    """im.user.status.set; parameter names in any case, values exactly so."""
    status = {key.upper(): value for key, value in params.items()}.get("STATUS")
    if status not in _PRESENCES:
        raise RestError("STATUS_ERROR", "Status is not available")
    portal.journal.append(
        Write(
            method="im.user.status.set",
            user_id=caller.user_id,
            params=params,
            applied=caller.applied,
        )
    )
    if caller.applied:
        portal.presence[caller.user_id] = str(status)
    return True


def get_presence(portal: Portal, caller: Caller, _params: Params) -> object:
    """im.user.status.get: false if none was ever stored."""
    return portal.presence.get(caller.user_id, False)


def get_im_user(portal: Portal, caller: Caller, params: Params) -> object:
    """im.user.get: says "online" about everybody."""
    wanted = _integer(
        {key.upper(): value for key, value in params.items()}.get("ID", caller.user_id)
    )
    user = portal.users.get(wanted)
    if user is None:
        raise RestError("USER_NOT_EXISTS", "User not found")
    return {
        "id": user.user_id,
        "active": True,
        "name": f"{user.name} {user.last_name}".strip(),
        "first_name": user.name,
        "last_name": user.last_name,
        "status": "online",
        "idle": False,
        "absent": False,
        "bot": False,
    }


def profile(portal: Portal, caller: Caller, _params: Params) -> object:
    """Profile of the caller."""
    user = portal.users[caller.user_id]
    return {
        "ID": str(user.user_id),
        "ADMIN": user.user_id == 1,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": user.timezone,
    }


def scope(portal: Portal, caller: Caller, _params: Params) -> object:
    """What the caller's credentials may do."""
    return sorted(portal.users[caller.user_id].scopes)


def server_time(portal: Portal, _caller: Caller, _params: Params) -> object:
    """The portal's clock."""
    return portal.now().isoformat(timespec="seconds")


METHODS: Mapping[str, tuple[str, Method]] = {
    # name: (scope it needs, what it does)
    "calendar.meeting.status.set": ("calendar", set_meeting_status),
    "calendar.meeting.status.get": ("calendar", get_meeting_status),
    "calendar.event.getbyid": ("calendar", get_event),
    "calendar.event.get": ("calendar", get_events),
    "calendar.event.get.nearest": ("calendar", get_nearest),
    "im.user.status.set": ("im", set_presence),
    "im.user.status.get": ("im", get_presence),
    "im.user.get": ("im", get_im_user),
    "profile": ("", profile),
    "scope": ("", scope),
    "server.time": ("", server_time),
}
