"""The bot's process, and what can befall it and its database."""

import asyncio
import json
import resource
import signal
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from benchmarks.chaos.clocked_bot import TASKS_FILE
from benchmarks.chaos.history import Level

_PATIENCE = 40.0
_LOOK_EVERY = 0.1
_AT_REST = 20
"""How many looks in a row show the same at rest."""
_CHANCE = 10
"""Connections more or less: some looks for answers in doubt are still to come."""
_MOST_OF_DATABASE = 40
"""Fifteen connections of the pool and one that writes, with the log of each, and a few."""
_SMALLEST_FILE = 4096
"""Bytes that every file may have while the disk is full: less than any that is in use."""
_UP = "TelegramPlatform.run"
"""A task that it has once it listens to signals."""
_TABLES = ("inbox", "intents", "deliveries", "follow_ups")


class BotProcess:
    """`rsvp-bot run` in a folder of its own.

    Attributes:
        exit_codes: Of those that were asked to stop.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.exit_codes: list[int] = []
        self._folder = folder
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def database(self) -> Path:
        """Its file."""
        return self._folder / "bot.db"

    @property
    def log(self) -> Path:
        """What all processes logged."""
        return self._folder / "bot.log"

    @property
    def died(self) -> int | None:
        """The exit code of a process that ended by itself."""
        return None if self._process is None else self._process.returncode

    async def start(self) -> None:
        """Begin a process; it is not ready yet."""
        (self._folder / TASKS_FILE).unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "benchmarks.chaos.clocked_bot",
                cwd=self._folder,
                env=dict(self._environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )

    async def stop(self) -> None:
        """Ask it to end once it is up, and note with which code it did."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while _UP not in self.level().tasks and self.died is None:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_EVERY)
        self.exit_codes.append(await self._end(signal.SIGTERM))

    async def kill(self) -> None:
        """End it without a warning, if it runs."""
        if self._process is not None:
            await self._end(signal.SIGKILL)

    async def lock_database(self, seconds: float) -> None:
        """Let somebody else write into the database for so long."""
        with closing(sqlite3.connect(self.database, isolation_level=None, timeout=0)) as another:
            while True:
                try:
                    another.execute("BEGIN IMMEDIATE")
                    break
                except sqlite3.OperationalError:
                    await asyncio.sleep(_LOOK_EVERY)
            await asyncio.sleep(seconds)
            another.execute("ROLLBACK")

    async def fill_disk(self, seconds: float) -> None:
        """Let no file of the process grow for so long; what it would write is refused."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_SMALLEST_FILE, before[1]))
        await asyncio.sleep(seconds)
        if process.returncode is None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)

    async def level_at_rest(self) -> Level:
        """What it holds, as soon as that stays the same."""
        seen: list[Level] = []
        while len(seen) < _AT_REST or any(one != seen[-1] or not one.tasks for one in seen):
            await asyncio.sleep(_LOOK_EVERY)
            seen = [*seen[1 - _AT_REST :], self.level()]
        return seen[-1]

    async def level_no_more_than(self, before: Level, patience: float) -> Level:
        """What it holds, as soon as that has not grown; at the latest then."""
        level = self.level()
        while grown(before, level) and patience > 0:
            await asyncio.sleep(_LOOK_EVERY)
            patience -= _LOOK_EVERY
            level = self.level()
        return level

    def level(self) -> Level:
        """What it holds now."""
        assert self._process is not None  # noqa: S101 - it was started
        opened = [_target(one) for one in Path(f"/proc/{self._process.pid}/fd").iterdir()]
        database = sum(name.startswith(str(self.database)) for name in opened)
        path = self._folder / TASKS_FILE
        tasks = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return Level(descriptors=len(opened) - database, database=database, tasks=tasks)

    def rows(self) -> Mapping[str, int]:
        """How many rows its tables have, and the inbox by state."""
        with closing(sqlite3.connect(self.database, timeout=5)) as database:
            found = {
                table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in _TABLES
            }
            states = database.execute("SELECT state, count(*) FROM inbox GROUP BY state")
            return found | {f"inbox {state}": count for state, count in states}

    async def _end(self, number: int) -> int:
        process = self._process
        assert process is not None  # noqa: S101 - it was started
        self._process = None
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(_PATIENCE):
            return await process.wait()


def open_rows(rows: Mapping[str, int]) -> Mapping[str, int]:
    """Messages in the inbox that are not closed, by state."""
    return {
        name: count
        for name, count in rows.items()
        if name.startswith("inbox ") and name != "inbox closed"
    }


def grown(before: Level, after: Level) -> list[str]:
    """What a process holds that it did not at first."""
    found = [
        f"{count - before.tasks.get(name, 0)} more tasks {name}"
        for name, count in after.tasks.items()
        if count > before.tasks.get(name, 0)
    ]
    more = after.descriptors - before.descriptors
    if more > _CHANCE:
        found.append(f"{more} more file descriptors")
    if after.database > _MOST_OF_DATABASE:
        found.append(f"{after.database} file descriptors of the database")
    return found


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        # Closed since it was listed.
        return ""
