"""Answers whose outcome was not known yet: looked for again, told when known, across restarts."""

from dataclasses import replace

import pytest
from markupsafe import Markup

from bot.domain.chat import Button, Reply
from bot.domain.inbox import Delivery, InboxEntry
from bot.errors import PlatformError
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import NEGOTIATION, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.claims import MemoryClaims


async def _look_again(bot: Bot, seconds: float) -> list[Delivery]:
    """Let time pass as the runner would, and say which messages were changed meanwhile."""
    before = len(bot.chat.posted)
    end = bot.clock.monotonic() + seconds
    while bot.clock.monotonic() < end:
        bot.clock.advance(1)
        await bot.dispatcher.follow_ups.check_due()
    return [delivery for _, delivery in bot.chat.posted[before:]]


async def test_a_pending_answer_is_confirmed_in_the_same_message_when_it_shows(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 20
    [reply] = await bot.say(f"/accept {QUARTERLY}")
    [(message_id, _)] = bot.chat.posted

    changed = await _look_again(bot, 60)

    assert reply.said == ("answer.pending", "event.line", "answer.watching")
    assert [delivery.edits for delivery in changed] == [message_id]
    assert changed[0].reply.said == ("held.accepted", "event.line")
    assert await bot.store.next_follow_up() is None


async def test_what_another_process_is_looking_at_is_left_to_it() -> None:
    table: dict[str, MemoryClaims] = {}
    async with running_bot(claims=MemoryClaims(table)) as bot:
        bot.cronofy.quirks.apply_delay = 20
        await bot.say(f"/accept {QUARTERLY}")
        async with MemoryClaims(table).attempt("follow-ups"):
            meanwhile = await _look_again(bot, 30)
        [afterwards] = await _look_again(bot, 1)

    assert meanwhile == []
    assert afterwards.reply.said[0] == "held.accepted"


async def test_an_answer_that_never_shows_is_told_to_be_none_after_two_minutes(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="participation_status"))
    await bot.say(f"/accept {QUARTERLY}")

    early = await _look_again(bot, 100)
    late = await _look_again(bot, 30)

    assert early == []
    assert [delivery.reply.said for delivery in late] == [
        ("held.needs_action", "event.line", "answer.asked_accepted")
    ]


async def test_a_calendar_that_cannot_be_read_for_two_minutes_leaves_it_open(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 3600
    await bot.say(f"/accept {QUARTERLY}")
    bot.cronofy.force_error(503, operation="events", times=1000)

    [changed] = await _look_again(bot, 130)

    assert changed.reply.said == ("follow_up.not_seen", "event.line", "follow_up.check")


async def test_a_later_answer_ends_the_earlier_one_whose_message_says_so(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="participation_status"))
    await bot.say(f"/accept {QUARTERLY}")
    [(first, _)] = bot.chat.posted
    [declined] = await bot.say(f"/decline {QUARTERLY}")

    [changed] = await _look_again(bot, 5)

    assert declined.said[0] == "held.declined"
    assert (changed.edits, changed.reply.said[0]) == (first, "follow_up.superseded")
    assert await bot.store.next_follow_up() is None


async def test_a_decline_that_deletes_counts_as_done_when_the_event_is_gone(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 20
    await bot.say(f"/decline {NEGOTIATION}")
    await bot.press("Decline and remove")

    [changed] = await _look_again(bot, 60)

    assert changed.reply.said[0] == "held.declined"


async def test_a_portal_answer_in_doubt_is_cleared_up_too(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.CUT_AFTER, operation="calendar.meeting.status.set"))
    bot.portal.faults.add(
        FaultRule(fault=Fault.HTML_502, operation="calendar.meeting.status.get", skip=1, times=3)
    )
    [reply] = await bot.say(f"/accept {SPRINT_REVIEW}")

    [changed] = await _look_again(bot, 20)

    assert reply.said[0] == "answer.unknown"
    assert changed.reply.said[0] == "held.accepted"
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert len(bot.portal.journal) == 1


@pytest.mark.parametrize(("gone", "tries"), [(True, 1), (False, 2)])
async def test_a_message_that_cannot_be_changed_is_tried_again_unless_it_has_no_reader(
    bot: Bot, gone: bool, tries: int
) -> None:
    bot.cronofy.quirks.apply_delay = 10
    await bot.say(f"/accept {QUARTERLY}")
    bot.chat.failures = [PlatformError("no", gone=gone)]

    changed = await _look_again(bot, 90)

    assert len(changed) == tries - 1
    assert await bot.store.next_follow_up() is None


async def _pending(bot: Bot) -> str:
    """An answer in doubt; the id of its message."""
    bot.cronofy.quirks.apply_delay = 20
    await bot.say(f"/accept {QUARTERLY}")
    [(message_id, _)] = bot.chat.posted
    return message_id


async def _take_over(bot: Bot, message_id: str) -> InboxEntry:
    """A later reply takes the place of a message, as when a button of a card is pressed."""
    ann = identity_of(ANN)
    message = bot.chat.message(ann, "/agenda")
    [entry] = await bot.store.add([message])
    later = Delivery(
        delivery_id=0,
        to=ann,
        conversation=message.conversation,
        reply=Reply(text=Markup("a list")),
        edits=message_id,
    )
    [kept] = await bot.store.settle(entry, [later], [])
    await bot.store.delivered(kept, await bot.chat.deliver(kept))
    await bot.store.close(entry)
    return entry


async def test_a_message_that_says_something_else_by_now_is_left_alone_and_the_news_come_below(
    bot: Bot,
) -> None:
    message_id = await _pending(bot)
    await _take_over(bot, message_id)

    [told] = await _look_again(bot, 60)

    assert told.edits is None
    assert told.reply.said[0] == "held.accepted"
    assert bot.chat.shown[message_id].reply.text == "a list"
    new_id, _ = bot.chat.posted[-1]
    found = await bot.store.said_as(told.conversation, new_id)
    assert found is not None
    assert found.delivery.reply.said == told.reply.said


async def test_of_an_answer_that_another_replaced_in_the_same_message_nothing_is_told(
    bot: Bot,
) -> None:
    message_id = await _pending(bot)
    await bot.say(f"/decline {QUARTERLY}")
    await _take_over(bot, message_id)

    changed = await _look_again(bot, 5)

    assert changed == []
    assert bot.chat.shown[message_id].reply.text == "a list"
    # The decline is looked for all the same, and told in a message of its own.
    [told] = await _look_again(bot, 60)
    assert told.reply.said[0] == "held.declined"
    assert told.edits not in {None, message_id}


async def test_the_news_stay_about_the_event_and_are_what_the_message_is_known_to_say(
    bot: Bot,
) -> None:
    bot.cronofy.quirks.apply_delay = 20
    button = Button(label="No", command_line=f"/decline {QUARTERLY}")
    ann = identity_of(ANN)
    [entry] = await bot.store.add([bot.chat.message(ann, f"/accept {QUARTERLY}")])
    await bot.say(f"/accept {QUARTERLY}")
    [(_, answered)] = bot.chat.posted
    assert answered.reply.watch is not None
    card = replace(
        answered.reply, buttons=((button,),), about=answered.reply.watch.event.ref, said=("card",)
    )
    delivery = replace(answered, delivery_id=0, reply=card, keys=("key-1",))
    [kept] = await bot.store.settle(entry, [delivery], [])
    message_id = await bot.chat.deliver(kept)
    await bot.store.delivered(kept, message_id)
    assert message_id is not None

    await _look_again(bot, 60)

    found = await bot.store.said_as(kept.conversation, message_id)
    assert found is not None
    assert found.delivery.reply.said[0] == "held.accepted"
    assert found.delivery.reply.about == card.about
    assert found.delivery.keys == ()
