"""Cards of groups while a portal, the chat system or the bot itself is in trouble."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app.vendors import Limits
from bot.dispatch.card_sweep import GIVE_UP_AFTER, TRY_AGAIN
from bot.domain.chat import Conversation, ConversationKind, Platform, Reply, Visibility
from bot.domain.group_cards import EDIT_EVERY
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.ports import Priority
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW, STAND_UP
from bot.sandbox.company import ANN, BORIS, CARL, GLEB, MARIA, Colleague
from bot.sandbox.faults import Fault, FaultRule
from bot.texts import M
from bot.transport.limits import LeakyBucket
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import FakeClock

TEAM = "-100500"
LATER = "-100999000"
GET, SET = "calendar.meeting.status.get", "calendar.meeting.status.set"
EVERYBODY = (ANN, BORIS, CARL, MARIA, GLEB)
COMMAND_DEADLINE = 25.0


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """Gleb is not invited to the sprint review."""
    async with running_bot(linked=EVERYBODY) as running:
        _gather(running)
        yield running


def _gather(bot: Bot) -> None:
    for group in (TEAM, LATER):
        bot.chat.members[group] = {identity_of(who) for who in EVERYBODY}


async def _post(bot: Bot, event: int = SPRINT_REVIEW, who: Colleague = BORIS) -> Reply:
    [reply] = await bot.say(f"/card {event}", who=who, group=TEAM)
    assert reply.card is not None
    return reply


def _answers(bot: Bot, who: Colleague, letter: str) -> None:
    """Somebody answers in the portal itself."""
    row = bot.portal.row_of(SPRINT_REVIEW, who.user_id)
    assert row is not None
    row.status = letter


async def _sweep(bot: Bot, seconds: int, every: float = 1.0) -> None:
    """Let time pass as the loop of the cards would."""
    for _ in range(int(seconds / every)):
        await bot.card_sweep.check_due()
        bot.clock.advance(every)


def _group(chat_id: str) -> Conversation:
    return Conversation(platform=Platform.TELEGRAM, chat_id=chat_id, kind=ConversationKind.GROUP)


# a portal that cannot be read


async def test_a_series_whose_next_date_nobody_sees_is_not_read_all_the_time(bot: Bot) -> None:
    await _post(bot, STAND_UP, who=GLEB)
    days = [bot.clock.now().date() + timedelta(days=day) for day in range(-1, 400)]
    for row in bot.portal.rows.values():
        if row.parent_id == STAND_UP:
            row.exdates = tuple(days)
    looks = 0

    for _ in range(60):
        looks += bool(await bot.cards.due_cards(10))
        await _sweep(bot, 1)

    assert looks <= 2


async def test_a_card_that_cannot_be_read_is_given_up_some_time_after_its_event(bot: Bot) -> None:
    await _post(bot)
    bot.portal.force_error("INTERNAL_SERVER_ERROR", 500, operation="batch", times=100_000)
    await bot.press("🔄 Refresh", who=ANN)
    days = timedelta(days=4) + GIVE_UP_AFTER

    await _sweep(bot, int(days.total_seconds()), every=3600)

    assert await bot.cards.next_card() is None
    assert "🔕 This card is closed." in bot.in_group(TEAM)[0]


async def test_of_a_trouble_that_was_over_the_next_one_knows_nothing(bot: Bot) -> None:
    await _post(bot)
    said = []
    for letter in ("Y", "N"):
        _answers(bot, ANN, letter)
        # One look tries three times.
        bot.portal.force_error("INTERNAL_SERVER_ERROR", 500, operation="batch", times=3)
        await bot.press("🔄 Refresh", who=ANN)
        for _ in range(30):
            await _sweep(bot, 1)
            said.append(bot.in_group(TEAM)[0])

    assert not any("⚠️" in text for text in said)
    assert "❌ Not coming (1): Ann Hill" in said[-1]


async def test_a_card_whose_posters_key_was_deleted_says_that_it_is_updated_no_longer(
    bot: Bot,
) -> None:
    await _post(bot)
    bot.portal.users[BORIS.user_id].code = ""

    await bot.press("🔄 Refresh", who=ANN)
    await bot.card_sweep.settle()

    assert "⚠️ This card is not updated any more" in bot.in_group(TEAM)[0]
    assert await bot.cards.next_card() is None


async def test_a_card_that_is_closed_while_it_is_read_stays_closed(bot: Bot) -> None:
    await _post(bot)
    _answers(bot, ANN, "Y")
    await bot.press("🔄 Refresh", who=ANN)
    bot.clock.advance(EDIT_EVERY.total_seconds())
    gate = bot.portal.hold("calendar.event.getbyid")
    reading = asyncio.create_task(bot.card_sweep.check_due())
    await gate.reached.wait()

    [reply] = await bot.say("/card 651 off", who=BORIS, group=TEAM)
    gate.opened.set()
    await reading
    await bot.card_sweep.settle()

    assert reply.said == (M.CARD_OFF_DONE,)
    assert "🔕 This card is closed." in bot.in_group(TEAM)[0]
    assert await bot.cards.next_card() is None


async def test_an_answer_that_is_given_while_a_card_is_made_is_shown_by_it(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who takes part was read by then.
    gate = bot.portal.hold("im.user.list.get")
    asked = bot.chat.message(identity_of(BORIS), "/card 651", group=TEAM)
    await bot.dispatcher.receive([asked])
    await gate.reached.wait()

    deliver, told = bot.chat.deliver, asyncio.Event()

    async def noticed(delivery: Delivery) -> str | None:
        told.set()
        return await deliver(delivery)

    monkeypatch.setattr(bot.chat, "deliver", noticed)
    await bot.dispatcher.receive([bot.chat.message(identity_of(ANN), "/accept 651")])
    await told.wait()
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    gate.opened.set()
    await bot.dispatcher.drain()
    await bot.card_sweep.settle()

    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


# a chat system that refuses


async def test_a_card_that_cannot_be_changed_is_tried_more_and_more_rarely(bot: Bot) -> None:
    await _post(bot)
    await bot.press("Accept", who=ANN)
    bot.chat.failures += [PlatformError("NetworkError")] * 1000

    await _sweep(bot, 600)

    # At once, and each pause is longer than the one before.
    assert 2 <= 1000 - len(bot.chat.failures) <= len(TRY_AGAIN) + 1


async def test_a_card_waits_as_long_as_the_chat_system_wants(bot: Bot) -> None:
    await _post(bot)
    await bot.press("Accept", who=ANN)
    bot.chat.failures = [PlatformError("too many requests", retry_after=50.0)]

    await _sweep(bot, 50)
    early = bot.in_group(TEAM)[0]
    await _sweep(bot, 10)

    assert "✅" not in early
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


async def test_a_group_that_moves_while_its_card_is_changed_keeps_the_card(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _post(bot)
    await bot.press("Accept", who=ANN)
    deliver, moves = bot.chat.deliver, iter([True])

    async def moving(delivery: Delivery) -> str | None:
        if next(moves, False):
            await bot.groups.moved(_group(TEAM), _group(LATER))
            raise PlatformError("forbidden", gone=True)
        return await deliver(delivery)

    monkeypatch.setattr(bot.chat, "deliver", moving)
    await bot.card_sweep.settle()

    [text] = bot.in_group(LATER)
    assert "✅ Coming (1): Ann Hill" in text


async def test_a_card_that_is_on_its_way_while_its_group_moves_is_posted_once(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver, moves = bot.chat.deliver, iter([True])

    async def moving(delivery: Delivery) -> str | None:
        """What comes back because the group has moved is sent to its new id."""
        if delivery.reply.card is not None and next(moves, False):
            await bot.groups.moved(_group(TEAM), _group(LATER))
            await bot.card_sweep.check_due()
            return await deliver(replace(delivery, conversation=_group(LATER)))
        return await deliver(delivery)

    monkeypatch.setattr(bot.chat, "deliver", moving)
    await bot.say("/card 651", who=BORIS, group=TEAM)
    await bot.card_sweep.settle()

    assert len(bot.in_group(LATER)) == 1


# answers in doubt


async def test_a_tap_that_finds_its_answer_given_brings_the_card_up_to_date(bot: Bot) -> None:
    await _post(bot)
    await bot.card_sweep.settle()
    _answers(bot, ANN, "Y")

    assert await bot.press("Accept", who=ANN) == []
    await bot.card_sweep.settle()

    assert bot.chat.toasts == ["✅ Already accepted: Sprint review"]
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]
    assert bot.portal.writes(SET) == []


def _lose_an_answer(bot: Bot, sent: Fault) -> None:
    """The next answer is sent into the void, and for a while nobody can look what came of it."""
    bot.portal.faults.add(FaultRule(fault=sent, operation=SET))
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation=GET, skip=1, times=3))


async def _look_again(bot: Bot, seconds: int) -> Sequence[Delivery]:
    """Let time pass as the loop of the follow-ups would; what was said anew."""
    before = len(bot.chat.posted)
    for _ in range(seconds):
        bot.clock.advance(1)
        await bot.dispatcher.follow_ups.check_due()
    return [delivery for _, delivery in bot.chat.posted[before:]]


async def test_a_tap_in_doubt_is_told_in_private_and_followed_up(bot: Bot) -> None:
    await _post(bot)
    _lose_an_answer(bot, Fault.CUT_AFTER)

    [reply] = await bot.press("Accept", who=ANN)
    message_id = bot.last_id
    [news] = await _look_again(bot, 20)

    assert reply.said[0] == M.ANSWER_UNKNOWN
    assert reply.visibility is Visibility.SENDER_ONLY
    assert bot.chat.toasts == []
    assert news.edits == message_id
    assert news.reply.said[0] == "held.accepted"
    assert not bot.chat.shown[message_id].conversation.is_group


async def test_a_card_follows_when_it_is_found_out_what_came_of_a_tap(bot: Bot) -> None:
    await _post(bot)
    _lose_an_answer(bot, Fault.CUT_BEFORE)
    await bot.press("Accept", who=ANN)
    await bot.card_sweep.settle()
    assert "✅" not in bot.in_group(TEAM)[0]

    # It was only late.
    _answers(bot, ANN, "Y")
    [news] = await _look_again(bot, 20)
    await bot.card_sweep.settle()

    assert news.reply.said[0] == "held.accepted"
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


# crowds


async def test_presses_of_many_keep_nobodys_command_from_the_portal() -> None:
    clock = FakeClock()
    bucket = LeakyBucket(2, 50, clock)
    presses = [
        asyncio.create_task(bucket.acquire(priority=Priority.PRESS, deadline=3600.0))
        for _ in range(200)
    ]
    await asyncio.sleep(0)
    assert bucket.wait_time(Priority.PRESS) > COMMAND_DEADLINE

    await bucket.acquire(priority=Priority.COMMAND, deadline=COMMAND_DEADLINE)

    assert clock.monotonic() < 2
    await asyncio.gather(*presses)


async def test_a_press_gives_way_to_commands(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    acquire = LeakyBucket.acquire

    async def noted(self: LeakyBucket, *, priority: int = 0, deadline: float | None = None) -> None:
        asked.append(priority)
        await acquire(self, priority=priority, deadline=deadline)

    monkeypatch.setattr(LeakyBucket, "acquire", noted)
    await bot.say("/card 651", who=BORIS, group=TEAM)
    of_command = set(asked)
    asked.clear()
    await bot.press("Accept", who=ANN)

    assert of_command == {Priority.COMMAND}
    assert set(asked) == {Priority.PRESS}


async def test_a_press_waits_longer_for_its_turn_than_a_command_would() -> None:
    limits = Limits(bitrix24_rate=0.05, bitrix24_burst=2)
    async with running_bot(
        linked=EVERYBODY, limits=limits, command_deadline=COMMAND_DEADLINE
    ) as bot:
        _gather(bot)
        await _post(bot)
        began = bot.clock.monotonic()

        assert await bot.press("Accept", who=ANN) == []

        assert bot.clock.monotonic() - began > COMMAND_DEADLINE
        assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
        assert bot.chat.toasts == ["✅ Accepted: Sprint review"]
