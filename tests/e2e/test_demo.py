"""`rsvp-bot demo` as a separate process, talked to through a pipe."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

SAYS = "/accept 651\n/status 651\n/dnd\n/presence\n!portal\n"


def demo(says: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "bot", "demo"],
        input=says,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(Path.cwd()), "PYTHONUTF8": "1", **environment},
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "accepted"),
    [({}, "✅ Accepted: Sprint review"), ({"DEFAULT_LANGUAGE": "ru"}, "✅ Принято: Sprint review")],
)
def test_the_main_job_without_any_account(
    environment: dict[str, str], accepted: str, tmp_path: Path
) -> None:
    result = demo(SAYS, tmp_path, **environment)

    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines.count(accepted) == 2
    assert "651    ann     Y       Sprint review" in lines
    assert "presence of ann: dnd" in lines
    assert "notice to boris: accept by ann for 651" in lines


def test_switching_the_person_and_pressing_by_number(tmp_path: Path) -> None:
    says = "!as carl\n/accept 651\n/maybe 651\n1\n9\n!portal\n"

    result = demo(says, tmp_path)

    assert "[1] Take my answer back   [2] Leave it" in result.stdout
    assert "There is no button [9]." in result.stdout
    assert "651    carl    Q       Sprint review" in result.stdout
    assert result.returncode == 0


def test_it_reads_no_env_file_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DEFAULT_LANGUAGE=ru\n")

    result = demo("/accept 651\n", tmp_path)

    assert "Accepted" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_reader_that_leaves_is_no_crash(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path.cwd()), "PYTHONUTF8": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.close()
        process.stdin.write(b"/presence\n" * 3)
        process.stdin.close()
        code = process.wait(timeout=30)
        said = process.stderr.read()

    assert (code, said) == (0, b"")


def test_a_malformed_setting_is_named_without_its_value(tmp_path: Path) -> None:
    result = demo("", tmp_path, DEFAULT_LANGUAGE="klingon", DEFAULT_TIMEZONE="Mars/Olympus")

    assert result.returncode == 2
    assert result.stderr == (
        "rsvp-bot: DEFAULT_LANGUAGE: must be one of en, ru; "
        "DEFAULT_TIMEZONE: is not an IANA time zone such as Europe/Berlin\n"
    )


_README = Path(__file__).parent.parent.parent / "README.md"
_WEEKDAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun|пн|вт|ср|чт|пт|сб|вс"
_MOMENTS = re.compile(
    rf"\b(?:{_WEEKDAYS}),? \d+ [^\W\d]+\.?(?: \d{{4}}(?: г\.)?)?|\d\d:\d\d|UTC[+−]\d+"
)


def _without_dates(text: str) -> list[str]:
    """What does not depend on the day and the port on which the demo runs."""
    kept = [line for line in text.splitlines() if "http://127.0.0.1" not in line]
    return [_MOMENTS.sub("…", line) for line in kept]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_readmes_transcript_is_what_the_demo_says(language: str, tmp_path: Path) -> None:
    transcripts = re.findall(
        r"```\n(ann> .*?)\n```", _README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(transcripts) == 2
    transcript = transcripts[("en", "ru").index(language)]
    says = re.findall(r"^\w+> (.*)$", transcript, flags=re.MULTILINE)

    result = demo("\n".join(says) + "\n", tmp_path, DEFAULT_LANGUAGE=language)

    assert _without_dates(result.stdout) == _without_dates(transcript)
    assert len(says) > 5
