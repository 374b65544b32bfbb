"""What must survive the process: messages taken in, intents, replies to deliver, follow-ups."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.chat import (
    Button,
    Conversation,
    Identity,
    IncomingMessage,
    Reply,
    Visibility,
    private_with,
)
from bot.domain.participation import Event, Watch
from bot.domain.providers import Provider


class EntryState(StrEnum):
    """How far the handling of a message has come."""

    RECEIVED = "received"
    SETTLED = "settled"
    """Its outcome is stored; only the replies are still to be delivered."""
    LEAVING = "leaving"
    """Likewise, and then it is deleted instead of closed."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Too much was asked for at once.

    Attributes:
        pause: Seconds until more is taken.
        of_group: By a group together, not by one person.
    """

    pause: float
    of_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """A message that was taken in and is not forgotten until it is closed.

    Attributes:
        refusal: Set if nothing is to be done about it but to say why. It is not kept: after a kill
            nobody was told yet, and the message is as good as any.
    """

    entry_id: int
    message: IncomingMessage
    state: EntryState = EntryState.RECEIVED
    failures: int = 0
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a command is about to change, stored before the write is sent.

    Attributes:
        entry_id: The message that asked for it.
        provider: Where the write goes.
        subject: What is changed: an event id, or "presence".
        before: The value that was read before, in our own words; empty if none was.
        wanted: The value to be set.
        stored_at: When; a write of this intent may be under way for one request's total deadline.
        attempts: How many times the write may have been sent, counted before sending.
        event: What is answered, without its attendees: for the words, if it can no longer be read.
    """

    entry_id: int
    provider: Provider
    subject: str
    before: str
    wanted: str
    stored_at: datetime
    attempts: int = 1
    event: Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A reply with the place where it goes.

    Attributes:
        delivery_id: Its row; 0 if it is not kept (console, transient notes).
        to: The person the reply is for; decides who may press personal buttons.
        conversation: Where it is posted.
        reply_to: The message it answers, if the platform should show that.
        edits: The message of ours that it takes the place of, if any.
        keys: The opaque keys of the reply's pressable buttons, in reading order.
        callback_id: The press that it answers, if the platform wants presses acknowledged.
    """

    delivery_id: int
    to: Identity
    conversation: Conversation
    reply: Reply
    reply_to: str | None = None
    edits: str | None = None
    keys: tuple[str, ...] = ()
    callback_id: str = ""

    @property
    def shown_in(self) -> Conversation:
        """Where its message stands; what is for its reader alone is shown in private."""
        secret = self.reply.visibility is Visibility.SENDER_ONLY and self.conversation.is_group
        if not secret:
            return self.conversation
        return private_with(self.to)


def is_message(message_id: str) -> bool:
    """Whether what `ChatPlatform.deliver` returned names a message that can be answered or edited.

    An id with a space names something else that was shown: "alert 77", "pointer 78".
    """
    return " " not in message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reply that was delivered as a message.

    Attributes:
        message_id: The message that it became, also if it took the place of an earlier reply.
        at: When it was delivered.
    """

    delivery: Delivery
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredButton:
    """What the opaque key of a button stands for.

    Attributes:
        question: Which question it is an answer to, if it stands under one.
        answered: Another button of that question was pressed before.
    """

    key: str
    owner: Identity
    button: Button
    expires_at: datetime
    question: str = ""
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What was taken in and is not done with.

    Attributes:
        oldest_at: When the oldest of it was taken in; None if there is nothing.
    """

    depth: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the bot has met.

    Attributes:
        chosen: They have said where they live; until then language and time zone are a guess.
    """

    identity: Identity
    language: str
    timezone: str
    name: str = field(default="", repr=False)
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What was last known of a person in a group: seen there, or asked of the chat system.

    Attributes:
        belongs: Was true or false at `checked_at`; it may have changed since.
        shown: They agreed that the group is shown their presence.
        unasked: They do not want to be mentioned for not having answered.
    """

    identity: Identity
    chat_id: str
    belongs: bool
    checked_at: datetime
    shown: bool = False
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """An answer whose outcome was not known when its reply was sent.

    Attributes:
        delivery: The reply.
        message_id: The message that it became; None while it is not delivered.
        superseded: A later answer to the same event has taken its place.
        started_at: When the answer was given, or given again.
        written_again: The one further write that its watch allows was sent, or was about to be.
    """

    follow_up_id: int
    delivery: Delivery
    watch: Watch
    message_id: str | None
    superseded: bool
    started_at: datetime
    written_again: bool = False


FOLLOW_UP_FIRST = timedelta(seconds=3)
"""How soon after a reply its outcome is looked for again."""
FOLLOW_UP_FOR = timedelta(minutes=2)
"""For how long; an answer that does not show by then is no longer taken to be on its way."""
