"""`rsvp-bot doctor` among the emulators: each thing that can be wrong with an account."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import ANN_ACCOUNT
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.telegram.webhook import Webhook
from bot.settings import Settings
from bot.texts import M
from tests.fakes.clock import FakeClock
from tests.fakes.ports import free_port
from tests.integration.doctors_office import TOKEN, Office, Row, doctors_office

NO_ANSWER: Row = ("✗", (M.DOCTOR_NO_ANSWER,), M.DOCTOR_NO_ANSWER_ADVICE)
BAD_ANSWER: Row = ("✗", (M.DOCTOR_BAD_ANSWER,), M.DOCTOR_BAD_ANSWER_ADVICE)
BUSY: Row = ("✗", (M.DOCTOR_BUSY,), M.DOCTOR_BUSY_ADVICE)
NO_PLAN: Row = ("✗", (M.DOCTOR_NO_PLAN,), M.DOCTOR_NO_PLAN_ADVICE)
PORTAL_REFUSED: Row = ("✗", (M.DOCTOR_PORTAL_REFUSED,), M.DOCTOR_PORTAL_REFUSED_ADVICE)
PORTAL_GONE: Row = ("✗", (M.DOCTOR_PORTAL_GONE,), M.DOCTOR_PORTAL_GONE_ADVICE)
CRONOFY_REFUSED: Row = ("✗", (M.DOCTOR_CRONOFY_REFUSED,), M.DOCTOR_CRONOFY_REFUSED_ADVICE)
WAITING = M.DOCTOR_UPDATES_WAITING


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with doctors_office(tmp_path) as opened:
        yield opened


async def test_where_all_is_well_every_line_says_so(office: Office) -> None:
    found = await office.examine()

    assert [finding.name for finding in found.findings] == [
        M.DOCTOR_NAME_SETTINGS,
        M.DOCTOR_NAME_OWNER,
        M.DOCTOR_NAME_DATABASE,
        M.DOCTOR_NAME_KEYS,
        M.DOCTOR_NAME_PORT,
        M.DOCTOR_NAME_TELEGRAM,
        M.DOCTOR_NAME_PRIVACY,
        M.DOCTOR_NAME_UPDATES,
        M.DOCTOR_NAME_PORTAL,
        M.DOCTOR_NAME_PORTAL_RIGHTS,
        M.DOCTOR_NAME_CRONOFY,
        M.DOCTOR_NAME_CRONOFY_RIGHTS,
        M.DOCTOR_NAME_CLOCK,
    ]
    assert found.signs == "✓✓✓––✓✓✓✓✓✓✓✓"
    assert found.code == 0
    printed = found.printed()
    assert "@acme_rsvp_bot" in printed
    assert "Ann Hill (user 7)" in printed


async def test_it_only_looks(office: Office, tmp_path: Path) -> None:
    await office.examine()

    assert [call.method for call in office.tg.calls] == ["getMe", "getWebhookInfo"]
    assert (office.portal.hits, office.portal.journal, office.portal.notices) == (1, [], [])
    assert (dict(office.cronofy.hits), office.cronofy.journal) == ({"userinfo": 1}, [])
    assert list(tmp_path.iterdir()) == []


async def test_what_is_not_set_is_skipped_and_says_what_it_would_give(office: Office) -> None:
    found = await office.examine(
        owner=None, bitrix24_webhook_url=None, cronofy_access_token=None, cronofy_api_url=None
    )

    assert found.row(M.DOCTOR_NAME_OWNER) == ("!", (M.DOCTOR_OWNER_NONE,), M.DOCTOR_OWNER_ADVICE)
    assert found.row(M.DOCTOR_NAME_PORTAL) == ("–", (M.DOCTOR_PORTAL_NONE,), None)
    assert found.row(M.DOCTOR_NAME_CRONOFY) == ("–", (M.DOCTOR_CRONOFY_NONE,), None)
    assert found.code == 0


@pytest.mark.parametrize(
    ("changed", "row", "code"),
    [
        ("rest/7/wrong/", PORTAL_REFUSED, 1),
        ("rest/", PORTAL_REFUSED, 1),
        ("elsewhere/", BAD_ANSWER, 1),
    ],
)
async def test_a_webhook_with_another_path(
    office: Office, changed: str, row: Row, code: int
) -> None:
    origin = office.settings["bitrix24_webhook_url"].partition("rest/")[0]

    found = await office.examine(bitrix24_webhook_url=origin + changed)

    assert found.row(M.DOCTOR_NAME_PORTAL) == row
    assert found.rows(M.DOCTOR_NAME_PORTAL_RIGHTS) == []
    assert found.code == code


@pytest.mark.parametrize(
    ("webhook", "said"),
    [
        ("s3cr3t", M.DOCTOR_PORTAL_MALFORMED),
        ("https://[s3cr3t/rest/1/x/", M.DOCTOR_PORTAL_MALFORMED),
        ("https://1:s3cr3t@acme.bitrix24.com/rest/1/x/", M.DOCTOR_PORTAL_MALFORMED),
        ("http://acme.bitrix24.com/rest/1/s3cr3t/", M.DOCTOR_PORTAL_NOT_HTTPS),
        ("https://s3cr3t.example/rest/1/x/", M.DOCTOR_PORTAL_UNKNOWN_HOST),
        ("https://bitrix24.com.example/rest/1/s3cr3t/", M.DOCTOR_PORTAL_UNKNOWN_HOST),
    ],
)
async def test_a_webhook_that_run_would_not_start_with_is_a_malformed_setting(
    office: Office, webhook: str, said: M
) -> None:
    found = await office.examine(bitrix24_webhook_url=webhook)

    sign, sentences, _ = found.row(M.DOCTOR_NAME_PORTAL)
    assert (sign, sentences, found.code) == ("✗", (said,), 2)
    assert found.row(M.DOCTOR_NAME_CRONOFY)[0] == "✓"
    assert "s3cr3t" not in found.printed()


@pytest.mark.parametrize(
    ("error", "row"),
    [
        ("ACCESS_DENIED", NO_PLAN),
        ("QUERY_LIMIT_EXCEEDED", BUSY),
        ("OPERATION_TIME_LIMIT", BUSY),
        ("OVERLOAD_LIMIT", PORTAL_GONE),
        ("PORTAL_DELETED", PORTAL_GONE),
        ("INTERNAL_SERVER_ERROR", BAD_ANSWER),
        ("authorization_error", PORTAL_REFUSED),
    ],
)
async def test_a_portal_that_refuses(office: Office, error: str, row: Row) -> None:
    office.clock = FakeClock()
    office.portal.force_error(error, operation="batch", times=10)

    found = await office.examine()

    assert found.row(M.DOCTOR_NAME_PORTAL) == row
    assert found.code == 1


async def test_a_portal_that_has_moved_out_of_the_cloud(office: Office) -> None:
    office.portal.moved_to = "https://s3cr3t.example"

    found = await office.examine()

    assert found.row(M.DOCTOR_NAME_PORTAL) == PORTAL_GONE
    assert "s3cr3t" not in found.printed()


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        ({"calendar"}, "im"),
        ({"im", "user"}, "calendar"),
        (set[str](), "calendar, im"),
    ],
)
async def test_each_missing_right_of_the_webhook_is_named(
    office: Office, scopes: set[str], missing: str
) -> None:
    office.portal.users[ANN.user_id].scopes = frozenset(scopes)

    found = await office.examine()

    row = ("✗", (M.DOCTOR_RIGHTS_MISSING,), M.DOCTOR_PORTAL_RIGHTS_ADVICE)
    assert found.row(M.DOCTOR_NAME_PORTAL_RIGHTS) == row
    assert found.row(M.DOCTOR_NAME_PORTAL)[0] == "✓"
    assert f"missing: {missing}\n" in found.printed()
    assert found.code == 1


@pytest.mark.parametrize("method", ["profile", "scope"])
async def test_a_question_that_fails_leaves_the_other_answered(office: Office, method: str) -> None:
    office.portal.force_error("INTERNAL_SERVER_ERROR", operation=method)

    found = await office.examine()

    signs = {
        "profile": found.row(M.DOCTOR_NAME_PORTAL)[0],
        "scope": found.row(M.DOCTOR_NAME_PORTAL_RIGHTS)[0],
    }
    assert signs == {"profile": "✓", "scope": "✓", method: "✗"}


@pytest.mark.parametrize(
    ("token", "row"),
    [
        ("7001:wrong", ("✗", (M.DOCTOR_TELEGRAM_REFUSED,), M.DOCTOR_TELEGRAM_REFUSED_ADVICE)),
        ("s3cr3t", ("✗", (M.DOCTOR_TELEGRAM_REFUSED,), M.DOCTOR_TELEGRAM_REFUSED_ADVICE)),
        (
            "a b/../s3cr3t?x#y",
            ("✗", (M.DOCTOR_TELEGRAM_REFUSED,), M.DOCTOR_TELEGRAM_REFUSED_ADVICE),
        ),
    ],
)
async def test_a_wrong_token(office: Office, token: str, row: Row) -> None:
    found = await office.examine(telegram_token=token)

    assert found.row(M.DOCTOR_NAME_TELEGRAM) == row
    assert found.rows(M.DOCTOR_NAME_UPDATES) == []
    assert found.row(M.DOCTOR_NAME_PORTAL)[0] == "✓"
    assert found.code == 1
    assert token not in found.printed()


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        (Fault.HTML_502, BAD_ANSWER),
        (Fault.UNAVAILABLE_503, BAD_ANSWER),
        (Fault.TRUNCATED_JSON, BAD_ANSWER),
        (Fault.CUT_BEFORE, NO_ANSWER),
        (Fault.RATE_LIMITED_429, BAD_ANSWER),
    ],
)
async def test_telegram_in_trouble(office: Office, fault: Fault, row: Row) -> None:
    office.tg.faults.add(FaultRule(fault=fault, operation="getMe", times=None, seconds=1))

    found = await office.examine()

    assert found.row(M.DOCTOR_NAME_TELEGRAM) == row


async def test_privacy_mode_that_is_off_is_worth_a_word(office: Office) -> None:
    office.tg.reads_all = True

    found = await office.examine()

    row = ("!", (M.DOCTOR_PRIVACY_OFF,), M.DOCTOR_PRIVACY_ADVICE)
    assert found.row(M.DOCTOR_NAME_PRIVACY) == row
    assert found.code == 0


def _webhook(office: Office, url: str) -> None:
    office.tg.webhook.set(Webhook(url=url, secret="s3cr3t", max_connections=1))


def _failed(office: Office, *, waiting: bool) -> None:
    if waiting:
        office.tg.says(office.tg.add_user(ANN.user_id, ANN.name), "/dnd")
    _webhook(office, "http://127.0.0.1:1/telegram")
    office.tg.webhook.last_error = (1772442000, "Connection refused by s3cr3t")


WEBHOOK = {"telegram_updates": "webhook", "public_url": "http://127.0.0.1:1", "http_port": "0"}


@pytest.mark.parametrize(
    ("settings", "prepare", "row"),
    [
        (
            {},
            lambda office: _webhook(office, "http://127.0.0.1:1/s3cr3t"),
            ("!", (M.DOCTOR_UPDATES_STRAY, WAITING), M.DOCTOR_UPDATES_STRAY_ADVICE),
        ),
        (
            WEBHOOK,
            lambda _office: None,
            ("!", (M.DOCTOR_UPDATES_UNSET, WAITING), M.DOCTOR_UPDATES_UNSET_ADVICE),
        ),
        (
            WEBHOOK,
            lambda office: _webhook(office, "http://127.0.0.1:1/s3cr3t"),
            ("!", (M.DOCTOR_UPDATES_ELSEWHERE, WAITING), M.DOCTOR_UPDATES_STRAY_ADVICE),
        ),
        (
            WEBHOOK,
            lambda office: _webhook(office, "http://127.0.0.1:1/telegram"),
            ("✓", (M.DOCTOR_UPDATES_WEBHOOK, WAITING), None),
        ),
        (
            WEBHOOK,
            lambda office: _failed(office, waiting=True),
            (
                "!",
                (M.DOCTOR_UPDATES_WEBHOOK, WAITING, M.DOCTOR_UPDATES_FAILED),
                M.DOCTOR_UPDATES_FAILED_ADVICE,
            ),
        ),
        (
            WEBHOOK,
            lambda office: _failed(office, waiting=False),
            ("✓", (M.DOCTOR_UPDATES_WEBHOOK, WAITING, M.DOCTOR_UPDATES_FAILED), None),
        ),
    ],
    ids=["stray", "unset", "elsewhere", "set", "failed", "failed once"],
)
async def test_how_updates_come(
    office: Office, settings: dict[str, str], prepare: Callable[[Office], None], row: Row
) -> None:
    prepare(office)

    found = await office.examine(**settings)

    assert found.row(M.DOCTOR_NAME_UPDATES) == row
    assert found.code == 0
    printed = found.printed()
    assert "s3cr3t" not in printed
    assert "refused by" not in printed


async def test_waiting_updates_are_counted_and_stay_where_they_are(office: Office) -> None:
    ann = office.tg.add_user(ANN.user_id, ANN.name)
    for _ in range(3):
        office.tg.says(ann, "/dnd")

    found = await office.examine()

    assert "waiting: 3" in found.printed()
    assert len(office.tg.queue.pending) == 3


async def test_webhook_mode_without_an_address_is_a_missing_setting(office: Office) -> None:
    found = await office.examine(telegram_updates="webhook")

    assert found.row(M.DOCTOR_NAME_SETTINGS)[1] == (M.DOCTOR_SETTING_NO_PUBLIC_URL,)
    assert found.code == 2


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("owner", [M.DOCTOR_NAME_OWNER]),
        ("http_port", [M.DOCTOR_NAME_PORT]),
        ("operations_port", [M.DOCTOR_NAME_OPERATIONS_PORT]),
        ("telegram_updates", [M.DOCTOR_NAME_PORT, M.DOCTOR_NAME_UPDATES]),
        ("public_url", [M.DOCTOR_NAME_PORT, M.DOCTOR_NAME_UPDATES]),
        ("telegram_api_url", [M.DOCTOR_NAME_TELEGRAM]),
        ("cronofy_api_url", [M.DOCTOR_NAME_CRONOFY]),
        ("cronofy_data_center", [M.DOCTOR_NAME_CRONOFY]),
    ],
)
async def test_what_hangs_on_a_faulty_setting_is_not_checked_with_another_value(
    office: Office, setting: str, names: list[M]
) -> None:
    found = await office.examine(**{setting: "s3cr3t"})

    skipped = [finding.name for finding in found.findings if finding.sign.value == "–"]
    assert [name for name in skipped if name in names] == names
    for name in names:
        assert found.row(name) == ("–", (M.DOCTOR_SKIPPED_FAULT,), None)
    assert found.signs.count("✗") == 1
    assert found.code == 2
    assert (setting == "telegram_api_url") == (office.tg.calls == [])
    assert setting.startswith("cronofy") == (not office.cronofy.hits)


async def test_a_token_that_cronofy_does_not_know(office: Office) -> None:
    found = await office.examine(cronofy_access_token="s3cr3t")

    assert found.row(M.DOCTOR_NAME_CRONOFY) == CRONOFY_REFUSED
    assert found.rows(M.DOCTOR_NAME_CRONOFY_RIGHTS) == []
    assert found.code == 1


async def test_a_token_of_cronofy_that_has_run_out(office: Office) -> None:
    old = office.cronofy.issue_token(ANN_ACCOUNT.sub, expires_in=-1)

    found = await office.examine(cronofy_access_token=old)

    assert found.row(M.DOCTOR_NAME_CRONOFY) == CRONOFY_REFUSED


@pytest.mark.parametrize(
    ("scopes", "row", "named"),
    [
        (
            ("read_events",),
            ("✗", (M.DOCTOR_RIGHTS_MISSING,), M.DOCTOR_CRONOFY_RIGHTS_ADVICE),
            "missing: change_participation_status → Make",
        ),
        (
            ("read_free_busy", "create_event"),
            ("✗", (M.DOCTOR_RIGHTS_MISSING,), M.DOCTOR_CRONOFY_RIGHTS_ADVICE),
            "missing: read_events, change_participation_status → Make",
        ),
        (
            ("read_write",),
            ("!", (M.DOCTOR_RIGHTS_UNTOLD,), M.DOCTOR_RIGHTS_UNTOLD_ADVICE),
            "whether read_events, change_participation_status is included is not told",
        ),
        (
            (),
            ("!", (M.DOCTOR_RIGHTS_UNTOLD,), M.DOCTOR_RIGHTS_UNTOLD_ADVICE),
            "whether read_events, change_participation_status is included is not told",
        ),
        (
            ("change_participation_status", "read_events", "read_write"),
            ("✓", (M.DOCTOR_RIGHTS_OK,), None),
            "has read_events, change_participation_status ✓ clock",
        ),
    ],
)
async def test_what_a_token_of_cronofy_may_do(
    office: Office, scopes: tuple[str, ...], row: Row, named: str
) -> None:
    token = office.cronofy.issue_personal_token(ANN_ACCOUNT.sub, scopes)

    found = await office.examine(cronofy_access_token=token)

    assert found.row(M.DOCTOR_NAME_CRONOFY_RIGHTS) == row
    assert found.row(M.DOCTOR_NAME_CRONOFY)[0] == "✓"
    assert named in " ".join(found.printed().split())


@pytest.mark.parametrize(
    ("status", "row"),
    [(402, NO_PLAN), (423, CRONOFY_REFUSED), (429, BUSY), (404, BAD_ANSWER), (500, BAD_ANSWER)],
)
async def test_a_cronofy_that_refuses(office: Office, status: int, row: Row) -> None:
    office.clock = FakeClock()
    office.cronofy.force_error(status, times=10)

    found = await office.examine()

    assert found.row(M.DOCTOR_NAME_CRONOFY) == row


async def test_a_calendar_that_cronofy_has_lost_is_told(office: Office) -> None:
    next(iter(office.cronofy.profiles_of(ANN_ACCOUNT.sub))).connected = False

    found = await office.examine()

    said = (M.DOCTOR_CRONOFY_OK, M.DOCTOR_CRONOFY_LOST)
    assert found.row(M.DOCTOR_NAME_CRONOFY) == ("!", said, M.DOCTOR_CRONOFY_LOST_ADVICE)


async def test_names_from_outside_cannot_steer_the_terminal(office: Office) -> None:
    office.portal.users[ANN.user_id].name = "\x1b[31m<b>Ann\n✓ fake\u202e"

    found = await office.examine()

    printed = found.printed()
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "[31m<b>Ann ✓ fake Hill" in " ".join(printed.split())


async def test_nothing_that_fails_hides_anything_else(office: Office, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way of the database's folder")
    office.clock = FakeClock()
    nowhere = f"http://127.0.0.1:{free_port()}"

    found = await office.examine(
        log_level="s3cr3t",
        owner="s3cr3t",
        http_host="s3cr3t.invalid",
        http_port="1",
        telegram_api_url=f"{nowhere}/s3cr3t",
        bitrix24_webhook_url=f"{nowhere}/rest/1/s3cr3t/",
        cronofy_api_url=f"{nowhere}/s3cr3t",
        telegram_webhook_secret="s3cr3t",
        cronofy_access_token="s3cr3t",
        public_url="https://s3cr3t.example",
    )

    assert found.signs == "✗✗–✗–✗✗✗✗–"
    for name in (M.DOCTOR_NAME_TELEGRAM, M.DOCTOR_NAME_PORTAL, M.DOCTOR_NAME_CRONOFY):
        assert found.row(name) == NO_ANSWER
    assert found.code == 2
    assert "s3cr3t" not in found.printed()
    assert TOKEN not in found.printed()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
async def test_no_value_of_a_setting_is_printed_well_formed_or_not(
    office: Office, name: str
) -> None:
    found = await office.examine(**{name: "s3cr3t"})

    assert "s3cr3t" not in found.printed() + repr(found.findings)
    assert not any(M.DOCTOR_BROKE in (said.message for said in f.said) for f in found.findings)


async def test_one_that_does_not_answer_in_time_keeps_nobody_from_it(office: Office) -> None:
    office.patience = 2.5
    gate = office.portal.hold("profile")

    found = await office.examine()
    gate.opened.set()

    assert found.row(M.DOCTOR_NAME_PORTAL) == NO_ANSWER
    assert found.signs == "✓✓✓––✓✓✓✗✓✓✓"
