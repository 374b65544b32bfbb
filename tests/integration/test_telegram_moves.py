"""A group in Telegram that becomes a supergroup, which has another id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.domain.chat import Conversation, ConversationKind, Platform
from bot.errors import StorageError
from bot.sandbox.company import ANN
from tests.contract.chats import Ear, listening
from tests.contract.telegram import AtTelegram, at_telegram

OLD = -55


def group_of(chat_id: int) -> Conversation:
    return Conversation(
        platform=Platform.TELEGRAM, chat_id=str(chat_id), kind=ConversationKind.GROUP
    )


@dataclass(slots=True, kw_only=True)
class Book:
    """Keeps where groups went, unless it cannot write.

    Attributes:
        told: Each time somebody tried to tell, with what had been heard by then.
        failures: So many times it cannot write.
    """

    ear: Ear
    failures: int = 0
    kept: list[tuple[Conversation, Conversation]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)

    async def moved(self, before: Conversation, after: Conversation) -> None:
        self.told.append(len(self.ear.heard))
        if self.failures:
            self.failures -= 1
            raise StorageError("disk full")
        self.kept.append((before, after))


@asynccontextmanager
async def team(*, webhook: bool, failures: int = 0) -> AsyncIterator[tuple[AtTelegram, Book]]:
    """A basic group with Ann and the bot."""
    book = Book(ear=Ear(), failures=failures)
    async with at_telegram(webhook=webhook, moved=book.moved) as at:
        at.emulator.add_group(OLD, "Team", [at.emulator.users[ANN.user_id]])
        yield at, book


both_ways = pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])


async def all_taken(at: AtTelegram) -> None:
    await at.emulator.wait_for(lambda: not at.emulator.queue.pending)


@both_ways
async def test_a_move_is_told_before_anything_that_is_said_afterwards(webhook: bool) -> None:
    async with team(webhook=webhook) as (at, book):
        new = at.emulator.migrate(at.emulator.chats[OLD])
        at.emulator.says(at.emulator.users[ANN.user_id], "/help@acme_rsvp_bot", new)
        async with listening(at, book.ear):
            [said] = await book.ear.hears(1)
            await all_taken(at)

    assert set(book.kept) == {(group_of(OLD), group_of(new.chat_id))}
    assert book.told[0] == 0
    assert said.conversation == group_of(new.chat_id)


@both_ways
async def test_a_move_that_could_not_be_kept_is_told_again(webhook: bool) -> None:
    async with team(webhook=webhook, failures=2) as (at, book):
        new = at.emulator.migrate(at.emulator.chats[OLD])
        async with listening(at, book.ear):
            await at.emulator.wait_for(lambda: len(book.told) == 2)
            assert len(at.emulator.queue.pending) == 2
            await all_taken(at)

    assert set(book.kept) == {(group_of(OLD), group_of(new.chat_id))}
    assert len(book.told) == 2 + len(book.kept)


@both_ways
async def test_what_comes_with_a_move_that_could_not_be_kept_is_not_lost(webhook: bool) -> None:
    async with team(webhook=webhook, failures=1) as (at, book):
        ann = at.emulator.users[ANN.user_id]
        at.emulator.says(ann, "/accept 651")
        new = at.emulator.migrate(at.emulator.chats[OLD])
        at.emulator.says(ann, "/help@acme_rsvp_bot", new)
        async with listening(at, book.ear):
            heard = await book.ear.hears(2)
            await all_taken(at)

    assert {message.text for message in heard} == {"/accept 651", "/help@acme_rsvp_bot"}
    assert len(book.kept) == 2


@both_ways
async def test_a_move_that_makes_no_sense_is_passed_over(webhook: bool) -> None:
    async with team(webhook=webhook) as (at, book):
        at.emulator.inject_raw({"message": {"message_id": 1, "migrate_to_chat_id": "-100"}})
        at.says("/accept 651")
        async with listening(at, book.ear):
            await book.ear.hears(1)
            await all_taken(at)
        assert at.telegram.unreadable == 1

    assert book.kept == []


async def test_nobody_has_to_care_about_moves() -> None:
    ear = Ear()
    async with at_telegram() as at:
        group = at.emulator.add_group(OLD, "Team", [at.emulator.users[ANN.user_id]])
        at.emulator.migrate(group)
        at.says("/accept 651")
        async with listening(at, ear):
            [said] = await ear.hears(1)

    assert said.text == "/accept 651"


async def test_a_move_waits_for_somebody_who_receives() -> None:
    async with team(webhook=True) as (at, book):
        at.emulator.migrate(at.emulator.chats[OLD])
        await at.brought()
        assert book.told == []
        async with listening(at, book.ear):
            await all_taken(at)

    assert len(book.kept) == 2
