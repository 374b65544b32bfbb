"""Two replicas on PostgreSQL: order per person, and nothing lost or doubled when one of them dies.

Commands of one event alternate, so what was lost, doubled or overtaken shows in the portal's log.
"""

import random
import signal
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, PEOPLE, Colleague
from bot.sandbox.cronofy.seed import QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.telegram import Chat
from tests.e2e.replicas import Company, company

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

GUESTS = [person for person in PEOPLE if person is not BORIS]
GROUP = -100500
ROUND = 4
"""Commands of each person in each of their two chats, between one death and the next."""
LATENCY = 0.1
"""Seconds that the portal takes, so that what was taken in is mostly not handled yet."""
DEATHS = ((0, signal.SIGKILL), (1, signal.SIGKILL), (0, signal.SIGTERM), (1, signal.SIGKILL))


@dataclass(slots=True)
class Talk:
    """One person in one chat: that is what Telegram keeps in order; each has an event."""

    who: Colleague
    chat: Chat | None
    event_id: int
    name: str
    sent: list[str] = field(default_factory=list)

    def say(self, c: Company) -> None:
        verb, status = (("accept", "Y"), ("decline", "N"))[len(self.sent) % 2]
        mention = "@acme_rsvp_bot" if self.chat else ""
        c.w.tg.says(c.w.user(self.who), f"/{verb}{mention} {self.event_id}", self.chat)
        self.sent.append(status)

    def answers(self, c: Company) -> int:
        return sum(
            message.plain.startswith(("✅", "❌")) and f": {self.name}\n" in f"{message.plain}\n"
            for message in c.w.tg.messages(self.who.user_id)
        )


def talks_in(c: Company) -> list[Talk]:
    w, talks = c.w, []
    group = w.tg.add_group(GROUP, "Team", [w.user(person) for person in PEOPLE])
    now = w.portal.now()
    for number, (who, chat) in enumerate((who, chat) for who in GUESTS for chat in (None, group)):
        w.tg.chats[who.user_id].started = True
        name = f"Meeting {number:02}"
        event_id = w.portal.add_meeting(
            event_id=2000 + number * 20,
            host_id=BORIS.user_id,
            guests=[who.user_id],
            name=name,
            starts=now.replace(year=now.year + 1),
            ends=now.replace(year=now.year + 1),
        )
        talks.append(Talk(who, chat, event_id, name))
    return talks


async def all_answered(c: Company, talks: Sequence[Talk]) -> None:
    await c.w.tg.wait_for(
        lambda: all(talk.answers(c) >= len(talk.sent) for talk in talks), timeout=60
    )


def check(c: Company, talks: Sequence[Talk], in_hand: int, seed: object) -> None:
    written = defaultdict(list)
    for write in c.w.portal.writes("calendar.meeting.status.set"):
        written[int(str(write.params["eventId"]))].append(str(write.params["status"]))
    assert written == {talk.event_id: talk.sent for talk in talks}, seed
    told = Counter(notice.event_id for notice in c.w.portal.notices)
    assert told == {talk.event_id: len(talk.sent) for talk in talks}, seed
    repeated = sum(talk.answers(c) - len(talk.sent) for talk in talks)
    assert 0 <= repeated <= in_hand, seed
    # What was done before a death is told as done, not as having been so before.
    assert not any(
        message.plain.startswith(("✅ Already", "✅ Уже", "❌ Already", "❌ Уже"))
        for person in PEOPLE
        for message in c.w.tg.messages(person.user_id)
    ), seed


async def test_order_is_kept_and_nothing_is_lost_or_doubled_whichever_dies(
    tmp_path: Path, postgres: str
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    in_hand = 0
    async with company(tmp_path, postgres, dice) as c:
        talks = talks_in(c)
        c.w.portal.faults.add(FaultRule(fault=Fault.LATENCY, times=None, seconds=LATENCY))
        for replica in c.replicas:
            await replica.start()
        await c.ready()
        for number, how in DEATHS:
            for talk in dice.sample(talks * ROUND, len(talks) * ROUND):
                talk.say(c)
            if dice.random() < 0.5:
                # Later messages of the same people, which come to the other one, are no help then.
                await c.w.tg.wait_for(lambda: not c.w.tg.queue.pending, timeout=40)
            await c.sent(dice.randrange(1, len(talks)))
            code = await c.replicas[number].end(how)
            in_hand += len(await c.open_keys())
            assert code == (0 if how is signal.SIGTERM else -how), seed
            # The other one finishes what was begun, without anybody starting anything.
            await all_answered(c, talks)
            await c.replicas[number].start()
        await c.ready()
        await c.all_closed()
        codes = [await replica.end(signal.SIGTERM) for replica in c.replicas]
        journal = await c.w.ask("SELECT count(*) FROM journal")

    assert codes == [0, 0], seed
    check(c, talks, in_hand, seed)
    assert journal == [(sum(len(talk.sent) for talk in talks),)], seed
    # Nobody who lived was taken for dead.
    assert not any("left to another process" in replica.logged() for replica in c.replicas), seed
    # Both had a share of the work.
    assert set(c.balancer.taken) == {replica.url for replica in c.replicas}


async def test_who_hangs_and_comes_back_does_nothing_that_was_done_meanwhile(
    tmp_path: Path, postgres: str
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    async with company(tmp_path, postgres, dice) as c:
        talks = talks_in(c)
        c.w.portal.faults.add(FaultRule(fault=Fault.LATENCY, times=None, seconds=LATENCY))
        for replica in c.replicas:
            await replica.start()
        await c.ready()
        for talk in dice.sample(talks * ROUND, len(talks) * ROUND):
            talk.say(c)
        await c.sent(dice.randrange(1, len(talks)))
        c.replicas[0].signal(signal.SIGSTOP)
        in_hand = len(await c.open_keys())
        await all_answered(c, talks)
        c.replicas[0].signal(signal.SIGCONT)
        # It takes its part again, and what it had in hand is over before that.
        for talk in talks:
            talk.say(c)
        await all_answered(c, talks)
        await c.all_closed()
        codes = [await replica.end(signal.SIGTERM) for replica in c.replicas]

    assert codes == [0, 0], seed
    check(c, talks, in_hand, seed)


async def test_buttons_and_follow_ups_go_on_at_whichever_gets_them(
    tmp_path: Path, postgres: str
) -> None:
    async with company(tmp_path, postgres, random.Random(1)) as c:
        w = c.w
        w.cronofy.quirks.apply_delay = 3600
        for replica in c.replicas:
            await replica.start()
        await c.ready()
        w.tg.says(w.user(ANN), f"/accept {QUARTERLY}")
        [pending] = await w.heard("Sent, not yet confirmed")
        w.cronofy.events[QUARTERLY][0].participation_status = "accepted"
        [confirmed] = await w.heard("✅ Accepted: Quarterly planning")
        for number in range(1, 5):
            w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
            await w.heard("Accepted: Sprint review", count=number)
            w.tg.says(w.user(ANN), f"/maybe {SPRINT_REVIEW}")
            [question] = await w.heard("Bitrix24 has no “maybe”. I can only")
            w.tg.press(w.user(ANN), ANN.user_id, question.message_id, "Take my answer back")
            await w.heard("Not answered: Sprint review", count=number)
        await c.all_closed()
        edits = [call.params["message_id"] for call in w.tg.called("editMessageText")]
        codes = [await replica.end(signal.SIGTERM) for replica in c.replicas]

    assert codes == [0, 0]
    assert confirmed.message_id == pending.message_id
    assert edits.count(str(pending.message_id)) == 1
    assert len(w.cronofy.writes(QUARTERLY)) == 1
    assert len(w.portal.notices) == 8
