"""Settings read as far as they can be read, and what is wrong with the rest."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.app.doctor.findings import Finding, Said, failed, ok, say
from bot.app.refusals import Fault, Refusal, refusals
from bot.errors import ConfigError
from bot.settings import CRONOFY_DATA_CENTERS, Settings, load
from bot.texts import LANGUAGES, M

ENV_FILE = ".env"
WEBHOOK = "BITRIX24_WEBHOOK_URL"
_FAULT = re.compile(r"([A-Z0-9_]+): (.*)", re.DOTALL)
_MISSING = "is required"
_CHOICES: Mapping[str, Sequence[str]] = {
    "TELEGRAM_UPDATES": ("polling", "webhook"),
    "CRONOFY_DATA_CENTER": CRONOFY_DATA_CENTERS,
    "DEFAULT_LANGUAGE": LANGUAGES,
    "LOG_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "LOG_FORMAT": ("text", "json"),
}
_EXPECTED: Mapping[str, M] = {
    "TELEGRAM_TOKEN": M.DOCTOR_EXPECT_BOT,
    "OWNER": M.DOCTOR_EXPECT_IDENTITY,
    "ALLOWED_USERS": M.DOCTOR_EXPECT_IDENTITIES,
    "ALLOWED_CHATS": M.DOCTOR_EXPECT_IDENTITIES,
    "TELEGRAM_API_URL": M.DOCTOR_EXPECT_URL,
    "CRONOFY_API_URL": M.DOCTOR_EXPECT_URL,
    "BITRIX24_OAUTH_URL": M.DOCTOR_EXPECT_URL,
    "PUBLIC_URL": M.DOCTOR_EXPECT_URL,
    "DEFAULT_TIMEZONE": M.DOCTOR_EXPECT_ZONE,
    "HTTP_PORT": M.DOCTOR_EXPECT_PORT,
    "OPERATIONS_PORT": M.DOCTOR_EXPECT_PORT,
    "TELEGRAM_RATE": M.DOCTOR_EXPECT_RATE,
    "TELEGRAM_CHAT_RATE": M.DOCTOR_EXPECT_RATE,
    "TELEGRAM_GROUP_RATE": M.DOCTOR_EXPECT_RATE,
    "PERSON_RATE": M.DOCTOR_EXPECT_RATE,
    "GROUP_RATE": M.DOCTOR_EXPECT_RATE,
    "BITRIX24_RATE": M.DOCTOR_EXPECT_RATE,
    "BITRIX24_BURST": M.DOCTOR_EXPECT_WHOLE,
    "CRONOFY_RATE": M.DOCTOR_EXPECT_RATE,
    "COMMAND_DEADLINE": M.DOCTOR_EXPECT_SECONDS,
    "SECRET_KEYS": M.DOCTOR_EXPECT_KEYS,
    "JOURNAL_DAYS": M.DOCTOR_EXPECT_WHOLE,
    ENV_FILE: M.DOCTOR_EXPECT_ENV_FILE,
}
_REFUSED: Mapping[Fault, tuple[M, M]] = {
    Fault.NO_ADDRESS: (M.DOCTOR_SETTING_MALFORMED, M.DOCTOR_EXPECT_PORTAL),
    Fault.NOT_HTTPS: (M.DOCTOR_SETTING_NOT_HTTPS, M.DOCTOR_EXPECT_PORTAL),
    Fault.UNKNOWN_HOST: (M.DOCTOR_SETTING_UNKNOWN_HOST, M.DOCTOR_PORTAL_UNKNOWN_HOST_ADVICE),
    Fault.NO_TOKEN_SERVER: (M.DOCTOR_SETTING_MALFORMED, M.DOCTOR_EXPECT_URL),
    Fault.HALF_AN_APPLICATION: (M.DOCTOR_SETTING_OTHER_HALF, M.DOCTOR_SETTING_OTHER_HALF_ADVICE),
    Fault.NEEDED_FOR_SIGN_IN: (
        M.DOCTOR_SETTING_NO_SIGN_IN_URL,
        M.DOCTOR_SETTING_NO_SIGN_IN_URL_ADVICE,
    ),
    Fault.NEEDED_FOR_WEBHOOK: (
        M.DOCTOR_SETTING_NO_PUBLIC_URL,
        M.DOCTOR_SETTING_NO_PUBLIC_URL_ADVICE,
    ),
    Fault.PORT_OF_HTTP: (M.DOCTOR_SETTING_SAME_PORT, M.DOCTOR_SETTING_SAME_PORT_ADVICE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Settings, and what could not be read.

    Attributes:
        settings: Those that are faulty hold their defaults; look at `faults` before using one.
        faults: What is wrong, by variable (or `.env`); True if it is missing.
    """

    settings: Settings
    faults: Mapping[str, bool]

    def first_fault(self, *names: str) -> str | None:
        """The first of these settings that cannot be used."""
        return next((name for name in names if name in self.faults), None)


def read_settings(**given: Any) -> Reading:
    """Read settings as `run` does, but past the faulty ones."""
    faults: dict[str, bool] = {}
    while True:
        try:
            return Reading(settings=load(Settings, **given), faults=faults)
        except ConfigError as error:
            found = _faults(str(error))
        except OSError:
            found = {ENV_FILE: False}
        if not found.keys() - faults.keys():
            raise ConfigError("settings cannot be read")
        faults |= found
        given |= _stand_ins(found)


def settings_findings(reading: Reading) -> Sequence[Finding]:
    """One line for every faulty setting, or one that says that there is none."""
    findings = [_finding(name, missing=missing) for name, missing in reading.faults.items()]
    findings += [
        _refused(refusal)
        for refusal in refusals(reading.settings)
        # What cannot be read is told already, and the webhook has a line of its own.
        if refusal.setting not in reading.faults and refusal.setting != WEBHOOK
    ]
    return findings or [ok(M.DOCTOR_NAME_SETTINGS, say(M.DOCTOR_SETTINGS_OK))]


def expectation(name: str) -> Said | None:
    """What a setting has to look like; None for those that take any text."""
    if name in _CHOICES:
        return say(M.DOCTOR_EXPECT_CHOICE, choices=", ".join(_CHOICES[name]))
    message = _EXPECTED.get(name)
    return None if message is None else say(message)


def _finding(name: str, *, missing: bool) -> Finding:
    found = M.DOCTOR_SETTING_MISSING if missing else M.DOCTOR_SETTING_MALFORMED
    if name == ENV_FILE:
        found = M.DOCTOR_SETTING_UNREADABLE
    return failed(
        M.DOCTOR_NAME_SETTINGS,
        say(found, name=name),
        advice=expectation(name) or say(M.DOCTOR_EXPECT_EXAMPLE),
        of_setting=True,
    )


def _refused(refusal: Refusal) -> Finding:
    said, advice = _REFUSED[refusal.fault]
    return failed(
        M.DOCTOR_NAME_SETTINGS,
        say(said, name=refusal.setting),
        advice=say(advice, name=refusal.setting),
        of_setting=True,
    )


def _faults(text: str) -> dict[str, bool]:
    """Take apart what `load` says."""
    parts = (_FAULT.match(part) for part in text.split("; "))
    found = {part[1]: part[2] == _MISSING for part in parts if part is not None}
    return found or {ENV_FILE: False}


def _stand_ins(faults: Mapping[str, bool]) -> dict[str, Any]:
    """What stands where a faulty setting was, so that the others can be read."""
    given: dict[str, Any] = {}
    for name in faults:
        if name == ENV_FILE:
            given["_env_file"] = None
            continue
        field = Settings.model_fields[name.lower()]
        given[name.lower()] = "-" if field.is_required() else field.get_default()
    return given
