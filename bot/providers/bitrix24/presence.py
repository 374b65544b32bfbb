"""Presence at a portal."""

from typing import TYPE_CHECKING

from bot.clients.bitrix24 import im
from bot.clients.bitrix24.client import Bitrix24Client
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.ports import AccountStore, Call, PresenceProvider
from bot.providers.bitrix24.portal import Change, Portal, Proof


class Bitrix24Presence:
    """Presence in Bitrix24. The current messenger shows others nothing but "online"."""

    name = Provider.BITRIX24

    def __init__(self, client: Bitrix24Client, accounts: AccountStore) -> None:
        self._portal = Portal(client, accounts)

    async def get_presence(self, call: Call) -> PresenceState:
        """See `PresenceProvider.get_presence`."""
        held = im.parse_status(await self._portal.call(call, im.get_status()))
        return _presence_state(Proof(confirmation=Confirmation.CONFIRMED, held=held))

    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        """See `PresenceProvider.set_presence`."""
        change = Change(
            write=im.set_status(presence.value),
            read=im.get_status(),
            parse=im.parse_status,
            wanted=presence.value,
            look=True,
        )
        return _presence_state(await self._portal.write_and_read(call, change))


def _presence_state(proof: Proof) -> PresenceState:
    held, before = proof.held, proof.before
    return PresenceState(
        presence=None if held is None else Presence(held),
        confirmation=proof.confirmation,
        shown=held is None or held in im.SHOWN_STATUSES,
        before=None if before is None else Presence(before),
    )


if TYPE_CHECKING:
    _conforms: type[PresenceProvider] = Bitrix24Presence
