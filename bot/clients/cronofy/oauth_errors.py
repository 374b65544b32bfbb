"""What Cronofy's token endpoints mean when they refuse, as our own exceptions.

https://docs.cronofy.com/developers/api/error-codes/
https://docs.cronofy.com/developers/faqs/authorizations/
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.clients.cronofy import errors
from bot.clients.cronofy.errors import PROVIDER
from bot.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderPlanError,
    ProviderProtocolError,
    ProviderRequestError,
    ProviderUnavailableError,
)
from bot.transport.json_text import read_json
from bot.transport.messages import HttpResponse

OAUTH_ERRORS: Mapping[str, type[ProviderError]] = {
    # The code is unknown, used or was asked for with another redirect address; or the consent
    # was taken back.
    "invalid_grant": ProviderAuthError,
    "errors.unknown_or_used": ProviderAuthError,
    # What the operator entered as id and secret; seen with 400 and with 401.
    "invalid_client": ProviderRequestError,
    "unauthorized_client": ProviderRequestError,
    "unsupported_grant_type": ProviderRequestError,
    "invalid_request": ProviderRequestError,
    "invalid_scope": ProviderRequestError,
}
"""The words of RFC 6749 and the one key of Cronofy's own."""

_SERVER_FAULT = 500
_TOO_MANY = 429


def refuse(response: HttpResponse, operation: str) -> ProviderError:
    """Make the exception that an answer without tokens calls for.

    Only a known word ends a sign-in. A bare 401 does not: here it means the application's own id
    or secret, and a gateway may say it as well.
    """
    status = response.status
    if status >= _SERVER_FAULT or status == _TOO_MANY:
        # Without its body: a word in it could be anything, even what we sent.
        return errors.refuse(replace(response, body=b""), operation)
    for code in _codes(load(response) or {}):
        if code in OAUTH_ERRORS:
            return OAUTH_ERRORS[code](PROVIDER, operation, status=status, code=code)
    if response.body.lstrip()[:1] == b"<":
        # A page for people, which only a gateway sends to us.
        return ProviderUnavailableError(PROVIDER, operation, status=status)
    if status == 402:  # noqa: PLR2004 - HTTP
        return ProviderPlanError(PROVIDER, operation, status=status)
    if status >= 400 or "error" in (load(response) or {}):  # noqa: PLR2004 - HTTP
        return ProviderRequestError(PROVIDER, operation, status=status)
    return ProviderProtocolError(PROVIDER, operation, status=status)


def load(response: HttpResponse) -> Mapping[str, object] | None:
    """The JSON object of an answer; None if it is anything else."""
    try:
        body = read_json(response.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _codes(body: Mapping[str, object]) -> Iterator[str]:
    """Every error word of a body, in either of the two layouts."""
    fields = body.get("errors")
    entries = [
        entry
        for field in (fields.values() if isinstance(fields, dict) else ())
        for entry in (field if isinstance(field, list) else ())
    ]
    found = [entry.get("key") for entry in entries if isinstance(entry, dict)]
    return (code for code in (body.get("error"), *found) if isinstance(code, str))
