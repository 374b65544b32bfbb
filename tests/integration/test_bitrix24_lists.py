"""A person's own calendar at a portal: what is special there about a list of events."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.client import Bitrix24Client
from bot.domain.accounts import Credentials
from bot.domain.participation import Event, Obstacle, ParticipationStatus
from bot.domain.providers import Provider
from bot.errors import ProviderPermissionError, ProviderRequestError
from bot.providers.bitrix24 import Bitrix24Calendar
from bot.sandbox.bitrix24 import Portal, portal_app
from bot.sandbox.bitrix24.seed import BOARD_CALL, SPRINT_REVIEW, STAND_UP
from bot.sandbox.company import ANN, BORIS, CARL, Colleague
from bot.sandbox.server import SandboxServer
from bot.storage.memory import FixedAccounts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.limits import Limiters
from tests.contract.bitrix24 import portal_site
from tests.contract.providers import NO_LIMIT, Site, account_of, call_of

FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
ACCOUNT = account_of(ANN, Provider.BITRIX24)


@dataclass(slots=True, kw_only=True)
class Office:
    """Acme's portal, and Ann's calendar at it."""

    portal: Portal
    site: Site
    calendar: Bitrix24Calendar

    async def listed(self, first: date = FIRST, end: date = END) -> Sequence[Event]:
        return await self.calendar.list_events(call_of(ACCOUNT, self.site.clock), first, end)

    async def alone(self, event: Event) -> Event:
        return await self.calendar.get_event(call_of(ACCOUNT, self.site.clock), event.ref)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with portal_site(
        (ANN,), write="calendar.meeting.status.set", read_back="calendar.meeting.status.get"
    ) as (portal, site, client):
        calendar = Bitrix24Calendar(client, site.accounts, site.clock)
        yield Office(portal=portal, site=site, calendar=calendar)


def titled(events: Sequence[Event], title: str) -> list[Event]:
    return [event for event in events if event.title == title]


async def test_a_list_takes_one_hit(office: Office) -> None:
    events = await office.listed()

    assert len(events) >= 6
    assert office.portal.hits == 1


async def test_meetings_of_others_are_not_in_ones_own_calendar(office: Office) -> None:
    events = await office.listed()

    ids = {event.ref.event_id for event in events}
    assert str(SPRINT_REVIEW) in ids
    assert str(BOARD_CALL) not in ids


async def test_a_moved_occurrence_is_an_event_of_its_own_with_its_own_answer(
    office: Office,
) -> None:
    moved_id = office.portal.add_exception(
        STAND_UP,
        on=date(2026, 3, 10),
        starts=datetime(2026, 3, 11, 8, tzinfo=UTC),
        ends=datetime(2026, 3, 11, 9, tzinfo=UTC),
    )
    row = office.portal.row_of(moved_id, ANN.user_id)
    assert row is not None
    row.status = "N"

    stand_ups = titled(await office.listed(FIRST, date(2026, 3, 18)), "Weekly stand-up")

    assert [
        (event.starts_at.day, event.ref.event_id, event.series, event.my_status)
        for event in stand_ups
    ] == [
        (3, str(STAND_UP), str(STAND_UP), ParticipationStatus.NEEDS_ACTION),
        (11, str(moved_id), "", ParticipationStatus.DECLINED),
        (17, str(STAND_UP), str(STAND_UP), ParticipationStatus.NEEDS_ACTION),
    ]
    moved = stand_ups[1]
    assert not moved.recurring
    assert await office.alone(moved) == moved


@pytest.mark.parametrize(
    ("host", "guest", "obstacle", "status"),
    [
        (BORIS, ANN, None, ParticipationStatus.NEEDS_ACTION),
        (ANN, CARL, Obstacle.ORGANIZER, ParticipationStatus.ACCEPTED),
    ],
    ids=["guest", "host"],
)
async def test_a_groups_meeting_is_listed_by_the_groups_id(
    office: Office,
    host: Colleague,
    guest: Colleague,
    obstacle: Obstacle | None,
    status: ParticipationStatus,
) -> None:
    event_id = office.portal.add_meeting(
        host_id=host.user_id,
        guests=[guest.user_id],
        group_id=40,
        name="Retrospective",
        starts=datetime(2026, 3, 5, 9, tzinfo=UTC),
        ends=datetime(2026, 3, 5, 10, tzinfo=UTC),
    )

    [event] = titled(await office.listed(), "Retrospective")

    assert event.ref.event_id == str(event_id)
    assert (event.obstacle, event.my_status) == (obstacle, status)
    assert await office.alone(event) == event


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Honolulu"])
async def test_a_whole_day_is_found_by_the_day_that_it_names_wherever_it_is(
    office: Office, zone: str
) -> None:
    midnight = datetime.combine(date(2026, 3, 6), time(), ZoneInfo(zone))
    office.portal.add_meeting(
        host_id=BORIS.user_id,
        guests=[ANN.user_id],
        name="Holiday",
        starts=midnight,
        ends=midnight,
        all_day=True,
        timezone=zone,
    )
    day = timedelta(days=1)

    found = {
        first.day
        for first in (date(2026, 3, number) for number in range(3, 10))
        if titled(await office.listed(first, first + day), "Holiday")
    }

    assert found == {6}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Honolulu"])
async def test_days_are_those_of_utc_wherever_the_portal_takes_them_to_be(
    office: Office, zone: str
) -> None:
    office.portal.quirks.days_of_caller = True
    office.portal.users[ANN.user_id].timezone = zone
    office.portal.rows.clear()
    for hour in range(-30, 54):
        starts = datetime(2026, 3, 5, tzinfo=UTC) + timedelta(hours=hour)
        office.portal.add_meeting(
            host_id=BORIS.user_id,
            guests=[ANN.user_id],
            name=f"{starts:%d %H:%M}",
            starts=starts,
            ends=starts + timedelta(minutes=30),
        )

    events = await office.listed(date(2026, 3, 5), date(2026, 3, 6))

    assert [event.title for event in events] == [f"05 {hour:02}:00" for hour in range(24)]


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_dates_of_the_portals_culture_play_no_part(office: Office, language: str) -> None:
    office.portal.quirks.language = language

    [event] = titled(await office.listed(date(2026, 3, 5), date(2026, 3, 6)), "Sprint review")

    assert event.starts_at == datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("operation", ["profile", "calendar.event.get"])
async def test_what_fails_within_the_hit_fails_the_list(office: Office, operation: str) -> None:
    office.portal.force_error("insufficient_scope", 401, operation=operation)
    with pytest.raises(ProviderPermissionError):
        await office.listed()

    # Guests from outside may not look at events.
    office.portal.users[ANN.user_id].extranet = True
    with pytest.raises(ProviderRequestError):
        await office.listed()


async def test_an_event_has_its_page_at_the_portal_and_nothing_of_the_key(office: Office) -> None:
    [listed] = titled(await office.listed(), "Sprint review")
    alone = await office.alone(listed)
    again = await office.alone(listed)

    [key] = [secret for secret in office.site.secrets if ":" not in secret]
    [host] = [secret for secret in office.site.secrets if ":" in secret]
    page = f"http://{host}/company/personal/user/{ANN.user_id}/calendar/?EVENT_ID={SPRINT_REVIEW}"
    assert listed.url == alone.url == again.url == page
    assert key not in repr(listed)


async def test_the_page_is_where_a_renamed_portal_is_now(office: Office) -> None:
    clock, old_home = office.site.clock, Portal(now=office.site.clock.now)
    async with (
        SandboxServer(portal_app(office.portal)) as new,
        SandboxServer(portal_app(old_home)) as old,
    ):
        old_home.moved_to = new.url
        addresses = PortalAddresses(operator_urls=[old.url, new.url])
        endpoint = old.url + office.portal.webhook_path(ANN.user_id)
        accounts = FixedAccounts({ACCOUNT: Credentials(endpoint=endpoint)})
        async with AiohttpTransport(timer=clock, guard=AddressGuard(addresses.listed)) as transport:
            client = Bitrix24Client(
                transport=transport,
                limiters=Limiters(rate=NO_LIMIT, burst=NO_LIMIT, timer=clock),
                addresses=addresses,
                timer=clock,
            )
            calendar = Bitrix24Calendar(client, accounts, clock)
            events = await calendar.list_events(call_of(ACCOUNT, clock), FIRST, END)

    assert len(events) >= 6
    assert {event.url.partition("/company/")[0] for event in events} == {new.url}
