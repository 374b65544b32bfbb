"""Logging: one line an event, with the reference code, and no secret in any of them.

Nothing of ours puts a secret into a log; redaction is the second fence, for what libraries say.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from bot.domain.reference import current_reference

_NAMES = ("auth", "token", "secret", "bearer")
_SECRETS = (
    (("/rest/",), re.compile(r"(/rest/)\d+/[^/\s\"']+")),
    (("/bot",), re.compile(r"(/bot)\d+:[A-Za-z0-9_-]+")),
    ((":",), re.compile(r"\b()\d{5,}:[A-Za-z0-9_-]{20,}")),
    (
        _NAMES,
        re.compile(
            r"((?:Bearer|auth=|access_token=|refresh_token=|client_secret=)\s*)[^\s\"'&]+",
            re.IGNORECASE,
        ),
    ),
    # The same as JSON and as Python show it.
    (
        _NAMES,
        re.compile(
            r"([\"'](?:auth|access_token|refresh_token|client_secret)[\"']:\s*[\"'])[^\"']+",
            re.IGNORECASE,
        ),
    ),
    (
        ("/link/", "code=", "state="),
        re.compile(r"(/link/(?:confirm/)?|[?&](?:code|state)=)[^\s\"'&]+"),
    ),
)
"""What to look for, in small letters, before a pattern is tried: that is much quicker."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What moves the cursor of whoever reads a log, or turns a line round; line breaks apart."""
_TALKATIVE = ("aiohttp.access", "asyncio", "httpcore", "httpx", "telegram", "aiosqlite", "stamina")


def redact(text: str) -> str:
    """Blot out what looks like a webhook address or a token."""
    small = text.lower()
    for signs, pattern in _SECRETS:
        if any(sign in small for sign in signs):
            text = pattern.sub(r"\1[secret]", text)
    return text


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(reference)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.reference = current_reference.get()
        text = _CONTROL.sub(_spelled, redact(super().format(record)))
        # A line that begins like one of ours is one of ours: what comes from others is indented.
        return text.replace("\n", "\n  ")


def _spelled(control: re.Match[str]) -> str:
    """As JSON writes it, so that it may stand there too."""
    return f"\\u{ord(control[0]):04x}"


class _JsonFormatter(logging.Formatter):
    """One object a line. What our own lines are made of by name (`%(command)s`) are its fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "reference": current_reference.get(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if isinstance(record.args, Mapping) and record.name.startswith("bot."):
            line = {name: _field(value) for name, value in record.args.items()} | line
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return _CONTROL.sub(_spelled, json.dumps(line, ensure_ascii=False))


def _field(value: object) -> object:
    return value if isinstance(value, int | float) else redact(str(value))


def set_up(level: str, style: Literal["text", "json"]) -> None:
    """Send the log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if style == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Where a line comes from is looked up for each, and neither style shows it.
    # https://docs.python.org/3/howto/logging.html#optimization
    logging._srcfile = None  # noqa: SLF001 - see there
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # At DEBUG these print addresses and tokens.
    for name in (*_TALKATIVE, "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
