"""What every store does: the one in memory and the one on a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from markupsafe import Markup

from bot.domain.chat import (
    Button,
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Press,
    Reply,
)
from bot.domain.inbox import Backlog, Delivery, EntryState, Intent, Membership, Person, StoredButton
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Event, EventRef, ParticipationStatus, Watch
from bot.domain.providers import Provider
from bot.errors import TakenOverError
from bot.ports import Store
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.store import SqlStore
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
HERE = Conversation(
    platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP, thread_id="5"
)


EVENT = Event(
    ref=EventRef(provider=Provider.CRONOFY, event_id="evt_1", calendar_id="cal_1"),
    title="Выезд",
    starts_at=date(2026, 3, 5),
    ends_at=date(2026, 3, 6),
    all_day=True,
    my_status=ParticipationStatus.NEEDS_ACTION,
)


CHANGE = Change(
    owner=ANN,
    at=START,
    conversation=HERE,
    provider=Provider.CRONOFY,
    kind=ChangeKind.ANSWER,
    after="accepted",
)


def message(number: int) -> IncomingMessage:
    return IncomingMessage(
        key=f"telegram:{number}",
        message_id=str(number),
        sender=ANN,
        conversation=HERE,
        text=f"/accept {number}",
        sent_at=START,
        language="ru",
        press=Press(key="k", card_id="c", callback_id="q") if number % 2 else None,
        reply_to="3",
    )


def delivery(text: str = "<b>yes</b>") -> Delivery:
    button = Button(label="Да", command_line="/maybe 651", confirms=True)
    return Delivery(
        delivery_id=0,
        to=ANN,
        conversation=HERE,
        reply=Reply(text=Markup(text), said=("held.accepted",), buttons=((button,),)),
        reply_to="9",
        keys=("key-1",),
    )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            yield MemoryStore(clock)
        case "sqlite":
            async with _on(f"sqlite:///{tmp_path}/data/bot.db", clock) as sql:
                yield sql
        case _:
            server: str = request.getfixturevalue("postgres")
            async with postgres_database(server) as url, _on(url, clock) as sql:
                yield sql


@asynccontextmanager
async def _on(url: str, clock: FakeClock) -> AsyncIterator[Store]:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    yield SqlStore(database, clock)
    await database.stop()


async def test_messages_are_taken_in_once_in_the_order_they_came(store: Store) -> None:
    first = await store.add([message(3), message(1), message(3)])
    second = await store.add([message(1), message(2)])

    assert [entry.message for entry in first] == [message(3), message(1)]
    assert [entry.message for entry in second] == [message(2)]
    assert [entry.message for entry in await store.unfinished()] == [
        message(3),
        message(1),
        message(2),
    ]


async def test_nothing_taken_in_is_nothing(store: Store) -> None:
    assert list(await store.add([])) == []


async def test_the_backlog_is_what_is_not_closed_and_as_old_as_the_oldest(
    store: Store, clock: FakeClock
) -> None:
    assert await store.backlog() == Backlog(depth=0, oldest_at=None)

    [first] = await store.add([message(1)])
    clock.advance(60)
    [second] = await store.add([replace(message(2), sent_at=clock.now())])
    await store.settle(second, [delivery()], [])
    assert await store.backlog() == Backlog(depth=2, oldest_at=START)

    await store.close(first)
    # Closing is not waited for, so something that is comes behind it.
    await store.settle(second, [], [])
    assert await store.backlog() == Backlog(depth=1, oldest_at=START + timedelta(seconds=60))


async def test_a_settled_entry_keeps_its_replies_until_they_are_delivered(store: Store) -> None:
    [entry] = await store.add([message(1)])
    settled = await store.settle(entry, [delivery("one"), delivery("two")], [])

    [again] = await store.unfinished()
    assert again == replace(entry, state=EntryState.SETTLED)
    assert await store.deliveries_of(again) == settled
    assert [kept.reply.text for kept in settled] == ["one", "two"]

    await store.delivered(settled[0], "m1")
    await store.close(again)
    # Closing is not waited for, so something that is comes behind it.
    await store.add([message(2)])
    assert await store.deliveries_of(again) == settled[1:]
    assert [entry.message for entry in await store.unfinished()] == [message(2)]


@pytest.mark.parametrize("farewell", [False, True])
async def test_an_outcome_that_is_stored_already_stays_as_it_is(
    store: Store, farewell: bool
) -> None:
    [entry] = await store.add([message(1)])
    last = delivery("two")
    deliveries = [
        _answered(pending=True),
        replace(last, reply=replace(last.reply, farewell=farewell)),
    ]
    button = StoredButton(key="key-1", owner=ANN, button=Button(label="Да"), expires_at=START)
    kept = await store.settle(entry, deliveries, [button], [CHANGE])
    changes, follow_ups = await store.changes_of(ANN), await store.next_follow_up()

    again = await store.settle(entry, deliveries, [button], [CHANGE])
    await store.delivered(kept[0], "m1")
    late = await store.settle(entry, deliveries, [button], [CHANGE])

    assert again == kept
    assert late == kept[1:]
    assert await store.deliveries_of(entry) == kept[1:]
    assert await store.changes_of(ANN) == changes
    assert await store.next_follow_up() == follow_ups
    assert len(changes) == (0 if farewell else 1)


async def test_nothing_is_said_to_what_is_closed_already(store: Store) -> None:
    [entry] = await store.add([message(1)])
    await store.close(entry)
    # Closing is not waited for, so something that is comes behind it.
    await store.add([message(2)])

    with pytest.raises(TakenOverError):
        await store.settle(entry, [delivery()], [])


async def test_a_delivered_reply_can_still_be_fetched_until_its_entry_is_forgotten(
    store: Store, clock: FakeClock
) -> None:
    [entry] = await store.add([message(1)])
    [kept] = await store.settle(entry, [delivery()], [])
    await store.delivered(kept, "m1")
    await store.close(entry)
    await store.add([message(2)])

    assert await store.find_delivery(kept.delivery_id) == kept
    assert await store.find_delivery(kept.delivery_id + 1) is None

    clock.advance(60)
    await store.prune(START + timedelta(seconds=30))
    assert await store.find_delivery(kept.delivery_id) is None


async def test_a_reply_comes_back_as_it_was_and_its_markup_stays_markup(store: Store) -> None:
    [entry] = await store.add([message(1)])
    [kept] = await store.settle(entry, [delivery()], [])

    [loaded] = await store.deliveries_of(entry)

    assert loaded == kept
    assert isinstance(loaded.reply.text, Markup)


async def test_an_intent_is_found_by_what_it_is_about_and_replaced_by_a_newer_one(
    store: Store,
) -> None:
    [entry] = await store.add([message(1)])
    intent = Intent(
        entry_id=entry.entry_id,
        provider=Provider.BITRIX24,
        subject="651",
        before="needs_action",
        wanted="accepted",
        stored_at=START,
        event=EVENT,
    )
    assert not await store.has_intents(entry.entry_id)

    await store.record_intent(intent)
    newer = replace(intent, attempts=2, stored_at=START + timedelta(seconds=9))
    await store.record_intent(newer)

    assert await store.find_intent(entry.entry_id, Provider.BITRIX24, "651") == newer
    assert await store.find_intent(entry.entry_id, Provider.BITRIX24, "655") is None
    assert await store.find_intent(entry.entry_id, Provider.CRONOFY, "651") is None
    assert await store.has_intents(entry.entry_id)


def _answered(
    *, pending: bool, account_id: str = "", calendar_id: str | None = "cal_1"
) -> Delivery:
    ref = replace(EVENT.ref, account_id=account_id, calendar_id=calendar_id)
    event = replace(EVENT, ref=ref)
    watch = Watch(event=event, wanted=ParticipationStatus.ACCEPTED, pending=pending)
    return replace(delivery(), reply=replace(delivery().reply, watch=watch))


async def test_an_answer_in_doubt_is_due_until_it_is_ended(store: Store, clock: FakeClock) -> None:
    [entry] = await store.add([message(1)])
    assert await store.next_follow_up() is None
    [kept] = await store.settle(entry, [_answered(pending=True)], [])
    await store.delivered(kept, "m1")
    await store.close(entry)
    # Neither is waited for, so something that is comes behind them.
    await store.add([message(2)])

    assert list(await store.due_follow_ups()) == []
    assert await store.next_follow_up() == START + timedelta(seconds=3)
    clock.advance(3)
    [due] = await store.due_follow_ups()
    assert (due.message_id, due.started_at, due.superseded) == ("m1", START, False)
    assert due.delivery == kept
    assert due.watch == kept.reply.watch

    await store.postpone(due, START + timedelta(seconds=9))
    assert list(await store.due_follow_ups()) == []
    clock.advance(6)
    [again] = await store.due_follow_ups()
    news = Reply(text=Markup("done"), said=("held.accepted",))
    told = replace(kept, reply=news, keys=())
    await store.end_follow_up(again, told)
    assert await store.next_follow_up() is None
    assert await store.find_delivery(kept.delivery_id) == told


async def test_a_later_answer_to_the_same_event_supersedes_and_another_event_does_not(
    store: Store,
) -> None:
    entries = await store.add([message(1), message(2), message(3)])
    other = _answered(pending=True)
    assert other.reply.watch is not None
    ref = replace(other.reply.watch.event.ref, event_id="evt_2")
    event = replace(other.reply.watch.event, ref=ref)
    watch = replace(other.reply.watch, event=event)
    [first] = await store.settle(entries[0], [_answered(pending=True)], [])
    await store.settle(entries[1], [replace(other, reply=replace(other.reply, watch=watch))], [])
    assert list(await store.due_follow_ups()) == []

    await store.settle(entries[2], [_answered(pending=False)], [])

    [superseded] = await store.due_follow_ups()
    assert superseded.superseded
    assert superseded.delivery == first


@pytest.mark.parametrize("number", [0, 1])
async def test_an_answer_in_one_account_leaves_the_same_id_in_another_alone(
    store: Store, number: int
) -> None:
    accounts = ("portal-1", "portal-2")
    entries = await store.add([message(1), message(2), message(3)])
    kept = [
        delivery_
        for entry, account_id in zip(entries, accounts, strict=False)
        for delivery_ in await store.settle(
            entry, [_answered(pending=True, account_id=account_id)], []
        )
    ]
    assert list(await store.due_follow_ups()) == []

    # Where the event was found then is no part of its name.
    later = _answered(pending=False, account_id=accounts[number], calendar_id=None)
    await store.settle(entries[2], [later], [])

    [superseded] = await store.due_follow_ups()
    assert superseded.delivery == kept[number]


async def test_an_answer_is_begun_again_once_and_its_time_counts_from_then(
    store: Store, clock: FakeClock
) -> None:
    [entry] = await store.add([message(1)])
    await store.settle(entry, [_answered(pending=True)], [])
    clock.advance(120)
    [due] = await store.due_follow_ups()
    assert not due.written_again

    assert await store.begin_again(due)
    assert not await store.begin_again(due)

    assert list(await store.due_follow_ups()) == []
    clock.advance(3)
    [again] = await store.due_follow_ups()
    assert (again.written_again, again.started_at) == (True, START + timedelta(seconds=120))


async def test_an_answer_that_a_later_one_replaced_is_not_begun_again(
    store: Store, clock: FakeClock
) -> None:
    entries = await store.add([message(1), message(2)])
    await store.settle(entries[0], [_answered(pending=True)], [])
    clock.advance(120)
    [due] = await store.due_follow_ups()
    await store.settle(entries[1], [_answered(pending=False)], [])

    assert not await store.begin_again(due)


async def test_failures_are_counted(store: Store) -> None:
    [entry] = await store.add([message(1)])

    assert [await store.count_failure(entry) for _ in range(3)] == [1, 2, 3]
    [again] = await store.unfinished()
    assert again.failures == 3


async def test_a_button_is_found_by_its_key(store: Store) -> None:
    [entry] = await store.add([message(1)])
    button = StoredButton(
        key="key-1",
        owner=ANN,
        button=Button(label="Да", command_line="/maybe 651", confirms=True),
        expires_at=START + timedelta(minutes=5),
    )

    await store.settle(entry, [delivery()], [button])

    assert await store.find_button("key-1") == button
    assert await store.find_button("key-2") is None


async def test_one_answer_to_a_question_retires_its_other_buttons(store: Store) -> None:
    [entry] = await store.add([message(1)])
    buttons = [
        StoredButton(
            key=key, owner=ANN, button=Button(label=key), expires_at=START, question=question
        )
        for key, question in (("yes", "q1"), ("no", "q1"), ("other", "q2"), ("plain", ""))
    ]
    await store.settle(entry, [delivery()], buttons)

    await store.answer_question(buttons[0])
    await store.settle(entry, [], [])

    found = {button.key: await store.find_button(button.key) for button in buttons}
    assert {key for key, kept in found.items() if kept is not None and kept.answered} == {"no"}


async def test_a_person_is_remembered_and_replaced(store: Store) -> None:
    person = Person(identity=ANN, language="ru", timezone="Europe/Riga", name="Аня")
    assert await store.find_person(ANN) is None

    await store.save_person(person)
    changed = replace(person, language="en", chosen=True)
    await store.save_person(changed)

    assert await store.find_person(ANN) == changed


async def test_belonging_to_a_group_is_remembered_and_replaced(store: Store) -> None:
    seen = Membership(identity=ANN, chat_id="-100", belongs=True, checked_at=START)
    other = replace(seen, chat_id="-200")
    assert list(await store.memberships_of(ANN)) == []

    await store.save_membership(seen)
    await store.save_membership(other)
    await store.save_membership(replace(seen, belongs=False))

    assert list(await store.memberships_of(ANN)) == [replace(seen, belongs=False), other]
    assert list(await store.memberships_of(replace(ANN, user_id="8"))) == []


async def test_only_closed_entries_are_forgotten_and_only_old_ones(
    store: Store, clock: FakeClock
) -> None:
    closed, still_open = await store.add([message(1), message(2)])
    await store.settle(closed, [delivery()], [])
    await store.close(closed)
    await store.add([message(3)])
    clock.advance(3600)

    assert await store.prune(START) == 0
    assert await store.prune(START + timedelta(hours=1)) == 1
    assert still_open.entry_id in [entry.entry_id for entry in await store.unfinished()]
    assert closed.entry_id not in [entry.entry_id for entry in await store.unfinished()]


async def test_a_database_outlives_its_process_and_its_file_is_for_the_owner_alone(
    tmp_path: Path, clock: FakeClock
) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/deep/er/bot.db")
    database = Database(await open_engine(url))
    database.start()
    first = SqlStore(database, clock)
    await first.add([message(1)])
    await first.save_person(Person(identity=ANN, language="ru", timezone="UTC"))
    seen = Membership(identity=ANN, chat_id="-100", belongs=True, checked_at=START)
    await first.save_membership(seen)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "deep/er").iterdir()}
    await database.stop()

    database = Database(await open_engine(url))
    database.start()
    second = SqlStore(database, clock)
    [entry] = await second.unfinished()
    person = await second.find_person(ANN)
    memberships = await second.memberships_of(ANN)
    await database.stop()

    assert entry.message == message(1)
    assert person is not None
    assert list(memberships) == [seen]
    assert set(modes.values()) == {0o600}
    assert modes.keys() >= {"bot.db", "bot.db-wal"}
