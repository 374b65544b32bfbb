import pytest

from bot.domain.chat import Identity, Platform
from bot.errors import ConfigError
from bot.settings import Settings, load

GOOD = {"telegram_token": "1:secret", "_env_file": None}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_token_is_all_that_is_needed() -> None:
    settings = load(Settings, **GOOD)

    assert settings.database_url.get_secret_value() == "sqlite:///data/bot.db"
    assert (settings.bitrix24_rate, settings.bitrix24_burst) == (2.0, 50)


def test_lists_and_people_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER", "telegram:7")
    monkeypatch.setenv("ALLOWED_USERS", "telegram:1, telegram:2,")
    monkeypatch.setenv("ALLOWED_CHATS", "*")
    monkeypatch.setenv("BITRIX24_ALLOWED_HOSTS", "portal.example , 10.0.0.1:8080")

    settings = load(Settings, **GOOD)

    assert settings.owner == Identity(platform=Platform.TELEGRAM, user_id="7")
    assert settings.allowed_users == ("telegram:1", "telegram:2")
    assert settings.allowed_chats == ("*",)
    assert settings.bitrix24_allowed_hosts == ("portal.example", "10.0.0.1:8080")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PORT", "")
    monkeypatch.setenv("OWNER", "")

    settings = load(Settings, **GOOD)

    assert settings.http_port is None
    assert settings.owner is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OWNER", "s3cr3t"),
        ("OWNER", "telegram:@s3cr3t"),
        ("ALLOWED_USERS", "telegram:1,s3cr3t"),
        ("ALLOWED_CHATS", "s3cr3t"),
        ("TELEGRAM_API_URL", "s3cr3t"),
        ("TELEGRAM_UPDATES", "s3cr3t"),
        ("TELEGRAM_RATE", "s3cr3t"),
        ("BITRIX24_BURST", "s3cr3t"),
        ("BITRIX24_RATE", "0"),
        ("COMMAND_DEADLINE", "-1"),
        ("HTTP_PORT", "99999"),
        ("DEFAULT_LANGUAGE", "s3cr3t"),
        ("DEFAULT_TIMEZONE", "s3cr3t/../etc"),
        ("LOG_LEVEL", "s3cr3t"),
        ("LOG_FORMAT", "s3cr3t"),
        ("PUBLIC_URL", "s3cr3t"),
    ],
)
def test_a_malformed_setting_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load(Settings, **GOOD)

    assert str(caught.value).startswith(f"{name}: ")
    assert "s3cr3t" not in str(caught.value) + repr(caught.value.__cause__)


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("HTTP_PORT", "many")

    with pytest.raises(ConfigError) as caught:
        load(Settings, _env_file=None)

    assert {part.partition(":")[0] for part in str(caught.value).split("; ")} == {
        "TELEGRAM_TOKEN",
        "HTTP_PORT",
        "LOG_LEVEL",
    }


def test_no_secret_is_in_the_settings_repr() -> None:
    shown = repr(
        load(
            Settings,
            bitrix24_webhook_url="https://acme.bitrix24.com/rest/1/s3cr3t/",
            telegram_webhook_secret="s3cr3t",
            **GOOD,
        )
    )

    assert "s3cr3t" not in shown
    assert "1:secret" not in shown
