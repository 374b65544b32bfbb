"""Every fault × {read before, write, read back} × {Bitrix24 answer, its presence, Cronofy answer}.

Each cell says what the person reads, what the vendor holds in the end, and how many writes it
received. The cells are generated from the fault enum: a new fault has no expectation and fails.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import product

import pytest

from bot.domain.inbox import Intent
from bot.domain.providers import Provider
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule, Faults
from tests.fakes.bot import Bot, identity_of, running_bot

READ, WRITE, READ_BACK = "read before", "write", "read back"
STEPS = (READ, WRITE, READ_BACK)

PATIENCE = 1.0
"""Seconds that a command and each of its requests may last; LATENCY takes longer."""


@dataclass(frozen=True)
class Cell:
    """First message id, the vendor's value in the end, writes that it received."""

    said: str
    held: str | None
    writes: int


async def _accept_at_the_portal(bot: Bot) -> Cell:
    [reply] = await bot.say(f"/accept {SPRINT_REVIEW}")
    held = bot.portal.status_of(SPRINT_REVIEW, ANN.user_id)
    return Cell(reply.said[0], held, len(bot.portal.writes("calendar.meeting.status.set")))


async def _dnd_begun_by_a_process_that_died(bot: Bot) -> Cell:
    """Only then is presence read before it is written."""
    message = bot.chat.message(identity_of(ANN), "/dnd")
    [entry] = await bot.store.add([message])
    await bot.store.record_intent(
        Intent(
            entry_id=entry.entry_id,
            provider=Provider.BITRIX24,
            subject="presence",
            before="",
            wanted="dnd",
            stored_at=bot.clock.now(),
        )
    )
    await bot.dispatcher.resume()
    await bot.dispatcher.drain()
    [(_, delivery)] = bot.chat.posted
    held = bot.portal.presence_of(ANN.user_id)
    return Cell(delivery.reply.said[0], held, len(bot.portal.writes("im.user.status.set")))


async def _accept_through_cronofy(bot: Bot) -> Cell:
    [reply] = await bot.say(f"/accept {QUARTERLY}")
    held = bot.cronofy.status_of(QUARTERLY)
    return Cell(reply.said[0], held, len(bot.cronofy.writes(QUARTERLY)))


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What is done, and which operation each step is: its name, and how many come before it."""

    act: Callable[[Bot], Awaitable[Cell]]
    steps: Mapping[str, tuple[str, int]]
    who: str
    cells: Mapping[tuple[Fault, str], Cell]

    def faults_of(self, bot: Bot) -> Faults:
        return bot.cronofy.faults if self.who == ANN_ACCOUNT.sub else bot.portal.faults


YES = Cell("held.accepted", "Y", 1)
# A fault that lasts one call is outlived where the call may be repeated.
PORTAL_ANSWER = Flow(
    act=_accept_at_the_portal,
    who=str(ANN.user_id),
    steps={
        READ: ("calendar.event.getbyid", 0),
        WRITE: ("calendar.meeting.status.set", 0),
        # The first belongs to the read before.
        READ_BACK: ("calendar.meeting.status.get", 1),
    },
    cells={
        (Fault.LATENCY, READ): YES,
        # Carried out, told too late: the second look shows it.
        (Fault.LATENCY, WRITE): YES,
        (Fault.LATENCY, READ_BACK): YES,
        (Fault.UNAVAILABLE_503, READ): YES,
        (Fault.UNAVAILABLE_503, WRITE): YES,
        # Refused midway through the batch: "not executed" is said, yet the set was.
        (Fault.UNAVAILABLE_503, READ_BACK): YES,
        (Fault.RATE_LIMITED_429, READ): YES,
        (Fault.RATE_LIMITED_429, WRITE): YES,
        (Fault.RATE_LIMITED_429, READ_BACK): YES,
        (Fault.HTML_502, READ): YES,
        (Fault.HTML_502, WRITE): Cell("answer.unknown", "Q", 0),
        (Fault.HTML_502, READ_BACK): YES,
        (Fault.CUT_BEFORE, READ): YES,
        (Fault.CUT_BEFORE, WRITE): Cell("answer.unknown", "Q", 0),
        (Fault.CUT_BEFORE, READ_BACK): YES,
        (Fault.CUT_AFTER, READ): YES,
        (Fault.CUT_AFTER, WRITE): YES,
        (Fault.CUT_AFTER, READ_BACK): YES,
        (Fault.TRUNCATED_JSON, READ): Cell("error.protocol", "Q", 0),
        (Fault.TRUNCATED_JSON, WRITE): YES,
        (Fault.TRUNCATED_JSON, READ_BACK): YES,
        (Fault.NEVER_APPLIED, READ): YES,
        (Fault.NEVER_APPLIED, WRITE): Cell("held.needs_action", "Q", 1),
        (Fault.NEVER_APPLIED, READ_BACK): YES,
    },
)

DND = Cell("presence.dnd", "dnd", 1)
PORTAL_PRESENCE = Flow(
    act=_dnd_begun_by_a_process_that_died,
    who=str(ANN.user_id),
    steps={
        READ: ("im.user.status.get", 0),
        WRITE: ("im.user.status.set", 0),
        # The first is the replay's, the second goes with the write.
        READ_BACK: ("im.user.status.get", 2),
    },
    cells={
        (Fault.LATENCY, READ): DND,
        (Fault.LATENCY, WRITE): DND,
        (Fault.LATENCY, READ_BACK): DND,
        (Fault.UNAVAILABLE_503, READ): DND,
        (Fault.UNAVAILABLE_503, WRITE): DND,
        (Fault.UNAVAILABLE_503, READ_BACK): DND,
        (Fault.RATE_LIMITED_429, READ): DND,
        (Fault.RATE_LIMITED_429, WRITE): DND,
        (Fault.RATE_LIMITED_429, READ_BACK): DND,
        (Fault.HTML_502, READ): DND,
        (Fault.HTML_502, WRITE): Cell("presence.unknown", None, 0),
        (Fault.HTML_502, READ_BACK): DND,
        (Fault.CUT_BEFORE, READ): DND,
        (Fault.CUT_BEFORE, WRITE): Cell("presence.unknown", None, 0),
        (Fault.CUT_BEFORE, READ_BACK): DND,
        (Fault.CUT_AFTER, READ): DND,
        (Fault.CUT_AFTER, WRITE): DND,
        (Fault.CUT_AFTER, READ_BACK): DND,
        # The process that died may have written: "nothing was changed" would be a guess.
        (Fault.TRUNCATED_JSON, READ): Cell("presence.unknown", None, 0),
        (Fault.TRUNCATED_JSON, WRITE): DND,
        (Fault.TRUNCATED_JSON, READ_BACK): DND,
        (Fault.NEVER_APPLIED, READ): DND,
        (Fault.NEVER_APPLIED, WRITE): Cell("presence.none", None, 1),
        (Fault.NEVER_APPLIED, READ_BACK): DND,
    },
)

ACCEPTED = Cell("held.accepted", "accepted", 1)
CRONOFY_ANSWER = Flow(
    act=_accept_through_cronofy,
    who=ANN_ACCOUNT.sub,
    steps={READ: ("events", 0), WRITE: ("participation_status", 0), READ_BACK: ("events", 1)},
    cells={
        (Fault.LATENCY, READ): ACCEPTED,
        (Fault.LATENCY, WRITE): ACCEPTED,
        (Fault.LATENCY, READ_BACK): ACCEPTED,
        (Fault.UNAVAILABLE_503, READ): ACCEPTED,
        (Fault.UNAVAILABLE_503, WRITE): Cell("answer.unknown", "needs_action", 0),
        (Fault.UNAVAILABLE_503, READ_BACK): ACCEPTED,
        (Fault.RATE_LIMITED_429, READ): ACCEPTED,
        (Fault.RATE_LIMITED_429, WRITE): ACCEPTED,
        (Fault.RATE_LIMITED_429, READ_BACK): ACCEPTED,
        (Fault.HTML_502, READ): ACCEPTED,
        (Fault.HTML_502, WRITE): Cell("answer.unknown", "needs_action", 0),
        (Fault.HTML_502, READ_BACK): ACCEPTED,
        (Fault.CUT_BEFORE, READ): ACCEPTED,
        (Fault.CUT_BEFORE, WRITE): Cell("answer.unknown", "needs_action", 0),
        (Fault.CUT_BEFORE, READ_BACK): ACCEPTED,
        (Fault.CUT_AFTER, READ): ACCEPTED,
        (Fault.CUT_AFTER, WRITE): ACCEPTED,
        (Fault.CUT_AFTER, READ_BACK): ACCEPTED,
        (Fault.TRUNCATED_JSON, READ): Cell("error.protocol", "needs_action", 0),
        # The answer to the write is empty: there is nothing to cut off.
        (Fault.TRUNCATED_JSON, WRITE): ACCEPTED,
        (Fault.TRUNCATED_JSON, READ_BACK): ACCEPTED,
        (Fault.NEVER_APPLIED, READ): ACCEPTED,
        (Fault.NEVER_APPLIED, WRITE): Cell("answer.pending", "needs_action", 1),
        (Fault.NEVER_APPLIED, READ_BACK): ACCEPTED,
    },
)

FLOWS = {
    "Bitrix24 answer": PORTAL_ANSWER,
    "Bitrix24 presence": PORTAL_PRESENCE,
    "Cronofy answer": CRONOFY_ANSWER,
}


@pytest.fixture
async def bot(request: pytest.FixtureRequest) -> AsyncIterator[Bot]:
    """Its clock stands still, so a deadline is real time for each request and no more."""
    slow = request.node.callspec.params["fault"] is Fault.LATENCY
    async with running_bot(command_deadline=PATIENCE if slow else 25.0) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "step", "fault"),
    list(product(FLOWS, STEPS, Fault)),
    ids=[f"{name}-{step}-{fault}" for name, step, fault in product(FLOWS, STEPS, Fault)],
)
async def test_what_comes_of_a_fault(bot: Bot, name: str, step: str, fault: Fault) -> None:
    flow = FLOWS[name]
    operation, skip = flow.steps[step]
    rule = FaultRule(
        fault=fault, operation=operation, skip=skip, who=flow.who, seconds=_seconds(fault)
    )
    flow.faults_of(bot).add(rule)

    cell = await flow.act(bot)

    assert rule.times == 0, "the fault was never met"
    assert cell == flow.cells[fault, step]
    assert bot.dispatcher.crashes == 0


def _seconds(fault: Fault) -> float:
    return 2 * PATIENCE if fault is Fault.LATENCY else 0.0
