"""What docs/deploy says is what the product does: commands, settings, files, metrics, seconds."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from bot.__main__ import EXIT_USAGE, _parser
from bot.app.core import RENEWALS_GRACE
from bot.app.run import STOP_GRACE
from bot.domain.providers import Provider
from bot.settings import Settings
from bot.web.counts import Counts
from bot.web.exposition import expose
from bot.web.vitals import Vitals

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "docs" / "deploy"
UNIT = (DEPLOY / "rsvp-bot.service").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
INSTALLED = "/opt/rsvp-bot/.venv/bin/rsvp-bot"


def _is_command(words: list[str]) -> bool:
    try:
        _parser().parse_args(words)
    except SystemExit as ended:
        return ended.code == 0
    return True


def _option(name: str) -> str:
    [value] = re.findall(rf"^{name}=(.*)$", UNIT, flags=re.MULTILINE)
    return str(value)


def _instructions(name: str) -> list[str]:
    return re.findall(rf"^ *{name} +(.*)$", DOCKERFILE, flags=re.MULTILINE)


def test_what_is_run_are_commands_of_the_product() -> None:
    program, *words = shlex.split(_option("ExecStart"))
    assert (program, words) == (INSTALLED, ["run"])
    [entry] = _instructions("ENTRYPOINT")
    [start] = _instructions("CMD")
    [health] = re.findall(r"^HEALTHCHECK .*CMD (.*)$", DOCKERFILE, flags=re.MULTILINE)
    assert json.loads(entry) == json.loads(health)[:1] == ["rsvp-bot"]
    assert _is_command(words)
    assert _is_command(json.loads(start))
    assert _is_command(json.loads(health)[1:])
    assert not _is_command(["healthz"])
    assert not _is_command(["users", "adopt", "--help"])


@pytest.mark.parametrize("readme", [README, (ROOT / "README.md").read_text(encoding="utf-8")])
def test_every_command_that_the_readmes_name_is_one(readme: str) -> None:
    inline = re.findall(r"`(?:\.venv/bin/)?rsvp-bot ([^`]+)`", readme)
    blocks = re.findall(r"^(?:docker exec rsvp-bot )?(?:\S*/)?rsvp-bot (.+)$", readme, re.MULTILINE)
    checked = 0
    for line in [*inline, *blocks]:
        words = shlex.split(re.sub(r"\$\(.*?\)|telegram:ID", "telegram:1", line), comments=True)
        words = list(takewhile(lambda word: word not in {"|", "&&"}, words))
        if words[0].islower():
            # With "--help" the beginning of a command is one too, such as `users admit`.
            assert _is_command(words) or _is_command([*words, "--help"]), line
            checked += 1
    assert checked >= 8


def test_a_stop_waits_longer_than_the_bot_needs() -> None:
    assert float(_option("TimeoutStopSec")) > STOP_GRACE + RENEWALS_GRACE
    [seconds] = re.findall(r"--stop-timeout (\d+)", README)
    assert float(seconds) > STOP_GRACE + RENEWALS_GRACE


def test_only_what_a_new_start_would_not_mend_keeps_the_unit_down() -> None:
    assert _option("Restart") == "on-failure"
    assert _option("RestartPreventExitStatus") == str(EXIT_USAGE)
    assert _option("StartLimitIntervalSec") == "0"
    assert "postgresql.service" in _option("After").split()
    assert int(_option("RestartSec")) == 10
    assert "ten seconds later" in README


def test_the_unit_gives_nothing_away() -> None:
    assert _option("User") == "rsvp-bot"
    assert _option("ProtectSystem") == "strict"
    assert _option("NoNewPrivileges") == "yes"
    assert _option("StateDirectory") == _option("WorkingDirectory").removeprefix("/var/lib/")
    assert _option("UMask") == "0077"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_unit_and_finds_it_confined(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("rsvp-bot")
    assert program.exists()
    unit = tmp_path / "rsvp-bot.service"
    # Whoever tests need not have the user, nor the place.
    text = re.sub(r"^(User|Group)=.*$", r"\1=root", UNIT, flags=re.MULTILINE)
    unit.write_text(text.replace(INSTALLED, str(program)), encoding="utf-8")

    verified = _analyze("verify", str(unit))
    unit.write_text(UNIT, encoding="utf-8")
    judged = _analyze("security", "--offline=true", "--threshold=20", str(unit))

    assert (verified.returncode, verified.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout[-200:]


def _analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_image_holds_what_it_needs_and_its_builder_sees_nothing_else() -> None:
    sources = [
        word
        for copied in _instructions("COPY")
        if not copied.startswith("--from")
        for word in copied.split()[:-1]
    ]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert sorted(sources) == sorted(line[1:] for line in ignored if line.startswith("!"))
    assert "*" in ignored
    assert all((ROOT / source).exists() for source in sources)
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert _instructions("USER") == ["rsvp-bot"]
    assert DOCKERFILE.count("\nFROM ") == 2
    [variables] = _instructions("ENV")
    ours = {name for name in re.findall(r"([A-Z_]+)=", variables) if not name.startswith("P")}
    assert ours == {"OPERATIONS_PORT", "LOG_FORMAT"}
    assert ours <= {name.upper() for name in Settings.model_fields}


def _metrics() -> set[str]:
    counts = Counts()
    counts.command("accept", "ok", 1)
    counts.requested("telegram", "getMe", "ok", 1)
    counts.waited("telegram", 1)
    counts.renewed(Provider.CRONOFY, "ok")
    text = expose(counts, Vitals(backlog=1)).decode()
    return set(re.findall(r"^((?:rsvp_bot|process)_\w+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["alerts.yml", "README.md"])
def test_every_metric_that_is_named_exists(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    named = set(re.findall(r"\b((?:rsvp_bot|process)_[a-z]\w+)", text))
    exposed = _metrics()
    families = {re.sub(r"_(bucket|count|sum)$", "", metric) for metric in exposed}

    assert len(named) > 6
    assert named <= exposed | families
    if name == "README.md":
        ours = {family for family in families if family.startswith("rsvp_bot")}
        assert ours - {f"{family}_created" for family in ours} <= named
