"""A bot's standing with Telegram, whatever Telegram, or somebody in its place, answers."""

import json
from datetime import UTC, datetime

import pytest

from bot.errors import ConnectFailed, OutcomeUnknown, PlatformError, TransportError
from bot.platforms.telegram import TelegramOptions
from bot.platforms.telegram.checkup import (
    Checkup,
    Delivery,
    NoAnswerError,
    Standing,
    TokenRefusedError,
)
from bot.transport.messages import HttpRequest, HttpResponse

TOKEN = "7001:s3cr3t"
ME = {"id": 7001, "is_bot": True, "first_name": "Acme", "username": "acme_rsvp_bot"}


class OneAnswer:
    """A transport that knows one answer."""

    def __init__(self, answer: HttpResponse | TransportError) -> None:
        self._answer = answer
        self.operations: list[str] = []

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        del deadline
        self.operations.append(request.operation)
        if isinstance(self._answer, TransportError):
            raise self._answer
        return self._answer


def _result(result: object) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps({"ok": True, "result": result}).encode())


def _checkup(answer: HttpResponse | TransportError, token: str = TOKEN) -> Checkup:
    return Checkup(TelegramOptions(token=token), transport=OneAnswer(answer), timeout=1.0)


@pytest.mark.parametrize("reads_all", [True, False, None])
async def test_who_the_bot_is(reads_all: bool | None) -> None:
    extra = {} if reads_all is None else {"can_read_all_group_messages": reads_all}

    standing = await _checkup(_result({**ME, **extra})).standing()

    assert standing == Standing(username="acme_rsvp_bot", reads_all=bool(reads_all))


async def test_how_updates_come() -> None:
    info = {
        "url": "https://bot.example/s3cr3t",
        "has_custom_certificate": False,
        "pending_update_count": 3,
        "last_error_date": 1772442000,
        "last_error_message": "Wrong response: s3cr3t",
    }

    delivery = await _checkup(_result(info)).delivery()

    assert delivery == Delivery(
        webhook_url="https://bot.example/s3cr3t",
        pending=3,
        failed_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    )
    assert "s3cr3t" not in repr(delivery)


def _refusal(status: int) -> HttpResponse:
    body = {"ok": False, "error_code": status, "description": "s3cr3t"}
    return HttpResponse(status=status, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_refusal(401), TokenRefusedError),
        (_refusal(404), TokenRefusedError),
        (_refusal(403), PlatformError),
        (_refusal(409), PlatformError),
        (_refusal(500), PlatformError),
        (ConnectFailed("getMe", "refused"), NoAnswerError),
        (OutcomeUnknown("getMe", "timeout"), NoAnswerError),
        (HttpResponse(status=200, body=b"<html>s3cr3t</html>"), PlatformError),
        (HttpResponse(status=302), PlatformError),
        (_result(None), PlatformError),
        (_result(["s3cr3t"]), PlatformError),
        (_result("s3cr3t"), PlatformError),
        (_result({"s3cr3t": 1}), PlatformError),
        (HttpResponse(status=200, body=b'{"ok": true}'), PlatformError),
    ],
)
async def test_whatever_else_comes_is_one_of_our_errors_with_a_fixed_text(
    answer: HttpResponse | TransportError, kind: type[PlatformError]
) -> None:
    for ask in (_checkup(answer).standing, _checkup(answer).delivery):
        with pytest.raises(PlatformError) as caught:
            await ask()
        assert type(caught.value) is kind
        assert "s3cr3t" not in repr(caught.value)
        assert caught.value.__cause__ is None


async def test_a_token_that_the_library_refuses_by_itself_is_refused() -> None:
    with pytest.raises(TokenRefusedError):
        await _checkup(_result(ME), token="").standing()
