"""`rsvp-bot run` as a separate process between the emulators, by polling and by webhook."""

import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, CARL, PEOPLE
from tests.e2e.world import TOKEN, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

BY = pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])


@BY
async def test_a_message_changes_the_calendar_and_the_reply_says_what_it_holds(
    tmp_path: Path, webhook: bool
) -> None:
    async with world(tmp_path, webhook=webhook) as w:
        await w.start()
        asked = w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        [reply] = await w.heard("✅ Accepted: Sprint review")
        w.tg.says(w.user(ANN), "/dnd")
        await w.heard("Do not disturb is on")
        code = await w.stop()

    assert reply.reply_to == asked
    assert w.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert w.portal.presence_of(ANN.user_id) == "dnd"
    assert code == 0
    assert {language for _, language in w.tg.commands} == {"", "ru"}


@pytest.mark.parametrize("secret", [{}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}])
async def test_only_telegram_may_post_updates(tmp_path: Path, secret: dict[str, str]) -> None:
    async with world(tmp_path, webhook=True) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("No presence has been set")
        forged = {
            "update_id": 999,
            "message": {
                "message_id": 999,
                "date": 1772442000,
                "chat": {"id": ANN.user_id, "type": "private"},
                "from": {"id": ANN.user_id, "is_bot": False, "first_name": "Ann"},
                "text": "/dnd",
            },
        }
        async with aiohttp.ClientSession() as session:
            url = w.environment["PUBLIC_URL"] + "/telegram"
            async with session.post(url, json=forged, headers=secret) as response:
                status = response.status
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("No presence has been set", count=2)

    assert status == 401
    assert w.portal.presence == {}


async def test_buttons_edit_the_question_in_place_and_are_answered(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("Accepted")
        w.tg.says(w.user(ANN), f"/maybe {SPRINT_REVIEW}")
        [question] = await w.heard("Bitrix24 has no “maybe”. I can only")
        query = w.tg.press(w.user(ANN), ANN.user_id, question.message_id, "Take my answer back")
        [edited] = await w.heard("Not answered: Sprint review")
        await w.tg.wait_for(lambda: query in w.tg.callback_answers)

    assert edited.message_id == question.message_id
    assert edited.labels[:3] == ["Accept", "Maybe", "Decline"]
    assert w.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Q"


async def test_strangers_are_told_their_id_and_silence_reigns_in_groups(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        w.tg.says(w.user(BORIS), "/dnd")
        [reply] = await w.heard(f"telegram:{BORIS.user_id}", BORIS)
        group = w.tg.add_group(-100500, "Team", [w.user(ANN), w.user(BORIS)])
        w.tg.says(w.user(BORIS), "/dnd@acme_rsvp_bot", group)
        w.tg.says(w.user(ANN), "/dnd@acme_rsvp_bot", group)
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("Do not disturb", count=2)

    assert "Мы ещё не знакомы" in reply.plain
    assert w.tg.messages(-100500) == []
    assert w.portal.presence == {ANN.user_id: "dnd"}


@BY
async def test_a_flood_of_commands_gets_one_calm_answer_and_nobody_else_notices(
    tmp_path: Path, webhook: bool
) -> None:
    async with world(tmp_path, several=True, webhook=webhook, PERSON_RATE="30") as w:
        await w.start()
        for _ in range(60):
            w.tg.says(w.user(CARL), "/presence")
        w.tg.says(w.user(CARL), f"/accept {SPRINT_REVIEW}")
        w.tg.says(w.user(ANN), "/dnd")
        await w.heard("Do not disturb is on")
        [told] = await w.heard("too much at once", CARL)
        await w.heard("No presence has been set", CARL, count=20)
        await w.rows("SELECT count(*) FROM inbox WHERE state != 'closed'", [(0,)])
        code = await w.stop()

    assert code == 0
    # Half a burst would come back within the 20 seconds for which it says so.
    assert "again in 20 seconds" in told.plain
    assert len(w.messages(CARL)) == 21
    assert w.portal.status_of(SPRINT_REVIEW, CARL.user_id) != "Y"


async def test_a_result_from_a_group_goes_to_the_sender_alone_or_leaves_a_neutral_line(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, several=True) as w:
        await w.start()
        group = w.tg.add_group(-100500, "Team", [w.user(ANN), w.user(CARL)])
        w.tg.says(w.user(ANN), "/start")
        await w.heard("Hello")
        w.tg.says(w.user(ANN), f"/accept@acme_rsvp_bot {SPRINT_REVIEW}", group)
        await w.heard("Accepted: Sprint review")
        # Carl never wrote to the bot, so it may not write to him.
        w.tg.says(w.user(CARL), f"/accept@acme_rsvp_bot {SPRINT_REVIEW}", group)
        [line] = await w.tg.wait_for(lambda: w.tg.messages(-100500))
        [[button]] = line.buttons
        assert button.url is not None
        key = button.url.partition("?start=")[2]
        w.tg.says(w.user(ANN), f"/start {key}")
        await w.heard("Hello", count=2)
        w.tg.says(w.user(CARL), f"/start {key}")
        await w.heard("Accepted: Sprint review", CARL)

    assert w.portal.status_of(SPRINT_REVIEW, CARL.user_id) == "Y"
    assert "Sprint" not in line.plain
    assert len([message for message in w.messages(ANN) if "Accepted" in message.plain]) == 1


async def test_what_is_no_command_meets_silence_and_an_anonymous_admin_gets_a_word(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as w:
        await w.start()
        ann = w.user(ANN)
        group = w.tg.add_group(-100500, "Team", [ann])
        w.tg.set_status(group, ann, "administrator")
        w.tg.says(ann, "/nothing")
        await w.heard("There is no command")
        w.tg.says(ann, f"/accept {SPRINT_REVIEW}", edited=True)
        w.tg.says_anonymously(group, f"/accept@acme_rsvp_bot {SPRINT_REVIEW}")
        [line] = await w.tg.wait_for(lambda: w.tg.messages(-100500))
        w.tg.says(ann, f"/status {SPRINT_REVIEW}")
        [status] = await w.heard("Sprint review")

    assert "cannot tell who wrote this" in line.plain
    assert status.plain.startswith("▫️ Not answered")


async def test_a_malformed_update_spoils_nothing_but_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.tg.says(w.user(ANN), "/presence")
        malformed: list[dict[str, object]] = [
            {"message": 5},
            {"message": {"text": "/dnd", "chat": {}}},
            {"something_new": {}},
        ]
        for update in malformed:
            w.tg.inject_raw(update)
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.start()
        await w.heard("Accepted")

    assert "cannot be read" in w.logged()


async def test_a_blocked_person_is_given_up_and_holds_up_nobody(tmp_path: Path) -> None:
    async with world(tmp_path, several=True) as w:
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        w.tg.block(w.user(ANN))
        w.tg.says(w.user(CARL), f"/accept {SPRINT_REVIEW}")
        await w.start()
        await w.heard("Accepted", CARL)
        await w.tg.wait_for(lambda: w.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y")
        code = await w.stop()

    assert code == 0
    assert w.messages(ANN) == []


async def test_a_poison_message_is_closed_with_an_apology_that_leads_to_the_log(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, several=True, POISON=str(ANN.user_id)) as w:
        w.tg.says(w.user(ANN), "/dnd")
        w.tg.says(w.user(CARL), "/dnd")
        await w.start()
        await w.heard("Do not disturb", CARL)
        [apology] = await w.heard("Something broke on my side")
        await w.stop()
        logged = w.logged()
        await w.start()
        w.tg.says(w.user(CARL), "/presence")
        await w.heard("Do not disturb", CARL, count=2)

    reference = apology.plain.rpartition(" ")[2]
    assert logged.count(f"ERROR {reference} ") == 3
    assert len(w.messages(ANN)) == 1


async def test_an_inbox_row_that_cannot_be_read_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/dnd")
        await w.heard("Do not disturb")
        await w.stop()
        with closing(sqlite3.connect(w.database)) as database, database:
            database.execute("UPDATE inbox SET state = 'received', message = '{broken'")
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("Do not disturb", count=2)

    assert "cannot be read and is closed" in w.logged()


async def test_while_the_store_cannot_write_nothing_is_taken_or_begun_and_then_all_is_done(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, several=True) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/start")
        await w.heard("Hello")
        gate = w.portal.hold("calendar.event.getbyid", who=str(ANN.user_id))
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await gate.reached.wait()
        with closing(sqlite3.connect(w.database, isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            gate.opened.set()
            w.tg.says(w.user(CARL), f"/accept {SPRINT_REVIEW}")
            await w.heard("your command waits")
            untouched = list(w.portal.journal)
            another.execute("ROLLBACK")
        await w.heard("Accepted: Sprint review", ANN)
        await w.heard("Accepted: Sprint review", CARL)
        await w.stop()

    assert untouched == []
    assert len(w.portal.writes("calendar.meeting.status.set")) == 2
    assert (
        len([message for message in w.messages(ANN) if "your command waits" in message.plain]) == 1
    )


@pytest.mark.parametrize("where", ["polling", "webhook", "group"])
async def test_one_persons_slow_portal_delays_nobody(tmp_path: Path, where: str) -> None:
    async with world(tmp_path, webhook=where == "webhook", several=True) as w:
        gate = w.portal.hold("calendar.event.getbyid", who=str(ANN.user_id))
        others = [person for person in PEOPLE if person is not ANN]
        group = w.tg.add_group(-100500, "Team", [w.user(person) for person in PEOPLE])
        for person in PEOPLE:
            w.tg.says(w.user(person), "/start")
        await w.start()
        for person in PEOPLE:
            await w.heard("/invites", person)
        chat = group if where == "group" else None
        mention = "@acme_rsvp_bot" if where == "group" else ""
        w.tg.says(w.user(ANN), f"/status{mention} {SPRINT_REVIEW}", chat)
        await gate.reached.wait()
        for person in others:
            w.tg.says(w.user(person), f"/status{mention} {SPRINT_REVIEW}", chat)
        for person in others:
            await w.heard("Sprint review", person)
        unanswered = [message for message in w.messages(ANN) if "Sprint review" in message.plain]
        gate.opened.set()
        await w.heard("Sprint review", ANN)

    assert unanswered == []


async def test_no_secret_is_in_the_log_even_at_debug(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("Accepted")
        await w.stop()

    logged = w.logged()
    assert "command=accept" in logged
    assert TOKEN not in logged
    assert ANN.webhook_code not in logged


async def test_only_one_bot_runs_on_a_database(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("presence")
        first = w.process
        await w.start()
        second = w.process
        assert second is not None
        code = await second.wait()
        w.process = first

    assert code == 2
    assert "DATABASE_URL: another rsvp-bot runs on this database" in w.logged()


async def test_a_missing_token_is_named(tmp_path: Path) -> None:
    async with world(tmp_path, TELEGRAM_TOKEN="", BITRIX24_RATE="fast") as w:
        await w.start()
        assert w.process is not None
        code = await w.process.wait()

    assert code == 2
    assert "TELEGRAM_TOKEN: is required" in w.logged()
    assert "BITRIX24_RATE: " in w.logged()
    assert "fast" not in w.logged()
