"""What befalls the bot's process, its database and its clock, one thing after another."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from benchmarks.chaos.bot_process import BotProcess
from benchmarks.chaos.clocked_bot import NOT_STARTED
from benchmarks.chaos.history import Struck
from benchmarks.chaos.watching import Diary
from bot.sandbox.clock import SandboxClock

KILLED, STOPPED, DIED = "process SIGKILL", "process SIGTERM", "process died by itself"
REFUSED = "process could not start"
LOCKED, FULL = "database locked", "disk full"
SLEPT, WRONG = "clock: machine slept", "clock: bot's is wrong for a while"
_SLEEPS = (60, 300, 1500, 2400)
_WRONG_BY = (-1800, -90, 45, 300)
"""Seconds."""


class Befalls:
    """One mishap of the bot's machine after another; each kind once in a round."""

    def __init__(
        self,
        *,
        seed: int,
        diary: Diary,
        bot: BotProcess,
        world_clock: SandboxClock,
        bots_clock: SandboxClock,
    ) -> None:
        self._dice = random.Random(f"{seed} machine")
        self._diary = diary
        self._bot = bot
        self._world_clock = world_clock
        self._bots_clock = bots_clock

    async def run(
        self, kinds: Sequence[str], *, ends: float, last_restart: float, pause: float
    ) -> None:
        """Mishaps of these kinds until `ends`; the process stays the same from `last_restart`."""
        mishaps: Mapping[str, Callable[[], Awaitable[None]]] = {
            KILLED: self._kill,
            LOCKED: self._lock,
            SLEPT: self._sleep,
            STOPPED: self._stop,
            FULL: self._fill,
            WRONG: self._go_wrong,
        }
        while True:
            for kind in self._dice.sample(kinds, len(kinds)):
                await asyncio.sleep(self._dice.uniform(0.5, 1.5) * pause)
                if self._diary.now() >= ends:
                    return
                if kind in {KILLED, STOPPED} and self._diary.now() > last_restart:
                    continue
                at = self._diary.now()
                await mishaps[kind]()
                self._note(kind, at)
                await self._revive()

    def advance(self, seconds: float) -> None:
        """Let time pass for everybody."""
        by = timedelta(seconds=seconds)
        self._world_clock.advance(by)
        self._bots_clock.advance(by)

    async def _revive(self) -> None:
        """Start it again, as whatever looks after services does."""
        if self._bot.died is not None:
            kind = REFUSED if self._bot.died == NOT_STARTED else DIED
            self._note(kind, self._diary.now())
            await self._bot.start()

    async def _kill(self) -> None:
        await self._bot.kill()
        await asyncio.sleep(self._dice.choice((0.0, 0.3, 1.5)))
        await self._bot.start()

    async def _stop(self) -> None:
        await self._bot.stop()
        await self._bot.start()

    async def _lock(self) -> None:
        await self._bot.lock_database(self._dice.choice((1.0, 3.0, 7.0)))

    async def _fill(self) -> None:
        await self._bot.fill_disk(self._dice.choice((1.0, 3.0, 6.0)))

    async def _sleep(self) -> None:
        self.advance(self._dice.choice(_SLEEPS))

    async def _go_wrong(self) -> None:
        by = timedelta(seconds=self._dice.choice(_WRONG_BY))
        self._bots_clock.advance(by)
        await asyncio.sleep(self._dice.uniform(1, 5))
        self._bots_clock.advance(-by)

    def _note(self, kind: str, at: float) -> None:
        self._diary.struck.append(Struck(at=at, kind=kind, until=self._diary.now()))
