"""Fixtures that more than one folder of tests needs."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.bot import Bot, running_bot
from tests.fakes.clock import FakeClock
from tests.fakes.postgres import postgres_server

# A busy machine is no defect: how long one example takes says nothing about it.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run; new ones are sought by `make fuzz`.
settings.register_profile("steady", _CALM, derandomize=True)
settings.register_profile("fuzz", _CALM, max_examples=3000, print_blob=True)
settings.load_profile("steady")


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
