"""/agenda: what is on, with the own status, clashes marked, free time left out."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.chat import Identity
from bot.domain.inbox import Person
from bot.sandbox.bitrix24.seed import BUDGET, SPRINT_REVIEW
from bot.sandbox.company import ANN, CARL
from bot.sandbox.cronofy.seed import CONTRACT, RETREAT
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, plain

THURSDAY = "5.3"


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


async def live_in(bot: Bot, identity: Identity, zone: str, language: str = "en") -> None:
    await bot.store.save_person(Person(identity=identity, language=language, timezone=zone))


async def test_a_day_shows_what_is_on_with_the_own_status(bot: Bot) -> None:
    await bot.say(f"/decline {SPRINT_REVIEW}")

    [reply] = await bot.say(f"/agenda {THURSDAY}")

    assert lines(plain(reply.text)) == [
        "Thu 5 Mar",
        "1. 12:00–13:00 ✅ Обсуждение договора · c1",
        "2. 13:00–14:00 ❌ Sprint review · 651",
        "Times: Europe/Berlin.",
    ]


async def test_every_kind_of_event_has_its_icon(bot: Bot) -> None:
    [first] = await bot.say("/agenda week")
    [second] = await bot.press("›")

    text = plain(first.text) + plain(second.text)
    assert "👤 Design critique" in text
    assert "🗓 Dentist" in text
    assert "🔒 All-hands" in text
    assert "▫️ Sprint review" in text


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        ("/agenda", "Mon 2 Mar: nothing is on."),
        ("/agenda today", "Mon 2 Mar: nothing is on."),
        ("/agenda tomorrow", "Tue 3 Mar"),
        ("/agenda завтра", "Tue 3 Mar"),
        ("/agenda thu", "Thu 5 Mar"),
        ("/agenda 2026-03-05", "Thu 5 Mar"),
        ("/agenda 5 марта", "Thu 5 Mar"),
        ("/agenda на завтра", "Tue 3 Mar"),
        ("/agenda в четверг", "Thu 5 Mar"),
    ],
)
async def test_a_day_is_named_in_many_ways(bot: Bot, asked: str, heading: str) -> None:
    [reply] = await bot.say(asked)

    assert lines(plain(reply.text))[0] == heading


async def test_a_week_is_told_day_by_day(bot: Bot) -> None:
    [reply] = await bot.say("/agenda week")

    headings = [line for line in lines(plain(reply.text)) if line[0].isalpha()]
    assert headings[:4] == ["Tue 3 Mar", "Wed 4 Mar", "Thu 5 Mar", "Fri 6 Mar"]


async def test_what_is_no_day_is_answered_with_examples(bot: Bot) -> None:
    [reply] = await bot.say("/agenda someday")

    assert reply.said == ("agenda.usage",)


async def test_clashes_are_marked_unless_one_of_the_two_was_declined(bot: Bot) -> None:
    starts = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
    clash = bot.portal.add_meeting(
        host_id=CARL.user_id,
        guests=(ANN.user_id,),
        name="Sync",
        starts=starts,
        ends=starts + timedelta(minutes=15),
    )
    [clashing] = await bot.say(f"/agenda {THURSDAY}")
    await bot.say(f"/decline {clash}")
    [settled] = await bot.say(f"/agenda {THURSDAY}")

    assert plain(clashing.text).count("⚡ overlaps") == 2
    assert "⚡" not in settled.text


async def test_what_leaves_people_free_is_left_out(bot: Bot) -> None:
    [contract] = bot.cronofy.events[CONTRACT]
    contract.transparency = "transparent"

    [reply] = await bot.say(f"/agenda {THURSDAY}")

    assert "Обсуждение договора" not in reply.text
    assert "Sprint review" in reply.text


async def test_a_day_is_the_persons_own(bot: Bot) -> None:
    starts = datetime(2026, 3, 4, 20, 30, tzinfo=UTC)
    bot.portal.add_meeting(
        host_id=CARL.user_id,
        guests=(ANN.user_id,),
        name="Late call",
        starts=starts,
        ends=starts + timedelta(hours=1),
    )
    await live_in(bot, identity_of(ANN), "Asia/Tokyo")
    [tokyo] = await bot.say(f"/agenda {THURSDAY}")
    await live_in(bot, identity_of(ANN), "America/New_York")
    [new_york] = await bot.say("/agenda 4.3")

    assert "05:30–06:30 ▫️ Late call" in plain(tokyo.text)
    assert "15:30–16:30 ▫️ Late call" in plain(new_york.text)


async def test_what_goes_past_midnight_is_on_both_days(bot: Bot) -> None:
    starts = datetime(2026, 3, 5, 21, tzinfo=UTC)
    bot.portal.add_meeting(
        host_id=CARL.user_id,
        guests=(ANN.user_id,),
        name="Release night",
        starts=starts,
        ends=starts + timedelta(hours=5),
    )
    [thursday] = await bot.say("/agenda 5.3")
    [friday] = await bot.say("/agenda 6.3")

    assert "22:00–… ▫️ Release night" in plain(thursday.text)
    assert "…–03:00 ▫️ Release night" in plain(friday.text)


async def test_whole_days_are_days_wherever_the_person_is(bot: Bot) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Midway"):
        await live_in(bot, identity_of(ANN), zone)
        first = await bot.say("/agenda 2026-03-11")
        second = await bot.say("/agenda 2026-03-12")
        third = await bot.say("/agenda 2026-03-13")
        shown = [
            "all day ▫️ Стратегическая сессия" in plain(day[0].text)
            for day in (first, second, third)
        ]
        assert shown == [True, True, False], zone
    [retreat] = bot.cronofy.events[RETREAT]
    assert retreat.start == date(2026, 3, 11)


async def test_russian_and_a_missing_source(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))

    [reply] = await bot.say("/agenda неделя", language="ru")

    text = plain(reply.text)
    assert "чт, 5 мар." in text
    assert "⚠️ Cronofy не отвечает; показано только Битрикс24." in text


async def test_a_number_opens_the_card(bot: Bot) -> None:
    await bot.say("/agenda 6.3")

    [card] = await bot.say("/decline 1")

    assert "Обсуждение бюджета" in plain(card.text)
    assert bot.portal.status_of(BUDGET, ANN.user_id) == "N"
