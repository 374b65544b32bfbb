"""What the owner was told of."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from bot.domain.troubles import Topic


class TroubleLog(Protocol):
    """Remembers what is in trouble; see `bot.domain.troubles`.

    Raises StorageError from every method while the store cannot write.
    """

    async def failed(self, topic: Topic, subject: str, at: datetime) -> bool:
        """Note that it happened; True for the one who is to tell the owner."""
        ...

    async def worked(self, topic: Topic, subject: str, at: datetime) -> bool:
        """Note that it works; True for the one who is to tell the owner that it is over."""
        ...

    async def in_trouble(self) -> Collection[tuple[Topic, str]]:
        """What is in trouble now."""
        ...
