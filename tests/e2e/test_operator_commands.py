"""`rsvp-bot keys` and `rsvp-bot users` as processes of their own, beside a running bot."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from bot.sandbox.company import ANN, CARL
from bot.storage.keys import KeyFile, is_key, new_key
from tests.e2e.commands import Ended, environment, finish, run
from tests.e2e.world import TOKEN, World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])
HIM = f"telegram:{CARL.user_id}"
NOTICED_WITHIN = 2.0
SETTINGS = {"TELEGRAM_TOKEN": TOKEN}


async def _command(w: World, *arguments: str, **settings: str) -> Ended:
    ended = await run(*arguments, folder=w.folder, settings={**w.environment, **settings})
    for secret in (TOKEN, ANN.webhook_code, CARL.webhook_code):
        assert secret not in ended.out + ended.err
    assert ended.err == ""
    return ended


async def _link_carl(w: World) -> None:
    """He is admitted by his own id and pastes the address of his webhook."""
    w.tg.says(w.user(CARL), w.portal_url + w.portal.webhook_path(CARL.user_id))
    await w.heard("Linked: Bitrix24", CARL)


async def _until_heard(w: World, text: str) -> float:
    """Let him write again and again until he is answered like that; the seconds it took."""
    began = time.monotonic()
    while True:
        count = len(w.messages(CARL))
        w.tg.says(w.user(CARL), "/presence")
        while True:
            if len(w.messages(CARL)) > count:
                break
            await asyncio.sleep(0.02)
        if text in w.messages(CARL)[-1].plain:
            return time.monotonic() - began


def _sealed_with(w: World) -> set[str]:
    with closing(sqlite3.connect(w.database, timeout=5)) as database:
        return {key for (key,) in database.execute("SELECT key FROM credentials")}


async def test_the_key_is_changed_under_a_running_bot(tmp_path: Path) -> None:
    async with world(tmp_path, ALLOWED_USERS=HIM) as w:
        await w.start()
        await _link_carl(w)
        file = KeyFile(w.folder / "bot.db.key")
        [old], before = file.read(), _sealed_with(w)

        rotated = await _command(w, "keys", "rotate")
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("No presence has been set", CARL)
        [new], after = file.read(), _sealed_with(w)
        await w.stop()
        await w.start()
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("No presence has been set", CARL, count=2)
        again = await _command(w, "keys", "rotate")
        code = await w.stop()

    assert (rotated.code, again.code, code) == (0, 0, 0)
    assert old != new
    assert len(before) == len(after) == 1
    assert before != after
    assert ": 1" in rotated.out.splitlines()[0]
    assert not any(key in rotated.out for key in (old, new))
    assert "key file" not in w.logged()


async def test_a_rotation_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    async with world(tmp_path, ALLOWED_USERS=HIM) as w:
        await w.start()
        await _link_carl(w)
        file = KeyFile(w.folder / "bot.db.key")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "keys", "rotate"),
            cwd=w.folder,
            env=environment(**w.environment),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            while True:
                if len(file.read()) > 1:
                    break
                await asyncio.sleep(0.01)
        process.kill()
        await finish(process)
        begun = file.read()
        doctor = await _command(w, "doctor")
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("No presence has been set", CARL)
        finished = await _command(w, "keys", "rotate")
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("No presence has been set", CARL, count=2)
        await w.stop()

    assert len(begun) == 2
    assert "a change of the key is not finished" in doctor.words
    assert (finished.code, "not finished" in finished.out) == (0, True)
    assert file.read() == begun[:1]


async def test_who_is_removed_is_refused_within_two_seconds_and_admitted_again(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, ALLOWED_USERS=HIM) as w:
        await w.start()
        await _link_carl(w)
        listed = await _command(w, "users")
        unanswered = await _command(w, "users", "remove", HIM)
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("No presence has been set", CARL)

        removed = await _command(w, "users", "remove", HIM, "--yes")
        took = await _until_heard(w, "I do not know you yet")
        left = _sealed_with(w)
        refused = await _command(w, "users")
        admitted = await _command(w, "users", "admit", HIM)
        back_after = await _until_heard(w, "You have no Bitrix24 account here")
        await w.stop()

    assert [ended.code for ended in (listed, removed, refused, admitted)] == [0] * 4
    assert (unanswered.code, "Nothing was changed." in unanswered.out) == (1, True)
    assert f"{HIM} {CARL.name}" in listed.words
    assert "Bitrix24 127.0.0.1" in listed.words
    assert max(took, back_after) < NOTICED_WITHIN
    assert left == set()
    assert "removed and refused" in refused.out


async def test_the_owner_hears_of_a_missing_key_and_when_it_is_back(tmp_path: Path) -> None:
    async with world(tmp_path, ALLOWED_USERS=HIM) as w:
        await w.start()
        await _link_carl(w)
        # A bot may write to nobody who has not written to it.
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("No presence has been set")
        await w.stop()
        file = KeyFile(w.folder / "bot.db.key")
        right = file.read()
        file.write([new_key()])
        for count in (1, 2):
            await w.start()
            w.tg.says(w.user(CARL), "/presence")
            await w.heard("Link it again: /link", CARL, count=count)
            await w.heard("sign-ins cannot be opened")
            if count == 1:
                await w.stop()
        file.write(right)
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("No presence has been set", CARL)
        await w.heard("could not be opened work again")
        _, *told = [message.plain for message in w.messages()]
        await w.stop()

    assert len(told) == 2
    assert "keys are missing, people have to link again" in w.logged()


@LANGUAGES
async def test_the_commands_speak_the_operators_language(tmp_path: Path, language: str) -> None:
    async with world(tmp_path, DEFAULT_LANGUAGE=language) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.tg.wait_for(w.messages, timeout=20)
        await w.stop()
        said = [
            (await _command(w, *arguments)).words
            for arguments in (
                ("users",),
                ("users", "remove", "telegram:1", "--yes"),
                ("users", "admit", "telegram:1"),
                ("users", "admit", "telegram:1"),
                ("keys", "rotate"),
            )
        ]

    expected = {
        "en": ("person", "is removed", "refused no longer", "was not refused", "Sealed anew"),
        "ru": ("человек", "удалён", "снова может", "и так не был", "Запечатано заново"),
    }
    assert len(said) == len(expected[language])
    for found, words in zip(said, expected[language], strict=True):
        assert words in found


async def test_the_owner_is_not_removed_by_the_command(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("No presence has been set")
        ended = await _command(w, "users", "remove", f"telegram:{ANN.user_id}", "--yes")
        await w.stop()

    assert (ended.code, "is OWNER" in ended.out) == (2, True)


async def test_a_new_key_is_all_that_is_printed(tmp_path: Path) -> None:
    printed = [await run("keys", "new", folder=tmp_path) for _ in range(2)]

    keys = [ended.out.removesuffix("\n") for ended in printed]
    assert [ended.code for ended in printed] == [0, 0]
    assert all(is_key(key) for key in keys)
    assert len(set(keys)) == 2
    assert list(tmp_path.iterdir()) == []


COMMANDS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str], int, str]] = {
    "help": (("--help",), {}, 0, "list people and accounts"),
    "help on keys": (("keys", "--help"), {}, 0, "drop the old one"),
    "help on rotate": (("keys", "rotate", "--help"), {}, 0, "Stopped half-way, run it again"),
    "help on users": (("users", "--help"), {}, 0, "forget all about a person"),
    "help on remove": (("users", "remove", "--help"), {}, 0, "--yes"),
    "no action": (("keys",), SETTINGS, 2, "ACTION"),
    "no person": (("users", "remove"), SETTINGS, 2, "telegram:ID"),
    "no identity": (("users", "remove", "bob"), SETTINGS, 2, "must look like telegram:123456"),
    "no token": (("users",), {}, 2, "TELEGRAM_TOKEN: is required"),
    "no database": (("users",), SETTINGS, 2, "there is no database yet"),
    "no database to rotate": (("keys", "rotate"), SETTINGS, 2, "there is no database yet"),
    "no keys": (
        ("keys", "rotate"),
        {**SETTINGS, "DATABASE_URL": "postgresql://nobody@localhost/none"},
        2,
        "SECRET_KEYS: is required",
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_exit_code_says_whose_turn_it_is(tmp_path: Path, name: str) -> None:
    arguments, settings, code, words = COMMANDS[name]

    ended = await run(*arguments, folder=tmp_path, settings=settings)

    assert ended.code == code
    assert words in " ".join((ended.out + ended.err).split())
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []
