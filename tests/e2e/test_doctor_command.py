"""`rsvp-bot doctor` as a process of its own: each broken thing has its line and its advice."""

import json
import os
import pty
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.app.clock import SystemClock
from bot.app.database import open_storage
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import ANN_ACCOUNT
from bot.storage.keys import new_key
from tests.contract.stores import database_address
from tests.e2e.commands import Ended, finish, run, start
from tests.e2e.world import TOKEN, World, world
from tests.fakes.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])
SECRETS = (TOKEN, ANN.webhook_code, ANN_ACCOUNT.personal_token, "s3cr3t")


async def _examined(w: World, **settings: str) -> Ended:
    given = {**w.environment, **settings}
    ended = await run("doctor", folder=w.folder, settings=given)
    for secret in SECRETS:
        assert secret not in ended.out + ended.err
    assert ended.err == ""
    return ended


def _take_im_away(w: World) -> dict[str, str]:
    w.portal.users[ANN.user_id].scopes = frozenset({"calendar"})
    return {}


def _end_the_token(w: World) -> dict[str, str]:
    return {"CRONOFY_ACCESS_TOKEN": w.cronofy.issue_token(ANN_ACCOUNT.sub, expires_in=-1)}


def _read_only(w: World) -> dict[str, str]:
    content = bytearray(w.database.read_bytes())
    content[18] = 3  # a version of the file format that nobody may write yet
    w.database.write_bytes(content)
    return {}


BROKEN: dict[str, tuple[Callable[[World], dict[str, str]], int, dict[str, str]]] = {
    "token of no bot": (
        lambda _: {"TELEGRAM_TOKEN": "7001:s3cr3t"},
        1,
        {
            "en": "✗ Telegram bot Telegram knows no bot with this TELEGRAM_TOKEN "
            "→ Ask @BotFather for the token (/token) and copy all of it.",
            "ru": "✗ бот Telegram Telegram не знает бота с таким TELEGRAM_TOKEN "
            "→ Возьмите токен у @BotFather (/token) и скопируйте его целиком.",
        },
    ),
    "webhook without im": (
        _take_im_away,
        1,
        {
            "en": "✗ Bitrix24 rights missing: im → Tick them at the webhook: "
            "calendar answers invitations, im sets presence.",
            "ru": "✗ права в Битрикс24 не хватает: im → Отметьте их у вебхука: "
            "calendar отвечает на приглашения, im ставит статус.",
        },
    ),
    "unknown token of Cronofy": (
        lambda _: {"CRONOFY_ACCESS_TOKEN": "s3cr3t"},
        1,
        {
            "en": "✗ Cronofy account CRONOFY_ACCESS_TOKEN is not known at CRONOFY_API_URL "
            "→ Make a new token, or set CRONOFY_DATA_CENTER to that of the account.",
            "ru": "✗ аккаунт Cronofy CRONOFY_ACCESS_TOKEN не известен: CRONOFY_API_URL "
            "→ Создайте новый токен или укажите в CRONOFY_DATA_CENTER центр, где заведён аккаунт.",
        },
    ),
    "token of Cronofy that has run out": (
        _end_the_token,
        1,
        {
            "en": "✗ Cronofy account CRONOFY_ACCESS_TOKEN is not known at CRONOFY_API_URL → Make",
            "ru": "✗ аккаунт Cronofy CRONOFY_ACCESS_TOKEN не известен: CRONOFY_API_URL → Создайте",
        },
    ),
    "portal out of reach": (
        lambda _: {"BITRIX24_WEBHOOK_URL": f"http://127.0.0.1:{free_port()}/rest/7/s3cr3t/"},
        1,
        {
            "en": "✗ Bitrix24 no answer → Check this machine's network, DNS and firewall, "
            "and BITRIX24_WEBHOOK_URL.",
            "ru": "✗ Битрикс24 нет ответа → Проверьте сеть, DNS и файрвол этой машины, "
            "а также BITRIX24_WEBHOOK_URL.",
        },
    ),
    "malformed setting": (
        lambda _: {"HTTP_PORT": "s3cr3t"},
        2,
        {
            "en": "✗ settings HTTP_PORT is malformed → Write a whole number from 0 to 65535.",
            "ru": "✗ настройки HTTP_PORT: записано неверно → Запишите целое число от 0 до 65535.",
        },
    ),
    "missing setting": (
        lambda _: {"TELEGRAM_TOKEN": ""},
        2,
        {
            "en": "✗ settings TELEGRAM_TOKEN is not set "
            "→ Ask @BotFather in Telegram for a token (/newbot or /token).",
            "ru": "✗ настройки TELEGRAM_TOKEN: не задано "
            "→ Возьмите токен у @BotFather в Telegram (/newbot или /token).",
        },
    ),
    "database that cannot be written": (
        _read_only,
        1,
        {
            "en": "✗ database it can be read but not written "
            "→ Let the user the bot runs as write the file and its folder.",
            "ru": "✗ база данных читается, но не пишется "
            "→ Дайте пользователю бота право писать в файл и его папку.",
        },
    ),
}


@LANGUAGES
@pytest.mark.parametrize("broken", BROKEN)
async def test_each_broken_thing_is_told_with_what_to_do(
    tmp_path: Path, broken: str, language: str
) -> None:
    prepare, code, expected = BROKEN[broken]
    async with world(tmp_path, DEFAULT_LANGUAGE=language) as w:
        async with open_storage(w.environment["DATABASE_URL"], SystemClock()):
            pass
        ended = await _examined(w, **prepare(w))

    assert expected[language] in ended.words
    assert ended.signs.count("✗") == 1
    assert ended.code == code


@LANGUAGES
async def test_a_locked_database(tmp_path: Path, language: str) -> None:
    async with world(tmp_path, DEFAULT_LANGUAGE=language) as w:
        async with open_storage(w.environment["DATABASE_URL"], SystemClock()):
            pass
        with closing(sqlite3.connect(w.database, isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            ended = await _examined(w)

    said = {
        "en": "✗ database another program keeps it locked → Find out which one",
        "ru": "✗ база данных её держит заблокированной другая программа → Узнайте, какая",
    }
    assert said[language] in ended.words
    assert ended.signs.count("✗") == 1
    assert ended.code == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_running_bot_is_left_in_peace(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    async with (
        database_address(kind, request, tmp_path) as url,
        world(
            tmp_path,
            webhook=True,
            DATABASE_URL=url,
            SECRET_KEYS=new_key(),
            OPERATIONS_PORT=str(free_port()),
        ) as w,
    ):
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("No presence has been set")
        await w.tg.wait_for(lambda: not w.tg.queue.pending)
        ended = await _examined(w)
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("No presence has been set", count=2)
        code = await w.stop()

    assert ended.signs == "✓" * 14
    assert "✓ database readable, writable, up to date; a running rsvp-bot has it" in ended.words
    for name in ("HTTP_PORT", "OPERATIONS_PORT"):
        assert f"{w.environment[name]} is taken, by the running rsvp-bot" in ended.words
    assert "✓ updates by webhook; waiting: 0" in ended.words
    assert (ended.code, code) == (0, 0)


async def test_it_reads_the_env_file_and_the_environment_goes_first(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        lines = [f"{name}={value}" for name, value in w.environment.items() if name.isupper()]
        (tmp_path / ".env").write_text("\n".join([*lines, "HTTP_PORT=many", ""]))
        broken = await run("doctor", folder=tmp_path)
        mended = await run("doctor", folder=tmp_path, settings={"HTTP_PORT": str(free_port())})

    assert (broken.code, mended.code) == (2, 0)
    assert "HTTP_PORT is malformed" in broken.out
    assert "is free" in mended.out


async def test_with_no_settings_at_all_every_line_is_there(tmp_path: Path) -> None:
    ended = await run("doctor", folder=tmp_path)

    assert ended.code == 2
    assert ended.signs == "✗!✓––––––"
    assert "TELEGRAM_TOKEN is not set" in ended.out
    assert "BITRIX24_WEBHOOK_URL is not set" in ended.words
    assert "CRONOFY_ACCESS_TOKEN is not set" in ended.words
    assert list(tmp_path.iterdir()) == []


async def test_what_run_refuses_is_told_as_a_table_and_to_programs(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        refused = {
            **w.environment,
            "BITRIX24_CLIENT_ID": "local.s3cr3t",
            "BITRIX24_PORTAL": "s3cr3t.example",
        }
        started = await run("run", folder=w.folder, settings=refused)
        table = await run("doctor", folder=w.folder, settings=refused)
        told = await run("doctor", "--json", folder=w.folder, settings=refused)

    for ended in (started, table, told):
        assert ended.code == 2
        assert "s3cr3t" not in ended.out + ended.err
    assert started.err == (
        "rsvp-bot: BITRIX24_PORTAL: names no Bitrix24 portal; list its host in "
        "BITRIX24_ALLOWED_HOSTS; BITRIX24_CLIENT_SECRET: is required, the other one is set; "
        "PUBLIC_URL: is required with BITRIX24_CLIENT_ID or CRONOFY_CLIENT_ID\n"
    )
    assert table.signs.startswith("✗✗✗✓")
    assert "✗ settings BITRIX24_PORTAL names no portal of the Bitrix24 cloud → If" in table.words
    assert "✗ settings BITRIX24_CLIENT_SECRET is not set, and" in table.words
    assert "✗ settings PUBLIC_URL is not set, and sign-in by button needs it" in table.words
    whole = json.loads(told.out)
    assert whole["exit_code"] == told.code
    assert [(check["check"], check["codes"]) for check in whole["checks"][:3]] == [
        ("settings", ["setting_unknown_host"]),
        ("settings", ["setting_other_half"]),
        ("settings", ["setting_no_sign_in_url"]),
    ]


async def test_a_reader_that_leaves_is_no_crash(tmp_path: Path) -> None:
    nobody, out = os.pipe()
    os.close(nobody)
    process = await start("doctor", folder=tmp_path, out=out)
    os.close(out)
    ended = await finish(process)

    assert (ended.code, ended.err) == (2, "")


async def test_there_are_colours_in_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    piped = await run("doctor", folder=tmp_path)
    here, there = pty.openpty()
    process = await start("doctor", folder=tmp_path, out=there)
    os.close(there)
    ended = await finish(process)
    shown = os.read(here, 100_000).decode()
    os.close(here)

    assert "\x1b" not in piped.out
    assert "\x1b[31m✗\x1b[0m settings" in shown
    assert (ended.code, ended.err) == (2, "")


async def test_programs_get_the_same_as_an_object(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        broken = {**w.environment, "TELEGRAM_TOKEN": "7001:s3cr3t", "HTTP_PORT": "s3cr3t"}
        well = await run("doctor", "--json", folder=w.folder, settings=w.environment)
        ill = await run("doctor", "--json", folder=w.folder, settings=broken)
        table = await run("doctor", folder=w.folder, settings=broken)

    for ended in (well, ill):
        assert ended.err == ""
        assert not any(secret in ended.out for secret in SECRETS)
        assert json.loads(ended.out)["exit_code"] == ended.code
    assert (well.code, ill.code, table.code) == (0, 2, 2)
    assert {check["status"] for check in json.loads(well.out)["checks"]} == {"ok", "skipped"}
    signs = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}
    checks = json.loads(ill.out)["checks"]
    assert "".join(signs[check["status"]] for check in checks) == table.signs
    assert {check["check"]: check["codes"] for check in checks if check["status"] == "failed"} == {
        "settings": ["setting_malformed"],
        "telegram": ["telegram_refused"],
    }
    [telegram] = [check for check in checks if check["check"] == "telegram"]
    assert telegram["said"] == "Telegram knows no bot with this TELEGRAM_TOKEN"
    assert telegram["advice"].startswith("Ask @BotFather")
