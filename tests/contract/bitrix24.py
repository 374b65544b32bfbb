"""A portal on loopback for the contract suites, past the port and through it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.client import Bitrix24Client
from bot.domain.accounts import Account, Credentials
from bot.domain.participation import EventRef, Obstacle, ParticipationStatus
from bot.domain.providers import Provider
from bot.ports import CalendarProvider
from bot.providers.bitrix24 import Bitrix24Calendar
from bot.sandbox.bitrix24 import Portal, portal_app, seed, seed_company
from bot.sandbox.company import ANN, BORIS, MARIA, Colleague
from bot.transport.limits import Limiters
from tests.contract.calendars import CalendarSubject, Known, Scene, Series
from tests.contract.providers import NO_LIMIT, Site, account_of, site_of
from tests.fakes.calendars import Trouble
from tests.fakes.clock import FakeClock

_LETTERS = {
    "Y": ParticipationStatus.ACCEPTED,
    "N": ParticipationStatus.DECLINED,
    "Q": ParticipationStatus.NEEDS_ACTION,
}


def _in_portal(event_id: int) -> EventRef:
    return EventRef(provider=Provider.BITRIX24, event_id=str(event_id))


BITRIX24_SCENE = Scene(
    ann=account_of(ANN, Provider.BITRIX24),
    other=account_of(MARIA, Provider.BITRIX24),
    meeting=Known(
        ref=_in_portal(seed.SPRINT_REVIEW),
        title="Sprint review",
        starts_at=datetime(2026, 3, 5, 12, tzinfo=UTC),
        ends_at=datetime(2026, 3, 5, 13, tzinfo=UTC),
    ),
    second=_in_portal(seed.BUDGET),
    whole_days=Known(
        ref=_in_portal(seed.OUTING),
        title="Выезд на природу",
        starts_at=date(2026, 3, 14),
        ends_at=date(2026, 3, 15),
    ),
    # At nine in Berlin, where the clocks are changed on the 29th.
    series=Series(
        title="Weekly stand-up",
        starts=(
            *(datetime(2026, 3, day, 8, tzinfo=UTC) for day in (3, 10, 17, 24)),
            datetime(2026, 3, 31, 7, tzinfo=UTC),
        ),
    ),
    theirs=_in_portal(seed.SPRINT_REVIEW),
    obstacles={
        _in_portal(seed.DENTIST): Obstacle.NOT_A_MEETING,
        _in_portal(seed.BOARD_CALL): Obstacle.NOT_INVITED,
        _in_portal(seed.DESIGN_CRITIQUE): Obstacle.ORGANIZER,
    },
    invisible=_in_portal(seed.PRIVATE),
    unknown=_in_portal(99999),
    vanishing=None,
    ids=("651", "1", "9223372036854775807"),
)


class AtBitrix24:
    """Bitrix24's provider at a portal on loopback."""

    def __init__(self, portal: Portal, site: Site, client: Bitrix24Client) -> None:
        self._portal = portal
        self._site = site
        self.provider: CalendarProvider = Bitrix24Calendar(client, site.accounts, site.clock)
        self.clock = site.clock
        self.scene = BITRIX24_SCENE
        self.secrets = site.secrets
        self.after_next_write = site.after_next_write

    def held(self, account: Account, ref: EventRef) -> ParticipationStatus | None:
        letter = self._portal.status_of(int(ref.event_id), int(account.owner.user_id))
        return _LETTERS.get(letter or "")

    def change(self, account: Account, ref: EventRef, status: ParticipationStatus) -> None:
        row = self._portal.row_of(int(ref.event_id), int(account.owner.user_id))
        assert row is not None
        row.status = next(letter for letter, word in _LETTERS.items() if word is status)

    def remove(self, ref: EventRef) -> None:
        for row in self._portal.rows.values():
            if row.parent_id == int(ref.event_id):
                row.deleted = True

    def move(self, ref: EventRef, title: str, starts_at: datetime, ends_at: datetime) -> None:
        for row in self._portal.rows.values():
            if row.parent_id == int(ref.event_id):
                row.name = title
                row.starts, row.ends = (int(one.timestamp()) for one in (starts_at, ends_at))

    def invite(
        self,
        account: Account,
        title: str,
        starts_at: datetime | date,
        ends_at: datetime | date,
        *,
        free: bool = False,
    ) -> EventRef:
        event_id = self._portal.add_meeting(
            host_id=BORIS.user_id,
            guests=[int(account.owner.user_id)],
            name=title,
            starts=_at_boris(starts_at),
            ends=_at_boris(ends_at),
            all_day=not isinstance(starts_at, datetime),
            accessibility="free" if free else "busy",
        )
        return _in_portal(event_id)

    def enter(
        self, account: Account, title: str, starts_at: datetime, ends_at: datetime
    ) -> EventRef:
        event_id = self._portal.add_meeting(
            host_id=int(account.owner.user_id),
            name=title,
            starts=starts_at,
            ends=ends_at,
            is_meeting=False,
        )
        return _in_portal(event_id)

    def writes(self, account: Account, ref: EventRef) -> int:
        return sum(
            (str(write.user_id), write.params["eventId"]) == (account.owner.user_id, ref.event_id)
            for write in self._portal.writes("calendar.meeting.status.set")
        )

    def asked(self) -> int:
        return self._portal.hits

    async def trouble(self, trouble: Trouble) -> None:
        await at_portal(self._portal, self._site, trouble)


def _at_boris(moment: datetime | date) -> datetime:
    """A whole day begins when it does where its organizer is."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), ZoneInfo(BORIS.timezone))


async def at_portal(portal: Portal, site: Site, trouble: Trouble) -> None:
    """Trouble in a portal's own words."""
    if trouble is Trouble.SIGNED_OUT:
        for user in portal.users.values():
            user.code = "another"
    elif trouble is Trouble.NO_RIGHT:
        portal.force_error("insufficient_scope", 401, operation=site.write, times=NO_LIMIT)
    else:
        await site.trouble(trouble)


@asynccontextmanager
async def portal_site(
    people: tuple[Colleague, ...], *, write: str, read_back: str, looks: int = 0
) -> AsyncIterator[tuple[Portal, Site, Bitrix24Client]]:
    """A portal with its seeded company, and a client to it."""
    clock = FakeClock()
    portal = Portal(now=clock.now)
    seed_company(portal)
    addresses: list[PortalAddresses] = []

    def accounts(url: str) -> dict[Account, Credentials]:
        addresses.append(PortalAddresses(operator_urls=[url]))
        return {
            account_of(person, Provider.BITRIX24): Credentials(
                endpoint=url + portal.webhook_path(person.user_id)
            )
            for person in people
        }

    async with site_of(
        portal,
        portal_app(portal),
        clock,
        write=write,
        read_back=read_back,
        looks=looks,
        accounts=accounts,
    ) as site:
        client = Bitrix24Client(
            transport=site.transport,
            limiters=Limiters(rate=NO_LIMIT, burst=NO_LIMIT, timer=clock),
            addresses=addresses[0],
            timer=clock,
            unix_time=lambda: clock.now().timestamp(),
        )
        yield portal, site, client


@asynccontextmanager
async def at_bitrix24() -> AsyncIterator[CalendarSubject]:
    async with portal_site(
        (ANN, MARIA), write="calendar.meeting.status.set", read_back="calendar.meeting.status.get"
    ) as (portal, site, client):
        yield AtBitrix24(portal, site, client)
