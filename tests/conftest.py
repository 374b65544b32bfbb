"""Fixtures that more than one folder of tests needs."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.bot import Bot, running_bot
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with running_bot() as running:
        yield running
