"""Every decision about an invitation behind Cronofy, with the sentence that is read."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bot.sandbox.cronofy import Cronofy
from bot.sandbox.cronofy.seed import (
    ALL_HANDS,
    CONTRACT,
    INTERVIEW,
    MAINTENANCE,
    NEGOTIATION,
    PRESS,
    QUARTERLY,
    RETREAT,
)
from tests.fakes.bot import Bot, plain

UNKNOWN = "evt_external_" + "0" * 24


def _nothing(_cronofy: Cronofy) -> None:
    pass


def _never_shows(cronofy: Cronofy) -> None:
    cronofy.quirks.apply_delay = 3600


def _shows_after_reads(cronofy: Cronofy) -> None:
    cronofy.quirks.apply_after_reads = 2


def _disconnected(cronofy: Cronofy) -> None:
    for profile in cronofy.profiles.values():
        profile.connected = False


def _cancelled(cronofy: Cronofy) -> None:
    cronofy.events[QUARTERLY][0].status = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the decision list; `en` and `ru` are how the reply begins."""

    says: str
    uid: str
    en: str
    ru: str
    writes: int
    holds: str | None
    prepare: Callable[[Cronofy], None] = field(default=_nothing)


CASES = {
    "accepted": Case(
        says=f"/accept {QUARTERLY}",
        uid=QUARTERLY,
        en="✅ Accepted: Quarterly planning\n",
        ru="✅ Принято: Quarterly planning\n",
        writes=1,
        holds="accepted",
    ),
    "visible only after some reads": Case(
        says=f"/decline {QUARTERLY}",
        uid=QUARTERLY,
        prepare=_shows_after_reads,
        en="❌ Declined: Quarterly planning\n",
        ru="❌ Отклонено: Quarterly planning\n",
        writes=1,
        holds="declined",
    ),
    "a real maybe": Case(
        says=f"/maybe {CONTRACT}",
        uid=CONTRACT,
        en="❔ Maybe: Обсуждение договора\n",
        ru="❔ Под вопросом: Обсуждение договора\n",
        writes=1,
        holds="tentative",
    ),
    "already maybe": Case(
        says=f"/maybe {PRESS}",
        uid=PRESS,
        en="❔ Already “maybe”: Пресс-конференция\n",
        ru="❔ Уже под вопросом: Пресс-конференция\n",
        writes=0,
        holds="tentative",
    ),
    "already accepted": Case(
        says=f"/accept {CONTRACT}",
        uid=CONTRACT,
        en="✅ Already accepted: Обсуждение договора\n",
        ru="✅ Уже принято: Обсуждение договора\n",
        writes=0,
        holds="accepted",
    ),
    "taken and not yet visible": Case(
        says=f"/accept {QUARTERLY}",
        uid=QUARTERLY,
        prepare=_never_shows,
        en="⏳ Sent, not yet confirmed: Quarterly planning\n",
        ru="⏳ Отправлено, пока не подтверждено: Quarterly planning\n",
        writes=1,
        holds="needs_action",
    ),
    "declining would delete": Case(
        says=f"/decline {NEGOTIATION}",
        uid=NEGOTIATION,
        en="Declining removes Vendor negotiation from this calendar for good: "
        "it cannot be accepted from here any more.\n",
        ru="Отказ навсегда удалит Vendor negotiation из этого календаря: "
        "принять его отсюда уже не получится.\n",
        writes=0,
        holds="needs_action",
    ),
    "all-day": Case(
        says=f"/accept {RETREAT}",
        uid=RETREAT,
        en="✅ Accepted: Стратегическая сессия\n",
        ru="✅ Принято: Стратегическая сессия\n",
        writes=1,
        holds="accepted",
    ),
    "read-only calendar": Case(
        says=f"/accept {ALL_HANDS}",
        uid=ALL_HANDS,
        en="All-hands is in a calendar that can only be read. Nothing was changed.",
        ru="All-hands находится в календаре только для чтения. Ничего не изменено.",
        writes=0,
        holds="needs_action",
    ),
    "no answers taken": Case(
        says=f"/accept {MAINTENANCE}",
        uid=MAINTENANCE,
        en="The calendar does not let Office closed for maintenance be answered from outside. "
        "Nothing was changed.",
        ru="Календарь не позволяет ответить на Office closed for maintenance извне. "
        "Ничего не изменено.",
        writes=0,
        holds="needs_action",
    ),
    "made by the application": Case(
        says=f"/decline {INTERVIEW}",
        uid=INTERVIEW,
        en="Interview slot was made by the calendar application itself and cannot be answered "
        "here. Nothing was changed.",
        ru="Interview slot создано самим приложением календаря, ответить на него здесь нельзя. "
        "Ничего не изменено.",
        writes=0,
        holds="accepted",
    ),
    "cancelled": Case(
        says=f"/accept {QUARTERLY}",
        uid=QUARTERLY,
        prepare=_cancelled,
        en="Quarterly planning was cancelled, so there is nothing to answer. Nothing was changed.",
        ru="Quarterly planning отменено, отвечать не на что. Ничего не изменено.",
        writes=0,
        holds="needs_action",
    ),
    "status of what was cancelled": Case(
        says=f"/status {QUARTERLY}",
        uid=QUARTERLY,
        prepare=_cancelled,
        en="🚫 Cancelled: Quarterly planning\n",
        ru="🚫 Отменено: Quarterly planning\n",
        writes=0,
        holds="needs_action",
    ),
    "no such event": Case(
        says=f"/accept {UNKNOWN}",
        uid=UNKNOWN,
        en=f"No event {UNKNOWN} that you can see",
        ru=f"Не вижу события {UNKNOWN}",
        writes=0,
        holds=None,
    ),
    "calendar disconnected": Case(
        says=f"/accept {QUARTERLY}",
        uid=QUARTERLY,
        prepare=_disconnected,
        en="Cronofy has lost its connection to your calendar. Nothing was changed.",
        ru="Cronofy потерял связь с вашим календарём. Ничего не изменено.",
        writes=0,
        holds="needs_action",
    ),
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", CASES)
async def test_what_is_answered_written_and_held(bot: Bot, name: str, language: str) -> None:
    case = CASES[name]
    case.prepare(bot.cronofy)

    [reply] = await bot.say(case.says, language=language)

    assert plain(reply.text).startswith(case.en if language == "en" else case.ru)
    assert len(bot.cronofy.writes(case.uid)) == case.writes
    if case.holds is not None:
        assert bot.cronofy.status_of(case.uid) == case.holds


async def test_a_decline_that_deletes_is_made_after_a_yes_and_seen_to_be_done(bot: Bot) -> None:
    await bot.say(f"/decline {NEGOTIATION}")

    [reply] = await bot.press("Decline and remove")

    assert reply.said[0] == "held.declined"
    [event] = bot.cronofy.events[NEGOTIATION]
    assert event.deleted


async def test_an_all_day_event_ends_on_its_last_day(bot: Bot) -> None:
    [reply] = await bot.say(f"/status {RETREAT}")

    assert "all day" in reply.text
    [event] = bot.cronofy.events[RETREAT]
    first, last = reply.text.split("\n")[1].split(" – ")
    assert str(event.start)[8:].lstrip("0") in first
    assert last.split()[1] == str(int(str(event.end)[8:]) - 1)


async def test_a_found_event_is_looked_for_in_a_few_days_the_next_time(bot: Bot) -> None:
    bot.cronofy.quirks.page_size = 1
    await bot.say(f"/status {QUARTERLY}")
    everywhere = bot.cronofy.hits["events"]

    await bot.say(f"/status {QUARTERLY}")

    assert everywhere > 3
    assert bot.cronofy.hits["events"] - everywhere < everywhere


async def test_a_page_on_another_host_gets_no_token(bot: Bot) -> None:
    bot.cronofy.quirks.page_size = 1
    bot.cronofy.quirks.foreign_next_page = "https://evil.example"

    [reply] = await bot.say(f"/status {QUARTERLY}")

    assert reply.said[0] == "error.protocol"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"", "error.sign_in"),
        (402, b"<html>", "error.plan"),
        (403, b"", "error.permission"),
        (404, b"", "error.not_found"),
        (410, b"", "error.not_found"),
        (422, b'{"errors":{"status":[{"key":"errors.invalid"}]}}', "error.request"),
        (
            422,
            b'{"errors":{"event_uid":[{"key":"errors.must_be_external_event_uid"}',
            "error.request",
        ),
        (423, b"", "error.reconnect"),
        (400, b'{"error":"invalid_grant"}', "error.request"),
        (429, b"", "error.slow_down_later"),
    ],
)
async def test_what_a_refusal_of_the_write_means_is_said_and_nothing_is_changed(
    bot: Bot, status: int, body: bytes, said: str
) -> None:
    bot.cronofy.force_error(status, body, operation="participation_status", times=5)

    [reply] = await bot.say(f"/accept {QUARTERLY}")

    assert reply.said[0] == said
    assert bot.cronofy.status_of(QUARTERLY) == "needs_action"
