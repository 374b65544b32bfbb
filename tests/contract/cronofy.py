"""Cronofy on loopback for the contract suites, past the port and through it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

from bot.clients.cronofy.client import CronofyClient, limit_of
from bot.domain.accounts import Account, Credentials
from bot.domain.participation import EventRef, Obstacle, ParticipationStatus
from bot.domain.providers import Provider
from bot.ports import CalendarProvider
from bot.providers.cronofy import CronofyCalendar
from bot.sandbox.company import ANN, BORIS, MARIA
from bot.sandbox.cronofy import Attendee, Cronofy, Event, cronofy_app, seed, seed_calendars
from tests.contract.calendars import CalendarSubject, Known, Scene, Series
from tests.contract.providers import NO_LIMIT, Site, account_of, site_of
from tests.fakes.calendars import Trouble
from tests.fakes.clock import FakeClock


def _at_cronofy(uid: str) -> EventRef:
    return EventRef(provider=Provider.CRONOFY, event_id=uid)


CRONOFY_SCENE = Scene(
    ann=account_of(ANN, Provider.CRONOFY),
    other=account_of(BORIS, Provider.CRONOFY),
    meeting=Known(
        ref=_at_cronofy(seed.QUARTERLY),
        title="Quarterly planning",
        starts_at=datetime(2026, 3, 4, 9, tzinfo=UTC),
        ends_at=datetime(2026, 3, 4, 10, tzinfo=UTC),
    ),
    second=_at_cronofy(seed.CONTRACT),
    whole_days=Known(
        ref=_at_cronofy(seed.RETREAT),
        title="Стратегическая сессия",
        starts_at=date(2026, 3, 11),
        ends_at=date(2026, 3, 12),
    ),
    series=Series(
        title="Design sync",
        starts=tuple(datetime(2026, 3, day, 15, tzinfo=UTC) for day in (3, 10, 17, 24)),
    ),
    theirs=_at_cronofy(seed.BORIS_TALK),
    obstacles={
        _at_cronofy(seed.ALL_HANDS): Obstacle.READ_ONLY_CALENDAR,
        _at_cronofy(seed.MAINTENANCE): Obstacle.NO_ANSWER_ALLOWED,
        _at_cronofy(seed.INTERVIEW): Obstacle.MANAGED_EVENT,
    },
    invisible=_at_cronofy(seed.BORIS_TALK),
    unknown=_at_cronofy("evt_external_" + "0" * 24),
    vanishing=_at_cronofy(seed.NEGOTIATION),
    ids=(seed.QUARTERLY, seed.INTERVIEW),
)


class AtCronofy:
    """Cronofy's provider at the service on loopback."""

    def __init__(self, cronofy: Cronofy, site: Site, client: CronofyClient) -> None:
        self._cronofy = cronofy
        self._site = site
        ann, other = CRONOFY_SCENE.ann, CRONOFY_SCENE.other
        self._people = {ann: ANN, other: BORIS}
        self._subs = {ann: seed.ANN_ACCOUNT.sub, other: seed.BORIS_ACCOUNT.sub}
        self._calendars = {ann: seed.GOOGLE_CALENDAR, other: seed.BORIS_CALENDAR}
        self.provider: CalendarProvider = CronofyCalendar(client, site.accounts, site.clock)
        self.clock = site.clock
        self.scene = CRONOFY_SCENE
        self.secrets = site.secrets
        self.after_next_write = site.after_next_write

    def held(self, account: Account, ref: EventRef) -> ParticipationStatus | None:
        word = self._cronofy.status_of(ref.event_id)
        events = self._cronofy.events.get(ref.event_id, [])
        seen = any(self._sees(account, event.calendar_id) for event in events)
        return ParticipationStatus(word) if word is not None and seen else None

    def change(self, account: Account, ref: EventRef, status: ParticipationStatus) -> None:
        [event] = self._cronofy.events[ref.event_id]
        assert self._sees(account, event.calendar_id)
        self._cronofy.change(event, status=status.value)

    def remove(self, ref: EventRef) -> None:
        for event in self._cronofy.events[ref.event_id]:
            self._cronofy.delete(event)

    def move(self, ref: EventRef, title: str, starts_at: datetime, ends_at: datetime) -> None:
        [event] = self._cronofy.events[ref.event_id]
        self._cronofy.change(event, summary=title, times=(starts_at, ends_at))

    def invite(
        self,
        account: Account,
        title: str,
        starts_at: datetime | date,
        ends_at: datetime | date,
        *,
        free: bool = False,
    ) -> EventRef:
        host, guest = (
            Attendee(email=seed.email_of(person), display_name=person.full_name)
            for person in (MARIA, self._people[account])
        )
        whole_days = not isinstance(starts_at, datetime)
        event = self._cronofy.add_event(
            Event(
                calendar_id=self._calendars[account],
                summary=title,
                start=starts_at,
                end=ends_at + timedelta(days=1) if whole_days else ends_at,
                transparency="transparent" if free else "opaque",
                created=self.clock.now(),
                organizer=host,
                attendees=[guest],
            )
        )
        return _at_cronofy(event.event_uid)

    def enter(
        self, account: Account, title: str, starts_at: datetime, ends_at: datetime
    ) -> EventRef:
        event = self._cronofy.add_event(
            Event(
                calendar_id=self._calendars[account],
                summary=title,
                start=starts_at,
                end=ends_at,
                created=self.clock.now(),
                answerable=False,
            )
        )
        return _at_cronofy(event.event_uid)

    def writes(self, account: Account, ref: EventRef) -> int:
        sub = self._subs[account]
        return sum(write.sub == sub for write in self._cronofy.writes(ref.event_id))

    def asked(self) -> int:
        return self._cronofy.hits.total()

    async def trouble(self, trouble: Trouble) -> None:
        if trouble is Trouble.SIGNED_OUT:
            self._cronofy.force_error(401, times=NO_LIMIT)
        elif trouble is Trouble.NO_RIGHT:
            self._cronofy.force_error(403, operation=self._site.write, times=NO_LIMIT)
        else:
            await self._site.trouble(trouble)

    def _sees(self, account: Account, calendar_id: str) -> bool:
        return self._cronofy.calendar_of(calendar_id, self._subs[account]) is not None


@asynccontextmanager
async def at_cronofy() -> AsyncIterator[CalendarSubject]:
    clock = FakeClock()
    cronofy = Cronofy(now=clock.now)
    seed_calendars(cronofy)

    def accounts(url: str) -> dict[Account, Credentials]:
        return {
            CRONOFY_SCENE.ann: Credentials(
                endpoint=url, access_token=seed.ANN_ACCOUNT.personal_token
            ),
            CRONOFY_SCENE.other: Credentials(
                endpoint=url, access_token=seed.BORIS_ACCOUNT.personal_token
            ),
        }

    async with site_of(
        cronofy,
        cronofy_app(cronofy),
        clock,
        write="participation_status",
        read_back="events",
        accounts=accounts,
    ) as site:
        client = CronofyClient(
            transport=site.transport, limit=limit_of(NO_LIMIT, clock), timer=clock
        )
        yield AtCronofy(cronofy, site, client)
