"""Chat systems, and what they hand in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.chat import Conversation, Identity, IncomingMessage, Platform
from bot.domain.inbox import Delivery

Receive = Callable[[Sequence[IncomingMessage]], Awaitable[None]]
"""Takes messages in; on return they are durable and may be acknowledged.

Raises StorageError if they could not be kept: do not acknowledge, try again later.
"""


class ChatPlatform(Protocol):
    """A chat system."""

    @property
    def name(self) -> Platform:
        """Which one it is."""
        ...

    @property
    def own_name(self) -> str:
        """The bot's own user name there, without @; empty where there is none."""
        ...

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled or at the end of input."""
        ...

    async def deliver(self, delivery: Delivery) -> str | None:
        """Post or edit a reply.

        The press that it answers is acknowledged, once, whether or not this succeeds, and is given
        the reply's alert. Where nothing waits for one any more, or no button was pressed, the alert
        comes before the text.

        Returns:
            The id of the message, for later edits; None if the platform has none. An id with a
            space in it is that of something else than a message: see `is_message`.

        Raises:
            PlatformError: It could not be delivered.
        """
        ...

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """Delete somebody's message, because it holds a secret.

        Raises:
            PlatformError: It could not be deleted.
        """
        ...

    async def is_member(self, conversation: Conversation, identity: Identity) -> bool:
        """Whether a person belongs to a group now.

        Raises:
            PlatformError: It cannot be found out; `gone` if the group is closed to us.
        """
        ...

    async def is_admin(self, conversation: Conversation, identity: Identity) -> bool:
        """Whether a person administers a group now.

        Raises:
            PlatformError: It cannot be found out; `gone` if the group is closed to us.
        """
        ...

    def private_url(self, payload: str) -> str:
        """Opens the private chat with the bot and says `/start payload` there; may be empty."""
        ...

    def working(self, conversation: Conversation) -> None:
        """Show, if the platform can, that the bot is busy there."""
        ...


Moved = Callable[[Conversation, Conversation], Awaitable[None]]
"""Takes note that a group has a new id: the earlier one, the later one. May be told again.

Raises StorageError if that could not be kept: do not acknowledge, try again later.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """A path at which a chat system or provider posts to us.

    Attributes:
        admits: Whether headers prove who posts; what does not is refused and nothing of it read.
        handle: Takes headers and body; answers an HTTP status.
    """

    path: str
    admits: Callable[[Mapping[str, str]], bool]
    handle: Callable[[Mapping[str, str], bytes], Awaitable[int]]
