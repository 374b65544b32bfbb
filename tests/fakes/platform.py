"""A chat system whose messages are a list."""

from itertools import count

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Press,
)
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.ports import Clock, Receive


class FakePlatform:
    """Delivers by remembering; can be told to fail."""

    name = Platform.TELEGRAM
    own_name = "acme_rsvp_bot"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.posted: list[tuple[str, Delivery]] = []
        self.failures: list[PlatformError] = []

    async def run(self, receive: Receive) -> None:
        """There is nothing to wait for: tests call `receive` themselves."""

    async def deliver(self, delivery: Delivery) -> str | None:
        if self.failures:
            raise self.failures.pop(0)
        message_id = delivery.edits or f"m{next(self._numbers)}"
        self.posted.append((message_id, delivery))
        return message_id

    def working(self, conversation: Conversation) -> None:
        """Nobody looks."""

    def message(
        self,
        sender: Identity,
        text: str,
        *,
        press: Press | None = None,
        group: str | None = None,
        language: str = "en",
        age: float = 0.0,
    ) -> IncomingMessage:
        number = next(self._numbers)
        kind = ConversationKind.DIRECT if group is None else ConversationKind.GROUP
        sent_at = self._clock.now()
        return IncomingMessage(
            key=f"telegram:{number}",
            message_id=str(number),
            sender=sender,
            conversation=Conversation(
                platform=self.name, chat_id=group or sender.user_id, kind=kind
            ),
            text=text,
            sent_at=sent_at.fromtimestamp(sent_at.timestamp() - age, sent_at.tzinfo),
            language=language,
            press=press,
        )
