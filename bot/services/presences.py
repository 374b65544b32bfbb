"""Setting and showing a person's own presence."""

from collections.abc import Mapping

from bot.domain.inbox import Intent
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.ports import AccountStore, Clock, Inbox, PresenceProvider
from bot.services.caller import Caller, call_as

PRESENCE_PROVIDER = Provider.BITRIX24
"""Only Bitrix24 has a presence; calendar services know none."""

_SUBJECT = "presence"


class Presences:
    """The use cases around presence."""

    def __init__(
        self,
        *,
        providers: Mapping[Provider, PresenceProvider],
        accounts: AccountStore,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self._providers = providers
        self._accounts = accounts
        self._inbox = inbox
        self._clock = clock

    async def show(self, caller: Caller) -> PresenceState:
        """Read the caller's presence."""
        call = await call_as(caller, self._accounts, PRESENCE_PROVIDER)
        return await self._providers[PRESENCE_PROVIDER].get_presence(call)

    async def set(self, caller: Caller, wanted: Presence) -> PresenceState:
        """Set the caller's presence and read it back.

        A repeated command (after the process died) reads first and writes only what is missing.
        """
        call = await call_as(caller, self._accounts, PRESENCE_PROVIDER)
        provider = self._providers[PRESENCE_PROVIDER]
        earlier = await self._inbox.find_intent(caller.entry_id, provider.name, _SUBJECT)
        if earlier is not None:
            state = await provider.get_presence(call)
            if state.presence is wanted:
                return state
        intent = Intent(
            entry_id=caller.entry_id,
            provider=provider.name,
            subject=_SUBJECT,
            before="",
            wanted=wanted,
            stored_at=self._clock.now(),
            attempts=1 if earlier is None else earlier.attempts + 1,
        )
        await self._inbox.record_intent(intent)
        return await provider.set_presence(call, wanted)
