"""The cards of groups that are kept up to date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.chat import Conversation, Identity
from bot.domain.group_cards import NewCard
from bot.domain.inbox import Delivery
from bot.domain.meetings import Meeting


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCard:
    """A card that was posted, or is about to be.

    Attributes:
        card: What it is about. Its version is that of the event as it is shown now.
        delivery: What it shows, where, and the keys of its buttons; `to` is its poster.
        message_id: The message that it is; None while it is not posted.
        due_at: When it has to be read again; None if nothing is to be expected.
        touches: How often it was found to be out of date.
        edited_at: When it was posted or changed last.
        failing: For how many attempts in a row it could not be read.
    """

    card_id: int
    card: NewCard
    delivery: Delivery
    message_id: str | None
    due_at: datetime | None = None
    touches: int = 0
    edited_at: datetime | None = None
    failing: int = 0


class GroupCardBook(Protocol):
    """Keeps cards; `Inbox.settle` puts them in together with the replies that post them.

    Raises StorageError from every method while the store cannot write.
    """

    async def find_card(self, key: str) -> KeptCard | None:
        """The card of that key; None if it is kept no longer, or never was."""
        ...

    async def card_shown_as(self, conversation: Conversation, message_id: str) -> KeptCard | None:
        """The card that a message is."""
        ...

    async def cards_of(self, meeting: Meeting) -> Sequence[KeptCard]:
        """Every card of a meeting, in all chats, the oldest first."""
        ...

    async def cards_in(self, conversation: Conversation) -> Sequence[KeptCard]:
        """Every card in a group, the oldest first."""
        ...

    async def posted_by(self, person: Identity) -> Sequence[KeptCard]:
        """Every card that a person posted, the oldest first."""
        ...

    async def touch(self, meeting: Meeting) -> bool:
        """Every card of a meeting is out of date from now on; whether there is any.

        Each is due at once, or as soon as it may be changed again.
        """
        ...

    async def touch_account(self, account_id: str) -> bool:
        """Likewise every card that is read with that account."""
        ...

    async def touch_group(self, conversation: Conversation) -> bool:
        """Likewise every card in a group."""
        ...

    async def due_cards(self, most: int) -> Sequence[KeptCard]:
        """Those that are due now and posted, and that nobody has in hand; the longest due first."""
        ...

    async def next_card(self) -> datetime | None:
        """When the next one is due; None if none is."""
        ...

    async def take(self, card: KeptCard, until: datetime) -> KeptCard | None:
        """Have a card in hand until then, as it is now; None if it is gone, or in other hands.

        What it is touched for from now on makes it due again.
        """
        ...

    async def release(self, held: KeptCard, now: KeptCard) -> None:
        """Keep a card that was in hand as it is now.

        It is due at `now.due_at`; if it was touched meanwhile, as soon as it may be changed again.
        """
        ...

    async def close(self, card: KeptCard) -> None:
        """Note that a card is ended (`NewCard.closed`); it is due at once, to say so itself."""
        ...

    async def drop(self, card: KeptCard) -> None:
        """Forget a card and its buttons, unless it stands elsewhere by now than this one says."""
        ...

    async def move_group(self, earlier: Conversation, later: Conversation) -> int:
        """A group has a new id, in which its cards have to be posted anew; how many those are."""
        ...

    async def begin_nudge(self, meeting: Meeting, entry_id: int, at: datetime) -> datetime | None:
        """Note that those who have not answered are asked to, unless they were a while ago.

        The same entry may begin it again.

        Returns:
            When they were asked last, if that is less than `NUDGE_EVERY` ago; else None.
        """
        ...
