"""Signing in at Cronofy: addresses, requests, answers, and every refusal of the token endpoints."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.cronofy import api, oauth, profiles
from bot.clients.cronofy.api import parse_account
from bot.clients.cronofy.oauth import EXCHANGE, REFRESH, REVOKE, Application, Grant, parse_grant
from bot.clients.cronofy.oauth_errors import OAUTH_ERRORS
from bot.clients.cronofy.profiles import LinkedProfile
from bot.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderPlanError,
    ProviderProtocolError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
    TokenExpiredError,
)
from bot.transport.messages import HttpRequest, HttpResponse

APPLICATION = Application(
    client_id="cl13nt", client_secret="s3cr3t", redirect_uri="https://bot.example/back?from=cronofy"
)
GOOGLE = {
    "provider_name": "google",
    "provider_service": "gsuite",
    "profile_id": "pro_1",
    "profile_name": "ann@acme.example",
}
ANSWER = {
    "token_type": "bearer",
    "access_token": "acc3ss-_",
    "expires_in": 10800,
    "refresh_token": "r3fr3sh",
    "scope": "read_events change_participation_status",
    "account_id": "acc_5700a00eb0ccd07000000000",
    "sub": "acc_5700a00eb0ccd07000000000",
    "linking_profile": GOOGLE,
}


def _answer(status: int, body: object) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps(body).encode())


def _grant(changes: Mapping[str, object] = {}, operation: str = EXCHANGE) -> Grant:
    """What is read of the good answer with these changes; None takes a field away."""
    body = {name: value for name, value in {**ANSWER, **changes}.items() if value is not None}
    return parse_grant(_answer(200, body), operation, refresh_token="0ld")


def _parse(operation: str, response: HttpResponse) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        parse_grant(response, operation, refresh_token="0ld")
    return caught.value


def _refused_revocation(response: HttpResponse) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        oauth.parse_revoked(response)
    return caught.value


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("us", "https://app.cronofy.com"),
        ("UK", "https://app-uk.cronofy.com"),
        ("de", "https://app-de.cronofy.com"),
        ("au", "https://app-au.cronofy.com"),
        ("ca", "https://app-ca.cronofy.com"),
        ("sg", "https://app-sg.cronofy.com"),
    ],
)
def test_each_data_centre_has_its_consent_page(name: str, base: str) -> None:
    assert oauth.app_base(name) == base


def test_the_table_has_all_data_centres_and_there_are_no_others() -> None:
    assert len({oauth.app_base(name) for name in api.DATA_CENTERS}) == 6
    with pytest.raises(ValueError, match="must be one of"):
        oauth.app_base("us.evil.example/")


@pytest.mark.parametrize("base", ["https://app-de.cronofy.com", "http://127.0.0.1:8080/"])
def test_consent_is_asked_for_exactly_what_answering_needs(base: str) -> None:
    url = oauth.authorize_url(base, APPLICATION, "a&b=c d")

    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == base.rstrip("/")
    assert parts.path == "/oauth/authorize"
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["cl13nt"],
        "redirect_uri": ["https://bot.example/back?from=cronofy"],
        "scope": ["read_events change_participation_status"],
        "state": ["a&b=c d"],
        "avoid_linking": ["true"],
    }
    assert "scope=read_events%20change_participation_status" in url
    assert "s3cr3t" not in url


@pytest.mark.parametrize(
    ("operation", "build", "path", "body", "repeatable"),
    [
        (
            EXCHANGE,
            oauth.build_exchange,
            "/oauth/token",
            {
                "grant_type": "authorization_code",
                "code": "x\ud800&",
                "redirect_uri": "https://bot.example/back?from=cronofy",
            },
            False,
        ),
        (
            REFRESH,
            oauth.build_refresh,
            "/oauth/token",
            {"grant_type": "refresh_token", "refresh_token": "x\ud800&"},
            False,
        ),
        (REVOKE, oauth.build_revoke, "/oauth/token/revoke", {"token": "x\ud800&"}, True),
    ],
)
def test_secrets_travel_in_a_json_body_and_only_revoking_may_be_repeated(
    operation: str,
    build: Callable[[str, Application, str], HttpRequest],
    path: str,
    body: dict[str, str],
    repeatable: bool,
) -> None:
    request = build("https://api-de.cronofy.com", APPLICATION, "x\ud800&")

    assert request.url == "https://api-de.cronofy.com" + path
    assert (request.operation, request.method) == (operation, "POST")
    assert request.repeatable is repeatable
    client = {"client_id": "cl13nt", "client_secret": "s3cr3t"}
    assert json.loads(request.body) == client | body


def test_no_secret_is_in_a_repr() -> None:
    shown = repr(APPLICATION) + repr(_grant())
    shown += repr(oauth.build_refresh("https://api.cronofy.com", APPLICATION, "r3fr3sh"))

    assert "cl13nt" in shown
    assert not any(secret in shown for secret in ("s3cr3t", "acc3ss", "r3fr3sh"))


def test_a_whole_answer_is_read() -> None:
    assert _grant() == Grant(
        access_token="acc3ss-_",
        refresh_token="r3fr3sh",
        sub="acc_5700a00eb0ccd07000000000",
        expires_in=10800.0,
        scopes=frozenset({"read_events", "change_participation_status"}),
        profile=LinkedProfile(
            provider_name="google", provider_service="gsuite", profile_name="ann@acme.example"
        ),
    )


def test_the_answer_to_a_refresh_names_neither_account_nor_profile() -> None:
    grant = _grant({"sub": None, "account_id": None, "linking_profile": None}, REFRESH)

    assert (grant.sub, grant.profile, grant.refresh_token) == ("", None, "r3fr3sh")


@pytest.mark.parametrize(
    ("changes", "field", "read"),
    [
        ({"refresh_token": None}, "refresh_token", "0ld"),
        ({"refresh_token": "n3w"}, "refresh_token", "n3w"),
        ({"refresh_token": "two words"}, "refresh_token", "0ld"),
        ({"sub": None}, "sub", "acc_5700a00eb0ccd07000000000"),
        ({"account_id": None}, "sub", "acc_5700a00eb0ccd07000000000"),
        ({"expires_in": None}, "expires_in", None),
        ({"expires_in": 1800}, "expires_in", 1800.0),
        ({"expires_in": True}, "expires_in", None),
        ({"expires_in": "3600"}, "expires_in", None),
        ({"expires_in": -1}, "expires_in", None),
        ({"expires_in": 10**400}, "expires_in", None),
        ({"expires_in": float("nan")}, "expires_in", None),
        ({"scope": None}, "scopes", frozenset()),
        ({"scope": 7}, "scopes", frozenset()),
        ({"scope": "read_write"}, "scopes", frozenset({"read_write"})),
        ({"linking_profile": "pro_1"}, "profile", None),
        (
            {"linking_profile": {"provider_name": 3, "profile_name": "ann"}},
            "profile",
            LinkedProfile(provider_name="", provider_service="", profile_name="ann"),
        ),
    ],
)
def test_fields_that_vary_are_taken_as_they_come_or_left(
    changes: dict[str, object], field: str, read: object
) -> None:
    assert getattr(_grant(changes), field) == read


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        (EXCHANGE, {"access_token": None}),
        (REFRESH, {"access_token": None}),
        (REFRESH, {"access_token": "line\r\nbreak"}),
        (REFRESH, {"access_token": ["a"]}),
        (EXCHANGE, {"sub": None, "account_id": None}),
        (EXCHANGE, {"sub": "../acc", "account_id": 5}),
    ],
)
def test_an_answer_without_token_or_account_is_unreadable(
    operation: str, changes: dict[str, object]
) -> None:
    with pytest.raises(ProviderProtocolError):
        _grant(changes, operation)


def test_a_sign_in_without_a_refresh_token_is_unreadable() -> None:
    body = {name: value for name, value in ANSWER.items() if name != "refresh_token"}

    with pytest.raises(ProviderProtocolError):
        parse_grant(_answer(200, body))


# code, statuses, our exception, may have happened, worth another try
TABLE = [
    ("invalid_grant", (400, 401, 200), ProviderAuthError, False, False),
    ("invalid_client", (400, 401), ProviderRequestError, False, False),
    ("unauthorized_client", (400,), ProviderRequestError, False, False),
    ("unsupported_grant_type", (400,), ProviderRequestError, False, False),
    ("invalid_request", (400,), ProviderRequestError, False, False),
    ("invalid_scope", (400,), ProviderRequestError, False, False),
    ("never_heard_of", (400, 401, 403, 404, 422, 423, 200), ProviderRequestError, False, False),
    ("never_heard_of", (402,), ProviderPlanError, False, False),
    ("invalid_grant", (500, 503), ProviderUnavailableError, True, True),
    ("invalid_grant", (429,), RateLimitedError, False, True),
]
CELLS = [(code, status, *rest) for code, statuses, *rest in TABLE for status in statuses]


@pytest.mark.parametrize(("code", "status", "kind", "may_have_happened", "worth_it"), CELLS)
def test_a_refusal_means_what_its_word_says(
    code: str,
    status: int,
    kind: type[ProviderError],
    may_have_happened: bool,
    worth_it: bool,
) -> None:
    for operation in (EXCHANGE, REFRESH):
        error = _parse(operation, _answer(status, {"error": code, "error_description": "prose"}))

        assert type(error) is kind
        assert (error.may_have_happened, error.transient) == (may_have_happened, worth_it)
        assert (error.operation, error.status) == (operation, status)
        assert "prose" not in str(error)


@pytest.mark.parametrize("status", [400, 422])
def test_a_used_code_is_known_by_its_key_too(status: int) -> None:
    key = {"key": "errors.unknown_or_used", "description": "prose"}

    error = _parse(EXCHANGE, _answer(status, {"errors": {"other": [5], "code": [key]}}))

    assert (type(error), error.code) == (ProviderAuthError, "errors.unknown_or_used")


def test_the_tables_walk_every_word_we_know() -> None:
    assert {code for code, *_ in TABLE} | {"errors.unknown_or_used"} >= set(OAUTH_ERRORS)
    assert len(OAUTH_ERRORS) >= 7


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>Bad Gateway</html>", ProviderUnavailableError),
        (403, b"<html>Forbidden</html>", ProviderUnavailableError),
        (200, b"\n<!doctype html>", ProviderUnavailableError),
        (500, b"", ProviderUnavailableError),
        (401, b"", ProviderRequestError),
        (401, b"[]", ProviderRequestError),
        (423, b"", ProviderRequestError),
        (402, b"", ProviderPlanError),
        (302, b"", ProviderProtocolError),
        (200, b"", ProviderProtocolError),
        (200, b'{"access_token": "acc', ProviderProtocolError),
        (200, b"[" * 100_000, ProviderProtocolError),
        (200, b"{}", ProviderProtocolError),
        (400, b'{"errors": {"code": "x"}}', ProviderRequestError),
        (400, b'{"errors": [1]}', ProviderRequestError),
    ],
)
def test_only_a_known_word_ends_a_sign_in(
    status: int, body: bytes, kind: type[ProviderError]
) -> None:
    assert type(_parse(REFRESH, HttpResponse(status=status, body=body))) is kind


@pytest.mark.parametrize("status", [200, 400, 500])
def test_no_refusal_asks_for_a_refresh_of_the_refresh_or_repeats_what_we_sent(status: int) -> None:
    body = {"error": "r3fr3sh", "error_description": "s3cr3t", "errors": {"r": [{"key": "secret"}]}}

    error = _parse(REFRESH, _answer(status, body))

    assert not isinstance(error, TokenExpiredError)
    assert not any(word in repr(error) + str(error) for word in ("s3", "r3", "secret"))


def test_a_limit_says_when_to_come_back() -> None:
    error = _parse(REFRESH, HttpResponse(status=429, headers={"retry-after": "7"}))

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 7.0


def test_a_revocation_is_read_by_its_status() -> None:
    oauth.parse_revoked(HttpResponse(status=200))
    refused = _refused_revocation(_answer(400, {"error": "invalid_client"}))
    broken = _refused_revocation(HttpResponse(status=503))

    assert (type(refused), refused.code) == (ProviderRequestError, "invalid_client")
    assert type(broken) is ProviderUnavailableError


@pytest.mark.parametrize(
    ("name", "answerable"),
    [
        ("google", True),
        ("exchange", True),
        ("apple", True),
        ("live_connect", True),
        ("never_heard_of", True),
        ("google_free_busy", False),
        ("ms_graph_free_busy", False),
        ("cronofy", False),
    ],
)
def test_access_modes_without_events_are_told_apart(name: str, answerable: bool) -> None:
    chosen = GOOGLE | {"provider_name": name}
    told_at_once = _grant({"linking_profile": chosen}).profile
    [told_later] = parse_account(_answer(200, {"cronofy.data": {"profiles": [chosen]}})).profiles

    assert told_at_once == told_later
    assert told_later.answerable is answerable


def test_the_modes_are_those_of_the_table() -> None:
    assert {"google_free_busy", "ms_graph_free_busy", "cronofy"} == profiles.WITHOUT_INVITATIONS


def test_an_account_may_have_no_calendar_service_yet() -> None:
    assert parse_account(_answer(200, {"cronofy.data": {"profiles": []}})).profiles == ()


# The first text that is drawn on a machine builds a table of all characters.
_calmly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_fields = st.sampled_from([*ANSWER, "error", "errors"])


@_calmly
@given(body=_json, status=st.integers(min_value=100, max_value=599))
def test_any_json_gives_a_grant_or_our_exception(body: object, status: int) -> None:
    response = _answer(status, body)
    for operation in (EXCHANGE, REFRESH):
        try:
            parse_grant(response, operation, refresh_token="0ld")
        except ProviderError:
            pass
    try:
        parse_account(response)
    except ProviderError:
        pass


@_calmly
@given(changes=st.dictionaries(_fields, _json), status=st.sampled_from([200, 400, 401, 500]))
def test_a_good_answer_with_anything_in_its_fields_gives_a_grant_that_can_be_used(
    changes: dict[str, object], status: int
) -> None:
    try:
        grant = parse_grant(_answer(status, ANSWER | changes), REFRESH, refresh_token="0ld")
    except ProviderError:
        return
    assert status == 200
    assert "error" not in changes
    assert grant.expires_in is None or grant.expires_in > 0
    assert grant.refresh_token.isascii()


@_calmly
@given(profiles=_json)
def test_any_profiles_are_read_or_refused(profiles: object) -> None:
    try:
        parse_account(_answer(200, {"cronofy.data": {"profiles": profiles}}))
    except ProviderError:
        pass
