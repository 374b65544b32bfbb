"""What every store does with the journal, with a person's other traces, and when they leave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from markupsafe import Markup

from bot.domain.chat import (
    Button,
    Conversation,
    ConversationKind,
    Document,
    Identity,
    IncomingMessage,
    Platform,
    Reply,
)
from bot.domain.inbox import (
    Delivery,
    EntryState,
    FollowUp,
    InboxEntry,
    Membership,
    Person,
    StoredButton,
)
from bot.domain.journal import Change, ChangeKind, KeptMessage
from bot.domain.participation import (
    Confirmation,
    Event,
    EventRef,
    ParticipationStatus,
    Watch,
)
from bot.domain.providers import Provider
from bot.ports import Store
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.store import SqlStore
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="1", display_name="Борис")
HERE = Conversation(
    platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP, thread_id="5"
)
REF = EventRef(provider=Provider.CRONOFY, event_id="evt_1", calendar_id="cal_1")
ANSWER = Change(
    owner=ANN,
    at=START,
    conversation=HERE,
    provider=Provider.CRONOFY,
    kind=ChangeKind.ANSWER,
    before="needs_action",
    after="accepted",
    confirmation=Confirmation.PENDING,
    event=REF,
    title="Выезд <b>",
)
LINK = Change(
    owner=ANN,
    at=START,
    conversation=None,
    provider=Provider.BITRIX24,
    kind=ChangeKind.LINK,
    title="acme.bitrix24.com",
)


def message(number: int, sender: Identity = ANN) -> IncomingMessage:
    return IncomingMessage(
        key=f"telegram:{number}",
        message_id=str(number),
        sender=sender,
        conversation=HERE,
        text=f"/accept {number}",
        sent_at=START + timedelta(seconds=number),
    )


def delivery(to: Identity = ANN, *, farewell: bool = False, watch: Watch | None = None) -> Delivery:
    return Delivery(
        delivery_id=0,
        to=to,
        conversation=HERE,
        reply=Reply(text=Markup("<b>yes</b>"), farewell=farewell, watch=watch),
    )


def button(key: str, owner: Identity = ANN) -> StoredButton:
    return StoredButton(
        key=key,
        owner=owner,
        button=Button(label="Да", command_line="/maybe 651"),
        expires_at=START + timedelta(days=30),
    )


def told(follow_up: FollowUp, text: str) -> Delivery:
    return replace(follow_up.delivery, reply=Reply(text=Markup(text)))


def pending() -> Watch:
    event = Event(ref=REF, title="Выезд", starts_at=START, ends_at=START)
    return Watch(
        event=event,
        wanted=ParticipationStatus.ACCEPTED,
        pending=True,
        before=ParticipationStatus.DECLINED,
    )


@asynccontextmanager
async def _on(url: str, clock: FakeClock) -> AsyncIterator[Store]:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    yield SqlStore(database, clock)
    await database.stop()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            yield MemoryStore(clock)
        case "sqlite":
            async with _on(f"sqlite:///{tmp_path}/bot.db", clock) as sql:
                yield sql
        case _:
            server: str = request.getfixturevalue("postgres")
            async with postgres_database(server) as url, _on(url, clock) as sql:
                yield sql


async def _settled(store: Store, number: int, sender: Identity = ANN) -> InboxEntry:
    """A message of somebody, answered with a reply and a button, and closed."""
    [entry] = await store.add([message(number, sender)])
    kept = await store.settle(entry, [delivery(sender)], [button(f"key-{number}", sender)])
    await store.delivered(kept[0], f"m{number}")
    await store.close(entry)
    # Neither is waited for, so something that is comes behind them.
    await store.add([])
    await store.count_failure(entry)
    return entry


async def test_changes_come_back_as_they_were_newest_first_and_only_ones_own(store: Store) -> None:
    theirs = replace(ANSWER, owner=BORIS)
    await store.append([ANSWER, LINK])
    await store.append([theirs])
    newest = replace(ANSWER, confirmation=Confirmation.CONFIRMED, after="declined")
    await store.append([newest])
    await store.append([])

    assert list(await store.changes_of(ANN)) == [newest, LINK, ANSWER]
    assert list(await store.changes_of(ANN, 2)) == [newest, LINK]
    assert list(await store.changes_of(BORIS)) == [theirs]


async def test_a_change_is_stored_with_the_outcome_of_its_message(store: Store) -> None:
    [entry] = await store.add([message(1)])

    await store.settle(entry, [delivery()], [], [ANSWER, LINK])

    assert list(await store.changes_of(ANN)) == [LINK, ANSWER]


async def test_what_a_follow_up_finds_out_is_noted_once(store: Store, clock: FakeClock) -> None:
    [entry] = await store.add([message(1)])
    await store.settle(entry, [delivery(watch=pending())], [], [ANSWER])
    clock.advance(3)
    [due] = await store.due_follow_ups()
    found = replace(ANSWER, confirmation=Confirmation.CONFIRMED)

    assert due.watch.before is ParticipationStatus.DECLINED
    for _ in range(2):
        # As when the process died after the first and did not know of it.
        await store.end_follow_up(due, told(due, "done"), found)

    assert list(await store.changes_of(ANN)) == [found, ANSWER]


async def test_a_follow_up_that_found_nothing_out_notes_nothing(
    store: Store, clock: FakeClock
) -> None:
    [entry] = await store.add([message(1)])
    await store.settle(entry, [delivery(watch=pending())], [], [ANSWER])
    clock.advance(3)
    [due] = await store.due_follow_ups()

    await store.end_follow_up(due, told(due, "another answer took its place"))

    assert list(await store.changes_of(ANN)) == [ANSWER]


async def test_old_changes_are_forgotten_whosoever_they_are(store: Store) -> None:
    year = timedelta(days=365)
    old = [replace(ANSWER, owner=owner, at=START - year) for owner in (ANN, BORIS)]
    young = replace(ANSWER, at=START - year + timedelta(seconds=1))
    await store.append([*old, young])

    assert await store.prune_journal(START - year + timedelta(seconds=1)) == 2

    assert list(await store.changes_of(ANN)) == [young]
    assert list(await store.changes_of(BORIS)) == []


async def test_messages_and_buttons_are_told_to_whom_they_concern(store: Store) -> None:
    await _settled(store, 1)
    await _settled(store, 2, BORIS)
    await store.add([message(3)])

    assert list(await store.messages_of(ANN)) == [
        KeptMessage(
            conversation=HERE,
            sent_at=START + timedelta(seconds=1),
            state=EntryState.CLOSED,
            text="/accept 1",
            replies=("<b>yes</b>",),
        ),
        KeptMessage(
            conversation=HERE,
            sent_at=START + timedelta(seconds=3),
            state=EntryState.RECEIVED,
            text="/accept 3",
        ),
    ]
    assert list(await store.buttons_of(ANN)) == [button("key-1")]
    assert list(await store.buttons_of(BORIS)) == [button("key-2", BORIS)]


async def _everything_about(store: Store, identity: Identity, number: int) -> None:
    person = Person(identity=identity, language="ru", timezone="UTC", name="Аня")
    seen = Membership(identity=identity, chat_id="-100", belongs=True, checked_at=START)
    await store.save_person(person)
    await store.save_membership(seen)
    await store.append([replace(ANSWER, owner=identity)])
    await _settled(store, number, identity)
    [entry] = await store.add([message(number + 1, identity)])
    await store.settle(entry, [delivery(identity, watch=pending())], [])


async def _traces(store: Store, identity: Identity) -> list[object]:
    follow_ups = [
        follow_up for follow_up in await store.due_follow_ups() if follow_up.delivery.to == identity
    ]
    person = await store.find_person(identity)
    return [
        *([] if person is None else [person]),
        *await store.memberships_of(identity),
        *await store.changes_of(identity),
        *await store.messages_of(identity),
        *await store.buttons_of(identity),
        *follow_ups,
    ]


async def test_who_is_forgotten_leaves_nothing_and_others_keep_everything(
    store: Store, clock: FakeClock
) -> None:
    await _everything_about(store, ANN, 10)
    await _everything_about(store, BORIS, 20)
    clock.advance(10)
    mine, theirs = await _traces(store, ANN), await _traces(store, BORIS)
    assert (len(mine), len(theirs)) == (7, 7)

    await store.forget(ANN)

    assert await _traces(store, ANN) == []
    assert await _traces(store, BORIS) == theirs
    assert await store.find_button("key-10") is None
    assert [entry.message.sender for entry in await store.unfinished()] == [BORIS]


async def test_what_is_not_answered_yet_outlives_the_forgetting(store: Store) -> None:
    [waiting] = await store.add([message(1)])

    await store.forget(ANN)

    assert list(await store.unfinished()) == [waiting]
    kept = await store.settle(waiting, [delivery()], [], [ANSWER])
    assert await store.deliveries_of(waiting) == kept


async def test_a_farewell_deletes_everything_and_itself_once_it_is_delivered(
    store: Store,
) -> None:
    await _everything_about(store, ANN, 10)
    [entry] = await store.add([message(1)])
    [later] = await store.add([message(2)])

    [kept] = await store.settle(entry, [delivery(farewell=True)], [], [ANSWER])

    [leaving, waiting] = await store.unfinished()
    assert (leaving.entry_id, leaving.state) == (entry.entry_id, EntryState.LEAVING)
    assert waiting == later
    assert await store.deliveries_of(leaving) == [kept]
    assert await store.find_person(ANN) is None
    assert list(await store.changes_of(ANN)) == []
    assert [found.text for found in await store.messages_of(ANN)] == ["/accept 1", "/accept 2"]

    await store.delivered(kept, "m1")
    await store.close(leaving)
    await store.count_failure(later)

    assert [found.text for found in await store.messages_of(ANN)] == ["/accept 2"]
    assert await store.find_delivery(kept.delivery_id) is None


async def test_what_ends_after_its_owner_left_is_not_noted(store: Store, clock: FakeClock) -> None:
    [entry] = await store.add([message(1)])
    [kept] = await store.settle(entry, [delivery(watch=pending())], [])
    clock.advance(3)
    [due] = await store.due_follow_ups()

    await store.forget(ANN)
    await store.delivered(kept, "m1")
    await store.close(entry)
    await store.end_follow_up(due, told(due, "done"), ANSWER)

    assert await _traces(store, ANN) == []


async def test_who_comes_back_is_a_stranger(store: Store) -> None:
    await store.save_person(Person(identity=ANN, language="ru", timezone="UTC", name="Аня"))
    await store.forget(ANN)
    assert await store.find_person(ANN) is None

    again = Person(identity=ANN, language="en", timezone="UTC")
    await store.save_person(again)

    assert await store.find_person(ANN) == again


async def test_a_document_is_kept_with_its_reply_until_it_is_delivered(store: Store) -> None:
    [entry] = await store.add([message(1)])
    document = Document(name="ваши-данные.json", content='{"имя": "Ann"}\n')
    reply = replace(delivery().reply, document=document)

    [kept] = await store.settle(entry, [replace(delivery(), reply=reply)], [])

    [loaded] = await store.deliveries_of(entry)
    assert loaded == kept
    assert loaded.reply.document == document
