"""Waiting while the store cannot write, and saying so."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from bot.dispatch.addressing import address
from bot.domain.chat import IncomingMessage, Platform
from bot.domain.inbox import InboxEntry
from bot.domain.zones import zone_of
from bot.errors import PlatformError, StorageError
from bot.ports import ChatPlatform, Clock, Store
from bot.services.troubles import Troubles
from bot.texts import Draft, M, Texts

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


class Patience:
    """Tries again until the store writes; the message stays open in the inbox meanwhile."""

    def __init__(
        self,
        *,
        store: Store,
        platforms: Mapping[Platform, ChatPlatform],
        clock: Clock,
        default_language: str,
        troubles: Troubles,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._clock = clock
        self._default_language = default_language
        self._troubles = troubles

    async def take_in(self, messages: Sequence[IncomingMessage]) -> Sequence[InboxEntry]:
        """Put messages into the inbox. Whoever brings them tries again by themselves.

        Raises:
            StorageError: They could not be kept.
        """
        if not messages:
            # That nothing was written says nothing of the store.
            return ()
        try:
            entries = await self._store.add(messages)
        except StorageError:
            self._troubles.stored(well=False)
            raise
        self._troubles.stored(well=True)
        return entries

    async def drain(self) -> None:
        """Wait until the owner knows all that there is to tell."""
        await self._troubles.drain()

    async def stop(self) -> None:
        """Leave untold what is not told yet."""
        await self._troubles.stop()

    async def until_stored(self, entry: InboxEntry, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that needs the store; its sender is told once that it waits."""
        pause, told = _FIRST_PAUSE, False
        while True:
            try:
                done = await work()
            except StorageError as error:
                logger.warning("waiting for the store: %s", error)
            else:
                self._troubles.stored(well=True)
                return done
            self._troubles.stored(well=False)
            if not told:
                told = True
                await self._tell(entry)
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _tell(self, entry: InboxEntry) -> None:
        """Say that the command waits, unless it was begun: "nothing changed" might be false."""
        message = entry.message
        try:
            if await self._store.has_intents(entry.entry_id):
                return
            person = await self._store.find_person(message.sender)
            language = self._default_language if person is None else person.language
            draft = Draft(Texts(language, zone_of("UTC"))).add(M.STORE_WAITING)
            note = address(message, draft.reply(replaces_card=False))
            await self._platforms[message.sender.platform].deliver(note)
        except (StorageError, PlatformError) as error:
            logger.warning("could not tell that a command waits: %s", error)
