"""What every keeper of sign-ins under way does: in memory, and on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.dispatch.addressing import address
from bot.domain.accounts import Credentials
from bot.domain.chat import Conversation, ConversationKind, Identity, IncomingMessage, Platform
from bot.domain.providers import Provider
from bot.domain.sign_ins import SignedIn, SignInAttempt, Stage, Standing
from bot.domain.zones import zone_of
from bot.ports import SignInAttempts
from bot.storage import tables
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.keys import new_key
from bot.storage.sign_ins import SqlSignIns
from bot.storage.store import SqlStore
from bot.storage.vault import Vault
from bot.texts import Draft, M, Texts
from tests.fakes.clock import START, FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.postgres import postgres_database
from tests.fakes.sign_ins import MemorySignIns

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
SECRET = "s3cr3t-of-the-grant"
OFFERED = SignInAttempt(
    attempt_id="one",
    owner=ANN,
    asker="Анна (@ann)",
    provider=Provider.BITRIX24,
    language="ru",
    entry_id=1,
    expires_at=START + timedelta(minutes=10),
    link="hash-of-the-link",
)
BEGUN = replace(
    OFFERED, stage=Stage.BEGUN, place="https://acme.bitrix24.com", state="hash-of-the-state"
)
ASKED = replace(
    BEGUN,
    stage=Stage.ASKED,
    question="hash-of-the-question",
    signed_in=SignedIn(
        credentials=Credentials(endpoint="https://acme.bitrix24.com/rest/", access_token=SECRET),
        standing=Standing(subject="m/7", name="Анна", place="acme.bitrix24.com"),
    ),
)


@asynccontextmanager
async def on_database(url: str, keys: list[str]) -> AsyncIterator[tuple[SqlSignIns, Database]]:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    yield SqlSignIns(database, Vault(lambda: keys)), database
    await database.stop()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def attempts(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[SignInAttempts]:
    if request.param == "memory":
        yield MemorySignIns(FakePlatform(clock))
    elif request.param == "sqlite":
        async with on_database(f"sqlite:///{tmp_path}/bot.db", [new_key()]) as (kept, _):
            yield kept
    else:
        async with (
            postgres_database(request.getfixturevalue("postgres")) as url,
            on_database(url, [new_key()]) as (kept, _),
        ):
            yield kept


async def test_it_is_found_by_the_hash_of_every_step(attempts: SignInAttempts) -> None:
    await attempts.add(OFFERED)
    assert await attempts.find(OFFERED.link) == OFFERED
    assert await attempts.advance(OFFERED, BEGUN)
    assert await attempts.find(BEGUN.state) == BEGUN
    assert await attempts.advance(BEGUN, ASKED)

    for hashed in (ASKED.link, ASKED.state, ASKED.question):
        assert await attempts.find(hashed) == ASKED
    assert await attempts.find("another hash") is None
    assert await attempts.find("") is None


async def test_of_many_who_take_one_step_one_takes_it(attempts: SignInAttempts) -> None:
    await attempts.add(OFFERED)

    taken = await asyncio.gather(*(attempts.advance(OFFERED, BEGUN) for _ in range(20)))

    assert taken.count(True) == 1
    assert not await attempts.advance(OFFERED, replace(OFFERED, stage=Stage.DROPPED))
    assert await attempts.find(OFFERED.link) == BEGUN


async def test_whoever_begins_again_leaves_the_first_behind(attempts: SignInAttempts) -> None:
    await attempts.add(OFFERED)
    await attempts.advance(OFFERED, BEGUN)
    again = replace(BEGUN, state="hash-of-another-state")

    assert await attempts.advance(BEGUN, again)

    assert not await attempts.advance(BEGUN, ASKED)
    assert await attempts.find(BEGUN.state) is None


async def test_those_that_hold_credentials_are_told_and_old_ones_forgotten(
    attempts: SignInAttempts,
) -> None:
    await attempts.add(OFFERED)
    await attempts.add(replace(ASKED, attempt_id="two", link="l2", state="s2", question="q2"))
    later = OFFERED.expires_at + timedelta(seconds=1)

    ending = replace(ASKED, attempt_id="three", link="l3", state="s3", stage=Stage.ENDING)
    await attempts.add(replace(ending, expires_at=later + timedelta(seconds=1)))

    assert {one.attempt_id for one in await attempts.waiting()} == {"two", "three"}
    assert await attempts.prune(later) == 2

    assert await attempts.find(OFFERED.link) is None
    assert await attempts.find("l3") is not None


async def test_what_waits_is_sealed_and_with_a_lost_key_dropped(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    async with on_database(url, [new_key()]) as (kept, database):
        await kept.add(ASKED)
        rows = await database.read(sa.select(tables.sign_ins))
        assert SECRET not in repr(rows)

    async with on_database(url, [new_key()]) as (kept, _):
        found = await kept.find(ASKED.link)
        assert found is not None
        assert (found.stage, found.signed_in) == (Stage.DROPPED, None)


async def test_the_message_with_the_link_is_found_once_it_is_delivered(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with on_database(f"sqlite:///{tmp_path}/bot.db", [new_key()]) as (kept, database):
        store = SqlStore(database, clock)
        message = IncomingMessage(
            key="telegram:1",
            message_id="1",
            sender=ANN,
            conversation=Conversation(
                platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT
            ),
            text="/link",
            sent_at=START,
        )
        [entry] = await store.add([message])
        reply = Draft(Texts("en", zone_of("UTC"))).add(M.LINK_NOTHING).reply()
        [delivery] = await store.settle(entry, [address(message, reply)], [])
        attempt = replace(OFFERED, entry_id=entry.entry_id)

        assert await kept.message_of(attempt) is None
        await store.delivered(delivery, "m17")
        # Nobody waits for that note, but what is written next comes after it.
        await kept.add(replace(attempt, attempt_id="next"))

        found = await kept.message_of(attempt)
        assert found is not None
        assert found[0].reply == reply
        assert found[1] == "m17"
