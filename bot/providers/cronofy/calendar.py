"""Invitations in the calendars behind Cronofy.

What Cronofy does not tell, and this module makes up for:

* A change is answered 202 long before it can be seen, if ever, so reads follow until it is.
* There is no call for one event: it is looked for in a period, a narrow one once it was found.
* Declining on Exchange or Office 365 deletes the event there for good.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.clients.cronofy.api import EVENT_UID, EXTERNAL_UID, CalendarRow, CronofyAuth, EventRow
from bot.clients.cronofy.client import CronofyClient, Terms
from bot.domain.accounts import Credentials
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
from bot.errors import EventNotFoundError, ProviderError, TransportError
from bot.ports import AccountStore, CalendarProvider, Call, Clock
from bot.services.tokens import signed_in
from bot.texts import M

T = TypeVar("T")

PAUSES = (0.3, 0.6, 1.2, 2.4)
"""Seconds before each look for a change that was accepted."""
CALENDARS_KEEP = 60.0
_PLACES_MAX = 5000
_BACK, _AHEAD = timedelta(days=42), timedelta(days=201)
"""What Cronofy keeps at all. https://docs.cronofy.com/developers/faqs/recommended-sync/"""
_DELETING_SERVICES = frozenset({"exchange", "office365"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an event was found: enough to look for it in a few days of one calendar."""

    calendar_id: str
    first: date
    last: date


class CronofyCalendar:
    """Invitations in Cronofy's calendars; names events by their uids (`evt_external_…`)."""

    name = Provider.CRONOFY
    write_settles_in: float | None = None
    """A change may show minutes after its 202."""

    def __init__(self, client: CronofyClient, accounts: AccountStore, clock: Clock) -> None:
        self._client = client
        self._accounts = accounts
        self._clock = clock
        self._places: OrderedDict[tuple[str, str], _Place] = OrderedDict()
        self._calendars: dict[str, tuple[float, Sequence[CalendarRow]]] = {}

    def parse_ref(self, text: str) -> EventRef | None:
        """Recognise an event's uid."""
        if not EVENT_UID.fullmatch(text):
            return None
        return EventRef(provider=self.name, event_id=text)

    async def get_event(self, call: Call, ref: EventRef) -> Event:
        """See `CalendarProvider.get_event`."""
        row = await self._find(call, ref.event_id)
        if row is None or row.deleted:
            raise EventNotFoundError(M.EVENT_NOT_FOUND, id=ref.event_id)
        calendars = await self._calendars_of(call)
        calendar = next(
            (entry for entry in calendars if entry.calendar_id == row.calendar_id), None
        )
        return self._to_event(row, calendar)

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        """See `CalendarProvider.set_participation`."""
        doubt = Confirmation.PENDING
        try:
            await self._signed_in(
                call,
                lambda auth: self._client.change_participation(
                    auth,
                    _terms(call),
                    calendar_id=event.ref.calendar_id or "",
                    uid=event.ref.event_id,
                    status=answer.value,
                ),
            )
        except (ProviderError, TransportError) as error:
            if not error.may_have_happened:
                raise
            doubt = Confirmation.UNKNOWN
        for pause in PAUSES:
            if self._clock.monotonic() + pause >= call.deadline:
                break
            await self._clock.sleep(pause)
            event = replace(event, my_status=await self._shown(call, event, answer))
            if event.my_status is answer:
                doubt = Confirmation.CONFIRMED
                break
        status = event.my_status or ParticipationStatus.UNKNOWN
        return Participation(event=event, status=status, confirmation=doubt)

    async def _shown(self, call: Call, event: Event, answer: Answer) -> ParticipationStatus | None:
        """The status that reads show now; what was known before, if they show none."""
        try:
            row = await self._find(call, event.ref.event_id, include_deleted=True)
        except (ProviderError, TransportError):
            row = None
        if row is None:
            return event.my_status
        if row.deleted:
            return answer if event.deleted_by(answer) else event.my_status
        return _status(row.status)

    async def _signed_in(self, call: Call, use: Callable[[CronofyAuth], Awaitable[T]]) -> T:
        return await signed_in(
            self._accounts, call.account, lambda credentials: use(_auth(credentials))
        )

    async def _find(
        self, call: Call, uid: str, *, include_deleted: bool = False
    ) -> EventRow | None:
        """Look where it was last, then everywhere."""
        key = (call.account.account_id, uid)
        place = self._places.get(key)
        today = self._clock.now().date()
        searches = [(today - _BACK, today + _AHEAD, ())]
        if place is not None:
            # A day more on either side: dates are those of the zone that the read names.
            narrow = (place.first - _DAY, place.last + 2 * _DAY, (place.calendar_id,))
            searches.insert(0, narrow)  # type: ignore[arg-type] # a longer tuple of ids
        for date_from, date_to, calendar_ids in searches:
            read = partial(
                self._client.events,
                terms=_terms(call),
                date_from=date_from,
                date_to=date_to,
                calendar_ids=calendar_ids,
                include_deleted=include_deleted,
            )
            rows = await self._signed_in(call, read)
            row = next((row for row in rows if row.uid == uid), None)
            if row is not None:
                self._remember(key, row)
                return row
        return None

    def _remember(self, key: tuple[str, str], row: EventRow) -> None:
        self._places[key] = _Place(
            calendar_id=row.calendar_id, first=_day(row.starts), last=_day(row.ends)
        )
        self._places.move_to_end(key)
        while len(self._places) > _PLACES_MAX:
            self._places.popitem(last=False)

    async def _calendars_of(self, call: Call) -> Sequence[CalendarRow]:
        known = self._calendars.get(call.account.account_id)
        if known is not None and self._clock.monotonic() - known[0] < CALENDARS_KEEP:
            return known[1]
        rows = await self._signed_in(call, lambda auth: self._client.calendars(auth, _terms(call)))
        self._calendars[call.account.account_id] = (self._clock.monotonic(), rows)
        return rows

    def _to_event(self, row: EventRow, calendar: CalendarRow | None) -> Event:
        all_day = not isinstance(row.starts, datetime)
        return Event(
            ref=EventRef(provider=self.name, event_id=row.uid, calendar_id=row.calendar_id),
            title=row.summary,
            starts_at=row.starts,
            # An all-day event ends before the day that it names.
            ends_at=max(row.starts, row.ends - _DAY) if all_day else row.ends,
            all_day=all_day,
            over=self._is_over(row.ends),
            organizer=row.organizer,
            my_status=_status(row.status),
            obstacle=_obstacle(row, calendar),
            decline_deletes=calendar is not None
            and bool({calendar.provider_name, calendar.provider_service} & _DELETING_SERVICES),
        )

    def _is_over(self, ends: datetime | date) -> bool:
        now = self._clock.now()
        return ends <= now if isinstance(ends, datetime) else ends <= now.date()


def _obstacle(row: EventRow, calendar: CalendarRow | None) -> Obstacle | None:
    if row.managed or not EXTERNAL_UID.fullmatch(row.uid):
        return Obstacle.MANAGED_EVENT
    if calendar is None or calendar.readonly or calendar.deleted:
        return Obstacle.READ_ONLY_CALENDAR
    return None if row.answerable is True else Obstacle.NO_ANSWER_ALLOWED


def _status(word: str) -> ParticipationStatus:
    try:
        return ParticipationStatus(word)
    except ValueError:
        return ParticipationStatus.UNKNOWN


def _auth(credentials: Credentials) -> CronofyAuth:
    return CronofyAuth(base=credentials.endpoint.rstrip("/"), token=credentials.access_token)


def _terms(call: Call) -> Terms:
    return Terms(deadline=call.deadline, priority=call.priority)


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


if TYPE_CHECKING:
    _conforms: type[CalendarProvider] = CronofyCalendar
