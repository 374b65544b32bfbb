"""/lang, /tz and /settings: what is set is told at once, kept, and changed in place."""

from collections.abc import AsyncIterator, Sequence

import pytest

from bot.domain.chat import Reply
from bot.domain.inbox import Person
from bot.sandbox.company import ANN, BORIS
from tests.fakes.bot import Bot, identity_of, plain, running_bot


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with running_bot() as running:
        yield running


async def known(bot: Bot) -> Person:
    person = await bot.store.find_person(identity_of(ANN))
    assert person is not None
    return person


def labels(reply: Reply) -> Sequence[str]:
    return [button.label for row in reply.buttons for button in row]


@pytest.mark.parametrize("words", ["ru", "RU", "Русский", "russian"])
async def test_another_language_is_spoken_from_its_own_confirmation_on(
    bot: Bot, words: str
) -> None:
    (reply,) = await bot.say(f"/lang {words}")
    (later,) = await bot.say("/presence")

    assert reply.text == "Теперь отвечаю по-русски."
    assert labels(reply) == ["English", "✓ Русский"]
    assert later.text.startswith("Статус в Битрикс24")


async def test_the_language_is_chosen_by_button_and_changed_back_in_the_same_message(
    bot: Bot,
) -> None:
    (question,) = await bot.say("/lang")
    assert (question.said, labels(question)) == (("lang.which",), ["✓ English", "Русский"])

    await bot.press("Русский")
    await bot.press("English", language="ru")

    [message_id] = bot.chat.shown
    assert bot.chat.shown[message_id].reply.said == ("lang.done",)
    assert (await known(bot)).language == "en"


async def test_a_language_that_nobody_here_speaks_changes_nothing(bot: Bot) -> None:
    (reply,) = await bot.say("/lang klingon")

    assert reply.said == ("lang.unknown",)
    assert labels(reply) == ["✓ English", "Русский"]
    assert (await known(bot)).language == "en"


async def test_without_a_word_the_zone_is_told_with_its_time_and_how_to_change_it(
    bot: Bot,
) -> None:
    (reply,) = await bot.say("/tz")

    assert reply.said == ("tz.now", "tz.how", "tz.location")
    assert plain(reply.text).startswith("Your time zone is Europe/Berlin; it is 10:00 there now.")
    assert "✓ Europe/Berlin · 10:00" in labels(reply)
    assert "Asia/Kolkata · 14:30" in labels(reply)


async def test_a_zone_counts_for_every_time_that_is_told_from_then_on(bot: Bot) -> None:
    (before,) = await bot.say("/status 651")
    (reply,) = await bot.say("/tz new york")
    (after,) = await bot.say("/status 651")

    assert plain(reply.text) == "✅ Your time zone is America/New_York now; it is 04:00 there."
    assert "(UTC+1)" in before.text
    assert "(UTC−5)" in after.text
    assert (await known(bot)).chosen


@pytest.mark.parametrize("words", ["Казань", "moscow, russia", "55.75 37.62"])
async def test_a_place_is_understood_as_people_write_it(bot: Bot, words: str) -> None:
    (reply,) = await bot.say(f"/tz {words}")

    assert reply.said == ("tz.done",)
    assert (await known(bot)).timezone == "Europe/Moscow"


async def test_an_abbreviation_is_told_to_be_no_place_and_the_likeliest_zone_comes_first(
    bot: Bot,
) -> None:
    (reply,) = await bot.say("/tz est")
    (in_settings,) = await bot.say("/settings tz est")
    (country,) = await bot.say("/tz USA")

    assert plain(reply.text).startswith("“est” is an offset, not a place")
    assert "Choose where you live" in reply.text
    assert labels(reply)[0] == "America/New_York · 04:00"
    assert labels(in_settings) == [*labels(reply), "‹ Settings"]
    assert labels(country)[0] == "America/New_York · 04:00"


async def test_the_longest_list_of_zones_has_thirteen_buttons(bot: Bot) -> None:
    for words in ("", " Mars", " Russia", " +3"):
        (reply,) = await bot.say(f"/settings tz{words}")
        assert len(labels(reply)) <= 13


async def test_a_shared_place_finds_the_zone(bot: Bot) -> None:
    (reply,) = await bot.say("/tz 55.75,37.62")

    assert reply.said == ("tz.done",)
    assert (await known(bot)).timezone == "Europe/Moscow"


@pytest.mark.parametrize(
    ("words", "said", "offered"),
    [
        ("berlim", ("tz.similar",), "✓ Europe/Berlin · 10:00"),
        ("Bielefeld, Germany", ("tz.similar",), "✓ Europe/Berlin · 10:00"),
        ("+3", ("tz.offset", "tz.location"), "Europe/Moscow · 12:00"),
        ("MSK", ("tz.offset", "tz.location"), "Europe/Moscow · 12:00"),
        ("USA", ("tz.several",), "America/Denver · 02:00"),
        ("Россия", ("tz.several",), "Asia/Vladivostok · 19:00"),
        ("Mars", ("tz.unknown", "tz.location"), "✓ Europe/Berlin · 10:00"),
        ("40,-30", ("tz.at_sea", "tz.location"), "Europe/London · 09:00"),
    ],
)
async def test_in_doubt_nothing_is_set_and_zones_are_offered_with_their_time(
    bot: Bot, words: str, said: tuple[str, ...], offered: str
) -> None:
    (reply,) = await bot.say(f"/tz {words}")

    assert reply.said == said
    assert "Nothing was changed" in reply.text
    assert offered in labels(reply)
    assert len(labels(reply)) <= 12
    assert (await known(bot)).timezone == "Europe/Berlin"
    (done,) = await bot.press(offered)
    assert done.said == ("tz.done",)


async def test_what_was_typed_is_told_back_without_its_markup_and_shortened(bot: Bot) -> None:
    (reply,) = await bot.say(f"/tz <b>{'x' * 100}")

    assert "&lt;b&gt;xxx" in reply.text
    assert "x" * 50 not in reply.text


async def test_settings_are_one_message_that_buttons_change_in_place(bot: Bot) -> None:
    (shown,) = await bot.say("/settings")
    assert shown.said == (
        "settings.title",
        "settings.language",
        "settings.zone",
        "settings.tell_hand",
        "link.linked",
        "link.environment",
        "link.environment",
    )
    assert "Time zone: Europe/Berlin, 10:00 there now" in plain(shown.text)
    assert labels(shown) == [
        "Русский",
        "Time zone…",
        "📅 Presence and meetings",
        "🔔 What I tell you…",
        "Accounts…",
    ]

    (in_russian,) = await bot.press("Русский")
    assert in_russian.text.startswith("<b>Ваши настройки</b>\nЯзык: русский")
    await bot.press("Часовой пояс…")
    await bot.press("Asia/Yekaterinburg · 14:00")
    (there,) = await bot.press("English")

    [message_id] = bot.chat.shown
    assert bot.chat.shown[message_id].reply == there
    assert "Time zone: Asia/Yekaterinburg, 14:00 there now" in plain(there.text)
    person = await known(bot)
    assert (person.language, person.timezone, person.chosen) == ("en", "Asia/Yekaterinburg", True)


@pytest.mark.parametrize(
    "page", ["Time zone…", "📅 Presence and meetings", "🔔 What I tell you…", "Accounts…"]
)
async def test_every_page_of_the_settings_has_a_way_back(bot: Bot, page: str) -> None:
    (shown,) = await bot.say("/settings")
    await bot.press(page)

    (again,) = await bot.press("‹ Settings")

    assert again == shown
    assert len(bot.chat.shown) == 1


async def test_a_zone_in_doubt_stays_within_the_settings(bot: Bot) -> None:
    (doubt,) = await bot.say("/settings tz berlim")
    assert (doubt.said, labels(doubt)) == (
        ("tz.similar",),
        ["✓ Europe/Berlin · 10:00", "‹ Settings"],
    )

    (shown,) = await bot.press("✓ Europe/Berlin · 10:00")

    assert shown.said[0] == "settings.title"


@pytest.mark.parametrize("words", ["lang klingon", "lang", "silence on"])
async def test_what_is_no_setting_changes_none(bot: Bot, words: str) -> None:
    (before,) = await bot.say("/settings")

    (after,) = await bot.say(f"/settings {words}")

    assert after == before


@pytest.mark.parametrize("command", ["/lang ru", "/tz Moscow"])
async def test_in_a_group_nothing_is_set_and_the_way_leads_to_the_private_chat(
    bot: Bot, command: str
) -> None:
    (reply,) = await bot.say(command, group="-100")

    assert reply.said == ("group.go_private",)
    [[button]] = reply.buttons
    name = command.split(maxsplit=1)[0].removeprefix("/")
    assert button.url == f"https://t.me/acme_rsvp_bot?start={name}"
    person = await known(bot)
    assert (person.language, person.timezone, person.chosen) == ("en", "Europe/Berlin", False)
    (there,) = await bot.say(f"/start {name}")
    assert there.said[0] in {"lang.which", "tz.now"}


async def test_somebody_elses_settings_cannot_be_pressed(bot: Bot) -> None:
    await bot.say("/settings")

    (reply,) = await bot.press("Русский", who=BORIS)

    assert reply.said == ("button.not_yours",)
    assert (await known(bot)).language == "en"
