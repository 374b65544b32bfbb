"""Fifty people, their calendars at two vendors, and how the campaign names what is in them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.bitrix24 import Portal
from bot.sandbox.bitrix24 import User as PortalUser
from bot.sandbox.cronofy import Account, Attendee, Calendar, Cronofy, Event, Profile
from bot.sandbox.telegram import TelegramEmulator

HOST, OWNER = 90, 91
"""Who organizes all meetings, and who runs the bot; neither gives commands."""
GROUP = -100_500
_FIRST_PERSON, _FIRST_EVENT = 101, 10_001
_OWN_EVENTS = 4
_IN_SERIES = 8
"""How many people share a series."""
_ZONES = ("Europe/Berlin", "Europe/Moscow", "Asia/Yekaterinburg")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who gives commands.

    Attributes:
        cronofy: Their calendar is there; otherwise at the portal.
        renews: Their account was linked by consent, so its token ends and is renewed.
        events: What they are invited to, by the id that they type.
        in_group: One more, which they talk about in the group only: what is said of it in private
            answers a command that they gave there.
        meetings: Those of them that they share with others, for a group's card.
    """

    number: int
    language: str
    timezone: str
    cronofy: bool
    renews: bool
    events: Sequence[str]
    in_group: str
    meetings: Sequence[str] = ()

    @property
    def sub(self) -> str:
        """Their account at Cronofy."""
        return f"acc_{self.number:024x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Everybody, and everything that is in their calendars.

    Attributes:
        titles: Of every event, by id.
        deletes: Events that a decline removes.
        relatives: Events of one series, by each of them.
    """

    people: Sequence[Person]
    titles: Mapping[str, str]
    deletes: frozenset[str]
    relatives: Mapping[str, frozenset[str]]

    def person(self, number: int) -> Person:
        """Whoever has that number."""
        return self.people[number - _FIRST_PERSON]


class Founding:
    """Fills the vendors; the same for the same seed."""

    def __init__(self, seed: int, portal: Portal, cronofy: Cronofy, tg: TelegramEmulator) -> None:
        self._dice = random.Random(seed)
        self._portal = portal
        self._cronofy = cronofy
        self._tg = tg
        self._last = _FIRST_EVENT
        self._titles: dict[str, str] = {}
        self._deletes: set[str] = set()
        self._relatives: dict[str, frozenset[str]] = {}
        self._opens = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + 30 * _DAY

    def found(self, count: int) -> Town:
        """Employ so many people, a fifth of them with their calendar at Cronofy."""
        numbers = range(_FIRST_PERSON, _FIRST_PERSON + count)
        at_portal = [number for number in numbers if number % 5]
        for number in (HOST, *at_portal):
            self._portal.add_user(
                PortalUser(
                    user_id=number,
                    name=f"Name{number}",
                    timezone=_ZONES[number % 3],
                    code=f"{number:016x}",
                )
            )
        together = self._meeting("All hands", at_portal)
        series: dict[int, Sequence[str]] = {}
        for start in range(0, len(at_portal), _IN_SERIES):
            crowd = at_portal[start : start + _IN_SERIES]
            series |= dict.fromkeys(crowd, self._series(crowd))
        people = []
        for number in numbers:
            cronofy = number % 5 == 0
            own = self._at_cronofy(number) if cronofy else self._at_portal(number)
            shared = () if cronofy else (*series[number], together)
            people.append(
                Person(
                    number=number,
                    language="en" if number % 2 else "ru",
                    timezone=_ZONES[number % 3],
                    cronofy=cronofy,
                    renews=number % 3 == 0,
                    events=(*own[1:], *shared),
                    in_group=own[0],
                    meetings=() if cronofy else (together,),
                )
            )
        self._in_telegram(people)
        return Town(
            people=people,
            titles=self._titles,
            deletes=frozenset(self._deletes),
            relatives=self._relatives,
        )

    def _in_telegram(self, people: Sequence[Person]) -> None:
        users = [
            self._tg.add_user(one.number, f"Name{one.number}", language_code=one.language)
            for one in people
        ]
        self._tg.add_user(OWNER, "Owner")
        for number in (OWNER, *(one.number for one in people)):
            # So that whatever is written to somebody arrives.
            self._tg.chats[number].started = True
        self._tg.add_group(GROUP, "Team", users)

    def _starts(self) -> datetime:
        return self._opens + self._dice.randrange(60 * 24) * _HOUR

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _meeting(
        self, name: str, guests: Sequence[int], *, rrule: Mapping[str, object] | None = None
    ) -> str:
        number, starts = self._next(), self._starts()
        # The ids of guests' rows follow that of the event.
        self._last += len(guests)
        title = f"{name} {number}"
        self._portal.add_meeting(
            event_id=number,
            host_id=HOST,
            guests=guests,
            name=title,
            starts=starts,
            ends=starts + _HOUR,
            rrule=rrule,
        )
        self._titles[str(number)] = title
        return str(number)

    def _at_portal(self, number: int) -> Sequence[str]:
        return [self._meeting("Talk", [number]) for _ in range(_OWN_EVENTS)]

    def _series(self, crowd: Sequence[int]) -> Sequence[str]:
        """A weekly series, and one date of it that was moved."""
        series = self._meeting("Weekly", crowd, rrule={"FREQ": "WEEKLY", "INTERVAL": 1})
        starts = datetime.fromtimestamp(self._portal.rows[int(series)].starts, UTC) + 7 * _DAY
        moved = self._portal.add_exception(
            int(series), on=starts.date(), starts=starts + _HOUR, ends=starts + 2 * _HOUR
        )
        title = f"Moved {self._next()}"
        for row in self._portal.rows.values():
            if row.parent_id == moved:
                row.name = title
        self._titles[str(moved)] = title
        both = frozenset({series, str(moved)})
        self._relatives |= dict.fromkeys(both, both)
        return sorted(both)

    def _at_cronofy(self, number: int) -> Sequence[str]:
        sub = f"acc_{number:024x}"
        email = f"{number}@acme.example"
        account = Account(sub=sub, email=email, name=f"Name{number}", tzid=_ZONES[number % 3])
        self._cronofy.add_account(account)
        events = []
        for kind, service, count in (("google", "gsuite", 3), ("exchange", "office365", 1)):
            profile = f"pro_{kind}{number}"
            calendar = f"cal_{kind}{number:05}_{number:011x}"
            self._cronofy.add_profile(
                Profile(
                    profile_id=profile,
                    sub=sub,
                    name=email,
                    provider_name=kind,
                    provider_service=service,
                )
            )
            self._cronofy.add_calendar(
                Calendar(calendar_id=calendar, profile_id=profile, name=kind, primary=True)
            )
            events += [self._event(calendar, email) for _ in range(count)]
        self._deletes.add(events[-1])
        return events

    def _event(self, calendar: str, email: str) -> str:
        number, starts = self._next(), self._starts()
        uid, title = f"evt_external_{number:024x}", f"Call {number}"
        self._cronofy.add_event(
            Event(
                calendar_id=calendar,
                event_uid=uid,
                summary=title,
                start=starts,
                end=starts + _HOUR,
                tzid="UTC",
                organizer=Attendee(email="host@acme.example", display_name="Host"),
                attendees=[Attendee(email=email)],
            )
        )
        self._titles[uid] = title
        return uid
