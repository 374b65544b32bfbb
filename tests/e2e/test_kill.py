"""Killed at random instants, five times: nothing is lost, and nothing happens twice."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from bot.sandbox.company import BORIS, PEOPLE
from tests.contract.stores import DATABASES, database_address
from tests.e2e.replicas import KEY
from tests.e2e.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

COMMANDS = 200
KILLS = 5
GROUP = -100500


async def _open_keys(w: World) -> set[str]:
    """Inbox rows that were not closed when the process died."""
    return {str(key) for (key,) in await w.ask("SELECT key FROM inbox WHERE state <> 'closed'")}


async def _noted(w: World) -> Counter[int]:
    """How many entries of people's journals each meeting has."""
    rows = await w.ask("SELECT change FROM journal")
    return Counter(int(json.loads(str(change))["event"]["event_id"]) for (change,) in rows)


@pytest.mark.parametrize("kind", DATABASES)
async def test_every_command_has_exactly_one_effect_and_a_reply(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    async with (
        database_address(kind, request, tmp_path) as url,
        world(tmp_path, several=True, DATABASE_URL=url, SECRET_KEYS=KEY) as w,
    ):
        guests = [person for person in PEOPLE if person is not BORIS]
        now = w.portal.now()
        events = {
            number: w.portal.add_meeting(
                event_id=2000 + number * 20,
                host_id=BORIS.user_id,
                guests=[guests[number % len(guests)].user_id],
                name=f"Meeting {number}",
                starts=now.replace(year=now.year + 1),
                ends=now.replace(year=now.year + 1),
            )
            for number in range(COMMANDS)
        }
        group = w.tg.add_group(GROUP, "Team", [w.user(person) for person in PEOPLE])
        for person in PEOPLE:
            w.tg.chats[person.user_id].started = True
        wanted = {}
        in_hand: set[str] = set()
        waiting = list(range(COMMANDS))
        for _ in range(KILLS):
            await w.start()
            for number in waiting[: COMMANDS // KILLS]:
                verb = dice.choice(["accept", "decline"])
                wanted[number] = "Y" if verb == "accept" else "N"
                chat = group if dice.random() < 0.3 else None
                mention = "@acme_rsvp_bot" if chat else ""
                person = guests[number % len(guests)]
                w.tg.says(w.user(person), f"/{verb}{mention} {events[number]}", chat)
            waiting = waiting[COMMANDS // KILLS :]
            calls = len(w.tg.called("sendMessage"))
            await _sent(w, calls + dice.randrange(1, 30))
            await asyncio.sleep(0)
            await w.kill()
            in_hand |= await _open_keys(w)
        await w.start()
        await w.tg.wait_for(lambda: len(_answered(w)) == COMMANDS, timeout=60)
        code = await w.stop()
        left_open, noted = await _open_keys(w), await _noted(w)

    assert code == 0, seed
    for number, event_id in events.items():
        person = guests[number % len(guests)]
        assert w.portal.status_of(event_id, person.user_id) == wanted[number], (seed, number)
    told = Counter(notice.event_id for notice in w.portal.notices)
    assert told == Counter(events.values()), seed
    writes = Counter(
        int(str(write.params["eventId"]))
        for write in w.portal.writes("calendar.meeting.status.set")
    )
    assert writes == Counter(events.values()), seed
    assert noted == Counter(events.values()), seed
    repeated = sum(count - 1 for count in _answered(w).values())
    assert repeated <= len(in_hand), seed
    assert left_open == set(), seed
    # What was done before a kill is told as done, not as having been so before.
    assert not any(
        message.plain.startswith(("✅ Already", "✅ Уже", "❌ Already", "❌ Уже"))
        for person in PEOPLE
        for message in w.tg.messages(person.user_id)
    ), seed


async def _sent(w: World, count: int) -> None:
    await w.tg.wait_for(lambda: len(w.tg.called("sendMessage")) >= count, timeout=40)


def _answered(w: World) -> Counter[str]:
    """How often each meeting was named in a reply."""
    return Counter(
        line.rpartition(": ")[2]
        for person in PEOPLE
        for message in w.tg.messages(person.user_id)
        for line in message.plain.splitlines()[:1]
        if line.startswith(("✅", "❌"))
    )
