"""A chat system whose messages are a list."""

import asyncio
from collections import deque
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Press,
)
from bot.domain.inbox import Delivery
from bot.errors import PlatformError, StorageError
from bot.ports import ChatPlatform, Clock, Receive

ALERT_LIMIT = 200


class FakePlatform:
    """Delivers by remembering; can be told to fail.

    Attributes:
        posted: Everything that was delivered, edits too, with the id of the message it became.
        shown: The messages as they stand now, by id; of a reply for its sender alone in a group,
            `conversation` is the private one where it went.
        failures: What the next deliveries fail with.
        gone: Ids of chats that cannot be written to.
        deleted: Ids of messages that people have deleted.
        busy: Where `working` was called.
        alerts: What popped up over pressed buttons.
        toasts: What passed over them.
        answered: The presses that were acknowledged.
        members: Who belongs to which group, by the group's id.
        admins: Who administers which group, likewise.
    """

    name = Platform.TELEGRAM
    own_name = "acme_rsvp_bot"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._waiting: deque[IncomingMessage] = deque()
        self._written = asyncio.Event()
        self.posted: list[tuple[str, Delivery]] = []
        self.shown: dict[str, Delivery] = {}
        self.failures: list[PlatformError] = []
        self.members: dict[str, set[Identity]] = {}
        self.admins: dict[str, set[Identity]] = {}
        self.asked_about_members = 0
        self.undeletable = False
        self.deleted_of_others: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self.deleted: set[str] = set()
        self.busy: list[Conversation] = []
        self.alerts: list[str] = []
        self.toasts: list[str] = []
        self.answered: list[str] = []
        self._pressed: set[str] = set()
        self._popped_up: set[tuple[str, str]] = set()

    async def run(self, receive: Receive) -> None:
        """Hand on what `write` brings. Most tests call the dispatcher's `receive` themselves."""
        while True:
            while self._waiting:
                try:
                    await receive([self._waiting[0]])
                except StorageError:
                    await self._clock.sleep(1)
                else:
                    self._waiting.popleft()
            self._written.clear()
            await self._written.wait()

    def write(self, message: IncomingMessage) -> None:
        """Somebody writes or presses; `run` brings it, again and again until it is taken."""
        self._waiting.append(message)
        self._written.set()

    async def deliver(self, delivery: Delivery) -> str | None:
        if delivery.reply.fleeting:
            return self._pass_over(delivery)
        seen = self._with_alert(_as_seen(delivery))
        self._fail(seen.conversation)
        message_id = seen.edits if seen.reply.document is None else None
        if message_id in self.deleted and seen.reply.card is not None:
            raise PlatformError("message to edit is gone", gone=True)
        if message_id is None or message_id in self.deleted:
            message_id = f"m{next(self._numbers)}"
        self.posted.append((message_id, delivery))
        self.shown[message_id] = seen
        return message_id

    def _fail(self, conversation: Conversation) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if conversation.chat_id in self.gone:
            raise PlatformError("forbidden", gone=True)

    def _answer(self, callback_id: str) -> bool:
        """Answer a press, if it still waits."""
        if callback_id not in self._pressed:
            return False
        self._pressed.remove(callback_id)
        self.answered.append(callback_id)
        return True

    def _pass_over(self, delivery: Delivery) -> str:
        if self._answer(delivery.callback_id):
            self.toasts.append(str(delivery.reply.text.striptags())[:ALERT_LIMIT])
        return f"toast {delivery.callback_id or delivery.delivery_id}"

    def _with_alert(self, delivery: Delivery) -> Delivery:
        """Answer the press; an alert for which there is none comes before the text."""
        callback_id, alert = delivery.callback_id, delivery.reply.alert
        waits = self._answer(callback_id)
        if not alert or (callback_id, alert) in self._popped_up:
            return delivery
        if waits:
            self._popped_up.add((callback_id, alert))
            self.alerts.append(alert[:ALERT_LIMIT])
            return delivery
        text = Markup.escape(alert) + Markup("\n") + delivery.reply.text
        return replace(delivery, reply=replace(delivery.reply, text=text))

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        if conversation.chat_id in self.gone:
            raise PlatformError("forbidden", gone=True)
        if self.undeletable:
            raise PlatformError("message can't be deleted")
        self.deleted_of_others.append((conversation.chat_id, message_id))

    async def is_member(self, conversation: Conversation, identity: Identity) -> bool:
        self.asked_about_members += 1
        self._fail(conversation)
        return identity in self.members.get(conversation.chat_id, ())

    async def is_admin(self, conversation: Conversation, identity: Identity) -> bool:
        self._fail(conversation)
        return identity in self.admins.get(conversation.chat_id, ())

    def private_url(self, payload: str) -> str:
        return f"https://t.me/{self.own_name}?start={payload}"

    def working(self, conversation: Conversation) -> None:
        self.busy.append(conversation)

    def message(
        self,
        sender: Identity,
        text: str,
        *,
        press: Press | None = None,
        group: str | None = None,
        language: str = "en",
        age: float = 0.0,
        reply_to: str | None = None,
    ) -> IncomingMessage:
        number = next(self._numbers)
        kind = ConversationKind.DIRECT if group is None else ConversationKind.GROUP
        sent_at = self._clock.now()
        if press is not None:
            press = replace(press, callback_id=f"press {number}")
            self._pressed.add(press.callback_id)
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
            reply_to=reply_to,
        )


def _as_seen(delivery: Delivery) -> Delivery:
    """Where a reply really goes: what is for the sender alone never into a group."""
    if delivery.shown_in == delivery.conversation:
        return delivery
    return replace(delivery, conversation=delivery.shown_in, edits=None)


if TYPE_CHECKING:
    _conforms: type[ChatPlatform] = FakePlatform
