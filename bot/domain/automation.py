"""Which events make a presence by themselves, as their person wants it; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.domain.claims import LONGEST_BY_ITSELF, Claim, Source
from bot.domain.listing import ends, starts
from bot.domain.participation import Event, Obstacle, ParticipationStatus
from bot.domain.presence import Presence
from bot.domain.working_hours import WorkingHours

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_SHORTEST_EVENING = timedelta(minutes=5)
"""Who works until midnight and from midnight is not away in between."""


class Telling(StrEnum):
    """What somebody wants to be told of a presence that ended."""

    HAND = "hand"
    """Only of what they set themselves."""
    ALL = "all"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What somebody wants of their presence.

    Attributes:
        meetings: Whether it follows their meetings at all.
        presence: What is shown meanwhile.
        maybe: Also in meetings that they only may come to.
        all_day: Also in those that take whole days.
        only_hours: Only in meetings that begin in their working hours.
        evenings: Away outside their working hours.
        hours: When they work.
        telling: What they want to be told.
    """

    meetings: bool = False
    presence: Presence = Presence.DND
    maybe: bool = False
    all_day: bool = False
    only_hours: bool = False
    evenings: bool = False
    hours: WorkingHours = field(default_factory=WorkingHours)
    telling: Telling = Telling.HAND

    @property
    def automatic(self) -> bool:
        """Whether anything is done by itself."""
        return self.meetings or self.evenings


def counts(event: Event, choices: Choices, zone: ZoneInfo) -> bool:
    """Whether somebody's presence follows this event.

    That is a meeting with others to which they said yes or which they organize. What leaves them
    free, was declined or cancelled, has no list of others (a private "busy") or waits for an answer
    does not count.
    """
    if not event.with_others or event.free or event.obstacle is Obstacle.CANCELLED:
        return False
    if event.all_day and not choices.all_day:
        return False
    if choices.only_hours and not event.all_day:
        return _goes(event, choices) and choices.hours.contains(starts(event, zone), zone)
    return _goes(event, choices)


def _goes(event: Event, choices: Choices) -> bool:
    match event.my_status:
        case ParticipationStatus.ACCEPTED:
            return True
        case ParticipationStatus.TENTATIVE:
            return choices.maybe
        case ParticipationStatus.DECLINED | ParticipationStatus.NEEDS_ACTION:
            return False
        case ParticipationStatus.UNKNOWN | None:
            return event.obstacle is Obstacle.ORGANIZER


def meeting_claims(
    events: Iterable[Event], choices: Choices, zone: ZoneInfo, now: datetime
) -> Iterator[Claim]:
    """A claim for each event that counts and is not over; days last from midnight to midnight.

    Of what lasts longer than a claim may, the beginning counts.
    """
    if not choices.meetings:
        return
    for event in events:
        begins, over = starts(event, zone).astimezone(UTC), ends(event, zone).astimezone(UTC)
        over = min(over, begins + LONGEST_BY_ITSELF)
        if begins < over and over > now and counts(event, choices, zone):
            yield Claim(
                claim_id=f"{event.ref.provider}/{event.ref.subject}@{begins.isoformat()}",
                source=Source.MEETING,
                presence=choices.presence,
                starts_at=begins,
                ends_at=over,
                made_at=begins,
                event=event.ref,
                title=event.title,
            )


def evening_claims(
    choices: Choices, zone: ZoneInfo, now: datetime, until: datetime
) -> Iterator[Claim]:
    """Claims for the time outside working hours that touches the span from now to that moment.

    From the end of one working day to the start of the next; a weekend is cut into several.
    """
    if not choices.evenings:
        return
    for closes, opens in pairwise(_work_around(choices.hours, zone, now, until)):
        begins, over = closes[1], opens[0]
        if over - begins < _SHORTEST_EVENING or over <= now or begins >= until:
            continue
        group = f"evening@{begins.isoformat()}"
        for piece in _pieces(begins, over):
            yield Claim(
                claim_id=f"{group}+{piece[0].isoformat()}",
                source=Source.SCHEDULE,
                presence=Presence.AWAY,
                starts_at=piece[0],
                ends_at=piece[1],
                made_at=piece[0],
                group=group,
            )


def _work_around(
    hours: WorkingHours, zone: ZoneInfo, now: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The working days from a week before to a week after, each from its start to its end."""
    day, last = now.astimezone(zone).date() - _WEEK, until.astimezone(zone).date() + _WEEK
    while day <= last:
        if day.weekday() in hours.days:
            opens = datetime.combine(day, hours.start, zone)
            closes = datetime.combine(day, hours.end, zone)
            yield opens.astimezone(UTC), closes.astimezone(UTC)
        day += _DAY


def _pieces(begins: datetime, over: datetime) -> Iterator[tuple[datetime, datetime]]:
    while begins < over:
        end = min(over, begins + LONGEST_BY_ITSELF)
        if end > begins:
            yield begins, end
        begins = end
