"""What a portal's error codes mean, as our own exceptions.

Codes decide, never texts: descriptions come in the portal's language and change. The HTTP status
only decides where the code is unknown, because documentation, server and SDK disagree about it.
Vendor's tables: https://apidocs.bitrix24.com/error-codes.html and the pages of each method.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

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

PROVIDER = "bitrix24"


class Meaning(Enum):
    """What a code tells us to do."""

    SIGN_IN_AGAIN = auto()
    REFRESH_TOKEN = auto()
    ASK_FOR_RIGHTS = auto()
    OUR_FAULT = auto()
    NOT_FOUND = auto()
    SLOW_DOWN = auto()
    BUDGET_SPENT = auto()
    FAULT_MAY_HAVE_HAPPENED = auto()
    FAULT_NOT_EXECUTED = auto()
    VENDOR_MUST_ACT = auto()
    PAY = auto()
    UNREADABLE = auto()


SYSTEM_ERRORS: Mapping[str, Meaning] = {
    "QUERY_LIMIT_EXCEEDED": Meaning.SLOW_DOWN,
    "OPERATION_TIME_LIMIT": Meaning.BUDGET_SPENT,
    "OVERLOAD_LIMIT": Meaning.VENDOR_MUST_ACT,
    "INTERNAL_SERVER_ERROR": Meaning.FAULT_MAY_HAVE_HAPPENED,
    "ERROR_UNEXPECTED_ANSWER": Meaning.FAULT_MAY_HAVE_HAPPENED,
    # The portal could not ask its authorization server, so it did not begin.
    "CONNECTION_ERROR": Meaning.FAULT_NOT_EXECUTED,
    "NO_AUTH_FOUND": Meaning.SIGN_IN_AGAIN,
    "INVALID_CREDENTIALS": Meaning.SIGN_IN_AGAIN,
    "EXPIRED_TOKEN": Meaning.REFRESH_TOKEN,
    "INVALID_TOKEN": Meaning.REFRESH_TOKEN,
    "INSUFFICIENT_SCOPE": Meaning.ASK_FOR_RIGHTS,
    "USER_ACCESS_ERROR": Meaning.ASK_FOR_RIGHTS,
    "AUTHORIZATION_ERROR": Meaning.SIGN_IN_AGAIN,
    # "REST is available only on commercial plans" and its like.
    "ACCESS_DENIED": Meaning.PAY,
    "APPLICATION_NOT_FOUND": Meaning.SIGN_IN_AGAIN,
    "ERROR_OAUTH": Meaning.SIGN_IN_AGAIN,
    "NOT_INSTALLED": Meaning.SIGN_IN_AGAIN,
    "PAYMENT_REQUIRED": Meaning.PAY,
    "WRONG_LICENSE": Meaning.PAY,
    "WRONG_AUTH_TYPE": Meaning.ASK_FOR_RIGHTS,
    "METHOD_CONFIRM_DENIED": Meaning.ASK_FOR_RIGHTS,
    "METHOD_CONFIRM_WAITING": Meaning.ASK_FOR_RIGHTS,
    "INVALID_REQUEST": Meaning.OUR_FAULT,
    "ERROR_METHOD_NOT_FOUND": Meaning.OUR_FAULT,
    "ERROR_BATCH_LENGTH_EXCEEDED": Meaning.OUR_FAULT,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": Meaning.OUR_FAULT,
    "PORTAL_DELETED": Meaning.VENDOR_MUST_ACT,
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": Meaning.OUR_FAULT,
    # Older portals answer an uncaught failure of a method like this, newer ones with "".
    "ERROR_CORE": Meaning.OUR_FAULT,
    "": Meaning.OUR_FAULT,
    "ERROR_ARGUMENT": Meaning.OUR_FAULT,
    "ERROR_NOT_FOUND": Meaning.NOT_FOUND,
    "WRONG_ENCODING": Meaning.UNREADABLE,
    "STATUS_ERROR": Meaning.OUR_FAULT,
}
"""Codes in upper case; the vendor's own spelling varies."""

METHOD_FAILURES = frozenset({"", "ERROR_CORE"})
"""How calendar methods say "no such event", "not a meeting" and the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error answer before it becomes an exception.

    `retry_after` is known for a spent budget if an earlier answer told when it is refilled.
    """

    operation: str
    status: int
    code: str = ""
    retry_after: float | None = None


def meaning_of(code: str | None, status: int) -> Meaning:
    """Judge a code, or the HTTP status where there is no code or nobody knows it."""
    if code is not None:
        known = SYSTEM_ERRORS.get(code.upper())
        if known is Meaning.OUR_FAULT and status >= 500:  # noqa: PLR2004 - HTTP
            return Meaning.FAULT_MAY_HAVE_HAPPENED
        if known is not None:
            return known
    if status >= 500:  # noqa: PLR2004 - HTTP
        return Meaning.FAULT_MAY_HAVE_HAPPENED
    by_status = {
        401: Meaning.SIGN_IN_AGAIN,
        402: Meaning.PAY,
        403: Meaning.ASK_FOR_RIGHTS,
        404: Meaning.NOT_FOUND,
        429: Meaning.SLOW_DOWN,
    }
    if status in by_status:
        return by_status[status]
    # A code nobody knows inside a 2xx is a refusal all the same; no code is an unreadable answer.
    return Meaning.OUR_FAULT if code is not None or status >= 400 else Meaning.UNREADABLE  # noqa: PLR2004


def to_error(refusal: Refusal, meaning: Meaning) -> ProviderError:  # noqa: PLR0911, C901 - a table
    """Make the exception that a meaning calls for."""
    status, code = refusal.status, refusal.code
    where = (PROVIDER, refusal.operation)
    match meaning:
        case Meaning.SIGN_IN_AGAIN:
            return ProviderAuthError(*where, status=status, code=code)
        case Meaning.REFRESH_TOKEN:
            return TokenExpiredError(*where, status=status, code=code)
        case Meaning.ASK_FOR_RIGHTS:
            return ProviderPermissionError(*where, status=status, code=code)
        case Meaning.OUR_FAULT:
            return ProviderRequestError(*where, status=status, code=code)
        case Meaning.NOT_FOUND:
            return ProviderNotFoundError(*where, status=status, code=code)
        case Meaning.SLOW_DOWN:
            return RateLimitedError(
                *where, status=status, code=code, retry_after=refusal.retry_after
            )
        case Meaning.BUDGET_SPENT:
            return RateLimitedError(
                *where, status=status, code=code, retry_after=refusal.retry_after, final=True
            )
        case Meaning.FAULT_MAY_HAVE_HAPPENED:
            return ProviderUnavailableError(*where, status=status, code=code)
        case Meaning.FAULT_NOT_EXECUTED:
            return ProviderUnavailableError(
                *where, status=status, code=code, may_have_happened=False
            )
        case Meaning.VENDOR_MUST_ACT:
            return ProviderUnavailableError(
                *where, status=status, code=code, final=True, may_have_happened=False
            )
        case Meaning.PAY:
            return ProviderPlanError(*where, status=status, code=code)
        case Meaning.UNREADABLE:
            return ProviderProtocolError(*where, status=status, code=code)
