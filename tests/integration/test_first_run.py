"""/start: from nothing to a linked calendar in three taps, and never twice."""

from collections.abc import AsyncIterator, Sequence

import pytest

from bot.domain.chat import Reply
from bot.domain.inbox import Person
from bot.sandbox.company import ANN, BORIS
from tests.fakes.bot import Bot, identity_of, plain, running_bot
from tests.fakes.browser import Browser
from tests.integration.sign_in_office import button_url, sign_in_office


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """Nobody has linked anything."""
    async with running_bot(linked=()) as running:
        yield running


async def known(bot: Bot) -> Person:
    person = await bot.store.find_person(identity_of(ANN))
    assert person is not None
    return person


def labels(reply: Reply) -> Sequence[str]:
    return [button.label for row in reply.buttons for button in row]


async def test_three_taps_lead_to_a_linked_account_and_each_step_takes_the_place_of_the_last() -> (
    None
):
    async with sign_in_office() as office, Browser() as browser:
        bot = office.bot
        (hello,) = await bot.say("/start")
        assert hello.said == ("start.hello", "start.your_id", "lang.which")
        assert labels(hello) == ["English", "Русский"]
        (where,) = await bot.press("Русский")
        assert plain(where.text).startswith("✅ Язык: русский\n")
        assert labels(where)[-2:] == ["Другой…", "English"]
        (link,) = await bot.press("Europe/Moscow · 12:00")
        assert plain(link.text).startswith(
            "✅ Язык: русский\n✅ Часовой пояс: Europe/Moscow, сейчас там 12:00\n"
        )
        offer = await browser.open(button_url(link, "Bitrix24"))
        question = await office.consent(
            browser, await browser.send(offer), "Bitrix24", str(ANN.user_id)
        )
        await browser.send(question, answer="yes")

        [message_id] = bot.chat.shown
        done = bot.chat.shown[message_id].reply
        assert done.said == ("link.done", "link.rights", "link.next", "tz.told", "tz.take_command")
        (short,) = await bot.say("/start")
        assert short.said == ("start.hello", "start.try", "start.more", "start.your_id")
        assert "/invites" in short.text
        assert short.buttons == ()


async def test_the_operators_zone_is_among_the_six_that_are_offered(bot: Bot) -> None:
    await bot.say("/start")
    (where,) = await bot.press("Русский")

    zones = [label.partition(" · ")[0] for label in labels(where)[:-2]]
    assert {"Europe/Berlin", "Europe/Moscow", "Asia/Yekaterinburg"} <= set(zones)
    assert len(zones) == 6


async def test_typing_the_steps_is_the_same_path(bot: Bot) -> None:
    (link,) = await bot.say("/start ru Europe/Moscow")

    assert link.said[:3] == ("start.language", "start.zone", "start.link")
    person = await known(bot)
    assert (person.language, person.timezone, person.chosen) == ("ru", "Europe/Moscow", True)


async def test_a_language_pressed_by_mistake_is_taken_back_before_the_zone_is_chosen(
    bot: Bot,
) -> None:
    await bot.say("/start")
    await bot.press("Русский")

    (where,) = await bot.press("English")

    assert where.said == ("start.language", "start.which_zone")
    assert (await known(bot)).language == "en"


async def test_a_zone_that_is_not_offered_is_sent_and_the_first_run_goes_on(bot: Bot) -> None:
    await bot.say("/start")
    await bot.press("English")
    (another,) = await bot.press("Another one…")
    assert another.said == ("tz.now", "tz.how", "tz.location")

    (link,) = await bot.say("/tz 35.68,139.69")

    assert link.said[:2] == ("tz.done", "start.link")
    assert (await known(bot)).timezone == "Asia/Tokyo"


async def test_whoever_has_chosen_but_linked_nothing_is_led_to_the_last_step(bot: Bot) -> None:
    await bot.say("/start en Europe/London")

    (reply,) = await bot.say("/start")

    assert reply.said[:4] == ("start.hello", "start.language", "start.zone", "start.link")


async def test_a_step_pressed_again_later_changes_nothing_and_says_so(bot: Bot) -> None:
    await bot.say("/start")
    await bot.press("English")
    (question_id,) = bot.chat.shown
    old = bot.chat.shown[question_id]
    await bot.press("Europe/London · 09:00")
    after = await known(bot)
    await bot.say("/tz Tokyo")

    for key, button in zip(old.keys, old.reply.pressable, strict=True):
        if button.command_line != "/tz":
            (reply,) = await bot.press_key(key, question_id)
            differs = button.command_line not in ("/start en", "/start Asia/Tokyo")
            assert ("start.settled" in reply.said) == differs
    assert (await known(bot)).language == after.language == "en"
    assert (await known(bot)).timezone == "Asia/Tokyo"


async def test_a_step_pressed_after_linking_shows_the_hello_and_changes_nothing(bot: Bot) -> None:
    await bot.say("/start")
    await bot.say(f"/link {bot.portal_url + bot.portal.webhook_path(ANN.user_id)}")

    (reply,) = await bot.press("Русский")

    assert reply.said[:2] == ("start.hello", "start.settled")
    assert (await known(bot)).language == "en"


@pytest.mark.parametrize("payload", ["UTC", "Singapore", "tz Europe/Moscow", "accept"])
async def test_no_deep_link_sets_a_zone(bot: Bot, payload: str) -> None:
    await bot.say(f"/start {payload}")

    person = await known(bot)
    assert (person.timezone, person.chosen) == ("Europe/Berlin", False)


async def test_in_a_group_there_is_a_hello_and_the_way_to_the_private_chat(bot: Bot) -> None:
    (reply,) = await bot.say("/start ru Europe/Moscow", group="-100")

    assert reply.said == ("start.hello", "start.more", "start.your_id", "start.group_id")
    assert [button.url for row in reply.buttons for button in row] == [
        "https://t.me/acme_rsvp_bot?start=start"
    ]
    assert not (await known(bot)).chosen
    (there,) = await bot.say("/start start")
    assert there.said[-1] == "lang.which"


async def test_whoever_forgot_everything_begins_again(bot: Bot) -> None:
    await bot.say("/start en Europe/London")
    await bot.say("/forget")
    await bot.press("Forget me")
    await bot.press("Delete everything")

    (reply,) = await bot.say("/start")

    assert reply.said[-1] == "lang.which"


async def test_each_person_has_their_own_first_run(bot: Bot) -> None:
    await bot.say("/start en Europe/London")

    (reply,) = await bot.say("/start", who=BORIS, language="ru")

    assert reply.said[-1] == "lang.which"
    assert reply.text.startswith("Здравствуйте!")
