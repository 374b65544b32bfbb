"""`make bench`: every bot in turn, in one run, on the same core."""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import uvloop

from benchmarks.speed.measures import PEOPLE, Figures, measure, middle, ratios
from benchmarks.speed.processes import Running, cores, product, rival
from benchmarks.speed.report import report
from benchmarks.speed.seeding import seed
from benchmarks.speed.upstream import TOKEN, Latencies, Upstream

LATEST = Path(__file__).parent.parent / "latest.json"
RIVALS = {"bare": "bare", "ptb": "with_ptb", "aiogram": "with_aiogram"}
SLOW = Latencies(portal=0.25, telegram=0.05)
_GROWTH = (10, 1_000, 100_000)
_FEW = 10


class Bench:
    """One run.

    Args:
        seconds: How long each measurement takes.
        rounds: How often all of those without latency are gone through.
        folder: For databases and logs.
    """

    def __init__(self, *, seconds: float, rounds: int, folder: Path) -> None:
        self._seconds = seconds
        self._rounds = rounds
        self._folder = folder
        self._starts: list[float] = []
        self.figures: dict[str, Figures] = {}

    async def run(self, chosen: Sequence[str]) -> None:
        """Measure those whose name begins like that; all, if none is chosen."""
        names = [*RIVALS, "bot_webhook_warm", "bot_webhook_cold", "bot_polling_warm"]
        names += ["bot_polling_cold"]
        wanted = [name for name in names if _is_chosen(name, chosen)]
        found: dict[str, list[Figures]] = {name: [] for name in wanted}
        for number in range(self._rounds):
            for name in wanted:
                found[name].append(await self._measure(name, Latencies()))
                _say(f"{number + 1}/{self._rounds} {name}", found[name][-1])
        self.figures |= {name: middle(rounds) for name, rounds in found.items()}
        for name in ("bare", "ptb", "aiogram", "bot_webhook_warm", "bot_polling_warm"):
            if _is_chosen(f"{name}_latency", chosen):
                await self._note(f"{name}_latency", await self._measure(name, SLOW))
        await self._grow(
            [people for people in _GROWTH if _is_chosen(f"bot_{people}_people", chosen)]
        )
        if _is_chosen("bot_1000_active", chosen):
            await self._note(
                "bot_1000_active", await self._grown(1000, active=1000, at_once=PEOPLE)
            )

    async def _grow(self, sizes: Sequence[int]) -> None:
        """In turn, as everything else: what the machine does meanwhile is to hit all alike."""
        grown: dict[int, list[Figures]] = {people: [] for people in sizes}
        for _ in range(self._rounds):
            for people, rounds in grown.items():
                rounds.append(await self._grown(people, active=_FEW))
        for people, rounds in grown.items():
            await self._note(f"bot_{people}_people", middle(rounds))

    @property
    def ready_after(self) -> float:
        """Seconds from a start of the product until it was ready, in the middle."""
        return sorted(self._starts)[len(self._starts) // 2] if self._starts else 0.0

    async def _note(self, name: str, figures: Figures) -> None:
        self.figures[name] = figures
        _say(name, figures)

    async def _measure(self, name: str, latencies: Latencies) -> Figures:
        async with Upstream(latencies).serve() as upstream:
            if name in RIVALS:
                async with rival(RIVALS[name], upstream.url, TOKEN, self._folder) as running:
                    return await self._figures(upstream, running)
            by_webhook, cold = "webhook" in name, "cold" in name
            async with self._product(upstream, PEOPLE, webhook=by_webhook) as running:
                return await self._figures(upstream, running, cold=cold)

    async def _figures(
        self,
        upstream: Upstream,
        running: Running,
        *,
        people: int = PEOPLE,
        cold: bool = False,
        at_once: int | None = None,
    ) -> Figures:
        return await measure(
            upstream, running, seconds=self._seconds, people=people, cold=cold, at_once=at_once
        )

    async def _grown(self, people: int, *, active: int, at_once: int | None = None) -> Figures:
        async with (
            Upstream(Latencies()).serve() as upstream,
            self._product(upstream, people, webhook=True) as running,
        ):
            return await self._figures(upstream, running, people=active, at_once=at_once)

    @asynccontextmanager
    async def _product(
        self, upstream: Upstream, people: int, *, webhook: bool
    ) -> AsyncIterator[Running]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            await seed(Path(folder) / "bot.db", people, upstream.url)
            async with product(upstream.url, TOKEN, Path(folder), webhook=webhook) as running:
                self._starts.append(running.ready_after)
                yield running


def _is_chosen(name: str, chosen: Sequence[str]) -> bool:
    return not chosen or any(name.startswith(one) for one in chosen)


def _say(name: str, figures: Figures) -> None:
    print(f"{name}: {figures.commands_s:.0f}/s, {figures.cpu_us:.0f} us", flush=True)


async def _main(seconds: float, rounds: int, chosen: Sequence[str]) -> None:
    os.sched_setaffinity(0, {cores()[1]})
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(seconds=seconds, rounds=rounds, folder=Path(folder))
        await bench.run(chosen)
    found = ratios(bench.figures)
    print(report(bench.figures, found, bench.ready_after))
    written = {
        "variants": {name: asdict(figures) for name, figures in bench.figures.items()},
        "ratios": found,
        "start_to_ready_s": bench.ready_after,
    }
    await asyncio.to_thread(LATEST.write_text, json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chosen", nargs="*", help="names of variants, or how they begin")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="of the variants without latency")
    given = parser.parse_args()
    uvloop.run(_main(given.seconds, given.rounds, given.chosen))
