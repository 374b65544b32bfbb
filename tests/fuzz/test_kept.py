"""What people send is kept whatever it is made of, and takes nobody else's messages down."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.chat import IncomingMessage
from bot.domain.inbox import Person
from bot.platforms.telegram.updates import MalformedUpdateError, convert
from tests.contract.stores import DATABASES, database_address, store_on
from tests.fakes.clock import FakeClock
from tests.fuzz.hostile import rare, spoilt, texts, whole, with_other
from tests.fuzz.test_telegram import AFTER, GOOD

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIELDS = [
    ("text",),
    ("from", "first_name"),
    ("from", "username"),
    ("from", "language_code"),
]
BROKEN = ["\ud800", "a\udfff\ud800b", "\x00", "nul\x00in between", "\x1b[2J\r\n"]


def message_of(update: object) -> IncomingMessage | None:
    try:
        converted = convert(update, NOW)
    except MalformedUpdateError:
        return None
    return converted if isinstance(converted, IncomingMessage) else None


async def kept(messages: list[IncomingMessage], address: str) -> list[IncomingMessage]:
    async with store_on(address, FakeClock()) as store:
        for message in messages:
            await store.save_person(
                Person(
                    identity=message.sender,
                    language="en",
                    timezone="UTC",
                    name=message.sender.display_name,
                )
            )
        await store.add(messages)
        return [entry.message for entry in await store.unfinished()]


@rare
@given(st.lists(st.sampled_from(GOOD).flatmap(spoilt), min_size=1, max_size=5))
@example([with_other(GOOD[0], ("message", *path), text) for path in FIELDS for text in BROKEN])
@example([with_other(GOOD[2], ("callback_query", "data"), text) for text in BROKEN])
def test_what_was_taken_is_kept_as_it_is_together_with_all_others(
    tmp_path_factory: pytest.TempPathFactory, updates: list[object]
) -> None:
    found = [message for update in [*updates, AFTER] if (message := message_of(update))]
    distinct = list({message.key: message for message in found}.values())
    address = f"sqlite:///{tmp_path_factory.mktemp('kept')}/bot.db"

    assert asyncio.run(kept(distinct, address)) == distinct
    assert len(distinct) >= 1


@whole
@given(texts)
@example("\ud800")
@example("\x00")
def test_no_text_of_a_message_is_one_that_a_database_or_a_wire_cannot_hold(text: str) -> None:
    for path in FIELDS:
        message = message_of(with_other(GOOD[0], ("message", *path), text))
        if message is None:
            continue
        sender = message.sender
        for held in (message.text, sender.display_name, sender.handle, message.language):
            assert held.encode().decode() == held
            assert "\x00" not in held


@pytest.mark.parametrize("kind", DATABASES)
async def test_what_only_some_databases_could_hold_is_kept_by_all(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    updates = [with_other(GOOD[0], ("message", *path), text) for path in FIELDS for text in BROKEN]
    messages = [
        message
        for number, update in enumerate(updates)
        if (message := message_of(with_other(update, ("update_id",), 100 + number)))
    ]
    assert len(messages) > 3 * len(BROKEN)
    async with database_address(kind, request, tmp_path) as address:
        assert await kept(messages, address) == messages
