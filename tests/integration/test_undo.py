"""Undo: what was before, verified, or said beforehand that it cannot be."""

from bot.sandbox.bitrix24.seed import BUDGET, SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import CONTRACT, NEGOTIATION, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, plain
from tests.integration.test_cards import labels, letter

UNDO = "↩️ Undo"


async def test_the_last_answer_is_taken_back_by_its_button_and_that_is_verified(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.press("Decline")

    [undone] = await bot.press(UNDO)

    assert undone.said[:2] == ("undo.done", "held.accepted")
    assert letter(bot) == "Y"
    assert labels(undone)[:3] == ["✓ Accept", "Maybe", "Decline"]
    assert UNDO not in labels(undone)


async def test_taking_the_first_answer_back_asks_if_the_organizer_would_be_told(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")

    [question] = await bot.press(UNDO)
    assert question.said[0] == "undo.ask"
    assert letter(bot) == "Y"

    [undone] = await bot.press("Take my answer back")
    assert undone.said[:2] == ("undo.done", "held.needs_action")
    assert letter(bot) == "Q"


async def test_where_nobody_is_told_it_is_done_at_once(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")

    [undone] = await bot.press(UNDO)

    assert undone.said[:2] == ("undo.done", "held.needs_action")
    assert letter(bot, BUDGET) == "Q"


async def test_the_button_works_for_two_minutes_and_then_says_so_and_leaves_the_card(
    bot: Bot,
) -> None:
    await bot.say(f"/decline {BUDGET}")
    card_id = bot.last_id
    bot.clock.advance(121)

    [late] = await bot.press(UNDO)

    assert late.said[:2] == ("undo.expired", "held.declined")
    assert letter(bot, BUDGET) == "N"
    assert labels(bot.chat.shown[card_id].reply)[:4] == [
        *("Accept", "Maybe", "✓ Decline"),
        "Open in Bitrix24",
    ]
    [undone] = await bot.say("/undo")
    assert undone.said[0] == "undo.done"


async def test_what_was_taken_back_is_not_brought_back_by_an_impatient_second_time(
    bot: Bot,
) -> None:
    await bot.say(f"/accept {BUDGET}")
    await bot.say(f"/decline {BUDGET}")
    await bot.say("/undo")
    written = len(bot.portal.journal)

    [by_command] = await bot.say("/undo")
    [by_word] = await bot.say("отмена")

    assert by_command.said[:2] == by_word.said[:2] == ("undo.already", "held.accepted")
    assert letter(bot, BUDGET) == "Y"
    assert len(bot.portal.journal) == written


async def test_what_was_changed_elsewhere_since_is_left_alone(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    await bot.say(f"/decline {BUDGET}")
    row = bot.portal.row_of(BUDGET, ANN.user_id)
    assert row is not None
    row.status = "Q"
    before = len(bot.portal.journal)

    [left] = await bot.say("/undo")

    assert left.said[:2] == ("undo.changed", "held.needs_action")
    assert len(bot.portal.journal) == before


async def test_cronofy_cannot_go_back_to_no_answer_so_no_undo_is_offered(bot: Bot) -> None:
    [accepted] = await bot.say(f"/accept {QUARTERLY}")
    assert UNDO not in labels(accepted)

    [told] = await bot.say("/undo")

    assert told.said[:2] == ("undo.impossible", "held.accepted")
    assert labels(told) == ["✓ Accept", "Maybe", "Decline"]
    assert bot.cronofy.status_of(QUARTERLY) == "accepted"


async def test_cronofy_goes_back_to_an_earlier_answer(bot: Bot) -> None:
    [declined] = await bot.say(f"/decline {CONTRACT}")
    assert UNDO in labels(declined)

    [undone] = await bot.press(UNDO)

    assert undone.said[:2] == ("undo.done", "held.accepted")
    assert bot.cronofy.status_of(CONTRACT) == "accepted"


async def test_a_decline_that_removes_the_event_said_so_before_and_offers_no_undo(bot: Bot) -> None:
    [question] = await bot.say(f"/decline {NEGOTIATION}")
    assert question.said[0] == "confirm.decline_deletes"
    [declined] = await bot.press("Decline and remove")
    assert UNDO not in labels(declined)

    [told] = await bot.say("/undo")

    assert told.said == ("undo.gone",)
    assert "Vendor negotiation" in told.text
    assert declined.said[-1] == "answer.removed"
    assert declined.buttons == ()


async def test_a_presence_is_taken_back_too_if_it_is_still_ours(bot: Bot) -> None:
    await bot.say("/online")
    await bot.say("/dnd")
    [undone] = await bot.say("/undo")
    assert undone.said[:2] == ("undo.presence", "presence.online")
    assert bot.portal.presence_of(ANN.user_id) == "online"

    await bot.say("/away")
    bot.portal.presence[ANN.user_id] = "dnd"
    [left] = await bot.say("/undo")
    assert left.said[:2] == ("undo.presence_changed", "presence.dnd")
    assert bot.portal.presence_of(ANN.user_id) == "dnd"


async def test_undo_of_an_event_that_was_not_answered_says_so_and_shows_it(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")

    [told] = await bot.say(f"/undo {SPRINT_REVIEW}")

    assert told.said[:2] == ("undo.nothing_there", "held.needs_action")
    assert letter(bot, BUDGET) == "Y"


async def test_what_was_so_before_is_no_change_to_take_back(bot: Bot) -> None:
    await bot.say("/dnd")
    await bot.say(f"/accept {BUDGET}")
    [already] = await bot.say("/dnd")
    [undone] = await bot.say("/undo")

    assert "presence.already" in already.said
    assert "Обсуждение бюджета" in undone.text


async def test_an_answer_that_the_portal_did_not_keep_is_no_change_to_take_back(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    bot.portal.faults.add(
        FaultRule(fault=Fault.NEVER_APPLIED, operation="calendar.meeting.status.set")
    )
    [kept] = await bot.say(f"/decline {SPRINT_REVIEW}")

    [undone] = await bot.say("/undo")

    assert kept.said[0] == "held.needs_action"
    assert "Обсуждение бюджета" in undone.text


async def test_nothing_changed_is_nothing_to_take_back(bot: Bot) -> None:
    [nothing] = await bot.say("/undo")
    assert nothing.said == ("undo.nothing",)

    await bot.say(f"/accept {BUDGET}")
    bot.clock.advance(86400 + 1)
    [too_old] = await bot.say("/undo")
    assert too_old.said == ("undo.nothing",)
    assert letter(bot, BUDGET) == "Y"


async def test_undo_of_a_named_event_takes_back_the_answer_to_that_one(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    await bot.say(f"/accept {SPRINT_REVIEW}")

    [undone] = await bot.say("/undo обсуждение бюджета")

    assert "Обсуждение бюджета" in plain(undone.text)
    assert (letter(bot, BUDGET), letter(bot)) == ("Q", "Y")
