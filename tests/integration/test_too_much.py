"""More than people can mean: one calm answer, the rest passed over; a busy group is no flood."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.app.vendors import Limits
from bot.dispatch.gate import GROUP_BURST, PERSON_BURST
from bot.domain.chat import IncomingMessage, Press
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, PEOPLE, Colleague
from bot.services.access import AllowList
from tests.fakes.bot import FAST, Bot, identity_of, plain, running_bot

TEAM = "-100500"
KEPT = Limits(bitrix24_rate=100_000, bitrix24_burst=100_000, cronofy_rate=100_000)
"""The defaults for people and groups."""


def lines(
    bot: Bot, count: int, text: str = "/presence", *, who: Colleague = ANN, group: str | None = None
) -> list[IncomingMessage]:
    return [bot.chat.message(identity_of(who), text, group=group) for _ in range(count)]


def pressed(
    bot: Bot, count: int, *, made_before: Sequence[datetime | None] = (None,)
) -> list[IncomingMessage]:
    """Ann presses the first button of what was posted last, at these times by turns."""
    card_id, delivery = bot.chat.posted[-1]
    press = Press(key=delivery.keys[0], card_id=card_id)
    return [
        bot.chat.message(
            identity_of(ANN),
            "",
            press=replace(press, made_before=made_before[number % len(made_before)]),
        )
        for number in range(count)
    ]


async def said(bot: Bot, messages: list[IncomingMessage]) -> list[str]:
    """What is said to all of that, in the order in which it was said."""
    before = len(bot.chat.posted)
    await bot.dispatcher.receive(messages)
    await bot.dispatcher.drain()
    return [delivery.reply.said[0] for _, delivery in bot.chat.posted[before:]]


async def open_entries(bot: Bot) -> int:
    return len(await bot.store.unfinished())


async def test_a_flood_gets_one_answer_and_the_rest_is_passed_over() -> None:
    async with running_bot(limits=KEPT) as bot:
        answers = await said(bot, lines(bot, 200))
        left = await open_entries(bot)

    assert answers.count("presence.none") == PERSON_BURST
    assert answers.count("too_much") == 1
    assert len(answers) == PERSON_BURST + 1
    assert left == 0


async def test_the_answer_says_what_was_not_done_and_when_it_goes_on() -> None:
    async with running_bot(limits=KEPT) as bot:
        told = {}
        for language, who in (("en", ANN), ("ru", BORIS)):
            flood = [
                bot.chat.message(identity_of(who), "/presence", language=language)
                for _ in range(PERSON_BURST + 1)
            ]
            await said(bot, flood)
            [told[language]] = [
                plain(delivery.reply.text)
                for _, delivery in bot.chat.posted
                if delivery.reply.said == ("too_much",) and delivery.to == identity_of(who)
            ]

    assert "I did not do this one" in told["en"]
    assert "again in 20 seconds" in told["en"]
    assert "не выполнил" in told["ru"]
    assert "через 20 секунд" in told["ru"]


async def test_it_is_told_at_once_not_behind_what_is_still_being_done() -> None:
    async with running_bot(limits=KEPT) as bot:
        answers = await said(bot, lines(bot, PERSON_BURST + 1, f"/status {SPRINT_REVIEW}"))

    assert answers.index("too_much") < 3


async def test_after_the_pause_it_goes_on() -> None:
    async with running_bot(limits=KEPT) as bot:
        await said(bot, lines(bot, 50, "/accept 651"))
        bot.clock.advance(20.1)
        answers = await said(bot, lines(bot, 1, "/dnd"))

    assert answers == ["presence.now_dnd"] or "dnd" in answers[0]
    assert bot.portal.presence_of(ANN.user_id) == "dnd"


async def test_nothing_that_was_passed_over_is_done_by_a_later_process() -> None:
    async with running_bot(limits=KEPT) as bot:
        await said(bot, lines(bot, PERSON_BURST + 1))
        await said(bot, lines(bot, 5, "/dnd"))
        await bot.dispatcher.resume()
        await bot.dispatcher.drain()

    assert bot.portal.presence_of(ANN.user_id) != "dnd"


async def test_others_are_served_meanwhile() -> None:
    async with running_bot(limits=KEPT) as bot:
        await said(bot, lines(bot, 100))
        answers = await said(bot, lines(bot, 1, who=BORIS))

    assert answers == ["presence.none"]


async def test_what_comes_twice_is_counted_once() -> None:
    async with running_bot(limits=KEPT) as bot:
        again = lines(bot, PERSON_BURST)
        for _ in range(5):
            await said(bot, again)
        answers = await said(bot, again[:1])

    assert answers == []
    assert "too_much" not in [d.reply.said[0] for _, d in bot.chat.posted]


async def test_a_stranger_who_floods_hears_of_nothing_but_their_id() -> None:
    async with running_bot(limits=KEPT, access=AllowList(owner=identity_of(ANN))) as bot:
        answers = await said(bot, lines(bot, 100, who=BORIS))

    assert set(answers) == {"access.not_allowed"}
    assert len(answers) == PERSON_BURST + 1


async def test_a_hammered_button_is_pressed_so_often_and_then_says_that_it_did_nothing() -> None:
    async with running_bot(limits=KEPT) as bot:
        await bot.say(f"/status {SPRINT_REVIEW}")
        hits = bot.portal.hits
        answers = await said(bot, pressed(bot, 100))
        hits = bot.portal.hits - hits

    assert answers.count("too_much") == 1
    assert len(answers) <= PERSON_BURST + 1
    assert hits <= 2 * PERSON_BURST
    # Every press ends, so that no client spins; the last ones with a word, not with "noted".
    assert len(bot.chat.answered) == 100
    assert bot.chat.toasts == ["Too much at once: this was not done."] * (100 - PERSON_BURST)


async def test_a_whole_team_may_press_at_once() -> None:
    async with running_bot(limits=KEPT) as bot:
        await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group=TEAM)
        card_id, delivery = bot.chat.posted[-1]
        key = delivery.keys[0]
        presses = [
            bot.chat.message(
                identity_of(who), "", press=Press(key=key, card_id=card_id), group=TEAM
            )
            for _ in range(PERSON_BURST - 1)
            for who in PEOPLE
        ]
        answers = await said(bot, presses)

    assert len(presses) > GROUP_BURST
    assert "too_much" not in answers
    assert "too_much.in_group" not in answers
    assert len(bot.chat.answered) == len(presses)
    assert not any("Too much" in toast for toast in bot.chat.toasts)


async def test_a_group_that_floods_is_told_once_where_all_see_it() -> None:
    async with running_bot(limits=KEPT) as bot:
        flood = [
            message
            for _ in range(PERSON_BURST - 1)
            for who in PEOPLE
            for message in lines(bot, 1, who=who, group=TEAM)
        ]
        answers = await said(bot, flood)
        public = [text for text in bot.in_group(TEAM) if "too many" in text]
        elsewhere = await said(bot, lines(bot, 1, group="-100600", who=PEOPLE[-1]))

    assert len(flood) > GROUP_BURST
    assert answers.count("presence.none") == GROUP_BURST
    assert answers.count("too_much.in_group") == len(public) == 1
    assert elsewhere == ["presence.none"]


async def test_a_group_that_was_not_admitted_hears_nothing() -> None:
    async with running_bot(limits=KEPT, access=AllowList(owner=identity_of(ANN))) as bot:
        flood = [
            message
            for _ in range(PERSON_BURST)
            for who in PEOPLE
            if who is not ANN
            for message in lines(bot, 1, who=who, group=TEAM)
        ]
        assert await said(bot, flood) == []


@pytest.mark.parametrize("text", ["good morning", "/start@another_bot", "see you"])
async def test_the_talk_of_a_group_is_not_counted(text: str) -> None:
    async with running_bot(limits=KEPT) as bot:
        answers = await said(bot, lines(bot, 3 * PERSON_BURST, text, group=TEAM))
        command = await said(bot, lines(bot, 1, group=TEAM))

    assert answers == []
    assert command == ["presence.none"]


async def test_the_rates_can_be_raised_until_they_do_not_matter() -> None:
    async with running_bot(limits=FAST) as bot:
        answers = await said(bot, lines(bot, 300))

    assert answers == ["presence.none"] * 300


def waiting(bot: Bot, messages: Sequence[IncomingMessage]) -> list[IncomingMessage]:
    """As if one had come every other second, until now."""
    now = bot.clock.now()
    return [
        replace(message, sent_at=now - timedelta(seconds=2 * (len(messages) - place)))
        for place, message in enumerate(messages)
    ]


async def test_what_people_wrote_while_nobody_listened_is_no_flood() -> None:
    async with running_bot(limits=KEPT) as bot:
        answers = await said(bot, waiting(bot, lines(bot, 3 * PERSON_BURST)))
        flood = await said(bot, lines(bot, 2 * PERSON_BURST))

    assert answers == ["presence.none"] * (3 * PERSON_BURST)
    assert flood.count("too_much") == 1
    assert flood.count("presence.none") <= PERSON_BURST


async def test_what_a_group_wrote_while_nobody_listened_is_no_flood() -> None:
    async with running_bot(limits=KEPT) as bot:
        talk = [
            message
            for number in range(GROUP_BURST + 50)
            for message in lines(bot, 1, who=PEOPLE[number % len(PEOPLE)], group=TEAM)
        ]
        answers = await said(bot, waiting(bot, talk))

    assert answers == ["presence.none"] * (GROUP_BURST + 50)


async def test_what_people_pressed_while_nobody_listened_is_no_flood() -> None:
    async with running_bot(limits=KEPT) as bot:
        await bot.say(f"/status {SPRINT_REVIEW}")
        size = 3 * PERSON_BURST
        bot.clock.advance(600)
        ago = [bot.clock.now() - timedelta(seconds=2 * (size - number)) for number in range(size)]
        answers = await said(bot, pressed(bot, size, made_before=ago))

    assert "too_much" not in answers
    assert len(bot.chat.answered) == size
    assert not any("Too much" in toast for toast in bot.chat.toasts)


async def test_a_press_that_nobody_can_date_is_not_refused_for_what_was_written_long_ago() -> None:
    async with running_bot(limits=KEPT) as bot:
        await bot.say(f"/status {SPRINT_REVIEW}")
        bot.clock.advance(600)
        waited = [*waiting(bot, lines(bot, 3 * PERSON_BURST))[: 2 * PERSON_BURST], *pressed(bot, 5)]
        answers = await said(bot, waited)

    assert "too_much" not in answers
    assert len(answers) == len(waited)


async def test_presses_that_nobody_can_date_do_not_count_by_a_clock_that_is_ahead() -> None:
    async with running_bot(limits=KEPT) as bot:
        await bot.say(f"/status {SPRINT_REVIEW}")
        told_by_telegram = bot.clock.now()
        bot.clock.advance(3600)
        await said(bot, pressed(bot, PERSON_BURST))
        waited = [
            replace(message, sent_at=told_by_telegram + timedelta(seconds=2 * number))
            for number, message in enumerate(lines(bot, PERSON_BURST), start=1)
        ]
        answers = await said(bot, waited)

    assert answers == ["presence.none"] * PERSON_BURST


async def test_a_clock_that_was_ahead_makes_nobody_wait() -> None:
    """What was written by the wrong clock seems to come later than all that is written now."""
    async with running_bot(limits=KEPT) as bot:
        ahead = bot.clock.now() + timedelta(hours=1)
        early = [replace(message, sent_at=ahead) for message in lines(bot, PERSON_BURST)]
        await said(bot, early)
        bot.clock.advance(2 * PERSON_BURST)
        answers = await said(bot, lines(bot, PERSON_BURST // 2))

    assert answers == ["presence.none"] * (PERSON_BURST // 2)
