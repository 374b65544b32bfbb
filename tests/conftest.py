"""Fixtures that more than one folder of tests needs."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fakes.bot import Bot, running_bot
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import postgres_server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running PostgreSQL server."""
    with postgres_server() as url:
        yield url


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with running_bot() as running:
        yield running
