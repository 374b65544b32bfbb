"""What a refusal for too many requests means for everybody else at the same portal."""

import asyncio

from bot.app.vendors import Limits
from bot.sandbox.company import ANN, BORIS, CARL
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import running_bot


async def test_after_a_refusal_the_bot_asks_at_the_portals_rate_until_it_has_drained() -> None:
    async with running_bot(limits=Limits(bitrix24_rate=2, bitrix24_burst=50)) as bot:
        bot.portal.faults.add(
            FaultRule(fault=Fault.UNAVAILABLE_503, operation="im.user.status.get")
        )
        await bot.say("/presence", who=ANN)
        started = bot.clock.monotonic()
        await asyncio.gather(
            *(bot.say("/presence", who=who) for who in (BORIS, CARL, ANN, BORIS, CARL))
        )

        # Without the refusal all five would fit into the burst.
        assert bot.clock.monotonic() - started >= 2
