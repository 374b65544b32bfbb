"""python-telegram-bot's HTTP on our transport, and Telegram's failures as ours.

Its own error texts hold addresses (the token is part of them) and whole bodies, so every exception
that leaves here has a fixed text.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from telegram.error import NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest, RequestData

from bot.errors import ConnectFailed, OutcomeUnknown, PlatformError, RateLimitedError
from bot.transport.json_text import read_json
from bot.transport.messages import HttpRequest, Transport
from bot.transport.metering import Exchange, Meter, NoMeter

_HEADERS = {"Content-Type": "application/json"}
_REPEATABLE = frozenset({"getMe", "getUpdates", "getChatMember", "setWebhook", "setMyCommands"})
_SLACK = 5.0
"""Seconds that an answer may be late beyond what a long poll asked for."""


_TOO_MANY, _REFUSED = 429, 400
VENDOR = "telegram"


@dataclass(frozen=True, slots=True)
class Payload:
    """A call's body that is written already; as much of `RequestData` as is looked at."""

    json_payload: bytes = field(repr=False)
    contains_files: bool = False


class NotSentError(NetworkError):
    """Nothing reached Telegram."""


class UnclearError(NetworkError):
    """It may have reached Telegram."""


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks us to wait; the library is changing the type of this."""
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)


class TransportRequest(BaseRequest):
    """Sends Bot API calls through our transport."""

    def __init__(
        self, transport: Transport, *, timeout: float = 10.0, meter: Meter | None = None
    ) -> None:
        self._transport = transport
        self._meter = meter or NoMeter()
        self._timeout = timeout

    @property
    def read_timeout(self) -> float:
        """Seconds that a call may take in all."""
        return self._timeout

    async def initialize(self) -> None:
        """Nothing to do: the transport is open already."""

    async def shutdown(self) -> None:
        """Nothing to do: the transport belongs to somebody else."""

    async def do_request(  # noqa: PLR0917 - as its base has it
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Send one call; of the timeouts only `read_timeout` is looked at, for long polls."""
        del write_timeout, connect_timeout, pool_timeout
        operation = url.rpartition("/")[2]
        timeout = self._timeout
        if isinstance(read_timeout, int | float):
            timeout = max(timeout, read_timeout + _SLACK)
        headers, body = _written(request_data)
        request = HttpRequest(
            operation=operation,
            method=method,
            url=url,
            headers=headers,
            body=body,
            repeatable=operation in _REPEATABLE,
            timeout=timeout,
        )
        failure: NetworkError
        try:
            with Exchange(self._meter, VENDOR, operation) as exchange:
                response = await self._transport.send(request)
                exchange.outcome = outcome_of(response.status)
        except ConnectFailed:
            failure = NotSentError(f"{operation}: not sent")
        except OutcomeUnknown:
            failure = UnclearError(f"{operation}: outcome unknown")
        else:
            return response.status, response.body
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; the library's own version logs the whole of what it cannot read."""
        try:
            answer = read_json(payload)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("unreadable answer")
        return answer


def outcome_of(status: int) -> str:
    """An answer's status in the words in which requests are counted."""
    if status < _REFUSED:
        return "ok"
    return RateLimitedError.__name__ if status == _TOO_MANY else PlatformError.__name__


def _written(data: RequestData | None) -> tuple[Mapping[str, str], bytes]:
    """Headers and body: JSON, or a form if there are files.

    https://core.telegram.org/bots/api#making-requests
    """
    if data is None:
        return _HEADERS, b"{}"
    if not data.contains_files:
        return _HEADERS, data.json_payload
    parts = [(_field(name), value.encode()) for name, value in data.json_parameters.items()]
    for name, (file_name, content, kind) in data.multipart_data.items():
        whole = content if isinstance(content, bytes) else content.read()
        parts.append(
            (f'{_field(name)}; filename="{_quoted(file_name)}"\r\nContent-Type: {kind}', whole)
        )
    boundary = secrets.token_hex(16)
    lines = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + value + b"\r\n" for head, value in parts]
    body = b"".join([*lines, f"--{boundary}--\r\n".encode()])
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body


def _field(name: str) -> str:
    return f'Content-Disposition: form-data; name="{_quoted(name)}"'


def _quoted(name: str) -> str:
    """A name inside quotes, as browsers write it (https://html.spec.whatwg.org/#multipart-form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
