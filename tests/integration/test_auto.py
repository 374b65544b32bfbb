"""Presence that follows the calendar, as its person sees it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.automation import Telling
from bot.sandbox.company import ANN, BORIS
from tests.fakes.bot import Bot, identity_of, plain

MINUTE, HOUR = 60.0, 3600.0


def held(bot: Bot) -> str | None:
    return bot.portal.presence_of(ANN.user_id)


def writes(bot: Bot) -> list[object]:
    return [write.params["STATUS"] for write in bot.portal.writes("im.user.status.set")]


def meet(
    bot: Bot,
    begins: float,
    lasts: float = 30,
    *,
    status: str = "Y",
    guests: Sequence[int] = (ANN.user_id,),
    **more: object,
) -> int:
    """A meeting in so many minutes, to which Ann said yes."""
    starts = bot.clock.now() + timedelta(minutes=begins)
    event_id = bot.portal.add_meeting(
        host_id=BORIS.user_id,
        guests=guests,
        name="Salary talks",
        starts=starts,
        ends=starts + timedelta(minutes=lasts),
        **more,  # type: ignore[arg-type]
    )
    answer(bot, event_id, status)
    return event_id


def answer(bot: Bot, event_id: int, status: str) -> None:
    for row in bot.portal.rows.values():
        if row.parent_id == event_id and row.owner_id == ANN.user_id:
            row.status = status


async def test_it_is_off_until_it_is_wanted(bot: Bot) -> None:
    meet(bot, 10)
    await bot.wait(HOUR)
    assert (held(bot), bot.portal.hits) == (None, 0)

    [shown] = await bot.say("/auto")
    assert shown.said[0] == "auto.off"


async def test_a_meeting_is_followed_from_its_start_to_its_end(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    meet(bot, 10)
    [on] = await bot.say("/auto on")
    assert on.said[0] == "auto.on"
    told = [*await bot.wait(10 * MINUTE - 1)]
    assert held(bot) == "away", "not before it starts"

    told += await bot.wait(2)
    assert held(bot) == "dnd"
    [status] = await bot.say("/presence")
    assert status.said[:2] == ("presence.until", "presence.by_meeting")
    assert "Salary talks" in status.text

    told += await bot.wait(30 * MINUTE)
    assert (held(bot), told) == ("away", [])
    assert writes(bot) == ["dnd", "away"]


async def test_meetings_that_overlap_or_touch_are_one(bot: Bot) -> None:
    meet(bot, 10, 60)
    meet(bot, 20, 10)
    meet(bot, 40, 50)
    meet(bot, 90, 15)
    await bot.say("/auto away")
    await bot.wait(3 * HOUR)

    assert writes(bot) == ["away", "online"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("without an answer", {"status": "Q"}),
        ("declined", {"status": "N"}),
        ("free", {"accessibility": "free"}),
        ("all day", {"all_day": True}),
        ("alone", {"guests": ()}),
    ],
)
async def test_what_does_not_count(bot: Bot, kind: str, more: dict[str, object]) -> None:
    meet(bot, 10, **more)  # type: ignore[arg-type]
    await bot.say("/auto on")
    await bot.wait(HOUR)

    assert writes(bot) == [], kind


async def test_one_that_somebody_organizes_counts(bot: Bot) -> None:
    now = bot.clock.now()
    bot.portal.add_meeting(
        host_id=ANN.user_id,
        guests=[BORIS.user_id],
        name="Mine",
        starts=now + timedelta(minutes=5),
        ends=now + timedelta(minutes=15),
    )
    await bot.say("/auto on")
    await bot.wait(HOUR)

    assert writes(bot) == ["dnd", "online"]


async def test_all_day_ones_count_if_somebody_wants_that(bot: Bot) -> None:
    meet(bot, 10, all_day=True)
    await bot.say("/auto on")
    await bot.say("/auto allday on")
    await bot.wait(MINUTE)
    assert held(bot) == "dnd"

    await bot.say("/auto allday off")
    await bot.wait(MINUTE)
    assert held(bot) == "online"


async def test_only_in_working_hours(bot: Bot) -> None:
    meet(bot, 10)
    meet(bot, 120)
    await bot.say("/auto on")
    await bot.say("/auto hours 12-18 mon-fri")
    [reply] = await bot.say("/auto hours on")
    assert "12:00–18:00" in plain(reply.text)
    await bot.wait(HOUR)
    assert writes(bot) == []

    await bot.wait(HOUR + MINUTE)
    assert held(bot) == "dnd"


async def test_by_hand_goes_first_and_the_meeting_is_behind_it(bot: Bot) -> None:
    meet(bot, 10, 60)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    [reply] = await bot.say("/away 20m")
    assert "then do not disturb" in plain(reply.text)
    assert held(bot) == "away"

    await bot.wait(21 * MINUTE)
    assert held(bot) == "dnd"
    await bot.wait(HOUR)
    assert (held(bot), writes(bot)) == ("online", ["dnd", "away", "dnd", "online"])


async def test_online_for_a_time_goes_before_meetings_too(bot: Bot) -> None:
    meet(bot, 10, 60)
    await bot.say("/auto on")
    await bot.say("/online 30m")
    await bot.wait(25 * MINUTE)
    assert held(bot) == "online"

    await bot.wait(10 * MINUTE)
    assert held(bot) == "dnd"


async def test_not_this_one_exempts_it_alone(bot: Bot) -> None:
    meet(bot, 10, 60)
    meet(bot, 100, 30)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    await bot.say("/presence")
    [reply] = await bot.press("Not for this meeting")
    assert reply.said[0] == "presence.skipped"
    assert held(bot) == "online"

    await bot.wait(60 * MINUTE)
    assert held(bot) == "online", "also after the calendar was read again"
    await bot.wait(30 * MINUTE)
    assert held(bot) == "dnd"


async def test_online_ends_the_meeting_that_is_on_and_no_other(bot: Bot) -> None:
    meet(bot, 10, 60)
    meet(bot, 100, 30)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    await bot.say("/online")
    await bot.wait(60 * MINUTE)
    assert held(bot) == "online"

    await bot.wait(30 * MINUTE)
    assert held(bot) == "dnd"


async def test_what_was_changed_in_the_portal_during_a_meeting_stands(bot: Bot) -> None:
    meet(bot, 10, 60)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    bot.portal.presence[ANN.user_id] = "away"
    await bot.wait(2 * HOUR)

    assert (held(bot), writes(bot)) == ("away", ["dnd"])


async def test_a_meeting_that_was_declined_or_moved_is_noticed(bot: Bot) -> None:
    declined, moved = meet(bot, 40), meet(bot, 100)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    answer(bot, declined, "N")
    for row in bot.portal.rows.values():
        if row.parent_id == moved:
            row.starts += 7200
            row.ends += 7200
    await bot.wait(3 * HOUR)
    assert writes(bot) == []

    await bot.wait(HOUR)
    assert held(bot) == "dnd"


async def test_an_answer_through_the_bot_counts_at_once(bot: Bot) -> None:
    event_id = meet(bot, 5, 60, status="Q")
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    await bot.say(f"/accept {event_id}")
    await bot.wait(5 * MINUTE)
    assert held(bot) == "dnd"

    await bot.say(f"/decline {event_id}")
    await bot.wait(MINUTE)
    assert held(bot) == "online"


async def test_a_calendar_is_read_every_twenty_minutes_and_not_more_often(bot: Bot) -> None:
    await bot.say("/auto on")
    hits = []
    for _ in range(240):
        await bot.wait(MINUTE)
        hits.append(bot.portal.hits)

    reads = [minute for minute in range(1, 240) if hits[minute] > hits[minute - 1]]
    gaps = [later - earlier for earlier, later in pairwise(reads)]
    assert len(reads) >= 9
    assert min(gaps) >= 20
    assert max(gaps) <= 26


async def test_evenings_are_away_and_give_back_what_was_there(bot: Bot) -> None:
    [reply] = await bot.say("/auto evenings on")
    assert "auto.evenings" in reply.said
    await bot.wait(7 * HOUR)
    assert writes(bot) == []

    await bot.wait(HOUR + MINUTE)
    assert held(bot) == "away"
    [status] = await bot.say("/presence")
    assert status.said[:2] == ("presence.until", "presence.by_schedule")
    await bot.wait(15 * HOUR)
    assert held(bot) == "online"
    await bot.wait(4 * 24 * HOUR)
    # Tuesday, Wednesday and Thursday evenings, and the weekend as one.
    assert writes(bot) == ["away", "online"] * 4 + ["away"]


async def test_turned_off_it_ends_what_is_on(bot: Bot) -> None:
    meet(bot, 10, 60)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    await bot.say("/auto off")
    await bot.wait(10)
    assert held(bot) == "online"

    hits = bot.portal.hits
    await bot.wait(5 * HOUR)
    assert bot.portal.hits == hits


async def test_the_end_of_a_meeting_is_told_to_whoever_wants_it(bot: Bot) -> None:
    await bot.say("/settings")
    await bot.press("🔔 What I tell you…")
    [settings] = await bot.press("🔔 Tell me every time")
    assert "settings.tell_all" in settings.said
    meet(bot, 10, 10)
    await bot.say("/auto on")

    [told] = await bot.wait(HOUR)

    assert told.said == ("news.ended",)
    assert "Salary" not in told.text


async def test_an_end_is_told_though_the_calendar_is_read_in_that_very_moment(bot: Bot) -> None:
    await bot.say("/settings tell all")
    meet(bot, 10, 10)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    bot.clock.advance(6 * MINUTE)
    await bot.say("/auto away")
    await bot.calendar_sweep.check_due()

    told = await bot.wait(MINUTE)

    assert [one.said for one in told] == [("news.ended",)]


async def test_silence_on_request(bot: Bot) -> None:
    await bot.say("/settings tell nothing")
    await bot.say("/dnd 1h")

    assert await bot.wait(2 * HOUR) == []
    kept = await bot.automation_book.automation_of(identity_of(ANN))
    assert kept.choices == replace(kept.choices, telling=Telling.NOTHING)


async def test_a_calendar_that_cannot_be_read_keeps_what_was_known(bot: Bot) -> None:
    meet(bot, 60, 30)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    bot.portal.force_error("ACCESS_DENIED", 403, operation="calendar.event.get", times=10_000)
    await bot.wait(HOUR)
    assert held(bot) == "dnd"

    await bot.wait(HOUR)
    assert held(bot) == "online"


async def test_in_a_group_nothing_is_shown_of_it(bot: Bot) -> None:
    [reply] = await bot.say("/auto on", group="-100")

    assert reply.said == ("group.go_private",)
    assert (await bot.automation_book.automation_of(identity_of(ANN))).choices.meetings is False


async def test_in_a_group_titles_go_to_the_one_who_asks(bot: Bot) -> None:
    meet(bot, 0, 60)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    await bot.say("/presence", group="-100")
    [(_, shown)] = [one for one in bot.chat.posted if "Salary talks" in one[1].reply.text]

    assert shown.conversation.is_group
    assert not shown.shown_in.is_group


@pytest.mark.parametrize("words", ["foo", "hours 18-9", "hours 9-18 foo", "maybe", "on off"])
async def test_nonsense_changes_nothing(bot: Bot, words: str) -> None:
    [reply] = await bot.say(f"/auto {words}")

    assert reply.said == ("auto.usage",)


async def test_in_russian(bot: Bot) -> None:
    [reply] = await bot.say("/авто вкл", language="ru")
    assert reply.said[0] == "auto.on"
    [hours] = await bot.say("/auto часы 10-19 пн, ср-пт", language="ru")

    assert "Рабочее время: пн, ср–пт 10:00–19:00" in plain(hours.text)
