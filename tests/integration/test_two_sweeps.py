"""Several processes on one database: each thing that is due is done once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.dispatch.presence_sweep import PresenceSweep
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.claims import Claim, Source
from bot.domain.ledger import Ledger
from bot.domain.presence import Presence
from bot.domain.providers import Provider
from bot.ports import ChatPlatform
from bot.services.keeping import Keeper
from bot.services.memory import Memory
from bot.storage.automations import SqlAutomations
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.memory import FixedAccounts
from bot.storage.presence_book import SqlPresenceBook
from bot.storage.store import SqlStore
from tests.contract.stores import DATABASES, database_address
from tests.fakes.calendars import FakeVendor
from tests.fakes.clock import START, FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.presences import FakePresence

PEOPLE = [Identity(platform=Platform.TELEGRAM, user_id=str(number)) for number in range(25)]
ACCOUNTS = {
    Account(account_id=f"a-{owner.user_id}", owner=owner, provider=Provider.BITRIX24): Credentials(
        endpoint="x"
    )
    for owner in PEOPLE
}


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with database_address(request.param, request, tmp_path) as address:
        yield address


@asynccontextmanager
async def databases(url: str) -> AsyncIterator[Sequence[Database]]:
    """As three processes have it; a SQLite file serves one process, so there they share it."""
    number = 1 if url.startswith("sqlite") else 3
    opened = [Database(await open_engine(parse_url(url))) for _ in range(number)]
    for database in opened:
        database.start()
    yield opened * (3 // number)
    for database in opened:
        await database.stop()


def process(
    database: Database, clock: FakeClock, portal: FakePresence, chat: FakePlatform
) -> tuple[PresenceSweep, Keeper]:
    store, book = SqlStore(database, clock), SqlPresenceBook(database, clock)
    keeper = Keeper(
        book=book,
        providers={Provider.BITRIX24: portal},
        accounts=FixedAccounts(ACCOUNTS),
        clock=clock,
    )
    platforms: dict[Platform, ChatPlatform] = {Platform.TELEGRAM: chat}
    return (
        PresenceSweep(
            book=book,
            automations=SqlAutomations(database, clock),
            keeper=keeper,
            people=store,
            platforms=platforms,
            memory=Memory(store),
            clock=clock,
            default_language="en",
        ),
        keeper,
    )


async def test_each_presence_is_set_given_back_and_told_of_once(url: str, clock: FakeClock) -> None:
    vendor = FakeVendor(name=Provider.BITRIX24, clock=clock, accounts=frozenset(ACCOUNTS))
    portal, chat = FakePresence(vendor=vendor), FakePlatform(clock)
    async with databases(url) as opened:
        processes = [process(database, clock, portal, chat) for database in opened]
        [(_, keeper), *_] = processes
        for owner in PEOPLE:
            claim = Claim(
                claim_id="hand-1",
                source=Source.HAND,
                presence=Presence.DND,
                starts_at=START,
                ends_at=START + timedelta(hours=1),
                made_at=START,
            )

            def claimed(ledger: Ledger, claim: Claim = claim) -> Ledger:
                return ledger.with_hand(claim, START)

            await keeper.note(owner, claimed)

        # Whoever finds that another has somebody in hand comes back for them a second later.
        for seconds in (*[1] * 5, 3600, *[1] * 5, 60):
            clock.advance(seconds)
            await asyncio.gather(*(sweep.check_due() for sweep, _ in processes))

    assert sorted(vendor.taken) == sorted(
        (account.account_id, "presence") for account in ACCOUNTS for _ in range(2)
    )
    assert set(portal.held.values()) == {Presence.ONLINE}
    told = [delivery.to for _, delivery in chat.posted]
    assert sorted(told, key=str) == sorted(PEOPLE, key=str)
