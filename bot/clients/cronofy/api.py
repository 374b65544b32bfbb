"""Requests to Cronofy and what its answers say. Pure: nothing here does I/O.

https://docs.cronofy.com/developers/api/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from urllib.parse import quote, urlencode, urlsplit

from bot.clients.cronofy.errors import PROVIDER, refuse
from bot.clients.cronofy.profiles import LinkedProfile, read_profile
from bot.clients.cronofy.rows import EventRow, read_event
from bot.clients.cronofy.values import mapping, mappings, text
from bot.errors import ProviderProtocolError
from bot.transport.json_text import read_json, write_json
from bot.transport.messages import HttpRequest, HttpResponse

DATA_CENTERS = ("us", "uk", "de", "au", "ca", "sg")
"""The six ids that Cronofy has. https://docs.cronofy.com/developers/data-centers/"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronofyAuth:
    """A data centre's address and a bearer token."""

    base: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    """A calendar, with what its profile tells about the service behind it."""

    calendar_id: str
    readonly: bool
    deleted: bool
    provider_name: str
    provider_service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """Whose token it is.

    Attributes:
        sub: Names the account, and stays the same however often it is authorised.
        name: Name, or else e-mail address; empty if neither is told.
        profiles: The calendar services behind it.
        scopes: What the token may do; bundles such as `read_write` are not taken apart.
        disconnected: How many calendar services Cronofy has lost its access to.
        timezone: As Cronofy tells it, by IANA name; empty if it does not.
    """

    sub: str
    name: str
    profiles: tuple[LinkedProfile, ...]
    scopes: frozenset[str]
    disconnected: int
    timezone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPage:
    """Some events, and where the next ones are ("" at the end)."""

    events: Sequence[EventRow]
    next_page: str


def api_base(data_center: str) -> str:
    """The API address of a data centre; its id in any case.

    Raises:
        ValueError: There is no such data centre.
    """
    name = data_center.lower()
    if name not in DATA_CENTERS:
        raise ValueError(f"must be one of {', '.join(DATA_CENTERS)}")
    return "https://api.cronofy.com" if name == "us" else f"https://api-{name}.cronofy.com"


def read_userinfo(auth: CronofyAuth) -> HttpRequest:
    """GET /v1/userinfo: identity, profiles and calendars in one call."""
    return _get(auth, "userinfo", f"{auth.base}/v1/userinfo")


def read_events(
    auth: CronofyAuth,
    *,
    date_from: date,
    date_to: date,
    calendar_ids: Sequence[str] = (),
    include_deleted: bool = False,
    include_moved: bool = False,
    last_modified: datetime | None = None,
) -> HttpRequest:
    """GET /v1/events from a day up to, not including, another. There is no call for one event.

    https://docs.cronofy.com/developers/api/events/read-events/

    Args:
        auth: Where, and with which token.
        date_from: The first day.
        date_to: The day after the last one.
        calendar_ids: Only of these calendars.
        include_deleted: With events that are marked as deleted.
        include_moved: With events that were in these days once.
        last_modified: Only events that were changed then or after, by an aware time; the service
            refuses fractions of a second, so the whole of its second counts.
    """
    query = [
        ("tzid", "Etc/UTC"),
        ("from", date_from.isoformat()),
        ("to", date_to.isoformat()),
        ("include_managed", "true"),
        ("include_deleted", "true" if include_deleted else "false"),
        *(("calendar_ids[]", calendar_id) for calendar_id in calendar_ids),
    ]
    if include_moved:
        query.append(("include_moved", "true"))
    if last_modified is not None:
        query.append(("last_modified", _second(last_modified)))
    return _get(auth, "events", f"{auth.base}/v1/events?{urlencode(query)}")


def read_page(auth: CronofyAuth, next_page: str) -> HttpRequest:
    """GET a following page, verbatim, but only from the host that we sent the token to before.

    Raises:
        ProviderProtocolError: The page is somewhere else.
    """
    ours, theirs = urlsplit(auth.base), urlsplit(next_page)
    if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
        raise ProviderProtocolError(PROVIDER, "events")
    return _get(auth, "events", next_page)


def change_participation(auth: CronofyAuth, calendar_id: str, uid: str, status: str) -> HttpRequest:
    """POST participation_status; answered 202 long before it is visible.

    https://docs.cronofy.com/developers/api/events/participation-status/
    """
    path = f"/v1/calendars/{quote(calendar_id, safe='')}/events/{quote(uid, safe='')}"
    return HttpRequest(
        operation="participation_status",
        method="POST",
        url=f"{auth.base}{path}/participation_status",
        headers={**_headers(auth), "Content-Type": "application/json; charset=utf-8"},
        body=write_json({"status": status}),
        repeatable=False,
    )


def parse_accepted(response: HttpResponse, operation: str) -> None:
    """Read the answer to a write.

    Raises:
        ProviderError: It is anything but a 2xx.
    """
    if not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP
        raise refuse(response, operation)


def parse_calendars(response: HttpResponse) -> Sequence[CalendarRow]:
    """Read the calendars out of userinfo. Its keys contain dots.

    Raises:
        ProviderError: It is a refusal, or unreadable.
    """
    data = mapping(_load(response, "userinfo").get("cronofy.data"))
    return [
        CalendarRow(
            calendar_id=text(calendar.get("calendar_id")),
            readonly=calendar.get("calendar_readonly") is True,
            deleted=calendar.get("calendar_deleted") is True,
            provider_name=text(profile.get("provider_name")),
            provider_service=text(profile.get("provider_service")),
        )
        for profile in mappings(data.get("profiles"))
        for calendar in mappings(profile.get("profile_calendars"))
    ]


def parse_account(response: HttpResponse) -> AccountRow:
    """Read out of userinfo whose token it is.

    https://docs.cronofy.com/developers/api/identity/userinfo/

    Raises:
        ProviderError: It is a refusal, or unreadable.
    """
    body = _load(response, "userinfo")
    data = mapping(body.get("cronofy.data"))
    profiles = mappings(data.get("profiles"))
    return AccountRow(
        sub=text(body.get("sub")),
        profiles=tuple(read_profile(profile) for profile in profiles),
        name=text(body.get("name")) or text(body.get("email")),
        scopes=frozenset(text(mapping(data.get("authorization")).get("scope")).split()),
        disconnected=sum(profile.get("profile_connected") is False for profile in profiles),
        timezone=text(body.get("zoneinfo")),
    )


def parse_events(response: HttpResponse) -> EventsPage:
    """Read a page of events. An event without uid, calendar or times is left out.

    Raises:
        ProviderError: It is a refusal, or unreadable.
    """
    body = _load(response, "events")
    if not isinstance(body.get("events"), list):
        raise ProviderProtocolError(PROVIDER, "events", status=response.status)
    rows = (read_event(event) for event in mappings(body.get("events")))
    return EventsPage(
        events=[row for row in rows if row is not None],
        next_page=text(mapping(body.get("pages")).get("next_page")),
    )


def _get(auth: CronofyAuth, operation: str, url: str) -> HttpRequest:
    return HttpRequest(
        operation=operation, method="GET", url=url, headers=_headers(auth), repeatable=True
    )


def _second(moment: datetime) -> str:
    """A time as requests take it. https://docs.cronofy.com/developers/api/data-types/."""
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _headers(auth: CronofyAuth) -> dict[str, str]:
    return {"Authorization": f"Bearer {auth.token}", "Accept": "application/json"}


def _load(response: HttpResponse, operation: str) -> Mapping[str, object]:
    parse_accepted(response, operation)
    try:
        body = read_json(response.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ProviderProtocolError(PROVIDER, operation, status=response.status)
    return body
