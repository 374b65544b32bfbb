"""A word, a number or a button means what it meant when it was written or made, and no more."""

from datetime import timedelta

import pytest

from bot.domain.chat import Reply
from bot.sandbox.bitrix24.seed import BUDGET, SPRINT_REVIEW, STAND_UP
from bot.sandbox.company import ANN, CARL
from bot.sandbox.cronofy.seed import CONTRACT, NEGOTIATION
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, plain
from tests.integration.test_cards import labels, letter

UNDO = "↩️ Undo"


def key_of(bot: Bot, label: str) -> tuple[str, str]:
    """The key of a button of the newest message that has it, and that message."""
    for message_id, delivery in reversed(bot.chat.posted):
        for key, button in zip(delivery.keys, delivery.reply.pressable, strict=True):
            if button.label == label:
                return key, message_id
    raise AssertionError(label)


def small_number(bot: Bot, number: int = 4) -> None:
    starts = bot.clock.now() + timedelta(days=7)
    bot.portal.add_meeting(
        event_id=number,
        host_id=CARL.user_id,
        guests=(ANN.user_id,),
        name="Fire drill",
        starts=starts,
        ends=starts + timedelta(hours=1),
    )


@pytest.mark.parametrize("text", ["буду", "приду", "I'll be there", "count me in", "accept"])
async def test_to_say_that_one_comes_is_no_yes_to_shall_i_decline(bot: Bot, text: str) -> None:
    await bot.say(f"/decline {NEGOTIATION}")

    [reply] = await bot.say(text)

    assert reply.said[0] == "which.word"
    assert bot.cronofy.status_of(NEGOTIATION) == "needs_action"


async def test_undo_pressed_twice_takes_back_once(bot: Bot) -> None:
    await bot.say(f"/decline {BUDGET}")
    key, message_id = key_of(bot, UNDO)

    await bot.press_key(key, message_id)
    [again] = await bot.press_key(key, message_id)

    assert again.said[0] == "undo.already"
    assert letter(bot, BUDGET) == "Q"


async def test_undo_below_an_earlier_answer_does_not_take_back_the_later_one(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    key, message_id = key_of(bot, UNDO)
    await bot.say(f"/decline {BUDGET}")

    [told] = await bot.press_key(key, message_id)

    assert told.said[:2] == ("undo.changed", "held.declined")
    assert letter(bot, BUDGET) == "N"


async def test_the_yes_to_undo_counts_once(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.press(UNDO)
    key, message_id = key_of(bot, "Take my answer back")

    await bot.press_key(key, message_id)
    await bot.press_key(key, message_id)

    assert letter(bot) == "Q"
    assert len(bot.portal.writes("calendar.meeting.status.set")) == 2


async def test_an_answer_that_changed_nothing_offers_no_undo(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    bot.portal.faults.add(
        FaultRule(fault=Fault.NEVER_APPLIED, operation="calendar.meeting.status.set")
    )

    [kept] = await bot.say(f"/decline {BUDGET}")

    assert kept.said[0] == "held.accepted"
    assert UNDO not in labels(kept)


async def test_a_line_that_was_late_means_the_row_that_it_meant(bot: Bot) -> None:
    await bot.say("/invites")
    message = bot.chat.message(identity_of(ANN), "/accept 4")
    bot.clock.advance(11 * 60)
    await bot.dispatcher.receive([message])
    await bot.dispatcher.drain()
    # By now the list is too old for a number that is typed.
    bot.clock.advance(11 * 60)

    [done] = await bot.press("Do it now: /accept 4")

    assert "Sprint review" in plain(done.text)
    assert letter(bot) == "Y"


async def test_a_line_that_was_late_and_named_nothing_is_no_card_that_is_gone(bot: Bot) -> None:
    await bot.say("/accept 99999", age=11 * 60)

    [reply] = await bot.press("Do it now: /accept 99999")

    assert reply.said == ("event.not_found",)


@pytest.mark.parametrize("text", ["/acept sprint review", "/acept 4", "/acept"])
async def test_a_line_that_was_mistyped_is_understood_like_any_other(bot: Bot, text: str) -> None:
    await bot.say("/invites")
    await bot.say(text)

    [reply] = await bot.press(text.replace("acept", "accept"))

    assert "Sprint review" in plain(reply.text)


async def _again(bot: Bot, text: str, *, after: float) -> Reply:
    """A process dies after it has written what a line meant; the next one takes it up."""
    message = bot.chat.message(identity_of(ANN), text)
    [entry] = await bot.store.add([message])
    settle = bot.store.settle

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    bot.store.settle = die  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        await bot.dispatcher._process(entry)
    bot.store.settle = settle  # type: ignore[method-assign]
    bot.clock.advance(after)
    before = len(bot.chat.posted)
    await bot.dispatcher.resume()
    await bot.dispatcher.drain()
    [(_, delivery)] = bot.chat.posted[before:]
    return delivery.reply


async def test_next_that_was_begun_before_a_kill_is_the_same_event_after_it(bot: Bot) -> None:
    reply = await _again(bot, "/decline next", after=30 * 3600)

    assert "Weekly stand-up" in plain(reply.text)
    assert letter(bot, STAND_UP) == "N"
    assert len(bot.portal.writes("calendar.meeting.status.set")) == 1
    assert len(bot.cronofy.journal) == 0


async def test_a_row_that_was_begun_before_a_kill_is_told_as_done_after_it(bot: Bot) -> None:
    await bot.say("/invites")

    reply = await _again(bot, "/accept 4", after=3600)

    assert plain(reply.text).startswith("✅ Accepted: Sprint review")
    [change] = await bot.store.changes_of(identity_of(ANN))
    assert (change.title, change.after) == ("Sprint review", "accepted")


async def test_a_bare_word_that_was_begun_before_a_kill_is_told_as_done_after_it(bot: Bot) -> None:
    await bot.say(f"/status {BUDGET}")

    reply = await _again(bot, "yes", after=3600)

    assert plain(reply.text).startswith("✅ Accepted: Обсуждение бюджета")


async def test_a_word_answers_nothing_that_came_after_it(bot: Bot) -> None:
    word = bot.chat.message(identity_of(ANN), "no")
    bot.clock.advance(20)
    await bot.say(f"/status {BUDGET}")

    await bot.dispatcher.receive([word])
    await bot.dispatcher.drain()

    assert bot.chat.posted[-1][1].reply.said[0] == "which.word"
    assert letter(bot, BUDGET) == "Q"


async def test_a_number_means_no_row_of_a_list_that_came_after_it(bot: Bot) -> None:
    small_number(bot)
    number = bot.chat.message(identity_of(ANN), "/accept 4")
    bot.clock.advance(20)
    await bot.say("/invites")

    await bot.dispatcher.receive([number])
    await bot.dispatcher.drain()

    assert (letter(bot, 4), letter(bot)) == ("Y", "Q")


async def test_after_the_bot_has_written_by_itself_a_bare_word_is_not_sure_what_is_meant(
    bot: Bot,
) -> None:
    await bot.say(f"/status {BUDGET}")
    bot.clock.advance(1)
    bot.dispatcher._services.memory.interrupt(identity_of(ANN), bot.clock.now())
    bot.clock.advance(1)

    [reply] = await bot.say("ok")

    assert reply.said[0] == "which.word"
    assert letter(bot, BUDGET) == "Q"


@pytest.mark.parametrize("words", ["quarterly planning", "qarterly planning"])
async def test_a_reply_that_may_name_another_event_is_asked_about(bot: Bot, words: str) -> None:
    await bot.say(f"/status {BUDGET}")
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))

    [question] = await bot.say(f"/decline {words}", reply_to=bot.last_id)

    assert question.said == ("which.close",)
    assert letter(bot, BUDGET) == "Q"


async def test_undo_in_reply_to_a_card_is_about_that_card(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    card = bot.last_id
    await bot.say(f"/accept {SPRINT_REVIEW}")

    [undone] = await bot.say("/undo", reply_to=card)
    [last] = await bot.say("/undo please")

    assert "Обсуждение бюджета" in plain(undone.text)
    assert (letter(bot, BUDGET), letter(bot)) == ("Q", "Y")
    assert last.said[0] in {"undo.already", "undo.ask"}


async def test_next_with_two_events_at_the_same_time_asks(bot: Bot) -> None:
    for name in ("Alpha", "Beta"):
        starts = bot.clock.now() + timedelta(hours=1)
        bot.portal.add_meeting(
            host_id=CARL.user_id,
            guests=(ANN.user_id,),
            name=name,
            starts=starts,
            ends=starts + timedelta(hours=1),
        )

    [question] = await bot.say("/decline next")

    assert question.said == ("which.title",)
    assert len(question.buttons) == 2


async def test_undo_of_what_is_not_confirmed_yet_says_so(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 60.0
    await bot.say(f"/decline {CONTRACT}")

    [told] = await bot.say("/undo")

    assert told.said[:2] == ("undo.pending", "held.accepted")


async def test_an_answer_on_its_way_is_not_taken_for_an_older_one(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 60.0
    await bot.say(f"/decline {CONTRACT}")

    [second] = await bot.say(f"/accept {CONTRACT}")
    for _ in range(40):
        bot.clock.advance(5)
        await bot.dispatcher.follow_ups.check_due()
        await bot.dispatcher.drain()
    await bot.say(f"/status {CONTRACT}")

    assert second.said[0] != "already.accepted"
    assert bot.cronofy.status_of(CONTRACT) == "accepted"


async def test_a_question_about_an_event_that_changed_since_is_asked_anew(bot: Bot) -> None:
    await bot.say(f"/decline {NEGOTIATION}")
    [event] = bot.cronofy.events[NEGOTIATION]
    event.summary = "Contract signing"

    [fresh] = await bot.press("Decline and remove")

    assert fresh.alert
    assert bot.cronofy.status_of(NEGOTIATION) == "needs_action"


async def test_the_same_event_named_twice_is_one(bot: Bot) -> None:
    await bot.say("/invites")

    [question] = await bot.say(f"/accept 4 {SPRINT_REVIEW}")

    assert question.said.count("several.row") == 1


async def test_one_event_at_a_time_is_taken_back(bot: Bot) -> None:
    [refused] = await bot.say(f"/undo {SPRINT_REVIEW} {BUDGET}")

    assert refused.said == ("undo.one",)
