"""A database of an older release, brought up to date with what it holds."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from markupsafe import Markup
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.automation import Choices
from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Reply,
)
from bot.domain.inbox import Delivery, Membership
from bot.domain.participation import Event, EventRef, ParticipationStatus, Watch
from bot.domain.providers import Provider
from bot.domain.working_hours import WorkingHours
from bot.storage import tables
from bot.storage.automations import SqlAutomations
from bot.storage.codec import dump
from bot.storage.engine import parse_url
from tests.contract.stores import DATABASES, database_address, database_on, store_on
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
HERE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
NAIVE_START = START.replace(tzinfo=None)
MESSAGE = IncomingMessage(
    key="telegram:1",
    message_id="1",
    sender=ANN,
    conversation=HERE,
    text="/accept 651",
    sent_at=START,
)


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with database_address(request.param, request, tmp_path) as address:
        yield address


def delivery(text: str) -> Delivery:
    return Delivery(delivery_id=0, to=ANN, conversation=HERE, reply=Reply(text=Markup(text)))


def answered(*, pending: bool = True) -> Delivery:
    ref = EventRef(provider=Provider.BITRIX24, event_id="651", account_id="portal-1")
    event = Event(ref=ref, title="Review", starts_at=START, ends_at=START)
    watch = Watch(event=event, wanted=ParticipationStatus.ACCEPTED, pending=pending)
    plain = delivery("sent")
    return replace(plain, reply=replace(plain.reply, watch=watch))


async def _left_by(url: str, release: str, fill: Callable[[sa.Connection], None]) -> None:
    """A message, and what else was kept of it."""
    config = Config()
    folder = Path(tables.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))

    def leave(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, release)
        connection.execute(
            sa.text(
                "INSERT INTO inbox (key, message, state, received_at, owner)"
                " VALUES ('telegram:1', :message, 'settled', :at, 'telegram:7')"
            ),
            {"message": dump(MESSAGE), "at": NAIVE_START},
        )
        fill(connection)

    engine = create_async_engine(parse_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(leave)
    await engine.dispose()


async def _left_by_0010(url: str) -> None:
    """One reply that was delivered and one that was not."""

    def fill(connection: sa.Connection) -> None:
        for text, state, message_id in (("one", "delivered", "m1"), ("two", "pending", None)):
            connection.execute(
                sa.text(
                    "INSERT INTO deliveries (entry_id, delivery, state, message_id)"
                    " VALUES (1, :delivery, :state, :message_id)"
                ),
                {"delivery": dump(delivery(text)), "state": state, "message_id": message_id},
            )

    await _left_by(url, "0010", fill)


async def _left_by_0012(url: str) -> None:
    """A delivered reply to an answer in doubt, and one that is on its way."""

    def fill(connection: sa.Connection) -> None:
        for reply, state, message_id in (
            (answered(), "delivered", "m1"),
            (delivery("two"), "pending", None),
        ):
            connection.execute(
                sa.text(
                    "INSERT INTO deliveries"
                    " (entry_id, delivery, state, message_id, owner, settled_at, place)"
                    " VALUES (1, :delivery, :state, :message_id, 'telegram:7', :at, :place)"
                ).bindparams(sa.bindparam("at", type_=sa.DateTime())),
                {
                    "delivery": dump(reply),
                    "state": state,
                    "message_id": message_id,
                    "at": NAIVE_START,
                    "place": "telegram:7" if message_id else None,
                },
            )
        connection.execute(
            sa.text(
                "INSERT INTO follow_ups (delivery_id, owner, provider, event_id, superseded,"
                " started_at, due_at) VALUES (1, 'telegram:7', 'bitrix24', '651', :no, :at, :due)"
            ),
            {"no": False, "at": NAIVE_START, "due": NAIVE_START + timedelta(seconds=90)},
        )

    await _left_by(url, "0012", fill)


async def _left_by_0014(url: str) -> None:
    """Somebody who was seen in a group."""

    def fill(connection: sa.Connection) -> None:
        connection.execute(
            sa.text(
                "INSERT INTO memberships (platform, user_id, chat_id, belongs, checked_at)"
                " VALUES ('telegram', '7', '-100', :yes, :at)"
            ).bindparams(sa.bindparam("at", type_=sa.DateTime())),
            {"yes": True, "at": NAIVE_START},
        )

    await _left_by(url, "0014", fill)


async def test_whoever_was_seen_in_a_group_before_is_not_shown_there_until_they_agree(
    url: str, clock: FakeClock
) -> None:
    await _left_by_0014(url)
    async with store_on(url, clock) as store:
        [kept] = await store.memberships_of(ANN)

    assert kept == Membership(
        identity=ANN,
        chat_id="-100",
        belongs=True,
        checked_at=START,
        shown=False,
        unasked=False,
    )


async def test_an_answer_in_doubt_of_before_ends_with_a_later_one_in_whatever_account(
    url: str, clock: FakeClock
) -> None:
    await _left_by_0012(url)
    clock.advance(5)
    async with store_on(url, clock) as store:
        [entry] = await store.unfinished()
        [waiting] = await store.deliveries_of(entry)
        await store.delivered(waiting, "m2")
        said = await store.said_to(ANN, START)
        before = list(await store.due_follow_ups())
        [later] = await store.add([replace(MESSAGE, key="telegram:2", message_id="2")])
        await store.settle(later, [answered(pending=False)], [])
        superseded = [one.superseded for one in await store.due_follow_ups()]

    assert [(one.message_id, one.at - START) for one in said] == [
        ("m2", timedelta(seconds=5)),
        ("m1", timedelta()),
    ]
    assert (before, superseded) == ([], [True])


async def test_replies_of_before_are_delivered_and_what_was_said_then_is_not_known(
    url: str, clock: FakeClock
) -> None:
    await _left_by_0010(url)
    async with store_on(url, clock) as store:
        [entry] = await store.unfinished()
        [waiting] = await store.deliveries_of(entry)
        before = [*await store.said_to(ANN, START), await store.said_as(HERE, "m1")]
        await store.delivered(waiting, "m2")
        await store.close(entry)
        # Neither is waited for, so something that is comes behind them.
        await store.count_failure(entry)
        found = await store.find_delivery(waiting.delivery_id)
        left = list(await store.unfinished())
        await store.forget(ANN)
        gone = await store.find_delivery(waiting.delivery_id)

    assert waiting.reply.text == "two"
    assert before == [None]
    assert found == waiting
    assert (left, gone) == ([], None)


async def test_what_somebody_wants_of_their_presence_is_still_read_when_it_is_due(
    url: str, clock: FakeClock
) -> None:
    choices = Choices(meetings=True, hours=WorkingHours(start=time(8, 30), days=(1, 2)))

    def fill(connection: sa.Connection) -> None:
        # As it was written until then: with spaces.
        spaced = json.dumps(json.loads(dump(choices)))
        connection.execute(
            sa.text(
                "INSERT INTO automations (platform, user_id, choices, due_at)"
                " VALUES ('telegram', '7', :choices, :at)"
            ).bindparams(sa.bindparam("at", type_=sa.DateTime())),
            {"choices": spaced, "at": NAIVE_START},
        )

    await _left_by(url, "0016", fill)
    async with database_on(url) as database:
        book = SqlAutomations(database, clock)
        [due] = await book.due_automations(9)
        begun = await book.begin_reading(due, START + timedelta(minutes=20))

    assert due.choices == choices
    assert begun is not None
