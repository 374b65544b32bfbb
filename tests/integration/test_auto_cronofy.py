"""Presence that follows calendars behind Cronofy, which tell what has changed in them."""

from datetime import datetime, timedelta

from bot.sandbox.company import ANN
from bot.sandbox.cronofy import Event, seed
from bot.sandbox.cronofy.model import Attendee
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot

MINUTE, HOUR = 60.0, 3600.0
MINUTES = timedelta(minutes=1)
BOTH = (
    Attendee(email="ann@acme.example", display_name="Ann"),
    Attendee(email="guest@else.example", display_name="Guest"),
)


def held(bot: Bot) -> str | None:
    return bot.portal.presence_of(ANN.user_id)


def meet(bot: Bot, begins: int, lasts: int = 30, *, status: str = "accepted") -> Event:
    starts = bot.clock.now() + begins * MINUTES
    return bot.cronofy.add_event(
        Event(
            calendar_id=seed.GOOGLE_CALENDAR,
            summary="Interview",
            start=starts,
            end=starts + lasts * MINUTES,
            participation_status=status,
            attendees=BOTH,
            updated=bot.clock.now(),
        )
    )


def reads(bot: Bot) -> int:
    return bot.cronofy.hits["events"]


async def test_a_meeting_behind_cronofy_counts_too(bot: Bot) -> None:
    meet(bot, 10)
    await bot.say("/auto on")
    await bot.wait(11 * MINUTE)
    assert held(bot) == "dnd"

    await bot.wait(30 * MINUTE)
    assert held(bot) == "online"


async def test_what_changes_is_known_within_five_minutes(bot: Bot) -> None:
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    added, declined = meet(bot, 10), meet(bot, 60)
    await bot.wait(10 * MINUTE)
    assert held(bot) == "dnd"

    bot.cronofy.change(declined, status="declined")
    bot.cronofy.delete(added)
    await bot.wait(6 * MINUTE)
    assert held(bot) == "online"
    await bot.wait(2 * HOUR)
    assert held(bot) == "online"


async def test_one_that_was_moved_is_followed_to_its_new_time(bot: Bot) -> None:
    event = meet(bot, 10)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    assert isinstance(event.start, datetime)
    assert isinstance(event.end, datetime)
    later = event.start + timedelta(hours=1), event.end + timedelta(hours=1)
    bot.cronofy.change(event, times=later)
    await bot.wait(40 * MINUTE)
    assert held(bot) is None

    await bot.wait(HOUR - 20 * MINUTE)
    assert held(bot) == "dnd"


async def test_only_changes_are_asked_for_between_two_whole_reads(bot: Bot) -> None:
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    # It comes into view without anybody having changed it.
    meet(bot, 10, 9 * 60).updated = bot.clock.now() - timedelta(days=1)
    await bot.wait(5 * HOUR)
    assert held(bot) is None
    assert 55 <= reads(bot) <= 75

    await bot.wait(2 * HOUR)
    assert held(bot) == "dnd"


async def test_where_one_calendar_fails_the_other_goes_on(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.UNAVAILABLE_503, times=10_000))
    starts = bot.clock.now() + 10 * MINUTES
    event_id = bot.portal.add_meeting(
        host_id=ANN.user_id,
        guests=[9],
        name="Mine",
        starts=starts,
        ends=starts + 20 * MINUTES,
    )
    await bot.say("/auto on")
    await bot.wait(11 * MINUTE)

    assert event_id
    assert held(bot) == "dnd"
