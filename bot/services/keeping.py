"""One person's presence, kept as their claims say: look, store what is about to be, write, store.

The person's commands and the sweep go through here, one at a time for each person.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.accounts import Account
from bot.domain.chat import Identity
from bot.domain.claims import Source
from bot.domain.ledger import Ledger
from bot.domain.participation import Confirmation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.domain.transitions import (
    Kind,
    Transition,
    due_of,
    failed,
    needs_a_look,
    reminded,
    seen,
    settled,
    step,
    with_news,
)
from bot.errors import TELLABLE, BotError, RateLimitedError
from bot.ports import (
    AccountStore,
    Call,
    Clock,
    KeptLedger,
    PresenceBook,
    PresenceProvider,
    Priority,
)
from bot.services.caller import account_at

logger = logging.getLogger(__name__)

PRESENCE_PROVIDER = Provider.BITRIX24
"""Only Bitrix24 has a presence; calendar services know none."""
LEASE = timedelta(seconds=20)
"""For how long somebody may have a ledger in hand; while they write, until that has to be done."""
LONGEST_LEASE = timedelta(seconds=50)
_SLACK = timedelta(seconds=5)
_SWEEP_DEADLINE = 15.0
_WAIT_FOR_HAND = 0.1

Plan = Callable[[Ledger, Presence | None], Transition]
"""What is to be done, given the ledger and what the portal shows."""

Begin = Callable[[Presence | None, Presence], Awaitable[None]]
"""Takes note of what is about to be written over what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of it.

    Attributes:
        ledger: As it is kept now.
        state: What the portal holds now, as far as anybody knows.
        earlier: The ledger as it was before.
    """

    ledger: Ledger
    state: PresenceState
    earlier: Ledger


class Keeper:
    """Does what a ledger says, at the portal."""

    def __init__(
        self,
        *,
        book: PresenceBook,
        providers: Mapping[Provider, PresenceProvider],
        accounts: AccountStore,
        clock: Clock,
    ) -> None:
        self._book = book
        self._provider = providers[PRESENCE_PROVIDER]
        self._accounts = accounts
        self._clock = clock

    async def ledger_of(self, owner: Identity) -> Ledger:
        """A person's ledger as it is now, with nothing that is over."""
        kept = await self._book.read(owner)
        return kept.ledger.tidied(self._clock.now())

    async def account_of(self, owner: Identity) -> Account | None:
        """The account whose presence it is; None if they have none."""
        return await account_at(owner, self._accounts, PRESENCE_PROVIDER)

    async def place_of(self, owner: Identity) -> str:
        """The portal where it is; those at one place share its limit."""
        account = await self.account_of(owner)
        return "" if account is None else account.place

    async def look(self, call: Call) -> Done:
        """What the portal shows, and what is kept about it; nothing is changed."""
        state = await self._provider.get_presence(call)
        ledger = await self.ledger_of(call.account.owner)
        return Done(ledger=ledger, state=state, earlier=ledger)

    async def change(self, call: Call, plan: Plan, begin: Begin) -> Done:
        """Do what the person asks for now.

        Args:
            call: In their name.
            plan: What is to be done.
            begin: Called before something is written; what it raises stops it.

        Raises:
            ProviderError: Refused, or busy; surely nothing was changed.
            TransportError: Not sent; surely nothing was changed.
        """
        held = await self._take(call.account.owner, call.deadline)
        kept = held.ledger
        try:
            look = await self._provider.get_presence(call)
            transition = plan(_at(call.account, kept), look.presence)
            if transition.write is None:
                kept = settled(transition.after)
                return _done(held, kept, replace(look, before=look.presence))
            await begin(look.presence, transition.write)
            # Should this be broken off, nobody knows; the sweep will look.
            kept = transition.before
            try:
                state = await self._write(held, call, transition)
            except TELLABLE:
                kept = held.ledger
                raise
            kept = _outcome(state, transition, held.ledger)
            return _done(held, kept, replace(state, before=look.presence))
        finally:
            await self._release(held, kept)

    async def note(self, owner: Identity, edit: Callable[[Ledger], Ledger]) -> Ledger:
        """Change claims without asking the portal; what follows from it is for the sweep.

        Raises:
            RateLimitedError: Somebody else had it in hand all the time.
        """
        held = await self._take(owner, self._clock.monotonic() + _SWEEP_DEADLINE)
        ledger = edit(held.ledger)
        await self._release(held, ledger)
        return ledger

    async def leave(self, account: Account, deadline: float) -> None:
        """Give back what was there before, as far as that can be done: its account is about to go.

        It never raises: what cannot be given back stays, and the account goes nevertheless.
        """

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            now = self._clock.now()
            ledger, _ = seen(ledger, held, now)
            transition = step(replace(ledger, claims=()), held, now)
            # What other calendars say may count again at the next portal.
            stay = ledger.without(lambda claim: claim.source is Source.HAND).claims
            after = replace(transition.after, claims=stay, last=None)
            return replace(transition, after=after)

        async def begin(_held: Presence | None, _wanted: Presence) -> None:
            pass

        soon = min(deadline, self._clock.monotonic() + _SWEEP_DEADLINE)
        try:
            ledger = (await self._book.read(account.owner)).ledger
            if ledger.account_id == account.account_id and (ledger.shown or ledger.writing):
                await self.change(Call(account=account, deadline=soon), plan, begin)
        except BotError as error:
            logger.info("a presence stays as it is while its account goes: %s", error)

    async def sweep(self, known: KeptLedger) -> Ledger | None:
        """Do what is due; None if somebody else has it in hand, or has changed it meanwhile."""
        now = self._clock.now()
        account = await self.account_of(known.owner)
        if account is None:
            # Nobody can take anything back any more.
            return await self._swept(known, lambda _: Ledger())
        here = _at(account, known.ledger)
        if not needs_a_look(here, now):
            return await self._swept(
                known, lambda ledger: settled(reminded(ledger.tidied(now), now))
            )
        deadline = self._clock.monotonic() + _SWEEP_DEADLINE
        call = Call(account=account, deadline=deadline, priority=Priority.SWEEP)
        try:
            # Asked before it is taken in hand: a command of theirs does not wait for that.
            look = await self._provider.get_presence(call)
        except TELLABLE:
            return await self._swept(known, lambda ledger: failed(ledger, now))
        return await self._step(known, call, look.presence)

    async def _step(self, known: KeptLedger, call: Call, shown: Presence | None) -> Ledger | None:
        held = await self._book.take(known.owner, self._lease(), version=known.version)
        if held is None:
            return None
        deadline = self._clock.monotonic() + _SWEEP_DEADLINE
        call = replace(call, priority=Priority.IN_HAND, deadline=deadline)
        now = self._clock.now()
        ledger = _at(call.account, held.ledger)
        transition = step(ledger, shown, now)
        after = reminded(with_news(transition, ledger, shown, now), now)
        if transition.kind is not Kind.NOTHING:
            after = replace(after, last=None)
        transition = replace(transition, after=after)
        kept = transition.before
        try:
            if transition.write is None:
                kept = after
            else:
                state = await self._write(held, call, transition)
                kept = _outcome(state, transition, ledger)
                if kept is not after:
                    kept = failed(kept, now)
        except TELLABLE:
            kept = failed(ledger, now)
        finally:
            await self._release(held, kept)
        return kept

    async def _write(self, held: KeptLedger, call: Call, transition: Transition) -> PresenceState:
        assert transition.write is not None  # noqa: S101 - whoever calls this has looked
        left = timedelta(seconds=call.deadline - self._clock.monotonic()) + _SLACK
        until = self._clock.now() + min(max(LEASE, left), LONGEST_LEASE)
        if not await self._book.keep(held, transition.before, until):
            raise _busy()
        return await self._provider.set_presence(call, transition.write)

    async def _swept(self, known: KeptLedger, edit: Callable[[Ledger], Ledger]) -> Ledger | None:
        held = await self._book.take(known.owner, self._lease(), version=known.version)
        if held is None:
            return None
        ledger = edit(held.ledger)
        await self._release(held, ledger)
        return ledger

    async def _take(self, owner: Identity, deadline: float) -> KeptLedger:
        while (held := await self._book.take(owner, self._lease())) is None:
            if self._clock.monotonic() + _WAIT_FOR_HAND >= deadline:
                raise _busy()
            await self._clock.sleep(_WAIT_FOR_HAND)
        return held

    async def _release(self, held: KeptLedger, ledger: Ledger) -> None:
        await self._book.release(held, ledger, due_of(ledger, self._clock.now()))

    def _lease(self) -> datetime:
        return self._clock.now() + LEASE


def _done(held: KeptLedger, ledger: Ledger, state: PresenceState) -> Done:
    return Done(ledger=ledger, state=state, earlier=held.ledger)


def _outcome(state: PresenceState, transition: Transition, as_it_was: Ledger) -> Ledger:
    """The ledger after a write."""
    if state.confirmation is not Confirmation.CONFIRMED:
        return transition.before
    # The portal may take a command and keep what it had.
    return transition.after if state.presence is transition.write else as_it_was


def _at(account: Account, ledger: Ledger) -> Ledger:
    """The ledger for an account, which may have taken the place of another."""
    # The same person at the same portal, most of the time; if not, it shows something else.
    return replace(ledger, account_id=account.account_id)


def _busy() -> RateLimitedError:
    return RateLimitedError(PRESENCE_PROVIDER, "presence", status=None, retry_after=5.0)
