"""A short fault campaign: fifty people, failing vendors, a process that dies, and the oracle.

The long form is `make chaos`.
"""

from pathlib import Path

import pytest

from benchmarks.chaos.befalls import FULL, KILLED, LOCKED, SLEPT, WRONG
from benchmarks.chaos.campaign import Plan, carry_out
from benchmarks.chaos.oracle import judge
from benchmarks.chaos.report import report, told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SHORT = Plan(
    seed=7,
    trouble=15.0,
    pause=3.0,
    knob=0.25,
    befall=1.6,
    mishaps=(KILLED, LOCKED, SLEPT, FULL, WRONG),
    calm=60.0,
)
"""Without SIGTERM amid all that, which takes its time; there are three of them in the calm."""


async def test_whatever_fails_everybody_is_answered_and_nothing_is_lost_doubled_or_misattributed(
    tmp_path: Path,
) -> None:
    history = await carry_out(SHORT, tmp_path)
    (tmp_path / "history.txt").write_text(told(history), encoding="utf-8")
    violations = judge(history)
    kinds = {struck.kind for struck in history.struck}

    assert not violations, report(history, violations)
    assert KILLED in kinds
    assert {kind.partition(" ")[0] for kind in kinds} >= {"Bitrix24", "Telegram", "process"}
    assert len(history.asked) > 100
    assert len(history.wrote) > 30
