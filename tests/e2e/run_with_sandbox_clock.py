"""The product by the sandbox's clock: the same `app.run`, as a process of its own.

The product knows no setting of a clock. With the argument `several` it has several people's
accounts, see `tests.e2e.several_people`.
"""

import asyncio
import json
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from bot.__main__ import EXIT_USAGE
from bot.app.clock import SystemClock
from bot.app.run import run
from bot.errors import ConfigError
from bot.logs import set_up
from bot.settings import Settings, load
from tests.e2e.several_people import accounts_of

_ASK_EVERY = 0.1


class ClockOfTheSandbox(SystemClock):
    """The machine's clock, as far ahead as the sandbox's. Pauses are real."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._ahead = self._ask()
        threading.Thread(target=self._follow, daemon=True).start()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def _follow(self) -> None:
        while True:
            time.sleep(_ASK_EVERY)
            # A sandbox that is gone moves its clock no more.
            with suppress(OSError, HTTPException, ValueError):
                self._ahead = self._ask()

    def _ask(self) -> timedelta:
        connection = HTTPConnection(self._address, timeout=5)
        try:
            connection.request("GET", "/_sandbox/clock")
            return timedelta(seconds=json.loads(connection.getresponse().read())["ahead"])
        finally:
            connection.close()


def main() -> int:
    try:
        settings = load(Settings)
        set_up(settings.log_level, settings.log_format)
        clock = ClockOfTheSandbox(settings.telegram_api_url)
        accounts = accounts_of(settings) if sys.argv[1:] == ["several"] else None
        return asyncio.run(run(settings, accounts, clock))
    except ConfigError as error:
        print(f"rsvp-bot: {error}", file=sys.stderr)  # noqa: T201 - as the product's own
        return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main())
