"""Nothing in any table of the database knows of somebody who was forgotten."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from markupsafe import Markup
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.automation import Choices
from bot.domain.chat import (
    Button,
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Reply,
    Visibility,
    mention,
)
from bot.domain.group_cards import NewCard, Nudged
from bot.domain.inbox import Delivery, Intent, Membership, Person, StoredButton
from bot.domain.journal import Change, ChangeKind
from bot.domain.ledger import Ledger
from bot.domain.meetings import Meeting
from bot.domain.participation import Event, EventRef, ParticipationStatus, Watch
from bot.domain.providers import Provider
from bot.domain.sign_ins import SignInAttempt
from bot.ports import Group
from bot.storage import tables
from bot.storage.accounts import SqlAccounts
from bot.storage.automations import SqlAutomations
from bot.storage.codec import dump
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.group_cards import SqlGroupCards
from bot.storage.groups import SqlGroups
from bot.storage.keys import new_key
from bot.storage.presence_book import SqlPresenceBook
from bot.storage.sign_ins import SqlSignIns
from bot.storage.store import SqlStore
from bot.storage.vault import Vault
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database

ANN = Identity(platform=Platform.TELEGRAM, user_id="70077007", display_name="Ann Lindqvist")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="10011001", display_name="Борис Чижов")
KEYS = [new_key()]
OF_THE_OPERATOR = {"refused", "troubles"}
"""Whom they refuse and what they were told of: deleting that is not up to whom it concerns."""
OF_NOBODY = {"groups", "nudges"}
"""What administrators chose for all who read in a group; and when a meeting's guests were asked to
answer, by whichever message that was. Neither says who, so it stays when somebody leaves."""
KEPT_WITHOUT_THEM = {"group_cards"}
"""A card stands in a group for all to see, so its row stays until the card has said that it ended;
whose it was nobody can tell from it."""
GROUP_OF = {ANN: "-100100", BORIS: "-100200"}
HERE = Conversation(platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP)
EVENT = Event(
    ref=EventRef(provider=Provider.BITRIX24, event_id="651"),
    title="Review",
    starts_at=START,
    ends_at=START,
)


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as found:
        yield found


def _message(who: Identity) -> IncomingMessage:
    return IncomingMessage(
        key=f"telegram:{who.user_id}",
        message_id="1",
        sender=who,
        conversation=HERE,
        text="/accept 651",
        sent_at=START,
    )


async def _fill(database: Database, clock: FakeClock, who: Identity) -> None:
    """A row at least in every table."""
    store, vault = SqlStore(database, clock), Vault(lambda: KEYS)
    await store.save_person(
        Person(identity=who, language="ru", timezone="UTC", name=who.display_name)
    )
    await store.save_membership(
        Membership(identity=who, chat_id="-100", belongs=True, checked_at=START, shown=True)
    )
    [entry] = await store.add([_message(who)])
    await store.record_intent(
        Intent(
            entry_id=entry.entry_id,
            provider=Provider.BITRIX24,
            subject="651",
            before="",
            wanted="accepted",
            stored_at=START,
            event=EVENT,
        )
    )
    watch = Watch(event=EVENT, wanted=ParticipationStatus.ACCEPTED, pending=True)
    delivery = Delivery(
        delivery_id=0, to=who, conversation=HERE, reply=Reply(text=Markup("…"), watch=watch)
    )
    await store.settle(entry, [delivery], [_button(who)], [_change(who)])
    await _post(store, who, _card(who))
    there = replace(HERE, chat_id=GROUP_OF[who])
    await SqlGroups(database).save_group(Group(conversation=there, language="ru"))
    meeting = replace(_card(who).meeting, meeting_id=GROUP_OF[who])
    await SqlGroupCards(database, clock).begin_nudge(meeting, entry.entry_id, START)
    await store.number_events(who, [EVENT.ref])
    book = SqlAccounts(database, vault, clock)
    await book.link(_account(who), Credentials(endpoint="https://acme.bitrix24.com/rest/7/x/"))
    await SqlAutomations(database, clock).choose(who, Choices(meetings=True), START)
    ledgers = SqlPresenceBook(database, clock)
    held = await ledgers.take(who, START)
    assert held is not None
    await ledgers.release(held, Ledger(account_id=f"account-{who.user_id}"), START)
    await SqlSignIns(database, vault).add(
        SignInAttempt(
            attempt_id=f"attempt-{who.user_id}",
            owner=who,
            asker=who.display_name,
            provider=Provider.CRONOFY,
            language="ru",
            entry_id=entry.entry_id,
            expires_at=START,
            link=f"hash-{who.user_id}",
        )
    )


def _card(who: Identity, key: str = "", nudged: tuple[Nudged, ...] = ()) -> NewCard:
    """A meeting's card as somebody posts it, to be read with their account."""
    return NewCard(
        key=key or f"card-{GROUP_OF[who]}",
        ref=EventRef(
            provider=Provider.BITRIX24,
            event_id="651",
            calendar_id=f"calendar-{who.user_id}",
            account_id=_account(who).account_id,
            handle=f"number-{who.user_id}",
        ),
        meeting=Meeting(provider=Provider.BITRIX24, place="acme.bitrix24.com", meeting_id="651"),
        version="v1",
        look_at=START,
        nudged=nudged,
    )


async def _post(store: SqlStore, who: Identity, card: NewCard) -> None:
    """A card that was posted, as its poster's account sees it."""
    [entry] = await store.add([replace(_message(who), key=f"telegram:{card.key}")])
    asked = Markup(", ").join(mention(one.person, one.name) for one in card.nudged)
    reply = Reply(
        text=Markup("{}: <b>Review</b>, as {} sees it").format(asked, who.display_name),
        buttons=((Button(label="Да", command_line="/maybe 651", card=card.key),),),
        visibility=Visibility.CONVERSATION,
        about=card.ref,
        card=card,
    )
    delivery = Delivery(
        delivery_id=0,
        to=who,
        conversation=HERE,
        reply=reply,
        reply_to=f"message-{who.user_id}",
        keys=(f"button-{card.key}",),
    )
    [settled] = await store.settle(entry, [delivery], [])
    await store.delivered(settled, f"m-{card.key}")
    await store.close(entry)


def _button(who: Identity) -> StoredButton:
    button = Button(label="Да", command_line="/maybe 651")
    return StoredButton(key=f"key-{who.user_id}", owner=who, button=button, expires_at=START)


def _change(who: Identity) -> Change:
    return Change(
        owner=who,
        at=START,
        conversation=HERE,
        provider=Provider.BITRIX24,
        kind=ChangeKind.ANSWER,
        title="Review",
    )


def _account(who: Identity) -> Account:
    return Account(
        account_id=f"account-{who.user_id}",
        owner=who,
        provider=Provider.BITRIX24,
        kind=AccountKind.WEBHOOK,
        subject=f"acme.bitrix24.com/{who.user_id}",
        name=who.display_name,
        linked_at=START,
    )


async def _rows(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    return {
        name: [repr(tuple(row)) for row in await database.read(sa.select(table))]
        for name, table in tables.metadata.tables.items()
        if name not in OF_THE_OPERATOR
    }


async def test_no_row_of_any_table_is_left_and_others_keep_all_of_theirs(
    url: str, clock: FakeClock
) -> None:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    await _fill(database, clock, BORIS)
    before = await _rows(database)
    await _fill(database, clock, ANN)
    filled = await _rows(database)

    await SqlStore(database, clock).forget(ANN)
    after = await _rows(database)
    await database.stop()

    # A new table has to be filled here, so that it cannot be overlooked when people leave.
    assert [name for name in filled if len(filled[name]) <= len(before[name])] == []
    kept = OF_NOBODY | KEPT_WITHOUT_THEM
    assert {name: rows for name, rows in after.items() if name not in kept} == {
        name: rows for name, rows in before.items() if name not in kept
    }
    for name in kept:
        assert set(before[name]) <= set(after[name])
    assert {name: after[name] for name in OF_NOBODY} == {name: filled[name] for name in OF_NOBODY}


async def test_nothing_in_any_row_of_anybody_says_that_they_were_here(
    url: str, clock: FakeClock
) -> None:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    store, book = SqlStore(database, clock), SqlGroupCards(database, clock)
    await _fill(database, clock, BORIS)
    await _fill(database, clock, ANN)
    ann = Nudged(user_id="7", person=ANN.user_id, name=ANN.display_name)
    other = Nudged(user_id="9", person="20022002", name="Carl")
    await _post(store, BORIS, _card(BORIS, "asks-both", (ann, other)))
    await _post(store, BORIS, _card(BORIS, "asks-other", (other,)))
    found_before = [name for name, rows in (await _rows(database)).items() if _of_ann(rows)]

    await store.forget(ANN)
    after = await _rows(database)
    mine, both, theirs = [
        await book.find_card(key) for key in (f"card-{GROUP_OF[ANN]}", "asks-both", "asks-other")
    ]
    replies = [text for kept in await store.messages_of(BORIS) for text in kept.replies]
    await database.stop()

    assert {"group_cards", "deliveries", "memberships", "inbox", "people"} <= set(found_before)
    assert {name: _of_ann(rows) for name, rows in after.items() if _of_ann(rows)} == {}
    assert mine is not None
    assert both is not None
    assert theirs is not None
    assert (mine.delivery.to.user_id, mine.message_id) == ("", f"m-card-{GROUP_OF[ANN]}")
    assert (both.delivery.to, both.card.nudged, both.touches) == (BORIS, (other,), 1)
    assert (theirs.delivery.to, theirs.card.nudged, theirs.touches) == (BORIS, (other,), 0)
    carl = '<a href="person:20022002">Carl</a>'
    for asked in (f"…, {carl}", carl):
        assert f"{asked}: <b>Review</b>, as {BORIS.display_name} sees it" in replies


def _of_ann(rows: list[str]) -> list[str]:
    """Rows in which her number or her name stands, or an id that was made of her number."""
    return [row for row in rows if ANN.user_id in row or "Lindqvist" in row]


async def test_who_is_refused_stays_refused(url: str, clock: FakeClock) -> None:
    database = Database(await open_engine(parse_url(url)))
    database.start()
    store = SqlStore(database, clock)
    await store.refuse(ANN, START)

    await store.forget(ANN)

    refused = await store.is_refused(ANN)
    await database.stop()
    assert refused


async def test_what_was_cached_of_them_is_gone_as_well(tmp_path: Path, clock: FakeClock) -> None:
    database = Database(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    database.start()
    store, book = SqlStore(database, clock), SqlAccounts(database, Vault(lambda: KEYS), clock)
    await _fill(database, clock, ANN)
    known = (await store.find_person(ANN), await book.accounts_of(ANN))
    assert all(known)
    other = replace(EVENT.ref, event_id="655")
    assert list(await store.number_events(ANN, [EVENT.ref, other])) == [1, 2]

    await store.forget(ANN)

    gone = (await store.find_person(ANN), await book.accounts_of(ANN))
    anew = await store.number_events(ANN, [other])
    await database.stop()
    assert not any(gone)
    assert list(anew) == [1]


async def test_a_farewell_forgets_what_was_cached_too(tmp_path: Path, clock: FakeClock) -> None:
    database = Database(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    database.start()
    store, book = SqlStore(database, clock), SqlAccounts(database, Vault(lambda: KEYS), clock)
    await _fill(database, clock, ANN)
    assert await store.find_person(ANN) is not None
    assert list(await book.accounts_of(ANN)) != []
    [entry] = await store.add([replace(_message(ANN), key="telegram:forget")])
    reply = Reply(text=Markup("bye"), farewell=True)

    await store.settle(entry, [Delivery(delivery_id=0, to=ANN, conversation=HERE, reply=reply)], [])

    gone = (await store.find_person(ANN), await book.accounts_of(ANN))
    await database.stop()
    assert not any(gone)


async def test_what_an_older_release_kept_is_found_by_its_owner(url: str, clock: FakeClock) -> None:
    await _at_revision(url, "0005")
    database = Database(await open_engine(parse_url(url)))
    database.start()
    store = SqlStore(database, clock)

    messages, buttons = await store.messages_of(ANN), await store.buttons_of(ANN)
    await store.forget(ANN)
    rows = await _rows(database)
    await database.stop()

    assert [message.text for message in messages] == ["/accept 651"]
    assert [button.key for button in buttons] == [_button(ANN).key]
    assert (len(rows["inbox"]), len(rows["buttons"])) == (2, 1)


async def _at_revision(url: str, revision: str) -> None:
    """A database as an older release left it: a message and a button of each, and a torn one."""
    engine = create_async_engine(parse_url(url))
    config = Config()
    folder = Path(tables.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    insert_message = sa.text(
        "INSERT INTO inbox (key, message, state, received_at) VALUES (:key, :text, 'closed', :at)"
    )
    insert_button = sa.text(
        "INSERT INTO buttons (key, button, expires_at) VALUES (:key, :text, :at)"
    )
    at = START.replace(tzinfo=None)

    def fill(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for who in (ANN, BORIS):
            message, button = _message(who), _button(who)
            connection.execute(
                insert_message, {"key": message.key, "text": dump(message), "at": at}
            )
            connection.execute(insert_button, {"key": button.key, "text": dump(button), "at": at})
        connection.execute(insert_message, {"key": "torn", "text": '{"sender"', "at": at})

    async with engine.begin() as connection:
        await connection.run_sync(fill)
    await engine.dispose()
