"""Whose calendars hold which events."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.sandbox.cronofy.model import Account, Calendar, Event, Profile

_AGE = timedelta(days=1)
"""How long before now an event was made, if nobody says."""


class Book:
    """Accounts, their profiles, the calendars of these, and the events in them.

    Attributes:
        events: By id; several with one id are occurrences of a series that share it.
        browser: The account of whoever is at the browser when consent is given at once; None
            refuses it.
    """

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self.now = now
        self.accounts: dict[str, Account] = {}
        self.profiles: dict[str, Profile] = {}
        self.calendars: dict[str, Calendar] = {}
        self.events: dict[str, list[Event]] = {}
        self.browser: str | None = None

    def add_account(self, account: Account) -> Account:
        """Let somebody in; the first one is also at the browser."""
        self.accounts[account.sub] = account
        self.browser = self.browser or account.sub
        return account

    def add_profile(self, profile: Profile) -> Profile:
        """Connect a calendar service."""
        self.profiles[profile.profile_id] = profile
        return profile

    def add_calendar(self, calendar: Calendar) -> Calendar:
        """Add a calendar to a profile."""
        self.calendars[calendar.calendar_id] = calendar
        return calendar

    def add_event(self, event: Event) -> Event:
        """Put an event into a calendar."""
        event.event_uid = event.event_uid or f"evt_external_{uuid.uuid4().hex[:24]}"
        event.created = event.created or self.now().replace(microsecond=0) - _AGE
        event.updated = event.updated or event.created
        self.events.setdefault(event.event_uid, []).append(event)
        return event

    def add_series(
        self, first: Event, *, times: int, every: timedelta, shared_uid: bool = False
    ) -> list[Event]:
        """Put a series into a calendar.

        Args:
            first: The first occurrence; it is copied.
            times: How many occurrences there are.
            every: From one to the next.
            shared_uid: All have one id. The vendor does not document whether they do.
        """
        uid = first.event_uid or f"evt_external_{uuid.uuid4().hex[:24]}"
        series = first.series or uuid.uuid4().hex
        return [
            self.add_event(
                replace(
                    first,
                    event_uid=uid if shared_uid or number == 0 else "",
                    series=series,
                    start=first.start + every * number,
                    end=first.end + every * number,
                    attendees=[replace(attendee) for attendee in first.attendees],
                )
            )
            for number in range(times)
        ]

    def change(
        self,
        event: Event,
        *,
        summary: str | None = None,
        times: tuple[datetime | date, datetime | date] | None = None,
        status: str | None = None,
    ) -> None:
        """Somebody gives an event another title or other times, or its owner answers it."""
        if summary is not None:
            event.summary = summary
        if times is not None:
            event.was = [*event.was, (event.start, event.end)]
            event.start, event.end = times
        if status is not None:
            self.answered(event, status)
        event.updated = self.now().replace(microsecond=0)

    def delete(self, event: Event) -> None:
        """Somebody deletes an event; reads that ask for deleted ones show it."""
        event.deleted = True
        event.updated = self.now().replace(microsecond=0)

    def answered(self, event: Event, status: str) -> None:
        """Enter an answer, in the list of attendees too; `updated` stays where it is."""
        profile = self.profiles[self.calendars[event.calendar_id].profile_id]
        own_email = self.accounts[profile.sub].email
        event.participation_status = status
        for attendee in event.attendees:
            if attendee.email == own_email:
                attendee.status = status

    def profiles_of(self, sub: str) -> list[Profile]:
        """An account's profiles."""
        return [profile for profile in self.profiles.values() if profile.sub == sub]

    def calendars_in(self, profile: Profile) -> list[Calendar]:
        """The calendars of a profile."""
        return [
            calendar
            for calendar in self.calendars.values()
            if calendar.profile_id == profile.profile_id
        ]

    def calendar_of(self, calendar_id: str, sub: str) -> tuple[Calendar, Profile] | None:
        """An account's own calendar of that id, with its profile."""
        calendar = self.calendars.get(calendar_id)
        if calendar is None or self.profiles[calendar.profile_id].sub != sub:
            return None
        return calendar, self.profiles[calendar.profile_id]

    def all_events(self) -> Iterator[Event]:
        """Every event of everybody."""
        for events in self.events.values():
            yield from events

    def reached(self, calendar: Calendar, event_uid: str) -> list[Event]:
        """The events that an answer to that id concerns: one, or a series."""
        named = [
            event
            for event in self.events.get(event_uid, ())
            if event.calendar_id == calendar.calendar_id
        ]
        if not calendar.whole_series or not named or not named[0].series:
            return named
        return [
            event
            for event in self.all_events()
            if event.calendar_id == calendar.calendar_id and event.series == named[0].series
        ]
