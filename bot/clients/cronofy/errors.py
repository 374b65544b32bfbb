"""What Cronofy's statuses and error keys mean, as our own exceptions.

https://docs.cronofy.com/developers/api/error-codes/
"""

import re

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
from bot.transport.json_text import read_json
from bot.transport.messages import HttpResponse

PROVIDER = "cronofy"

NOT_EXTERNAL = "errors.must_be_external_event_uid"
"""The event was made by the application itself; only its guests' copies can be answered."""
PROFILE_DISCONNECTED = 423
"""Cronofy has lost its access to the calendar; the person has to connect it again there."""

_KEY = re.compile(r"[a-z][a-z_.]{0,80}")
_SERVER_FAULT = 500


def refuse(response: HttpResponse, operation: str) -> ProviderError:
    """Make the exception that a status other than 2xx calls for."""
    status = response.status
    code = _code(response.body)
    kinds: dict[int, type[ProviderError]] = {
        400: ProviderRequestError,
        401: TokenExpiredError,
        402: ProviderPlanError,
        403: ProviderPermissionError,
        404: ProviderNotFoundError,
        410: ProviderNotFoundError,
        422: ProviderRequestError,
        PROFILE_DISCONNECTED: ProviderAuthError,
    }
    if status == 429:  # noqa: PLR2004 - HTTP
        retry_after = _seconds(response.headers.get("retry-after", ""))
        return RateLimitedError(
            PROVIDER, operation, status=status, code=code, retry_after=retry_after
        )
    if status >= _SERVER_FAULT:
        return ProviderUnavailableError(PROVIDER, operation, status=status, code=code)
    if status >= 400:  # noqa: PLR2004 - HTTP
        return kinds.get(status, ProviderRequestError)(
            PROVIDER, operation, status=status, code=code
        )
    return ProviderProtocolError(PROVIDER, operation, status=status)


def _code(body: bytes) -> str:
    """The first error key of a 422, or the word of an OAuth error; bodies may be anything."""
    try:
        answer = read_json(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("errors")
    entries = next(iter(errors.values())) if isinstance(errors, dict) and errors else None
    first = entries[0] if isinstance(entries, list) and entries else None
    key = first.get("key") if isinstance(first, dict) else answer.get("error")
    return key if isinstance(key, str) and _KEY.fullmatch(key) else ""


def _seconds(text: str) -> float | None:
    """Whole seconds; a date or anything else is no help."""
    return float(text) if text.isascii() and text.isdecimal() else None
