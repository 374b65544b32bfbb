"""The keys that credentials are sealed with: whether all that the database needs are there."""

from collections.abc import Mapping, Sequence

from bot.app.database import key_file
from bot.app.doctor.findings import Finding, failed, ok, say, skipped, warning
from bot.app.doctor.machine import LOCK_PATIENCE
from bot.app.doctor.tools import Tools
from bot.errors import ConfigError
from bot.storage.engine import parse_url
from bot.storage.key_checkup import accounts_by_key
from bot.storage.keys import KeyFile, fingerprint
from bot.texts import M

NAME = M.DOCTOR_NAME_KEYS
_OTHERS = 0o077
_MODE = 0o777


async def check_keys(tools: Tools) -> Sequence[Finding]:
    """Compare the keys that there are with those that are needed."""
    if (fault := tools.reading.first_fault("SECRET_KEYS")) is not None:
        return [skipped(NAME, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))]
    url = tools.settings.database_url.get_secret_value()
    keys: Sequence[str] = [key.get_secret_value() for key in tools.settings.secret_keys]
    try:
        parse_url(url)
    except ConfigError:
        return [skipped(NAME, say(M.DOCTOR_KEYS_UNKNOWN))]
    try:
        file = key_file(url, keys)
    except ConfigError:
        said, advice = say(M.DOCTOR_KEYS_REQUIRED), say(M.DOCTOR_KEYS_REQUIRED_ADVICE)
        return [failed(NAME, said, advice=advice, of_setting=True)]
    if file is not None:
        try:
            keys = file.read()
        except ConfigError:
            said = say(M.DOCTOR_KEYS_UNREADABLE, file=file.path.name)
            advice = say(M.DOCTOR_KEYS_UNREADABLE_ADVICE)
            return [failed(NAME, said, advice=advice, of_setting=True)]
    needed = await accounts_by_key(url, patience=min(LOCK_PATIENCE, tools.patience))
    if needed is None:
        return [skipped(NAME, say(M.DOCTOR_KEYS_UNKNOWN))]
    return [_judge(keys, needed, file)]


def _judge(keys: Sequence[str], needed: Mapping[str, int], file: KeyFile | None) -> Finding:
    missing = sorted(needed.keys() - {fingerprint(key) for key in keys})
    if missing:
        count = sum(needed[key] for key in missing)
        said = say(M.DOCTOR_KEYS_MISSING, keys=", ".join(missing), count=count)
        advice = say(M.DOCTOR_KEYS_MISSING_SETTING_ADVICE)
        if file is not None:
            advice = say(M.DOCTOR_KEYS_MISSING_FILE_ADVICE, file=file.path.name)
        return failed(NAME, said, advice=advice)
    if not keys:
        return skipped(NAME, say(M.DOCTOR_KEYS_NONE))
    newest = fingerprint(keys[0])
    if file is None:
        return ok(NAME, say(M.DOCTOR_KEYS_SETTING, count=len(keys), key=newest))
    said = say(M.DOCTOR_KEYS_FILE, file=file.path.name, key=newest)
    if (mode := file.path.stat().st_mode & _MODE) & _OTHERS:
        loose = say(M.DOCTOR_KEYS_MODE, file=file.path.name, mode=f"{mode:03o}")
        return warning(
            NAME, said, loose, advice=say(M.DOCTOR_KEYS_MODE_ADVICE, file=file.path.name)
        )
    if len(keys) > 1:
        unfinished = say(M.DOCTOR_KEYS_UNFINISHED)
        return warning(NAME, said, unfinished, advice=say(M.DOCTOR_KEYS_UNFINISHED_ADVICE))
    return ok(NAME, said)
