"""Answering an invitation.

https://docs.cronofy.com/developers/api/events/participation-status/

What the vendor says to a read-only calendar, to an event that takes no answers or is gone, and in
which order it checks, is not documented: `Quirks` decide, and the order is the likely one.
"""

from aiohttp import web

from bot.sandbox.cronofy.call import Call, Refusal, invalid, require_scope
from bot.sandbox.cronofy.model import ANSWERS, Calendar, Quirks
from bot.sandbox.cronofy.reading import in_sync_window
from bot.sandbox.cronofy.state import Cronofy

SCOPE = "change_participation_status"


def change_participation_status(call: Call) -> web.Response:
    """`POST /v1/calendars/{calendar_id}/events/{event_uid}/participation_status`."""
    grant = call.grant()
    cronofy = call.cronofy
    calendar_id = call.request.match_info["calendar_id"]
    event_uid = call.request.match_info["event_uid"]
    found = cronofy.calendar_of(calendar_id, grant.sub)
    if found is not None and not found[1].connected:
        raise Refusal(423)
    require_scope(grant, SCOPE)
    if found is None or found[0].deleted:
        raise Refusal(404)
    if not event_uid.startswith("evt_external"):
        raise invalid(
            "event_uid",
            "errors.must_be_external_event_uid",
            "event uid must be a valid external event uid",
        )
    status = _status(call)
    swallowed = _obstacle(cronofy, found[0], event_uid)
    if call.applied and not swallowed:
        cronofy.promise(sub=grant.sub, calendar_id=calendar_id, event_uid=event_uid, status=status)
    else:
        cronofy.note(
            "participation_status",
            grant.sub,
            calendar_id=calendar_id,
            event_uid=event_uid,
            status=status,
            applied=False,
        )
    return web.Response(status=202)


def _status(call: Call) -> str:
    status = call.text("status")
    if not status:
        raise invalid("status", "errors.required", "required")
    if status not in ANSWERS:
        raise invalid("status", "errors.invalid", "is not one of accepted, tentative, declined")
    return status


def _obstacle(cronofy: Cronofy, calendar: Calendar, event_uid: str) -> bool:
    """Refuse what cannot be answered; True if it is to be accepted and forgotten instead."""
    cronofy.promises.settle()
    now = cronofy.now()
    quirks: Quirks = cronofy.quirks
    known = [event for event in cronofy.reached(calendar, event_uid) if in_sync_window(event, now)]
    if not known:
        return _refuse(quirks.unknown_event, "event_uid")
    if all(event.deleted for event in known):
        return _refuse(quirks.deleted_event, "event_uid")
    if calendar.readonly:
        return _refuse(quirks.unanswerable, "calendar_id")
    if not any(event.answerable for event in known):
        return _refuse(quirks.unanswerable, "event_uid")
    return False


def _refuse(status: int, field: str) -> bool:
    if status == web.HTTPAccepted.status_code:
        return True
    if status == web.HTTPUnprocessableEntity.status_code:
        raise invalid(field, "errors.invalid", "cannot be changed")
    raise Refusal(status)
