"""/undo of presences: what comes back keeps its end, and what is over does not come back."""

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from tests.fakes.bot import Bot, plain
from tests.integration.test_auto import HOUR, MINUTE, held, meet, writes


async def test_what_online_ended_comes_back_with_its_end(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    await bot.say("/dnd 1h")
    await bot.say("/online")
    [undone] = await bot.say("/undo")
    assert undone.said[:2] == ("undo.presence", "presence.until")
    assert "until 11:00 (UTC+1), then away" in plain(undone.text)

    await bot.wait(2 * HOUR)
    assert held(bot) == "away"


async def test_what_another_replaced_comes_back_with_its_end(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    await bot.say("/away 30m")
    await bot.say("/undo")
    assert held(bot) == "dnd"

    await bot.wait(2 * HOUR)
    assert held(bot) == "online"


async def test_another_end_is_taken_back_too(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    [longer] = await bot.say("/dnd 3h")
    assert "presence.already" not in longer.said
    [undone] = await bot.say("/undo")
    assert "until 11:00" in plain(undone.text)

    await bot.wait(1.5 * HOUR)
    assert (held(bot), writes(bot)) == ("online", ["dnd", "online"])


async def test_where_the_portal_had_none_online_comes_back(bot: Bot) -> None:
    await bot.say("/dnd 1h")

    [undone] = await bot.say("/undo")

    assert (undone.said[0], held(bot)) == ("undo.presence", "online")


async def test_a_meeting_that_was_skipped_counts_again(bot: Bot) -> None:
    meet(bot, 10, 60)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    await bot.say("/presence")
    await bot.press("Not for this meeting")
    assert held(bot) == "online"
    await bot.say("/undo")
    assert held(bot) == "dnd"

    await bot.wait(2 * HOUR)
    assert held(bot) == "online"


async def test_a_plan_is_taken_back_and_the_presence_is_not_touched(bot: Bot) -> None:
    await bot.say("/online")
    await bot.say(f"/dnd during {SPRINT_REVIEW}")
    bot.portal.presence[ANN.user_id] = "away"

    [undone] = await bot.say("/undo")

    assert undone.said[0] == "undo.presence"
    await bot.wait(7 * 24 * HOUR)
    assert (held(bot), writes(bot)) == ("away", ["online"])


async def test_what_has_ended_by_itself_is_not_taken_back(bot: Bot) -> None:
    await bot.say("/dnd 10m")
    meet(bot, 5, 60)
    await bot.say("/auto on")
    await bot.wait(40 * MINUTE)
    [left] = await bot.say("/undo")

    assert left.said[0] == "undo.presence_changed"
    assert held(bot) == "dnd"


async def test_over_a_meeting_that_has_ended_since_what_was_before_it_comes_back(
    bot: Bot,
) -> None:
    meet(bot, 10, 60)
    await bot.say("/auto away")
    await bot.wait(15 * MINUTE)
    await bot.say("/dnd")
    await bot.wait(2 * HOUR)
    await bot.say("/undo")

    assert held(bot) == "online"


@pytest.mark.parametrize("first", ["/dnd 1h", "/online", "/dnd"])
async def test_twice_is_not_once_more(bot: Bot, first: str) -> None:
    await bot.say("/away")
    await bot.say(first)
    await bot.say("/undo")
    shown = held(bot)

    [again] = await bot.say("/undo")

    assert again.said[0] == "undo.already"
    assert held(bot) == shown == "away"
