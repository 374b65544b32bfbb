"""Every system error of the portal, and answers that are none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.bitrix24 import api
from bot.clients.bitrix24.errors import SYSTEM_ERRORS
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

# code, statuses seen (documented and sent), our exception, may have happened, worth a retry
TABLE = [
    ("QUERY_LIMIT_EXCEEDED", (503, 429), RateLimitedError, False, True),
    ("OPERATION_TIME_LIMIT", (429,), RateLimitedError, False, False),
    ("OVERLOAD_LIMIT", (503, 401), ProviderUnavailableError, False, False),
    ("INTERNAL_SERVER_ERROR", (500,), ProviderUnavailableError, True, True),
    ("ERROR_UNEXPECTED_ANSWER", (500,), ProviderUnavailableError, True, True),
    ("CONNECTION_ERROR", (401,), ProviderUnavailableError, False, True),
    ("NO_AUTH_FOUND", (401,), ProviderAuthError, False, False),
    ("INVALID_CREDENTIALS", (403, 401), ProviderAuthError, False, False),
    ("expired_token", (401,), TokenExpiredError, False, False),
    ("invalid_token", (401,), TokenExpiredError, False, False),
    ("insufficient_scope", (403, 401), ProviderPermissionError, False, False),
    ("user_access_error", (403, 401), ProviderPermissionError, False, False),
    ("authorization_error", (401,), ProviderAuthError, False, False),
    ("ACCESS_DENIED", (403, 401), ProviderPlanError, False, False),
    ("APPLICATION_NOT_FOUND", (401,), ProviderAuthError, False, False),
    ("ERROR_OAUTH", (401,), ProviderAuthError, False, False),
    ("NOT_INSTALLED", (401,), ProviderAuthError, False, False),
    ("PAYMENT_REQUIRED", (401,), ProviderPlanError, False, False),
    ("WRONG_AUTH_TYPE", (403,), ProviderPermissionError, False, False),
    ("WRONG_LICENSE", (403,), ProviderPlanError, False, False),
    ("METHOD_CONFIRM_DENIED", (403,), ProviderPermissionError, False, False),
    ("METHOD_CONFIRM_WAITING", (401,), ProviderPermissionError, False, False),
    ("INVALID_REQUEST", (400, 401), ProviderRequestError, False, False),
    ("ERROR_METHOD_NOT_FOUND", (404,), ProviderRequestError, False, False),
    ("ERROR_BATCH_LENGTH_EXCEEDED", (200, 400), ProviderRequestError, False, False),
    ("ERROR_BATCH_METHOD_NOT_ALLOWED", (200, 405), ProviderRequestError, False, False),
    ("PORTAL_DELETED", (500, 403, 410), ProviderUnavailableError, False, False),
    ("ERROR_MANIFEST_IS_NOT_AVAILABLE", (404,), ProviderRequestError, False, False),
    ("ERROR_CORE", (400,), ProviderRequestError, False, False),
    ("ERROR_CORE", (500,), ProviderUnavailableError, True, True),
    ("", (400,), ProviderRequestError, False, False),
    ("ERROR_ARGUMENT", (400,), ProviderRequestError, False, False),
    ("ERROR_NOT_FOUND", (400,), ProviderNotFoundError, False, False),
    ("WRONG_ENCODING", (200,), ProviderProtocolError, True, False),
    ("STATUS_ERROR", (400,), ProviderRequestError, False, False),
    ("100", (400,), ProviderRequestError, False, False),
    ("NEVER_HEARD_OF", (403,), ProviderPermissionError, False, False),
    ("NEVER_HEARD_OF", (200,), ProviderRequestError, False, False),
]
CELLS = [(code, status, *rest) for code, statuses, *rest in TABLE for status in statuses]


def _answer(status: int, body: object) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps(body).encode())


def _parse(response: HttpResponse) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        api.parse(response, "profile")
    return caught.value


@pytest.mark.parametrize(("code", "status", "kind", "may_have_happened", "transient"), CELLS)
def test_a_code_means_the_same_under_every_status_it_was_seen_with(
    code: str, status: int, kind: type[ProviderError], may_have_happened: bool, transient: bool
) -> None:
    error = _parse(_answer(status, {"error": code, "error_description": "secret prose"}))

    assert type(error) is kind
    worth_it = error.transient and not getattr(error, "final", False)
    assert (error.may_have_happened, worth_it) == (may_have_happened, transient)
    assert "secret prose" not in str(error) + repr(error)


def test_the_table_walks_every_code_we_know() -> None:
    assert {code.upper() for code, *_ in TABLE} >= set(SYSTEM_ERRORS)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>Bad Gateway</html>", ProviderUnavailableError),
        (500, b"", ProviderUnavailableError),
        (520, b"\xff\xfe", ProviderUnavailableError),
        (403, b"<html>", ProviderPermissionError),
        (404, b"<html>", ProviderNotFoundError),
        (429, b"slow", RateLimitedError),
        (418, b"teapot", ProviderRequestError),
        (200, b"<html>", ProviderProtocolError),
        (200, b"", ProviderProtocolError),
        (200, b'{"result": tr', ProviderProtocolError),
        (200, b"[]", ProviderProtocolError),
        (200, b'"text"', ProviderProtocolError),
        (200, b"{}", ProviderProtocolError),
        (200, b"[" * 100_000, ProviderProtocolError),
        (999, b"{}", ProviderUnavailableError),
        (200, b'{"error": {"code": "ACCESS_DENIED", "message": "x"}}', ProviderPlanError),
        (200, b'{"error": 7}', ProviderRequestError),
        (200, b'{"error": null, "result": true}', ProviderRequestError),
    ],
)
def test_what_is_no_proper_answer_is_judged_by_its_status(
    status: int, body: bytes, kind: type[ProviderError]
) -> None:
    assert type(_parse(HttpResponse(status=status, body=body))) is kind


def test_a_code_that_is_a_sentence_stays_out_of_the_exception() -> None:
    error = _parse(_answer(400, {"error": "Ann's token abc/def is bad"}))

    assert "Ann" not in str(error)


GOOD = json.dumps(
    {
        "result": {
            "result": {"s": True, "g": "Y"},
            "result_error": [],
            "result_total": [],
            "result_next": [],
            "result_time": {"s": {"operating_reset_at": 1772449681}, "g": []},
        },
        "time": {"start": 1772449081, "operating": 0},
    }
).encode()


def test_every_beginning_of_a_good_answer_gives_only_our_exceptions() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(ProviderProtocolError):
            api.parse_batch(HttpResponse(status=200, body=GOOD[:length]))
    answer = api.parse_batch(HttpResponse(status=200, body=GOOD))
    assert answer.results == {"s": True, "g": "Y"}
    assert answer.resets_at == {"s": 1772449681}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(body=_json, status=st.integers(min_value=100, max_value=599))
def test_any_json_gives_an_answer_or_our_exception(body: object, status: int) -> None:
    response = HttpResponse(status=status, body=json.dumps(body).encode())
    for parse in (lambda: api.parse(response, "profile"), lambda: api.parse_batch(response)):
        try:
            parse()
        except ProviderError:
            pass


@given(result=_json)
def test_any_batch_content_gives_an_answer_or_our_exception(result: object) -> None:
    body = {"result": {"result": result, "result_error": result, "result_time": result}}
    try:
        api.parse_batch(_answer(200, body))
    except ProviderError:
        pass
