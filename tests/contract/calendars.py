"""Calendars for the suite of `CalendarProvider`: what each one is asked, and the one in memory."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from bot.domain.accounts import Account
from bot.domain.participation import Event, EventRef, Obstacle, ParticipationStatus
from bot.domain.providers import Provider
from bot.ports import CalendarProvider
from bot.sandbox.company import ANN, BORIS
from tests.contract.providers import account_of
from tests.fakes.calendars import FakeCalendar, FakeVendor, Trouble
from tests.fakes.clock import FakeClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An event as it was set up."""

    ref: EventRef
    title: str
    starts_at: datetime | date
    ends_at: datetime | date


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Ann is invited to it and has not answered; `starts` are its next occurrences."""

    title: str
    starts: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The people and events that every calendar of the suite has.

    Attributes:
        ann: Whose answers these are.
        other: Somebody else with an account.
        meeting: Ann is invited and has not answered.
        second: Another invitation of hers that can be accepted and declined.
        whole_days: An all-day event of more than one day, unanswered.
        series: One that has occurrences.
        theirs: An invitation of the other's, unanswered; it may be the same meeting.
        obstacles: What Ann can see and not answer, and why.
        invisible: An event of somebody else's.
        unknown: A well-formed id that was never given out.
        vanishing: An event that declining removes, if the provider has such a thing.
        ids: What the provider's event ids look like.
    """

    ann: Account
    other: Account
    meeting: Known
    second: EventRef
    whole_days: Known
    series: Series
    theirs: EventRef
    obstacles: Mapping[EventRef, Obstacle]
    invisible: EventRef
    unknown: EventRef
    vanishing: EventRef | None
    ids: tuple[str, ...]


class CalendarSubject(Protocol):
    """A calendar under test. All but `provider` goes past the port."""

    provider: CalendarProvider
    clock: FakeClock
    scene: Scene
    secrets: tuple[str, ...]

    def held(self, account: Account, ref: EventRef) -> ParticipationStatus | None:
        """The status that the vendor's own store holds."""
        ...

    def change(self, account: Account, ref: EventRef, status: ParticipationStatus) -> None:
        """The person answers in another program."""
        ...

    def remove(self, ref: EventRef) -> None:
        """Somebody deletes the event."""
        ...

    def move(self, ref: EventRef, title: str, starts_at: datetime, ends_at: datetime) -> None:
        """Somebody gives it another title and other times."""
        ...

    def invite(
        self,
        account: Account,
        title: str,
        starts_at: datetime | date,
        ends_at: datetime | date,
        *,
        free: bool = False,
    ) -> EventRef:
        """Somebody invites the person; dates mean whole days, the last one included."""
        ...

    def enter(
        self, account: Account, title: str, starts_at: datetime, ends_at: datetime
    ) -> EventRef:
        """The person enters something of their own, in which nobody else takes part."""
        ...

    def writes(self, account: Account, ref: EventRef) -> int:
        """How many answers the vendor has taken."""
        ...

    def asked(self) -> int:
        """How many requests have reached the vendor."""
        ...

    def after_next_write(self, act: Callable[[], None]) -> None:
        """Somebody else acts between a write and the look at it."""
        ...

    async def trouble(self, trouble: Trouble) -> None:
        """From now on something is wrong."""
        ...


HOUR = timedelta(hours=1)
_IN_MEMORY_OBSTACLES = {4: Obstacle.NOT_INVITED, 5: Obstacle.ORGANIZER}


class InMemory:
    """The fake that other tests may use in place of a vendor."""

    def __init__(self, clock: FakeClock, *, tells_changes: bool) -> None:
        name = Provider.BITRIX24
        ann, other = account_of(ANN, name), account_of(BORIS, name)
        vendor = FakeVendor(name=name, clock=clock, accounts=frozenset({ann, other}))
        self._calendar = calendar = FakeCalendar(vendor=vendor, tells_changes=tells_changes)
        self.provider: CalendarProvider = calendar
        self.clock = clock
        self._added = 0
        self.secrets: tuple[str, ...] = ()
        refs = [EventRef(provider=name, event_id=f"mem-{number}") for number in range(10)]
        starts, ends = datetime(2026, 3, 5, 12, tzinfo=UTC), datetime(2026, 3, 5, 13, tzinfo=UTC)
        first, last = date(2026, 3, 14), date(2026, 3, 15)
        unanswered = ParticipationStatus.NEEDS_ACTION
        for number in (1, 2):
            event = Event(ref=refs[number], title="Sprint", starts_at=starts, ends_at=ends)
            calendar.add(event, {ann: unanswered, other: unanswered})
        outing = Event(ref=refs[3], title="Выезд", starts_at=first, ends_at=last, all_day=True)
        calendar.add(outing, {ann: unanswered})
        for number, obstacle in _IN_MEMORY_OBSTACLES.items():
            event = Event(
                ref=refs[number], title="No", starts_at=starts, ends_at=ends, obstacle=obstacle
            )
            calendar.add(event, {ann: None})
        calendar.add(
            Event(ref=refs[6], title="Salaries", starts_at=starts, ends_at=ends),
            {other: unanswered},
        )
        calendar.add(
            Event(ref=refs[7], title="Deal", starts_at=starts, ends_at=ends, decline_deletes=True),
            {ann: unanswered},
        )
        weekly = tuple(datetime(2026, 3, day, 15, tzinfo=UTC) for day in (3, 10, 17))
        calendar.add(
            Event(ref=refs[8], title="Stand-up", starts_at=weekly[0], ends_at=weekly[0] + HOUR),
            {ann: unanswered},
            occurrences=[(start, start + HOUR) for start in weekly],
        )
        self.scene = Scene(
            ann=ann,
            other=other,
            meeting=Known(ref=refs[1], title="Sprint", starts_at=starts, ends_at=ends),
            second=refs[2],
            whole_days=Known(ref=refs[3], title="Выезд", starts_at=first, ends_at=last),
            series=Series(title="Stand-up", starts=weekly),
            theirs=refs[1],
            obstacles={refs[number]: why for number, why in _IN_MEMORY_OBSTACLES.items()},
            invisible=refs[6],
            unknown=refs[9],
            vanishing=refs[7],
            ids=("mem-1", "mem-4711"),
        )

    def held(self, account: Account, ref: EventRef) -> ParticipationStatus | None:
        return self._calendar.held(account, ref)

    def change(self, account: Account, ref: EventRef, status: ParticipationStatus) -> None:
        self._calendar.change(account, ref, status)

    def remove(self, ref: EventRef) -> None:
        self._calendar.remove(ref)

    def move(self, ref: EventRef, title: str, starts_at: datetime, ends_at: datetime) -> None:
        self._calendar.move(ref, title, starts_at, ends_at)

    def invite(
        self,
        account: Account,
        title: str,
        starts_at: datetime | date,
        ends_at: datetime | date,
        *,
        free: bool = False,
    ) -> EventRef:
        event = Event(
            ref=self._next_ref(),
            title=title,
            starts_at=starts_at,
            ends_at=ends_at,
            all_day=not isinstance(starts_at, datetime),
            free=free,
            with_others=True,
        )
        self._calendar.add(event, {account: ParticipationStatus.NEEDS_ACTION})
        return event.ref

    def enter(
        self, account: Account, title: str, starts_at: datetime, ends_at: datetime
    ) -> EventRef:
        event = Event(
            ref=self._next_ref(),
            title=title,
            starts_at=starts_at,
            ends_at=ends_at,
            obstacle=Obstacle.NOT_A_MEETING,
        )
        self._calendar.add(event, {account: None})
        return event.ref

    def writes(self, account: Account, ref: EventRef) -> int:
        return self._calendar.vendor.taken.count((account.account_id, ref.event_id))

    def asked(self) -> int:
        return self._calendar.vendor.asked

    def after_next_write(self, act: Callable[[], None]) -> None:
        self._calendar.vendor.after_next_write = act

    async def trouble(self, trouble: Trouble) -> None:
        self._calendar.vendor.trouble = trouble

    def _next_ref(self) -> EventRef:
        self._added += 1
        return EventRef(provider=self.provider.name, event_id=f"mem-{1000 + self._added}")


@asynccontextmanager
async def in_memory(*, tells_changes: bool = True) -> AsyncIterator[CalendarSubject]:
    yield InMemory(FakeClock(), tells_changes=tells_changes)
