"""Parameters of a call, read as leniently as Telegram's server reads them.

It knows only text: numbers, booleans and objects of a JSON body are turned into their JSON text
first, so `{"chat_id": 5}`, `{"chat_id": "5"}` and `chat_id=5` are the same.
https://core.telegram.org/bots/api#making-requests
"""

import json
from collections.abc import Mapping

from aiohttp import web

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.rows import Json, Upload


class Params:
    """The parameters of one call.

    Attributes:
        files: What was uploaded, by the name of the field.
        applied: False if a fault wants the call to be answered and nothing changed.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        *,
        files: Mapping[str, Upload] | None = None,
        applied: bool = True,
    ) -> None:
        self.values = values
        self.files = files or {}
        self.applied = applied

    def text(self, name: str) -> str:
        """Empty if it is missing."""
        return self.values.get(name, "")

    def integer(self, name: str, default: int = 0) -> int:
        """What is no number counts as 0."""
        value = self.values.get(name, "")
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            return 0

    def clamped(self, name: str, default: int, low: int, high: int) -> int:
        """A number, moved into its range if need be."""
        return max(low, min(high, self.integer(name, default)))

    def flag(self, name: str) -> bool:
        """A boolean."""
        return self.values.get(name, "").strip().lower() in {"true", "yes", "1"}

    def parsed(self, name: str, error: str) -> object:
        """A JSON value, None if it is missing.

        Raises:
            ApiError: It is no JSON; `error` says so.
        """
        value = self.values.get(name, "")
        if not value:
            return None
        try:
            parsed: object = json.loads(value)
        except ValueError:
            raise ApiError.bad_request(error) from None
        return parsed

    def mapping(self, name: str, what: str) -> Json | None:
        """A JSON object, None if it is missing.

        Raises:
            ApiError: It is something else.
        """
        parsed = self.parsed(name, f"can't parse {what} JSON object")
        if parsed is None:
            return None
        if not isinstance(parsed, dict):
            raise ApiError.bad_request(f"object expected as {what}")
        return parsed


def as_text(values: Mapping[str, object]) -> dict[str, str]:
    """Parameters of a JSON body as text."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if value is not None
    }


def from_json(body: bytes) -> dict[str, str]:
    """Parameters of a JSON body.

    Raises:
        ApiError: It is no JSON object.
    """
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ApiError.bad_request("can't parse JSON object")
    return as_text(parsed)


async def read_params(request: web.Request) -> tuple[dict[str, str], dict[str, Upload]]:
    """Query and body, and the files in it; the body may be JSON, a form or multipart."""
    params: dict[str, str] = dict(request.query)
    files: dict[str, Upload] = {}
    if not request.can_read_body:
        return params, files
    if request.content_type == "application/json":
        return params | from_json(await request.read()), files
    for name, value in (await request.post()).items():
        if isinstance(value, str):
            params[name] = value
        elif isinstance(value, web.FileField):
            files[name] = Upload(
                name=value.filename, mime_type=value.content_type, content=value.file.read()
            )
    return params, files
