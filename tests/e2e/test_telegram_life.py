"""`rsvp-bot run` with slow calendars, presses, topics, moving groups, and doubt cleared up."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, CARL
from bot.sandbox.cronofy.seed import QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.e2e.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

BY = pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
GROUP = -100500


@BY
async def test_an_answer_through_cronofy_is_told_as_the_calendar_holds_it(
    tmp_path: Path, webhook: bool
) -> None:
    async with world(tmp_path, webhook=webhook) as w:
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {QUARTERLY}")
        await w.heard("✅ Accepted: Quarterly planning")

    assert w.cronofy.status_of(QUARTERLY) == "accepted"
    assert len(w.cronofy.writes(QUARTERLY)) == 1


@BY
async def test_a_shared_location_sets_the_time_zone_in_private_and_means_nothing_in_a_group(
    tmp_path: Path, webhook: bool
) -> None:
    async with world(tmp_path, webhook=webhook) as w:
        await w.start()
        group = w.tg.add_group(GROUP, "Team", [w.user(ANN)])
        w.tg.reads_all = True
        w.tg.says_location(w.user(ANN), 35.6812, 139.7671, group)
        w.tg.says_location(w.user(ANN), 40.7128, -74.006, live=True)
        w.tg.moves(w.user(ANN), 51.5072, -0.1276)
        w.tg.says(w.user(ANN), f"/status {SPRINT_REVIEW}")
        [status] = await w.heard("Sprint review")
        zones = [message.plain for message in w.messages(ANN) if "Your time zone" in message.plain]
        await _all_closed(w)
        with closing(sqlite3.connect(w.database)) as database:
            kept = [row[0] for row in database.execute("SELECT message FROM inbox")]

    assert ["America/New_York" in zone for zone in zones] == [True]
    assert "(UTC−" in status.plain
    assert w.tg.messages(GROUP) == []
    assert any("/tz 40.71,-74.01" in message for message in kept)
    assert not any("40.7128" in message for message in kept)


async def test_a_pending_answer_survives_a_kill_and_its_message_is_edited_when_it_shows(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as w:
        w.cronofy.quirks.apply_delay = 3600
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {QUARTERLY}")
        [pending] = await w.heard("Sent, not yet confirmed")
        await _all_closed(w)
        await w.kill()
        w.cronofy.events[QUARTERLY][0].participation_status = "accepted"
        await w.start()
        [confirmed] = await w.heard("✅ Accepted: Quarterly planning")

    assert confirmed.message_id == pending.message_id
    assert len(w.cronofy.writes(QUARTERLY)) == 1


@pytest.mark.parametrize("in_group", [False, True], ids=["private", "group"])
async def test_a_press_is_answered_while_the_portal_still_thinks(
    tmp_path: Path, in_group: bool
) -> None:
    async with world(tmp_path, several=True) as w:
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("Accepted")
        w.tg.says(w.user(ANN), f"/maybe {SPRINT_REVIEW}")
        [question] = await w.heard("I can only take")
        button = question.find_button("Take my answer back")
        assert button is not None
        assert button.data is not None
        gate = w.portal.hold("calendar.meeting.status.set", who=str(ANN.user_id))
        if in_group:
            group = w.tg.add_group(GROUP, "Team", [w.user(ANN)])
            asked = w.tg.says(w.user(ANN), "/help@acme_rsvp_bot", group)
            await w.tg.wait_for(lambda: w.tg.messages(GROUP), timeout=20)
            query = w.tg.press(w.user(ANN), GROUP, asked + 1, button.data, forged=True)
        else:
            query = w.tg.press(w.user(ANN), ANN.user_id, question.message_id, button.label)
        await gate.reached.wait()
        await w.tg.wait_for(lambda: query in w.tg.callback_answers)
        early = [message.plain for message in w.messages() if "Not answered" in message.plain]
        gate.opened.set()
        await w.heard("Not answered: Sprint review")

    assert early == []


async def test_while_a_calendar_is_slow_the_bot_is_seen_to_be_at_work(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        gate = w.portal.hold("calendar.event.getbyid")
        await w.start()
        w.tg.says(w.user(ANN), f"/status {SPRINT_REVIEW}")
        await gate.reached.wait()
        [typing, *_] = await w.tg.wait_for(lambda: w.tg.called("sendChatAction"))
        gate.opened.set()
        await w.heard("Sprint review")
        quick = len(w.tg.called("sendChatAction"))

    assert typing.params["action"] == "typing"
    assert quick <= 2


async def test_in_a_forum_the_reply_is_posted_in_the_topic(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        forum = w.tg.add_group(GROUP, "Team", [w.user(ANN)], forum=True)
        topic = w.tg.add_topic(forum, "Meetings", w.user(ANN))
        asked = w.tg.says(w.user(ANN), "/help@acme_rsvp_bot", forum, thread_id=topic)
        [reply] = await w.tg.wait_for(lambda: w.tg.messages(GROUP), timeout=20)
        [call] = w.tg.called("sendMessage")

    assert (reply.thread_id, reply.reply_to) == (topic, asked)
    # Said outright too: the message that it answers may be deleted by then.
    assert call.params["message_thread_id"] == str(topic)


async def test_a_reply_follows_a_group_that_became_a_supergroup(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        group = w.tg.add_group(-500, "Team", [w.user(ANN)])
        w.tg.faults.add(FaultRule(fault=Fault.UNAVAILABLE_503, operation="sendMessage"))
        w.tg.says(w.user(ANN), "/help@acme_rsvp_bot", group)
        await w.tg.wait_for(lambda: w.tg.called("sendMessage"), timeout=20)
        moved = w.tg.migrate(group)
        [reply] = await w.tg.wait_for(lambda: w.tg.messages(moved.chat_id), timeout=20)

    assert "/accept" in reply.plain


async def test_a_result_behind_a_neutral_line_is_fetched_as_it_turned_out(tmp_path: Path) -> None:
    """Carl never wrote to the bot, so what became of his doubtful answer waits for him."""
    carl = str(CARL.user_id)
    async with world(tmp_path, several=True) as w:
        for rule in (
            FaultRule(fault=Fault.CUT_AFTER, operation="calendar.meeting.status.set", who=carl),
            FaultRule(
                fault=Fault.HTML_502,
                operation="calendar.meeting.status.get",
                who=carl,
                skip=1,
                times=3,
            ),
        ):
            w.portal.faults.add(rule)
        await w.start()
        group = w.tg.add_group(GROUP, "Team", [w.user(CARL)])
        w.tg.says(w.user(CARL), f"/accept@acme_rsvp_bot {SPRINT_REVIEW}", group)
        [line] = await w.tg.wait_for(lambda: w.tg.messages(GROUP), timeout=20)
        [[button]] = line.buttons
        assert button.url is not None
        await w.rows("SELECT count(*) FROM follow_ups", [(1,)])
        await w.rows("SELECT count(*) FROM follow_ups", [(0,)])
        w.tg.says(w.user(CARL), "/start " + button.url.partition("?start=")[2])
        await w.heard("Accepted: Sprint review", CARL)

    assert not [message for message in w.messages(CARL) if "not clear" in message.plain]
    assert len(w.portal.writes("calendar.meeting.status.set")) == 1


async def _all_closed(w: World) -> None:
    await w.rows("SELECT count(*) FROM inbox WHERE state <> 'closed'", [(0,)])
