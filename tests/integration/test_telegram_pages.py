"""Replies of several messages: what stands there is not posted again when a later one fails."""

from dataclasses import replace

import pytest
from markupsafe import Markup

from bot.domain.chat import Reply
from bot.errors import PlatformError
from bot.sandbox.faults import Fault, FaultRule
from tests.contract.telegram import AtTelegram, at_telegram
from tests.contract.test_chat_platform import reply_to

LONG = Markup("\n").join(f"{page} {'x' * 99}" for page in range(100))
"""Three messages."""


def _first_words(subject: AtTelegram) -> list[str]:
    return [shown.text.split()[0] for shown in subject.messages(subject.here)]


@pytest.mark.parametrize("skip", [0, 1, 2])
async def test_a_reply_goes_on_where_it_broke_off(skip: int) -> None:
    async with at_telegram() as subject:
        long = replace(reply_to(subject, ""), reply=Reply(text=LONG))
        for fault in (Fault.RATE_LIMITED_429, Fault.UNAVAILABLE_503):
            rule = FaultRule(fault=fault, operation="sendMessage", skip=skip, seconds=1)
            subject.emulator.faults.add(rule)
            with pytest.raises(PlatformError):
                await subject.platform.deliver(long)
            skip = 0
        last = await subject.platform.deliver(long)
        once = _first_words(subject)
        await subject.platform.deliver(long)

        assert len(set(once)) == len(once) == 3
        assert last == str(max(subject.emulator.chats[7].messages) - 3)
        assert _first_words(subject) == once * 2
