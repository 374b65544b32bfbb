"""A presence system in memory."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.domain.accounts import Account
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.errors import ProviderError, TransportError
from bot.ports import Call, PresenceProvider
from tests.fakes.calendars import FakeVendor


@dataclass(slots=True, kw_only=True)
class FakePresence:
    """Everybody's presence.

    Attributes:
        shown: What others get to see; the rest is kept and not displayed.
        held: By account id, past the port.
    """

    vendor: FakeVendor
    shown: frozenset[Presence] = frozenset(Presence)
    held: dict[str, Presence] = field(default_factory=dict)

    @property
    def name(self) -> Provider:
        return self.vendor.name

    async def get_presence(self, call: Call) -> PresenceState:
        await self.vendor.read(call)
        return self._state(self._held(call.account), Confirmation.CONFIRMED)

    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        def apply() -> None:
            self.held[call.account.account_id] = presence

        before = self._held(call.account)
        confirmation = await self.vendor.write(call, "presence", apply)
        if confirmation is Confirmation.UNKNOWN:
            # The answer that would have told is lost.
            before = None
        try:
            await self.vendor.read(call)
        except (ProviderError, TransportError):
            return self._state(None, confirmation)
        seen = self._held(call.account)
        if confirmation is Confirmation.UNKNOWN and seen is presence:
            confirmation = Confirmation.CONFIRMED
        return replace(self._state(seen, confirmation), before=before)

    def _held(self, account: Account) -> Presence | None:
        return self.held.get(account.account_id)

    def _state(self, presence: Presence | None, confirmation: Confirmation) -> PresenceState:
        return PresenceState(
            presence=presence,
            confirmation=confirmation,
            shown=presence is None or presence in self.shown,
        )


if TYPE_CHECKING:
    _conforms: type[PresenceProvider] = FakePresence
