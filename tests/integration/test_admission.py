"""Who may use the bot in private because they were seen in a listed group."""

from collections.abc import AsyncIterator

import pytest

from bot.errors import PlatformError
from bot.sandbox.company import ANN, BORIS
from bot.services.access import AllowList
from tests.fakes.bot import Bot, identity_of, running_bot

GROUP = "-100200"
OTHER = "-100300"
HER = identity_of(BORIS)
DAY = 24 * 3600.0
ADMITTED, TURNED_AWAY = "presence.none", "access.not_allowed"


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    lists = AllowList(owner=identity_of(ANN), chats=(f"telegram:{GROUP}",))
    async with running_bot(access=lists) as running:
        yield running


async def _says(bot: Bot, *, group: str | None = None) -> str | None:
    replies = await bot.say("/presence", who=BORIS, group=group)
    return replies[0].said[0] if replies else None


async def test_whoever_was_seen_in_a_listed_group_is_admitted_in_private(bot: Bot) -> None:
    assert await _says(bot) == TURNED_AWAY
    await _says(bot, group=GROUP)

    assert await _says(bot) == ADMITTED
    assert bot.chat.asked_about_members == 0


async def test_who_was_seen_in_another_group_is_not(bot: Bot) -> None:
    await _says(bot, group=OTHER)

    assert await _says(bot) == TURNED_AWAY


async def test_belonging_is_asked_again_after_a_day_and_only_then(bot: Bot) -> None:
    bot.chat.members[GROUP] = {HER}
    await _says(bot, group=GROUP)

    bot.clock.advance(DAY - 1)
    early = [await _says(bot), bot.chat.asked_about_members]
    bot.clock.advance(2)
    late = [await _says(bot), await _says(bot), bot.chat.asked_about_members]

    assert early == [ADMITTED, 0]
    assert late == [ADMITTED, ADMITTED, 1]


async def test_who_has_left_is_turned_away_and_not_asked_about_with_every_message(bot: Bot) -> None:
    await _says(bot, group=GROUP)
    bot.clock.advance(DAY + 1)

    assert [await _says(bot), await _says(bot)] == [TURNED_AWAY, TURNED_AWAY]
    assert bot.chat.asked_about_members == 1

    await _says(bot, group=GROUP)
    assert await _says(bot) == ADMITTED


async def test_a_group_that_is_closed_to_the_bot_admits_nobody(bot: Bot) -> None:
    bot.chat.members[GROUP] = {HER}
    await _says(bot, group=GROUP)
    bot.clock.advance(DAY + 1)
    bot.chat.failures = [PlatformError("forbidden", gone=True)]

    assert [await _says(bot), await _says(bot)] == [TURNED_AWAY, TURNED_AWAY]


async def test_what_cannot_be_found_out_for_the_moment_stays_as_it_was(bot: Bot) -> None:
    await _says(bot, group=GROUP)
    bot.clock.advance(DAY + 1)
    bot.chat.failures = [PlatformError("TimedOut")]

    assert [await _says(bot), await _says(bot)] == [ADMITTED, TURNED_AWAY]


async def test_a_group_that_is_listed_no_longer_admits_nobody(bot: Bot) -> None:
    await _says(bot, group=GROUP)
    [seen] = await bot.store.memberships_of(HER)

    lists = AllowList(owner=identity_of(ANN), chats=(f"telegram:{OTHER}",))
    async with running_bot(access=lists, clock=bot.clock) as stricter:
        await stricter.store.save_membership(seen)
        assert await _says(stricter) == TURNED_AWAY
