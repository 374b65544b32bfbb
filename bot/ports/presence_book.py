"""What is kept of the claims on people's presence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.chat import Identity
from bot.domain.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLedger:
    """A ledger as it was read.

    Attributes:
        version: Changes whenever somebody takes it in hand or lets go of it.
        due_at: When it has to be looked at; None if never.
    """

    owner: Identity
    ledger: Ledger
    version: int
    due_at: datetime | None = None


class PresenceBook(Protocol):
    """Everybody's ledger. One at a time has one in hand, across processes.

    Raises StorageError from every method while the store cannot write.
    """

    async def read(self, owner: Identity) -> KeptLedger:
        """A person's ledger as it is now; an empty one if there is none."""
        ...

    async def take(
        self, owner: Identity, until: datetime, *, version: int | None = None
    ) -> KeptLedger | None:
        """Take a ledger in hand until then at most; durable on return.

        Returns:
            It; None if somebody else has it in hand, or it is not of that version any more.
        """
        ...

    async def keep(self, held: KeptLedger, ledger: Ledger, until: datetime) -> bool:
        """Store it and go on having it in hand until then, when it is due; durable on return.

        Returns:
            False if it was taken from us, because it took too long: do nothing more.
        """
        ...

    async def release(self, held: KeptLedger, ledger: Ledger, due_at: datetime | None) -> None:
        """Store it, say when it has to be looked at next, and let go; unless it was taken."""
        ...

    async def due(self, most: int) -> Sequence[Identity]:
        """Whose ledger has to be looked at now and is in nobody's hand; the longest due first."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next one has to be looked at; None if none has."""
        ...
