"""A database of an older release, brought up to date with what it holds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from markupsafe import Markup
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Reply,
)
from bot.domain.inbox import Delivery
from bot.storage import tables
from bot.storage.codec import dump
from bot.storage.engine import parse_url
from tests.contract.stores import DATABASES, database_address, store_on
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
HERE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
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


async def _left_by_0010(url: str) -> None:
    """A message with one reply that was delivered and one that was not."""
    config = Config()
    folder = Path(tables.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))

    def fill(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        connection.execute(
            sa.text(
                "INSERT INTO inbox (key, message, state, received_at, owner)"
                " VALUES ('telegram:1', :message, 'settled', :at, 'telegram:7')"
            ),
            {"message": dump(MESSAGE), "at": START.replace(tzinfo=None)},
        )
        for text, state, message_id in (("one", "delivered", "m1"), ("two", "pending", None)):
            connection.execute(
                sa.text(
                    "INSERT INTO deliveries (entry_id, delivery, state, message_id)"
                    " VALUES (1, :delivery, :state, :message_id)"
                ),
                {"delivery": dump(delivery(text)), "state": state, "message_id": message_id},
            )

    engine = create_async_engine(parse_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(fill)
    await engine.dispose()


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
