"""What people say in a group, and not to the bot: where all of it comes, nothing is kept."""

from pathlib import Path

import pytest

from bot.sandbox.company import ANN, BORIS
from bot.services.access import AllowList
from bot.storage.store import SqlStore
from tests.contract.stores import store_on
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

TEAM = "-100500"
SECRET = "salaries"
TALK = [
    f"the {SECRET} are in my drawer",
    f"@boris the {SECRET}?",
    f"/{SECRET}@another_bot",
    f"ask @{FakePlatform.own_name} about {SECRET}",
]
OURS = [
    f"/status {SECRET}",
    f"@{FakePlatform.own_name} status {SECRET}",
    f"@{FakePlatform.own_name}, /status {SECRET}",
]


async def _kept(tmp_path: Path, text: str, access: AllowList) -> bytes:
    """All that is in the files of the database after somebody has said that in a group."""
    clock = FakeClock()
    async with store_on(f"sqlite:///{tmp_path}/bot.db", clock) as store:
        assert isinstance(store, SqlStore)
        async with running_bot(store=store, clock=clock, access=access) as bot:
            await _say(bot, text)
        return b"".join(each.read_bytes() for each in tmp_path.iterdir())


async def _say(bot: Bot, text: str) -> None:
    bot.chat.members[TEAM] = {identity_of(ANN)}
    await bot.say(text, who=ANN, group=TEAM)


@pytest.mark.parametrize("text", TALK)
async def test_talk_of_a_group_leaves_nothing_behind(tmp_path: Path, text: str) -> None:
    kept = await _kept(tmp_path, text, AllowList(chats=(f"telegram:{TEAM}",)))

    assert SECRET.encode() not in kept
    assert ANN.name.encode() not in kept


@pytest.mark.parametrize("text", OURS)
async def test_what_is_said_to_the_bot_is_kept(tmp_path: Path, text: str) -> None:
    kept = await _kept(tmp_path, text, AllowList(chats=(f"telegram:{TEAM}",)))

    assert SECRET.encode() in kept
    assert ANN.name.encode() in kept


async def test_talk_is_no_trouble_of_the_store() -> None:
    async with running_bot() as bot:
        await bot.dispatcher.receive(
            [bot.chat.message(identity_of(BORIS), "lunch?", group=TEAM) for _ in range(3)]
        )

        assert await bot.store.unfinished() == []
        assert bot.chat.posted == []
