"""A meeting's card in groups, pressed by everybody while the bot is restarted and killed."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, CARL, DINA, GLEB, MARIA, Colleague
from bot.sandbox.telegram import Message
from tests.contract.stores import database_address
from tests.e2e.replicas import KEY
from tests.e2e.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TEAM, OTHERS = -100500, -100600
INVITED = (ANN, CARL, MARIA)
TURNED_AWAY = {
    DINA: "I do not know your calendar at this portal yet",
    GLEB: "Вас нет среди приглашённых",
    BORIS: "Вы организатор этой встречи",
}
"""Not linked, not invited, the organizer; and what they are told."""
BUTTONS = ("Y", None, "N")
"""Accept, Maybe, Decline; the bot asks before it takes an answer back for a "maybe"."""
MARKS = {"✅": "Y", "❌": "N", "▫": "Q"}
SET = "calendar.meeting.status.set"
TAPS = 24
"""In each of the phases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    who: Colleague
    letter: str | None
    query_id: str


@dataclass(slots=True, kw_only=True)
class Pressing:
    """People at two cards of one meeting."""

    w: World
    dice: random.Random
    cards: Sequence[Message]
    taps: list[Tap] = field(default_factory=list)

    def tap(self, count: int) -> None:
        for _ in range(count):
            who = self.dice.choice([*INVITED, *INVITED, *TURNED_AWAY])
            card = self.dice.choice(self.cards)
            number = self.dice.randrange(len(BUTTONS))
            label = card.labels[number]
            query_id = self.w.tg.press(self.w.user(who), card.chat_id, card.message_id, label)
            self.taps.append(Tap(who=who, letter=BUTTONS[number], query_id=query_id))

    async def tap_now_and_then(self, count: int) -> None:
        """Some at once, then wait until a few of them are answered."""
        for _ in range(count // 4):
            self.tap(4)
            await self.most_open(self.dice.randrange(12))

    async def most_open(self, most: int) -> None:
        """Wait until no more presses than that are unanswered."""
        await self.w.tg.wait_for(lambda: len(self.open_presses()) <= most, timeout=20)

    def open_presses(self) -> list[Tap]:
        answered = self.w.tg.callback_answers
        return [tap for tap in self.taps if tap.query_id not in answered]

    def of(self, who: Colleague) -> list[Tap]:
        return [tap for tap in self.taps if tap.who is who]

    def answers(self, who: Colleague) -> list[str]:
        """The letters that somebody asked for, one after another."""
        return [tap.letter for tap in self.of(who) if tap.letter is not None]


@pytest.mark.parametrize(("seed", "kind"), [(1, "sqlite"), (2, "postgresql")])
async def test_every_tap_counts_and_both_cards_show_what_the_portal_holds(
    tmp_path: Path, request: pytest.FixtureRequest, seed: int, kind: str
) -> None:
    async with (
        database_address(kind, request, tmp_path) as url,
        world(tmp_path, several=True, DATABASE_URL=url, SECRET_KEYS=KEY) as w,
    ):
        unlink(w, DINA)
        await w.start()
        cards = [await post_card(w, BORIS, TEAM), await post_card(w, ANN, OTHERS)]
        people = Pressing(w=w, dice=random.Random(seed), cards=cards)

        await people.tap_now_and_then(TAPS)
        people.tap(TAPS // 2)
        stopping = asyncio.create_task(w.stop())
        people.tap(TAPS // 4)
        code = await stopping
        people.tap(TAPS // 4)
        await w.start()
        await people.tap_now_and_then(TAPS)
        people.tap(TAPS // 2)
        await people.most_open(TAPS // 2 - 1)
        await w.kill()
        people.tap(TAPS // 2)
        await w.start()
        await people.tap_now_and_then(TAPS)

        await people.most_open(0)
        await w.rows("SELECT count(*) FROM inbox WHERE state <> 'closed'", [(0,)])
        held = {
            person.full_name: w.portal.status_of(SPRINT_REVIEW, person.user_id)
            for person in INVITED
        }
        await w.tg.wait_for(lambda: [shown_on(card) for card in cards] == [held, held], timeout=20)
        private = {who: w.messages(who) for who in (*INVITED, *TURNED_AWAY)}

    assert code == 0
    for who in INVITED:
        answers = people.answers(who)
        assert len(answers) > TAPS // 4
        assert w.portal.status_of(SPRINT_REVIEW, who.user_id) == answers[-1], who.handle
        assert writes_of(w, who) == changes(answers), who.handle
        assert not [one.plain for one in private[who] if one.plain.startswith(("✅", "❌"))]
    for who, told in TURNED_AWAY.items():
        said = [w.tg.callback_answers.get(tap.query_id) for tap in people.of(who)]
        alerts = [one for one in said if one and one.show_alert and told in one.text]
        written = [one for one in private[who] if told in one.plain]
        assert alerts
        assert len(alerts) + len(written) >= len(people.of(who)) > 0
        assert writes_of(w, who) == []
    assert [len(w.tg.messages(group)) for group in (TEAM, OTHERS)] == [1, 1]


async def test_a_press_that_was_in_hand_at_a_kill_is_answered_by_the_next_process(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, several=True) as w:
        await w.start()
        card = await post_card(w, ANN, TEAM)
        gate = w.portal.hold(SET)
        query_id = w.tg.press(w.user(CARL), TEAM, card.message_id, "Accept")
        await gate.reached.wait()
        await w.kill()
        gate.opened.set()
        assert query_id not in w.tg.callback_answers
        await w.start()
        await w.rows("SELECT count(*) FROM inbox WHERE state <> 'closed'", [(0,)])
        await w.tg.wait_for(lambda: query_id in w.tg.callback_answers)

    assert w.tg.callback_answers[query_id].text == "✅ Accepted: Sprint review"
    assert len(w.portal.writes(SET)) == 1


async def test_a_card_moves_along_when_its_group_becomes_a_supergroup(tmp_path: Path) -> None:
    async with world(tmp_path, several=True) as w:
        await w.start()
        people = [w.user(person) for person in (*INVITED, *TURNED_AWAY)]
        group = w.tg.add_group(-500, "Team", people)
        w.tg.says(w.user(BORIS), f"/card@acme_rsvp_bot {SPRINT_REVIEW}", group)
        await w.tg.wait_for(lambda: w.tg.messages(-500), timeout=20)

        later = w.tg.migrate(group)
        [card] = await w.tg.wait_for(lambda: w.tg.messages(later.chat_id), timeout=20)
        query_id = w.tg.press(w.user(CARL), later.chat_id, card.message_id, card.labels[0])
        await w.tg.wait_for(lambda: "✅" in card.plain, timeout=20)

    assert w.tg.callback_answers[query_id].text == "✅ Accepted: Sprint review"
    assert w.portal.status_of(SPRINT_REVIEW, CARL.user_id) == "Y"
    assert len(w.tg.messages(later.chat_id)) == 1


def unlink(w: World, who: Colleague) -> None:
    """Somebody has no account."""
    accounts: dict[str, str] = json.loads(w.environment["PEOPLE_ACCOUNTS"])
    del accounts[str(who.user_id)]
    w.environment["PEOPLE_ACCOUNTS"] = json.dumps(accounts)


async def post_card(w: World, who: Colleague, group: int) -> Message:
    people = (*INVITED, *TURNED_AWAY)
    for person in people:
        w.tg.chats[person.user_id].started = True
    chat = w.tg.add_group(group, "Team", [w.user(person) for person in people])
    w.tg.says(w.user(who), f"/card@acme_rsvp_bot {SPRINT_REVIEW}", chat)
    [card] = await w.tg.wait_for(lambda: w.tg.messages(group), timeout=20)
    return card


def shown_on(card: Message) -> Mapping[str, str]:
    """What a card says that everybody has answered, in whatever language."""
    lines = [line for line in card.plain.splitlines() if line[:1] in MARKS]
    return {name: MARKS[line[0]] for line in lines for name in line.split(": ")[1].split(", ")}


def writes_of(w: World, who: Colleague) -> list[object]:
    return [
        write.params["status"] for write in w.portal.writes(SET) if write.user_id == who.user_id
    ]


def changes(letters: Sequence[str]) -> list[str]:
    """Those of somebody's answers that differ from the one before."""
    return [
        letter
        for number, letter in enumerate(letters)
        if number == 0 or letters[number - 1] != letter
    ]
