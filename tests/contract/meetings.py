"""Calendars for the suite of what all who take part in a meeting share: set up past the port."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.clients.bitrix24.client import Bitrix24Client
from bot.domain.accounts import Account
from bot.domain.meetings import Meeting
from bot.domain.participation import Event, EventRef, ParticipationStatus
from bot.domain.providers import Provider
from bot.ports import CalendarProvider
from bot.providers.bitrix24 import Bitrix24Calendar
from bot.sandbox.bitrix24 import Portal
from bot.sandbox.company import ANN, BORIS, MARIA
from bot.sandbox.cronofy import Event as Kept
from bot.sandbox.cronofy import seed
from tests.contract.bitrix24 import portal_site
from tests.contract.providers import Site, account_of
from tests.fakes.calendars import FakeCalendar, FakeVendor
from tests.fakes.clock import FakeClock
from tests.integration.test_cronofy_lists import ACCOUNT, Office, running_office

STARTS = datetime(2026, 3, 5, 12, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=1)
TITLE = "Gathering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """A meeting as it was set up.

    Attributes:
        meeting: What all call it; None if everybody's copy is their own affair.
        refs: By what each of its people may name it.
    """

    meeting: Meeting | None
    refs: Mapping[Account, Sequence[EventRef]]


class MeetingSubject(Protocol):
    """A calendar under test. `tells_hidden`: it knows what is not for everybody's eyes."""

    provider: CalendarProvider
    clock: FakeClock
    tells_hidden: bool

    def gather(
        self, *, location: str = "", private: bool = False, guests_hidden: bool = False
    ) -> Gathering:
        """Somebody invites all who have an account."""
        ...

    def enter(self) -> tuple[Account, EventRef]:
        """Somebody enters something of their own."""
        ...


class InMemory:
    """The fake that other tests may use in place of a vendor."""

    tells_hidden = True

    def __init__(self, clock: FakeClock) -> None:
        name = Provider.BITRIX24
        self._people = account_of(ANN, name), account_of(MARIA, name)
        vendor = FakeVendor(name=name, clock=clock, accounts=frozenset(self._people))
        self._calendar = FakeCalendar(vendor=vendor)
        self.provider: CalendarProvider = self._calendar
        self.clock = clock

    def gather(
        self, *, location: str = "", private: bool = False, guests_hidden: bool = False
    ) -> Gathering:
        meeting = Meeting(provider=self.provider.name, place="acme.example", meeting_id="mem-1")
        copies = {account: self._ref(number) for number, account in enumerate(self._people, 2)}
        for account, ref in copies.items():
            event = Event(
                ref=ref,
                title=TITLE,
                starts_at=STARTS,
                ends_at=ENDS,
                location=location,
                meeting=meeting,
                private=private,
                guests_hidden=guests_hidden,
            )
            self._calendar.add(event, {account: ParticipationStatus.NEEDS_ACTION})
        return Gathering(meeting=meeting, refs={account: [ref] for account, ref in copies.items()})

    def enter(self) -> tuple[Account, EventRef]:
        account, ref = self._people[0], self._ref(9)
        event = Event(ref=ref, title=TITLE, starts_at=STARTS, ends_at=ENDS)
        self._calendar.add(event, {account: None})
        return account, ref

    def _ref(self, number: int) -> EventRef:
        return EventRef(provider=self.provider.name, event_id=f"mem-{number}")


class AtBitrix24:
    """Bitrix24's provider at a portal on loopback."""

    tells_hidden = True

    def __init__(self, portal: Portal, site: Site, client: Bitrix24Client, place: str) -> None:
        self.portal = portal
        self.place = place
        self.provider: CalendarProvider = Bitrix24Calendar(client, site.accounts, site.clock)
        self.clock = site.clock

    def gather(
        self, *, location: str = "", private: bool = False, guests_hidden: bool = False
    ) -> Gathering:
        event_id = self.portal.add_meeting(
            host_id=BORIS.user_id,
            guests=[ANN.user_id, MARIA.user_id],
            name=TITLE,
            starts=STARTS,
            ends=ENDS,
            location=location,
            private=private,
            hide_guests=guests_hidden,
        )
        return self.gathering(event_id)

    def gathering(self, event_id: int) -> Gathering:
        """A meeting of Boris's with Ann and Maria, whose rows have numbers of their own."""
        copies = {}
        for person in (ANN, MARIA):
            row = self.portal.row_of(event_id, person.user_id)
            assert row is not None
            assert row.row_id != event_id
            copies[account_of(person, Provider.BITRIX24)] = row.row_id
        return Gathering(
            meeting=Meeting(provider=Provider.BITRIX24, place=self.place, meeting_id=str(event_id)),
            # Each by the shared number, by their own, and by another's.
            refs={
                account: [_in_portal(number) for number in (event_id, *copies.values())]
                for account in copies
            },
        )

    def enter(self) -> tuple[Account, EventRef]:
        event_id = self.portal.add_meeting(
            host_id=ANN.user_id, name=TITLE, starts=STARTS, ends=ENDS, is_meeting=False
        )
        return account_of(ANN, Provider.BITRIX24), _in_portal(event_id)


def _in_portal(event_id: int) -> EventRef:
    return EventRef(provider=Provider.BITRIX24, event_id=str(event_id))


class AtCronofy:
    """Cronofy's provider at the service on loopback, where calendars know nothing of each other."""

    tells_hidden = False

    def __init__(self, office: Office) -> None:
        self._office = office
        self.provider: CalendarProvider = office.calendar
        self.clock = office.site.clock

    def gather(
        self, *, location: str = "", private: bool = False, guests_hidden: bool = False
    ) -> Gathering:
        del private, guests_hidden
        return Gathering(meeting=None, refs={ACCOUNT: [self._add(location)]})

    def enter(self) -> tuple[Account, EventRef]:
        return ACCOUNT, self._add("")

    def _add(self, location: str) -> EventRef:
        event = self._office.cronofy.add_event(
            Kept(
                calendar_id=seed.GOOGLE_CALENDAR,
                summary=TITLE,
                start=STARTS,
                end=ENDS,
                location=location,
            )
        )
        return EventRef(provider=Provider.CRONOFY, event_id=event.event_uid)


@asynccontextmanager
async def in_memory() -> AsyncIterator[MeetingSubject]:
    yield InMemory(FakeClock())


@asynccontextmanager
async def at_bitrix24() -> AsyncIterator[AtBitrix24]:
    async with portal_site(
        (ANN, MARIA), write="calendar.meeting.status.set", read_back="calendar.meeting.status.get"
    ) as (portal, site, client):
        opened = await site.accounts.credentials(account_of(ANN, Provider.BITRIX24))
        place = opened.endpoint.removeprefix("http://").partition("/")[0]
        yield AtBitrix24(portal, site, client, place)


@asynccontextmanager
async def at_cronofy() -> AsyncIterator[MeetingSubject]:
    async with running_office() as office:
        yield AtCronofy(office)
