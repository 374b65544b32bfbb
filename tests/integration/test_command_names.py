"""Commands by other names and in other letters: they do what the command does, by its own name."""

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from tests.fakes.bot import Bot

GROUP = "-100"


@pytest.mark.parametrize("name", ["/принять", "/ПРИНЯТЬ", "/ассерт", "／accept", "\u200e/accept"])
async def test_a_command_is_carried_out_by_whatever_name_it_is_called(bot: Bot, name: str) -> None:
    [reply] = await bot.say(f"{name} {SPRINT_REVIEW}")

    assert reply.said[0] == "held.accepted"
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


async def test_what_is_said_of_a_command_tells_its_own_name(bot: Bot) -> None:
    [usage] = await bot.say("/принять 0")
    [late] = await bot.say(f"/отклонить {SPRINT_REVIEW}", age=601)

    assert "<code>/accept 651</code>" in usage.text
    assert [button.command_line for row in late.buttons for button in row] == [
        f"/decline {SPRINT_REVIEW}"
    ]


async def test_by_a_russian_name_a_key_is_sealed_and_a_group_is_pointed_to_the_same_place(
    bot: Bot,
) -> None:
    (reply,) = await bot.say("/привязать short", group=GROUP)

    assert reply.said == ("link.in_group", "link.deleted", "group.go_private")
    assert [button.url for row in reply.buttons for button in row] == [
        "https://t.me/acme_rsvp_bot?start=link"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/принят 651", "unknown.suggest"),
        ("/фссузе 651", "unknown.suggest"),
        ("/щщщ", "unknown.command"),
    ],
)
async def test_an_unknown_name_in_any_letters_is_told_so_and_a_group_is_left_in_peace(
    bot: Bot, text: str, said: str
) -> None:
    [reply] = await bot.say(text)

    assert reply.said == (said,)
    assert await bot.say(text, group=GROUP) == []
    assert bot.portal.hits == 0
