"""What one bot needs for a command, in one situation."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measures import quantile
from benchmarks.speed.processes import Running
from benchmarks.speed.upstream import Upstream

PEOPLE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured.

    Attributes:
        commands_s: Commands a second.
        cpu_us: Microseconds of processor time a command.
        p50_ms: Milliseconds from a message to its reply, for one command of two.
        p99_ms: Likewise for ninety-nine of a hundred.
        rss_mb: Most megabytes that were resident at once, since the start.
    """

    commands_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    rss_mb: float


class WrongAnswersError(Exception):
    """A bot did not do what it was asked for, so its speed means nothing."""


async def measure(
    upstream: Upstream,
    running: Running,
    *,
    seconds: float,
    people: int = PEOPLE,
    cold: bool = False,
    at_once: int | None = None,
    warm_up: float = 1.5,
) -> Figures:
    """Let people give commands for a while and see what it costs.

    Raises:
        WrongAnswersError: Not every command was carried out.
    """
    await upstream.begin(people, hook=running.hook, cold=cold, at_once=at_once)
    await asyncio.sleep(warm_up)
    observed = upstream.observe()
    cpu = running.cpu
    await asyncio.sleep(seconds)
    cpu = running.cpu - cpu
    took, wrong = sorted(observed.took), observed.wrong
    await upstream.end()
    if wrong or not took:
        raise WrongAnswersError(f"{wrong} wrong, {len(took)} answered")
    return Figures(
        commands_s=len(took) / seconds,
        cpu_us=cpu / len(took) * 1e6,
        p50_ms=quantile(took, 0.5) * 1e3,
        p99_ms=quantile(took, 0.99) * 1e3,
        rss_mb=running.peak_mb,
    )


def middle(rounds: list[Figures]) -> Figures:
    """Of several rounds the one in the middle, by what a command costs."""
    return sorted(rounds, key=lambda one: one.cpu_us)[len(rounds) // 2]


def ratios(of: Mapping[str, Figures]) -> Mapping[str, float]:
    """The product by webhook with warm reads, beside the others; what is missing is left out."""
    found = {
        "cpu_to_bare": ("bot_webhook_warm", "bare", "cpu_us"),
        "throughput_to_ptb": ("bot_webhook_warm", "ptb", "commands_s"),
        "throughput_to_ptb_latency": ("bot_webhook_warm_latency", "ptb_latency", "commands_s"),
        "p99_to_bare": ("bot_webhook_warm", "bare", "p99_ms"),
        "throughput_to_bare_latency": ("bot_webhook_warm_latency", "bare_latency", "commands_s"),
        "cpu_growth": ("bot_100000_people", "bot_10_people", "cpu_us"),
    }
    return {
        name: getattr(of[ours], figure) / getattr(of[theirs], figure)
        for name, (ours, theirs, figure) in found.items()
        if ours in of and theirs in of
    }
