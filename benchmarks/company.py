"""A made-up company: who has which meetings on a day, and what people ask of the bot."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.domain.accounts import Account
from bot.domain.chat import Identity, Platform
from bot.domain.participation import Event, EventRef, ParticipationStatus
from bot.domain.providers import Provider

HALF_HOUR = timedelta(minutes=30)
PEAK = timedelta(minutes=5)
"""For how long after each half hour people give more commands."""
_MEETINGS = 6
_PLACE = "acme.bitrix24.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Something accepted, with others."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the company whose presence follows their meetings."""

    account: Account
    meetings: Sequence[Meeting]

    @property
    def identity(self) -> Identity:
        """Who that is in the chat."""
        return self.account.owner

    def in_meeting(self, at: datetime) -> bool:
        """Whether they are in one at that moment."""
        return any(one.begins <= at < one.ends for one in self.meetings)

    def events(self) -> Iterator[Event]:
        """Their meetings as a calendar shows them."""
        for number, meeting in enumerate(self.meetings):
            yield Event(
                ref=EventRef(provider=Provider.BITRIX24, event_id=f"mem-{number + 1}"),
                title="Meeting",
                starts_at=meeting.begins,
                ends_at=meeting.ends,
                my_status=ParticipationStatus.ACCEPTED,
                with_others=True,
            )


class Wish(Enum):
    """What somebody asks for; each takes two hits."""

    AWAY = auto()
    """A presence by hand until some time: a look, then a write."""
    ANSWER = auto()
    """An answer to an invitation: a look, then a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command that somebody gives.

    Attributes:
        until: When a presence by hand is to end.
    """

    at: datetime
    member: Member
    wish: Wish
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The people of one portal, and their day.

    Attributes:
        opens: When the first meetings begin.
        closes: When the last ones are over.
        members: Everybody.
        failing: Those whose account stops working shortly before the first meetings; theirs are
            those of the first of them, so that they are due together.
        orders: What the others ask for, in order of time.
    """

    opens: datetime
    closes: datetime
    members: Sequence[Member]
    failing: Sequence[Member] = field(default=())
    orders: Sequence[Order] = field(default=())

    @property
    def working(self) -> Sequence[Member]:
        """Those whose account works."""
        return [member for member in self.members if member not in self.failing]


def found(
    *,
    people: int,
    opens: datetime,
    closes: datetime,
    seed: int = 1,
    failing: int = 0,
    every: timedelta = timedelta(seconds=8),
    every_in_peak: timedelta = timedelta(seconds=4),
) -> Company:
    """Make up a company; the same for the same arguments.

    Args:
        people: How many.
        opens: When the first meetings begin.
        closes: When the last ones are over.
        seed: Another one makes another company.
        failing: How many accounts do not work; the day of all others is the same without them.
        every: How long it takes on average until somebody gives a command.
        every_in_peak: Likewise after each half hour of the day.
    """
    dice = random.Random(seed)
    members = [_member(number, opens, closes, dice) for number in range(people)]
    bad = [_like(member, members[0]) for member in members[:failing]]
    members[:failing] = bad
    asking = members[people // 20 :]
    orders = _orders(
        members=asking,
        opens=opens,
        closes=closes,
        every=every,
        every_in_peak=every_in_peak,
        dice=dice,
    )
    return Company(opens=opens, closes=closes, members=members, failing=bad, orders=list(orders))


def _member(number: int, opens: datetime, closes: datetime, dice: random.Random) -> Member:
    slots = int((closes - opens) / HALF_HOUR)
    meetings = []
    for slot in sorted(dice.sample(range(slots), _MEETINGS)):
        begins = opens + slot * HALF_HOUR
        ends = min(begins + dice.choice((1, 2)) * HALF_HOUR, closes)
        meetings.append(Meeting(begins=begins, ends=ends))
    account = Account(
        account_id=f"account-{number}",
        owner=Identity(platform=Platform.TELEGRAM, user_id=str(1000 + number)),
        provider=Provider.BITRIX24,
        place=_PLACE,
    )
    return Member(account=account, meetings=meetings)


def _like(member: Member, other: Member) -> Member:
    return Member(account=member.account, meetings=other.meetings)


def _orders(
    *,
    members: Sequence[Member],
    opens: datetime,
    closes: datetime,
    every: timedelta,
    every_in_peak: timedelta,
    dice: random.Random,
) -> Iterator[Order]:
    at, end = opens - HALF_HOUR, closes
    busy_until: dict[str, datetime] = {}
    while True:
        peak = opens <= at and (at - opens) % HALF_HOUR < PEAK
        mean = every_in_peak if peak else every
        at += timedelta(seconds=dice.expovariate(1 / mean.total_seconds()))
        if at >= end:
            return
        member, wish = dice.choice(members), dice.choices(list(Wish), (1, 3))[0]
        # Never on the half hour: what is due then is due because of meetings.
        hour = at.replace(minute=dice.choice((0, 30)), second=0, microsecond=0)
        until = hour + timedelta(hours=1, minutes=dice.randint(1, 29))
        # Nobody gives a command while their last one is being carried out.
        if busy_until.get(member.account.account_id, at) <= at:
            busy_until[member.account.account_id] = at + timedelta(minutes=1)
            yield Order(at=at, member=member, wish=wish, until=until)
