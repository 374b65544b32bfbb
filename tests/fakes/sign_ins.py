"""Sign-ins under way in a dictionary."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.inbox import Delivery
from bot.domain.sign_ins import SignInAttempt, Stage
from bot.ports import SignInAttempts
from tests.fakes.platform import FakePlatform


class MemorySignIns:
    """Forgets everything with the test; finds messages where the fake chat has them."""

    def __init__(self, chat: FakePlatform) -> None:
        self._chat = chat
        self.kept: dict[str, SignInAttempt] = {}

    async def add(self, attempt: SignInAttempt) -> None:
        self.kept[attempt.attempt_id] = attempt

    async def find(self, hashed: str) -> SignInAttempt | None:
        for attempt in self.kept.values():
            if hashed in (attempt.link, attempt.state, attempt.question):
                return attempt
        return None

    async def advance(self, old: SignInAttempt, new: SignInAttempt) -> bool:
        known = self.kept.get(old.attempt_id)
        if known is None or _step(known) != _step(old):
            return False
        self.kept[old.attempt_id] = new
        return True

    async def waiting(self) -> Sequence[SignInAttempt]:
        return [attempt for attempt in self.kept.values() if attempt.signed_in is not None]

    async def prune(self, before: datetime) -> int:
        over = [attempt for attempt in self.kept.values() if attempt.expires_at < before]
        for attempt in over:
            del self.kept[attempt.attempt_id]
        return len(over)

    async def message_of(self, attempt: SignInAttempt) -> tuple[Delivery, str] | None:
        for message_id, delivery in reversed(self._chat.posted):
            if delivery.to == attempt.owner:
                return delivery, message_id
        return None


def _step(attempt: SignInAttempt) -> tuple[Stage, str, str]:
    return attempt.stage, attempt.link, attempt.state


if TYPE_CHECKING:
    _conforms: type[SignInAttempts] = MemorySignIns
