"""Answers at Cronofy that a killed process left behind: read, watched, sent once more or never.

What a killed process leaves at Bitrix24, where a write settles soon, is in test_dispatch.py.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import pytest

from bot.domain.inbox import Delivery, Intent
from bot.domain.participation import Answer, Event, EventRef, ParticipationStatus
from bot.domain.providers import Provider
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, NEGOTIATION, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of

ACCEPTED: Final = ParticipationStatus.ACCEPTED
DECLINED: Final = ParticipationStatus.DECLINED
SAYS: Mapping[Answer, str] = {ACCEPTED: "accept", DECLINED: "decline"}


async def _left_behind(
    bot: Bot,
    uid: str,
    wanted: Answer,
    *,
    age: float = 0.0,
    attempts: int = 1,
    before: str = "needs_action",
    said: str = "",
) -> None:
    """An answer that an earlier process had begun: its write may or may not have been sent."""
    [event] = bot.cronofy.events[uid]
    message = bot.chat.message(identity_of(ANN), said or f"/{SAYS[wanted]} {uid}", age=age)
    [entry] = await bot.store.add([message])
    stored_at = bot.clock.now() - timedelta(seconds=age)
    await bot.store.record_intent(
        Intent(
            entry_id=entry.entry_id,
            provider=Provider.CRONOFY,
            subject=f"calendars-ann/{uid}",
            before=before,
            wanted=wanted,
            stored_at=stored_at,
            attempts=attempts,
            event=Event(
                ref=EventRef(
                    provider=Provider.CRONOFY,
                    event_id=uid,
                    calendar_id=event.calendar_id,
                    account_id="calendars-ann",
                ),
                title=event.summary,
                starts_at=stored_at,
                ends_at=stored_at,
                my_status=ParticipationStatus(before),
                decline_deletes=uid == NEGOTIATION,
            ),
        )
    )


async def _start(bot: Bot) -> Delivery:
    await bot.dispatcher.resume()
    await bot.dispatcher.drain()
    [(_, delivery)] = bot.chat.posted
    return delivery


async def _wait(bot: Bot, seconds: float) -> list[tuple[str, ...]]:
    """Let time pass as the runner would; what changed messages say now."""
    before = len(bot.chat.posted)
    end = bot.clock.monotonic() + seconds
    while bot.clock.monotonic() < end:
        bot.clock.advance(1)
        await bot.dispatcher.follow_ups.check_due()
        await bot.dispatcher.drain()
    return [delivery.reply.said for _, delivery in bot.chat.posted[before:]]


def _writes(bot: Bot) -> int:
    return bot.cronofy.hits["participation_status"]


def _first_write_arrived(bot: Bot, uid: str, status: str) -> None:
    [event] = bot.cronofy.events[uid]
    calendar_id = event.calendar_id
    bot.cronofy.promise(sub=ANN_ACCOUNT.sub, calendar_id=calendar_id, event_uid=uid, status=status)


async def test_a_write_that_shows_by_now_is_told_as_done(bot: Bot) -> None:
    await _left_behind(bot, QUARTERLY, ACCEPTED)
    _first_write_arrived(bot, QUARTERLY, "accepted")

    delivery = await _start(bot)

    assert delivery.reply.said[0] == "held.accepted"
    assert _writes(bot) == 0


async def test_a_write_that_does_not_show_is_sent_once_more_after_two_minutes(bot: Bot) -> None:
    await _left_behind(bot, QUARTERLY, ACCEPTED)

    delivery = await _start(bot)
    early = await _wait(bot, 115)
    written_early = _writes(bot)
    late = await _wait(bot, 60)

    assert delivery.reply.said == ("answer.pending", "event.line", "answer.watching")
    assert (early, written_early) == ([], 0)
    assert late == [("held.accepted", "event.line")]
    assert _writes(bot) == 1
    assert await bot.store.next_follow_up() is None


async def test_it_is_sent_once_more_and_not_twice(bot: Bot) -> None:
    bot.cronofy.faults.add(
        FaultRule(fault=Fault.NEVER_APPLIED, operation="participation_status", times=9)
    )
    await _left_behind(bot, QUARTERLY, ACCEPTED)

    await _start(bot)
    changed = await _wait(bot, 400)

    assert changed == [("held.needs_action", "event.line", "answer.asked_accepted")]
    assert _writes(bot) == 1


async def test_one_that_was_sent_twice_already_is_only_watched(bot: Bot) -> None:
    await _left_behind(bot, QUARTERLY, ACCEPTED, attempts=2)

    await _start(bot)
    changed = await _wait(bot, 400)

    assert changed == [("held.needs_action", "event.line", "answer.asked_accepted")]
    assert _writes(bot) == 0


async def test_a_decline_that_deletes_is_never_sent_again(bot: Bot) -> None:
    await _left_behind(bot, NEGOTIATION, DECLINED)

    delivery = await _start(bot)
    changed = await _wait(bot, 400)

    assert delivery.reply.said[0] == "answer.pending"
    assert changed == [("held.needs_action", "event.line", "answer.asked_declined")]
    assert _writes(bot) == 0


@pytest.mark.parametrize("age", [0.0, 5.0])
async def test_a_decline_that_deleted_the_event_is_told_as_done(bot: Bot, age: float) -> None:
    await _left_behind(bot, NEGOTIATION, DECLINED, age=age)
    _first_write_arrived(bot, NEGOTIATION, "declined")

    delivery = await _start(bot)

    assert delivery.reply.said[0] == "held.declined"
    assert "Vendor negotiation" in delivery.reply.text
    assert _writes(bot) == 0


async def test_an_event_that_is_gone_otherwise_is_told_as_gone(bot: Bot) -> None:
    await _left_behind(bot, NEGOTIATION, ACCEPTED)
    _first_write_arrived(bot, NEGOTIATION, "declined")

    delivery = await _start(bot)

    assert delivery.reply.said[0] == "event.not_found"


async def test_what_cannot_be_read_is_not_told_as_unchanged_and_is_looked_for(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=9))
    await _left_behind(bot, QUARTERLY, ACCEPTED)
    _first_write_arrived(bot, QUARTERLY, "accepted")

    delivery = await _start(bot)
    bot.cronofy.faults.clear()
    changed = await _wait(bot, 20)

    assert delivery.reply.said == ("answer.unknown", "event.line", "answer.watching")
    assert changed == [("held.accepted", "event.line")]
    assert _writes(bot) == 0


@pytest.mark.parametrize("said", ["/undo", f"/undo {QUARTERLY}"])
async def test_what_was_being_taken_back_and_cannot_be_read_is_not_told_as_unchanged(
    bot: Bot, said: str
) -> None:
    await bot.say(f"/accept {QUARTERLY}")
    await bot.say(f"/decline {QUARTERLY}")
    bot.chat.posted.clear()
    await _left_behind(bot, QUARTERLY, ACCEPTED, before="declined", said=said)
    _first_write_arrived(bot, QUARTERLY, "accepted")
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=9))

    delivery = await _start(bot)
    bot.cronofy.faults.clear()
    changed = await _wait(bot, 20)

    assert delivery.reply.said[0] == "answer.unknown"
    assert [words[0] for words in changed] == ["held.accepted"]
    assert _writes(bot) == 2


async def test_one_that_can_never_be_read_again_is_told_as_doubt(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))
    await _left_behind(bot, QUARTERLY, ACCEPTED)

    delivery = await _start(bot)
    changed = await _wait(bot, 200)

    assert delivery.reply.said[0] == "answer.unknown"
    assert changed == [("follow_up.not_seen", "event.line", "follow_up.check")]
    assert _writes(bot) == 0


async def test_a_later_answer_keeps_the_first_from_being_sent_again(bot: Bot) -> None:
    await _left_behind(bot, QUARTERLY, ACCEPTED)
    await _start(bot)

    [declined] = await bot.say(f"/decline {QUARTERLY}")
    changed = await _wait(bot, 400)

    assert declined.said[0] == "held.declined"
    assert changed == [("follow_up.superseded", "event.line")]
    assert _writes(bot) == 1
    assert bot.cronofy.status_of(QUARTERLY) == "declined"
