"""`rsvp-bot keys`: a new key, and the change from an old key to a new one beside a running bot."""

from collections.abc import Sequence
from typing import TextIO

from bot.app.database import key_file, open_beside, open_vault
from bot.domain.zones import zone_of
from bot.ports import Clock
from bot.settings import Settings
from bot.storage.keys import KeyFile, fingerprint, new_key
from bot.storage.resealing import Resealing
from bot.storage.vault import Vault
from bot.texts import M, Texts

EXIT_OK, EXIT_BROKEN = 0, 1

LOOK_AGAIN_AFTER = 3.0
"""Seconds in which what a running bot has sealed with the old key gets into the database."""
_ATTEMPTS = 5


def print_new_key(out: TextIO) -> int:
    """Print a key that nobody has used, and nothing else."""
    out.write(f"{new_key()}\n")
    return EXIT_OK


async def rotate(settings: Settings, clock: Clock, out: TextIO) -> int:
    """Seal everything with a new key and drop the old one; with SECRET_KEYS, say which may go.

    Raises:
        ConfigError: The database or the key file cannot be used.
        StorageError: The database cannot be written now; the next attempt goes on.
    """
    url = settings.database_url.get_secret_value()
    secret_keys = [key.get_secret_value() for key in settings.secret_keys]
    file = key_file(url, secret_keys)
    async with open_beside(url) as database:
        vault = open_vault(file, secret_keys)
        resealing = Resealing(database, vault, file)
        report = _Report(Texts(settings.default_language, zone_of("UTC")), out)
        if file is not None and not vault.newest:
            return await _without_keys(resealing, file, report)
        if file is None:
            return await _of_setting(resealing, vault, secret_keys, clock, report)
        if not await resealing.add_key():
            report.say(M.KEYS_GO_ON)
        return await _of_file(resealing, vault, file, clock, report)


class _Report:
    """What is told about it."""

    def __init__(self, texts: Texts, out: TextIO) -> None:
        self._texts = texts
        self._out = out

    def say(self, message: M, **values: object) -> None:
        self._out.write(f"{self._texts.say(message, **values).striptags()}\n")
        self._out.flush()

    def places(self, keys: Sequence[str], secret_keys: Sequence[str]) -> str:
        """Keys by their places in SECRET_KEYS, so that nobody has to print one to find it."""
        named = [
            self._texts.say(M.KEYS_PLACE, number=number, key=fingerprint(key))
            for number, key in enumerate(secret_keys, start=1)
            if key in keys
        ]
        return ", ".join(named)

    async def end(self, resealing: Resealing) -> int:
        """Tell of what could not be opened; the exit code."""
        left = await resealing.left()
        for key, count in sorted(left.items()):
            self.say(M.KEYS_UNOPENED, key=key, count=count)
        return EXIT_BROKEN if left else EXIT_OK


async def _without_keys(resealing: Resealing, file: KeyFile, report: _Report) -> int:
    if not await resealing.left():
        report.say(M.KEYS_NONE)
        return EXIT_OK
    report.say(M.KEYS_GONE, file=file.path.name, path=file.path)
    await report.end(resealing)
    return EXIT_BROKEN


async def _of_file(
    resealing: Resealing, vault: Vault, file: KeyFile, clock: Clock, report: _Report
) -> int:
    count = await resealing.seal_anew()
    stay: Sequence[str] = ()
    for _ in range(_ATTEMPTS):
        await clock.sleep(LOOK_AGAIN_AFTER)
        count += await resealing.seal_anew()
        stay = await resealing.drop_keys()
        if not stay:
            break
    report.say(M.KEYS_SEALED, key=vault.newest, count=count)
    if stay:
        report.say(M.KEYS_STUCK, keys=", ".join(stay))
        return EXIT_BROKEN
    report.say(M.KEYS_DROPPED, file=file.path.name)
    return await report.end(resealing)


async def _of_setting(
    resealing: Resealing, vault: Vault, secret_keys: Sequence[str], clock: Clock, report: _Report
) -> int:
    count = await resealing.seal_anew()
    await clock.sleep(LOOK_AGAIN_AFTER)
    count += await resealing.seal_anew()
    report.say(M.KEYS_SEALED, key=vault.newest, count=count)
    left = await resealing.left()
    free = [key for key in secret_keys[1:] if fingerprint(key) not in left]
    if free:
        report.say(M.KEYS_MAY_GO, keys=report.places(free, secret_keys))
    else:
        report.say(M.KEYS_MAY_NOT_GO)
    return await report.end(resealing)
