"""What docs/security.md says is proved by tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert name in functions


def test_every_row_of_the_threat_model_names_its_proof() -> None:
    section = TEXT.partition("## Threat model")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]

    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row.split("|")[-2]] == []
    assert len(NAMED) >= len(rows) - 3


def test_no_rule_of_bandit_is_switched_off_for_a_whole_file_of_the_bot() -> None:
    checked = 0
    for folder in ("bot", "handlers"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"#\s*(?:ruff|flake8): noqa", text), path
            assert not re.search(r"# noqa(?!:)", text), path
            checked += 1
    assert checked > 100
