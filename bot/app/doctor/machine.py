"""The database: whether it can be used, and who has it."""

from collections.abc import Mapping, Sequence

from bot.app.doctor.findings import Finding, Said, failed, ok, say, warning
from bot.app.doctor.tools import Tools
from bot.errors import ConfigError
from bot.storage.checkup import Checkup, Condition, check_up
from bot.storage.in_use import is_in_use
from bot.storage.parameters import ParameterError
from bot.texts import M

LOCK_PATIENCE = 2.0
"""Seconds that another program may keep the database locked; ours takes milliseconds."""
_OTHERS = 0o077
_USABLE: Mapping[Condition, M] = {
    Condition.NEW: M.DOCTOR_DATABASE_NEW,
    Condition.OLDER: M.DOCTOR_DATABASE_OLDER,
    Condition.CURRENT: M.DOCTOR_DATABASE_CURRENT,
}
_UNUSABLE: Mapping[Condition, tuple[M, M]] = {
    Condition.NEWER: (M.DOCTOR_DATABASE_NEWER, M.DOCTOR_DATABASE_NEWER_ADVICE),
    Condition.FOLDER_REFUSES: (M.DOCTOR_DATABASE_FOLDER, M.DOCTOR_DATABASE_FOLDER_ADVICE),
    Condition.UNOPENABLE: (M.DOCTOR_DATABASE_UNOPENABLE, M.DOCTOR_DATABASE_UNOPENABLE_ADVICE),
    Condition.DAMAGED: (M.DOCTOR_DATABASE_DAMAGED, M.DOCTOR_DATABASE_DAMAGED_ADVICE),
    Condition.READ_ONLY: (M.DOCTOR_DATABASE_READ_ONLY, M.DOCTOR_DATABASE_READ_ONLY_ADVICE),
    Condition.LOCKED: (M.DOCTOR_DATABASE_LOCKED, M.DOCTOR_DATABASE_LOCKED_ADVICE),
}


async def check_database(tools: Tools) -> Sequence[Finding]:
    """Whether it can be opened, read and written, and is of the right revision."""
    name = M.DOCTOR_NAME_DATABASE
    url = tools.settings.database_url.get_secret_value()
    try:
        found = await check_up(url, patience=min(LOCK_PATIENCE, tools.patience))
    except ParameterError:
        said, advice = say(M.DOCTOR_DATABASE_PARAMETER), say(M.DOCTOR_DATABASE_PARAMETER_ADVICE)
        return [failed(name, said, advice=advice, of_setting=True)]
    except ConfigError:
        said, advice = say(M.DOCTOR_DATABASE_MALFORMED), say(M.DOCTOR_DATABASE_MALFORMED_ADVICE)
        return [failed(name, said, advice=advice, of_setting=True)]
    if found.condition in _UNUSABLE:
        message, advised = _UNUSABLE[found.condition]
        return [failed(name, say(message, reason=found.reason), advice=say(advised))]
    parts = [say(_USABLE[found.condition])]
    if await is_in_use(url, patience=min(LOCK_PATIENCE, tools.patience)):
        parts.append(say(M.DOCTOR_DATABASE_IN_USE))
    return [_judge_mode(found, parts)]


def _judge_mode(found: Checkup, said: Sequence[Said]) -> Finding:
    if found.mode is None or not found.mode & _OTHERS:
        return ok(M.DOCTOR_NAME_DATABASE, *said)
    return warning(
        M.DOCTOR_NAME_DATABASE,
        *said,
        say(M.DOCTOR_DATABASE_MODE, mode=f"{found.mode:03o}"),
        advice=say(M.DOCTOR_DATABASE_MODE_ADVICE),
    )
