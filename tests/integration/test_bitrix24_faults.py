"""A portal that stays broken, refuses, is spent or has moved. One fault each: test_fault_matrix."""

import pytest

from bot.sandbox.bitrix24 import Portal, portal_app
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import SandboxServer
from tests.fakes.bot import Bot, running_bot


@pytest.mark.parametrize(
    "fault", [Fault.CUT_AFTER, Fault.HTML_502, Fault.CUT_BEFORE, Fault.TRUNCATED_JSON]
)
async def test_a_portal_that_stays_broken_after_a_write_is_told_as_doubt_and_never_written_twice(
    bot: Bot, fault: Fault
) -> None:
    bot.portal.faults.add(
        FaultRule(fault=fault, operation="calendar.meeting.status.set", times=None)
    )
    bot.portal.faults.add(
        FaultRule(fault=Fault.HTML_502, operation="calendar.meeting.status.get", skip=1, times=None)
    )

    [reply] = await bot.say(f"/accept {SPRINT_REVIEW}")

    assert reply.said[0] == "answer.unknown"
    assert len(bot.portal.writes("calendar.meeting.status.set")) <= 1


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("INVALID_CREDENTIALS", 401, "error.sign_in"),
        ("insufficient_scope", 401, "error.permission"),
        ("ACCESS_DENIED", 403, "error.plan"),
        ("ERROR_METHOD_NOT_FOUND", 404, "error.request"),
        ("OPERATION_TIME_LIMIT", 429, "error.slow_down"),
        ("OVERLOAD_LIMIT", 503, "error.unavailable_for_long"),
        ("INTERNAL_SERVER_ERROR", 500, "error.unavailable"),
        ("ERROR_NOT_FOUND", 400, "error.not_found"),
        ("WRONG_ENCODING", 200, "error.protocol"),
    ],
)
async def test_what_a_refusal_means_is_said_in_our_words(
    bot: Bot, code: str, status: int, said: str
) -> None:
    bot.portal.quirks.operating_resets_in = 600
    await bot.say("/presence")
    bot.portal.force_error(code, status, operation="im.user.status.get", times=9)

    [reply] = await bot.say("/presence")

    assert reply.said[0] == said
    assert "forced" not in reply.text


async def test_a_spent_time_budget_tells_when_to_come_back(bot: Bot) -> None:
    bot.portal.quirks.operating_resets_in = 600
    await bot.say("/presence")
    bot.portal.force_error("OPERATION_TIME_LIMIT", 429, operation="im.user.status.get")

    [reply] = await bot.say("/presence")

    assert reply.text == "Bitrix24 is busy. Nothing was changed. Try again in 10 minutes."


async def test_a_renamed_portal_is_followed_and_remembered(bot: Bot) -> None:
    async with SandboxServer(portal_app(bot.portal)) as new_home:
        old_home = Portal(now=bot.clock.now)
        old_home.moved_to = new_home.url
        async with (
            SandboxServer(portal_app(old_home)) as old,
            running_bot(portal_url=old.url, listed=[new_home.url]) as moved,
        ):
            [first] = await moved.say("/dnd")
            hits_at_the_old_home = old_home.hits
            [second] = await moved.say("/presence")

    assert first.said[0] == second.said[0] == "presence.dnd"
    assert (hits_at_the_old_home, old_home.hits) == (1, 1)
    assert bot.portal.presence_of(ANN.user_id) == "dnd"


@pytest.mark.parametrize("target", ["https://evil.example", "http://acme.bitrix24.com", ""])
async def test_a_portal_that_points_elsewhere_is_not_followed(bot: Bot, target: str) -> None:
    bot.portal.moved_to = target

    [reply] = await bot.say("/dnd")

    assert reply.said[0] == "error.unavailable_for_long"
    assert bot.portal.hits == 1
