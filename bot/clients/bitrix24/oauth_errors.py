"""What the authorization server's refusals mean, as our own exceptions.

The vendor lists codes (https://apidocs.bitrix24.com/settings/oauth/error-codes.html) and no
statuses; `wrong_client` even comes with 200. Only a code can end a sign-in: a gateway that answers
401 says nothing about anybody's consent.
"""

import re
from collections.abc import Mapping

from bot.clients.bitrix24.errors import PROVIDER, SYSTEM_ERRORS, Meaning, Refusal, to_error
from bot.errors import ProviderError, ProviderUnavailableError
from bot.transport.messages import HttpResponse

OAUTH_ERRORS: Mapping[str, Meaning] = {
    **SYSTEM_ERRORS,
    "INVALID_GRANT": Meaning.SIGN_IN_AGAIN,
    # A refresh that is refused like this cannot be mended by another refresh.
    "EXPIRED_TOKEN": Meaning.SIGN_IN_AGAIN,
    "INVALID_TOKEN": Meaning.SIGN_IN_AGAIN,
    # What the operator entered as id and secret of the application.
    "INVALID_CLIENT": Meaning.OUR_FAULT,
    "WRONG_CLIENT": Meaning.OUR_FAULT,
    "UNAUTHORIZED_CLIENT": Meaning.OUR_FAULT,
    "UNSUPPORTED_GRANT_TYPE": Meaning.OUR_FAULT,
    "INVALID_SCOPE": Meaning.ASK_FOR_RIGHTS,
}
"""Codes in upper case. They outweigh a status, except that a server's own fault is no refusal."""

_SERVER_FAULT = 500
_TOO_MANY = 429
_SECONDS = re.compile(r"[0-9]{1,6}")


def refuse(response: HttpResponse, operation: str, code: str | None) -> ProviderError:
    """Make the exception that an answer without tokens calls for.

    Args:
        response: The answer.
        operation: What was asked.
        code: The error that its JSON names; None if it is no JSON or names none.
    """
    status = response.status
    known = None if code is None else OAUTH_ERRORS.get(code.upper())
    # An unknown code may be anything, so it is not shown: it could be what we sent.
    shown = "" if code is None or known is None else code
    if known is Meaning.OUR_FAULT and status >= _SERVER_FAULT:
        known = Meaning.FAULT_MAY_HAVE_HAPPENED
    if known is None:
        known = _by_status(response, named=code is not None)
    if known is None:
        return ProviderUnavailableError(PROVIDER, operation, status=status)
    refusal = Refusal(
        operation=operation, status=status, code=shown, retry_after=_retry_after(response)
    )
    return to_error(refusal, known)


def _retry_after(response: HttpResponse) -> float | None:
    """Seconds; the vendor documents no such header, a gateway before it may send one."""
    text = response.headers.get("retry-after", "")
    return float(text) if _SECONDS.fullmatch(text) else None


def _by_status(response: HttpResponse, *, named: bool) -> Meaning | None:
    """What is left where no known code says more; None for a page that somebody put in between."""
    if response.status == _TOO_MANY:
        return Meaning.SLOW_DOWN
    if response.status >= _SERVER_FAULT:
        return Meaning.FAULT_MAY_HAVE_HAPPENED
    if named:
        return Meaning.OUR_FAULT
    if _is_page(response):
        return None
    return Meaning.OUR_FAULT if response.status >= 400 else Meaning.UNREADABLE  # noqa: PLR2004


def _is_page(response: HttpResponse) -> bool:
    """Whether it is a page for people, which only a gateway sends to us."""
    return response.body.lstrip()[:1] == b"<"
