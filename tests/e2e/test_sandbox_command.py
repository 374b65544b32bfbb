"""`rsvp-bot sandbox` as a process of its own, with a doctor and a bot beside it."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, PEOPLE
from tests.e2e.commands import Ended, finish, run, start

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

LAST_LINE = PEOPLE[-1].full_name


class Sandbox:
    """A running one, and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process, printed: str) -> None:
        self.process = process
        self.printed = printed
        self.settings = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", printed, re.MULTILINE))

    async def end(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        self.process.send_signal(number)
        return await finish(self.process)


@asynccontextmanager
async def sandbox(folder: Path, *arguments: str, **settings: str) -> AsyncIterator[Sandbox]:
    process = await start("sandbox", *arguments, folder=folder, settings=settings)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(30):
            while not (lines and LAST_LINE in lines[-1]):
                line = (await process.stdout.readline()).decode()
                assert line, await finish(process)
                lines.append(line)
        yield Sandbox(process, "".join(lines))
    finally:
        if process.returncode is None:
            process.terminate()
            await finish(process)


async def _get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json()


async def _post(url: str, **body: object) -> Any:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        return await response.json()


@pytest.mark.parametrize(
    ("language", "verdict"),
    [
        ("en", "Nothing stands in the way of rsvp-bot run."),
        ("ru", "Ничто не мешает запустить rsvp-bot run."),
    ],
)
async def test_what_it_prints_is_an_env_file_with_which_the_doctor_is_content(
    tmp_path: Path, language: str, verdict: str
) -> None:
    async with sandbox(tmp_path, DEFAULT_LANGUAGE=language) as there:
        (tmp_path / ".env").write_text(there.printed)
        doctor = await run("doctor", folder=tmp_path, settings={"DEFAULT_LANGUAGE": language})
        ended = await there.end()

    assert (doctor.code, doctor.err) == (0, "")
    for line in there.printed.splitlines():
        assert re.fullmatch(r"#.*|[A-Z0-9_]+=\S+", line), line
    assert len(there.settings) == 16
    assert doctor.signs == "✓✓✓–" + "✓" * 9
    assert doctor.out.endswith(f"\n{verdict}\n")
    assert (ended.code, ended.err) == (0, "")


async def test_a_bot_with_these_settings_answers_whoever_speaks_to_it(tmp_path: Path) -> None:
    async with sandbox(tmp_path) as there:
        bot = await start("run", folder=tmp_path, settings=there.settings)
        try:
            control = there.settings["TELEGRAM_API_URL"] + "/_sandbox"
            await _post(f"{control}/says", user=ANN.user_id, text=f"/accept {SPRINT_REVIEW}")
            said = ""
            state: Any = {"version": 0}
            async with asyncio.timeout(40):
                while "Accepted" not in said:
                    state = await _get(f"{control}/state?after={state['version']}")
                    messages = state["chats"][str(ANN.user_id)]["messages"]
                    said = " ".join(message["text"] for message in messages)
        finally:
            bot.terminate()
            await finish(bot)
        portal = there.settings["BITRIX24_WEBHOOK_URL"].partition("/rest/")[0]
        held = (await _get(f"{portal}/_sandbox/state"))["statuses"]

    assert {
        "event": SPRINT_REVIEW,
        "user": ANN.user_id,
        "status": "Y",
    } in [{key: row[key] for key in ("event", "user", "status")} for row in held]


async def test_the_lines_about_speaking_to_the_bot_can_be_pasted(tmp_path: Path) -> None:
    async with sandbox(tmp_path) as there:
        lines = re.findall(r"^#   curl -d '(.*)' (\S+)$", there.printed, re.MULTILINE)
        [state] = re.findall(r"^#   curl (http\S+)$", there.printed, re.MULTILINE)
        async with aiohttp.ClientSession() as session:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answers = []
            for body, says in lines:
                async with session.post(says, data=body, headers=form) as response:
                    answers.append((await response.json())["ok"])
        chats = (await _get(state))["chats"]

    assert answers == [True, True]
    [group] = [chat for number, chat in chats.items() if number.startswith("-")]
    assert [m["text"] for m in group["messages"]] == [f"/card@acme_rsvp_bot {SPRINT_REVIEW}"]
    assert [m["text"] for m in chats[str(ANN.user_id)]["messages"]] == [f"/status {SPRINT_REVIEW}"]


async def test_all_vendors_go_by_one_clock_that_can_be_moved(tmp_path: Path) -> None:
    hour = 3600
    async with sandbox(tmp_path) as there:
        telegram = there.settings["TELEGRAM_API_URL"]
        moved = await _post(f"{telegram}/_sandbox/clock", advance=5 * hour)
        moved = await _post(f"{telegram}/_sandbox/clock", advance=-2 * hour)
        known = await _get(f"{telegram}/_sandbox/clock")
        await _post(f"{telegram}/_sandbox/says", user=ANN.user_id, text="/presence")
        chats = (await _get(f"{telegram}/_sandbox/state"))["chats"]
        portal = await _get(there.settings["BITRIX24_WEBHOOK_URL"] + "server.time")
        url = there.settings["CRONOFY_API_URL"] + "/v1/userinfo"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            cronofy = parsedate_to_datetime(response.headers["Date"])

    assert moved == known == {"ahead": 3 * hour}
    [message] = chats[str(ANN.user_id)]["messages"]
    now = datetime.now(UTC)
    told = [
        datetime.fromtimestamp(message["date"], UTC),
        datetime.fromisoformat(portal["result"]),
        cronofy,
    ]
    assert [abs((one - now).total_seconds() - 3 * hour) < 60 for one in told] == [True] * 3


async def test_everybody_has_a_webhook_of_their_own(tmp_path: Path) -> None:
    async with sandbox(tmp_path) as there:
        rows = re.findall(r"^#   (.+?)\s+telegram:(\d+)\s+(http\S+)$", there.printed, re.MULTILINE)
        names = [(await _get(f"{webhook}profile"))["result"]["NAME"] for _, _, webhook in rows]

    others = [person for person in PEOPLE if person is not ANN]
    assert [(name, int(number)) for name, number, _ in rows] == [
        (person.full_name, person.user_id) for person in others
    ]
    assert names == [person.name for person in others]
    assert BORIS in others


async def test_ctrl_c_ends_it_and_its_database_is_gone(tmp_path: Path) -> None:
    async with sandbox(tmp_path) as there:
        folder = Path(there.settings["DATABASE_URL"].removeprefix("sqlite:///")).parent
        while_running = folder.is_dir()
        ended = await there.end(signal.SIGINT)

    assert (while_running, folder.exists()) == (True, False)
    assert (ended.code, ended.err) == (0, "")
    assert list(tmp_path.iterdir()) == []


async def test_a_reader_that_leaves_does_not_end_it(tmp_path: Path) -> None:
    base = _five_free_ports()
    nobody, out = os.pipe()
    os.close(nobody)
    process = await start("sandbox", "--port-base", str(base), folder=tmp_path, out=out)
    os.close(out)
    try:
        async with asyncio.timeout(30):
            # The portal's token server is the last one that opens, and then comes the printing.
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", base + 3)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
    finally:
        process.terminate()
        ended = await finish(process)

    assert (ended.code, ended.err) == (0, "")


def _five_free_ports() -> int:
    for base in range(20_000, 60_000, 7):
        with ExitStack() as stack:
            try:
                for number in range(5):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", base + number))
            except OSError:
                continue
            return base
    raise AssertionError("no five free ports in a row")


async def test_ports_can_be_chosen(tmp_path: Path) -> None:
    base = _five_free_ports()

    async with sandbox(tmp_path, "--port-base", str(base)) as there:
        again = await run("sandbox", "--port-base", str(base), folder=tmp_path)

    assert there.settings["TELEGRAM_API_URL"] == f"http://127.0.0.1:{base}"
    assert there.settings["BITRIX24_WEBHOOK_URL"].startswith(f"http://127.0.0.1:{base + 1}/")
    assert there.settings["CRONOFY_API_URL"] == f"http://127.0.0.1:{base + 2}"
    assert there.settings["BITRIX24_OAUTH_URL"] == f"http://127.0.0.1:{base + 3}"
    assert there.settings["PUBLIC_URL"] == f"http://127.0.0.1:{base + 4}"
    assert there.settings["HTTP_PORT"] == str(base + 4)
    assert (again.code, again.out) == (2, "")
    assert again.err == f"rsvp-bot: --port-base: port {base} cannot be used\n"


@pytest.mark.parametrize("port", ["0", "65532", "-1", "many", ""])
async def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    ended = await run("sandbox", f"--port-base={port}", folder=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "must be from 1 to 65531" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--help"], 0, "sandbox"),
        (["--help"], 0, "doctor"),
        (["sandbox", "--help"], 0, "--port-base"),
        (["doctor", "--help"], 0, "usage"),
        (["--version"], 0, "."),
        (["nothing"], 2, "invalid choice"),
        ([], 2, "COMMAND"),
        (["doctor", "more"], 2, "unrecognized"),
    ],
)
async def test_the_command_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    ended = await run(*arguments, folder=tmp_path)

    assert ended.code == code
    assert said in ended.out + ended.err
