"""Settings that can be read and with which `run` ends at once: `doctor` tells each of them too."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.app.doctor.reading import _REFUSED
from bot.app.refusals import Fault, refusals
from bot.app.run import run
from bot.errors import ConfigError
from bot.settings import Settings, load
from bot.texts import M
from tests.integration.doctors_office import Office, doctors_office

SETTINGS = M.DOCTOR_NAME_SETTINGS
SIGN_IN = {"bitrix24_client_id": "s3cr3t", "bitrix24_client_secret": "s3cr3t"}
URL = {"public_url": "https://s3cr3t.example"}

CASES: list[tuple[Mapping[str, str], list[tuple[str, Fault]]]] = [
    (
        {"bitrix24_client_id": "s3cr3t", **URL},
        [("BITRIX24_CLIENT_SECRET", Fault.HALF_AN_APPLICATION)],
    ),
    (
        {"cronofy_client_secret": "s3cr3t", **URL},
        [("CRONOFY_CLIENT_ID", Fault.HALF_AN_APPLICATION)],
    ),
    (SIGN_IN, [("PUBLIC_URL", Fault.NEEDED_FOR_SIGN_IN)]),
    (
        {"cronofy_client_id": "s3cr3t", "telegram_updates": "webhook"},
        [
            ("CRONOFY_CLIENT_SECRET", Fault.HALF_AN_APPLICATION),
            ("PUBLIC_URL", Fault.NEEDED_FOR_SIGN_IN),
            ("PUBLIC_URL", Fault.NEEDED_FOR_WEBHOOK),
        ],
    ),
    (
        {"bitrix24_portal": "s3cr3t.example"},
        [("BITRIX24_PORTAL", Fault.UNKNOWN_HOST)],
    ),
    (
        {"bitrix24_portal": "http://s3cr3t.bitrix24.com"},
        [("BITRIX24_PORTAL", Fault.NOT_HTTPS)],
    ),
    (
        {"bitrix24_portal": "https://s3cr3t@acme.bitrix24.com"},
        [("BITRIX24_PORTAL", Fault.NO_ADDRESS)],
    ),
    (
        {"bitrix24_oauth_url": "http://s3cr3t.example"},
        [("BITRIX24_OAUTH_URL", Fault.NO_TOKEN_SERVER)],
    ),
    (
        {"http_port": "8080", "operations_port": "8080"},
        [("OPERATIONS_PORT", Fault.PORT_OF_HTTP)],
    ),
    (
        {"http_port": "8080", "operations_port": "8080", "http_host": "0.0.0.0"},  # noqa: S104
        [("OPERATIONS_PORT", Fault.PORT_OF_HTTP)],
    ),
]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with doctors_office(tmp_path) as opened:
        yield opened


async def _start(office: Office, given: Mapping[str, str]) -> None:
    async with asyncio.timeout(10):
        await run(_settings(office, given))


def _settings(office: Office, given: Mapping[str, str]) -> Settings:
    return load(Settings, _env_file=None, **{**office.settings, **given})


@pytest.mark.parametrize(("given", "expected"), CASES)
async def test_what_run_refuses_the_doctor_tells(
    office: Office,
    given: Mapping[str, str],
    expected: list[tuple[str, Fault]],
) -> None:
    with pytest.raises(ConfigError) as caught:
        await _start(office, given)
    found = await office.examine(**given)

    told = "; ".join(f"{setting}: {fault.value}" for setting, fault in expected)
    assert str(caught.value) == told
    assert found.rows(SETTINGS) == [
        ("✗", (_REFUSED[fault][0],), _REFUSED[fault][1]) for _, fault in expected
    ]
    printed = found.printed()
    assert all(setting in printed for setting, _ in expected)
    assert "s3cr3t" not in printed + str(caught.value)
    assert found.code == 2


def test_every_fault_has_a_case_and_words() -> None:
    assert {fault for _, expected in CASES for _, fault in expected} == set(Fault)
    assert set(_REFUSED) == set(Fault)


async def test_a_webhook_that_run_refuses_is_told_in_its_own_line_alone(office: Office) -> None:
    given = {"bitrix24_webhook_url": "http://acme.bitrix24.com/rest/1/s3cr3t/"}

    with pytest.raises(ConfigError, match="BITRIX24_WEBHOOK_URL: must be https"):
        await _start(office, given)
    found = await office.examine(**given)

    assert found.row(SETTINGS)[0] == "✓"
    assert found.row(M.DOCTOR_NAME_PORTAL)[1] == (M.DOCTOR_PORTAL_NOT_HTTPS,)
    assert found.code == 2


@pytest.mark.parametrize(
    "given",
    [
        {**SIGN_IN, "public_url": "s3cr3t"},
        {"telegram_updates": "webhook", "public_url": "s3cr3t"},
    ],
)
async def test_what_cannot_be_read_is_told_once(office: Office, given: Mapping[str, str]) -> None:
    found = await office.examine(**given)

    assert found.row(SETTINGS)[1] == (M.DOCTOR_SETTING_MALFORMED,)


@pytest.mark.parametrize(
    "given",
    [
        {**SIGN_IN, **URL, "bitrix24_portal": "acme.bitrix24.com"},
        {"bitrix24_portal": "portal.example", "bitrix24_allowed_hosts": "portal.example"},
        {"bitrix24_oauth_url": "http://127.0.0.1:8080"},
        {"http_port": "0", "operations_port": "0"},
        {"http_port": "8080", "operations_port": "8081"},
        {"http_port": "8080", "operations_port": "8080", "http_host": "192.0.2.1"},
        {"http_port": "8080", "operations_port": "8080", "http_host": "::"},
    ],
)
async def test_what_may_be_is_not_refused(office: Office, given: Mapping[str, str]) -> None:
    assert refusals(_settings(office, given)) == []
