"""What the owner hears when changes are asked for: a provider's plan is told by its answers."""

from datetime import date

import pytest

from bot.domain.chat import Platform
from bot.domain.participation import Event
from bot.domain.providers import Provider
from bot.errors import ProviderPlanError
from bot.sandbox.company import ANN
from bot.services.memory import Memory
from bot.services.troubles import ForgetfulLog, Troubles
from bot.services.watched import WatchedCalendar
from tests.contract.providers import account_of, call_of
from tests.fakes.bot import identity_of
from tests.fakes.calendars import FakeCalendar, FakeVendor
from tests.fakes.clock import START, FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.store import MemoryStore
from tests.integration.test_cronofy_lists import ACCOUNT, running_office

FIRST, END = date(2026, 3, 1), date(2026, 4, 1)


class Owner:
    """Somebody who is told of troubles."""

    def __init__(self, clock: FakeClock) -> None:
        self._chat = FakePlatform(clock)
        store = MemoryStore(clock)
        self.troubles = Troubles(
            owner=identity_of(ANN),
            log=ForgetfulLog(),
            platforms={Platform.TELEGRAM: self._chat},
            memory=Memory(store),
            people=store,
            clock=clock,
            default_language="en",
        )

    async def heard(self) -> list[str]:
        await self.troubles.drain()
        return [said for _, delivery in self._chat.posted for said in delivery.reply.said]


@pytest.mark.parametrize(("tells_changes", "then"), [(True, ["trouble.plan_over"]), (False, [])])
async def test_only_a_provider_that_was_asked_has_shown_that_its_plan_allows_it(
    tells_changes: bool, then: list[str]
) -> None:
    clock = FakeClock()
    owner, account = Owner(clock), account_of(ANN, Provider.BITRIX24)
    vendor = FakeVendor(name=Provider.BITRIX24, clock=clock, accounts=frozenset({account}))
    watched = WatchedCalendar(
        FakeCalendar(vendor=vendor, tells_changes=tells_changes), owner.troubles
    )
    owner.troubles.planned(account, well=False)

    events = await watched.list_changes(call_of(account, clock), FIRST, END, START)

    nothing: list[Event] = []
    assert events == (nothing if tells_changes else None)
    assert await owner.heard() == ["trouble.plan", *then]


async def test_a_plan_that_does_not_allow_it_is_told() -> None:
    async with running_office() as office:
        owner = Owner(office.site.clock)
        watched = WatchedCalendar(office.calendar, owner.troubles)
        office.cronofy.force_error(402)
        call = call_of(ACCOUNT, office.site.clock)

        with pytest.raises(ProviderPlanError):
            await watched.list_changes(call, FIRST, END, START)
        told = await owner.heard()
        await watched.list_changes(call, FIRST, END, START)

        assert told == ["trouble.plan"]
        assert await owner.heard() == ["trouble.plan", "trouble.plan_over"]
