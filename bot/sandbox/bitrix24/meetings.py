"""Participation statuses: a set that answers true to almost anything, and what a get reads.

https://apidocs.bitrix24.com/api-reference/calendar/calendar-event/calendar-meeting-status-set.html
https://apidocs.bitrix24.com/api-reference/calendar/calendar-event/calendar-meeting-status-get.html
"""

from bot.sandbox.bitrix24.calling import Caller, Params, fail, note_write, require
from bot.sandbox.bitrix24.errors import NO_STATUS, bad_value
from bot.sandbox.bitrix24.php import php_integer
from bot.sandbox.bitrix24.records import Notice, Row
from bot.sandbox.bitrix24.state import Portal

SET = "calendar.meeting.status.set"
GET = "calendar.meeting.status.get"
_STATUSES = frozenset({"Y", "N", "Q"})


def set_meeting_status(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.meeting.status.set."""
    require(portal, params, "eventId", SET)
    require(portal, params, "status", SET)
    status = str(params["status"]).upper()
    if status not in _STATUSES:
        raise fail(portal, bad_value("status"))
    note_write(portal, caller, SET, params)
    if not caller.applied:
        return True
    event = _meeting(portal, params["eventId"])
    row = None if event is None else portal.row_of(event.row_id, caller.user_id)
    if row is not None:
        _answer(portal, row, status)
        _notify(portal, row)
    return True


def get_meeting_status(portal: Portal, caller: Caller, params: Params) -> object:
    """calendar.meeting.status.get: null for somebody who takes no part."""
    require(portal, params, "eventId", GET)
    event = _meeting(portal, params["eventId"])
    if event is None:
        raise fail(portal, NO_STATUS)
    row = portal.row_of(event.row_id, caller.user_id, any_calendar=True)
    return None if row is None else row.status


def _meeting(portal: Portal, number: object) -> Row | None:
    """The row of that very number; whose it is plays no part."""
    row = portal.rows.get(php_integer(number))
    return None if row is None or row.deleted or not row.is_meeting else row


def _answer(portal: Portal, row: Row, status: str) -> None:
    """Store a status. A yes spreads within a series, other answers stay where they are."""
    before, row.status = row.status, status
    if status != "Y":
        return
    if row.rrule and before != "Y":
        for changed in _changed_occurrences(portal, row.parent_id, row.owner_id):
            changed.status = "Y"
    if row.recurrence_id is None:
        return
    series = portal.row_of(row.recurrence_id, row.owner_id)
    if series is not None and series.status != "Y":
        series.status = "Y"
        for sibling in _changed_occurrences(portal, row.recurrence_id, row.owner_id):
            sibling.status = "Y"


def _changed_occurrences(portal: Portal, series_id: int, owner_id: int) -> list[Row]:
    return [
        row
        for row in portal.rows.values()
        if row.recurrence_id == series_id and row.owner_id == owner_id and row.cal_type == "user"
    ]


def _notify(portal: Portal, row: Row) -> None:
    """Tell the organizer, each time anew."""
    if row.notify and row.host_id != row.owner_id and not row.deleted:
        portal.notices.append(
            Notice(
                event_id=row.parent_id,
                from_user=row.owner_id,
                to_user=row.host_id,
                kind="accept" if row.status == "Y" else "decline",
            )
        )
