"""Changing the key: beside a running bot, stopped half-way, with a file and with SECRET_KEYS."""

import asyncio
import io
import os
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app.database import Storage, key_path, open_beside, open_storage
from bot.app.keys import rotate
from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.chat import Conversation, ConversationKind, Identity, IncomingMessage, Platform
from bot.domain.providers import Provider
from bot.domain.sign_ins import SignedIn, SignInAttempt, Stage, Standing
from bot.errors import StorageError
from bot.settings import Settings, load
from bot.storage import tables
from bot.storage.accounts import SqlAccounts
from bot.storage.codec import dump
from bot.storage.connections import Work
from bot.storage.database import Database
from bot.storage.keys import KeyFile, fingerprint, new_key
from bot.storage.resealing import Resealing
from bot.storage.vault import Vault
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
SECRET = "s3cr3t"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/bot.db"


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(key_path(tmp_path / "bot.db"))


def account(number: int) -> Account:
    return Account(
        account_id=f"a{number}",
        owner=ANN,
        provider=Provider.BITRIX24,
        kind=AccountKind.WEBHOOK,
        subject=f"acme.bitrix24.com/{number}",
        place="acme.bitrix24.com",
        linked_at=START,
    )


def credentials(number: int) -> Credentials:
    return Credentials(endpoint=f"https://acme.bitrix24.com/rest/{number}/{SECRET}/")


def pasted(word: str) -> IncomingMessage:
    return IncomingMessage(
        key="telegram:1",
        message_id="1",
        sender=ANN,
        conversation=Conversation(
            platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT
        ),
        text=f"/link {word}",
        sent_at=START,
    )


ATTEMPT = SignInAttempt(
    attempt_id="s1",
    owner=ANN,
    asker="Ann",
    provider=Provider.CRONOFY,
    language="en",
    entry_id=1,
    expires_at=START + timedelta(minutes=10),
    link="hash-of-the-link",
    stage=Stage.ASKED,
    signed_in=SignedIn(
        credentials=credentials(9), standing=Standing(subject="acc_9", name="Ann", place="")
    ),
)


@asynccontextmanager
async def opened(url: str, secret_keys: Sequence[str] = ()) -> AsyncIterator[Storage]:
    """A bot on the database, as it runs."""
    async with open_storage(url, FakeClock(), secret_keys=secret_keys) as storage:
        yield storage


async def everything(url: str, count: int, secret_keys: Sequence[str] = ()) -> None:
    """A bot that has just been started can open all that was kept."""
    async with opened(url, secret_keys) as storage:
        for number in range(count):
            kept = await storage.book.read_credentials(account(number))
            assert kept.credentials == credentials(number)


async def link(url: str, count: int, secret_keys: Sequence[str] = ()) -> None:
    async with opened(url, secret_keys) as storage:
        for number in range(count):
            await storage.book.link(account(number), credentials(number))


class Pausing(FakeClock):
    """While the command waits, something happens elsewhere."""

    def __init__(self, meanwhile: Callable[[int], object] = lambda _: None) -> None:
        super().__init__()
        self.pauses = 0
        self._meanwhile = meanwhile

    async def sleep(self, seconds: float) -> None:
        self.pauses += 1
        happening = self._meanwhile(self.pauses)
        if asyncio.iscoroutine(happening):
            await happening
        await super().sleep(seconds)


async def rotated(
    url: str,
    *,
    clock: FakeClock | None = None,
    secret_keys: Sequence[str] = (),
    language: str = "en",
) -> tuple[int, str]:
    """Run the command; its exit code and what it printed."""
    settings = load(
        Settings,
        _env_file=None,
        telegram_token="7001:token",
        database_url=url,
        secret_keys=",".join(secret_keys),
        default_language=language,
    )
    out = io.StringIO()
    code = await rotate(settings, clock or FakeClock(), out)
    said = out.getvalue()
    assert SECRET not in said
    assert not any(key in said for key in secret_keys)
    return code, said


async def test_everything_is_sealed_with_a_new_key_and_the_old_one_is_gone(
    url: str, file: KeyFile
) -> None:
    await link(url, 3)
    [old] = file.read()

    code, said = await rotated(url)

    [new] = file.read()
    assert new != old
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert (code, f"Sealed anew with key {fingerprint(new)}: 3" in said) == (0, True)
    assert new not in said
    await everything(url, 3)
    async with opened(url) as storage:
        assert await storage.book.keys_in_use() == {fingerprint(new)}


async def test_a_running_bot_goes_on_with_the_new_key(url: str, file: KeyFile) -> None:
    async with opened(url) as storage:
        await storage.book.link(account(0), credentials(0))
        word = storage.sealer.seal(SECRET)

        code, _ = await rotated(url)
        await storage.book.link(account(1), credentials(1))

        assert await storage.book.keys_in_use() == {fingerprint(file.read()[0])}
        assert (await storage.book.read_credentials(account(0), fresh=True)).version == 1
        assert await storage.book.replace_credentials(account(0), 1, credentials(0))
        assert storage.sealer.unseal(word) == SECRET

    assert (code, len(file.read())) == (0, 1)
    await everything(url, 2)


async def test_a_key_pasted_just_before_and_a_sign_in_under_way_survive(
    url: str, file: KeyFile
) -> None:
    async with opened(url) as storage:
        await storage.store.add([pasted(storage.sealer.seal(SECRET))])
        await storage.sign_ins.add(ATTEMPT)
        code, said = await rotated(url)

    [new] = file.read()
    assert (code, f"{fingerprint(new)}: 2" in said) == (0, True)
    async with opened(url) as storage:
        [entry] = await storage.store.unfinished()
        command, word = entry.message.text.split()
        assert (command, storage.sealer.unseal(word)) == ("/link", SECRET)
        assert await storage.sign_ins.find("hash-of-the-link") == ATTEMPT


async def test_what_was_sealed_just_before_and_kept_just_after_is_found(
    url: str, file: KeyFile
) -> None:
    await link(url, 1)
    [old] = file.read()
    late = Vault(lambda: [old])

    async def keep(number: int) -> None:
        if number > 2:
            return
        sealed = late.seal("a0", dump(credentials(0)))
        update = sa.update(tables.credentials).values(key=sealed.key, sealed=sealed.text)
        async with open_beside(url) as database:
            await database.write(lambda connection: connection.execute(update).rowcount)

    code, said = await rotated(url, clock=Pausing(keep))

    assert (code, len(file.read())) == (0, 1)
    assert fingerprint(old) not in said
    await everything(url, 1)


async def test_a_key_that_somebody_goes_on_using_stays(url: str, file: KeyFile) -> None:
    await link(url, 1)
    [old] = file.read()
    stubborn = Vault(lambda: [old])

    class UsesTheOldOne(Resealing):
        async def drop_keys(self) -> Sequence[str]:
            sealed = stubborn.seal("a0", dump(credentials(0)))
            update = sa.update(tables.credentials).values(key=sealed.key, sealed=sealed.text)
            await self._database.write(lambda connection: connection.execute(update).rowcount)
            return await super().drop_keys()

    async with open_beside(url) as database:
        resealing = UsesTheOldOne(database, Vault(file.read, file.stamp), file)
        await resealing.add_key()
        await resealing.seal_anew()
        stays = await resealing.drop_keys()

    assert stays == [fingerprint(old)]
    assert file.read()[1:] == [old]
    await everything(url, 1)


class Dying(Database):
    """A process that dies before its nth write."""

    writes_left = 0

    async def write(self, work: Work[object]) -> object:  # type: ignore[override]
        if not self.writes_left:
            raise StorageError("died")
        self.writes_left -= 1
        return await super().write(work)


class Rotating(Database):
    """The key changes between the call and the transaction."""

    file: KeyFile

    async def write(self, work: Work[object]) -> object:  # type: ignore[override]
        self.file.write([new_key(), *self.file.read()])
        return await super().write(work)


async def test_credentials_are_sealed_in_the_transaction_that_keeps_them(
    url: str, file: KeyFile
) -> None:
    await link(url, 1)
    used = []
    async with open_beside(url) as database:
        rotating = Rotating(sa.create_engine("sqlite://"))
        rotating._connections, rotating._commits = database._connections, database._commits
        rotating.file = file
        book = SqlAccounts(rotating, Vault(file.read, file.stamp), FakeClock())
        for change in (
            book.replace_credentials(account(0), 1, credentials(0)),
            book.link(account(0), credentials(0)),
        ):
            await change
            used.append((await book.keys_in_use(), {fingerprint(file.read()[0])}))

    assert len(used) == 2
    assert all(found == newest for found, newest in used)


class Overtaken(Database):
    """Somebody else is always a little faster."""

    book: SqlAccounts

    async def write(self, work: Work[object]) -> object:  # type: ignore[override]
        await self.book.link(account(0), credentials(8))
        return await super().write(work)


async def test_what_is_replaced_meanwhile_is_newer(url: str, file: KeyFile) -> None:
    await link(url, 1)
    async with opened(url) as storage, open_beside(url) as database:
        overtaken = Overtaken(sa.create_engine("sqlite://"))
        overtaken._connections, overtaken._commits = database._connections, database._commits
        overtaken.book = storage.book
        resealing = Resealing(overtaken, Vault(file.read, file.stamp), file)
        await resealing.add_key()
        count = await resealing.seal_anew()

    assert count == 0
    async with opened(url) as storage:
        kept = await storage.book.read_credentials(account(0))
    assert kept.credentials == credentials(8)


@pytest.mark.parametrize("writes", range(5))
async def test_stopped_anywhere_everything_still_opens_and_the_next_one_finishes(
    url: str, file: KeyFile, writes: int
) -> None:
    count = 60
    await link(url, count)
    [old] = file.read()
    async with open_beside(url) as database:
        dying = Dying(sa.create_engine("sqlite://"))
        dying._connections, dying._commits = database._connections, database._commits
        dying.writes_left = writes
        resealing = Resealing(dying, Vault(file.read, file.stamp), file)
        steps = (resealing.add_key, resealing.seal_anew, resealing.drop_keys)
        finished = 0
        for step in steps:
            try:
                await step()
            except StorageError:
                break
            finished += 1
    assert finished == {0: 0, 1: 1, 2: 1, 3: 2, 4: 3}[writes]

    await everything(url, count)
    begun = file.read()[0] if writes in {1, 2, 3} else None
    code, said = await rotated(url)

    [new] = file.read()
    assert code == 0
    assert ("was not finished" in said) == (begun is not None)
    assert begun in {None, new}
    assert new != old
    await everything(url, count)


async def test_two_at_once_end_with_one_key(url: str, file: KeyFile) -> None:
    await link(url, 60)

    ended = await asyncio.gather(*(rotated(url) for _ in range(3)))

    assert [code for code, _ in ended] == [0, 0, 0]
    assert len(file.read()) == 1
    await everything(url, 60)


@pytest.fixture(params=["sqlite", "postgresql"])
async def keyed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database whose keys are in SECRET_KEYS."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as found:
        yield found


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_with_the_setting_it_says_by_number_which_keys_may_go(
    keyed: str, language: str, tmp_path: Path
) -> None:
    older, old, new = (new_key() for _ in range(3))
    await link(keyed, 2, [old])

    code, said = await rotated(keyed, secret_keys=[new, old, older], language=language)

    word = {"en": "number", "ru": "номер"}[language]
    assert code == 0
    assert f"{word} 2 ({fingerprint(old)}), {word} 3 ({fingerprint(older)})" in said
    assert f"{fingerprint(new)}: 2" in said
    await everything(keyed, 2, [new])
    assert not key_path(tmp_path / "bot.db").exists()


async def test_with_one_key_in_the_setting_nothing_may_go(keyed: str) -> None:
    key = new_key()
    await link(keyed, 1, [key])

    code, said = await rotated(keyed, secret_keys=[key])

    assert (code, "Nothing can be taken out" in said) == (0, True)
    await everything(keyed, 1, [key])


async def test_what_another_key_has_sealed_stays_and_is_told(keyed: str) -> None:
    lost, old, new = (new_key() for _ in range(3))
    await link(keyed, 2, [lost])
    async with opened(keyed, [old]) as storage:
        await storage.book.link(account(5), credentials(5))

    code, said = await rotated(keyed, secret_keys=[new, old])

    assert code == 1
    assert f"stays as it is: 2 (key {fingerprint(lost)})" in said
    assert f"number 2 ({fingerprint(old)})" in said
    await everything(keyed, 2, [new, lost])


async def test_before_the_first_start_there_is_nothing_to_change(url: str, file: KeyFile) -> None:
    async with opened(url):
        pass
    file.path.unlink()

    assert (await rotated(url))[0] == 0
    assert not file.path.exists()


async def test_a_key_file_that_is_gone_is_not_replaced(url: str, file: KeyFile) -> None:
    await link(url, 1)
    [lost] = file.read()
    file.path.unlink()

    code, said = await rotated(url)

    assert code == 1
    assert "Put it back from its backup" in said
    assert f"rsvp-bot keys new > {file.path})" in said
    assert fingerprint(lost) in said
    assert not file.path.exists()


async def test_a_changed_text_does_not_keep_its_key_in_use(url: str, file: KeyFile) -> None:
    await link(url, 2)
    [old] = file.read()
    spoil = sa.update(tables.credentials).where(tables.credentials.c.account_id == "a1")
    async with open_beside(url) as database:
        await database.write(
            lambda connection: connection.execute(spoil.values(sealed="spoiled")).rowcount
        )

    code, said = await rotated(url)

    assert (code, f"1 (key {fingerprint(old)})" in said) == (1, True)
    assert old not in file.read()
    await everything(url, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_whoever_rotates_as_root_leaves_the_file_to_its_owner(file: KeyFile) -> None:
    file.write([new_key()])
    os.chown(file.path, 4242, 4343)

    file.write([new_key()])

    found = file.path.stat()
    assert (found.st_uid, found.st_gid) == (4242, 4343)
