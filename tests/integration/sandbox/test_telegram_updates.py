"""The Telegram emulator: what the bot gets to see, and the long poll that fetches it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import telegram

from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import Chat, TelegramEmulator, User, telegram_app
from tests.integration.sandbox.telegram_sandbox import ANN_ID, TOKEN, Running, running_telegram

BOT_ID = 700100


@pytest.fixture
async def it() -> AsyncIterator[Running]:
    async with running_telegram() as running:
        yield running


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def held_poll(it: Running, **params: Any) -> "asyncio.Task[tuple[int, dict[str, Any]]]":
    """A getUpdates call that has arrived and waits."""
    task = asyncio.create_task(it.call("getUpdates", timeout=50, **params))
    await it.tg.wait_for(lambda: it.tg.queue.is_awaited)
    return task


async def test_a_message_arrives_with_all_that_the_library_reads(it: Running) -> None:
    number = it.tg.says(it.boris, "😀 /accept 651 и /maybe@acme_rsvp_bot, @ann")
    [update] = await it.bot.get_updates()
    message = update.message
    assert message is not None
    assert message.message_id == number
    assert message.date == it.clock.now()
    assert message.chat.type == "private"
    assert message.from_user is not None
    assert (message.from_user.first_name, message.from_user.language_code) == ("Борис", "ru")
    assert message.parse_entities() == {
        message.entities[0]: "/accept",
        message.entities[1]: "/maybe@acme_rsvp_bot",
        message.entities[2]: "@ann",
    }
    # In UTF-16 the face counts two.
    assert message.entities[0].offset == 3


async def test_a_russian_word_behind_a_slash_is_no_command_to_telegram(it: Running) -> None:
    it.tg.says(it.ann, "/принять 651")
    [update] = await it.updates()
    assert "entities" not in update["message"]


async def test_an_offset_confirms_what_lies_below_it(it: Running) -> None:
    for text in ("one", "two", "three"):
        it.tg.says(it.ann, text)
    first = await it.updates(limit=2)
    assert texts(first) == ["one", "two"]
    assert texts(await it.updates()) == ["one", "two", "three"]
    assert texts(await it.updates(offset=first[-1]["update_id"] + 1)) == ["three"]
    assert texts(await it.updates()) == ["three"]
    numbers = [update["update_id"] for update in first]
    assert numbers[1] == numbers[0] + 1


async def test_a_negative_offset_keeps_the_newest(it: Running) -> None:
    for text in ("one", "two", "three"):
        it.tg.says(it.ann, text)
    assert texts(await it.updates(offset=-1)) == ["three"]
    assert texts(await it.updates()) == ["three"]


async def test_a_long_poll_ends_when_something_comes(it: Running) -> None:
    poll = await held_poll(it)
    it.tg.says(it.ann, "at last")
    status, answer = await poll
    assert status == 200
    assert texts(answer["result"]) == ["at last"]


async def test_a_short_poll_ends_empty(it: Running) -> None:
    assert await it.updates(timeout=0) == []


async def test_a_second_poller_sends_the_first_away(it: Running) -> None:
    first = await held_poll(it)
    second = asyncio.create_task(it.call("getUpdates", timeout=50))
    status, answer = await first
    assert status == 409
    assert answer["description"] == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    it.tg.says(it.ann, "for the second")
    status, answer = await second
    assert (status, texts(answer["result"])) == (200, ["for the second"])


async def test_a_poll_under_way_is_answered_when_the_server_stops() -> None:
    tg = TelegramEmulator(token=TOKEN)
    async with aiohttp.ClientSession() as http:
        async with SandboxServer(telegram_app(tg)) as server:
            url = f"{server.url}/bot{TOKEN}/getUpdates"
            poll = asyncio.create_task(http.post(url, json={"timeout": 50}))
            await tg.wait_for(lambda: tg.queue.is_awaited)
        async with await poll as response:
            assert await response.json() == {"ok": True, "result": []}


async def test_only_wanted_kinds_come_from_the_time_they_are_named(it: Running) -> None:
    it.tg.says(it.ann, "before")
    both = await it.bot.get_updates(allowed_updates=["callback_query"])
    assert len(both) == 1
    it.tg.says(it.ann, "after")
    assert len(await it.updates()) == 1
    info = await it.bot.get_webhook_info()
    assert info.allowed_updates == ("callback_query",)
    await it.updates(allowed_updates=[])
    it.tg.says(it.ann, "again")
    assert texts(await it.updates()) == ["before", "again"]


async def test_an_edit_is_told_as_an_edit(it: Running) -> None:
    number = it.tg.says(it.ann, "/accept 65")
    it.clock.advance(3)
    assert it.tg.says(it.ann, "/accept 651", edited=True) == number
    sent, edited = await it.bot.get_updates()
    assert sent.message is not None
    assert edited.edited_message is not None
    assert edited.edited_message.message_id == sent.message.message_id
    assert edited.edited_message.text == "/accept 651"
    assert edited.edited_message.edit_date == it.clock.now()


async def test_blocking_and_unblocking_are_told_in_the_private_chat(it: Running) -> None:
    it.tg.block(it.ann)
    it.tg.unblock(it.ann)
    changes = [update.my_chat_member for update in await it.bot.get_updates()]
    assert [
        (change.chat.id, change.new_chat_member.user.id, change.new_chat_member.status)
        for change in changes
        if change is not None
    ] == [(ANN_ID, BOT_ID, "kicked"), (ANN_ID, BOT_ID, "member")]
    it.tg.block(it.ann)
    with pytest.raises(ValueError, match="unblock"):
        it.tg.says(it.ann, "hello?")


async def test_channel_posts_and_people_behind_chats_have_no_person(it: Running) -> None:
    channel = it.tg.add_channel(-1009, "News")
    team = it.tg.add_group(-1001, "Team", [it.ann])
    it.tg.posts(channel, "/accept 651")
    it.tg.says_anonymously(team, "/accept@acme_rsvp_bot 651")
    it.tg.says_as_channel(channel, team, "/accept@acme_rsvp_bot 651")
    post, hidden, as_channel = await it.bot.get_updates()
    assert post.channel_post is not None
    assert post.channel_post.from_user is None
    assert hidden.message is not None
    assert hidden.message.from_user is not None
    assert hidden.message.from_user.id == 1087968824
    assert hidden.message.sender_chat == hidden.message.chat
    assert as_channel.message is not None
    assert as_channel.message.sender_chat is not None
    assert as_channel.message.sender_chat.id == -1009


async def test_malformed_updates_are_passed_on_and_confirmed(it: Running) -> None:
    first = it.tg.inject_raw({"message": {"text": 5}})
    it.tg.inject_raw([])
    it.tg.inject_raw({"update_id": "x"})
    assert await it.updates() == [
        {"update_id": first, "message": {"text": 5}},
        [],
        {"update_id": "x"},
    ]
    assert await it.updates(offset=first + 3) == []


@pytest.fixture
def other(it: Running) -> User:
    return it.tg.add_user(500, "Other", username="other_bot", is_bot=True)


@pytest.fixture
def team(it: Running, other: User) -> Chat:
    return it.tg.add_group(-1001, "Team", [it.ann, it.boris, other])


async def test_with_privacy_mode_a_group_shows_the_bot_only_what_is_meant_for_it(
    it: Running, team: Chat, other: User
) -> None:
    tg = it.tg
    tg.says(it.ann, "hidden: plain text", team)
    tg.says(it.ann, "/hidden as no bot has written yet", team)
    tg.says(it.ann, "hidden: @acme_rsvp_bot, hello", team)
    tg.says(it.ann, "/hidden@other_bot", team)
    named = tg.says(it.ann, "/shown@ACME_rsvp_bot by name", team)
    tg.says(it.boris, "shown: answers what was meant for the bot", team, reply_to=named)
    mine = (await it.bot.send_message(team.chat_id, "Hello")).message_id
    tg.says(it.ann, "/shown as our bot was the last", team)
    tg.says(it.ann, "shown: answers the bot", team, reply_to=mine)
    tg.says(other, "hidden: other bots", team)
    tg.says(it.ann, "/hidden as the other bot was the last", team)
    tg.says(other, "/shown@acme_rsvp_bot by a bot", team)
    tg.says(other, "shown: a bot answers ours", team, reply_to=mine)
    tg.joins(team, tg.add_user(9, "Hana"))
    *messages, joined = await it.updates()
    shown = texts(messages)
    assert len(shown) == 6
    assert all(text.startswith(("shown", "/shown")) for text in shown)
    assert joined["message"]["new_chat_members"][0]["id"] == 9


@pytest.mark.parametrize("reason", ["privacy off", "administrator"])
async def test_without_privacy_mode_people_are_read_but_not_other_bots(
    it: Running, team: Chat, other: User, reason: str
) -> None:
    if reason == "administrator":
        it.tg.set_status(team, it.tg.bot, "administrator")
        it.tg.queue.pending.clear()
    else:
        it.tg.reads_all = True
        assert (await it.bot.get_me()).can_read_all_group_messages
    it.tg.says(it.ann, "plain", team)
    it.tg.says(other, "beep", team)
    assert texts(await it.updates()) == ["plain"]


async def test_a_forum_tells_the_topic_and_what_opened_it(it: Running) -> None:
    forum = it.tg.add_group(-1002, "Forum", [it.ann], forum=True)
    topic = it.tg.add_topic(forum, "Meetings", it.ann)
    it.tg.says(it.ann, "/agenda@acme_rsvp_bot", forum, thread_id=topic)
    opened, asked = await it.bot.get_updates()
    assert opened.message is not None
    assert opened.message.forum_topic_created is not None
    assert asked.message is not None
    assert (asked.message.message_thread_id, asked.message.is_topic_message) == (topic, True)
    assert asked.message.reply_to_message is not None
    assert asked.message.reply_to_message.message_id == topic
    sent = await it.bot.send_message(-1002, "Here", message_thread_id=topic)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic, True)
    [kept] = it.tg.messages(-1002)
    assert (kept.thread_id, kept.reply_to) == (topic, None)
    for missing in (1, 99):
        refusal = await it.refused(
            "sendMessage", chat_id=-1002, text="x", message_thread_id=missing
        )
        assert refusal == (400, "Bad Request: message thread not found")


async def test_replies_in_a_supergroup_have_a_thread_that_is_no_topic(
    it: Running, team: Chat
) -> None:
    first = it.tg.says(it.ann, "/one@acme_rsvp_bot", team)
    second = it.tg.says(it.boris, "two", team, reply_to=first)
    it.tg.says(it.ann, "three", team, reply_to=second)
    updates = await it.bot.get_updates()
    threads = [
        (update.message.message_thread_id, update.message.is_topic_message)
        for update in updates
        if update.message is not None
    ]
    assert threads == [(None, None), (first, None), (first, None)]
    assert updates[2].message is not None
    assert updates[2].message.reply_to_message is not None
    assert updates[2].message.reply_to_message.message_id == second
    assert updates[2].message.reply_to_message.reply_to_message is None
    with pytest.raises(ValueError, match="no such topic"):
        it.tg.says(it.ann, "four", team, thread_id=first)
    sent = await it.bot.send_message(team.chat_id, "five", message_thread_id=first)
    assert sent.message_thread_id is None


async def test_message_numbers_of_a_supergroup_are_its_own(it: Running, team: Chat) -> None:
    in_group = await it.bot.send_message(team.chat_id, "x")
    in_private = await it.bot.send_message(ANN_ID, "y")
    assert in_group.message_id == in_private.message_id == 2
    assert [message.plain for message in it.tg.messages(team.chat_id)] == ["x"]


async def test_while_a_webhook_is_set_nobody_polls(it: Running) -> None:
    poll = await held_poll(it)
    await it.bot.set_webhook(f"{it.url}/nowhere")
    status, answer = await poll
    assert (status, answer["description"]) == (
        409,
        "Conflict: terminated by setWebhook request",
    )
    with pytest.raises(telegram.error.Conflict, match="while webhook is active"):
        await it.bot.get_updates()
    await it.bot.delete_webhook()
    assert await it.bot.get_updates() == ()


async def test_who_the_bot_is_and_which_doors_are_closed(it: Running) -> None:
    me = await it.bot.get_me()
    assert (me.id, me.username, me.can_read_all_group_messages) == (
        BOT_ID,
        "acme_rsvp_bot",
        False,
    )
    doors = {
        "/bot1:wrong/getMe": (401, "Unauthorized"),
        "/botwrong/getMe": (404, "Not Found"),
        f"/bot{TOKEN}/getMyPoint": (404, "Not Found: method not found"),
        "/elsewhere": (404, "Not Found"),
    }
    for path, (code, description) in doors.items():
        async with it.http.get(it.url + path) as response:
            assert response.status == code
            assert await response.json() == {
                "ok": False,
                "error_code": code,
                "description": description,
            }
    async with it.http.post(
        f"{it.url}/bot{TOKEN}/getMe", data=b"{", headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 400


async def test_a_shared_location_comes_without_text_and_a_venue_with_both(it: Running) -> None:
    it.tg.says_location(it.ann, 52.516275, 13.377704)
    it.tg.says_location(it.ann, 52.516275, 13.377704, venue="Acme")
    shared, venue = await it.bot.get_updates()

    assert shared.message is not None
    assert shared.message.text is None
    assert shared.message.location is not None
    assert shared.message.location.latitude == 52.516275
    assert venue.message is not None
    assert venue.message.venue is not None
    assert venue.message.venue.title == "Acme"
    assert venue.message.location == venue.message.venue.location


async def test_a_live_location_goes_on_as_edits_of_its_message(it: Running) -> None:
    it.tg.says_location(it.ann, 52.5, 13.4, live=True)
    it.tg.moves(it.ann, 52.6, 13.5)
    shared, moved = await it.bot.get_updates()

    assert shared.message is not None
    assert shared.message.location is not None
    assert shared.message.location.live_period is not None
    assert moved.edited_message is not None
    assert moved.edited_message.message_id == shared.message.message_id
    assert moved.edited_message.location is not None
    assert moved.edited_message.location.latitude == 52.6


async def test_a_location_shared_in_a_group_is_not_for_a_bot_in_privacy_mode(it: Running) -> None:
    team = it.tg.add_group(-1001, "Team", [it.ann])
    it.tg.says_location(it.ann, 52.5, 13.4, team)
    assert await it.updates() == []
    it.tg.reads_all = True
    it.tg.says_location(it.ann, 52.5, 13.4, team)
    assert len(await it.updates()) == 1


async def test_whoever_blocked_the_bot_shares_no_location_with_it(it: Running) -> None:
    it.tg.block(it.ann)
    with pytest.raises(ValueError, match="unblock"):
        it.tg.says_location(it.ann, 52.5, 13.4)
