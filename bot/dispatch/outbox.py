"""Delivery of stored replies, each chat's in its order, with retries outside the person's lane."""

import asyncio
import logging
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.chat import Platform
from bot.domain.inbox import Delivery, InboxEntry
from bot.errors import PlatformError
from bot.ports import ChatPlatform, Clock, Inbox

logger = logging.getLogger(__name__)

RETRY_FOR = 300.0
"""Seconds for which a reply is retried before it is given up."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class _Open:
    """An entry, and how many of its replies are still on their way."""

    entry: InboxEntry
    left: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A reply that could not be delivered yet, or waits behind one of its chat that could not.

    Attributes:
        of: Whose reply it is.
        until: When it is given up, on the clock's monotonic scale.
    """

    of: _Open
    delivery: Delivery
    until: float


class Outbox:
    """Posts replies and closes their inbox entries when all are delivered or given up.

    While one waits to be tried again, what is said later in the same chat waits behind it: a card
    that is changed twice has to show the second change.
    """

    def __init__(
        self, *, inbox: Inbox, platforms: Mapping[Platform, ChatPlatform], clock: Clock
    ) -> None:
        self._inbox = inbox
        self._platforms = platforms
        self._clock = clock
        self._waiting: dict[Hashable, deque[_Waiting]] = {}
        self._retries: set[asyncio.Task[None]] = set()

    async def send(self, entry: InboxEntry, deliveries: Sequence[Delivery]) -> None:
        """Try each reply once, in order; what fails for a while is retried in the background."""
        of = _Open(entry, len(deliveries))
        if not deliveries:
            await self._inbox.close(entry)
        for delivery in deliveries:
            if _chat_of(delivery) in self._waiting:
                self._wait(of, delivery)
            elif (pause := await self._try(delivery)) is None:
                await self._end(of)
            else:
                self._wait(of, delivery, pause)

    async def drain(self) -> None:
        """Wait until no retry is under way."""
        while self._retries:
            await asyncio.wait(self._retries)

    async def stop(self) -> None:
        """Give up waiting; what is not delivered stays open in the inbox."""
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)

    def _wait(self, of: _Open, delivery: Delivery, pause: float = _FIRST_PAUSE) -> None:
        """Have a reply tried again behind all that waits in its chat."""
        waiting = _Waiting(of, delivery, self._clock.monotonic() + RETRY_FOR)
        chat = _chat_of(delivery)
        queue = self._waiting.get(chat)
        if queue is not None:
            queue.append(waiting)
            return
        queue = self._waiting[chat] = deque([waiting])
        task = asyncio.create_task(self._retry(chat, queue, pause), name="reply retry")
        self._retries.add(task)
        task.add_done_callback(self._retries.discard)

    async def _retry(self, chat: Hashable, queue: deque[_Waiting], pause: float) -> None:
        longer = _FIRST_PAUSE
        try:
            while queue:
                await self._clock.sleep(min(pause, _LONGEST_PAUSE))
                waiting = queue[0]
                asked = await self._try_again(waiting.delivery)
                if asked is not None and self._clock.monotonic() < waiting.until:
                    longer = min(longer * 2, _LONGEST_PAUSE)
                    pause = max(asked, longer)
                    continue
                if asked is not None:
                    logger.error("reply %d given up", waiting.delivery.delivery_id)
                    await self._inbox.delivered(waiting.delivery, None)
                await self._end(waiting.of)
                queue.popleft()
                pause, longer = 0.0, _FIRST_PAUSE
        finally:
            del self._waiting[chat]

    async def _try_again(self, delivery: Delivery) -> float | None:
        """As `_try`; whatever else goes wrong with it, others wait behind it."""
        try:
            return await self._try(delivery)
        except Exception:
            logger.exception("reply %d could not be sent", delivery.delivery_id)
            return _FIRST_PAUSE

    async def _try(self, delivery: Delivery) -> float | None:
        """Deliver a reply; how long to wait before the next attempt, None if it needs none."""
        try:
            message_id = await self._platforms[delivery.to.platform].deliver(delivery)
        except PlatformError as error:
            if not error.gone:
                logger.warning("reply %d not delivered yet: %s", delivery.delivery_id, error)
                return error.retry_after or _FIRST_PAUSE
            logger.warning("reply %d has no reader: %s", delivery.delivery_id, error)
            message_id = None
        await self._inbox.delivered(delivery, message_id)
        return None

    async def _end(self, of: _Open) -> None:
        """One reply less is on its way."""
        of.left -= 1
        if not of.left:
            await self._inbox.close(of.entry)


def _chat_of(delivery: Delivery) -> Hashable:
    where = delivery.shown_in
    return where.platform, where.chat_id
