"""What is in a person's calendars: invitations without an answer, days, and what overlaps."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.listing import (
    Entry,
    Failure,
    Listing,
    each_once,
    ends,
    goes_to,
    in_order,
    mark_clashes,
    midnight,
    one_of_each_series,
    overlap,
    same_meeting,
    starts,
    takes_time,
    touches,
    unanswered,
)
from bot.domain.participation import Event
from bot.domain.providers import Provider
from bot.errors import TELLABLE, BotError, NotLinkedError, StorageError
from bot.ports import AccountStore, CalendarProvider, Call, Clock, Priority
from bot.services.caller import Caller
from bot.services.event_names import EventNames
from bot.services.recent_lists import RecentLists
from bot.texts import M
from bot.texts.lists import ROWS_MAX

logger = logging.getLogger(__name__)

DAYS_AHEAD = 90
"""How far ahead invitations are looked for, in days."""
_PATIENCE = 8.0
"""Seconds that a list waits for one source."""
_PATIENCE_FOR_HINTS = 3.0
_DAY = timedelta(days=1)


class Agenda:
    """The use cases around lists of one person's own events, from all accounts side by side.

    A source that fails or is slow is named in the result and hides no other.
    """

    def __init__(
        self,
        *,
        calendars: Mapping[Provider, CalendarProvider],
        accounts: AccountStore,
        names: EventNames,
        clock: Clock,
    ) -> None:
        self._calendars = calendars
        self._accounts = accounts
        self._names = names
        self._clock = clock
        self._recent = RecentLists()

    async def upcoming(self, caller: Caller, zone: ZoneInfo) -> Listing:
        """Everything that is not over, with whatever answer, in `DAYS_AHEAD`; without handles.

        Days are the person's own, today is the first of them.

        Raises:
            NotLinkedError: There is no account to look in.
        """
        today = self._clock.now().astimezone(zone).date()
        end = today + DAYS_AHEAD * _DAY
        # Sources count days in UTC: a day more on either side has all of the person's own.
        found = await self._read(caller, today - _DAY, end + _DAY)
        now, midnight_after = self._clock.now(), midnight(end, zone)
        ahead = [
            entry
            for entry in found.entries
            if ends(entry.event, zone) > now and starts(entry.event, zone) < midnight_after
        ]
        return replace(found, entries=in_order(ahead, zone))

    async def invitations(self, caller: Caller, zone: ZoneInfo) -> Listing:
        """What waits for an answer; of a series the next occurrence only.

        Raises:
            NotLinkedError: There is no account to look in.
        """
        found = await self.upcoming(caller, zone)
        waiting = one_of_each_series(entry for entry in found.entries if unanswered(entry.event))
        return await self._named(caller, replace(found, entries=waiting))

    async def days(self, caller: Caller, zone: ZoneInfo, first: date, end: date) -> Listing:
        """What is on from the day `first` to before `end`; nothing that leaves people free.

        Raises:
            NotLinkedError: There is no account to look in.
        """
        found = await self._read(caller, first - _DAY, end + _DAY)
        on = [
            entry
            for entry in found.entries
            if not entry.event.free and touches(entry.event, first, end, zone)
        ]
        marked = mark_clashes(in_order(on, zone))
        return await self._named(caller, replace(found, entries=marked))

    async def on_at(self, caller: Caller, zone: ZoneInfo, moment: datetime) -> Listing:
        """What is on at that moment and not declined or cancelled; no whole days.

        What the person goes to hides the rest.

        Raises:
            NotLinkedError: There is no account to look in.
        """
        day = moment.astimezone(UTC).date()
        found = await self._read(caller, day - _DAY, day + 2 * _DAY)
        on = [
            entry
            for entry in in_order(found.entries, zone)
            if takes_time(entry.event)
            and not entry.event.free
            and starts(entry.event, zone) <= moment < ends(entry.event, zone)
        ]
        sure = tuple(entry for entry in on if goes_to(entry.event))
        return replace(found, entries=sure or tuple(on))

    def answered(self, event: Event) -> None:
        """An answer was given through us: what was read a moment ago knows of it too."""
        self._recent.answered(event)

    async def overlapping(self, caller: Caller, event: Event) -> Sequence[Event]:
        """Other events at the same time that the person goes to, as far as can be found out soon.

        At most one read for each source, after everybody's commands; what was read for this within
        a minute is used again. It never raises: a source that fails is passed over, and whatever
        else goes wrong, an answer that was given is given.
        """
        try:
            return await self._overlapping(caller, event)
        except Exception:
            logger.exception("what an event overlaps could not be found out")
            return ()

    async def _overlapping(self, caller: Caller, event: Event) -> Sequence[Event]:
        if not isinstance(event.starts_at, datetime) or not isinstance(event.ends_at, datetime):
            return ()
        first = event.starts_at.astimezone(UTC).date()
        end = event.ends_at.astimezone(UTC).date() + _DAY
        found = await self._read(
            caller,
            first,
            end,
            patience=_PATIENCE_FOR_HINTS,
            priority=Priority.BACKGROUND,
            recent=True,
        )
        return [
            entry.event
            for entry in in_order(found.entries, UTC)
            if goes_to(entry.event)
            and overlap(entry.event, event)
            and not same_meeting(entry.event, event)
        ]

    async def _read(
        self,
        caller: Caller,
        first: date,
        end: date,
        *,
        patience: float = _PATIENCE,
        priority: Priority = Priority.COMMAND,
        recent: bool = False,
    ) -> Listing:
        accounts = await self._accounts.accounts_of(caller.identity)
        if not accounts:
            raise NotLinkedError(M.ACCESS_NOTHING_LINKED)
        deadline = min(caller.deadline, self._clock.monotonic() + patience)
        calls = [Call(account=one, deadline=deadline, priority=priority) for one in accounts]
        answers = await asyncio.gather(
            *(self._read_one(call, first, end, recent=recent) for call in calls)
        )
        entries = (
            Entry(event=event, account=call.account)
            for call, answer in zip(calls, answers, strict=True)
            if not isinstance(answer, BotError)
            for event in answer
        )
        return Listing(
            entries=each_once(entries),
            failures=tuple(
                Failure(account=call.account, error=answer)
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, BotError)
            ),
            sources=tuple(accounts),
        )

    async def _read_one(
        self, call: Call, first: date, end: date, *, recent: bool
    ) -> Sequence[Event] | BotError:
        account, now = call.account, self._clock.monotonic()
        known = self._recent.find(account.account_id, (first, end), now) if recent else None
        if known is not None:
            return known
        try:
            found = await self._calendars[account.provider].list_events(call, first, end)
        except TELLABLE as error:
            return error
        events = [
            replace(event, ref=replace(event.ref, account_id=account.account_id)) for event in found
        ]
        if recent:
            self._recent.keep(account.account_id, (first, end), events, now)
        return events

    async def _named(self, caller: Caller, listing: Listing) -> Listing:
        """With handles, where they can be given: a list without them is better than none.

        Those beyond what a list can show get none: each is a row that is kept for long.
        """
        shown, rest = listing.entries[:ROWS_MAX], listing.entries[ROWS_MAX:]
        try:
            named = await self._names.name(caller.identity, [entry.event for entry in shown])
        except StorageError as error:
            logger.warning("events are listed without numbers: %s", error)
            return listing
        here = (replace(entry, event=event) for entry, event in zip(shown, named, strict=True))
        return replace(listing, entries=(*here, *rest))
