import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.cronofy import api
from bot.clients.cronofy.api import CronofyAuth
from bot.clients.cronofy.errors import NOT_EXTERNAL
from bot.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNotFoundError,
    ProviderPermissionError,
    ProviderPlanError,
    ProviderProtocolError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
    TokenExpiredError,
)
from bot.transport.messages import HttpResponse

AUTH = CronofyAuth(base="https://api.cronofy.com", token="s3cr3t")


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("us", "https://api.cronofy.com"),
        ("US", "https://api.cronofy.com"),
        ("De", "https://api-de.cronofy.com"),
        ("uk", "https://api-uk.cronofy.com"),
        ("au", "https://api-au.cronofy.com"),
        ("ca", "https://api-ca.cronofy.com"),
        ("sg", "https://api-sg.cronofy.com"),
    ],
)
def test_each_data_centre_has_its_address(name: str, base: str) -> None:
    assert api.api_base(name) == base


@pytest.mark.parametrize("name", ["", "fr", "us.evil.example/", "../de"])
def test_there_are_only_six_data_centres(name: str) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        api.api_base(name)


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    request = api.change_participation(AUTH, "cal_a/../b?c", "evt_external_1#d", "accepted")

    assert request.url == (
        "https://api.cronofy.com/v1/calendars/cal_a%2F..%2Fb%3Fc/events/evt_external_1%23d"
        "/participation_status"
    )
    assert json.loads(request.body) == {"status": "accepted"}
    assert not request.repeatable
    assert "s3cr3t" not in repr(request) + repr(AUTH)


def test_booleans_are_written_as_the_documentation_has_them() -> None:
    request = api.read_events(
        AUTH,
        date_from=date(2026, 3, 1),
        date_to=date(2026, 3, 5),
        calendar_ids=("cal_x@y",),
        include_deleted=True,
    )

    assert request.url == (
        "https://api.cronofy.com/v1/events?tzid=Etc%2FUTC&from=2026-03-01&to=2026-03-05"
        "&include_managed=true&include_deleted=true&calendar_ids%5B%5D=cal_x%40y"
    )


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC), "2026-03-02T09%3A00%3A05Z"),
        # The service refuses fractions, and the next second would be too late.
        (datetime(2026, 3, 2, 9, 0, 5, 999_999, UTC), "2026-03-02T09%3A00%3A05Z"),
        (
            datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2026-03-01T20%3A00%3A00Z",
        ),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00%3A00%3A00Z"),
    ],
)
def test_changes_are_asked_for_by_a_whole_second_of_utc(since: datetime, said: str) -> None:
    request = api.read_events(
        AUTH,
        date_from=date(2026, 3, 1),
        date_to=date(2026, 3, 5),
        include_deleted=True,
        include_moved=True,
        last_modified=since,
    )

    assert request.url == (
        "https://api.cronofy.com/v1/events?tzid=Etc%2FUTC&from=2026-03-01&to=2026-03-05"
        f"&include_managed=true&include_deleted=true&include_moved=true&last_modified={said}"
    )
    assert request.repeatable


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/v1/events/pages/1",
        "http://api.cronofy.com/v1/events/pages/1",
        "https://api.cronofy.com@evil.example/",
        "https://api.cronofy.com:8443/",
        "/v1/events/pages/1",
    ],
)
def test_a_page_elsewhere_is_not_asked_for(page: str) -> None:
    with pytest.raises(ProviderProtocolError):
        api.read_page(AUTH, page)


STATUSES = [
    (400, ProviderRequestError, False),
    (401, TokenExpiredError, False),
    (402, ProviderPlanError, False),
    (403, ProviderPermissionError, False),
    (404, ProviderNotFoundError, False),
    (410, ProviderNotFoundError, False),
    (418, ProviderRequestError, False),
    (422, ProviderRequestError, False),
    (423, ProviderAuthError, False),
    (429, RateLimitedError, False),
    (500, ProviderUnavailableError, True),
    (502, ProviderUnavailableError, True),
    (503, ProviderUnavailableError, True),
    (504, ProviderUnavailableError, True),
    (302, ProviderProtocolError, True),
    (999, ProviderUnavailableError, True),
]


@pytest.mark.parametrize(("status", "kind", "may_have_happened"), STATUSES)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"errors": 5}', b"\xff"])
def test_a_status_means_the_same_whatever_its_body(
    status: int, kind: type[ProviderError], may_have_happened: bool, body: bytes
) -> None:
    with pytest.raises(ProviderError) as caught:
        api.parse_events(HttpResponse(status=status, body=body))

    assert type(caught.value) is kind
    assert caught.value.may_have_happened is may_have_happened


def test_the_key_of_an_error_is_kept_and_its_prose_is_not() -> None:
    body = {"errors": {"event_uid": [{"key": NOT_EXTERNAL, "description": "secret prose"}]}}
    with pytest.raises(ProviderRequestError) as caught:
        api.parse_accepted(HttpResponse(status=422, body=json.dumps(body).encode()), "op")

    assert caught.value.code == NOT_EXTERNAL
    assert "prose" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7.0), ("-1", None), ("inf", None), ("soon", None), ("", None)]
)
def test_retry_after_is_taken_if_it_is_a_number(header: str, wait: float | None) -> None:
    with pytest.raises(RateLimitedError) as caught:
        api.parse_events(HttpResponse(status=429, headers={"retry-after": header}))

    assert caught.value.retry_after == wait


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        ("2026-03-05T14:00:00Z", datetime(2026, 3, 5, 14, tzinfo=UTC)),
        (
            {"time": "2026-03-05T15:00:00+01:00", "tzid": "Europe/Berlin"},
            datetime(2026, 3, 5, 14, tzinfo=UTC),
        ),
        ({"time": "2026-03-05", "tzid": "Europe/Berlin"}, date(2026, 3, 5)),
    ],
)
def test_times_come_in_three_forms(told: object, read: date) -> None:
    event = {
        "event_uid": "evt_external_1",
        "calendar_id": "cal_1",
        "start": told,
        "end": told,
        "updated": "0000-12-29T00:00:00Z",
    }

    page = api.parse_events(HttpResponse(status=200, body=json.dumps({"events": [event]}).encode()))

    assert [row.starts for row in page.events] == [read]
    assert page.next_page == ""


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_fields = st.sampled_from(
    [
        *("event_uid", "calendar_id", "start", "end", "options", "organizer", "attendees"),
        *("participation_status", "status", "transparency", "series_identifier", "deleted"),
    ]
)


@given(st.dictionaries(_fields, _json), _json)
def test_any_event_is_read_left_out_or_refused(event: dict[str, object], pages: object) -> None:
    good = {"event_uid": "evt_external_1", "calendar_id": "cal_1", "start": "2026-03-05"}
    body = {"events": [{**good, "end": "2026-03-06", **event}, pages], "pages": pages}
    for parse in (api.parse_events, api.parse_calendars):
        try:
            parse(HttpResponse(status=200, body=json.dumps(body).encode()))
        except ProviderError:
            pass


@given(st.binary())
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for parse in (api.parse_events, api.parse_calendars):
        try:
            parse(HttpResponse(status=200, body=body))
        except ProviderError:
            pass
