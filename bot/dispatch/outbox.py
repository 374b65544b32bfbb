"""Delivery of stored replies, with retries outside the person's lane."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from bot.domain.chat import Platform
from bot.domain.inbox import Delivery, InboxEntry
from bot.errors import PlatformError
from bot.ports import ChatPlatform, Clock, Inbox

logger = logging.getLogger(__name__)

RETRY_FOR = 300.0
"""Seconds for which a reply is retried before it is given up."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


class Outbox:
    """Posts replies and closes their inbox entries when all are delivered or given up."""

    def __init__(
        self, *, inbox: Inbox, platforms: Mapping[Platform, ChatPlatform], clock: Clock
    ) -> None:
        self._inbox = inbox
        self._platforms = platforms
        self._clock = clock
        self._retries: set[asyncio.Task[None]] = set()

    async def send(self, entry: InboxEntry, deliveries: Sequence[Delivery]) -> None:
        """Try each reply once, in order; what fails for a while is retried in the background."""
        failed = [delivery for delivery in deliveries if not await self._try(delivery)]
        if not failed:
            await self._inbox.close(entry)
            return
        task = asyncio.create_task(self._retry(entry, failed), name="reply retry")
        self._retries.add(task)
        task.add_done_callback(self._retries.discard)

    async def drain(self) -> None:
        """Wait until no retry is under way."""
        while self._retries:
            await asyncio.wait(self._retries)

    async def stop(self) -> None:
        """Give up waiting; what is not delivered stays open in the inbox."""
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)

    async def _retry(self, entry: InboxEntry, failed: Sequence[Delivery]) -> None:
        give_up_at = self._clock.monotonic() + RETRY_FOR
        pause = _FIRST_PAUSE
        while failed and self._clock.monotonic() < give_up_at:
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            failed = [delivery for delivery in failed if not await self._try(delivery)]
        for delivery in failed:
            logger.error("reply %d given up", delivery.delivery_id)
            await self._inbox.delivered(delivery, None)
        await self._inbox.close(entry)

    async def _try(self, delivery: Delivery) -> bool:
        """Whether the reply needs no further attempt."""
        try:
            message_id = await self._platforms[delivery.to.platform].deliver(delivery)
        except PlatformError as error:
            if error.gone:
                logger.warning("reply %d has no reader: %s", delivery.delivery_id, error)
                message_id = None
            else:
                logger.warning("reply %d not delivered yet: %s", delivery.delivery_id, error)
                if error.retry_after:
                    await self._clock.sleep(min(error.retry_after, _LONGEST_PAUSE))
                return False
        await self._inbox.delivered(delivery, message_id)
        return True
