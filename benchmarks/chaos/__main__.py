"""`python -m benchmarks.chaos --seed 1 --minutes 5`: exit code 1 if anything is wrong.

The commands and the faults come from the seed; which of them meet depends on how the machine
schedules three processes, so the same seed is the same campaign, but not the same instants.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.campaign import Plan, carry_out
from benchmarks.chaos.oracle import judge
from benchmarks.chaos.report import report, told


def main() -> int:
    """Run one campaign and print what came of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 100_000))
    parser.add_argument("--minutes", type=float, default=5.0, help="of trouble; calm comes after")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--webhook", action="store_true", help="Telegram posts to the bot")
    parser.add_argument("--keep", type=Path, help="a folder for the bot's database and log")
    given = parser.parse_args()
    if given.keep and given.keep.exists() and any(given.keep.iterdir()):
        parser.error("--keep: the folder is not empty")
    plan = Plan(
        seed=given.seed,
        people=given.people,
        trouble=given.minutes * 60,
        webhook=given.webhook,
    )
    how = "by webhook" if plan.webhook else "by polling"
    print(
        f"seed {plan.seed}, {plan.people} people, {plan.trouble:.0f} s of trouble, {how}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        history = asyncio.run(carry_out(plan, folder))
    if given.keep:
        (folder / "history.txt").write_text(told(history), encoding="utf-8")
    violations = judge(history)
    print(report(history, violations))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
