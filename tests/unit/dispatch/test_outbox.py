"""Replies that could not be delivered at once: in each chat, what was said last comes last."""

from datetime import datetime, timedelta

import pytest
from markupsafe import Markup

from bot.dispatch.outbox import RETRY_FOR, Outbox
from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Reply,
    Visibility,
)
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from tests.fakes.clock import START
from tests.fakes.platform import FakePlatform
from tests.fakes.store import MemoryStore
from tests.fakes.timer import HandTimer

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
PRIVATE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
GROUP = Conversation(platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP)
DOWN = [PlatformError("TimedOut")] * 1000


class HandClock(HandTimer):
    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())


class Office:
    """An outbox, and the chat that it delivers to."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.chat = FakePlatform(self.clock)
        self.store = MemoryStore(self.clock)
        self.outbox = Outbox(
            inbox=self.store, platforms={Platform.TELEGRAM: self.chat}, clock=self.clock
        )
        self._messages = 0

    async def tell(
        self, *texts: str, edits: str | None = None, where: Conversation = PRIVATE
    ) -> None:
        """Answer a message of Ann's with these replies."""
        self._messages += 1
        message = IncomingMessage(
            key=f"telegram:{self._messages}",
            message_id=str(self._messages),
            sender=ANN,
            conversation=where,
            text="/accept 651",
            sent_at=START,
        )
        [entry] = await self.store.add([message])
        replies = [Reply(text=Markup(text), visibility=Visibility.CONVERSATION) for text in texts]
        deliveries = [
            Delivery(delivery_id=0, to=ANN, conversation=where, reply=reply, edits=edits)
            for reply in replies
        ]
        await self.outbox.send(entry, await self.store.settle(entry, deliveries, ()))

    @property
    def said(self) -> list[str]:
        """All that was shown, in the order in which it was."""
        return [str(delivery.reply.text) for _, delivery in self.chat.posted]

    async def open_entries(self) -> int:
        return len(await self.store.unfinished())


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_card_that_could_not_be_changed_twice_shows_the_second_change(
    office: Office,
) -> None:
    await office.tell("invited")
    [(card_id, _)] = office.chat.posted
    office.chat.failures = DOWN[:]
    await office.tell("accepted", edits=card_id)
    await office.clock.advance(6)
    await office.tell("declined", edits=card_id)
    await office.clock.advance(14)
    office.chat.failures = []
    await office.clock.advance(60)

    assert office.said == ["invited", "accepted", "declined"]
    assert str(office.chat.shown[card_id].reply.text) == "declined"
    assert await office.open_entries() == 0


async def test_replies_to_one_message_keep_their_order(office: Office) -> None:
    office.chat.failures = DOWN[:2]
    await office.tell("first", "second", "third")
    await office.clock.advance(60)

    assert office.said == ["first", "second", "third"]
    assert await office.open_entries() == 0


async def test_other_chats_do_not_wait(office: Office) -> None:
    office.chat.failures = DOWN[:1]
    await office.tell("in private")
    await office.tell("in the group", where=GROUP)

    assert office.said == ["in the group"]
    assert await office.open_entries() == 1


async def test_where_a_chat_is_held_for_long_nobody_waits_for_it(office: Office) -> None:
    office.chat.failures = [PlatformError("too many requests", retry_after=20)]
    await office.tell("held")
    await office.clock.advance(19)
    assert office.said == []
    await office.clock.advance(2)

    assert office.said == ["held"]


async def test_what_is_given_up_is_not_waited_behind(office: Office) -> None:
    office.chat.failures = DOWN[:]
    await office.tell("too old")
    await office.clock.advance(RETRY_FOR - 10)
    await office.tell("young")
    await office.clock.advance(40)
    assert await office.open_entries() == 1
    office.chat.failures = []
    await office.clock.advance(40)

    assert office.said == ["young"]
    assert await office.open_entries() == 0


async def test_a_reply_that_breaks_the_program_stops_none_behind_it(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.chat.failures = DOWN[:1]
    await office.tell("fine")
    office.chat.failures.append(TypeError("a bug"))  # type: ignore[arg-type]
    await office.tell("behind")
    await office.clock.advance(60)

    assert office.said == ["fine", "behind"]
    assert await office.open_entries() == 0
    assert "could not be sent" in caplog.text


async def test_what_waits_at_the_end_stays_open(office: Office) -> None:
    office.chat.failures = DOWN[:]
    await office.tell("one")
    await office.tell("two")
    await office.outbox.stop()

    assert await office.open_entries() == 2
