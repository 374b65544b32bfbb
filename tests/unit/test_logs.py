import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import pytest

from bot.dispatch.command_log import CommandLog
from bot.domain.chat import Platform
from bot.domain.reference import current_reference, reference_of
from bot.logs import redact, set_up
from bot.web.counts import Counts
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize(
    "text",
    [
        "https://acme.bitrix24.com/rest/7/s3cr3tc0de/profile",
        "POST /rest/1/s3cr3tc0de/",
        "https://api.telegram.org/bot7001:AAs3cr3tc0de-x_y/getMe",
        "token 700100:AAs3cr3tc0deAAs3cr3tc0de",
        "Authorization: Bearer s3cr3tc0de",
        "?auth=s3cr3tc0de&x=1",
        "client_secret=s3cr3tc0de",
        '{"access_token": "s3cr3tc0de"}',
        "{'refresh_token': 's3cr3tc0de', 'x': 1}",
        "/oauth/cronofy?x=1&code=s3cr3tc0de",
        "/oauth/cronofy?state=s3cr3tc0de&x=1",
        "GET /link/s3cr3tc0des3cr3tc0de HTTP/1.1",
        "GET /link/confirm/s3cr3tc0des3cr3tc0de HTTP/1.1",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text: str) -> None:
    assert "s3cr3t" not in redact(text)
    assert "[secret]" in redact(text)


def test_ordinary_lines_stay_as_they_are() -> None:
    line = "command=accept platform=telegram outcome=ok ms=12"

    assert redact(line) == line


@pytest.fixture
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_own_logging")
@pytest.mark.parametrize("style", ["text", "json"])
def test_a_line_carries_the_reference_and_a_traceback_is_redacted_too(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("DEBUG", "json" if style == "json" else "text")
    token = current_reference.set("K7Q2MX")
    try:
        raise ValueError("https://acme.bitrix24.com/rest/7/s3cr3tc0de/")  # noqa: TRY301
    except ValueError:
        logging.getLogger("bot.test").exception("a job failed")
    finally:
        current_reference.reset(token)

    shown = capsys.readouterr().err
    assert "K7Q2MX" in shown
    assert "ValueError" in shown
    assert "s3cr3t" not in shown
    if style == "json":
        assert json.loads(shown)["reference"] == "K7Q2MX"


@pytest.mark.usefixtures("_own_logging")
@pytest.mark.parametrize("style", ["text", "json"])
def test_a_command_leaves_one_line_with_fields_of_their_own(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("INFO", "json" if style == "json" else "text")
    token = current_reference.set("K7Q2MX")
    try:
        CommandLog(Counts(), FakeClock()).note("accept", Platform.TELEGRAM, "ok", 0.0127)
    finally:
        current_reference.reset(token)

    [shown] = capsys.readouterr().err.splitlines()
    if style == "text":
        assert shown.endswith(
            "INFO K7Q2MX bot.dispatch.command_log command=accept platform=telegram outcome=ok ms=12"
        )
        return
    line = json.loads(shown)
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "INFO",
        "reference": "K7Q2MX",
        "logger": "bot.dispatch.command_log",
        "message": "command=accept platform=telegram outcome=ok ms=12",
        "command": "accept",
        "platform": "telegram",
        "outcome": "ok",
        "ms": 12,
    }


@pytest.mark.usefixtures("_own_logging")
def test_fields_are_redacted_hide_nothing_and_are_ours_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("INFO", "json")
    said = {"reference": "forged", "address": "https://acme.bitrix24.com/rest/7/s3cr3tc0de/"}
    logging.getLogger("bot.test").info("%(address)s", said)
    logging.getLogger("library").info("%(address)s", said)

    ours, other = capsys.readouterr().err.splitlines()
    assert "s3cr3t" not in ours + other
    assert json.loads(ours)["reference"] != "forged"
    assert json.loads(ours)["address"] == "https://acme.bitrix24.com/rest/[secret]/"
    assert "address" not in json.loads(other)


def test_a_reference_is_short_the_same_again_and_easy_to_read_aloud() -> None:
    codes = {reference_of(f"telegram:{number}") for number in range(500)}

    assert reference_of("telegram:1") == reference_of("telegram:1")
    assert len(codes) == 500
    assert all(len(code) == 6 and not set(code) & set("01OIL") for code in codes)


HOSTILE = [
    "Ann\n2026-01-01 00:00:00,000 INFO - bot forged",
    "\x1b[2J\x1b[31mAnn\x1b[0m",
    "Ann\r2026-01-01 00:00:00,000 INFO - bot forged",
    "Ann\u2028forged",
    "\u202ennA\u2066",
    "\x9b31m",
]


@pytest.mark.usefixtures("_own_logging")
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("style", ["text", "json"])
def test_nobody_can_write_a_line_of_their_own_into_the_log(
    name: str, style: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("INFO", style)
    try:
        raise ValueError(name)  # noqa: TRY301
    except ValueError:
        logging.getLogger("bot.test").exception("handling of %s failed", name)
    logging.getLogger("bot.test").info("next")

    written = capsys.readouterr().err
    own = [line for line in written.split("\n") if line and not line.startswith("  ")]
    assert len(own) == 2
    assert not any(char in written for char in "\x1b\r\u2028\u202e\u2066\x9b")
