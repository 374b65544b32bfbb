"""How commands are noted to have ended, whichever way that is."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.dispatch import pipeline
from bot.dispatch.command_log import CommandLog
from bot.domain.accounts import Account
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.domain.zones import zone_of
from bot.errors import OutcomeUnknown, ProviderPermissionError
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.storage.memory import FixedAccounts
from bot.texts import Draft, Texts
from bot.web.counts import Counts
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import FakeClock


def _outcomes(bot: Bot) -> dict[tuple[str, str], int]:
    return {key: sum(durations.buckets) for key, durations in bot.counts.commands.items()}


async def test_each_command_is_noted_once_under_its_own_name(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/принять {SPRINT_REVIEW}")
    await bot.say("/accept 999999")
    await bot.say("/s3cr3t")
    await bot.say(f"/decline {SPRINT_REVIEW}", age=3600)

    assert _outcomes(bot) == {
        ("accept", "ok"): 2,
        ("accept", "EventNotFoundError"): 1,
        ("unknown", "unknown"): 1,
        ("decline", "late"): 1,
    }


async def test_of_several_troubles_the_first_that_was_told_is_the_outcome() -> None:
    counts, clock = Counts(), FakeClock()
    draft = Draft(Texts("en", zone_of("UTC")))
    with CommandLog(counts, clock).begin("agenda", Platform.TELEGRAM) as record:
        clock.advance(1.5)
        record.explain(draft, ProviderPermissionError("bitrix24", "batch"), Provider.BITRIX24)
        record.explain(draft, OutcomeUnknown("events", "TimeoutError"), Provider.CRONOFY)

    assert counts.commands.keys() == {("agenda", "ProviderPermissionError")}
    assert counts.commands["agenda", "ProviderPermissionError"].total == 1.5


async def test_what_is_stopped_in_hand_did_not_end_well(bot: Bot) -> None:
    gate = bot.portal.hold("calendar.event.getbyid")
    await bot.dispatcher.receive([bot.chat.message(identity_of(ANN), f"/status {SPRINT_REVIEW}")])
    await gate.reached.wait()
    await bot.dispatcher.stop(grace=0)
    gate.opened.set()

    assert _outcomes(bot) == {("status", "unfinished"): 1}


async def test_what_hangs_is_told_and_noted_as_out_of_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hanging(FixedAccounts):
        async def accounts_of(self, owner: Identity) -> Sequence[Account]:
            await asyncio.Event().wait()
            return await super().accounts_of(owner)

    monkeypatch.setattr(pipeline, "_DEADLINE_SLACK", 0.0)
    async with running_bot(accounts=Hanging({}), command_deadline=0.05) as bot:
        [reply] = await bot.say(f"/accept {SPRINT_REVIEW}")
        outcomes = _outcomes(bot)

    assert reply.said == ("error.timeout",)
    assert outcomes == {("accept", "timed_out"): 1}


async def test_a_crash_is_noted_each_time_it_is_tried() -> None:
    class Broken(FixedAccounts):
        async def accounts_of(self, owner: Identity) -> Sequence[Account]:
            raise RuntimeError(owner.user_id)

    async with running_bot(accounts=Broken({})) as broken:
        await broken.say(f"/accept {SPRINT_REVIEW}")
        outcomes = _outcomes(broken)

    assert outcomes == {("accept", "RuntimeError"): 3}
    assert broken.dispatcher.crashes == 1
