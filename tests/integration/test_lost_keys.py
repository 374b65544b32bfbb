"""A key that is gone, a wrong one, and sealed texts that were changed or copied."""

import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.database import Storage, key_path, open_storage
from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.providers import Provider
from bot.errors import ProviderAuthError, SealedError
from bot.sandbox.company import ANN, BORIS
from bot.services.tokens import TokenService
from bot.settings import Settings
from bot.storage.keys import KeyFile, fingerprint, new_key
from bot.texts import M
from tests.fakes.bot import identity_of, running_bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database
from tests.integration.doctors_office import Diagnosis, Office, doctors_office

KEYS = M.DOCTOR_NAME_KEYS
HERS = Account(
    account_id="b7",
    owner=identity_of(ANN),
    provider=Provider.BITRIX24,
    # As if from the settings: the whole bot below is given these accounts from outside.
    kind=AccountKind.ENVIRONMENT,
    subject="acme.bitrix24.com/7",
    place="acme.bitrix24.com",
    linked_at=START,
)
HIS = replace(HERS, account_id="b1", owner=identity_of(BORIS), subject="acme.bitrix24.com/1")
SECRET = "s3cr3t"
CREDENTIALS = Credentials(endpoint=f"https://acme.bitrix24.com/rest/7/{SECRET}/")
HIS_CREDENTIALS = Credentials(endpoint=f"https://acme.bitrix24.com/rest/1/{SECRET}/")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with doctors_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bot.db"


@pytest.fixture
def file(path: Path) -> KeyFile:
    return KeyFile(key_path(path))


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Storage]:
    async with open_storage(f"sqlite:///{path}", FakeClock()) as storage:
        yield storage


@pytest.fixture
async def linked(path: Path) -> str:
    """Two people have linked their accounts; the fingerprint of the key."""
    async with opened(path) as storage:
        await storage.book.link(HERS, CREDENTIALS)
        await storage.book.link(HIS, HIS_CREDENTIALS)
        [key] = await storage.book.keys_in_use()
    return key


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT * FROM credentials ORDER BY account_id").fetchall()


async def refused(path: Path, account: Account = HERS) -> SealedError:
    async with opened(path) as storage:
        with pytest.raises(SealedError) as refusal:
            await storage.book.read_credentials(account)
        tokens = TokenService(storage.book, renewers={}, clock=FakeClock())
        with pytest.raises(ProviderAuthError):
            await tokens.credentials(account)
    return refusal.value


async def test_without_the_key_file_no_new_one_is_made_and_nothing_is_deleted(
    path: Path, file: KeyFile, linked: str, caplog: pytest.LogCaptureFixture
) -> None:
    lost, kept = file.path.read_bytes(), rows(path)
    file.path.unlink()
    with caplog.at_level(logging.ERROR, "bot.app.database"):
        error = await refused(path)

    assert error.key == linked
    assert f"keys are missing, people have to link again: {linked}" in caplog.text
    assert not file.path.exists()
    assert (len(kept), rows(path)) == (2, kept)

    file.path.write_bytes(lost)
    async with opened(path) as storage:
        assert (await storage.book.read_credentials(HERS)).credentials == CREDENTIALS


async def test_without_any_key_a_pasted_one_is_not_kept_for_everybody_to_read(
    path: Path, file: KeyFile, linked: str
) -> None:
    assert linked
    file.path.unlink()

    async with opened(path) as storage:
        word = storage.sealer.seal(SECRET)
        assert storage.sealer.unseal(word) is None
        assert SECRET not in word


async def test_with_another_key_people_can_link_again_one_by_one(
    path: Path, file: KeyFile, linked: str
) -> None:
    file.write([new_key()])

    assert (await refused(path)).key == linked
    async with opened(path) as storage:
        await storage.book.link(HERS, CREDENTIALS)
    async with opened(path) as storage:
        assert (await storage.book.read_credentials(HERS)).credentials == CREDENTIALS
        assert await storage.book.keys_in_use() == {linked, fingerprint(file.read()[0])}
    assert (await refused(path, HIS)).key == linked
    assert len(file.read()) == 1


async def test_a_key_made_while_the_bot_runs_is_used_at_once(
    path: Path, file: KeyFile, linked: str
) -> None:
    file.path.unlink()
    async with opened(path) as storage:
        assert storage.sealer.unseal(storage.sealer.seal(SECRET)) is None
        file.write([new_key()])

        assert storage.sealer.unseal(storage.sealer.seal(SECRET)) == SECRET
        await storage.book.link(HERS, CREDENTIALS)
        assert linked in await storage.book.keys_in_use()

    async with opened(path) as storage:
        assert (await storage.book.read_credentials(HERS)).credentials == CREDENTIALS


async def test_a_running_bot_whose_file_vanishes_or_breaks_goes_on(
    path: Path, file: KeyFile, linked: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(path) as storage:
        file.path.write_text("not a key\n")
        await storage.book.link(HERS, CREDENTIALS)
        broken = caplog.text
        file.path.unlink()
        await storage.book.link(HIS, HIS_CREDENTIALS)

        assert (await storage.book.read_credentials(HERS, fresh=True)).credentials == CREDENTIALS
        assert await storage.book.keys_in_use() == {linked}

    assert "keys are not read again: the key file bot.db.key cannot be read" in broken
    assert not file.path.exists()


def _tampered(database: sqlite3.Connection) -> None:
    [text] = database.execute("SELECT sealed FROM credentials WHERE account_id = 'b7'").fetchone()
    changed = text[:-6] + ("AAAA==" if not text.endswith("AAAA==") else "BBBB==")
    database.execute("UPDATE credentials SET sealed = ? WHERE account_id = 'b7'", (changed,))


def _transplanted(database: sqlite3.Connection) -> None:
    database.execute(
        "UPDATE credentials SET sealed ="
        " (SELECT sealed FROM credentials WHERE account_id = 'b1') WHERE account_id = 'b7'"
    )


def _emptied(database: sqlite3.Connection) -> None:
    database.execute("UPDATE credentials SET sealed = '' WHERE account_id = 'b7'")


@pytest.mark.parametrize("change", [_tampered, _transplanted, _emptied])
async def test_a_sealed_text_that_was_changed_or_copied_opens_nothing(
    path: Path, linked: str, change: Callable[[sqlite3.Connection], None]
) -> None:
    assert linked
    with closing(sqlite3.connect(path)) as database, database:
        change(database)
    kept = rows(path)

    assert (await refused(path)).key == ""

    assert rows(path) == kept
    async with opened(path) as storage:
        assert (await storage.book.read_credentials(HIS)).credentials == HIS_CREDENTIALS


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_whose_credentials_cannot_be_opened_is_asked_to_link_again(
    path: Path, file: KeyFile, linked: str, language: str
) -> None:
    assert linked
    file.write([new_key()])
    clock = FakeClock()
    async with opened(path) as storage:
        tokens = TokenService(storage.book, renewers={}, clock=clock)
        async with running_bot(accounts=tokens, clock=clock) as bot:
            said = [
                (await bot.say(line, language=language))[0]
                for line in ("/status 651", "/accept 651", "/dnd", "/presence")
            ]
            hits = bot.portal.hits

    assert [reply.said[0] for reply in said] == ["error.sign_in"] * 4
    assert all("/link" in reply.text for reply in said)
    assert hits == 0


async def examined(office: Office, **changed: str) -> Diagnosis:
    found = await office.examine(**changed)
    assert SECRET not in found.printed()
    return found


async def test_the_doctor_names_the_missing_key_and_where_it_belongs(
    office: Office, path: Path, file: KeyFile, linked: str
) -> None:
    well = await examined(office)
    aside = file.path.with_name("aside")
    shutil.move(file.path, aside)
    gone = await examined(office)
    file.write([new_key()])
    wrong = await examined(office)
    setting = await examined(office, secret_keys=new_key())
    shutil.move(aside, file.path)
    back = await examined(office)

    assert path.exists()
    assert well.row(KEYS) == back.row(KEYS) == ("✓", (M.DOCTOR_KEYS_FILE,), None)
    for found in (gone, wrong):
        said = (M.DOCTOR_KEYS_MISSING,)
        assert found.row(KEYS) == ("✗", said, M.DOCTOR_KEYS_MISSING_FILE_ADVICE)
        assert found.code == 1
    assert setting.row(KEYS)[2] is M.DOCTOR_KEYS_MISSING_SETTING_ADVICE
    assert f"missing: {linked}; accounts that nobody can open without: 2" in " ".join(
        gone.printed().split()
    )
    assert f"in bot.db.key, newest {linked}" in " ".join(well.printed().split())


async def test_the_doctor_looks_at_the_file_itself(office: Office, file: KeyFile) -> None:
    none_yet = await examined(office)
    file.path.parent.mkdir()
    file.write([new_key()])
    file.path.chmod(0o644)
    loose = await examined(office)
    file.write([new_key(), new_key()])
    unfinished = await examined(office)
    file.path.write_text("not a key\n")
    broken = await examined(office)

    assert none_yet.row(KEYS) == ("–", (M.DOCTOR_KEYS_NONE,), None)
    said = (M.DOCTOR_KEYS_FILE, M.DOCTOR_KEYS_MODE)
    assert loose.row(KEYS) == ("!", said, M.DOCTOR_KEYS_MODE_ADVICE)
    assert "(mode 644)" in loose.printed()
    said = (M.DOCTOR_KEYS_FILE, M.DOCTOR_KEYS_UNFINISHED)
    assert unfinished.row(KEYS) == ("!", said, M.DOCTOR_KEYS_UNFINISHED_ADVICE)
    row = ("✗", (M.DOCTOR_KEYS_UNREADABLE,), M.DOCTOR_KEYS_UNREADABLE_ADVICE)
    assert (broken.row(KEYS), broken.code) == (row, 2)


async def test_the_doctor_and_the_setting(office: Office, linked: str, file: KeyFile) -> None:
    [key] = file.read()
    newer = new_key()

    given = await examined(office, secret_keys=f"{newer},{key}")
    faulty = await examined(office, secret_keys="short")

    assert given.row(KEYS) == ("✓", (M.DOCTOR_KEYS_SETTING,), None)
    assert f"in SECRET_KEYS: 2, newest {fingerprint(newer)}" in " ".join(given.printed().split())
    assert faulty.row(KEYS) == ("–", (M.DOCTOR_SKIPPED_FAULT,), None)
    assert not any(secret in given.printed() for secret in (key, newer))
    assert linked == fingerprint(key)


async def test_the_doctor_on_postgresql(office: Office, postgres: str) -> None:
    async with postgres_database(postgres) as url:
        without = await examined(office, database_url=url)
        key, other = new_key(), new_key()
        async with open_storage(url, FakeClock(), secret_keys=[key]) as storage:
            await storage.book.link(HERS, CREDENTIALS)
        well = await examined(office, database_url=url, secret_keys=key)
        missing = await examined(office, database_url=url, secret_keys=other)

    row = ("✗", (M.DOCTOR_KEYS_REQUIRED,), M.DOCTOR_KEYS_REQUIRED_ADVICE)
    assert (without.row(KEYS), without.code) == (row, 2)
    assert well.row(KEYS)[0] == "✓"
    assert missing.row(KEYS)[2] is M.DOCTOR_KEYS_MISSING_SETTING_ADVICE
    assert fingerprint(key) in missing.printed()
    for secret in (key, other):
        assert secret not in missing.printed() + well.printed()
