"""What a person calls an event: its id where that can be typed, else a short handle."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.chat import Identity
from bot.domain.naming import Handle
from bot.domain.participation import Event, EventRef
from bot.domain.providers import Provider
from bot.ports import AccountStore, Handles
from bot.services.caller import account_at

_LETTERS: Mapping[Provider, str] = {Provider.BITRIX24: "b", Provider.CRONOFY: "c"}
HANDLE_LETTERS = frozenset(_LETTERS.values())
"""With which letters handles begin, as in `c7`."""


class EventNames:
    """Names that a person can type.

    A Bitrix24 event of the portal that was linked first is called by its number. Everything else
    gets a handle: ids of Cronofy cannot be typed, and those of a second portal mean another event
    at the first.
    """

    def __init__(self, handles: Handles, accounts: AccountStore) -> None:
        self._handles = handles
        self._accounts = accounts

    async def name(self, owner: Identity, events: Sequence[Event]) -> Sequence[Event]:
        """The same events, called as their person may call them; their `account_id` is known."""
        portal = await account_at(owner, self._accounts, Provider.BITRIX24)
        by_number = "" if portal is None else portal.account_id
        wanted = list(
            dict.fromkeys(event.ref for event in events if event.ref.account_id != by_number)
        )
        numbers = await self._handles.number_events(owner, wanted) if wanted else ()
        handles = {
            ref: str(Handle(letter=_LETTERS[ref.provider], number=number))
            for ref, number in zip(wanted, numbers, strict=True)
        }
        return [_called(event, handles.get(event.ref, "")) for event in events]

    async def find(self, owner: Identity, handle: Handle) -> EventRef | None:
        """The event that a person was told to call so; None if there is none."""
        ref = await self._handles.find_numbered(owner, handle.number)
        if ref is None or _LETTERS[ref.provider] != handle.letter:
            return None
        return replace(ref, handle=str(handle))


def _called(event: Event, handle: str) -> Event:
    if event.ref.handle == handle:
        return event
    return replace(event, ref=replace(event.ref, handle=handle))
