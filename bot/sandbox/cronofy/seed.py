"""Calendars for two people of Acme, with an event of every kind that matters to whoever answers.

| event | calendar | for Ann |
|---|---|---|
| QUARTERLY, "Quarterly planning" | Google | to be answered |
| CONTRACT, «Обсуждение договора» | Google | accepted |
| DESIGN_SYNC, "Design sync" (weekly, an id for each occurrence) | Google | to be answered |
| RETREAT, «Стратегическая сессия» (two whole days) | Google | to be answered |
| MAINTENANCE, "Office closed for maintenance" | Google | takes no answers |
| INTERVIEW, "Interview slot" (made by the application) | Google | accepted |
| ALL_HANDS, "All-hands" | Google, shared, read-only | cannot be answered |
| NEGOTIATION, "Vendor negotiation" | Office 365 | to be answered; declining deletes it |
| PRESS, «Пресс-конференция» | Office 365 | tentative |

Boris has one Google calendar: he organizes "Quarterly planning" (BORIS_QUARTERLY) and is asked to
a talk with Maria (BORIS_TALK).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.sandbox.company import ANN, BORIS, CARL, DINA, MARIA, Colleague
from bot.sandbox.cronofy.model import Account, Attendee, Calendar, Event, Profile
from bot.sandbox.cronofy.state import Cronofy


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededAccount:
    """A person's account and its made-up tokens, the same in every run."""

    sub: str
    token: str
    refresh_token: str
    personal_token: str


def _hex(subject: str, length: int) -> str:
    return hashlib.sha256(f"sandbox cronofy {subject}".encode()).hexdigest()[:length]


def _account(person: Colleague) -> SeededAccount:
    return SeededAccount(
        sub=f"acc_{_hex(f'account {person.handle}', 24)}",
        token=_hex(f"access {person.handle}", 32),
        refresh_token=_hex(f"refresh {person.handle}", 32),
        personal_token=_hex(f"personal {person.handle}", 32),
    )


def _uid(name: str) -> str:
    return f"evt_external_{_hex(f'event {name}', 24)}"


ANN_ACCOUNT = _account(ANN)
BORIS_ACCOUNT = _account(BORIS)

GOOGLE_CALENDAR = f"cal_{_hex('google ann', 10)}_{_hex('calendar ann', 11)}"
SHARED_CALENDAR = f"cal_{_hex('google ann', 10)}_{_hex('shared ann', 11)}"
OFFICE_CALENDAR = f"cal_{_hex('office ann', 10)}@{_hex('calendar', 11)}-{_hex('office', 10)}"
"""Ids of Exchange calendars have an `@` and dashes in them."""
BORIS_CALENDAR = f"cal_{_hex('google boris', 10)}_{_hex('calendar boris', 11)}"

QUARTERLY, CONTRACT, DESIGN_SYNC = _uid("quarterly"), _uid("contract"), _uid("design sync")
RETREAT, MAINTENANCE, ALL_HANDS = _uid("retreat"), _uid("maintenance"), _uid("all-hands")
NEGOTIATION, PRESS = _uid("negotiation"), _uid("press")
INTERVIEW = "evt_partner_interview-1"
BORIS_QUARTERLY, BORIS_TALK = _uid("quarterly boris"), _uid("talk boris")


def seed_calendars(cronofy: Cronofy) -> None:
    """Fill the service; dates are relative to its clock, so that it is always fresh."""
    for person, account in ((ANN, ANN_ACCOUNT), (BORIS, BORIS_ACCOUNT)):
        cronofy.add_account(
            Account(
                sub=account.sub,
                email=email_of(person),
                name=person.full_name,
                tzid=person.timezone,
            )
        )
        cronofy.issue_token(account.sub, token=account.token, refresh_token=account.refresh_token)
        cronofy.issue_personal_token(account.sub, token=account.personal_token)
    _calendars(cronofy)
    _events(cronofy)


def email_of(person: Colleague) -> str:
    """A person's address at Acme."""
    return f"{person.handle}@acme.example"


def _calendars(cronofy: Cronofy) -> None:
    google, office, boris = (f"pro_{_hex(f'{name}', 10)}" for name in ("google ann", "office", "b"))
    ann, his = ANN_ACCOUNT.sub, BORIS_ACCOUNT.sub
    cronofy.add_profile(Profile(profile_id=google, sub=ann, name=email_of(ANN)))
    cronofy.add_profile(
        Profile(
            profile_id=office,
            sub=ann,
            name=email_of(ANN),
            provider_name="exchange",
            provider_service="office365",
        )
    )
    cronofy.add_profile(Profile(profile_id=boris, sub=his, name=email_of(BORIS)))
    for calendar_id, profile_id, name, primary, readonly in (
        (GOOGLE_CALENDAR, google, "Ann Hill", True, False),
        (SHARED_CALENDAR, google, "Company events", False, True),
        (OFFICE_CALENDAR, office, "Calendar", True, False),
        (BORIS_CALENDAR, boris, "Календарь", True, False),
    ):
        cronofy.add_calendar(
            Calendar(
                calendar_id=calendar_id,
                profile_id=profile_id,
                name=name,
                primary=primary,
                readonly=readonly,
            )
        )


def _events(cronofy: Cronofy) -> None:
    ann, boris = GOOGLE_CALENDAR, BORIS_CALENDAR
    rows: list[tuple[str, str, str, Colleague, int, int, str]] = [
        (ann, QUARTERLY, "Quarterly planning", BORIS, 2, 10, "needs_action"),
        (ann, CONTRACT, "Обсуждение договора", MARIA, 3, 12, "accepted"),
        (ann, MAINTENANCE, "Office closed for maintenance", CARL, 6, 8, "needs_action"),
        (ann, INTERVIEW, "Interview slot", ANN, 4, 9, "accepted"),
        (SHARED_CALENDAR, ALL_HANDS, "All-hands", BORIS, 5, 15, "needs_action"),
        (OFFICE_CALENDAR, NEGOTIATION, "Vendor negotiation", CARL, 4, 14, "needs_action"),
        (OFFICE_CALENDAR, PRESS, "Пресс-конференция", MARIA, 7, 11, "tentative"),
        (boris, BORIS_QUARTERLY, "Quarterly planning", BORIS, 2, 12, "accepted"),
        (boris, BORIS_TALK, "Разговор с Марией", MARIA, 1, 13, "needs_action"),
    ]
    for calendar_id, event_uid, title, organizer, days, hour, status in rows:
        event = _meeting(cronofy, calendar_id, event_uid, title, organizer, days=days, hour=hour)
        event.participation_status = event.attendees[0].status = status
        event.answerable = event_uid not in (MAINTENANCE, INTERVIEW, BORIS_QUARTERLY)
        cronofy.add_event(event)
    for week in range(4):
        # Not by add_series, so that every occurrence has the same id in every run.
        event_uid = DESIGN_SYNC if week == 0 else _uid(f"design sync {week}")
        event = _meeting(cronofy, ann, event_uid, "Design sync", DINA, days=1 + 7 * week, hour=16)
        event.series = _hex("series design sync", 16)
        cronofy.add_event(event)
    retreat = _meeting(cronofy, ann, RETREAT, "Стратегическая сессия", MARIA, days=9, hour=0)
    first_day = _moment(cronofy, ANN, 9, 0).date()
    retreat.start, retreat.end = first_day, first_day + timedelta(days=2)
    cronofy.add_event(retreat)


def _meeting(
    cronofy: Cronofy,
    calendar_id: str,
    event_uid: str,
    title: str,
    organizer: Colleague,
    *,
    days: int,
    hour: int,
) -> Event:
    """An hour at the calendar's owner, who comes first on its list."""
    owner = BORIS if calendar_id == BORIS_CALENDAR else ANN
    starts = _moment(cronofy, owner, days, hour)
    return Event(
        calendar_id=calendar_id,
        event_uid=event_uid,
        summary=title,
        start=starts,
        end=starts + timedelta(hours=1),
        tzid=owner.timezone,
        organizer=Attendee(email=email_of(organizer), display_name=organizer.full_name),
        attendees=[
            Attendee(email=email_of(owner), display_name=owner.full_name),
            Attendee(email=email_of(DINA), display_name=DINA.full_name, status="accepted"),
        ],
    )


def _moment(cronofy: Cronofy, owner: Colleague, days: int, hour: int) -> datetime:
    """So many days from now at that hour, in a person's own zone."""
    zone = ZoneInfo(owner.timezone)
    today = cronofy.now().astimezone(zone).date()
    return datetime.combine(today + timedelta(days=days), time(hour), zone)
