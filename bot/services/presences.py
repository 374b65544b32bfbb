"""What people do about their own presence: set it for a time, end it, look at it, take it back."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.chat import Identity
from bot.domain.claims import Claim, Source, same
from bot.domain.inbox import Intent
from bot.domain.journal import Change, ChangeKind
from bot.domain.ledger import Ledger
from bot.domain.participation import Confirmation, Event
from bot.domain.presence import Presence, PresenceState
from bot.domain.transitions import (
    Transition,
    by_hand,
    own,
    remembered,
    seen,
    step,
    taken_back,
)
from bot.errors import TELLABLE, UserError
from bot.ports import AccountStore, Call, Clock, Inbox
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

    async def has_account(self, person: Identity) -> bool:
        """Whether somebody has an account with a presence."""
        return await self._keeper.account_of(person) is not None

    async def of(self, person: Identity, deadline: float) -> Done | None:
        """Somebody's presence for those to whom they agreed to show it; None without an account.

        Raises:
            ProviderError, TransportError: It cannot be read.
        """
        account = await self._keeper.account_of(person)
        if account is None:
            return None
        return await self._keeper.look(Call(account=account, deadline=deadline))

    async def set(self, caller: Caller, wanted: Presence, lasting: Lasting = UNTIL_CHANGED) -> Done:
        """Set the caller's presence for a time, and read it back."""
        claim = self._claim(caller, wanted, lasting)
        return await self._change(
            caller,
            lambda ledger, held: by_hand(ledger, held, claim, self._clock.now()),
            claim_id=claim.claim_id,
        )

    async def online(self, caller: Caller) -> Done:
        """End all that is on, and show online."""
        return await self._change(
            caller, lambda ledger, held: own(ledger, held, Presence.ONLINE, self._clock.now())
        )

    async def claim(self, caller: Caller, claim_id: str) -> Claim | None:
        """One of the caller's claims, on now or to come."""
        return (await self._keeper.ledger_of(caller.identity)).claim(claim_id)

    async def end(self, caller: Caller, claim: Claim) -> Done:
        """End one claim before its time; what is behind it decides from now on.

        A meeting that is in several calendars is one.
        """

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            now = self._clock.now()
            ids = [one.claim_id for one in ledger.claims if one == claim or same(one, claim)]
            return step(seen(ledger, held, now)[0].ending(ids), held, now)

        return await self._change(caller, plan)

    async def warned(self, caller: Caller) -> None:
        """The caller knows from now on that others do not get to see it."""
        await self._keeper.note(caller.identity, lambda ledger: replace(ledger, warned=True))

    async def changed_at(self, caller: Caller) -> datetime | None:
        """When the caller last asked for something that can be taken back; None if nothing can."""
        ledger = await self._keeper.ledger_of(caller.identity)
        if ledger.entry_id == caller.entry_id:
            # It was taken back by an earlier attempt at this very command.
            return self._clock.now()
        return None if ledger.last is None else ledger.last.at

    async def take_back(self, caller: Caller) -> Done | None:
        """Bring back how it was before the last thing that the caller asked for.

        Returns:
            What is held now; None if something has happened since, and so nothing was done.
        """
        left = False

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            nonlocal left
            now = self._clock.now()
            transition = taken_back(ledger, held, now)
            left = transition is None
            return transition or step(ledger, held, now)

        done = await self._change(caller, plan, undoes=True)
        return None if left else done

    async def _change(
        self, caller: Caller, plan: Plan, *, claim_id: str = "", undoes: bool = False
    ) -> Done:
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
            done = await self._keeper.change(
                call, self._noted(caller, plan, claim_id, undoes=undoes), begin
            )
        except TELLABLE as error:
            if earlier is None:
                caller.changes.drop(change)
            if earlier is None or written or isinstance(error, UserError):
                raise
            # Nobody can say that nothing was changed: the first attempt may have written.
            done = await self._unseen(caller)
        if earlier is not None and not written:
            # What was before is what the first attempt had found, if it did.
            before = Presence(earlier.before) if earlier.before else None
            done = replace(done, state=replace(done.state, before=before))
        if change.after:
            _note(caller, change, done.state)
        return done

    async def _unseen(self, caller: Caller) -> Done:
        """What came of a change that may have been made, where nobody can look."""
        ledger = await self._keeper.ledger_of(caller.identity)
        state = PresenceState(presence=None, confirmation=Confirmation.UNKNOWN)
        return Done(ledger=ledger, state=state, earlier=ledger)

    def _noted(self, caller: Caller, plan: Plan, claim_id: str, *, undoes: bool) -> Plan:
        """The plan, once: an attempt after the process died only finishes what the first began."""

        def noted(ledger: Ledger, held: Presence | None) -> Transition:
            now = self._clock.now()
            if ledger.entry_id == caller.entry_id:
                return step(ledger, held, now)
            transition = plan(ledger, held)
            last = None
            if not undoes:
                last = remembered(ledger, held, transition, now, claim_id=claim_id)

            def note(kept: Ledger) -> Ledger:
                # News of what was on before would contradict the reply.
                return replace(kept, entry_id=caller.entry_id, last=last, news=())

            return replace(transition, before=note(transition.before), after=note(transition.after))

        return noted

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
            entry_id=caller.entry_id,
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
