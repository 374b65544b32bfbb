"""PostgreSQL has committed, and its answer never came: nothing is done twice, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.dispatch.intake import Intake
from bot.dispatch.lanes import Lanes
from bot.domain.chat import Button, IncomingMessage
from bot.domain.inbox import Delivery, EntryState, InboxEntry, StoredButton
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Event, EventRef, ParticipationStatus, Watch
from bot.domain.providers import Provider
from bot.errors import InDoubtError, StorageError, TakenOverError
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN as ANN_OF_THE_COMPANY
from bot.storage import tables
from bot.storage.alone import Alone
from bot.storage.shared_store import SharedStore
from tests.contract.stores import database_address
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.proxy import Fate, Proxy, proxy_before
from tests.fakes.store import MemoryStore
from tests.integration.test_shared_inbox import ANN, CARL, Process, delivery, message, process

BUTTON = StoredButton(
    key="key-1",
    owner=ANN,
    button=Button(label="Yes", command_line="/accept 651"),
    expires_at=START,
)
CHANGE = Change(
    owner=ANN,
    at=START,
    conversation=None,
    provider=Provider.BITRIX24,
    kind=ChangeKind.ANSWER,
    before="needs_action",
    after="accepted",
)


@dataclass(frozen=True, slots=True)
class Line:
    """The way to a database, and its own address."""

    proxy: Proxy
    through: str
    straight: str


@pytest.fixture
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    async with (
        database_address("postgresql", request, tmp_path) as url,
        proxy_before(url) as (proxy, through),
    ):
        yield Line(proxy, through, url)


def _pending() -> Delivery:
    event = Event(
        ref=EventRef(provider=Provider.BITRIX24, event_id="651"),
        title="Sprint review",
        starts_at=START,
        ends_at=START,
        all_day=False,
        my_status=ParticipationStatus.NEEDS_ACTION,
    )
    watch = Watch(event=event, wanted=ParticipationStatus.ACCEPTED, pending=True)
    return replace(delivery(), reply=replace(delivery().reply, watch=watch))


async def _count(one: Process, table: sa.Table) -> int:
    [row] = await one.database.read(sa.select(sa.func.count().label("rows")).select_from(table))
    return int(row.rows)


async def test_an_outcome_that_was_stored_unheard_is_stored_once(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.through, clock) as one:
        [entry] = await one.store.add([message(1)])
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(InDoubtError):
            await one.store.settle(entry, [_pending(), delivery()], [BUTTON], [CHANGE])
        kept = await one.store.settle(entry, [_pending(), delivery()], [BUTTON], [CHANGE])

        assert kept == await one.store.deliveries_of(entry)
        assert [each.delivery_id > 0 for each in kept] == [True, True]
        rows = {
            table.name: await _count(one, table)
            for table in (tables.deliveries, tables.buttons, tables.journal, tables.follow_ups)
        }

    assert line.proxy.lost == 1
    assert rows == {"deliveries": 2, "buttons": 1, "journal": 1, "follow_ups": 1}


async def test_a_farewell_that_was_stored_unheard_is_still_said(
    line: Line, clock: FakeClock
) -> None:
    farewell = replace(delivery(), reply=replace(delivery().reply, farewell=True))
    async with process(line.through, clock) as one:
        [entry] = await one.store.add([message(1)])
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(InDoubtError):
            await one.store.settle(entry, [farewell], [])
        [kept] = await one.store.settle(entry, [farewell], [])
        await one.store.close(replace(entry, state=EntryState.LEAVING))
        await one.store.add([message(2, CARL)])

        assert kept.reply.farewell
        assert await _count(one, tables.deliveries) == 0


async def test_an_outcome_whose_commit_never_reached_the_server_is_stored_at_the_second_attempt(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.through, clock) as one:
        [entry] = await one.store.add([message(1)])
        line.proxy.lose_next(Fate.NOT_PASSED)
        with pytest.raises(InDoubtError):
            await one.store.settle(entry, [delivery()], [BUTTON], [CHANGE])
        kept = await one.store.settle(entry, [delivery()], [BUTTON], [CHANGE])

        assert kept == await one.store.deliveries_of(entry)
        assert await _count(one, tables.journal) == 1


async def test_an_outcome_that_was_stored_unheard_and_taken_over_is_left_to_the_other(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.straight, clock) as other, process(line.through, clock) as one:
        [entry] = await one.store.add([message(1)])
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(InDoubtError):
            await one.store.settle(entry, [delivery()], [BUTTON])
        await one.lose_session()
        [orphan] = await other.store.unfinished()
        await other.store.take_up(orphan)

        with pytest.raises(TakenOverError):
            await one.store.settle(entry, [delivery()], [BUTTON])
        assert (orphan.entry_id, orphan.state) == (entry.entry_id, EntryState.SETTLED)
        assert len(await other.store.deliveries_of(orphan)) == 1


async def test_a_message_that_was_kept_unheard_is_given_out_when_it_comes_again_and_once(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.through, clock) as one:
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(InDoubtError):
            await one.store.add([message(1), message(2, CARL)])
        again = await one.store.add([message(1), message(3), message(1)])
        once_more = await one.store.add([message(1), message(3)])
        left = await one.store.unfinished()

    assert [entry.message for entry in again] == [message(1), message(3)]
    assert list(once_more) == []
    # It does not have to come again.
    assert [entry.message for entry in left] == [message(2, CARL)]


async def test_a_message_that_was_kept_unheard_is_not_left_lying_if_it_comes_again_elsewhere(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.straight, clock) as other, process(line.through, clock) as one:
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(InDoubtError):
            await one.store.add([message(1)])
        elsewhere = await other.store.add([message(1)])
        [left] = await one.store.unfinished()
        again = await one.store.unfinished()
        late = await one.store.add([message(1)])

    assert list(elsewhere) == []
    assert left.message == message(1)
    assert (list(again), list(late)) == ([], [])


async def test_a_message_whose_commit_never_reached_the_server_is_taken_in_when_it_comes_again(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.through, clock) as one:
        line.proxy.lose_next(Fate.NOT_PASSED)
        with pytest.raises(InDoubtError):
            await one.store.add([message(1)])
        left = await one.store.unfinished()
        again = await one.store.add([message(1)])
        left_afterwards = await one.store.unfinished()

    assert list(left) == []
    assert [entry.message for entry in again] == [message(1)]
    assert list(left_afterwards) == []


async def test_a_message_that_was_kept_unheard_and_handled_since_is_not_given_out(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.through, clock) as one:
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(InDoubtError):
            await one.store.add([message(1)])
        # A later one of the same sender takes it along.
        [second] = await one.store.add([message(2)])
        for entry in await one.store.take_up(second):
            await one.store.settle(entry, [delivery()], [])
        again = await one.store.add([message(1)])
        left = await one.store.unfinished()

    assert (list(again), list(left)) == ([], [])


async def test_what_nobody_waits_for_is_written_although_its_commit_was_not_heard_of(
    line: Line, clock: FakeClock
) -> None:
    async with process(line.through, clock) as one:
        [entry] = await one.store.add([message(1)])
        line.proxy.lose_next(Fate.NOT_PASSED)
        await one.store.close(entry)
        async with asyncio.timeout(20):
            while True:
                if not await one.database.read(sa.select(tables.inbox).where(~_closed())):
                    break
                await asyncio.sleep(0.01)

    assert line.proxy.lost == 1


def _closed() -> sa.ColumnElement[bool]:
    return tables.inbox.c.state == EntryState.CLOSED.value


async def test_what_comes_twice_while_it_is_in_hand_is_handled_once(clock: FakeClock) -> None:
    handled: list[InboxEntry] = []
    may_go_on = asyncio.Event()

    async def handle(entry: InboxEntry) -> None:
        handled.append(entry)
        await may_go_on.wait()

    store, lanes = MemoryStore(clock), Lanes(Alone())
    intake = Intake(inbox=store, lanes=lanes, claims=Alone(), handle=handle)
    [entry] = await store.add([message(1)])
    intake.put(entry)
    intake.put(entry)
    may_go_on.set()
    await lanes.drain()

    assert handled == [entry]


class _LosingOutcomes(SharedStore):
    """The answer to the commit of an outcome is lost."""

    proxy: Proxy

    async def settle(self, *args: Any) -> Sequence[Delivery]:
        if not self.proxy.lost:
            self.proxy.lose_next(Fate.UNANSWERED)
        return await super().settle(*args)


@asynccontextmanager
async def _bot_on(
    line: Line, clock: FakeClock, kind: type[SharedStore] = SharedStore
) -> AsyncIterator[tuple[Bot, SharedStore]]:
    async with process(line.through, clock) as one:
        store = kind(one.database, clock, one.session)
        async with running_bot(store=store, claims=one.session, clock=clock) as bot:
            yield bot, store


async def test_a_command_is_answered_once_although_its_outcome_was_stored_unheard(
    line: Line, clock: FakeClock
) -> None:
    _LosingOutcomes.proxy = line.proxy
    async with _bot_on(line, clock, _LosingOutcomes) as (bot, store), asyncio.timeout(30):
        replies = await bot.say(f"/accept {SPRINT_REVIEW}")
        changes = await store.changes_of(identity_of(ANN_OF_THE_COMPANY))

    assert line.proxy.lost == 1
    said = [reply.said[0] for reply in replies]
    assert said.count("held.accepted") == 1
    assert len(changes) == 1


def _command(bot: Bot) -> IncomingMessage:
    return bot.chat.message(identity_of(ANN_OF_THE_COMPANY), f"/accept {SPRINT_REVIEW}")


@pytest.mark.parametrize("comes_again", [True, False])
async def test_a_command_that_was_kept_unheard_is_answered_once(
    line: Line, clock: FakeClock, comes_again: bool
) -> None:
    async with _bot_on(line, clock) as (bot, _), asyncio.timeout(30):
        command = _command(bot)
        line.proxy.lose_next(Fate.UNANSWERED)
        with pytest.raises(StorageError):
            await bot.dispatcher.receive([command])
        await (bot.dispatcher.receive([command]) if comes_again else bot.dispatcher.resume())
        await bot.dispatcher.drain()
        assert len(bot.chat.posted) == 1
        await bot.dispatcher.receive([command])
        await bot.dispatcher.resume()
        await bot.dispatcher.drain()

    assert [shown.reply.said[0] for _, shown in bot.chat.posted] == ["held.accepted"]
    assert len(bot.portal.writes("calendar.meeting.status.set")) == 1
