"""The portal's refusals, with the statuses of its documentation and those that its server sends."""

from dataclasses import dataclass

_STATUSES: dict[str, tuple[int, int]] = {
    # Documented first, then as really sent.
    "QUERY_LIMIT_EXCEEDED": (503, 503),
    "OPERATION_TIME_LIMIT": (429, 429),
    "NO_AUTH_FOUND": (401, 401),
    "INVALID_CREDENTIALS": (403, 401),
    "expired_token": (401, 401),
    "invalid_token": (401, 401),
    "insufficient_scope": (403, 401),
    "ERROR_METHOD_NOT_FOUND": (404, 404),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, 400),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, 400),
    "STATUS_ERROR": (400, 400),
}

_TEXTS: dict[str, tuple[str, str]] = {
    "required": ("Не задан обязательный параметр", "A required parameter is not set"),
    "value": ("Недопустимое значение параметра", "A parameter has a value that is not allowed"),
    "status": ("При выборке статуса произошла ошибка", "The status could not be selected"),
    "denied": ("Доступ запрещен", "Access denied"),
}


@dataclass
class RestError(Exception):
    """A refusal; `text` names a sentence of the method that refuses."""

    code: str
    text: str = ""
    status: int | None = None

    def http_status(self, *, documented: bool) -> int:
        """The status, as documented or as really sent."""
        if self.status is not None:
            return self.status
        pair = _STATUSES.get(self.code, (400, 400))
        return pair[0] if documented else pair[1]

    def body(self, language: str) -> dict[str, str]:
        """The JSON of the refusal; never with a `time`."""
        russian, english = _TEXTS.get(self.text, (self.text, self.text))
        return {
            "error": self.code,
            "error_description": russian if language == "ru" else english,
        }


def method_failure(text: str, *, old_errors: bool) -> RestError:
    """How a calendar method fails: with an empty code, or ERROR_CORE on older portals."""
    return RestError("ERROR_CORE" if old_errors else "", text)
