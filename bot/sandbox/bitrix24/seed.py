"""The portal of Acme: ten people, and events of every kind that matters to whoever answers.

| id | event | for Ann (7) |
|---|---|---|
| 651 | Sprint review | invited, organizer is notified |
| 655 | Обсуждение бюджета | invited, organizer is not notified |
| 660 | Design critique | organizes it |
| 664 | Board call | not invited |
| 668 | Daily stand-up (weekly series) | invited |
| 672 | Onboarding course (series, over) | invited |
| 676 | Kick-off (past) | invited |
| 680 | Выезд на природу (all day) | invited |
| 684 | private event of somebody else | cannot see it |
| 688 | Dentist (no meeting) | her own entry |
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.sandbox.bitrix24.records import User
from bot.sandbox.bitrix24.state import Portal
from bot.sandbox.company import ANN, BORIS, CARL, DINA, EGOR, GLEB, MARIA, PEOPLE

SPRINT_REVIEW, BUDGET, DESIGN_CRITIQUE, BOARD_CALL, STAND_UP = 651, 655, 660, 664, 668
COURSE, KICK_OFF, OUTING, PRIVATE, DENTIST = 672, 676, 680, 684, 688
_LOCATIONS = {SPRINT_REVIEW: "Room 5"}


def seed_company(portal: Portal) -> None:
    """Fill a portal; dates are relative to its clock, so that it is always fresh."""
    for person in PEOPLE:
        portal.add_user(
            User(
                user_id=person.user_id,
                name=person.name,
                last_name=person.last_name,
                email=f"{person.handle}@acme.example",
                timezone=person.timezone,
                code=person.webhook_code,
            )
        )
    _single_events(portal)
    _series(portal)


def _single_events(portal: Portal) -> None:
    ann, boris, maria = ANN.user_id, BORIS.user_id, MARIA.user_id
    carl, dina, gleb = CARL.user_id, DINA.user_id, GLEB.user_id
    events: list[tuple[int, int, tuple[int, ...], str, int, int, dict[str, bool]]] = [
        (SPRINT_REVIEW, boris, (ann, maria, carl), "Sprint review", 3, 15, {}),
        (BUDGET, maria, (ann, boris), "Обсуждение бюджета", 4, 11, {"notify": False}),
        (DESIGN_CRITIQUE, ann, (carl, dina), "Design critique", 5, 13, {}),
        (BOARD_CALL, boris, (maria, gleb), "Board call", 2, 9, {}),
        (KICK_OFF, carl, (ann, dina), "Kick-off", -6, 10, {}),
        (PRIVATE, boris, (gleb,), "Salary review", 2, 17, {"private": True}),
        (DENTIST, ann, (), "Dentist", 6, 8, {"is_meeting": False}),
    ]
    for event_id, host, guests, name, days, hour, options in events:
        starts = _moment(portal, host, days, hour)
        portal.add_meeting(
            event_id=event_id,
            host_id=host,
            guests=guests,
            name=name,
            starts=starts,
            ends=starts + timedelta(hours=1),
            is_meeting=options.get("is_meeting", True),
            notify=options.get("notify", True),
            private=options.get("private", False),
            location=_LOCATIONS.get(event_id, ""),
        )
    outing = _moment(portal, maria, 12, 0)
    portal.add_meeting(
        event_id=OUTING,
        host_id=maria,
        guests=(ann, boris, EGOR.user_id),
        name="Выезд на природу",
        starts=outing,
        ends=outing + timedelta(days=1),
        all_day=True,
    )


def _series(portal: Portal) -> None:
    ann, carl = ANN.user_id, CARL.user_id
    stand_up = _moment(portal, carl, -20, 9)
    portal.add_meeting(
        event_id=STAND_UP,
        host_id=carl,
        guests=(ann, DINA.user_id),
        name="Weekly stand-up",
        starts=stand_up,
        ends=stand_up + timedelta(minutes=30),
        rrule={"FREQ": "WEEKLY", "INTERVAL": 1},
    )
    course = _moment(portal, carl, -40, 14)
    portal.add_meeting(
        event_id=COURSE,
        host_id=carl,
        guests=(ann,),
        name="Onboarding course",
        starts=course,
        ends=course + timedelta(hours=1),
        rrule={"FREQ": "DAILY", "INTERVAL": 1, "COUNT": 5},
    )


def _moment(portal: Portal, user_id: int, days: int, hour: int) -> datetime:
    """So many days from now at that hour, in a person's own zone."""
    zone = ZoneInfo(portal.users[user_id].timezone)
    today = portal.now().astimezone(zone).date()
    return datetime.combine(today + timedelta(days=days), time(hour), zone)
