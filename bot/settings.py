"""Settings from the environment. Nothing else reads it.

An error names the variable and what is wrong with it, never its value.
"""

import re
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.chat import Identity, Platform
from bot.errors import ConfigError
from bot.texts import LANGUAGES

S = TypeVar("S", bound=BaseSettings)

_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
CRONOFY_DATA_CENTERS = ("us", "uk", "de", "au", "ca", "sg")


def _words(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(word for part in value.split(",") if (word := part.strip()))


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is not an IANA time zone such as Europe/Berlin")
    return ZoneInfo(value).key


def _language(value: str) -> str:
    if value.lower() not in LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
    return value.lower()


def parse_identity(value: object) -> Identity:
    """Read `platform:id`; whatever a source made of it (a bare number is one to some).

    Raises:
        ValueError: It is none.
    """
    platform, _, user_id = str(value).strip().partition(":")
    if platform not in {known.value for known in Platform} or not user_id.lstrip("-").isdigit():
        raise ValueError("must look like telegram:123456")
    return Identity(platform=Platform(platform), user_id=user_id)


def _listed(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word if word == "*" else str(parse_identity(word)) for word in value)


def _fernet_keys(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in value:
        if not _FERNET_KEY.fullmatch(key.get_secret_value()):
            raise ValueError("each must be 32 bytes as URL-safe base64, newest first")
    return value


def _data_center(value: str) -> str:
    if value.lower() not in CRONOFY_DATA_CENTERS:
        raise ValueError(f"must be one of {', '.join(CRONOFY_DATA_CENTERS)}")
    return value.lower()


def _origin(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http:// on this machine)")
    return value.rstrip("/")


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_listed)]
Keys = Annotated[
    tuple[SecretStr, ...], NoDecode, BeforeValidator(_words), AfterValidator(_fernet_keys)
]
Rate = Annotated[float, Field(gt=0, le=1_000_000)]
Url = Annotated[str, AfterValidator(_origin)]


class LocalSettings(BaseSettings):
    """What the demo takes from outside, and every other command too."""

    model_config = SettingsConfigDict(
        env_file=None, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    default_language: Annotated[str, AfterValidator(_language)] = "en"
    default_timezone: Annotated[str, AfterValidator(_zone)] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"


class Settings(LocalSettings):
    """What `run` and `doctor` take from outside: the environment first, then `.env`."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8")

    telegram_token: SecretStr = Field(min_length=1)
    telegram_api_url: Url = "https://api.telegram.org"
    telegram_updates: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: SecretStr | None = None
    telegram_rate: Rate = 30.0
    telegram_chat_rate: Rate = 1.0
    telegram_group_rate: Rate = 20.0
    owner: Annotated[Identity, NoDecode, BeforeValidator(parse_identity)] | None = None
    allowed_users: Listed = ()
    allowed_chats: Listed = ()
    person_rate: Rate = 30.0
    group_rate: Rate = 120.0
    bitrix24_webhook_url: SecretStr | None = None
    bitrix24_allowed_hosts: Words = ()
    bitrix24_rate: Rate = 2.0
    bitrix24_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    bitrix24_client_id: str = ""
    bitrix24_client_secret: SecretStr | None = None
    bitrix24_portal: str = ""
    bitrix24_oauth_url: Url | None = None
    cronofy_access_token: SecretStr | None = None
    cronofy_client_id: str = ""
    cronofy_client_secret: SecretStr | None = None
    cronofy_data_center: Annotated[str, AfterValidator(_data_center)] = "us"
    cronofy_api_url: Url | None = None
    cronofy_rate: Rate = 500.0
    command_deadline: Annotated[float, Field(ge=1, le=300)] = 25.0
    public_url: Url | None = None
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    operations_host: str = "127.0.0.1"
    operations_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    database_url: SecretStr = SecretStr("sqlite:///data/bot.db")
    secret_keys: Keys = ()
    journal_days: Annotated[int, Field(ge=1, le=36500)] = 365


def load(kind: type[S], **overrides: Any) -> S:
    """Read settings.

    Raises:
        ConfigError: One is missing or malformed; the text names them all, without their values.
    """
    try:
        return kind(**overrides)
    except ValidationError as error:
        problems = [
            f"{'_'.join(str(part) for part in item['loc'][:1]).upper()}: {_reason(item)}"
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    except ValueError:
        problems = [".env: cannot be read"]
    raise ConfigError("; ".join(dict.fromkeys(problems)))


def _reason(item: Any) -> str:
    if item["type"] == "missing":
        return "is required"
    return str(item["msg"]).removeprefix("Value error, ")
