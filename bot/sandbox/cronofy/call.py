"""One call to the emulator as its handlers see it, and how they refuse one.

https://docs.cronofy.com/developers/api/error-codes/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.cronofy.grants import Grant
from bot.sandbox.cronofy.state import Cronofy


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An answer other than success. Without `body` it is empty, as few statuses document one."""

    def __init__(self, status: int, body: Mapping[str, object] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers: dict[str, str] = {}

    def response(self) -> web.Response:
        """The same over HTTP."""
        if self.body is None:
            return web.Response(status=self.status, headers=self.headers)
        return web.json_response(self.body, status=self.status, headers=self.headers)


def invalid(field: str, key: str, description: str, *, status: int = 422) -> Refusal:
    """A parameter is not what it has to be."""
    return Refusal(status, {"errors": {field: [{"key": key, "description": description}]}})


def oauth_error(code: str, *, status: int = 400) -> Refusal:
    """The token endpoints refuse in the words of RFC 6749."""
    refusal = Refusal(status, {"error": code})
    refusal.headers.update(NO_STORE)
    return refusal


NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        params: What the body says, JSON or form.
        applied: False if a success has to be answered while nothing is changed.
    """

    cronofy: Cronofy
    request: web.Request
    params: Mapping[str, object]
    applied: bool = True

    def grant(self) -> Grant:
        """Whoever calls; refuses a token that is unknown, revoked or too old."""
        grant = self.cronofy.grants.valid(bearer_of(self.request))
        if grant is None:
            raise Refusal(401)
        return grant

    def text(self, name: str) -> str:
        """A parameter of the body, empty if it is missing or no string."""
        value = self.params.get(name)
        return value if isinstance(value, str) else ""


def require_scope(grant: Grant, *any_of: str) -> None:
    """Refuse a token that has none of these scopes."""
    if not set(any_of) & set(grant.scopes):
        raise Refusal(403)


def bearer_of(request: web.Request) -> str:
    """The token of the Authorization header, empty if there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def read_params(request: web.Request) -> Mapping[str, object]:
    """The body as JSON or form, both of which the API takes; nothing if it is neither."""
    if request.content_type == "application/x-www-form-urlencoded":
        return {key: str(value) for key, value in (await request.post()).items()}
    try:
        body = json.loads(await request.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
