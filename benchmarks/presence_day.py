"""A day of a company whose presence follows its meetings, at one portal, in virtual time.

Real are the sweeps, what they are made of, and the limit of the portal; in memory are the stores,
the portal and the chat. `python -m benchmarks.presence_day` prints the figures.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from benchmarks import virtual
from benchmarks.company import Company, Order, Wish, found
from benchmarks.measures import IN_TIME, ByHand, Figures, Observed, Wait, measure
from benchmarks.portal import Portal, build_portal
from benchmarks.report import report
from benchmarks.virtual import VirtualClock
from bot.dispatch import presence_sweep
from bot.dispatch.calendar_sweep import CalendarSweep
from bot.dispatch.presence_sweep import PresenceSweep
from bot.domain.accounts import Account, Credentials
from bot.domain.automation import Choices, Telling
from bot.domain.chat import Conversation, ConversationKind, Identity, Platform
from bot.domain.inbox import Delivery
from bot.domain.participation import ParticipationStatus
from bot.domain.presence import Presence
from bot.domain.providers import Provider
from bot.errors import TELLABLE
from bot.ports import Call
from bot.services.calendar_watch import CalendarWatch
from bot.services.caller import Caller
from bot.services.changes import Changes
from bot.services.keeping import Keeper
from bot.services.memory import Memory
from bot.services.presences import Lasting, Presences
from bot.storage.memory import FixedAccounts
from tests.fakes.platform import FakePlatform
from tests.fakes.presence_book import MemoryAutomations, MemoryPresenceBook
from tests.fakes.store import MemoryStore

OPENS = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""Of a Monday; these people live by UTC."""
CLOSES = OPENS + timedelta(hours=9)
_LINKED = OPENS - timedelta(minutes=90)
"""When all of them let their presence follow their meetings, at once."""
_ENDS = CLOSES + timedelta(hours=2)
_LATENCY = 0.25
_CHAT_LATENCY = 10.0
"""Far too long: nobody's presence may depend on it."""
_COMMAND_DEADLINE = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which nothing is swept."""

    begins: datetime
    ends: datetime


class _SlowChat(FakePlatform):
    """Takes its time for each message."""

    async def deliver(self, delivery: Delivery) -> str | None:
        await self._clock.sleep(_CHAT_LATENCY)
        return await super().deliver(delivery)


class _Accounts(FixedAccounts):
    """An account for each person, found without a search."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        super().__init__({account: Credentials(endpoint="") for account in accounts})
        self._of = {account.owner: account for account in accounts}

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        return [self._of[owner]]


@dataclass(slots=True, kw_only=True)
class _People:
    """Those who give commands."""

    portal: Portal
    presences: Presences
    clock: VirtualClock
    waits: list[Wait] = field(default_factory=list)
    by_hand: dict[str, list[ByHand]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0

    async def give(self, orders: Sequence[Order]) -> None:
        """Give each command at its time, whatever has become of the one before."""
        async with asyncio.TaskGroup() as tasks:
            for number, order in enumerate(orders):
                await self.clock.until(order.at)
                tasks.create_task(self._ask(number, order))

    async def _ask(self, number: int, order: Order) -> None:
        account, hits = order.member.account, self.portal.line.commands_hits
        given, before = self.clock.now(), hits[order.member.account.account_id]
        deadline = self.clock.monotonic() + _COMMAND_DEADLINE
        try:
            if order.wish is Wish.AWAY:
                await self._go_away(number, order, deadline)
            else:
                await self._answer(Call(account=account, deadline=deadline), order)
        except TELLABLE:
            self.failed += 1
        took = (self.clock.now() - given).total_seconds()
        own = (hits[account.account_id] - before) * self.portal.line.latency
        self.waits.append(Wait(given=given, seconds=took - own))

    async def _go_away(self, number: int, order: Order, deadline: float) -> None:
        owner, given = order.member.identity, self.clock.now()
        known = ByHand(given=given, ends=order.until)
        self.by_hand[order.member.account.account_id].append(known)
        chat = Conversation(
            platform=owner.platform, chat_id=owner.user_id, kind=ConversationKind.DIRECT
        )
        caller = Caller(
            identity=owner,
            entry_id=number,
            deadline=deadline,
            conversation=chat,
            changes=Changes(),
        )
        await self.presences.set(caller, Presence.AWAY, Lasting(ends_at=order.until))

    async def _answer(self, call: Call, order: Order) -> None:
        calendar, event = self.portal.calendar, next(order.member.events())
        seen = await calendar.get_event(call, event.ref)
        await calendar.set_participation(call, seen, ParticipationStatus.ACCEPTED)


class _Bot:
    """What is swept, with everything that it needs."""

    def __init__(self, company: Company, portal: Portal, clock: VirtualClock) -> None:
        self._clock = clock
        self._store = MemoryStore(clock)
        self._book = MemoryPresenceBook(clock)
        self._automations = MemoryAutomations(clock)
        self._accounts = _Accounts([member.account for member in company.members])
        self._keeper = Keeper(
            book=self._book,
            providers={Provider.BITRIX24: portal.presence},
            accounts=self._accounts,
            clock=clock,
        )
        self._watch = CalendarWatch(
            book=self._automations,
            keeper=self._keeper,
            calendars={Provider.BITRIX24: portal.calendar},
            accounts=self._accounts,
            people=self._store,
            clock=clock,
            default_timezone="UTC",
        )
        self.presences = Presences(
            keeper=self._keeper, accounts=self._accounts, inbox=self._store, clock=clock
        )

    async def turn_on(self, company: Company) -> None:
        """Everybody lets their presence follow their meetings, and wants to be told of its end."""
        choices = Choices(meetings=True, telling=Telling.ALL)
        for member in company.members:
            await self._automations.choose(member.identity, choices, self._clock.now())

    async def sweep_until(self, moment: datetime) -> None:
        """Do what is due until then."""
        presences = PresenceSweep(
            book=self._book,
            automations=self._automations,
            keeper=self._keeper,
            people=self._store,
            platforms={Platform.TELEGRAM: _SlowChat(self._clock)},
            memory=Memory(self._store),
            clock=self._clock,
            default_language="en",
        )
        calendars = CalendarSweep(
            book=self._automations, watch=self._watch, keeper=self._keeper, clock=self._clock
        )
        sweeps = [asyncio.create_task(presences.run()), asyncio.create_task(calendars.run())]
        await self._clock.until(moment)
        for sweep in sweeps:
            sweep.cancel()
        await asyncio.wait(sweeps)


def simulate(company: Company, *, ends: datetime = _ENDS, outage: Outage | None = None) -> Figures:
    """Live through a day. Not within a running event loop of the same thread.

    Args:
        company: Whose.
        ends: When to leave off.
        outage: When the bot is down in between.
    """
    return virtual.run(_day(company, ends, outage))


async def _day(company: Company, ends: datetime, outage: Outage | None) -> Figures:
    clock = VirtualClock(asyncio.get_running_loop(), _LINKED)
    portal = build_portal(company, clock, _LATENCY)
    bot = _Bot(company, portal, clock)
    people = _People(portal=portal, presences=bot.presences, clock=clock)
    await bot.turn_on(company)
    orders = [order for order in company.orders if order.at < ends]
    asking = asyncio.create_task(people.give(orders))
    if outage is not None:
        await bot.sweep_until(outage.begins)
        await clock.until(outage.ends)
    await bot.sweep_until(ends)
    await asking
    seen = Observed(
        company=company,
        ends=ends,
        longest=IN_TIME if outage is None else IN_TIME + (outage.ends - outage.begins),
        hits=portal.line.hits,
        writes=portal.presence.writes,
        reads=portal.calendar.reads,
        by_hand=people.by_hand,
        waits=people.waits,
        refused=portal.line.refused,
        failed=people.failed,
    )
    return measure(seen, presence_sweep.AT_ONCE)


def build_company(*, people: int = 500, failing: int = 0, seed: int = 1) -> Company:
    """The company of the figures in `docs/performance.md`."""
    return found(people=people, opens=OPENS, closes=CLOSES, failing=failing, seed=seed)


def main() -> None:
    """Print the figures of a day, and of the same day with some accounts that do not work."""
    for failing in (0, 20):
        begun = time.monotonic()
        company = build_company(failing=failing)
        print(report(company, simulate(company)))
        print(f"simulated in {time.monotonic() - begun:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
