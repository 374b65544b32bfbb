"""Who may use the bot."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.chat import Conversation, Identity, Platform

EVERYBODY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """The operator's lists, as `platform:id` or `*`. Empty lists admit nobody but the owner.

    Attributes:
        owner: Whose accounts the environment holds; always admitted.
        users: Admitted wherever they write.
        chats: Groups in which everybody is admitted.
        local: A platform that only the operator can reach (the console): all are admitted.
    """

    owner: Identity | None = None
    users: Collection[str] = ()
    chats: Collection[str] = ()
    local: Platform | None = None

    def admits(self, sender: Identity, conversation: Conversation) -> bool:
        """Whether this person may give commands in this place."""
        if sender == self.owner or sender.platform is self.local:
            return True
        if EVERYBODY in self.users or str(sender) in self.users:
            return True
        return conversation.is_group and (
            EVERYBODY in self.chats
            or f"{conversation.platform}:{conversation.chat_id}" in self.chats
        )
