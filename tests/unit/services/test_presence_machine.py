"""Any order of hand, meetings, clock, restarts and changes at the portal, against a small model.

The model says in a few lines what the portal has to show. The real thing stores, looks, writes and
dies half-way; whenever it has come to rest, the portal shows what the model says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.claims import Claim, Source
from bot.domain.ledger import Ledger
from bot.domain.presence import Presence
from bot.domain.providers import Provider
from bot.domain.transitions import Transition, by_hand, own, seen, step
from bot.errors import BotError
from bot.ports import Call, KeptLedger
from bot.services.keeping import LONGEST_LEASE, Keeper
from bot.storage.memory import FixedAccounts
from tests.fakes.calendars import FakeVendor, Trouble
from tests.fakes.clock import START, FakeClock
from tests.fakes.presence_book import MemoryPresenceBook
from tests.fakes.presences import FakePresence

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
ACCOUNT = Account(account_id="a-7", owner=ANN, provider=Provider.BITRIX24)
SLOT = timedelta(minutes=10)
PRESENCES = st.sampled_from([Presence.ONLINE, Presence.DND, Presence.AWAY])
SLOTS = st.integers(min_value=0, max_value=6)
LENGTHS = st.integers(min_value=1, max_value=6)


class Died(BaseException):
    """The process was killed."""


class MortalBook(MemoryPresenceBook):
    """Kills whoever uses it, before or after the n-th thing that is stored from now on."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.dies_in: int | None = None

    def _strike(self) -> None:
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in < 0:
                self.dies_in = None
                raise Died

    async def keep(self, held: KeptLedger, ledger: Ledger, until: datetime) -> bool:
        self._strike()
        kept = await super().keep(held, ledger, until)
        self._strike()
        return kept

    async def release(self, held: KeptLedger, ledger: Ledger, due_at: datetime | None) -> None:
        self._strike()
        await super().release(held, ledger, due_at)


@dataclass
class Model:
    """What has to be so, in the words of whoever asked for it."""

    portal: Presence | None = None
    own: Presence | None = None
    on: Presence | None = None
    claims: dict[str, Claim] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def live(self, now: datetime) -> list[Claim]:
        return [
            claim
            for claim in self.claims.values()
            if claim.starts_at <= now and (claim.ends_at is None or now < claim.ends_at)
        ]

    def wanted(self, now: datetime) -> Presence | None:
        live = self.live(now)
        hands = [claim for claim in live if claim.source is Source.HAND]
        if hands:
            return max(hands, key=lambda claim: (claim.starts_at, claim.made_at)).presence
        for source in (Source.MEETING, Source.SCHEDULE):
            if any(claim.source is source for claim in live):
                return {Source.MEETING: Presence.DND, Source.SCHEDULE: Presence.AWAY}[source]
        return None

    def drop(self, claims: list[Claim]) -> None:
        for claim in claims:
            del self.claims[claim.claim_id]
            self.ended.add(claim.claim_id)

    def notice(self, now: datetime) -> bool:
        """Whoever looks sees that it was changed elsewhere: what is on ends, and that stands."""
        if self.on is None or self.portal is self.on:
            return False
        self.drop(self.live(now))
        self.on = None
        return True

    def settle(self, now: datetime) -> None:
        wanted = self.wanted(now)
        if wanted is self.on:
            return
        if self.on is None:
            self.own = self.portal
        elif self.notice(now):
            return
        self.on = wanted
        self.portal = (self.own or Presence.ONLINE) if wanted is None else wanted

    def pass_time(self, since: datetime, until: datetime) -> None:
        edges = {
            edge
            for claim in self.claims.values()
            for edge in (claim.starts_at, claim.ends_at)
            if edge is not None and since < edge <= until
        }
        for edge in sorted(edges):
            self.settle(edge)


class PresenceMachine(RuleBasedStateMachine):
    @initialize(held=st.none() | st.sampled_from(list(Presence)))
    def begin(self, held: Presence | None) -> None:
        self.loop = asyncio.Runner()
        self.clock = FakeClock()
        self.book = MortalBook(self.clock)
        self.vendor = FakeVendor(
            name=Provider.BITRIX24, clock=self.clock, accounts=frozenset({ACCOUNT})
        )
        self.portal = FakePresence(vendor=self.vendor)
        self.model = Model()
        self.numbers = 0
        self.foreign(held or Presence.ONLINE) if held else None
        self.restart()

    def restart(self) -> None:
        self.keeper = Keeper(
            book=self.book,
            providers={Provider.BITRIX24: self.portal},
            accounts=FixedAccounts({ACCOUNT: Credentials(endpoint="x")}),
            clock=self.clock,
        )

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.close()

    # What happens

    @rule(presence=PRESENCES, slots=st.none() | LENGTHS)
    def set_by_hand(self, presence: Presence, slots: int | None) -> None:
        self._hand(presence, self.clock.now(), slots)

    @rule(presence=PRESENCES, ahead=st.integers(min_value=1, max_value=4), slots=LENGTHS)
    def set_by_hand_for_later(self, presence: Presence, ahead: int, slots: int) -> None:
        self._hand(presence, self._slot(ahead), slots)

    def _hand(self, presence: Presence, starts_at: datetime, slots: int | None) -> None:
        self.numbers += 1
        claim = Claim(
            claim_id=f"hand-{self.numbers}",
            source=Source.HAND,
            presence=presence,
            starts_at=starts_at,
            ends_at=None if slots is None else starts_at + slots * SLOT,
            made_at=self.clock.now() + timedelta(microseconds=self.numbers),
        )

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            return by_hand(ledger, held, ledger.claim(claim.claim_id) or claim, self.clock.now())

        def apply() -> None:
            model, now = self.model, self.clock.now()
            model.notice(now)
            at_once = claim.starts_at <= now
            replaced = [
                other
                for other in model.claims.values()
                if other.source is Source.HAND
                and (other.starts_at == claim.starts_at or (at_once and other in model.live(now)))
            ]
            model.drop(replaced)
            model.claims[claim.claim_id] = claim
            model.settle(now)

        self._command(plan, apply, lambda ledger: ledger.claim(claim.claim_id) is not None)

    @rule()
    def be_online(self) -> None:
        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            return own(ledger, held, Presence.ONLINE, self.clock.now())

        def apply() -> None:
            self.model.drop(self.model.live(self.clock.now()))
            self.model.on, self.model.portal = None, Presence.ONLINE

        self._command(plan, apply, lambda ledger: ledger.writing is Presence.ONLINE)

    @rule(data=st.data())
    def end_one(self, data: st.DataObject) -> None:
        ids = sorted(self.model.claims)
        if not ids:
            return
        claim_id = data.draw(st.sampled_from(ids))

        def plan(ledger: Ledger, held: Presence | None) -> Transition:
            now = self.clock.now()
            return step(seen(ledger, held, now)[0].ending([claim_id]), held, now)

        def apply() -> None:
            self.model.notice(self.clock.now())
            if claim_id in self.model.claims:
                self.model.drop([self.model.claims[claim_id]])
            self.model.settle(self.clock.now())

        self._command(plan, apply, lambda ledger: ledger.claim(claim_id) is None)

    @rule(spans=st.lists(st.tuples(SLOTS, LENGTHS), max_size=4))
    def read_the_calendar(self, spans: list[tuple[int, int]]) -> None:
        self._automatic(Source.MEETING, Presence.DND, spans)

    @rule(spans=st.lists(st.tuples(SLOTS, LENGTHS), max_size=2))
    def know_the_schedule(self, spans: list[tuple[int, int]]) -> None:
        self._automatic(Source.SCHEDULE, Presence.AWAY, spans)

    def _automatic(self, source: Source, presence: Presence, spans: list[tuple[int, int]]) -> None:
        claims = [
            Claim(
                claim_id=f"{source}@{self._slot(first)}+{length}",
                source=source,
                presence=presence,
                starts_at=self._slot(first),
                ends_at=self._slot(first) + length * SLOT,
                made_at=self.clock.now(),
            )
            for first, length in dict.fromkeys(spans)
        ]
        self._run(
            lambda: self.keeper.note(
                ANN,
                lambda ledger: ledger.with_automatic(
                    claims, lambda claim: claim.source is source, self.clock.now()
                ),
            )
        )
        model = self.model
        for known in [one for one in model.claims.values() if one.source is source]:
            del model.claims[known.claim_id]
        model.claims |= {one.claim_id: one for one in claims if one.claim_id not in model.ended}
        model.settle(self.clock.now())
        self._run(self._sweep)
        self._rest()

    @rule(presence=st.sampled_from(list(Presence)))
    def foreign(self, presence: Presence) -> None:
        """The person changes it in the portal itself."""
        self.portal.held[ACCOUNT.account_id] = presence
        self.model.portal = presence

    @rule(minutes=st.sampled_from([1, 7, 10, 35, 120]))
    def wait(self, minutes: int) -> None:
        self._advance(minutes * 60)

    @rule(stores=st.integers(min_value=0, max_value=3))
    def die_soon(self, stores: int) -> None:
        self.book.dies_in = stores

    @rule(trouble=st.sampled_from([Trouble.LOST_BEFORE, Trouble.LOST_AFTER]))
    def lose_an_answer(self, trouble: Trouble) -> None:
        self.vendor.trouble = trouble

    @rule(minutes=st.sampled_from([1, 12, 40]))
    def be_unreachable(self, minutes: int) -> None:
        """Nothing happens at the portal; afterwards only what is due then."""
        self.vendor.trouble = Trouble.UNREACHABLE
        started = self.clock.now()
        self._advance(minutes * 60, at_the_portal=False)
        self.vendor.trouble = None
        self._run(self._sweep)
        assert started < self.clock.now()
        self.model.settle(self.clock.now())
        self._rest()

    # How it is carried out

    def _command(
        self,
        plan: Callable[[Ledger, Presence | None], Transition],
        apply: Callable[[], None],
        stored: Callable[[Ledger], bool],
    ) -> None:
        call = Call(account=ACCOUNT, deadline=self.clock.monotonic() + 25)
        begun = False

        async def begin(_held: Presence | None, _wanted: Presence) -> None:
            nonlocal begun
            begun = True

        try:
            self.loop.run(self.keeper.change(call, plan, begin))
        except Died:
            # Its claim may be kept, and the portal may show it: the model does as if it is done.
            kept = stored(self.book.rows[ANN].ledger) and begun
            if kept:
                apply()
            self._after_death()
            if not kept:
                apply()
            call = Call(account=ACCOUNT, deadline=self.clock.monotonic() + 25)
            # What is kept is only finished, as `Presences` does: the plan may mean more by now.
            again = self._finish if kept else plan
            self._run(lambda: self.keeper.change(call, again, begin))
        except BotError:
            pytest.fail("a command was refused")
        else:
            apply()
        self._rest()

    def _finish(self, ledger: Ledger, held: Presence | None) -> Transition:
        return step(ledger, held, self.clock.now())

    async def _sweep(self) -> None:
        await self.keeper.sweep(await self.book.read(ANN))

    def _run(self, work: Callable[[], Awaitable[object]]) -> None:
        async def run() -> None:
            await work()

        for _ in range(9):
            try:
                self.loop.run(run())
            except Died:
                self._after_death()
            else:
                return

    def _after_death(self) -> None:
        """Another process comes up; what the first had in hand it gets when the lease is over."""
        self.restart()
        # Were it to wait any longer, time would pass that the model knows nothing of.
        self._pass(LONGEST_LEASE.total_seconds())

    def _rest(self) -> None:
        """Wait until nothing is under way any more."""
        for _ in range(20):
            ledger = self.book.rows[ANN].ledger if ANN in self.book.rows else Ledger()
            if ledger.writing is None and ledger.failing_since is None:
                break
            self._pass(16)
            self._run(self._sweep)
        else:
            pytest.fail("it does not come to rest")

    def _pass(self, seconds: float) -> None:
        before = self.clock.now()
        self.clock.advance(seconds)
        self.model.pass_time(before, self.clock.now())

    def _advance(self, seconds: float, *, at_the_portal: bool = True) -> None:
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            due_at = self.loop.run(self.book.next_due())
            ahead = left if due_at is None else (due_at - self.clock.now()).total_seconds()
            pause = min(left, max(ahead, 1.0))
            if at_the_portal:
                self._pass(pause)
            else:
                self.clock.advance(pause)
            if self.loop.run(self.book.due(1)):
                self._run(self._sweep)
        if at_the_portal:
            self._rest()

    def _slot(self, ahead: int) -> datetime:
        passed = (self.clock.now() - START) // SLOT
        return START + (passed + ahead) * SLOT

    @invariant()
    def the_portal_shows_what_the_model_says(self) -> None:
        if hasattr(self, "portal"):
            # Where none was ever stored, online is shown.
            held = self.portal.held.get(ACCOUNT.account_id) or Presence.ONLINE
            assert held is (self.model.portal or Presence.ONLINE)


PresenceMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPresenceMachine = PresenceMachine.TestCase
