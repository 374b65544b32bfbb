"""What is kept of sign-ins that are under way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.inbox import Delivery
from bot.domain.sign_ins import SignInAttempt


class SignInAttempts(Protocol):
    """Sign-ins under way; credentials that wait for an answer are sealed.

    Raises StorageError from every method while the store cannot write.
    """

    async def add(self, attempt: SignInAttempt) -> None:
        """Keep a new one."""
        ...

    async def find(self, hashed: str) -> SignInAttempt | None:
        """The one to which a secret with this hash belongs, at whatever step; expired ones too."""
        ...

    async def advance(self, old: SignInAttempt, new: SignInAttempt) -> bool:
        """Take a step; durable on return.

        Returns:
            False if somebody else has moved on from `old` meanwhile: nothing was changed.
        """
        ...

    async def waiting(self) -> Sequence[SignInAttempt]:
        """Those with credentials in hand, at whatever step, expired ones too."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget those that ran out before that moment; how many."""
        ...

    async def message_of(self, attempt: SignInAttempt) -> tuple[Delivery, str] | None:
        """The message with the link, and its id; None if it was not delivered or is forgotten."""
        ...
