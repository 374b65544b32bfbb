"""The portal's refusals, with the statuses of its documentation and those that its server sends."""

from collections.abc import Mapping
from dataclasses import dataclass

STATUSES: Mapping[str, tuple[int, int]] = {
    # Documented first, then as really sent; the same twice where only one of them is known.
    # https://apidocs.bitrix24.com/error-codes.html
    "QUERY_LIMIT_EXCEEDED": (503, 503),
    "OPERATION_TIME_LIMIT": (429, 429),
    "OVERLOAD_LIMIT": (503, 401),
    "INTERNAL_SERVER_ERROR": (500, 500),
    "ERROR_UNEXPECTED_ANSWER": (500, 500),
    "CONNECTION_ERROR": (401, 401),
    "NO_AUTH_FOUND": (401, 401),
    "INVALID_CREDENTIALS": (403, 401),
    "expired_token": (401, 401),
    "invalid_token": (401, 401),
    "insufficient_scope": (403, 401),
    "user_access_error": (403, 401),
    "authorization_error": (401, 401),
    "ACCESS_DENIED": (403, 401),
    "APPLICATION_NOT_FOUND": (401, 401),
    "ERROR_OAUTH": (401, 401),
    "NOT_INSTALLED": (401, 401),
    "PAYMENT_REQUIRED": (401, 401),
    "WRONG_AUTH_TYPE": (403, 403),
    "WRONG_LICENSE": (403, 403),
    "METHOD_CONFIRM_DENIED": (403, 403),
    "METHOD_CONFIRM_WAITING": (401, 401),
    "INVALID_REQUEST": (400, 401),
    "ERROR_METHOD_NOT_FOUND": (404, 404),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, 400),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, 400),
    "PORTAL_DELETED": (500, 403),
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": (404, 404),
    "ERROR_CORE": (400, 400),
    "ERROR_ARGUMENT": (400, 400),
    "ERROR_NOT_FOUND": (400, 400),
    # Noticed only when the answer is written, with its status already chosen.
    "WRONG_ENCODING": (200, 200),
    "": (400, 400),
}
"""System errors. What methods add of their own (`STATUS_ERROR`) is 400."""

_METHOD_STATUS = (400, 400)


@dataclass(frozen=True, slots=True)
class Text:
    """A description in the portal's language, where it has one."""

    russian: str
    english: str


NO_STATUS = Text(
    "При выборке статуса произошла ошибка", "An error occurred while retrieving the status"
)
DENIED = Text("Доступ запрещен", "Access denied")
FORBIDDEN_SCOPE = "The request requires higher privileges than provided by the access token"


def required(parameter: str, method: str) -> Text:
    """What a method says when a parameter is missing."""
    return Text(
        f'Не задан обязательный параметр "{parameter}" для метода "{method}"',
        f'The required parameter "{parameter}" for the method "{method}" is not set',
    )


def bad_value(parameter: str) -> Text:
    """What a method says about a value that it does not take."""
    return Text(
        f'Недопустимое значение параметра "{parameter}"',
        f'Invalid value of the parameter "{parameter}"',
    )


@dataclass
class RestError(Exception):
    """A refusal. `status` overrides what its code calls for."""

    code: str
    text: Text | str = ""
    status: int | None = None

    def http_status(self, *, documented: bool) -> int:
        """The status, as documented or as really sent."""
        if self.status is not None:
            return self.status
        as_documented, as_sent = STATUSES.get(self.code, _METHOD_STATUS)
        return as_documented if documented else as_sent

    def body(self, language: str) -> dict[str, str]:
        """The JSON of the refusal; never with a `time`."""
        text = self.text
        if isinstance(text, Text):
            text = text.russian if language == "ru" else text.english
        body = {"error": self.code, "error_description": text}
        # The one code that has a field of its own.
        return {**body, "argument": "?"} if self.code == "ERROR_ARGUMENT" else body


def method_failure(text: Text, *, old_errors: bool) -> RestError:
    """How a calendar method fails: with an empty code, or ERROR_CORE on older portals."""
    return RestError("ERROR_CORE" if old_errors else "", text)
