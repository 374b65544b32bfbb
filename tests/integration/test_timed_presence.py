"""A presence that ends by itself, as its person sees it."""

from datetime import timedelta

import pytest

from bot.errors import PlatformError
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, plain

HOUR = 3600.0


def held(bot: Bot) -> str | None:
    return bot.portal.presence_of(ANN.user_id)


async def test_it_ends_at_its_time_and_what_was_there_before_is_back(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    [reply] = await bot.say("/dnd 1h")
    assert reply.said[0] == "presence.until"
    assert plain(reply.text).startswith("🔕 Do not disturb until 11:00 (UTC+1), then away.")

    assert await bot.wait(HOUR - 1) == []
    assert held(bot) == "dnd"

    [told] = await bot.wait(2)
    assert held(bot) == "away"
    assert plain(told.text) == "🔕 Do not disturb: the time is over. Now: away."


async def test_the_same_in_russian(bot: Bot) -> None:
    [reply] = await bot.say("/dnd на полчаса", language="ru")
    assert plain(reply.text).splitlines()[0] == (
        "🔕 Не беспокоить до 10:30 (UTC+1), потом — онлайн. Закончить раньше: /online"
    )

    [told] = await bot.wait(HOUR)

    assert told.text == "🔕 Не беспокоить: время вышло. Сейчас: онлайн."


async def test_what_was_changed_in_the_portal_meanwhile_stands(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    bot.portal.presence[ANN.user_id] = "away"

    [told] = await bot.wait(2 * HOUR)

    assert held(bot) == "away"
    assert told.said == ("news.left_alone",)
    assert plain(told.text).endswith("so I left it: away.")


async def test_online_ends_what_is_on_and_nothing_comes_later(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    await bot.say("/dnd 1h")
    [reply] = await bot.say("/online")
    assert (held(bot), reply.said) == ("online", ("presence.online",))

    assert await bot.wait(3 * HOUR) == []
    assert held(bot) == "online"


async def test_a_later_command_gives_another_end_and_what_was_before_stays_known(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    await bot.say("/dnd 1h")
    await bot.say("/dnd 2h")
    await bot.wait(1.5 * HOUR)
    assert held(bot) == "dnd"

    await bot.wait(HOUR)
    assert held(bot) == "away"


async def test_a_bare_one_stays_is_given_an_end_by_a_button_and_is_told_of_after_a_day(
    bot: Bot,
) -> None:
    [reply] = await bot.say("/dnd")
    assert [button.label for row in reply.buttons for button in row] == [
        "30 min",
        "1 hour",
        "Until the meeting ends",
        "Until tomorrow",
    ]
    told = await bot.wait(25 * HOUR)
    assert [one.said for one in told] == [("news.still_on",)]
    assert await bot.wait(50 * HOUR) == []

    [ended] = await bot.press("30 min")
    assert ended.said[0] == "presence.until"
    await bot.wait(HOUR)
    assert held(bot) == "online"


@pytest.mark.parametrize("words", ["foo", "until", "1x", "на", "0m", "30 40"])
async def test_nonsense_changes_nothing_and_gets_three_examples(bot: Bot, words: str) -> None:
    [reply] = await bot.say(f"/dnd {words}")

    assert reply.said == ("usage.span",)
    assert str(reply.text).count("<code>/dnd ") == 3
    assert (held(bot), bot.portal.hits) == (None, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [("until 1.3.2026 10:00", "span.over"), ("90 days", "span.too_long")],
)
async def test_what_is_over_or_too_far_away_changes_nothing(
    bot: Bot, words: str, said: str
) -> None:
    [reply] = await bot.say(f"/away {words}")

    assert (reply.said, held(bot)) == ((said,), None)


async def test_times_count_from_when_the_message_was_written(bot: Bot) -> None:
    [reply] = await bot.say("/dnd 1h", age=300)

    assert "until 10:55" in plain(reply.text)


async def test_a_late_one_is_offered_and_means_what_it_meant(bot: Bot) -> None:
    [late] = await bot.say("/dnd 1h", age=20 * 60)
    assert held(bot) is None
    [reply] = await bot.press(late.buttons[0][0].label)
    assert "until 10:40" in plain(reply.text)

    [late] = await bot.say("/dnd 1h", age=2 * HOUR)
    [over] = await bot.press(late.buttons[0][0].label)
    assert over.said == ("span.over",)


async def test_until_and_during_an_event(bot: Bot) -> None:
    [until] = await bot.say(f"/dnd until {SPRINT_REVIEW}")
    assert "13:00 (UTC+1), then online" in plain(until.text)

    [during] = await bot.say(f"/away during {SPRINT_REVIEW}")
    assert during.said == ("presence.later",)
    assert held(bot) == "dnd"
    [status] = await bot.say("/presence")
    assert "presence.next_titled" in status.said
    assert "“Sprint review”" in status.text

    await bot.wait(7 * 24 * HOUR)
    assert held(bot) == "online"
    writes = [write.params["STATUS"] for write in bot.portal.writes("im.user.status.set")]
    assert writes == ["dnd", "away", "online"]


async def test_what_comes_later_can_be_cancelled(bot: Bot) -> None:
    await bot.say(f"/away during {SPRINT_REVIEW}")
    await bot.say("/presence")

    [reply] = await bot.press("Cancel what comes next")

    assert reply.said[0] == "presence.cancelled"
    await bot.wait(7 * 24 * HOUR)
    assert bot.portal.writes("im.user.status.set") == []


async def test_an_event_that_may_be_two_is_asked_about_and_then_meant(bot: Bot) -> None:
    now = bot.clock.now()
    for number in (1, 2):
        starts = now + timedelta(hours=number)
        bot.portal.add_meeting(
            host_id=BORIS.user_id,
            name=f"Planning {number}",
            starts=starts,
            ends=starts + timedelta(minutes=30),
            guests=[ANN.user_id],
        )

    [asked] = await bot.say("/dnd until planning")
    assert asked.said[0].startswith("which.")
    assert held(bot) is None
    [reply] = await bot.press(asked.buttons[1][0].label)

    assert "until 12:00" in plain(reply.text)
    assert held(bot) == "dnd"


async def test_until_the_meeting_ends_without_and_with_one(bot: Bot) -> None:
    [none] = await bot.say("/dnd until the meeting ends")
    assert (none.said, held(bot)) == (("span.no_meeting",), None)
    now = bot.clock.now()
    bot.portal.add_meeting(
        host_id=BORIS.user_id,
        name="Planning",
        starts=now - timedelta(minutes=10),
        ends=now + timedelta(minutes=20),
        guests=[ANN.user_id],
    )

    [reply] = await bot.say("/dnd до конца встречи", language="en")

    assert "until 10:20" in plain(reply.text)


async def test_that_nobody_gets_to_see_it_is_said_once(bot: Bot) -> None:
    said = [(await bot.say(text))[0].said for text in ("/dnd 1h", "/away 1h", "/dnd 2h")]

    assert ["presence.not_shown" in one for one in said] == [True, False, False]


async def test_a_restore_that_fails_is_tried_again_for_an_hour_and_then_told(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    rule = FaultRule(fault=Fault.UNAVAILABLE_503, operation="im.user.status.set", times=10_000)
    bot.portal.faults.add(rule)

    told = await bot.wait(1.9 * HOUR)
    assert told == []
    assert bot.portal.hits > 20, "it was tried again and again"
    [told_then] = await bot.wait(0.5 * HOUR)

    assert told_then.said == ("news.stuck",)
    hits = bot.portal.hits
    assert await bot.wait(5 * HOUR) == []
    assert bot.portal.hits == hits


async def test_a_restore_that_fails_for_a_while_is_done_when_it_can_be(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    bot.portal.faults.add(
        FaultRule(fault=Fault.UNAVAILABLE_503, operation="im.user.status.set", times=30)
    )

    [told] = await bot.wait(2 * HOUR)

    assert (told.said, held(bot)) == (("news.ended",), "online")


async def test_somebody_whose_account_fails_keeps_up_nobody_else(bot: Bot) -> None:
    await bot.say("/dnd 1h", who=ANN)
    await bot.say("/dnd 1h", who=BORIS)
    bot.portal.faults.add(
        FaultRule(fault=Fault.UNAVAILABLE_503, who=str(ANN.user_id), times=10_000)
    )

    await bot.wait(HOUR + 1)

    assert bot.portal.presence_of(BORIS.user_id) == "online"
    assert held(bot) == "dnd"


async def test_news_wait_for_a_chat_system_that_fails_and_are_dropped_by_a_closed_one(
    bot: Bot,
) -> None:
    await bot.say("/dnd 1h")
    bot.chat.failures += [PlatformError("busy")]
    told = await bot.wait(HOUR + 300)
    assert [one.said for one in told] == [("news.ended",)]

    await bot.say("/dnd 1h")
    bot.chat.gone.add(str(ANN.user_id))
    assert await bot.wait(2 * HOUR) == []
    assert (await bot.presence_book.read(identity_of(ANN))).ledger.news == ()


async def test_undo_brings_back_what_was_held_before(bot: Bot) -> None:
    await bot.say("/dnd")
    await bot.say("/away 1h")
    [undone] = await bot.say("/undo")
    assert undone.said[:2] == ("undo.presence", "presence.dnd")
    assert held(bot) == "dnd"

    assert await bot.wait(3 * HOUR) == []
    assert held(bot) == "dnd"
    await bot.say("/online")
    await bot.say("/dnd 1h")
    await bot.wait(2 * HOUR)
    [late] = await bot.say("/undo")
    assert late.said[0] == "undo.presence_changed"


@pytest.mark.parametrize(
    ("text", "shows", "until"),
    [
        ("не беспокоить до 15:00", "dnd", "15:00"),
        ("do not disturb until 3pm", "dnd", "15:00"),
        ("отойду на час", "away", "11:00"),
        ("away for 2 hours", "away", "12:00"),
    ],
)
async def test_plain_words_do_as_well(bot: Bot, text: str, shows: str, until: str) -> None:
    [reply] = await bot.say(text)

    assert (held(bot), reply.said[0]) == (shows, "presence.until")
    assert f"{until} (UTC+1)" in plain(reply.text)

    [back] = await bot.say("я на месте")
    assert (held(bot), back.said) == ("online", ("presence.online",))


async def test_words_that_only_begin_so_change_nothing(bot: Bot) -> None:
    for text in ("do not disturb the neighbours", "away team", "не беспокоить соседей"):
        await bot.say(text)

    assert bot.portal.writes("im.user.status.set") == []


async def test_online_for_a_time_keeps_the_calendar_out_and_is_told_of_once(bot: Bot) -> None:
    [reply] = await bot.say("/online 2h")
    assert reply.said[0] == "presence.online_until"
    assert reply.buttons == ()

    assert await bot.wait(3 * HOUR) == []
    assert held(bot) == "online"


async def test_a_clock_that_is_set_back_ends_nothing_early(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    bot.clock.advance(-0.5 * HOUR)
    assert await bot.wait(1.4 * HOUR) == []
    assert held(bot) == "dnd"

    await bot.wait(0.2 * HOUR)
    assert held(bot) == "online"


async def test_a_bare_number_is_asked_about(bot: Bot) -> None:
    [asked] = await bot.say("/dnd 30")
    assert (asked.said, held(bot)) == (("span.number",), None)
    assert [button.label for row in asked.buttons for button in row] == ["30 min"]
    [reply] = await bot.press("30 min")
    assert "until 10:30" in plain(reply.text)

    [asked] = await bot.say("/dnd 2", who=BORIS, language="ru")
    assert [button.label for row in asked.buttons for button in row] == ["2 мин", "2 ч"]
    for number in ("0", "9" * 400, "²"):
        await bot.say(f"/dnd {number}")
    assert len(bot.portal.writes("im.user.status.set")) == 1
