"""Groups in Telegram: who is in charge of them."""

import pytest

from bot.domain.chat import Platform
from bot.sandbox.company import BORIS
from bot.sandbox.telegram.rows import MemberStatus
from tests.contract.chats import group, identity_on
from tests.contract.telegram import at_telegram

GROUP = group(Platform.TELEGRAM)


@pytest.mark.parametrize(
    ("status", "in_charge"),
    [
        ("creator", True),
        ("administrator", True),
        ("member", False),
        ("left", False),
        ("kicked", False),
    ],
)
async def test_creators_and_administrators_are_in_charge(
    status: MemberStatus, in_charge: bool
) -> None:
    async with at_telegram() as at:
        chat = at.emulator.chats[int(GROUP.chat_id)]
        at.emulator.set_status(chat, at.emulator.users[BORIS.user_id], status)

        boris = identity_on(Platform.TELEGRAM, BORIS)
        assert await at.platform.is_admin(GROUP, boris) is in_charge
