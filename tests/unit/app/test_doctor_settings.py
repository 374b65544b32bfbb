"""What the doctor says of settings: every faulty one by name, none by its value."""

from pathlib import Path

import pytest

from bot.app.doctor.reading import _CHOICES, expectation, read_settings, settings_findings
from bot.errors import ConfigError
from bot.settings import Settings, load
from bot.texts import M

TOKEN = {"telegram_token": "1:secret"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def _lines(**given: object) -> list[tuple[str, str]]:
    """Name of the setting and what is wrong with it."""
    findings = settings_findings(read_settings(**given))
    return [
        (str(finding.said[0].values.get("name", "")), finding.said[0].message)
        for finding in findings
    ]


def test_settings_that_can_all_be_read_are_one_line() -> None:
    reading = read_settings(**TOKEN)

    [finding] = settings_findings(reading)

    assert (finding.said[0].message, finding.of_setting) == (M.DOCTOR_SETTINGS_OK, False)
    assert reading.first_fault("TELEGRAM_TOKEN", "OWNER") is None


def test_every_faulty_setting_has_a_line_and_the_rest_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OWNER", "s3cr3t")
    monkeypatch.setenv("HTTP_PORT", "s3cr3t")
    monkeypatch.setenv("ALLOWED_USERS", "telegram:1,s3cr3t")
    monkeypatch.setenv("DEFAULT_LANGUAGE", "ru")

    reading = read_settings()
    findings = settings_findings(reading)

    assert sorted(_lines()) == [
        ("ALLOWED_USERS", M.DOCTOR_SETTING_MALFORMED),
        ("HTTP_PORT", M.DOCTOR_SETTING_MALFORMED),
        ("OWNER", M.DOCTOR_SETTING_MALFORMED),
        ("TELEGRAM_TOKEN", M.DOCTOR_SETTING_MISSING),
    ]
    assert all(finding.of_setting and finding.advice for finding in findings)
    assert reading.settings.default_language == "ru"
    assert reading.settings.owner is None
    assert reading.first_fault("PUBLIC_URL", "OWNER") == "OWNER"
    assert "s3cr3t" not in repr(findings)


def test_the_file_is_read_from_the_working_directory_and_the_environment_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("TELEGRAM_TOKEN=1:file\nDEFAULT_LANGUAGE=ru\nLOG_LEVEL=loud\n")
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:environment")

    settings = read_settings().settings

    assert settings.telegram_token.get_secret_value() == "1:environment"
    assert settings.default_language == "ru"
    assert _lines() == [("LOG_LEVEL", M.DOCTOR_SETTING_MALFORMED)]


def test_a_file_that_is_no_text_is_told_together_with_the_other_faults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_bytes(b"TELEGRAM_TOKEN=\xff\xfe s3cr3t\n")
    monkeypatch.setenv("HTTP_PORT", "many")

    assert _lines() == [
        (".env", M.DOCTOR_SETTING_UNREADABLE),
        ("TELEGRAM_TOKEN", M.DOCTOR_SETTING_MISSING),
        ("HTTP_PORT", M.DOCTOR_SETTING_MALFORMED),
    ]


def test_a_file_that_cannot_be_read_is_told() -> None:
    Path(".env").symlink_to("/proc/self/mem")  # opens, and then fails to be read, for root too

    assert _lines(**TOKEN) == [(".env", M.DOCTOR_SETTING_UNREADABLE)]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_whatever_can_be_malformed_has_a_word_on_what_it_should_look_like(name: str) -> None:
    try:
        load(Settings, **{**TOKEN, name: "\x00 nonsense"})
    except ConfigError:
        assert expectation(name.upper()) is not None
    else:
        assert expectation(name.upper()) is None or name == "telegram_token"


def test_the_choices_that_are_offered_are_taken() -> None:
    assert sum(len(choices) for choices in _CHOICES.values()) == 16
    for name, choices in _CHOICES.items():
        for choice in choices:
            settings = load(Settings, **{**TOKEN, name.lower(): choice})
            assert getattr(settings, name.lower()) == choice


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"telegram_updates": "webhook"}, [("PUBLIC_URL", M.DOCTOR_SETTING_NO_PUBLIC_URL)]),
        (
            {"telegram_updates": "webhook", "public_url": "s3cr3t"},
            [("PUBLIC_URL", M.DOCTOR_SETTING_MALFORMED)],
        ),
        (
            {"telegram_updates": "webhook", "public_url": "https://bot.example"},
            [("", M.DOCTOR_SETTINGS_OK)],
        ),
    ],
)
def test_a_webhook_needs_an_address(given: dict[str, str], lines: list[tuple[str, str]]) -> None:
    assert _lines(**TOKEN, **given) == lines
