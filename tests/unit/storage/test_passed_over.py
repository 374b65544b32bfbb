"""Messages that are closed without an answer, as those beyond somebody's limit are."""

from dataclasses import replace
from pathlib import Path

from bot.domain.chat import Conversation, ConversationKind, Identity, IncomingMessage, Platform
from bot.domain.inbox import Intent
from bot.domain.providers import Provider
from tests.contract.stores import store_on
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
PRIVATE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
MESSAGE = IncomingMessage(
    key="telegram:1",
    message_id="1",
    sender=ANN,
    conversation=PRIVATE,
    text="/accept 651",
    sent_at=START,
)


async def test_nothing_is_remembered_of_what_is_closed_without_an_answer(tmp_path: Path) -> None:
    clock, url = FakeClock(), f"sqlite:///{tmp_path}/bot.db"
    async with store_on(url, clock) as store, store_on(url, clock) as another:
        [closed, in_hand] = await store.add([MESSAGE, replace(MESSAGE, key="telegram:2")])
        await store.close(closed)
        for entry in (closed, in_hand):
            await another.record_intent(_intent(entry.entry_id))

        # What it remembers it does not read, and of these there was none when they came.
        assert await store.has_intents(closed.entry_id)
        assert not await store.has_intents(in_hand.entry_id)


def _intent(entry_id: int) -> Intent:
    return Intent(
        entry_id=entry_id,
        provider=Provider.BITRIX24,
        subject="651",
        before="needs_action",
        wanted="accepted",
        stored_at=START,
    )
