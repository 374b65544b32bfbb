"""What is kept about a person, and how all of it is forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.chat import Identity
from bot.domain.inbox import StoredButton
from bot.domain.journal import Change, KeptMessage, KeptNumber


class Journal(Protocol):
    """Every change made for a person.

    Entries are only ever added. They go when the person is forgotten, and when they are old.
    """

    async def append(self, changes: Sequence[Change]) -> None:
        """Note changes that were not made by a message; `Inbox.settle` notes the others."""
        ...

    async def changes_of(self, owner: Identity, limit: int | None = None) -> Sequence[Change]:
        """A person's changes, newest first."""
        ...

    async def prune_journal(self, before: datetime) -> int:
        """Forget changes that were made before that moment; how many."""
        ...


class Traces(Protocol):
    """What else is kept about a person, in the very place where it is kept."""

    async def messages_of(self, owner: Identity) -> Sequence[KeptMessage]:
        """A person's messages that are not forgotten yet, oldest first."""
        ...

    async def buttons_of(self, owner: Identity) -> Sequence[StoredButton]:
        """The buttons that were made for a person, expired ones too."""
        ...

    async def numbers_of(self, owner: Identity) -> Sequence[KeptNumber]:
        """The numbers that were given to a person's events, lowest first."""
        ...

    async def forget(self, identity: Identity) -> None:
        """Delete everything about a person, their accounts with the credentials too.

        Nothing is revoked by this. A message that is not answered yet stays: whoever handles it
        meets a stranger.
        """
        ...
