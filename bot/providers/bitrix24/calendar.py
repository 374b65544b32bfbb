"""Invitations at a portal."""

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bot.clients.bitrix24 import calendar
from bot.clients.bitrix24.calendar import EventRow
from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.bitrix24.errors import METHOD_FAILURES, PROVIDER
from bot.domain.participation import (
    Answer,
    Attendee,
    Confirmation,
    Event,
    EventRef,
    Obstacle,
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
from bot.providers.bitrix24.portal import Change, Portal
from bot.texts import M
from bot.transport.messages import REQUEST_TIMEOUT

_EVENT_ID = re.compile(r"[1-9]\d{0,18}")
_ORGANIZER = "H"
_STATUS_FROM_LETTER = {
    "Y": ParticipationStatus.ACCEPTED,
    "N": ParticipationStatus.DECLINED,
    "Q": ParticipationStatus.NEEDS_ACTION,
}
_LETTER_FROM_ANSWER = {
    ParticipationStatus.ACCEPTED: "Y",
    ParticipationStatus.DECLINED: "N",
    ParticipationStatus.TENTATIVE: "Q",
}

READS_KEEP = 60.0
"""Seconds for which title, times and eligibility may be reused; the own status never is."""
_READS_MAX = 2000
_SERIES_HORIZON = timedelta(days=370)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What may be reused for a minute: the row, whose eyes saw it, the next occurrence."""

    row: EventRow
    me: str
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
        if not _EVENT_ID.fullmatch(text) or not text.isascii():
            return None
        return EventRef(provider=self.name, event_id=text)

    async def get_event(self, call: Call, ref: EventRef) -> Event:
        """See `CalendarProvider.get_event`."""
        key = (call.account.account_id, ref.event_id)
        known = self._reads.get(key)
        if known is not None and self._clock.monotonic() - known.taken_at < READS_KEEP:
            try:
                letter = await self._own_status(call, ref)
                return self._to_event(ref, known, letter)
            except ProviderRequestError as error:
                # Gone or no meeting any more since we looked: look again.
                if error.code not in METHOD_FAILURES:
                    raise
        self._reads.pop(key, None)
        read, letter = await self._read(call, ref)
        self._reads[key] = read
        while len(self._reads) > _READS_MAX:
            self._reads.popitem(last=False)
        return self._to_event(ref, read, letter)

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
        status = _status(held) if was_read else event.my_status
        return Participation(
            event=replace(event, my_status=status),
            status=status or ParticipationStatus.UNKNOWN,
            confirmation=confirmation,
            exact=held != "Q",
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
        upcoming = await self._upcoming(call, row, me) if row.recurring else None
        read = _Read(row=row, me=me, upcoming=upcoming, taken_at=self._clock.monotonic())
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

    async def _upcoming(self, call: Call, row: EventRow, me: str) -> EventRow | None:
        """The next occurrence of a series; getbyid may tell the very first one."""
        now = self._clock.now()
        period = calendar.get_period(
            me,
            (now - timedelta(days=1)).date().isoformat(),
            (now + _SERIES_HORIZON).date().isoformat(),
        )
        rows = calendar.parse_events(await self._portal.call(call, period))
        ahead = [
            other for other in rows if other.parent_id == row.parent_id and not _is_over(other, now)
        ]
        return min(ahead, key=lambda other: other.starts, default=None)

    def _to_event(self, ref: EventRef, read: _Read, letter: str | None) -> Event:
        row = read.row
        shown = read.upcoming or row
        starts_at, ends_at = _times(shown)
        return Event(
            ref=ref,
            title=row.name,
            starts_at=starts_at,
            ends_at=ends_at,
            all_day=row.all_day,
            recurring=row.recurring,
            over=_is_over(shown, self._clock.now()) and (not row.recurring or row.ends_by_rule),
            organizer=row.host_name,
            my_status=_status(letter),
            obstacle=_obstacle(row, read.me, letter),
            tentative_exact=False,
            notifies_organizer=row.notify,
            attendees=tuple(
                Attendee(
                    user_id=str(entry.user_id),
                    status=_status(entry.status) or ParticipationStatus.UNKNOWN,
                    organizer=entry.status == _ORGANIZER,
                )
                for entry in row.attendees
            ),
        )


def _status(letter: str | None) -> ParticipationStatus | None:
    if letter is None or letter == _ORGANIZER:
        return None
    return _STATUS_FROM_LETTER.get(letter, ParticipationStatus.UNKNOWN)


def _obstacle(row: EventRow, me: str, letter: str | None) -> Obstacle | None:
    if not row.is_meeting:
        return Obstacle.NOT_A_MEETING
    # A set by the organizer would overwrite their H and take the event out of synced calendars.
    if letter == _ORGANIZER or row.host_id == me:
        return Obstacle.ORGANIZER
    # A person removed from the meeting can still read a status from the dead copy, so the list
    # counts too.
    invited = any(str(entry.user_id) == me for entry in row.attendees)
    return None if invited and letter is not None else Obstacle.NOT_INVITED


def _times(row: EventRow) -> tuple[datetime | date, datetime | date]:
    """Aware instants, or plain dates for an all-day event: its own zone's, never converted."""
    if row.all_day:
        return (
            datetime.fromtimestamp(row.starts + row.offset_from, UTC).date(),
            datetime.fromtimestamp(row.ends + row.offset_to, UTC).date(),
        )
    return datetime.fromtimestamp(row.starts, UTC), datetime.fromtimestamp(row.ends, UTC)


def _is_over(row: EventRow, now: datetime) -> bool:
    if row.all_day:
        return _times(row)[1] < (now + timedelta(seconds=row.offset_to)).date()
    return row.ends <= now.timestamp()


if TYPE_CHECKING:
    _conforms: type[CalendarProvider] = Bitrix24Calendar
