"""What was changed for whom: when, from where, from what to what, and how sure that is."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.chat import Conversation, Identity
from bot.domain.inbox import EntryState
from bot.domain.participation import Confirmation, EventRef
from bot.domain.providers import Provider


class ChangeKind(StrEnum):
    """What was changed."""

    ANSWER = "answer"
    PRESENCE = "presence"
    LINK = "link"
    UNLINK = "unlink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of a person's journal. What is found out later is an entry of its own.

    Attributes:
        owner: For whom it was made; nobody else ever sees it.
        conversation: Where it was asked for; None if in a browser.
        before: A `ParticipationStatus` or `Presence`; empty if nobody knows.
        after: Likewise: what is held now if that is confirmed, else what was asked for.
        event: What was answered.
        title: Its title then, or the account's place.
        undoes: It took an earlier change back.
        entry_id: The message that asked for it; 0 if none did, or nobody noted it.
    """

    owner: Identity
    at: datetime
    conversation: Conversation | None
    provider: Provider
    kind: ChangeKind
    before: str = ""
    after: str = ""
    confirmation: Confirmation = Confirmation.CONFIRMED
    event: EventRef | None = None
    title: str = field(default="", repr=False)
    undoes: bool = False
    entry_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNumber:
    """A number by which a person may call an event."""

    number: int
    ref: EventRef
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A message that is still kept, with the texts of the replies to it."""

    conversation: Conversation
    sent_at: datetime
    state: EntryState
    text: str = field(repr=False)
    replies: tuple[str, ...] = field(default=(), repr=False)
