"""A portal with its limit, and everything that was asked of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from benchmarks.company import Company, Member
from bot.domain.accounts import Account
from bot.domain.participation import Answer, Event, EventRef, Participation, ParticipationStatus
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.errors import ConnectFailed, ProviderAuthError, RateLimitedError
from bot.ports import CalendarProvider, Call, Clock, PresenceProvider, Priority
from bot.transport.limits import LeakyBucket, WouldExceedDeadline
from bot.transport.messages import REQUEST_TIMEOUT
from bot.transport.retry import ATTEMPTS
from tests.fakes.calendars import FakeCalendar, FakeVendor
from tests.fakes.presences import FakePresence

RATE = 2.0
BURST = 50
_FAILING_BEFORE = timedelta(minutes=15)


class Failure(Enum):
    """What is wrong with an account."""

    HANGS = auto()
    """No answer comes, and it is asked again for as long as there is time."""
    REFUSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A drop in the bucket."""

    at: datetime
    account_id: str
    priority: Priority
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A presence that the portal has stored."""

    at: datetime
    account_id: str
    presence: Presence
    by_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A calendar that was read as a whole."""

    at: datetime
    account_id: str


class Line:
    """The way to the portal: a place in the bucket, then an answer after a while.

    Args:
        clock: Time.
        latency: Seconds until an answer comes.
        failing: Accounts that do not work.
        failing_from: Since when.
    """

    def __init__(
        self,
        clock: Clock,
        latency: float,
        failing: Mapping[str, Failure],
        failing_from: datetime,
    ) -> None:
        self.clock = clock
        self.latency = latency
        self.hits: list[Hit] = []
        self.commands_hits: Counter[str] = Counter()
        self.refused: Counter[Priority] = Counter()
        self._bucket = LeakyBucket(RATE, BURST, clock)
        self._failing = failing
        self._failing_from = failing_from

    async def ask(self, call: Call, operation: str) -> None:
        """Ask for something, as the client of the portal does.

        Raises:
            RateLimitedError: The wait for the limit would exceed the deadline.
            ProviderAuthError: The account is refused.
            ConnectFailed: The account hangs.
        """
        for _ in range(ATTEMPTS):
            await self._pass(call, operation)
            failure = self._failure_of(call.account)
            if failure is not Failure.HANGS:
                await self.clock.sleep(self.latency)
                if failure is Failure.REFUSED:
                    raise ProviderAuthError(Provider.BITRIX24, operation, status=401)
                return
            left = call.deadline - self.clock.monotonic()
            await self.clock.sleep(min(REQUEST_TIMEOUT, left))
            if left <= REQUEST_TIMEOUT:
                break
        raise ConnectFailed(operation, "hangs")

    def _failure_of(self, account: Account) -> Failure | None:
        if self.clock.now() < self._failing_from:
            return None
        return self._failing.get(account.account_id)

    async def _pass(self, call: Call, operation: str) -> None:
        try:
            await self._bucket.acquire(priority=call.priority, deadline=call.deadline)
        except WouldExceedDeadline as error:
            self.refused[call.priority] += 1
            raise RateLimitedError(
                Provider.BITRIX24, operation, retry_after=error.retry_after, final=True
            ) from None
        account_id = call.account.account_id
        self.hits.append(
            Hit(
                at=self.clock.now(),
                account_id=account_id,
                priority=call.priority,
                operation=operation,
            )
        )
        if call.priority is Priority.COMMAND:
            self.commands_hits[account_id] += 1


@dataclass(slots=True, kw_only=True)
class PortalPresence:
    """Everybody's presence, behind the line; a write with its look is one hit."""

    inner: FakePresence
    line: Line
    writes: list[Write] = field(default_factory=list)

    @property
    def name(self) -> Provider:
        """See `PresenceProvider.name`."""
        return self.inner.name

    async def get_presence(self, call: Call) -> PresenceState:
        """See `PresenceProvider.get_presence`."""
        await self.line.ask(call, "look")
        return await self.inner.get_presence(call)

    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        """See `PresenceProvider.set_presence`."""
        await self.line.ask(call, "write")
        state = await self.inner.set_presence(call, presence)
        self.writes.append(
            Write(
                at=self.line.clock.now(),
                account_id=call.account.account_id,
                presence=presence,
                by_hand=call.priority is Priority.COMMAND,
            )
        )
        return state


@dataclass(slots=True, kw_only=True)
class PortalCalendar:
    """Everybody's calendar, behind the line; a portal cannot tell what has changed."""

    inner: Mapping[str, FakeCalendar]
    line: Line
    reads: list[Read] = field(default_factory=list)
    write_settles_in: float | None = REQUEST_TIMEOUT

    @property
    def name(self) -> Provider:
        """See `CalendarProvider.name`."""
        return Provider.BITRIX24

    def parse_ref(self, text: str) -> EventRef | None:
        """See `CalendarProvider.parse_ref`."""
        return EventRef(provider=self.name, event_id=text)

    async def get_event(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        """See `CalendarProvider.get_event`."""
        await self.line.ask(call, "event")
        return await self._of(call.account).get_event(call, ref, fresh=fresh)

    async def list_events(self, call: Call, first: date, end: date) -> Sequence[Event]:
        """See `CalendarProvider.list_events`."""
        await self.line.ask(call, "calendar")
        events = await self._of(call.account).list_events(call, first, end)
        self.reads.append(Read(at=self.line.clock.now(), account_id=call.account.account_id))
        return events

    async def list_changes(
        self, call: Call, first: date, end: date, since: datetime
    ) -> Sequence[Event] | None:
        """See `CalendarProvider.list_changes`."""
        return await self._of(call.account).list_changes(call, first, end, since)

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        """See `CalendarProvider.set_participation`."""
        await self.line.ask(call, "answer")
        return await self._of(call.account).set_participation(call, event, answer)

    def _of(self, account: Account) -> FakeCalendar:
        return self.inner[account.account_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A company's portal, everybody online."""

    line: Line
    presence: PortalPresence
    calendar: PortalCalendar


def build_portal(company: Company, clock: Clock, latency: float) -> Portal:
    """Set it up; of the accounts that fail every fourth is refused, the others hang."""
    failing = {
        member.account.account_id: Failure.REFUSED if number % 4 == 1 else Failure.HANGS
        for number, member in enumerate(company.failing)
    }
    line = Line(clock, latency, failing, company.opens - _FAILING_BEFORE)
    calendars = {member.account.account_id: _calendar(member, clock) for member in company.members}
    accounts = frozenset(member.account for member in company.members)
    vendor = FakeVendor(name=Provider.BITRIX24, clock=clock, accounts=accounts)
    held = {account.account_id: Presence.ONLINE for account in accounts}
    return Portal(
        line=line,
        presence=PortalPresence(inner=FakePresence(vendor=vendor, held=held), line=line),
        calendar=PortalCalendar(inner=calendars, line=line),
    )


def _calendar(member: Member, clock: Clock) -> FakeCalendar:
    vendor = FakeVendor(name=Provider.BITRIX24, clock=clock, accounts=frozenset({member.account}))
    calendar = FakeCalendar(vendor=vendor, tells_changes=False)
    for event in member.events():
        calendar.add(event, {member.account: ParticipationStatus.ACCEPTED})
    return calendar


if TYPE_CHECKING:
    _presence: type[PresenceProvider] = PortalPresence
    _calendars: type[CalendarProvider] = PortalCalendar
