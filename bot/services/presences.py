"""What people do about their own presence: set it for a time, end it, look at it, take it back."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.claims import Claim, Ledger, Source
from bot.domain.inbox import Intent
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Confirmation, Event
from bot.domain.presence import Presence, PresenceState
from bot.domain.transitions import Transition, by_hand, own, restored_to, seen, step
from bot.errors import TELLABLE
from bot.ports import AccountStore, Clock, Inbox
from bot.services.caller import Caller, call_as
from bot.services.keeping import PRESENCE_PROVIDER, Done, Keeper, Plan

_SUBJECT = "presence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """From when until when a presence is to last; for ever without an end.

    Attributes:
        starts_at: None for now.
        ends_at: None for until changed.
        event: The event whose time that is.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    event: Event | None = None


UNTIL_CHANGED = Lasting()


class Presences:
    """The use cases around presence."""

    def __init__(
        self, *, keeper: Keeper, accounts: AccountStore, inbox: Inbox, clock: Clock
    ) -> None:
        self._keeper = keeper
        self._accounts = accounts
        self._inbox = inbox
        self._clock = clock

    async def show(self, caller: Caller) -> Done:
        """Read the caller's presence, and what is kept about it."""
        return await self._keeper.look(await call_as(caller, self._accounts, PRESENCE_PROVIDER))

    async def set(self, caller: Caller, wanted: Presence, lasting: Lasting = UNTIL_CHANGED) -> Done:
        """Set the caller's presence for a time, and read it back.

        A repeated command (after the process died) finds its claim and writes only what is missing.
        """
        claim = self._claim(caller, wanted, lasting)
        return await self._change(
            caller,
            lambda ledger, held: by_hand(
                ledger, held, ledger.claim(claim.claim_id) or claim, self._clock.now()
            ),
        )

    async def online(self, caller: Caller) -> Done:
        """End all that is on, and show online."""
        return await self._change(
            caller, lambda ledger, held: own(ledger, held, Presence.ONLINE, self._clock.now())
        )

    async def claim(self, caller: Caller, claim_id: str) -> Claim | None:
        """One of the caller's claims, on now or to come."""
        return (await self._keeper.ledger_of(caller.identity)).claim(claim_id)

    async def end(self, caller: Caller, claim_id: str) -> Done:
        """End one claim before its time; what is behind it decides from now on."""

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            now = self._clock.now()
            return step(seen(ledger, held, now)[0].ending([claim_id]), held, now)

        return await self._change(caller, plan)

    async def warned(self, caller: Caller) -> None:
        """The caller knows from now on that others do not get to see it."""
        await self._keeper.note(caller.identity, lambda ledger: replace(ledger, warned=True))

    async def take_back(self, caller: Caller, change: Change) -> Done | None:
        """Bring back what was held before a change, provided that what it set is still there.

        Returns:
            What is held now; None if it was changed since, and so left as it is.
        """
        before, after = Presence(change.before), Presence(change.after) if change.after else None
        replayed = await self._earlier(caller) is not None
        left = False

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            nonlocal left
            now = self._clock.now()
            if held is not after and not (replayed and held is before):
                left = True
                return step(ledger, held, now)
            return self._back(caller, seen(ledger, held, now)[0], held, before)

        done = await self._change(caller, plan, undoes=True)
        return None if left else done

    def _back(
        self, caller: Caller, ledger: Ledger, held: Presence | None, before: Presence
    ) -> Transition:
        now = self._clock.now()
        by_hand_now = [one.claim_id for one in ledger.live(now) if one.source is Source.HAND]
        rest = ledger.ending(by_hand_now)
        decides = rest.deciding(now)
        back = restored_to(rest) if decides is None else decides.presence
        if back is before and ledger.shown is not None:
            return step(rest, held, now)
        if before is Presence.ONLINE:
            return own(ledger, held, before, now)
        return by_hand(ledger, held, self._claim(caller, before, UNTIL_CHANGED), now)

    async def _change(self, caller: Caller, plan: Plan, *, undoes: bool = False) -> Done:
        call = await call_as(caller, self._accounts, PRESENCE_PROVIDER)
        earlier = await self._earlier(caller)
        change = self._begun(caller, undoes=undoes)
        if earlier is not None:
            change = replace(change, before=earlier.before, after=earlier.wanted)
            caller.changes.put(change)

        written = False

        async def begin(held: Presence | None, wanted: Presence) -> None:
            nonlocal change, written
            written = True
            change = replace(change, before=change.before or held or "", after=wanted)
            await self._inbox.record_intent(self._intent(caller, change, earlier))
            caller.changes.put(change)

        try:
            done = await self._keeper.change(call, plan, begin)
        except TELLABLE:
            if earlier is None:
                caller.changes.drop(change)
            raise
        if earlier is not None and not written:
            # What was before is what the first attempt had found, if it did.
            before = Presence(earlier.before) if earlier.before else None
            done = replace(done, state=replace(done.state, before=before))
        if change.after:
            _note(caller, change, done.state)
        return done

    async def _earlier(self, caller: Caller) -> Intent | None:
        """What an earlier attempt at this very command was about to write."""
        return await self._inbox.find_intent(caller.entry_id, PRESENCE_PROVIDER, _SUBJECT)

    def _intent(self, caller: Caller, change: Change, earlier: Intent | None) -> Intent:
        return Intent(
            entry_id=caller.entry_id,
            provider=PRESENCE_PROVIDER,
            subject=_SUBJECT,
            before=change.before,
            wanted=change.after,
            stored_at=self._clock.now(),
            attempts=1 if earlier is None else earlier.attempts + 1,
        )

    def _claim(self, caller: Caller, wanted: Presence, lasting: Lasting) -> Claim:
        now, event = self._clock.now(), lasting.event
        return Claim(
            claim_id=f"hand-{caller.entry_id}",
            source=Source.HAND,
            presence=wanted,
            starts_at=lasting.starts_at or now,
            ends_at=lasting.ends_at,
            made_at=now,
            event=None if event is None else event.ref,
            title="" if event is None else event.title,
        )

    def _begun(self, caller: Caller, *, undoes: bool) -> Change:
        return Change(
            owner=caller.identity,
            at=self._clock.now(),
            conversation=caller.conversation,
            provider=PRESENCE_PROVIDER,
            kind=ChangeKind.PRESENCE,
            confirmation=Confirmation.UNKNOWN,
            undoes=undoes,
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
