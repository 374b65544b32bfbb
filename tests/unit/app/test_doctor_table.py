"""The table: it fits a terminal, and its colours stay out of files."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.app.clock import SystemClock
from bot.app.doctor.examination import _carry_out, _Check, exit_code, judge_clock
from bot.app.doctor.findings import Finding, Sign, failed, ok, plain, say, skipped, warning
from bot.app.doctor.reading import read_settings
from bot.app.doctor.table import render
from bot.app.doctor.tools import DatedTransport, Tools
from bot.domain.zones import zone_of
from bot.texts import LANGUAGES, M, Texts
from bot.transport.aiohttp_transport import AiohttpTransport

ENGLISH = Texts("en", zone_of("UTC"))
NAME, OTHER = M.DOCTOR_NAME_CLOCK, M.DOCTOR_NAME_CRONOFY_RIGHTS
VALUES = {
    "name": "BITRIX24_WEBHOOK_URL",
    "choices": "us, uk, de, au, ca, sg",
    "owner": "telegram:1234567890",
    "reason": "ModuleNotFoundError",
    "mode": "0644",
    "port": 65535,
    "pending": 100,
    "at": "2026-03-02 09:00 UTC",
    "id": 1000,
    "names": "read_events, change_participation_status",
    "where": "CRONOFY_DATA_CENTER=us",
    "count": 3,
    "source": "Bitrix24",
    "seconds": 100000,
    "setting": "CRONOFY_DATA_CENTER=us",
    "failures": 10,
    "warnings": 10,
    "file": "bot.db.key",
    "key": "0123456789abcdef",
    "keys": "0123456789abcdef, fedcba9876543210",
}


def _good() -> Finding:
    return ok(NAME, say(M.DOCTOR_RIGHTS_OK, names="calendar, im"))


def _bad(*, of_setting: bool = False) -> Finding:
    said = say(M.DOCTOR_PORT_TAKEN, port=80)
    advice = say(M.DOCTOR_PORT_TAKEN_ADVICE, setting="HTTP_PORT")
    return failed(OTHER, said, advice=advice, of_setting=of_setting)


def test_the_columns_stand_below_each_other_and_advice_below_what_it_is_about() -> None:
    printed = render([_good(), _bad()], ENGLISH, coloured=False)

    assert printed.splitlines() == [
        "✓ clock           has calendar, im",
        "✗ Cronofy rights  80 is taken by another program",
        "                  → End that program, or change HTTP_PORT.",
        "",
        "Failed: 1. Warnings: 0.",
    ]


@pytest.mark.parametrize(
    ("findings", "summary"),
    [
        ([_good()], "Nothing stands in the way of rsvp-bot run."),
        (
            [_good(), warning(NAME, say(M.DOCTOR_OWNER_NONE), advice=say(M.DOCTOR_OWNER_ADVICE))],
            "It will run. Warnings: 1.",
        ),
        ([_bad(), _bad()], "Failed: 2. Warnings: 0."),
    ],
)
def test_the_last_line_is_about_the_whole(findings: Sequence[Finding], summary: str) -> None:
    assert render(findings, ENGLISH, coloured=False).splitlines()[-1] == summary


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_wider_than_a_terminal_in_either_language(language: str) -> None:
    texts = Texts(language, zone_of("UTC"))
    sentences = [message for message in M if message.value.startswith("doctor.")]
    assert len(sentences) > 90
    findings = [
        failed(OTHER, say(message, **VALUES), advice=say(message, **VALUES))
        for message in sentences
    ]

    lines = render(findings, texts, coloured=False).splitlines()

    assert len(lines) > 2 * len(sentences)
    assert [line for line in lines if len(line) > 80] == []


def test_names_and_addresses_stay_whole_so_that_they_can_be_copied() -> None:
    words = ["api-uk.example-" * 3 + str(number) for number in range(6)]
    finding = ok(NAME, say(M.DOCTOR_RIGHTS_OK, names=" ".join(words)))

    printed = render([finding], ENGLISH, coloured=False)

    assert [word for word in printed.split() if word.startswith("api-")] == words


def test_advice_takes_at_most_two_lines() -> None:
    checked = 0
    for language in LANGUAGES:
        texts = Texts(language, zone_of("UTC"))
        for message in M:
            if message.value.startswith("doctor.") and message.value.endswith("_advice"):
                said = say(M.DOCTOR_NO_ANSWER)
                finding = failed(OTHER, said, advice=say(message, **VALUES))
                printed = render([finding], texts, coloured=False)
                assert len(printed.rstrip("\n").splitlines()) <= 5, message
                checked += 1
    assert checked > 60


def test_only_the_sign_is_coloured_and_only_for_a_terminal() -> None:
    findings = [_good(), _bad(), skipped(NAME, say(M.DOCTOR_CLOCK_UNKNOWN))]
    coloured = render(findings, ENGLISH, coloured=True)
    bare = render(findings, ENGLISH, coloured=False)

    assert "\x1b[32m✓\x1b[0m clock" in coloured
    assert "\x1b[31m✗\x1b[0m Cronofy" in coloured
    assert "\x1b" not in bare
    assert len(coloured.splitlines()) == len(bare.splitlines())


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([_good(), skipped(NAME, say(M.DOCTOR_CLOCK_UNKNOWN))], 0),
        ([warning(NAME, say(M.DOCTOR_OWNER_NONE), advice=say(M.DOCTOR_OWNER_ADVICE))], 0),
        ([_good(), _bad()], 1),
        ([_bad(), _bad(of_setting=True), _good()], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst(findings: Sequence[Finding], code: int) -> None:
    assert exit_code(findings) == code


@pytest.mark.parametrize(
    ("ahead", "sign", "said"),
    [
        ({}, Sign.SKIPPED, "not compared: nobody answered"),
        ({"Telegram": 0.2}, Sign.OK, "less than 1 s apart from Telegram"),
        ({"Telegram": 0.0, "Bitrix24": -30.0}, Sign.OK, "less than 31 s apart from Bitrix24"),
        ({"Telegram": 30.6, "Bitrix24": 0.0}, Sign.WARNING, "31 s ahead of Telegram"),
        ({"Telegram": 1.0, "Cronofy": -300.0}, Sign.WARNING, "300 s behind Cronofy"),
        ({"Telegram": 301.0, "Cronofy": -300.0}, Sign.FAILED, "301 s ahead of Telegram"),
    ],
)
def test_the_clock_is_measured_by_whoever_differs_most(
    ahead: dict[str, float], sign: Sign, said: str
) -> None:
    finding = judge_clock(ahead)

    assert finding.sign is sign
    assert said in render([finding], ENGLISH, coloured=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann  Hill\n", "Ann Hill"),
        ("\x1b[31mAnn\x07", "[31mAnn"),
        ("a\u202eb\u200bc", "a b c"),
        ("x" * 200, "x" * 60),
        ("Анна", "Анна"),
    ],
)
def test_names_that_others_chose_are_made_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


async def _breaks(_tools: Tools) -> Sequence[Finding]:
    raise KeyError("s3cr3t")


async def _never_ends(_tools: Tools) -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (_breaks, "the check itself broke (KeyError)"),
        (_never_ends, "not done within -1 s"),
    ],
)
async def test_a_check_that_breaks_or_never_ends_is_a_finding_like_any_other(
    check: object, said: str
) -> None:
    clock = SystemClock()
    tools = Tools(
        reading=read_settings(_env_file=None, telegram_token="1:s3cr3t"),
        transport=DatedTransport(AiohttpTransport(timer=clock), clock),
        clock=clock,
        # So little that the slack around it is used up at once.
        patience=-1.0 if check is _never_ends else 8.0,
    )

    found = await _carry_out(_Check(name=NAME, run=check), tools)  # type: ignore[arg-type]

    printed = render(found, ENGLISH, coloured=False)
    assert said in printed
    assert "s3cr3t" not in printed
    assert exit_code(found) == 1
