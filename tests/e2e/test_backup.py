"""A backup taken from a running bot, and a bot that starts from it in another place."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, CARL
from tests.e2e.commands import run
from tests.e2e.world import TOKEN, World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

HIM = f"telegram:{CARL.user_id}"


async def _answer_on_and_on(w: World, stop: asyncio.Event) -> int:
    """Let Carl change his answer, each time as soon as he has read what came of it; how often."""
    done = 0
    while not stop.is_set():
        command, word = (("/accept", "Accepted"), ("/decline", "Declined"))[done % 2]
        w.tg.says(w.user(CARL), f"{command} {SPRINT_REVIEW}")
        await w.heard(f"{word}: Sprint review", CARL, count=done // 2 + 1)
        done += 1
    return done


def _changes(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=5)) as opened:
        [[count]] = opened.execute("SELECT count(*) FROM journal").fetchall()
    return int(count)


async def test_a_bot_starts_from_a_backup_made_while_commands_were_written(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    async with world(first, ALLOWED_USERS=HIM) as w:
        await w.start()
        w.tg.says(w.user(CARL), w.portal_url + w.portal.webhook_path(CARL.user_id))
        await w.heard("Linked: Bitrix24", CARL)
        stop = asyncio.Event()
        answering = asyncio.create_task(_answer_on_and_on(w, stop))
        await w.heard("Declined: Sprint review", CARL)
        before = _changes(w.database)
        made = await run("db", "backup", str(copy), folder=first, settings=w.environment)
        after = _changes(w.database)
        stop.set()
        answered = await answering
        refused = await run("db", "backup", str(copy), folder=first, settings=w.environment)
        await w.stop()

        # As docs/deploy says: the copy and the keys into an empty folder.
        shutil.copyfile(copy, second / "bot.db")
        shutil.copyfile(first / "bot.db.key", second / "bot.db.key")
        kept = _changes(second / "bot.db")
        w.folder = second
        w.environment["DATABASE_URL"] = f"sqlite:///{second}/bot.db"
        people = await run("users", folder=second, settings=w.environment)
        hits = w.portal.hits
        await w.start()
        w.tg.says(w.user(CARL), "/me")
        [me] = await w.heard("Carl Weber", CARL)
        asked = w.tg.says(w.user(CARL), "/log")
        await w.tg.wait_for(lambda: w.messages(CARL)[-1].reply_to == asked, timeout=20)
        log = w.messages(CARL)[-1]
        code = await w.stop()

    assert (made.code, made.err) == (0, "")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert f"keep {first}/bot.db.key too" in made.words
    assert TOKEN not in made.out
    assert 2 <= before <= kept <= after
    # The link is in the journal too.
    assert after <= answered + 1
    assert (refused.code, "FILE: there is something already" in refused.err) == (2, True)
    assert HIM in people.words
    assert w.portal.hits > hits
    assert "Bitrix24" in me.plain
    assert log.plain.count("Sprint review") >= 2
    assert code == 0
    assert "keys are missing" not in w.logged()


async def test_postgresql_is_left_to_its_own_tool(tmp_path: Path) -> None:
    settings = {"TELEGRAM_TOKEN": TOKEN, "DATABASE_URL": "postgresql://bot:s3cr3t@127.0.0.1/bot"}

    ended = await run("db", "backup", "copy.db", folder=tmp_path, settings=settings)

    assert (ended.code, ended.out) == (2, "")
    assert "pg_dump" in ended.err
    assert "s3cr3t" not in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("language", "words"), [("en", "The keys are not in it"), ("ru", "Ключей в ней нет")]
)
async def test_what_is_not_in_the_copy_is_said(tmp_path: Path, language: str, words: str) -> None:
    async with world(tmp_path, DEFAULT_LANGUAGE=language) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.tg.wait_for(lambda: w.messages(ANN), timeout=20)
        await w.stop()
        ended = await run("db", "backup", "copy.db", folder=tmp_path, settings=w.environment)

    assert (ended.code, ended.err) == (0, "")
    assert "copy.db" in ended.out
    assert words in ended.out
    assert (tmp_path / "copy.db").exists()
