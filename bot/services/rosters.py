"""Who takes part in a meeting, read from the provider with the names that it has for them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.group_cards import Roster
from bot.domain.participation import Event, EventRef
from bot.domain.providers import Provider
from bot.errors import TELLABLE
from bot.ports import AccountStore, CalendarProvider, Call, Directory
from bot.services.answers import Answers
from bot.services.caller import Caller, call_about

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rosters:
    """Reads rosters; every status in one is as it is now."""

    answers: Answers
    calendars: Mapping[Provider, CalendarProvider]
    directories: Mapping[Provider, Directory]
    accounts: AccountStore

    async def of(self, caller: Caller, ref: EventRef) -> Roster:
        """A meeting as the caller sees it.

        Raises:
            EventNotFoundError, NotLinkedError: They see none.
            ProviderError, TransportError: It could not be read.
        """
        event = await self.answers.look(caller, ref, fresh=True)
        return await self._named(await call_about(caller, self.accounts, ref), event)

    async def read(self, call: Call, ref: EventRef) -> Roster:
        """A meeting as an account sees it, for somebody else than who asks for it.

        Raises:
            EventNotFoundError: It sees none.
            ProviderError, TransportError: It could not be read.
        """
        event = await self.calendars[ref.provider].get_event(call, ref, fresh=True)
        return await self._named(call, event)

    async def _named(self, call: Call, event: Event) -> Roster:
        """With names, as far as they can be had: people without one are counted."""
        directory = self.directories.get(event.ref.provider)
        ids = {one.user_id for one in event.attendees if not one.organizer and not one.name}
        if directory is None or event.guests_hidden or not ids:
            return Roster(event=event)
        try:
            return Roster(event=event, names=await directory.names_of(call, ids))
        except TELLABLE as error:
            logger.info("names could not be read: %s", error)
        return Roster(event=event)
