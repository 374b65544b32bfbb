"""A presence for a time ends at its time, whatever happens to the process or to the clock."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, Colleague
from bot.services.keeping import LEASE
from tests.e2e.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

SET = "im.user.status.set"
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2027, 6, 15, 12, tzinfo=BERLIN)
OVER = "Do not disturb: the time is over."


def written(w: World, who: Colleague = ANN) -> Sequence[object]:
    """What the portal was told to show, in order."""
    return [one.params["STATUS"] for one in w.portal.writes(SET) if one.user_id == who.user_id]


async def set_for(w: World, words: str, who: Colleague = ANN) -> None:
    """Ask for it, and wait until nothing about it is under way any more."""
    w.tg.says(w.user(who), words)
    await w.tg.wait_for(lambda: w.portal.presence_of(who.user_id) == "dnd", timeout=20)
    await nothing_open(w)


async def nothing_open(w: World) -> None:
    await w.rows("SELECT count(*) FROM inbox WHERE state != 'closed'", [(0,)])


async def nothing_due(w: World) -> None:
    """Wait until no sweep will ever look at anybody's presence again."""
    await w.rows("SELECT count(*) FROM presences WHERE due_at IS NOT NULL", [(0,)])


async def test_it_ends_although_the_process_was_killed_long_before(tmp_path: Path) -> None:
    async with world(tmp_path, clocked=True) as w:
        w.portal.presence[ANN.user_id] = "away"
        await w.start()
        await set_for(w, "/dnd 1h")
        await w.kill()
        await w.move_clock(2 * HOUR)
        await w.start()
        await w.heard(f"{OVER} Now: away.")
        held = w.portal.presence_of(ANN.user_id)
        await nothing_due(w)
        await w.move_clock(24 * HOUR)
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("Away is on.")
        await nothing_due(w)
        code = await w.stop()

    assert (held, w.portal.presence_of(ANN.user_id)) == ("away", "away")
    assert written(w) == ["dnd", "away"]
    assert len([message for message in w.messages() if OVER in message.plain]) == 1
    assert code == 0


async def test_what_was_changed_in_the_portal_while_nothing_ran_stands(tmp_path: Path) -> None:
    async with world(tmp_path, clocked=True, webhook=True) as w:
        await w.start()
        await set_for(w, "/dnd 1h")
        await w.kill()
        w.portal.presence[ANN.user_id] = "away"
        await w.move_clock(2 * HOUR)
        await w.start()
        await w.heard(OVER)
        await nothing_due(w)

    [told] = [message.plain for message in w.messages() if OVER in message.plain]
    assert told.endswith("It had been changed in Bitrix24 before, so I left it: away.")
    assert w.portal.presence_of(ANN.user_id) == "away"
    assert written(w) == ["dnd"]


async def test_killed_before_the_reply_it_stands_is_told_and_ends_at_its_time(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, clocked=True, at=NOON) as w:
        w.portal.presence[ANN.user_id] = "away"
        await w.start()
        answer = w.portal.hold(SET)
        w.tg.says(w.user(ANN), "/dnd 1h")
        async with asyncio.timeout(20):
            await answer.reached.wait()
        held = w.portal.presence_of(ANN.user_id)
        unanswered = w.messages()
        await w.kill()
        killed_at = w.clock.now()
        answer.opened.set()
        await w.start()
        [reply] = await w.heard("Do not disturb until")
        waited = w.clock.now() - killed_at
        await nothing_open(w)
        await w.move_clock_to(NOON + HOUR - MINUTE)
        w.tg.says(w.user(ANN), "/presence")
        await w.heard("Do not disturb until", count=2)
        stood = w.portal.presence_of(ANN.user_id)
        await w.move_clock(2 * MINUTE)
        await w.heard(f"{OVER} Now: away.")
        await nothing_due(w)

    assert (held, unanswered) == ("dnd", [])
    assert reply.plain.startswith("🔕 Do not disturb until 13:00 (UTC+2), then away.")
    # What the dead process had in hand keeps nobody waiting.
    assert waited < LEASE
    assert stood == "dnd"
    assert written(w) == ["dnd", "away"]


async def test_killed_while_it_is_taken_back_it_is_taken_back_once_and_told_once(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, clocked=True) as w:
        w.portal.presence[ANN.user_id] = "away"
        await w.start()
        await set_for(w, "/dnd 1h")
        await w.kill()
        answer = w.portal.hold(SET)
        await w.move_clock(2 * HOUR)
        await w.start()
        async with asyncio.timeout(20):
            await answer.reached.wait()
        await w.kill()
        answer.opened.set()
        await w.move_clock(MINUTE)
        await w.start()
        await w.heard(f"{OVER} Now: away.")
        await nothing_due(w)

    assert w.portal.presence_of(ANN.user_id) == "away"
    assert written(w) == ["dnd", "away"]
    assert len([message for message in w.messages() if OVER in message.plain]) == 1


async def test_a_clock_that_jumps_ahead_ends_it_in_a_running_process(tmp_path: Path) -> None:
    async with world(tmp_path, clocked=True) as w:
        w.portal.presence[ANN.user_id] = "away"
        await w.start()
        await set_for(w, "/dnd 1h")
        await w.move_clock(2 * HOUR)
        await w.heard(f"{OVER} Now: away.")
        await nothing_due(w)

    assert written(w) == ["dnd", "away"]


async def test_a_clock_that_is_set_back_ends_it_no_sooner_and_no_later(tmp_path: Path) -> None:
    async with world(tmp_path, clocked=True, several=True, at=NOON) as w:
        w.tg.says(w.user(ANN), "/lang en")
        await w.start()
        await set_for(w, "/dnd 1h")
        await w.move_clock(-HOUR)
        w.tg.says(w.user(ANN), "/presence")
        [_, shown] = await w.heard("Do not disturb until", count=2)
        # Whoever looks at all that is claimed must not find that it has not begun yet.
        w.tg.says(w.user(ANN), f"/away during {SPRINT_REVIEW}")
        await w.heard("Away from")
        # Boris's end shows that a sweep has looked.
        await set_for(w, "/dnd 30m", BORIS)
        await w.move_clock(HOUR)
        await w.tg.wait_for(lambda: w.portal.presence_of(BORIS.user_id) == "online", timeout=20)
        early = list(written(w))
        await w.move_clock_to(NOON + HOUR + MINUTE)
        await w.heard(OVER)

    assert shown.plain.startswith("🔕 Do not disturb until 13:00 (UTC+2), then online.")
    assert early == ["dnd"]
    assert written(w) == ["dnd", "online"]


async def test_until_tomorrow_is_nine_oclock_when_clocks_change_at_night(tmp_path: Path) -> None:
    short = datetime(2027, 3, 27, 20, tzinfo=BERLIN)
    long = datetime(2027, 10, 30, 20, tzinfo=BERLIN)
    async with world(tmp_path, clocked=True, at=short) as w:
        await w.start()
        for number, evening in enumerate((short, long), start=1):
            nine = (evening + timedelta(days=1)).replace(hour=9)
            hours = (nine.astimezone(UTC) - evening.astimezone(UTC)) / HOUR
            await w.move_clock_to(evening)
            await set_for(w, "/dnd until tomorrow")
            await w.move_clock_to(nine - MINUTE)
            w.tg.says(w.user(ANN), "/presence")
            [*_, reply] = await w.heard("Do not disturb until", count=2 * number)
            early = len(written(w))
            await w.move_clock_to(nine + timedelta(seconds=1))
            await w.heard(OVER, count=number)
            await nothing_due(w)

            assert hours == {1: 12, 2: 14}[number]
            assert "09:00" in reply.plain.partition(", then online")[0]
            assert (early, len(written(w))) == (2 * number - 1, 2 * number)
