"""Commands in the name of a group: explained once in a while, since nobody limits nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.platforms.telegram.nobody import SAY_AGAIN_AFTER
from tests.contract.chats import Ear, listening
from tests.contract.telegram import AtTelegram, at_telegram


@pytest.fixture(params=[False, True], ids=["polling", "webhook"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[AtTelegram]:
    async with at_telegram(webhook=request.param) as made:
        yield made


async def _told(subject: AtTelegram) -> int:
    """How often the group was told, once everything until now has been taken in."""
    ear = Ear()
    async with listening(subject, ear):
        subject.says("/now")
        while not any(message.text == "/now" for message in ear.heard):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    return len(subject.messages(subject.group))


def _say(subject: AtTelegram, *texts: str) -> None:
    for text in texts:
        team = subject.emulator.chats[int(subject.group.chat_id)]
        subject.emulator.says_anonymously(team, text)


async def test_a_group_is_told_once_in_a_while(subject: AtTelegram) -> None:
    _say(subject, "/accept 651", "/accept@acme_rsvp_bot 651", "/dnd")
    assert await _told(subject) == 1

    subject.clock.advance(SAY_AGAIN_AFTER)
    _say(subject, "/accept 651", "/dnd")
    assert await _told(subject) == 2


async def test_what_is_another_bots_is_none_of_our_business(subject: AtTelegram) -> None:
    _say(subject, "/accept@another_bot 651", "hello")

    assert await _told(subject) == 0


async def test_what_cannot_be_taken_in_yet_is_not_explained_each_time(subject: AtTelegram) -> None:
    ear = Ear(failures=3)
    async with listening(subject, ear):
        subject.says("/accept 651")
        _say(subject, "/dnd@acme_rsvp_bot")
        while not ear.heard:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert await _told(subject) == 1
