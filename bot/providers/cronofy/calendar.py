"""Invitations in the calendars behind Cronofy.

What Cronofy does not tell, and this module makes up for:

* A change is answered 202 long before it can be seen, if ever, so reads follow until it is.
* There is no call for one event: it is looked for in a period, a narrow one once it was found.
* Declining on Exchange or Office 365 deletes the event there for good.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.clients.cronofy.api import CalendarRow, CronofyAuth
from bot.clients.cronofy.client import CronofyClient, Terms
from bot.clients.cronofy.rows import EVENT_UID, EventRow
from bot.domain.accounts import Credentials
from bot.domain.listing import soonest_first, touches
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    Participation,
    ParticipationStatus,
)
from bot.domain.providers import Provider
from bot.errors import EventNotFoundError, ProviderError, TransportError
from bot.ports import AccountStore, CalendarProvider, Call, Clock
from bot.providers.cronofy.events import Place, as_event, by_uid, next_of, place_of, status_of
from bot.services.tokens import signed_in
from bot.texts import M

T = TypeVar("T")

PAUSES = (0.3, 0.6, 1.2, 2.4)
"""Seconds before each look for a change that was accepted."""
CALENDARS_KEEP = 60.0
_PLACES_MAX = 5000
_BACK, _AHEAD = timedelta(days=42), timedelta(days=201)
"""What Cronofy keeps at all. https://docs.cronofy.com/developers/faqs/recommended-sync/"""
_DAY = timedelta(days=1)


class CronofyCalendar:
    """Invitations in Cronofy's calendars; names events by their uids (`evt_external_…`)."""

    name = Provider.CRONOFY
    write_settles_in: float | None = None
    """A change may show minutes after its 202."""

    def __init__(self, client: CronofyClient, accounts: AccountStore, clock: Clock) -> None:
        self._client = client
        self._accounts = accounts
        self._clock = clock
        self._places: OrderedDict[tuple[str, str], Place] = OrderedDict()
        self._calendars: dict[str, tuple[float, Mapping[str, CalendarRow]]] = {}

    def parse_ref(self, text: str) -> EventRef | None:
        """Recognise an event's uid."""
        if not EVENT_UID.fullmatch(text):
            return None
        return EventRef(provider=self.name, event_id=text)

    async def get_event(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        """See `CalendarProvider.get_event`."""
        rows = [row for row in await self._find(call, ref.event_id) if not row.deleted]
        if not rows:
            raise EventNotFoundError(M.EVENT_NOT_FOUND, id=ref.event_id)
        calendars = await self._calendars_of(call, fresh=fresh)
        now = self._clock.now()
        row = next_of(rows, now)
        calendar = calendars.get(row.calendar_id)
        return as_event(ref, row, calendar, shares_uid=len(rows) > 1, now=now)

    async def list_events(self, call: Call, first: date, end: date) -> Sequence[Event]:
        """See `CalendarProvider.list_events`; of all calendars, those of others included.

        Days that Cronofy does not keep have no events.
        """
        rows = [row for row in await self._rows(call, first, end) if not row.deleted]
        for uid, same in by_uid(rows).items():
            key = (call.account.account_id, uid)
            self._remember(key, place_of(same, whole=False).with_known(self._places.get(key)))
        events = await self._as_events(call, rows)
        return soonest_first((event for event in events if touches(event, first, end, UTC)), UTC)

    async def list_changes(
        self, call: Call, first: date, end: date, since: datetime
    ) -> Sequence[Event] | None:
        """See `CalendarProvider.list_changes`; of all calendars, as `list_events`.

        What only borders on the days is there as well: nothing tells it from what was moved. That
        occurrences share an id is known once several were seen together.
        """
        rows = await self._rows(call, first, end, since=since)
        return soonest_first(await self._as_events(call, rows), UTC)

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

    async def _as_events(self, call: Call, rows: Sequence[EventRow]) -> Sequence[Event]:
        now = self._clock.now()
        calendars = await self._calendars_of(call) if rows else {}
        found: list[Event] = []
        for uid, same in by_uid(rows).items():
            known = self._places.get((call.account.account_id, uid))
            shares_uid = len(same) > 1 or (known is not None and known.shares_uid)
            ref = EventRef(provider=self.name, event_id=uid)
            found.extend(
                as_event(ref, row, calendars.get(row.calendar_id), shares_uid=shares_uid, now=now)
                for row in same
            )
        return found

    async def _shown(self, call: Call, event: Event, answer: Answer) -> ParticipationStatus | None:
        """The status that reads show now; what was known before, if they show none."""
        try:
            rows = await self._find(call, event.ref.event_id, include_deleted=True)
        except (ProviderError, TransportError):
            rows = ()
        held = [row for row in rows if not row.deleted]
        if held:
            return status_of(next_of(held, self._clock.now()).status)
        return answer if rows and event.deleted_by(answer) else event.my_status

    async def _signed_in(self, call: Call, use: Callable[[CronofyAuth], Awaitable[T]]) -> T:
        return await signed_in(
            self._accounts, call.account, lambda credentials: use(_auth(credentials))
        )

    async def _find(
        self, call: Call, uid: str, *, include_deleted: bool = False
    ) -> Sequence[EventRow]:
        """Look where it was last, if nothing of it can be elsewhere; then everywhere.

        Several rows are occurrences of a series; they come soonest first.
        """
        key = (call.account.account_id, uid)
        place = self._places.get(key)
        searches: list[tuple[date, date, tuple[str, ...]]] = [(date.min, date.max, ())]
        if place is not None and place.whole:
            # A day more on either side: dates are those of the zone that the read names.
            searches.insert(0, (place.first - _DAY, place.last + 2 * _DAY, (place.calendar_id,)))
        for first, end, calendar_ids in searches:
            rows = await self._rows(
                call, first, end, calendar_ids=calendar_ids, include_deleted=include_deleted
            )
            if found := by_uid(row for row in rows if row.uid == uid).get(uid):
                self._remember(key, place_of(found, whole=True))
                return found
        return ()

    async def _rows(
        self,
        call: Call,
        first: date,
        end: date,
        *,
        calendar_ids: Sequence[str] = (),
        include_deleted: bool = False,
        since: datetime | None = None,
    ) -> Sequence[EventRow]:
        """The rows of some days, of those that Cronofy keeps; what it says to others is unknown.

        With `since` those that changed from then on, whatever has become of them.
        """
        today = self._clock.now().date()
        first, end = max(first, today - _BACK), min(end, today + _AHEAD)
        if first >= end:
            return ()
        read = partial(
            self._client.events,
            terms=_terms(call),
            date_from=first,
            date_to=end,
            calendar_ids=calendar_ids,
            include_deleted=include_deleted or since is not None,
            include_moved=since is not None,
            last_modified=since,
        )
        return await self._signed_in(call, read)

    def _remember(self, key: tuple[str, str], place: Place) -> None:
        self._places[key] = place
        self._places.move_to_end(key)
        while len(self._places) > _PLACES_MAX:
            self._places.popitem(last=False)

    async def _calendars_of(self, call: Call, *, fresh: bool = False) -> Mapping[str, CalendarRow]:
        known = None if fresh else self._calendars.get(call.account.account_id)
        if known is not None and self._clock.monotonic() - known[0] < CALENDARS_KEEP:
            return known[1]
        rows = await self._signed_in(call, lambda auth: self._client.calendars(auth, _terms(call)))
        calendars = {row.calendar_id: row for row in rows}
        self._calendars[call.account.account_id] = (self._clock.monotonic(), calendars)
        return calendars


def _auth(credentials: Credentials) -> CronofyAuth:
    return CronofyAuth(base=credentials.endpoint.rstrip("/"), token=credentials.access_token)


def _terms(call: Call) -> Terms:
    return Terms(deadline=call.deadline, priority=call.priority)


if TYPE_CHECKING:
    _conforms: type[CalendarProvider] = CronofyCalendar
