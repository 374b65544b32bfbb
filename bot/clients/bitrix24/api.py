"""Requests to a portal and what its answers say. Pure: nothing here does I/O.

Envelope and encoding: https://apidocs.bitrix24.com/settings/how-to-call-rest-api/index.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlencode

from bot.clients.bitrix24.errors import PROVIDER, Refusal, meaning_of, to_error
from bot.errors import ProviderError, ProviderProtocolError
from bot.transport.json_text import read_json, write_json
from bot.transport.messages import HttpRequest, HttpResponse

Json = Mapping[str, object]
"""A JSON object as it came; every field is to be looked at before it is believed."""

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_END_OF_TIME = 253_000_000_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalAuth:
    """How to enter a portal.

    Attributes:
        base: `https://{portal}/rest/{user}/{code}/` of an incoming webhook, or
            `https://{portal}/rest/` with a token. A webhook's address is a secret.
        token: Access token; sent in the JSON body, never in the address.
    """

    base: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One method call, alone or inside a batch.

    In a batch the portal replaces `$result[...]` in any value, so only ids and fixed words may be
    parameters here, never a person's text.
    https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
    """

    method: str
    params: Mapping[str, str | int | tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer.

    Attributes:
        result: Whatever the method returns.
        resets_at: Unix second at which the method's time budget is refilled, where it is told.
    """

    result: object
    resets_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnswer:
    """What a batch brought. A command that was not carried out is in neither mapping.

    Attributes:
        origin: Of the portal that answered, which may have been renamed; its pages are there too.
    """

    results: Mapping[str, object]
    errors: Mapping[str, ProviderError]
    resets_at: Mapping[str, float]
    origin: str = ""


def build_call(auth: PortalAuth, command: Command, *, repeatable: bool) -> HttpRequest:
    """Build a single call."""
    return _post(auth, command.method, dict(command.params), repeatable=repeatable)


def build_batch(
    auth: PortalAuth, commands: Mapping[str, Command], *, halt: bool, repeatable: bool
) -> HttpRequest:
    """Build a batch: one hit on the portal's limit for up to 50 calls, in order.

    Args:
        auth: How to enter.
        commands: Calls by a key of our own; keys must not look like list indices.
        halt: Stop at the first call that fails.
        repeatable: The whole batch may be sent twice.
    """
    cmd = {key: _encode(command) for key, command in commands.items()}
    # `halt` is judged by PHP truthiness, so words like "false" would count as true.
    body = {"halt": int(halt), "cmd": cmd}
    return _post(auth, "batch", body, repeatable=repeatable)


def _encode(command: Command) -> str:
    return _encoded(command.method, tuple(_pairs(command)))


@lru_cache(maxsize=1000)
def _encoded(method: str, pairs: tuple[tuple[str, str], ...]) -> str:
    query = urlencode(pairs)
    return f"{method}?{query}" if query else method


def _pairs(command: Command) -> Iterator[tuple[str, str]]:
    """Parameters as PHP reads them from a query: an array's name is repeated with brackets."""
    for name, value in command.params.items():
        if isinstance(value, tuple):
            yield from ((f"{name}[]", str(number)) for number in value)
        else:
            yield name, str(value)


def _post(
    auth: PortalAuth, method: str, body: dict[str, object], *, repeatable: bool
) -> HttpRequest:
    if auth.token:
        body = {**body, "auth": auth.token}
    return HttpRequest(
        operation=method,
        method="POST",
        url=auth.base.rstrip("/") + "/" + quote(method, safe=""),
        headers=_HEADERS,
        body=write_json(body),
        repeatable=repeatable,
    )


def redirect_target(response: HttpResponse) -> str | None:
    """The address to which a renamed portal sends us, "" if it names none, None if it stayed.

    https://apidocs.bitrix24.com/settings/how-to-call-rest-api/change-domen.html
    """
    if response.status not in _REDIRECTS:
        return None
    return response.headers.get("location", "")


def parse(response: HttpResponse, operation: str) -> Answer:
    """Read an answer.

    Raises:
        ProviderError: Of the kind that the answer's code, or else its status, calls for.
    """
    body = _load(response)
    if body is None:
        raise _refuse(operation, response.status, None)
    if "error" in body:
        raise _refuse(operation, response.status, _code(body["error"]))
    if not _is_success(response.status) or "result" not in body:
        raise _refuse(operation, response.status, None)
    return Answer(result=body["result"], resets_at=_reset_moment(body.get("time")))


def parse_batch(response: HttpResponse) -> BatchAnswer:
    """Read a batch's answer.

    Raises:
        ProviderError: The batch as a whole was refused, or its answer has another shape.
    """
    result = parse(response, "batch").result
    if not isinstance(result, dict):
        raise ProviderProtocolError(PROVIDER, "batch", status=response.status)
    errors = {
        key: _refuse(key, response.status, _code(error.get("error")))
        for key, error in _mapping(result.get("result_error")).items()
        if isinstance(error, dict)
    }
    moments = {
        key: moment
        for key, time in _mapping(result.get("result_time")).items()
        if (moment := _reset_moment(time)) is not None
    }
    return BatchAnswer(results=_mapping(result.get("result")), errors=errors, resets_at=moments)


def _mapping(value: object) -> dict[str, object]:
    """PHP writes an empty map as `[]`."""
    return value if isinstance(value, dict) else {}


def _load(response: HttpResponse) -> dict[str, object] | None:
    try:
        body = read_json(response.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _code(error: object) -> str:
    """The code of an error; REST 3.0 nests it, and some codes are numbers in quotes."""
    if isinstance(error, dict):
        error = error.get("code")
    return error if isinstance(error, str) else ""


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - HTTP


def _reset_moment(time: object) -> float | None:
    moment = _mapping(time).get("operating_reset_at")
    if not isinstance(moment, int | float) or isinstance(moment, bool):
        return None
    # Neither what is no number nor what is beyond all calendars.
    return float(moment) if 0 < moment < _END_OF_TIME else None


def _refuse(operation: str, status: int, code: str | None) -> ProviderError:
    shown = code if code is not None and code.replace("_", "").isalnum() else ""
    refusal = Refusal(operation=operation, status=status, code=shown[:60])
    return to_error(refusal, meaning_of(code, status))
