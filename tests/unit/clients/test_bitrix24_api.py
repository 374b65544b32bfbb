import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.bitrix24 import api, calendar, im
from bot.clients.bitrix24.address import CLOUD_DOMAINS, AddressRefusedError, PortalAddresses
from bot.clients.bitrix24.api import Command, PortalAuth
from bot.errors import ProviderProtocolError

WEBHOOK = PortalAuth(base="https://acme.bitrix24.com/rest/7/s3cr3t/")
TOKEN = PortalAuth(base="https://acme.bitrix24.com/rest/", token="s3cr3t")


def test_a_webhook_call_posts_json_to_the_webhooks_address() -> None:
    request = api.build_call(WEBHOOK, calendar.get_status("651"), repeatable=True)

    assert request.method == "POST"
    assert request.url == "https://acme.bitrix24.com/rest/7/s3cr3t/calendar.meeting.status.get"
    assert json.loads(request.body) == {"eventId": "651"}


def test_a_token_travels_in_the_body_and_never_in_the_address() -> None:
    request = api.build_call(TOKEN, calendar.get_status("651"), repeatable=True)

    assert request.url == "https://acme.bitrix24.com/rest/calendar.meeting.status.get"
    assert json.loads(request.body) == {"eventId": "651", "auth": "s3cr3t"}


def test_no_secret_is_in_a_repr() -> None:
    request = api.build_call(TOKEN, calendar.get_status("651"), repeatable=True)

    assert "s3cr3t" not in repr(request) + repr(WEBHOOK) + repr(TOKEN)


def test_a_batch_encodes_each_command_once_and_halts_by_a_number() -> None:
    commands = {
        "set": calendar.set_status("651", "Y"),
        "period": calendar.get_period("7", "2026-03-01", "2026-04-01"),
        "me": calendar.get_profile(),
    }

    request = api.build_batch(WEBHOOK, commands, halt=True, repeatable=False)

    assert not request.repeatable
    assert json.loads(request.body) == {
        "halt": 1,
        "cmd": {
            "set": "calendar.meeting.status.set?eventId=651&status=Y",
            "period": "calendar.event.get?type=user&ownerId=7&from=2026-03-01&to=2026-04-01",
            "me": "profile",
        },
    }


def test_the_own_events_of_a_period_are_those_of_whoever_the_profile_names() -> None:
    commands = {
        "me": calendar.get_profile(),
        "events": calendar.get_own_period("2026-03-01", "2026-04-01", profile="me"),
    }

    body = json.loads(api.build_batch(WEBHOOK, commands, halt=False, repeatable=True).body)

    method, _, query = body["cmd"]["events"].partition("?")
    assert method == "calendar.event.get"
    assert dict(parse_qsl(query)) == {
        "type": "user",
        "ownerId": "$result[me][ID]",
        "from": "2026-03-01",
        "to": "2026-04-01",
    }


def test_whatever_a_parameter_holds_stays_one_parameter() -> None:
    command = Command(method="m", params={"a": "x&b=c?d#e/../f"})

    body = json.loads(api.build_batch(WEBHOOK, {"k": command}, halt=False, repeatable=True).body)

    assert body["cmd"]["k"] == "m?a=x%26b%3Dc%3Fd%23e%2F..%2Ff"


@pytest.mark.parametrize("nothing", [None, False, [], {}])
def test_an_event_that_is_not_there_comes_in_four_shapes(nothing: object) -> None:
    assert calendar.parse_event(nothing) is None


@pytest.mark.parametrize(
    "row",
    [
        "text",
        5,
        [1],
        {"ID": "1"},
        {"ID": "1", "DATE_FROM_TS_UTC": "x", "DATE_TO_TS_UTC": "1"},
        {"ID": "1", "DATE_FROM_TS_UTC": "99999999999999", "DATE_TO_TS_UTC": "1"},
        {"ID": "", "DATE_FROM_TS_UTC": "1", "DATE_TO_TS_UTC": "1"},
    ],
)
def test_an_event_without_id_or_times_is_unreadable(row: object) -> None:
    with pytest.raises(ProviderProtocolError):
        calendar.parse_event(row)


@pytest.mark.parametrize(("told", "read"), [("y", "Y"), ("H", "H"), (None, None), (False, None)])
def test_a_status_is_a_letter_or_nothing(told: object, read: str | None) -> None:
    assert calendar.parse_status(told) == read


@pytest.mark.parametrize("told", ["", "YES", 1, [], True])
def test_any_other_status_is_unreadable(told: object) -> None:
    with pytest.raises(ProviderProtocolError):
        calendar.parse_status(told)


_row_values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
_row_fields = st.sampled_from(
    [
        *("ID", "PARENT_ID", "NAME", "DATE_FROM_TS_UTC", "DATE_TO_TS_UTC", "TZ_OFFSET_FROM"),
        *("RRULE", "ATTENDEE_LIST", "MEETING", "MEETING_HOST", "IS_MEETING", "DT_SKIP_TIME"),
        *("OWNER_ID", "MEETING_STATUS", "ACCESSIBILITY", "TZ_OFFSET_TO"),
    ]
)


@given(st.dictionaries(_row_fields, _row_values))
def test_any_row_is_read_or_refused(row: dict[str, object]) -> None:
    try:
        calendar.parse_event(row)
    except ProviderProtocolError:
        pass


@pytest.mark.parametrize("told", ["invisible", 1, {}, ""])
def test_an_unknown_presence_is_unreadable(told: object) -> None:
    with pytest.raises(ProviderProtocolError):
        im.parse_status(told)


ADDRESSES = PortalAddresses(
    ["portal.acme.example", "10.0.0.5:8443"], operator_urls=["http://127.0.0.1:8080/rest/1/x/"]
)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://acme.bitrix24.com/rest/1/x/", "https://acme.bitrix24.com"),
        ("https://ACME.bitrix24.RU/rest/", "https://acme.bitrix24.ru"),
        ("https://acme.bitrix24.com.br:443/", "https://acme.bitrix24.com.br:443"),
        ("https://portal.acme.example/rest/", "https://portal.acme.example"),
        ("https://10.0.0.5:8443/rest/", "https://10.0.0.5:8443"),
        ("http://127.0.0.1:8080/rest/1/x/", "http://127.0.0.1:8080"),
    ],
)
def test_portals_of_the_cloud_and_listed_hosts_are_let_through(url: str, origin: str) -> None:
    assert ADDRESSES.judge(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme.bitrix24.com",
        "http://acme.bitrix24.com/rest/",
        "https://bitrix24.com.evil.example/",
        "https://evilbitrix24.com/",
        "https://a.b.bitrix24.com/",
        "https://acme.bitrix24.com@evil.example/",
        "https://user:pass@acme.bitrix24.com/",
        "https://acme.bitrix24.com:8443/",
        "https://127.0.0.1/",
        "http://127.0.0.1:9999/",
        "https://10.0.0.5/",
        "https://[::1]/",
        "https://[bad/",
        "https://acme.bitrix24.com:port/",
        "https://acme.bitr\u0456x24.com/",
        "https://\u0430cme.bitrix24.com/",
        "https://acme.bitrix24\u3002com/",
        "ftp://acme.bitrix24.com/",
        "file:///etc/passwd",
    ],
)
def test_every_other_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(AddressRefusedError) as caught:
        ADDRESSES.judge(url)
    assert str(caught.value) in {"malformed", "not_https", "unknown_host"}


def test_every_cloud_domain_is_let_through_with_a_portals_name() -> None:
    for domain in CLOUD_DOMAINS:
        assert ADDRESSES.judge(f"https://acme.{domain}/") == f"https://acme.{domain}"
    assert len(CLOUD_DOMAINS) > 10
