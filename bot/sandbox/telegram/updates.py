"""Updates waiting for the bot, and the long poll that fetches them.

https://core.telegram.org/bots/api#getting-updates
"""

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.rows import Json

KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "my_chat_member",
        "chat_member",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "poll",
        "poll_answer",
        "chat_join_request",
    }
)
DEFAULT_KINDS = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
FIRST_UPDATE_ID = 700_000_001
_ELSEWHERE = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An update, already written down.

    Attributes:
        lane: Updates of one lane are delivered to a webhook one after another.
    """

    update_id: int
    lane: tuple[str, int]
    body: str


class UpdateQueue:
    """What was not confirmed yet, oldest first.

    Nothing is thrown away with age; Telegram forgets messages after a day and presses after 150
    seconds.

    Args:
        changed: Told when a long poll begins to wait.
    """

    def __init__(self, *, changed: Callable[[], None]) -> None:
        self.pending: dict[int, Update] = {}
        self._changed = changed
        self.allowed: frozenset[str] = DEFAULT_KINDS
        self.on_added: Callable[[Update], None] | None = None
        self._next_id = FIRST_UPDATE_ID
        self._poll: asyncio.Future[None] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether a long poll is under way."""
        return self._poll is not None

    def add(self, kind: str, payload: Json, *, lane: tuple[str, int]) -> int | None:
        """Put an update in; says its number, or None if the bot does not want this kind."""
        if kind not in self.allowed:
            return None
        return self._put({"update_id": self._next_id, kind: payload}, lane)

    def add_raw(self, update: object, *, lane: tuple[str, int]) -> int:
        """Put in whatever a test wants the bot to see; an object without a number gets one."""
        if isinstance(update, dict) and "update_id" not in update:
            update = {"update_id": self._next_id, **update}
        return self._put(update, lane)

    def allow(self, kinds: object) -> None:
        """Heed `allowed_updates`; an empty or unreadable list means the default."""
        if isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds):
            self.allowed = KINDS.intersection(kinds) or DEFAULT_KINDS

    def confirm_below(self, offset: int) -> None:
        """Forget updates as an offset says; a negative one counts from the newest."""
        if offset < 0:
            gone: Collection[int] = list(self.pending)[:offset]
        else:
            gone = [number for number in self.pending if number < offset]
        for number in gone:
            del self.pending[number]

    async def fetch(self, *, limit: int, timeout: float) -> list[Update]:
        """Wait for updates at most that long. Whoever waited before is sent away.

        Raises:
            ApiError: 409, to whoever waited when somebody else came or a webhook was set.
        """
        self.send_away(_ELSEWHERE)
        if not self.pending and timeout > 0:
            self._poll = poll = asyncio.get_running_loop().create_future()
            self._changed()
            try:
                async with asyncio.timeout(timeout):
                    await poll
            except TimeoutError:
                pass
            finally:
                if self._poll is poll:
                    self._poll = None
        return list(self.pending.values())[:limit]

    def send_away(self, why: str) -> None:
        """End the long poll that is under way with 409."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(ApiError.conflict(why))

    def release(self) -> None:
        """End the long poll that is under way with what there is."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def _put(self, update: object, lane: tuple[str, int]) -> int:
        number = self._next_id
        self._next_id += 1
        added = Update(update_id=number, lane=lane, body=json.dumps(update))
        self.pending[number] = added
        self.release()
        if self.on_added is not None:
            self.on_added(added)
        return number
