import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.errors import ConfigError, SealedError
from bot.storage.keys import KeyFile, fingerprint, is_key, new_key
from bot.storage.vault import Sealed, Vault

OLD, NEW = new_key(), new_key()
SECRET = "https://acme.example/rest/7/s3cr3t/"


def test_what_is_sealed_is_opened_and_cannot_be_read_meanwhile() -> None:
    vault = Vault(lambda: [NEW])

    sealed = vault.seal("a1", SECRET)

    assert vault.open("a1", sealed) == SECRET
    assert "s3cr3t" not in sealed.text + repr(sealed)
    assert sealed.key == fingerprint(NEW) != fingerprint(OLD)
    assert NEW not in sealed.key


def test_the_newest_key_seals_and_every_key_opens() -> None:
    of_old = Vault(lambda: [OLD]).seal("a1", SECRET)
    vault = Vault(lambda: [NEW, OLD])

    assert vault.open("a1", of_old) == SECRET
    assert vault.seal("a1", SECRET).key == fingerprint(NEW) == vault.newest


def test_a_text_copied_to_another_account_is_refused() -> None:
    vault = Vault(lambda: [NEW])

    with pytest.raises(SealedError, match="changed"):
        vault.open("a2", vault.seal("a1", SECRET))


@pytest.mark.parametrize("change", [lambda text: text[:-2] + "AA", lambda _text: "", lambda _: "é"])
def test_a_text_that_was_changed_is_refused(change: object) -> None:
    vault = Vault(lambda: [NEW])
    sealed = vault.seal("a1", SECRET)
    assert callable(change)

    with pytest.raises(SealedError, match="changed"):
        vault.open("a1", Sealed(key=sealed.key, text=change(sealed.text)))


def test_a_text_that_says_of_itself_to_be_of_another_key_is_judged_by_its_content() -> None:
    vault = Vault(lambda: [NEW])
    forged = Fernet(OLD).encrypt(json.dumps({"account": "a1", "secret": "x"}).encode()).decode()

    with pytest.raises(SealedError, match="changed"):
        vault.open("a1", Sealed(key=fingerprint(NEW), text=forged))


def test_a_lost_key_is_named_by_its_fingerprint() -> None:
    sealed = Vault(lambda: [OLD]).seal("a1", SECRET)

    with pytest.raises(SealedError, match="missing") as missing:
        Vault(lambda: [NEW]).open("a1", sealed)

    assert missing.value.key == fingerprint(OLD)
    with pytest.raises(SealedError, match="missing"):
        Vault(list).seal("a1", SECRET)


def test_a_key_that_came_after_the_start_is_found_by_reading_the_keys_once_more() -> None:
    keys, reads = [OLD], 0

    def read() -> list[str]:
        nonlocal reads
        reads += 1
        return keys

    vault = Vault(read)
    keys.insert(0, NEW)
    sealed = Vault(lambda: [NEW]).seal("a1", SECRET)

    assert [vault.open("a1", sealed) for _ in range(3)] == [SECRET] * 3
    assert reads == 2


def test_keys_are_kept_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "bot.db.key")
    assert file.read() == ()

    file.write([OLD])
    file.write([NEW, OLD])

    assert file.read() == [NEW, OLD]
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["bot.db.key"]


@pytest.mark.parametrize("content", ["", "short\n", f"{NEW}\nshort\n", "ключ\n"])
def test_a_file_that_holds_something_else_is_refused_without_repeating_it(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "bot.db.key"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        KeyFile(path).read()

    assert "bot.db.key" in str(refused.value)
    assert NEW not in str(refused.value)


def test_a_folder_that_is_not_there_is_a_matter_of_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        KeyFile(tmp_path / "none" / "bot.db.key").write([NEW])


@pytest.mark.parametrize(("text", "expected"), [(NEW, True), (NEW[:-1], False), ("", False)])
def test_a_key_is_known_by_its_form(text: str, expected: bool) -> None:
    assert is_key(text) is expected
