"""What portals and calendar services answer: whatever it is, each command gets a sensible reply."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chat import Reply
from bot.sandbox.bitrix24.seed import BUDGET, SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, NEGOTIATION, QUARTERLY
from bot.transport.messages import HttpRequest, HttpResponse, Transport
from tests.contract.stores import store_on
from tests.fakes.bot import Bot, running_bot
from tests.fakes.clock import FakeClock
from tests.fuzz.hostile import MARK, Said, bodies, headers, listening, rare, statuses
from tests.fuzz.wires import Meddler

TEAM = "-100500"
COMMANDS = [
    f"/status {SPRINT_REVIEW}",
    f"/accept {SPRINT_REVIEW}",
    f"/maybe {SPRINT_REVIEW}",
    f"/decline {BUDGET}",
    f"/who {SPRINT_REVIEW}",
    f"/status {QUARTERLY}",
    f"/accept {QUARTERLY}",
    f"/decline {NEGOTIATION}",
    "/invites",
    "/agenda week",
    "/accept sprint",
    "/dnd 1h",
    "/dnd until 651",
    "/online",
    "/presence",
    "/auto on",
    "/me",
    "/undo",
    "yes",
]
IN_GROUP = [f"/card {SPRINT_REVIEW}", f"/who {SPRINT_REVIEW} here", "/team on", "/team"]


@contextmanager
def nothing_leaks(bot: Bot, said: Said) -> Iterator[None]:
    secrets = (
        MARK,
        bot.portal.webhook_path(ANN.user_id).split("/")[3],
        bot.portal.webhook_path(BORIS.user_id).split("/")[3],
        ANN_ACCOUNT.personal_token,
    )
    yield
    assert said.lines
    assert not [line for line in said.lines if any(secret in line for secret in secrets)]


async def say_all(bot: Bot, commands: Sequence[str]) -> dict[str, Sequence[Reply]]:
    replies = {command: await bot.say(command, who=ANN) for command in commands}
    for command in IN_GROUP:
        replies[command] = await bot.say(command, who=BORIS, group=TEAM)
    labels = [button.label for _, sent in bot.chat.posted for button in sent.reply.pressable]
    for label in ("Accept", "Decline"):
        if label in labels:
            await bot.press(label, who=ANN)
    await bot.card_sweep.check_due()
    bot.clock.advance(5)
    await bot.dispatcher.follow_ups.check_due()
    await bot.wait(60)
    return replies


@rare
@given(data=st.data(), commands=st.lists(st.sampled_from(COMMANDS), min_size=3, max_size=8))
def test_whatever_a_provider_answers_each_command_gets_a_reply_and_nothing_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, commands: Sequence[str]
) -> None:
    address = f"sqlite:///{tmp_path_factory.mktemp('vendors')}/bot.db"
    honest = data.draw(st.integers(0, 3), label="honest answers at first")
    answers = 0

    def meddle(_request: HttpRequest, response: HttpResponse) -> HttpResponse:
        nonlocal answers
        answers += 1
        if answers <= honest or data.draw(st.integers(0, 3)) == 0:
            return response
        try:
            good = json.loads(response.body)
        except ValueError:
            good = {}
        return HttpResponse(
            status=data.draw(statuses),
            headers=data.draw(headers),
            body=data.draw(bodies(good)),
        )

    def between(transport: Transport) -> Transport:
        return Meddler(transport, meddle)

    async def run() -> None:
        clock = FakeClock()
        async with (
            store_on(address, clock) as store,
            running_bot(store=store, clock=clock, between=between) as bot,
        ):
            with listening() as said, nothing_leaks(bot, said):
                replies = await asyncio.wait_for(say_all(bot, commands), 50)
            assert bot.dispatcher.crashes == 0
            assert not [line for line in said.lines if "failed\nTraceback" in line]
            for command, of_command in replies.items():
                assert of_command, command
                sentences = {sentence for reply in of_command for sentence in reply.said}
                assert not sentences & {"error.internal", "store.waiting"}, command

    asyncio.run(run())
    assert answers
