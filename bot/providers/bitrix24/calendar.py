"""Invitations at a portal."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bot.clients.bitrix24 import calendar
from bot.clients.bitrix24.calendar import EventRow
from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.bitrix24.errors import METHOD_FAILURES, PROVIDER
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
from bot.errors import (
    EventNotFoundError,
    ProviderError,
    ProviderProtocolError,
    ProviderRequestError,
)
from bot.ports import AccountStore, CalendarProvider, Call, Clock
from bot.providers.bitrix24.events import (
    EVENT_ID,
    Reader,
    event_alone,
    events_of_list,
    is_over,
    status_of,
)
from bot.providers.bitrix24.portal import Change, Portal
from bot.texts import M
from bot.transport.messages import REQUEST_TIMEOUT

_LETTER_FROM_ANSWER = {
    ParticipationStatus.ACCEPTED: "Y",
    ParticipationStatus.DECLINED: "N",
    ParticipationStatus.TENTATIVE: "Q",
}

READS_KEEP = 60.0
"""Seconds for which title, times and eligibility may be reused; the own status never is."""
_READS_MAX = 2000
_SERIES_HORIZON = timedelta(days=370)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What may be reused for a minute: the row, whose eyes saw it, the next occurrence."""

    row: EventRow
    reader: Reader
    upcoming: EventRow | None
    taken_at: float


class Bitrix24Calendar:
    """Invitations in Bitrix24 calendars; names events by their numbers."""

    name = Provider.BITRIX24
    write_settles_in: float | None = REQUEST_TIMEOUT

    def __init__(self, client: Bitrix24Client, accounts: AccountStore, clock: Clock) -> None:
        self._portal = Portal(client, accounts)
        self._clock = clock
        self._reads: OrderedDict[tuple[str, str], _Read] = OrderedDict()

    def parse_ref(self, text: str) -> EventRef | None:
        """Recognise a number. The portal itself would act on `651abc` and answer true to `abc`."""
        if not EVENT_ID.fullmatch(text):
            return None
        return EventRef(provider=self.name, event_id=text)

    async def get_event(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        """See `CalendarProvider.get_event`."""
        key = (call.account.account_id, ref.event_id)
        known = None if fresh else self._reads.get(key)
        if known is not None and self._clock.monotonic() - known.taken_at < READS_KEEP:
            try:
                letter = await self._own_status(call, ref)
                return self._as_event(ref, known, letter)
            except ProviderRequestError as error:
                # Gone or no meeting any more since we looked: look again.
                if error.code not in METHOD_FAILURES:
                    raise
        self._reads.pop(key, None)
        read, letter = await self._read(call, ref)
        self._reads[key] = read
        while len(self._reads) > _READS_MAX:
            self._reads.popitem(last=False)
        return self._as_event(ref, read, letter)

    async def list_events(self, call: Call, first: date, end: date) -> Sequence[Event]:
        """See `CalendarProvider.list_events`; one hit."""
        if first >= end:
            return ()
        # A day more on either side: the portal counts days in a zone of its own, and its last
        # one is open.
        date_from = max(first, date.min + _DAY) - _DAY
        date_to = min(end, date.max - _DAY) + _DAY
        commands = {
            "profile": calendar.get_profile(),
            "events": calendar.get_own_period(
                date_from.isoformat(), date_to.isoformat(), profile="profile"
            ),
        }
        answer = await self._portal.batch(call, commands)
        for key in commands:
            if error := answer.errors.get(key):
                raise error
        me = calendar.parse_profile(answer.results.get("profile")).user_id
        rows = calendar.parse_events(answer.results.get("events"))
        reader = Reader(user_id=me, origin=answer.origin)
        events = events_of_list(rows, reader, self._clock.now())
        return soonest_first((event for event in events if touches(event, first, end, UTC)), UTC)

    async def list_changes(
        self, call: Call, first: date, end: date, since: datetime
    ) -> Sequence[Event] | None:
        """See `CalendarProvider.list_changes`; no list can be asked for by when it changed.

        https://apidocs.bitrix24.com/api-reference/calendar/calendar-event/calendar-event-get.html
        """
        del call, first, end, since
        return None

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        """See `CalendarProvider.set_participation`."""
        event_id, letter = event.ref.event_id, _LETTER_FROM_ANSWER[answer]
        change = Change(
            write=calendar.set_status(event_id, letter),
            read=calendar.get_status(event_id),
            parse=calendar.parse_status,
            wanted=letter,
        )
        proof = await self._portal.write_and_read(call, change)
        confirmation, held = proof.confirmation, proof.held
        # None after a read: no participant (any more). None without one: what was before.
        was_read = confirmation is Confirmation.CONFIRMED or held is not None
        status = status_of(held) if was_read else event.my_status
        return Participation(
            event=replace(event, my_status=status),
            status=status or ParticipationStatus.UNKNOWN,
            confirmation=confirmation,
            exact=held != "Q",
        )

    def _as_event(self, ref: EventRef, read: _Read, letter: str | None) -> Event:
        return event_alone(
            ref,
            read.row,
            read.reader,
            letter=letter,
            upcoming=read.upcoming,
            now=self._clock.now(),
        )

    async def _own_status(self, call: Call, ref: EventRef) -> str | None:
        command = calendar.get_status(ref.event_id)
        return calendar.parse_status(await self._portal.call(call, command))

    async def _read(self, call: Call, ref: EventRef) -> tuple[_Read, str | None]:
        commands = {
            "profile": calendar.get_profile(),
            "event": calendar.get_by_id(ref.event_id),
            "status": calendar.get_status(ref.event_id),
        }
        answer = await self._portal.batch(call, commands)
        for key in ("profile", "event"):
            if error := answer.errors.get(key):
                raise error
        row = calendar.parse_event(answer.results.get("event"))
        if row is None or not row.accessible:
            raise EventNotFoundError(M.EVENT_NOT_FOUND, id=ref.event_id)
        me = calendar.parse_profile(answer.results.get("profile")).user_id
        letter = self._letter(answer.results, answer.errors.get("status"), row)
        upcoming = await self._upcoming(call, row, _calendar_of(row, me)) if row.recurring else None
        read = _Read(
            row=row,
            reader=Reader(user_id=me, origin=answer.origin),
            upcoming=upcoming,
            taken_at=self._clock.monotonic(),
        )
        return read, letter

    @staticmethod
    def _letter(results: object, error: ProviderError | None, row: EventRow) -> str | None:
        if error is not None:
            # What is no meeting has no status to read; anything else is a real failure.
            if row.is_meeting or error.code not in METHOD_FAILURES:
                raise error
            return None
        if not isinstance(results, dict) or "status" not in results:
            raise ProviderProtocolError(PROVIDER, "calendar.meeting.status.get")
        return calendar.parse_status(results["status"])

    async def _upcoming(self, call: Call, row: EventRow, owner_id: str) -> EventRow | None:
        """The next occurrence of a series, from a calendar that has it.

        The event itself may be told with the times of the very first one.
        """
        now = self._clock.now()
        period = calendar.get_period(
            owner_id,
            (now - _DAY).date().isoformat(),
            (now + _SERIES_HORIZON).date().isoformat(),
        )
        rows = calendar.parse_events(await self._portal.call(call, period))
        ahead = [
            other for other in rows if other.parent_id == row.parent_id and not is_over(other, now)
        ]
        return min(ahead, key=lambda other: other.starts, default=None)


def _calendar_of(row: EventRow, me: str) -> str:
    """The reader's own if they take part, else that of whoever invites."""
    takes_part = me in (row.owner_id, row.host_id) or any(
        str(entry.user_id) == me for entry in row.attendees
    )
    return me if takes_part else row.host_id or row.owner_id


if TYPE_CHECKING:
    _conforms: type[CalendarProvider] = Bitrix24Calendar
