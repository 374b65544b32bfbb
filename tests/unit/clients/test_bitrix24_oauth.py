"""Signing in at a portal: addresses, requests, answers, and every refusal of the server."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.bitrix24 import oauth
from bot.clients.bitrix24.errors import SYSTEM_ERRORS
from bot.clients.bitrix24.oauth import EXCHANGE, REFRESH, Application, Grant, parse_grant
from bot.clients.bitrix24.oauth_errors import OAUTH_ERRORS
from bot.clients.bitrix24.oauth_servers import TOKEN_SERVERS, TokenServers
from bot.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderPermissionError,
    ProviderPlanError,
    ProviderProtocolError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
    TokenExpiredError,
)
from bot.transport.messages import HttpResponse

APPLICATION = Application(client_id="local.1a2b", client_secret="s3cr3t&co=1")
ANSWER = {
    "access_token": "acc3ss",
    "client_endpoint": "https://acme.bitrix24.com/rest/",
    "domain": "oauth.bitrix.info",
    "expires": 1780319382,
    "expires_in": 3600,
    "member_id": "f3c0ffee",
    "refresh_token": "r3fr3sh",
    "scope": "calendar,im",
    "server_endpoint": "https://oauth.bitrix24.tech/rest/",
    "status": "L",
    "user_id": 67,
}


def _answer(status: int, body: object) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps(body).encode())


def _grant(changes: Mapping[str, object] = {}, operation: str = EXCHANGE) -> Grant:
    """What is read of the good answer with these changes; None takes a field away."""
    body = {name: value for name, value in {**ANSWER, **changes}.items() if value is not None}
    return parse_grant(_answer(200, body), operation)


def _error(response: HttpResponse, operation: str = REFRESH) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        parse_grant(response, operation)
    return caught.value


def test_the_consent_page_gets_the_client_and_the_state_and_nothing_else() -> None:
    url = oauth.authorize_url("https://acme.bitrix24.com", APPLICATION, "a&b=c d")

    assert url == (
        "https://acme.bitrix24.com/oauth/authorize/?client_id=local.1a2b&state=a%26b%3Dc+d"
    )


@pytest.mark.parametrize(
    ("operation", "grant_type", "name"),
    [(EXCHANGE, "authorization_code", "code"), (REFRESH, "refresh_token", "refresh_token")],
)
def test_tokens_are_asked_for_by_a_get_that_is_never_repeated(
    operation: str, grant_type: str, name: str
) -> None:
    build = {EXCHANGE: oauth.build_exchange, REFRESH: oauth.build_refresh}[operation]

    request = build("https://oauth.bitrix.info", APPLICATION, "x&client_id=evil#?/%")

    parts = urlsplit(request.url)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == (
        "https",
        "oauth.bitrix.info",
        "/oauth/token/",
        "",
    )
    assert parse_qs(parts.query) == {
        "grant_type": [grant_type],
        "client_id": ["local.1a2b"],
        "client_secret": ["s3cr3t&co=1"],
        name: ["x&client_id=evil#?/%"],
    }
    assert (request.operation, request.method, request.body) == (operation, "GET", b"")
    assert not request.repeatable


# The first text that is drawn on a machine builds a table of all characters.
_calmly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_calmly
@given(st.text())
def test_whatever_a_browser_brings_as_code_makes_a_request(code: str) -> None:
    request = oauth.build_exchange("https://oauth.bitrix.info", APPLICATION, code)

    assert request.url.isascii()


@_calmly
@given(st.characters(categories=["Cs"]))
def test_half_a_character_makes_a_request_too(code: str) -> None:
    assert oauth.build_exchange("https://oauth.bitrix.info", APPLICATION, code).url.isascii()


def test_no_secret_is_in_a_repr() -> None:
    shown = repr(APPLICATION) + repr(_grant())
    shown += repr(oauth.build_refresh("https://oauth.bitrix.info", APPLICATION, "r3fr3sh"))

    assert "local.1a2b" in shown
    assert not any(secret in shown for secret in ("s3cr3t", "acc3ss", "r3fr3sh"))


def test_a_whole_answer_is_read() -> None:
    assert _grant() == Grant(
        access_token="acc3ss",
        refresh_token="r3fr3sh",
        endpoint="https://acme.bitrix24.com/rest/",
        member_id="f3c0ffee",
        user_id=67,
        expires_in=3600.0,
        scopes=frozenset({"calendar", "im"}),
        token_server="https://oauth.bitrix24.tech",
    )


@pytest.mark.parametrize(
    ("changes", "field", "read"),
    [
        ({"user_id": None}, "user_id", None),
        ({"user_id": "67"}, "user_id", 67),
        ({"user_id": 0}, "user_id", None),
        ({"user_id": -1}, "user_id", None),
        ({"user_id": True}, "user_id", None),
        ({"user_id": "6७"}, "user_id", None),
        ({"user_id": 10**30}, "user_id", None),
        ({"expires_in": "1800"}, "expires_in", 1800.0),
        ({"expires_in": None}, "expires_in", 3600.0),
        ({"expires_in": 0}, "expires_in", 3600.0),
        ({"expires_in": True}, "expires_in", 3600.0),
        ({"expires_in": "soon"}, "expires_in", 3600.0),
        ({"expires_in": float("nan")}, "expires_in", 3600.0),
        ({"expires_in": float("inf")}, "expires_in", 3600.0),
        ({"expires_in": 10**400}, "expires_in", 3600.0),
        ({"expires_in": [1]}, "expires_in", 3600.0),
        ({"scope": "app"}, "scopes", frozenset({"app"})),
        ({"scope": "calendar, im  imbot"}, "scopes", frozenset({"calendar", "im", "imbot"})),
        ({"scope": ""}, "scopes", frozenset()),
        ({"scope": ["im"]}, "scopes", frozenset()),
        ({"server_endpoint": None}, "token_server", None),
        ({"server_endpoint": "https://evil.example/rest/"}, "token_server", None),
        ({"domain": "acme.bitrix24.com"}, "member_id", "f3c0ffee"),
        ({"client_endpoint": "http://127.0.0.1:8080/rest/"}, "endpoint", None),
    ],
)
def test_fields_that_vary_are_taken_as_they_come_or_left(
    changes: dict[str, object], field: str, read: object
) -> None:
    grant = _grant(changes)

    expected = changes["client_endpoint"] if field == "endpoint" else read
    assert getattr(grant, field) == expected
    assert (grant.access_token, grant.refresh_token) == ("acc3ss", "r3fr3sh")


NO_TOKENS: list[dict[str, object]] = [
    {"access_token": None},
    {"access_token": ""},
    {"access_token": 5},
    {"access_token": "two words"},
    {"access_token": "line\r\nbreak"},
    {"access_token": "\ud800"},
    {"refresh_token": None},
    {"refresh_token": ["r3fr3sh"]},
]
NO_PORTAL: list[dict[str, object]] = [
    {"member_id": None},
    {"member_id": "../../etc"},
    {"client_endpoint": None},
    {"client_endpoint": "acme.bitrix24.com/rest/"},
    {"client_endpoint": "https://"},
    {"client_endpoint": "https://[bad/rest/"},
    {"client_endpoint": "https://acme.bitrix24.com:port/rest/"},
    {"client_endpoint": "https://user:pass@acme.bitrix24.com/rest/"},
    {"client_endpoint": "https://acme.bitrix24.com/rest/?x=1"},
    {"client_endpoint": "https://acme.bitrix24.com/rest/#x"},
    {"client_endpoint": "ftp://acme.bitrix24.com/rest/"},
    {"client_endpoint": 7},
]


@pytest.mark.parametrize("changes", NO_TOKENS)
@pytest.mark.parametrize("operation", [EXCHANGE, REFRESH])
def test_an_answer_without_tokens_is_unreadable(operation: str, changes: dict[str, object]) -> None:
    with pytest.raises(ProviderProtocolError):
        _grant(changes, operation)


@pytest.mark.parametrize("changes", NO_PORTAL)
def test_a_sign_in_must_say_at_which_portal_but_a_refresh_need_not(
    changes: dict[str, object],
) -> None:
    with pytest.raises(ProviderProtocolError):
        _grant(changes, EXCHANGE)

    grant = _grant(changes, REFRESH)

    assert (grant.access_token, grant.refresh_token) == ("acc3ss", "r3fr3sh")
    assert "" in (grant.endpoint, grant.member_id)


# code, statuses, our exception, may have happened, worth another try
TABLE = [
    ("invalid_grant", (400, 401, 200), ProviderAuthError, False, False),
    ("expired_token", (401,), ProviderAuthError, False, False),
    ("invalid_token", (401,), ProviderAuthError, False, False),
    ("NOT_INSTALLED", (401, 400), ProviderAuthError, False, False),
    ("NO_AUTH_FOUND", (401,), ProviderAuthError, False, False),
    ("APPLICATION_NOT_FOUND", (401,), ProviderAuthError, False, False),
    ("ERROR_OAUTH", (401,), ProviderAuthError, False, False),
    ("authorization_error", (401,), ProviderAuthError, False, False),
    ("invalid_client", (400, 401), ProviderRequestError, False, False),
    ("wrong_client", (200, 400), ProviderRequestError, False, False),
    ("unauthorized_client", (400,), ProviderRequestError, False, False),
    ("unsupported_grant_type", (400,), ProviderRequestError, False, False),
    ("invalid_request", (400,), ProviderRequestError, False, False),
    ("invalid_request", (500,), ProviderUnavailableError, True, True),
    ("insufficient_scope", (403, 401), ProviderPermissionError, False, False),
    ("invalid_scope", (400,), ProviderPermissionError, False, False),
    ("PAYMENT_REQUIRED", (401, 402, 403), ProviderPlanError, False, False),
    ("ACCESS_DENIED", (403,), ProviderPlanError, False, False),
    ("CONNECTION_ERROR", (401, 500), ProviderUnavailableError, False, True),
    ("INTERNAL_SERVER_ERROR", (500,), ProviderUnavailableError, True, True),
    ("ERROR_UNEXPECTED_ANSWER", (500,), ProviderUnavailableError, True, True),
    ("OVERLOAD_LIMIT", (503, 401), ProviderUnavailableError, False, False),
    ("PORTAL_DELETED", (410, 403), ProviderUnavailableError, False, False),
    ("QUERY_LIMIT_EXCEEDED", (503, 429), RateLimitedError, False, True),
    ("NEVER_HEARD_OF", (400, 401, 403, 200), ProviderRequestError, False, False),
    ("NEVER_HEARD_OF", (500, 503), ProviderUnavailableError, True, True),
    ("NEVER_HEARD_OF", (429,), RateLimitedError, False, True),
]
CELLS = [(code, status, *rest) for code, statuses, *rest in TABLE for status in statuses]


@pytest.mark.parametrize(("code", "status", "kind", "may_have_happened", "worth_it"), CELLS)
def test_a_refusal_means_what_its_code_says(
    code: str,
    status: int,
    kind: type[ProviderError],
    may_have_happened: bool,
    worth_it: bool,
) -> None:
    for operation in (EXCHANGE, REFRESH):
        error = _error(_answer(status, {"error": code, "error_description": "prose"}), operation)

        assert type(error) is kind
        again = error.transient and not getattr(error, "final", False)
        assert (error.may_have_happened, again) == (may_have_happened, worth_it)
        assert (error.operation, error.status) == (operation, status)
        assert "prose" not in str(error)


def test_the_table_walks_every_code_that_only_this_server_has() -> None:
    own = {code for code, meaning in OAUTH_ERRORS.items() if SYSTEM_ERRORS.get(code) != meaning}

    assert len(own) >= 8
    assert {code.upper() for code, *_ in TABLE} >= own


def test_no_code_asks_for_a_refresh_of_the_refresh() -> None:
    for code in OAUTH_ERRORS:
        error = _error(_answer(401, {"error": code}))
        assert not isinstance(error, TokenExpiredError), code
    assert len(OAUTH_ERRORS) > 30


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>Bad Gateway</html>", ProviderUnavailableError),
        (403, b"<html>Forbidden</html>", ProviderUnavailableError),
        (401, b" \n<!doctype html>", ProviderUnavailableError),
        (200, b"<html>Sign in to the hotel's network</html>", ProviderUnavailableError),
        (302, b"<html>Moved</html>", ProviderUnavailableError),
        (500, b"", ProviderUnavailableError),
        (999, b"{}", ProviderUnavailableError),
        (500, json.dumps(ANSWER).encode(), ProviderUnavailableError),
        (429, b"slow", RateLimitedError),
        (302, b"", ProviderProtocolError),
        (200, b"", ProviderProtocolError),
        (200, b'{"access_token": "acc', ProviderProtocolError),
        (200, b"[]", ProviderProtocolError),
        (200, b"{}", ProviderProtocolError),
        (200, b"[" * 100_000, ProviderProtocolError),
        (401, b"", ProviderRequestError),
        (404, b"{}", ProviderRequestError),
        (400, json.dumps(ANSWER).encode(), ProviderRequestError),
        (200, b'{"error": ""}', ProviderRequestError),
        (200, b'{"error": null}', ProviderRequestError),
        (400, b'{"error": {"code": "invalid_grant"}}', ProviderRequestError),
    ],
)
def test_only_a_known_code_ends_a_sign_in(
    status: int, body: bytes, kind: type[ProviderError]
) -> None:
    assert type(_error(HttpResponse(status=status, body=body))) is kind


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("", None), ("soon", None), ("inf", None), ("-1", None), ("1" * 400, None)],
)
def test_a_limit_may_say_when_to_come_back(header: str, seconds: float | None) -> None:
    for body in (b"", b'{"error": "QUERY_LIMIT_EXCEEDED"}'):
        error = _error(HttpResponse(status=429, headers={"retry-after": header}, body=body))

        assert isinstance(error, RateLimitedError)
        assert error.retry_after == seconds


@pytest.mark.parametrize("cut", [1, 20, 120])
def test_a_refresh_whose_answer_is_cut_short_may_have_happened(cut: int) -> None:
    error = _error(HttpResponse(status=200, body=json.dumps(ANSWER).encode()[:cut]))

    assert error.may_have_happened


def test_a_server_that_repeats_what_we_sent_does_not_get_it_into_an_error() -> None:
    body = {"error": "r3fr3sh", "error_description": "s3cr3t", "r3fr3sh": "acc3ss"}

    error = _error(_answer(400, body))

    assert type(error) is ProviderRequestError
    assert not any(word in repr(error) + str(error) for word in ("s3", "r3", "c3"))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_changes = st.dictionaries(st.sampled_from([*ANSWER, "error"]), _json)


@_calmly
@given(body=_json, status=st.integers(min_value=100, max_value=599))
def test_any_json_gives_a_grant_or_our_exception(body: object, status: int) -> None:
    for operation in (EXCHANGE, REFRESH):
        try:
            parse_grant(_answer(status, body), operation)
        except ProviderError:
            pass


@_calmly
@given(changes=_changes, status=st.sampled_from([200, 400, 401, 500]))
def test_a_good_answer_with_anything_in_its_fields_gives_a_grant_that_can_be_used(
    changes: dict[str, object], status: int
) -> None:
    try:
        grant = parse_grant(_answer(status, ANSWER | changes), REFRESH)
    except ProviderError:
        return
    assert status == 200
    assert "error" not in changes
    assert grant.expires_in > 0
    assert grant.token_server in (None, *TOKEN_SERVERS)
    assert oauth.build_refresh("https://a", APPLICATION, grant.refresh_token).url.isascii()


@_calmly
@given(st.binary(), st.integers(min_value=100, max_value=599))
def test_any_bytes_give_our_exception(body: bytes, status: int) -> None:
    _error(HttpResponse(status=status, body=body))


SERVERS = TokenServers("http://127.0.0.1:8085/")


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://oauth.bitrix.info/rest/", "https://oauth.bitrix.info"),
        ("https://OAuth.Bitrix.info", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix.info:443/rest/", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix24.tech/rest/", "https://oauth.bitrix24.tech"),
    ],
)
def test_a_known_server_is_recognised(address: str, origin: str) -> None:
    assert TokenServers().recognise(address) == origin


def test_the_operators_server_takes_the_place_of_the_vendors() -> None:
    assert SERVERS.recognise("http://127.0.0.1:8085/rest/") == "http://127.0.0.1:8085"
    assert len(TOKEN_SERVERS) == 2
    for address in TOKEN_SERVERS:
        assert TokenServers().recognise(address) == address
        assert SERVERS.recognise(address) is None


@pytest.mark.parametrize(
    "address",
    [
        None,
        5,
        "",
        "oauth.bitrix.info",
        "http://oauth.bitrix.info/rest/",
        "https://oauth.bitrix.info.evil.example/",
        "https://evil.example/oauth.bitrix.info/",
        "https://oauth.bitrix.info@evil.example/",
        "https://user@oauth.bitrix.info/",
        "https://oauth.bitrix.info:8443/",
        "https://acme.bitrix24.com/rest/",
        "http://127.0.0.1:8086/rest/",
        "https://127.0.0.1:8085/rest/",
        "http://localhost:8085/",
        "https://[bad/",
        "https://oauth.bitrix.info:port/",
        "javascript:alert(1)",
    ],
)
def test_every_other_server_is_ignored(address: object) -> None:
    assert TokenServers().recognise(address) is None
    assert SERVERS.recognise(address) is None


def test_without_the_operators_word_nothing_on_loopback_is_a_server() -> None:
    assert TokenServers().recognise("http://127.0.0.1:8085/rest/") is None
    assert TokenServers().listed == frozenset()
    assert SERVERS.listed == {"127.0.0.1:8085"}


@pytest.mark.parametrize(
    ("portal", "server"),
    [
        ("", "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.com", "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.de", "https://oauth.bitrix.info"),
        ("https://portal.acme.example", "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.ru", "https://oauth.bitrix24.tech"),
        ("https://acme.bitrix24.by", "https://oauth.bitrix24.tech"),
        ("https://acme.bitrix24.kz:443", "https://oauth.bitrix24.tech"),
        ("https://bitrix24.ru.evil.example", "https://oauth.bitrix.info"),
    ],
)
def test_a_code_goes_to_the_server_of_the_portals_region(portal: str, server: str) -> None:
    assert TokenServers().of_portal(portal) == server
    assert SERVERS.of_portal(portal) == "http://127.0.0.1:8085"


@pytest.mark.parametrize(
    "override",
    [
        "oauth.example",
        "http://oauth.example",
        "https://",
        "ftp://127.0.0.1",
        "https://u:p@a.example",
    ],
)
def test_the_operators_server_is_https_or_on_loopback(override: str) -> None:
    assert TokenServers("https://oauth.acme.example").of_portal() == "https://oauth.acme.example"

    with pytest.raises(ValueError, match="must be an https address") as caught:
        TokenServers(override)
    assert override not in str(caught.value)
