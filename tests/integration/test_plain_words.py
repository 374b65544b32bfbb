"""Plain words: an answer to the card or question that stands last, and never to anything else."""

import pytest

from bot.sandbox.bitrix24.seed import BUDGET, SPRINT_REVIEW
from bot.sandbox.company import ANN
from tests.fakes.bot import Bot, plain
from tests.integration.test_cards import labels, letter

GROUP = "-100200"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", "Y"),
        ("Yep!", "Y"),
        ("+1", "Y"),
        ("👍🏽", "Y"),
        ("да", "Y"),
        ("ага", "Y"),
        ("Буду", "Y"),
        ("ок", "Y"),
        ("no", "N"),
        ("Nope.", "N"),
        ("👎", "N"),
        ("нет", "N"),
        ("не смогу", "N"),
        ("не буду", "N"),
        ("yesterday", "Q"),
        ("нетто", "Q"),
        ("yes but late", "Q"),
        ("да?", "Q"),
    ],
)
async def test_a_bare_word_answers_the_card_that_stands_last(
    bot: Bot, text: str, expected: str
) -> None:
    await bot.say(f"/status {BUDGET}")

    await bot.say(text)

    assert letter(bot, BUDGET) == expected


async def test_maybe_is_pressed_like_any_button(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")

    [question] = await bot.say("может быть")

    assert question.said[0] == "confirm.maybe"


async def test_a_bare_word_answers_the_card_that_it_replies_to(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    card = bot.last_id
    await bot.say(f"/status {BUDGET}")
    bot.clock.advance(3600)

    [reply] = await bot.say("yes", reply_to=card)

    assert "Sprint review" in plain(reply.text)
    assert (letter(bot), letter(bot, BUDGET)) == ("Y", "Q")


async def test_after_a_press_the_card_is_still_what_stands_last(bot: Bot) -> None:
    await bot.say("/invites")
    await bot.press("4")
    await bot.press("Accept")

    [declined] = await bot.say("не смогу")

    assert declined.said[0] == "held.declined"
    assert letter(bot) == "N"


async def test_yes_and_no_answer_a_question(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/maybe {SPRINT_REVIEW}")
    [kept] = await bot.say("нет")
    assert kept.said[:2] == ("confirm.kept", "held.accepted")

    await bot.say(f"/maybe {SPRINT_REVIEW}")
    await bot.say("yes")
    assert letter(bot) == "Q"


async def test_what_is_asked_about_everything_that_is_kept_only_a_button_answers(bot: Bot) -> None:
    await bot.say("/forget")

    [reply] = await bot.say("yes")
    await bot.say("/forget")
    [kept] = await bot.say("no")

    assert reply.said[0] == "which.word"
    assert kept.said == ("forget.kept",)


async def test_a_place_answers_the_question_for_the_time_zone(bot: Bot) -> None:
    await bot.say("/tz")

    [done] = await bot.say("Москва")

    assert done.said[0] == "tz.done"
    assert "Europe/Moscow" in done.text


@pytest.mark.parametrize("said_before", ["/presence", "/invites", "/help", None])
async def test_a_bare_word_with_nothing_to_answer_shows_the_list_and_changes_nothing(
    bot: Bot, said_before: str | None
) -> None:
    await bot.say(f"/status {BUDGET}")
    if said_before is not None:
        await bot.say(said_before)
    else:
        bot.clock.advance(15 * 60 + 1)

    [reply] = await bot.say("yes")

    assert reply.said[:2] == ("which.word", "invites.title")
    assert letter(bot, BUDGET) == "Q"


async def test_a_bare_word_after_an_older_message_was_changed_is_not_sure_which(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    await bot.say(f"/status {BUDGET}")
    first, _ = bot.chat.posted[0]
    key = bot.chat.posted[0][1].keys[0]
    await bot.press_key(key, first)

    [reply] = await bot.say("no")

    assert reply.said[0] == "which.word"
    assert (letter(bot), letter(bot, BUDGET)) == ("Y", "Q")


@pytest.mark.parametrize(
    ("text", "event_id", "expected"),
    [
        ("accept 651", SPRINT_REVIEW, "Y"),
        ("приму 651", SPRINT_REVIEW, "Y"),
        ("Decline sprint review", SPRINT_REVIEW, "N"),
        ("откажусь от бюджета", BUDGET, "N"),
        ("не приму 651", SPRINT_REVIEW, "Q"),
        ("don't accept 651", SPRINT_REVIEW, "Q"),
        ("не отклоняй 651", SPRINT_REVIEW, "Q"),
    ],
)
async def test_a_verb_answers_the_event_that_it_names(
    bot: Bot, text: str, event_id: int, expected: str
) -> None:
    await bot.say(text)

    assert letter(bot, event_id) == expected


async def test_a_number_alone_opens_the_row_and_changes_nothing(bot: Bot) -> None:
    await bot.say("/invites")
    [card] = await bot.say("4")
    [nothing] = await bot.say("42")

    assert plain(card.text).startswith("▫️ Not answered: Sprint review")
    assert nothing.said != card.said
    assert letter(bot) == "Q"


@pytest.mark.parametrize("text", ["invites", "Приглашения", "help", "agenda завтра"])
async def test_the_name_of_a_list_alone_shows_it(bot: Bot, text: str) -> None:
    [reply] = await bot.say(text)

    assert reply.said[0] in {"invites.title", "help.title", "agenda.title"}


@pytest.mark.parametrize("text", ["yes", "да", "accept 651", "hello", "3"])
async def test_in_a_group_plain_words_meet_silence(bot: Bot, text: str) -> None:
    await bot.say(f"/status@acme_rsvp_bot {SPRINT_REVIEW}", group=GROUP)

    assert list(await bot.say(text, group=GROUP)) == []
    assert letter(bot) == "Q"


async def test_in_a_group_they_count_if_the_bot_is_addressed(bot: Bot) -> None:
    [reply] = await bot.say("@acme_rsvp_bot accept 651", group=GROUP)

    assert reply.said[0] == "held.accepted"
    assert letter(bot) == "Y"


@pytest.mark.parametrize("text", ["/ассерт 651", "/ACCEPT 651", "/принять 651"])
async def test_letters_that_look_alike_and_russian_names_are_understood(
    bot: Bot, text: str
) -> None:
    [reply] = await bot.say(text)

    assert reply.said[0] == "held.accepted"


@pytest.mark.parametrize("text", ["/acept 651", "/фссузе 651"])
async def test_an_unknown_command_offers_the_nearest_one_as_a_button(bot: Bot, text: str) -> None:
    [offer] = await bot.say(text)
    assert offer.said == ("unknown.suggest",)
    assert labels(offer) == ["/accept 651"]
    assert letter(bot) == "Q"

    await bot.press("/accept 651")

    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
