"""A calendar system in memory, and the ways in which any provider can fail."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING

from bot.domain.accounts import Account
from bot.domain.listing import soonest_first, touches
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    Obstacle,
    Participation,
    ParticipationStatus,
)
from bot.domain.providers import Provider
from bot.errors import (
    ConnectFailed,
    EventNotFoundError,
    NotLinkedError,
    OutcomeUnknown,
    ProviderAuthError,
    ProviderError,
    ProviderPermissionError,
    RateLimitedError,
    TransportError,
)
from bot.ports import CalendarProvider, Call, Clock
from bot.texts import M


class Trouble(Enum):
    """What a provider can be told to do wrong. Contract suites ask it of emulators as well."""

    UNREACHABLE = auto()
    """Nothing gets through to the vendor."""
    SIGNED_OUT = auto()
    """The credentials open nothing any more."""
    BUSY = auto()
    """The vendor refuses everything for now."""
    NO_RIGHT = auto()
    """Reads are answered, writes are refused."""
    LOST_BEFORE = auto()
    """The line breaks once, before a write is carried out; the next one would get through."""
    LOST_AFTER = auto()
    """The line breaks after each write was carried out."""
    LOST_FROM_SIGHT = auto()
    """Likewise, and nothing can be read either."""
    NEVER_VISIBLE = auto()
    """Writes are taken, and nothing of them is ever seen."""


@dataclass(slots=True, kw_only=True)
class FakeVendor:
    """What fake providers share: how reads and writes get through, or do not.

    Attributes:
        accounts: Who is signed in.
        trouble: What is wrong at present.
        after_next_write: What somebody else does between a write and the look at it.
        asked: How many requests have arrived.
        taken: Writes that were taken, as (account id, subject), also if nothing came of them.
    """

    name: Provider
    clock: Clock
    accounts: frozenset[Account]
    trouble: Trouble | None = None
    after_next_write: Callable[[], None] | None = None
    asked: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)

    async def read(self, call: Call) -> None:
        """Ask for something.

        Raises:
            ProviderError: Refused.
            TransportError: Not sent, or broken off.
        """
        await self._arrive(call, "read")
        if self.trouble is Trouble.LOST_FROM_SIGHT:
            raise OutcomeUnknown("read", "lost")

    async def write(self, call: Call, subject: str, apply: Callable[[], None]) -> Confirmation:
        """Change something; how sure the vendor's answer makes us, before anybody looks.

        Raises:
            ProviderError: Refused.
            TransportError: Not sent.
        """
        await self._arrive(call, "write")
        if self.trouble is Trouble.NO_RIGHT:
            raise ProviderPermissionError(self.name, "write", status=403)
        if self.trouble is Trouble.LOST_BEFORE:
            self.trouble = None
            return Confirmation.UNKNOWN
        self.taken.append((call.account.account_id, subject))
        if self.trouble is Trouble.NEVER_VISIBLE:
            return Confirmation.PENDING
        apply()
        if self.after_next_write is not None:
            self.after_next_write()
            self.after_next_write = None
        lost = self.trouble in (Trouble.LOST_AFTER, Trouble.LOST_FROM_SIGHT)
        return Confirmation.UNKNOWN if lost else Confirmation.CONFIRMED

    async def _arrive(self, call: Call, operation: str) -> None:
        if call.account not in self.accounts:
            raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=self.name)
        if self.clock.monotonic() >= call.deadline:
            raise ConnectFailed(operation, "no time left")
        await self.clock.sleep(0)
        if self.trouble is Trouble.UNREACHABLE:
            raise ConnectFailed(operation, "unreachable")
        self.asked += 1
        if self.trouble is Trouble.SIGNED_OUT:
            raise ProviderAuthError(self.name, operation, status=401)
        if self.trouble is Trouble.BUSY:
            # Worth another attempt, as long as there is time for one.
            if self.clock.monotonic() + 1 < call.deadline:
                await self.clock.sleep(1)
            raise RateLimitedError(self.name, operation, status=429)


@dataclass(slots=True, kw_only=True)
class _Entry:
    event: Event
    statuses: dict[str, ParticipationStatus | None]
    occurrences: Sequence[Event]
    changed_at: datetime
    was: Sequence[Event] = ()

    def as_seen_by(self, account: Account) -> Event:
        return replace(self.event, my_status=self.statuses[account.account_id])

    def listed(self, account: Account, now: datetime) -> Iterator[Event]:
        for occurrence in self.occurrences:
            yield replace(
                self.as_seen_by(account),
                starts_at=occurrence.starts_at,
                ends_at=occurrence.ends_at,
                over=_is_past(occurrence, now),
            )


@dataclass(slots=True, kw_only=True)
class FakeCalendar:
    """Events with everybody's own status; ids are `mem-1`, `mem-2` and so on.

    Attributes:
        tells_changes: Whether it knows what has changed since a moment.
    """

    vendor: FakeVendor
    write_settles_in: float | None = 10.0
    tells_changes: bool = True
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _gone: dict[str, _Entry] = field(default_factory=dict)

    @property
    def name(self) -> Provider:
        return self.vendor.name

    def add(
        self,
        event: Event,
        statuses: Mapping[Account, ParticipationStatus | None],
        *,
        occurrences: Sequence[tuple[datetime | date, datetime | date]] = (),
    ) -> None:
        """Put an event into the calendars of those who are to see it.

        One with occurrences is a series; all of them are answered at once.
        """
        by_id = {account.account_id: status for account, status in statuses.items()}
        if occurrences:
            event = replace(event, recurring=True, series=event.ref.event_id)
        times = [
            replace(event, starts_at=starts_at, ends_at=ends_at)
            for starts_at, ends_at in occurrences or [(event.starts_at, event.ends_at)]
        ]
        entry = _Entry(
            event=event, statuses=by_id, occurrences=times, changed_at=self.vendor.clock.now()
        )
        self._entries[event.ref.event_id] = entry
        self._gone.pop(event.ref.event_id, None)

    def remove(self, ref: EventRef) -> None:
        if entry := self._entries.pop(ref.event_id, None):
            entry.event = replace(entry.event, obstacle=Obstacle.CANCELLED)
            entry.changed_at = self.vendor.clock.now()
            self._gone[ref.event_id] = entry

    def move(self, ref: EventRef, title: str, starts_at: datetime, ends_at: datetime) -> None:
        """A single event gets another title and other times."""
        entry = self._entries[ref.event_id]
        entry.event = replace(entry.event, title=title, starts_at=starts_at, ends_at=ends_at)
        entry.was = [*entry.was, *entry.occurrences]
        entry.occurrences = [entry.event]
        entry.changed_at = self.vendor.clock.now()

    def held(self, account: Account, ref: EventRef) -> ParticipationStatus | None:
        """What the calendar holds, past the port."""
        entry = self._entries.get(ref.event_id)
        return None if entry is None else entry.statuses.get(account.account_id)

    def change(self, account: Account, ref: EventRef, status: ParticipationStatus) -> None:
        """The person answers somewhere else."""
        self._entries[ref.event_id].statuses[account.account_id] = status
        self._entries[ref.event_id].changed_at = self.vendor.clock.now()

    def parse_ref(self, text: str) -> EventRef | None:
        number = text.removeprefix("mem-")
        if number == text or not (number.isascii() and number.isdecimal()):
            return None
        return EventRef(provider=self.name, event_id=text)

    async def get_event(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        del fresh  # Nothing is kept, so nothing is old.
        await self.vendor.read(call)
        now = self.vendor.clock.now()
        entry = self._entries.get(ref.event_id)
        if entry is None or call.account.account_id not in entry.statuses:
            raise EventNotFoundError(M.EVENT_NOT_FOUND, id=ref.event_id)
        event = replace(entry.as_seen_by(call.account), ref=ref)
        return replace(event, over=all(_is_past(one, now) for one in entry.occurrences))

    async def list_events(self, call: Call, first: date, end: date) -> Sequence[Event]:
        await self.vendor.read(call)
        now = self.vendor.clock.now()
        found = (
            event
            for entry in self._entries.values()
            if call.account.account_id in entry.statuses
            for event in entry.listed(call.account, now)
            if first < end and touches(event, first, end, UTC)
        )
        return soonest_first(found, UTC)

    async def list_changes(
        self, call: Call, first: date, end: date, since: datetime
    ) -> Sequence[Event] | None:
        if not self.tells_changes:
            return None
        await self.vendor.read(call)
        now = self.vendor.clock.now()
        found = (
            event
            for entry in (*self._entries.values(), *self._gone.values())
            if call.account.account_id in entry.statuses and entry.changed_at >= since
            for event in entry.listed(call.account, now)
            if first < end and any(touches(one, first, end, UTC) for one in (event, *entry.was))
        )
        return soonest_first(found, UTC)

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        def apply() -> None:
            if event.deleted_by(answer):
                self.remove(event.ref)
            else:
                self.change(call.account, event.ref, _stored(event, answer))

        confirmation = await self.vendor.write(call, event.ref.event_id, apply)
        return await self._look(call, event, answer, confirmation)

    async def _look(
        self, call: Call, event: Event, answer: Answer, confirmation: Confirmation
    ) -> Participation:
        try:
            seen = await self.get_event(call, event.ref)
        except EventNotFoundError:
            if not event.deleted_by(answer):
                raise
            seen, confirmation = replace(event, my_status=answer), Confirmation.CONFIRMED
        except (ProviderError, TransportError):
            seen = event
        else:
            if confirmation is Confirmation.UNKNOWN and seen.my_status is _stored(event, answer):
                confirmation = Confirmation.CONFIRMED
        return Participation(
            event=seen,
            status=seen.my_status or ParticipationStatus.UNKNOWN,
            confirmation=confirmation,
            exact=event.tentative_exact or seen.my_status is not ParticipationStatus.NEEDS_ACTION,
        )


def _is_past(event: Event, now: datetime) -> bool:
    ends = event.ends_at
    return ends <= now if isinstance(ends, datetime) else ends < now.date()


def _stored(event: Event, answer: Answer) -> ParticipationStatus:
    if answer is ParticipationStatus.TENTATIVE and not event.tentative_exact:
        return ParticipationStatus.NEEDS_ACTION
    return answer


if TYPE_CHECKING:
    _conforms: type[CalendarProvider] = FakeCalendar
