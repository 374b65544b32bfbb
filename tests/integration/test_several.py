"""Several events in one command: listed first, asked once, at most ten."""

from bot.sandbox.bitrix24.seed import BUDGET, DESIGN_CRITIQUE, SPRINT_REVIEW
from bot.sandbox.cronofy.seed import NEGOTIATION, QUARTERLY
from tests.fakes.bot import Bot, plain
from tests.integration.test_cards import labels, letter


async def test_they_are_listed_and_nothing_is_done_before_the_yes(bot: Bot) -> None:
    [question] = await bot.say(f"/accept {SPRINT_REVIEW} {BUDGET}")

    assert question.said == ("several.accept", "several.row", "several.row", "confirm.unchanged")
    assert plain(question.text).startswith("Accept these 2 events?\n• Sprint review, Thu 5 Mar")
    assert labels(question) == ["Yes, all 2", "Leave it"]
    assert bot.portal.writes("calendar.meeting.status.set") == []

    done = await bot.press("Yes, all 2")

    assert [reply.said[0] for reply in done] == ["held.accepted", "held.accepted"]
    # The first takes the question's place, and the second does not take the first one's.
    (asked, _), (first, _), (second, _) = bot.chat.posted
    assert asked == first != second
    assert (letter(bot), letter(bot, BUDGET)) == ("Y", "Y")


async def test_the_answer_no_leaves_all_as_it_was(bot: Bot) -> None:
    await bot.say(f"/decline {SPRINT_REVIEW}, {BUDGET}")
    [kept] = await bot.press("Leave it")

    assert kept.said == ("several.kept",)
    assert (letter(bot), letter(bot, BUDGET)) == ("Q", "Q")


async def test_rows_of_the_list_can_be_named_together(bot: Bot) -> None:
    await bot.say("/invites")
    [question] = await bot.say("/accept 4 5")

    assert plain(question.text).count("•") == 2
    await bot.say("да")
    assert (letter(bot), letter(bot, BUDGET)) == ("Y", "Y")


async def test_what_cannot_be_seen_or_answered_is_named_and_left_out(bot: Bot) -> None:
    [question] = await bot.say(f"/accept {SPRINT_REVIEW} {DESIGN_CRITIQUE} 99999")

    assert question.said[:4] == (
        "several.accept",
        "several.row",
        "several.row_not_answerable",
        "several.row_missing",
    )
    [done] = await bot.press("Yes")
    assert done.said[0] == "held.accepted"


async def test_what_cannot_be_taken_back_is_said_beforehand(bot: Bot) -> None:
    [declining] = await bot.say(f"/decline {NEGOTIATION} {QUARTERLY}")
    [nothing_to_lose] = await bot.say(f"/maybe {SPRINT_REVIEW} {QUARTERLY}")
    await bot.say(f"/accept {SPRINT_REVIEW}")
    [maybe] = await bot.say(f"/maybe {SPRINT_REVIEW} {QUARTERLY}")

    assert declining.said.count("several.row_deletes") == 1
    assert "several.row_maybe" not in nothing_to_lose.said
    assert maybe.said.count("several.row_maybe") == 1
    done = await bot.press("Yes, all 2")
    assert [reply.said[0] for reply in done] == ["held.needs_action", "held.tentative"]


async def test_more_than_ten_are_refused(bot: Bot) -> None:
    [refused] = await bot.say("/accept " + " ".join(str(number) for number in range(700, 711)))

    assert refused.said == ("usage.too_many_events",)


async def test_looking_at_several_asks_nothing(bot: Bot) -> None:
    cards = await bot.say(f"/status {SPRINT_REVIEW} {BUDGET}")

    assert [card.said[0] for card in cards] == ["held.needs_action", "held.needs_action"]
