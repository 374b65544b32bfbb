"""Setting and showing a person's own presence."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.inbox import Intent
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.errors import TELLABLE
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

    async def set(self, caller: Caller, wanted: Presence, *, undoes: bool = False) -> PresenceState:
        """Set the caller's presence and read it back.

        A repeated command (after the process died) reads first and writes only what is missing.
        """
        call = await call_as(caller, self._accounts, PRESENCE_PROVIDER)
        provider = self._providers[PRESENCE_PROVIDER]
        change = replace(self._begun(caller, wanted), undoes=undoes)
        earlier = await self._inbox.find_intent(caller.entry_id, provider.name, _SUBJECT)
        if earlier is not None:
            caller.changes.put(change)
            state = await provider.get_presence(call)
            if state.presence is wanted:
                caller.changes.put(replace(change, confirmation=state.confirmation))
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
        caller.changes.put(change)
        try:
            state = await provider.set_presence(call, wanted)
        except TELLABLE:
            caller.changes.drop(change)
            raise
        _note(caller, change, state)
        return state

    async def restore(
        self, caller: Caller, former: Presence, ours: Presence | None
    ) -> tuple[PresenceState, bool]:
        """Set what was before, provided that what we set is still there; else leave it as it is.

        Returns:
            What is held now, and whether it was set.
        """
        earlier = await self._inbox.find_intent(caller.entry_id, PRESENCE_PROVIDER, _SUBJECT)
        if earlier is None:
            state = await self.show(caller)
            if state.presence is not ours:
                return state, False
        return await self.set(caller, former, undoes=True), True

    def _begun(self, caller: Caller, wanted: Presence) -> Change:
        return Change(
            owner=caller.identity,
            at=self._clock.now(),
            conversation=caller.conversation,
            provider=PRESENCE_PROVIDER,
            kind=ChangeKind.PRESENCE,
            after=wanted,
            confirmation=Confirmation.UNKNOWN,
        )


def _note(caller: Caller, begun: Change, state: PresenceState) -> None:
    """Note for the journal what came of it; what was so before is no change."""
    confirmed = state.confirmation is Confirmation.CONFIRMED
    if confirmed and state.presence is not None and state.presence is state.before:
        caller.changes.drop(begun)
        return
    after = (state.presence or "") if confirmed else begun.after
    caller.changes.put(
        replace(begun, before=state.before or "", after=after, confirmation=state.confirmation)
    )
