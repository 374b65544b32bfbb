"""One inbox on PostgreSQL for several processes: who has what, and what a dead one loses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.chat import Identity, IncomingMessage, Platform, Reply, private_with
from bot.domain.inbox import Delivery, EntryState, InboxEntry, Intent, Person
from bot.domain.providers import Provider
from bot.errors import ConfigError, StorageError, TakenOverError
from bot.ports import Store
from bot.storage import session as sessions
from bot.storage import tables
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.session import Session
from bot.storage.shared_store import SharedStore
from tests.contract.stores import database_address
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
CARL = Identity(platform=Platform.TELEGRAM, user_id="9", display_name="Carl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One of them."""

    store: Store
    database: Database
    session: Session
    url: str

    async def lose_session(self) -> None:
        """Have its connection cut off, and wait until it knows."""
        before = self.session.number
        await _run(
            self.url,
            "SELECT pg_terminate_backend(pid) FROM pg_locks "
            "WHERE locktype = 'advisory' AND objid = :number AND objsubid = 2",
            number=before,
        )
        async with asyncio.timeout(20):
            while True:
                if self.session.number not in {0, before}:
                    return
                await asyncio.sleep(0.01)


@pytest.fixture
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with database_address("postgresql", request, tmp_path) as address:
        yield address


@asynccontextmanager
async def process(url: str, clock: FakeClock) -> AsyncIterator[Process]:
    database = Database(await open_engine(parse_url(url)), is_told=True)
    session = Session(parse_url(url), several=True, changed=database.changed_elsewhere)
    database.start()
    await session.start()
    try:
        yield Process(
            store=SharedStore(database, clock, session),
            database=database,
            session=session,
            url=url,
        )
    finally:
        await database.stop()
        await session.stop()


def message(number: int, sender: Identity = ANN) -> IncomingMessage:
    return IncomingMessage(
        key=f"telegram:{number}",
        message_id=str(number),
        sender=sender,
        conversation=private_with(sender),
        text=f"/accept {number}",
        sent_at=START,
    )


def delivery(to: Identity = ANN) -> Delivery:
    reply = Reply(text=Markup("yes"), said=("held.accepted",))
    return Delivery(delivery_id=0, to=to, conversation=private_with(to), reply=reply)


def intent(entry: InboxEntry) -> Intent:
    return Intent(
        entry_id=entry.entry_id,
        provider=Provider.BITRIX24,
        subject="a-7/651",
        before="needs_action",
        wanted="accepted",
        stored_at=START,
    )


async def _run(url: str, statement: str, **values: object) -> None:
    engine = create_async_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement), values)
    finally:
        await engine.dispose()


async def test_a_message_that_comes_to_both_is_in_one_hand(url: str, clock: FakeClock) -> None:
    async with process(url, clock) as one, process(url, clock) as other:
        added = await asyncio.gather(*(each.store.add([message(1)]) for each in (one, other)))

    assert sorted(map(len, added)) == [0, 1]


async def test_nobody_takes_what_a_living_one_has_and_everybody_what_a_dead_one_had(
    url: str, clock: FakeClock
) -> None:
    async with process(url, clock) as other:
        async with process(url, clock) as one:
            await one.store.add([message(1), message(2, CARL)])
            [third] = await one.store.add([message(3)])
            [settled] = await one.store.add([message(4)])
            await one.store.close(third)
            await one.store.settle(settled, [delivery()], [])
            while_alive = await other.store.unfinished()
            [new] = await other.store.add([message(5)])
            # Its own replies a living one delivers itself.
            up_to_new = await other.store.take_up(new)
        afterwards = await other.store.unfinished()
        again = await other.store.take_up(new)

    assert list(while_alive) == []
    assert [entry.message.key for entry in up_to_new] == ["telegram:1", "telegram:5"]
    assert [entry.message.key for entry in afterwards] == ["telegram:2", "telegram:4"]
    assert [(entry.message.key, entry.state) for entry in again] == [
        ("telegram:1", EntryState.RECEIVED),
        ("telegram:4", EntryState.SETTLED),
        ("telegram:5", EntryState.RECEIVED),
    ]


async def test_whoever_comes_later_takes_earlier_messages_of_the_same_sender_along(
    url: str, clock: FakeClock
) -> None:
    async with process(url, clock) as one, process(url, clock) as other:
        await one.store.add([message(1)])
        [second] = await other.store.add([message(2)])
        [third] = await one.store.add([message(3)])
        await other.store.add([message(4, CARL)])
        taken = await other.store.take_up(second)
        left = await one.store.take_up(third)

    assert [entry.message.key for entry in taken] == ["telegram:1", "telegram:2"]
    # They are still to be handled, as far as anybody knows, so the order is the same for all.
    assert [entry.message.key for entry in left] == ["telegram:1", "telegram:2", "telegram:3"]


async def test_what_was_taken_over_its_former_holder_neither_begins_nor_ends(
    url: str, clock: FakeClock
) -> None:
    async with process(url, clock) as one, process(url, clock) as other:
        [entry] = await one.store.add([message(1)])
        await one.store.record_intent(intent(entry))
        await one.lose_session()
        [orphan] = await other.store.unfinished()
        await other.store.take_up(orphan)

        with pytest.raises(TakenOverError):
            await one.store.record_intent(replace(intent(entry), wanted="declined"))
        with pytest.raises(TakenOverError):
            await one.store.settle(entry, [delivery()], [])
        [known] = await other.store.intents_of(entry.entry_id)
        [settled] = await other.store.settle(orphan, [delivery()], [])

    assert known.wanted == "accepted"
    assert settled.delivery_id


async def test_a_process_whose_session_was_lost_is_another_one_from_then_on(
    url: str, clock: FakeClock
) -> None:
    async with process(url, clock) as one:
        [entry] = await one.store.add([message(1)])
        async with one.session.hold(ANN):
            await one.lose_session()
            # What it held is nobody's: it may have been somebody else's in between.
            async with asyncio.timeout(10), one.session.hold(ANN):
                pass
        [orphan] = await one.store.unfinished()
        with pytest.raises(TakenOverError):
            await one.store.settle(entry, [delivery()], [])
        [taken] = await one.store.take_up(orphan)
        await one.store.settle(taken, [delivery()], [])

    assert taken.entry_id == entry.entry_id


async def test_a_row_that_somebody_is_writing_is_waited_for_and_nothing_else_with_it(
    url: str, clock: FakeClock
) -> None:
    async with process(url, clock) as other:
        async with process(url, clock) as one:
            [entry] = await one.store.add([message(1)])
        engine = create_async_engine(parse_url(url))
        async with engine.connect() as connection:
            # The last commit of a dead one, which is still under way.
            await connection.execute(sa.update(tables.inbox).values(state="closed"))
            taking = asyncio.create_task(other.store.take_up(entry))
            for number in range(2, 12):
                async with asyncio.timeout(5):
                    await other.store.add([message(number, CARL)])
            early = taking.done()
            await connection.commit()
            taken = await taking
        await engine.dispose()

    assert not early
    assert list(taken) == []


async def test_without_a_session_nothing_is_begun(url: str, clock: FakeClock) -> None:
    async with process(url, clock) as one:
        [entry] = await one.store.add([message(1)])
        await one.session.stop()

        with pytest.raises(StorageError):
            await one.store.take_up(entry)
        with pytest.raises(StorageError):
            await one.store.backlog()
        with pytest.raises(TakenOverError):
            await one.store.record_intent(intent(entry))
        # What comes meanwhile is kept, and whoever can takes it up.
        await one.store.add([message(2)])
        async with process(url, clock) as other:
            orphans = await other.store.unfinished()

    assert [entry.message.key for entry in orphans] == ["telegram:1", "telegram:2"]


async def test_what_is_kept_in_memory_is_forgotten_when_another_process_writes_it(
    url: str, clock: FakeClock
) -> None:
    ann = Person(identity=ANN, language="en", timezone="UTC", chosen=True)
    async with process(url, clock) as one, process(url, clock) as other:
        await one.store.save_person(ann)
        assert await other.store.find_person(ANN) == ann
        async with other.session.hold(ANN):
            await other.store.save_person(replace(ann, language="ru"))
        # Whoever has somebody in hand after that knows of it.
        async with one.session.hold(ANN):
            known = await one.store.find_person(ANN)

    assert known is not None
    assert known.language == "ru"


@pytest.mark.parametrize("several", [(False, True), (True, False), (False, False)])
async def test_only_webhooks_can_be_shared(url: str, several: tuple[bool, bool]) -> None:
    first, second = (
        Session(parse_url(url), several=each, changed=lambda *_: None) for each in several
    )
    await first.start()
    with pytest.raises(ConfigError, match="TELEGRAM_UPDATES=webhook"):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()


async def test_who_says_nothing_for_too_long_counts_as_dead(
    url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SILENCE", 0.2)
    async with process(url, clock) as one, process(url, clock) as other:
        monkeypatch.setattr(sessions, "_HEARTBEAT", 3600.0)
        before = one.session.number
        async with one.session.hold(ANN), asyncio.timeout(20), other.session.hold(ANN):
            pass

    assert one.session.number != before


async def test_a_server_that_ends_every_connection_loses_nothing_that_nobody_waits_for(
    url: str, clock: FakeClock
) -> None:
    async with process(url, clock) as one:
        [entry, other] = await one.store.add([message(1), message(2)])
        [sent] = await one.store.settle(entry, [delivery()], [])
        before = one.session.number
        await _run(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        await one.store.delivered(sent, "77")
        # Not in one commit with the other one.
        await one.database.read_settled(sa.select(tables.inbox.c.id))
        await one.store.close(entry)
        async with asyncio.timeout(20):
            while True:
                if one.session.number not in {0, before}:
                    break
                await asyncio.sleep(0.01)
        # The first write may still find out that its connection is gone.
        async with asyncio.timeout(20):
            while True:
                try:
                    await one.store.add([message(3)])
                except StorageError:
                    continue
                break
        left = await one.store.unfinished()
        pending = await one.store.deliveries_of(entry)

    assert [each.entry_id for each in left] == [other.entry_id]
    assert list(pending) == []


async def test_what_people_wrote_is_in_no_error_of_the_database(
    url: str, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with process(url, clock) as one:
        wrong = replace(message(1), text="something private")
        await _run(url, "ALTER TABLE inbox ADD CONSTRAINT none CHECK (id < 0)")
        with pytest.raises(StorageError):
            await one.store.add([wrong])

    assert "a write failed" in caplog.text
    assert "something private" not in caplog.text
