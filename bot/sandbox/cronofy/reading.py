"""Reading events: what is asked for, what lies in the window, and the pages of it.

https://docs.cronofy.com/developers/api/events/read-events
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web

from bot.sandbox.cronofy.call import Call, Refusal, invalid, require_scope
from bot.sandbox.cronofy.model import Event
from bot.sandbox.cronofy.paging import Page
from bot.sandbox.cronofy.state import Cronofy
from bot.sandbox.cronofy.views import event_json

DAYS_BACK, DAYS_AHEAD = 42, 201
"""The service keeps no events beyond: https://docs.cronofy.com/developers/faqs/recommended-sync/"""
READ_SCOPES = ("read_events", "read_write", "read_only")
_Times: TypeAlias = tuple[datetime | date, datetime | date]
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """The parameters, understood.

    `from_day` and `to_day` are never outside the sync window.
    """

    zone: ZoneInfo
    from_day: date
    to_day: date
    unbounded: bool
    last_modified: datetime | None
    calendar_ids: frozenset[str]
    include_deleted: bool
    include_moved: bool
    include_managed: bool
    only_managed: bool
    localized: bool


def list_events(call: Call) -> web.Response:
    """`GET /v1/events`."""
    grant = call.grant()
    if call.request.query.get("only_managed") != "true":
        require_scope(grant, *READ_SCOPES)
    cronofy = call.cronofy
    query = _parse(call, grant.sub)
    cronofy.promises.settle()
    found = sorted(
        (event for event in _of_account(cronofy, grant.sub) if _matches(event, query)),
        key=lambda event: _instant(event.start, query.zone),
    )
    cronofy.promises.count_read(grant.sub)
    page = cronofy.pages.cut(
        grant.sub,
        [event_json(event, localized=query.localized) for event in found],
        size=cronofy.quirks.page_size,
        lifetime=cronofy.quirks.page_lifetime,
    )
    return _page_response(call, page)


def next_page(call: Call) -> web.Response:
    """`GET /v1/events/pages/{page_id}`: what was found when the list was asked for."""
    grant = call.grant()
    page = call.cronofy.pages.find(call.request.match_info["page_id"], grant.sub)
    if page is None:
        raise Refusal(404)
    return _page_response(call, page)


def in_sync_window(event: Event, now: datetime) -> bool:
    """Whether the service knows the event at all."""
    zone = ZoneInfo("UTC")
    today = now.astimezone(UTC).date()
    earliest, latest = today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD)
    return _between((event.start, event.end), earliest, latest, zone)


def _page_response(call: Call, page: Page) -> web.Response:
    quirks = call.cronofy.quirks
    pages: dict[str, object] = {"current": page.current, "total": page.total}
    if page.next_id is not None:
        base = quirks.foreign_next_page or str(call.request.url.origin())
        pages["next_page"] = f"{base}/v1/events/pages/{page.next_id}"
    elif quirks.empty_next_page:
        pages["next_page"] = ""
    return web.json_response({"pages": pages, "events": list(page.items)})


def _of_account(cronofy: Cronofy, sub: str) -> Iterator[Event]:
    for event in cronofy.all_events():
        found = cronofy.calendar_of(event.calendar_id, sub)
        if found is None:
            continue
        calendar, profile = found
        if not calendar.deleted and not profile.initial_sync_required:
            yield event


def _matches(event: Event, query: _Query) -> bool:
    if query.calendar_ids and event.calendar_id not in query.calendar_ids:
        return False
    if event.deleted and not query.include_deleted:
        return False
    if query.last_modified and (event.updated is None or event.updated < query.last_modified):
        return False
    if not event.managed:
        return not query.only_managed and _in_days(event, query)
    if not (query.include_managed or query.only_managed):
        return False
    return query.unbounded or _in_days(event, query)


def _in_days(event: Event, query: _Query) -> bool:
    """Whether it lies in the days that were asked for or, if they count too, ever did."""
    times = [(event.start, event.end), *(event.was if query.include_moved else ())]
    return any(_between(one, query.from_day, query.to_day, query.zone) for one in times)


def _between(times: _Times, from_day: date, to_day: date, zone: ZoneInfo) -> bool:
    """They start before the one day and end on or after the other."""
    starts, ends = (_instant(one, zone) for one in times)
    return starts < _instant(to_day, zone) and ends >= _instant(from_day, zone)


def _instant(value: datetime | date, zone: ZoneInfo) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), zone)


def _parse(call: Call, sub: str) -> _Query:
    query = call.request.query
    zone = _zone(query.get("tzid", ""))
    today = call.cronofy.now().astimezone(zone).date()
    earliest = today - timedelta(days=DAYS_BACK)
    latest = today + timedelta(days=DAYS_AHEAD)
    from_day, to_day = _day(call, "from", zone), _day(call, "to", zone)
    if call.cronofy.quirks.refuses_far_dates:
        for name, day in (("from", from_day), ("to", to_day)):
            if day is not None and not earliest <= day <= latest:
                raise invalid(name, "errors.invalid", "is outside of what is kept")
    calendar_ids = frozenset(query.getall("calendar_ids[]", []))
    if any(call.cronofy.calendar_of(name, sub) is None for name in calendar_ids):
        raise invalid("calendar_ids", "errors.invalid_calendar_ids", "contains unknown calendars")
    return _Query(
        zone=zone,
        from_day=max(from_day or earliest, earliest),
        to_day=min(to_day or latest, latest),
        unbounded=from_day is None and to_day is None,
        last_modified=_time(call, "last_modified"),
        calendar_ids=calendar_ids,
        include_deleted=_flag(call, "include_deleted"),
        include_moved=_flag(call, "include_moved"),
        include_managed=_flag(call, "include_managed"),
        only_managed=_flag(call, "only_managed"),
        localized=_flag(call, "localized_times"),
    )


def _zone(name: str) -> ZoneInfo:
    if not name:
        raise invalid("tzid", "errors.required", "required")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("tzid", "errors.unrecognized", "unrecognized time zone") from None


def _flag(call: Call, name: str) -> bool:
    """https://docs.cronofy.com/developers/api/data-types/."""
    value = call.request.query.get(name, "false")
    if value not in ("true", "false"):
        raise invalid(name, "errors.must_be_boolean", "must be true or false")
    return value == "true"


def _day(call: Call, name: str, zone: ZoneInfo) -> date | None:
    """A date; a time stands for its day in the zone of the request."""
    value = call.request.query.get(name)
    if value is None:
        return None
    if not _DATE.match(value):
        moment = _time(call, name)
        return None if moment is None else moment.astimezone(zone).date()
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _unreadable(name) from None


def _time(call: Call, name: str) -> datetime | None:
    """A time with a zone; the service refuses fractions of a second that are not zero."""
    value = call.request.query.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _unreadable(name) from None
    if moment.tzinfo is None or moment.microsecond:
        raise _unreadable(name)
    return moment


def _unreadable(name: str) -> Refusal:
    return invalid(name, "errors.invalid", "is not a date or time that can be used")
