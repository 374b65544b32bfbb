"""The groups that the bot is in, and who was seen there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.chat import Conversation, Identity
from bot.domain.inbox import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What a group's administrators have chosen for what everybody in it reads.

    Attributes:
        language: Empty if they have not chosen one.
        timezone: Likewise.
        former_id: The id that it had before the chat system gave it another; empty if none.
    """

    conversation: Conversation
    language: str = ""
    timezone: str = ""
    former_id: str = ""


class Groups(Protocol):
    """Groups; topics of one are one group.

    Raises StorageError from every method that writes while the store cannot write.
    """

    async def group_of(self, conversation: Conversation) -> Group:
        """What is known of a group."""
        ...

    async def save_group(self, group: Group) -> None:
        """Remember what was chosen; replaces what was known."""
        ...

    async def members_of(self, conversation: Conversation) -> Sequence[Membership]:
        """Those who were seen in a group, and were not found to have left it."""
        ...

    async def move_group(self, earlier: Conversation, later: Conversation) -> None:
        """A group has a new id; whatever is known of it goes there. Twice is like once."""
        ...

    async def hide_everywhere(self, identity: Identity) -> int:
        """Show a person in no group any more; in how many they were."""
        ...
