"""The emulator's memory, and what a test may want to know of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

from bot.sandbox.faults import Faults
from bot.sandbox.server import Gate
from bot.sandbox.telegram.flood import FloodControl, FloodLimits
from bot.sandbox.telegram.rows import (
    ApiCall,
    CallbackAnswer,
    Chat,
    ChatKind,
    Json,
    Message,
    Press,
    User,
)
from bot.sandbox.telegram.updates import UpdateQueue
from bot.sandbox.telegram.views import message_json
from bot.sandbox.telegram.webhook import WebhookDelivery

T = TypeVar("T")
CALLBACK_LIFETIME = 15.0
"""Seconds in which a press may be answered. Telegram does not say; it is a matter of seconds."""


class TelegramState:
    """One bot with its chats.

    Args:
        token: The bot's token; its number is the bot's user id.
        username: Without the @.
        now: The time that messages are dated with, and by which limits and presses age.
        sleep: How the webhook pauses between attempts.
        flood: Limits on sending; None switches them off.

    Attributes:
        reads_all: Privacy mode is off.
        callback_lifetime: Seconds in which a press may be answered.
        presses: By callback query id, as are `callback_answers`.
        calls: What the bot called, in the order in which the calls were finished.
        actions: Chat actions ("typing"), as (chat id, action).
        commands: What `setMyCommands` stored, by (scope, language).
        version: Grows with every change.
    """

    def __init__(
        self,
        *,
        token: str,
        username: str = "acme_rsvp_bot",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        flood: FloodLimits | None = None,
    ) -> None:
        self.token = token
        self.bot = User(
            user_id=int(token.partition(":")[0]),
            first_name="Acme RSVP",
            username=username,
            is_bot=True,
        )
        self.now = now
        self.reads_all = False
        self.callback_lifetime = CALLBACK_LIFETIME
        self.users: dict[int, User] = {self.bot.user_id: self.bot}
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self.callback_answers: dict[str, CallbackAnswer] = {}
        self.calls: list[ApiCall] = []
        self.actions: list[tuple[int, str]] = []
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.faults = Faults()
        self.gates: list[Gate] = []
        self.flood = FloodControl(seconds=self.seconds, limits=flood)
        self.queue = UpdateQueue(changed=self.changed)
        self.webhook = WebhookDelivery(
            queue=self.queue,
            perform=self._perform,
            changed=self.changed,
            seconds=self.seconds,
            sleep=sleep,
        )
        self.perform: Callable[[str, Mapping[str, str]], Awaitable[None]] | None = None
        self.version = 0
        self._change = asyncio.Event()
        self._account_numbers = count(1)

    def seconds(self) -> float:
        """Unix seconds."""
        return self.now().timestamp()

    def new_chat(
        self, chat_id: int, kind: ChatKind, *, title: str = "", user: User | None = None
    ) -> Chat:
        """Make a chat.

        Supergroups and channels count messages for themselves; the first is their creation.
        """
        own = kind in {"supergroup", "channel"}
        numbers = count(2) if own else self._account_numbers
        chat = Chat(chat_id=chat_id, kind=kind, numbers=numbers, title=title, user=user)
        self.chats[chat_id] = chat
        return chat

    def keep(self, chat: Chat, message: Message) -> None:
        """Put a message into its chat."""
        chat.messages[message.message_id] = message
        if message.sender is not None and message.sender.is_bot and message.sender_chat is None:
            chat.last_bot = message.sender.user_id
        self.changed()

    def tell(self, kind: str, message: Message, chat: Chat) -> None:
        """Send the bot an update about a message."""
        self.queue.add(kind, message_json(message, chat), lane=("chat", chat.chat_id))
        self.changed()

    def changed(self) -> None:
        """Wake whoever waits for something to happen."""
        self.version += 1
        before, self._change = self._change, asyncio.Event()
        before.set()

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """Wait until something is true of the emulator, and give it.

        The predicate is asked again after every change, never by the clock.

        Raises:
            TimeoutError: It did not come true.
        """
        async with asyncio.timeout(timeout):
            while not (found := predicate()):
                await self._change.wait()
        return found

    def messages(self, chat_id: int) -> list[Message]:
        """The bot's messages in a chat that were not deleted, oldest first."""
        return [
            message
            for message in self.chats[chat_id].messages.values()
            if message.sender == self.bot and not message.deleted and not message.service
        ]

    def called(self, method: str) -> list[ApiCall]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    def snapshot(self) -> Json:
        """Everything but the token, as JSON."""
        return {
            "version": self.version,
            "pending_updates": len(self.queue.pending),
            "webhook": None if self.webhook.current is None else self.webhook.current.url,
            "chats": {str(chat.chat_id): self._chat_view(chat) for chat in self.chats.values()},
            "callback_answers": {
                query_id: asdict(answer) for query_id, answer in self.callback_answers.items()
            },
            "actions": [list(action) for action in self.actions],
        }

    def _chat_view(self, chat: Chat) -> Json:
        messages = []
        for message in chat.messages.values():
            view = message_json(message, chat, with_reply=False)
            view["sent_as"] = message.text
            view["reply_to"] = message.reply_to
            view["edits"] = [asdict(version) for version in message.edits]
            view["deleted"] = message.deleted
            messages.append(view)
        return {"type": chat.kind, "title": chat.title, "messages": messages}

    async def _perform(self, method: str, params: Mapping[str, str]) -> None:
        if self.perform is not None:
            await self.perform(method, params)
