"""From the inbox to the pipeline: in order for each sender, whichever process took a message in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.dispatch.gate import lane_of
from bot.dispatch.lanes import Lanes
from bot.domain.inbox import InboxEntry
from bot.domain.reference import current_reference, reference_of
from bot.errors import StorageError, TakenOverError
from bot.ports import Claims, Inbox

logger = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
"""Seconds after which what a process left that is gone is taken up."""
_PAUSE = 1.0


class Intake:
    """Has each entry handled once, by whoever has its sender claimed.

    Args:
        inbox: Where entries are kept.
        lanes: In which they are handled.
        claims: Whether others take from the same inbox.
        handle: Does it.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        lanes: Lanes,
        claims: Claims,
        handle: Callable[[InboxEntry], Awaitable[None]],
    ) -> None:
        self._inbox = inbox
        self._lanes = lanes
        self._claims = claims
        self._handle = handle
        self._in_hand: set[int] = set()
        self._refused: set[int] = set()

    def put(self, entry: InboxEntry) -> None:
        """Have an entry handled behind all earlier ones of its sender, unless it waits there."""
        if entry.entry_id in self._in_hand:
            return
        self._in_hand.add(entry.entry_id)
        if entry.refusal is not None:
            self._refused.add(entry.entry_id)
        self._lanes.put(lane_of(entry), lambda: self._see_to(entry))

    async def resume(self) -> None:
        """Take up what nobody has in hand, oldest first."""
        for entry in await self._inbox.unfinished():
            if entry.entry_id not in self._in_hand:
                self.put(entry)

    async def run(self) -> None:
        """Do so again and again until cancelled, if others may leave something."""
        while not self._claims.alone:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self.resume()
            except StorageError as error:
                logger.warning("what others left waits: %s", error)
            except Exception:
                logger.exception("what others left could not be looked for")

    async def _see_to(self, entry: InboxEntry) -> None:
        try:
            alone = self._claims.alone or entry.refusal is not None
            for each in (entry,) if alone else await self._take_up(entry):
                await self._in_its_name(each)
        finally:
            self._in_hand.discard(entry.entry_id)
            self._refused.discard(entry.entry_id)

    async def _take_up(self, entry: InboxEntry) -> Sequence[InboxEntry]:
        """This entry with what other processes took in before it and have not handled yet."""
        while True:
            try:
                due = await self._inbox.take_up(entry)
                return [each for each in due if each.entry_id not in self._refused]
            except StorageError as error:
                logger.warning("waiting for the store: %s", error)
            await asyncio.sleep(_PAUSE)

    async def _in_its_name(self, entry: InboxEntry) -> None:
        token = current_reference.set(reference_of(entry.message.key))
        try:
            await self._handle(entry)
        except TakenOverError as error:
            logger.warning("left to another process: %s", error)
        except Exception:
            logger.exception("an entry could not be handled")
        finally:
            current_reference.reset(token)
