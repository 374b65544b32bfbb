"""The product as the campaign runs it: the same `app.run`, by the sandbox's clock.

It goes on to write into the file `tasks` how many tasks of each name there are: nobody outside can
count them.
"""

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from bot.app.run import run
from bot.errors import ConfigError, StorageError
from bot.logs import set_up
from bot.settings import Settings, load
from tests.e2e.run_with_sandbox_clock import ClockOfTheSandbox

TASKS_FILE = "tasks"
NOT_STARTED = 3
"""The exit code of a process that could not begin, which on a full disk is no defect."""
_COUNT_EVERY = 0.5


def main() -> int:
    """Run until told to stop; the exit code."""
    settings = load(Settings)
    set_up(settings.log_level, settings.log_format)
    try:
        return asyncio.run(_run(settings))
    except (ConfigError, StorageError) as error:
        # Where it is printed to, the disk may be full as well.
        with suppress(OSError):
            print(f"rsvp-bot: {error}", file=sys.stderr, flush=True)
        return NOT_STARTED


async def _run(settings: Settings) -> int:
    loop = asyncio.get_running_loop()
    threading.Thread(target=_count, args=(loop,), daemon=True).start()
    return await run(settings, clock=ClockOfTheSandbox(settings.telegram_api_url))


def _count(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        counts: Counter[str] = Counter()
        for task in asyncio.all_tasks(loop):
            coroutine = task.get_coro()
            counts[getattr(coroutine, "__qualname__", "?")] += 1
        fresh = Path(TASKS_FILE + ".new")
        # A full disk takes no file either.
        with suppress(OSError):
            fresh.write_text(json.dumps(counts), encoding="utf-8")
            fresh.replace(TASKS_FILE)
        time.sleep(_COUNT_EVERY)


if __name__ == "__main__":
    sys.exit(main())
