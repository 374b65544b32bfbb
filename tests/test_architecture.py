"""What holds the house up: import contracts, routers, settings, the README's table."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import handlers
from bot.settings import Settings

ROOT = Path(__file__).parent.parent


def _modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(found) > 3
    return found


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout[-3000:]
    assert "0 broken" in result.stdout


def test_only_the_transport_speaks_http_to_others() -> None:
    clients = {
        path.relative_to(ROOT).as_posix()
        for path in _modules("bot", "handlers")
        if "ClientSession" in path.read_text(encoding="utf-8")
    }

    assert clients == {"bot/transport/aiohttp_transport.py"}


def test_no_module_reads_the_environment_but_settings() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in _modules("bot", "handlers")
        if re.search(r"os\.environ|getenv", path.read_text(encoding="utf-8"))
    }

    assert readers == set()


def test_no_sentence_for_people_is_in_a_handler() -> None:
    """Words live in the catalogues; a handler that holds a sentence holds one language."""
    checked = 0
    for path in _modules("handlers"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                checked += 1
                assert node.value in docstrings or not re.search(r"\w \w", node.value), node.value
    assert checked > 10


@pytest.mark.parametrize("path", _modules("bot", "handlers"), ids=lambda path: path.stem)
def test_a_module_stays_one_thing(path: Path) -> None:
    if path.name == "ids.py":
        pytest.skip("a list of the catalogues' ids, a line each")
    assert path.read_text(encoding="utf-8").count("\n") <= 330


def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^([A-Z0-9_]+)=", example, flags=re.MULTILINE)

    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", readme, flags=re.MULTILINE))

    assert rows == {name.upper() for name in Settings.model_fields}


def test_the_readmes_command_table_is_the_routers() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `/(\w+)", readme, flags=re.MULTILINE)

    assert rows == [spec.name for spec in handlers.router().specs]
