"""What every book of group cards does: the one in memory and those on each database.

Cards come into a book as they do in the bot: with a reply that a store settles and delivers.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.ext.asyncio import create_async_engine

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
from bot.domain.group_cards import EDIT_EVERY, NUDGE_EVERY, NewCard, Nudged
from bot.domain.inbox import Delivery, InboxEntry, StoredButton
from bot.domain.meetings import Meeting
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.ports import GroupCardBook, KeptCard, Store
from bot.storage import group_card_rows, tables
from bot.storage.codec import dump
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.group_cards import SqlGroupCards
from bot.storage.store import SqlStore
from tests.contract.stores import DATABASES, STORES, database_address
from tests.fakes.clock import START, FakeClock
from tests.fakes.group_cards import MemoryGroupCards
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="70077007", display_name="Ann Lindqvist")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="10011001", display_name="Борис")
CARL = Identity(platform=Platform.TELEGRAM, user_id="20022002", display_name="Carl")
TEAM = Conversation(platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP)
TOPIC = replace(TEAM, thread_id="5")
OTHERS = replace(TEAM, chat_id="-200")
LATER_TEAM = replace(TEAM, chat_id="-100100")
ELSEWHERE = replace(TEAM, platform=Platform.CONSOLE)
REVIEW = Meeting(provider=Provider.BITRIX24, place="acme.bitrix24.com", meeting_id="651")
OTHER_ID = replace(REVIEW, meeting_id="655")
OTHER_PLACE = replace(REVIEW, place="emca.bitrix24.com")
OTHER_PROVIDER = replace(REVIEW, provider=Provider.CRONOFY)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
OVER = START + timedelta(hours=3)
ANN_ASKED = Nudged(user_id="7", person=ANN.user_id, name="Ann Lindqvist")
CARL_ASKED = Nudged(user_id="9", person=CARL.user_id, name="Carl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A store, the book on its database, and the same two as another process has them."""

    store: Store
    book: GroupCardBook
    other_store: Store
    other_book: GroupCardBook
    clock: FakeClock
    url: str = ""
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def entry(self) -> InboxEntry:
        number = next(self.numbers)
        [entry] = await self.store.add(
            [
                IncomingMessage(
                    key=f"telegram:{number}",
                    message_id=str(number),
                    sender=ANN,
                    conversation=TEAM,
                    text="/card 651",
                    sent_at=START,
                )
            ]
        )
        return entry

    async def settle(self, *deliveries: Delivery, store: Store | None = None) -> list[Delivery]:
        return list(await (store or self.store).settle(await self.entry(), deliveries, []))

    async def post(
        self, delivery: Delivery, message_id: str = "m1", *, store: Store | None = None
    ) -> KeptCard:
        """Have a card posted now."""
        [settled] = await self.settle(delivery, store=store)
        await (store or self.store).delivered(settled, message_id)
        return await self.card(delivery)

    async def card(self, posted: Delivery | KeptCard) -> KeptCard:
        """A card as it is kept now."""
        found = await self.find(posted)
        assert found is not None
        return found

    async def find(self, posted: Delivery | KeptCard) -> KeptCard | None:
        return await self.book.find_card(key_of(posted))

    async def hold(self, card: KeptCard, seconds: float = 60) -> KeptCard:
        held = await self.book.take(card, self.clock.now() + seconds * SECOND)
        assert held is not None
        return held

    async def due(self) -> list[str]:
        return [card.card.key for card in await self.book.due_cards(99)]


def key_of(posted: Delivery | KeptCard) -> str:
    card = posted.card if isinstance(posted, KeptCard) else posted.reply.card
    assert card is not None
    return card.key


def new(
    key: str = "card-1",
    *,
    meeting: Meeting = REVIEW,
    where: Conversation = TOPIC,
    by: Identity = ANN,
    look_at: datetime | None = OVER,
    nudged: tuple[Nudged, ...] = (),
) -> Delivery:
    """A reply that posts a card, as it is before it is settled."""
    ref = EventRef(
        provider=meeting.provider,
        event_id="1651",
        calendar_id=f"calendar-{by.user_id}",
        account_id=f"account-{by.user_id}",
        handle=f"handle-{by.user_id}",
    )
    card = NewCard(key=key, ref=ref, meeting=meeting, version="v1", look_at=look_at, nudged=nudged)
    button = Button(label="Да", command_line="/maybe 651", personal=False, card=key)
    asked = Markup(", ").join(mention(one.person, one.name) for one in nudged)
    silent = ", ".join(one.name for one in nudged)
    reply = Reply(
        text=Markup("{}\n<b>Выезд</b>\n▫️ {}").format(asked, silent),
        buttons=((button,),),
        visibility=Visibility.CONVERSATION,
        about=ref,
        card=card,
    )
    return Delivery(
        delivery_id=0,
        to=by,
        conversation=where,
        reply=reply,
        reply_to="3",
        keys=(f"button-{key}",),
    )


def plain() -> Delivery:
    return Delivery(delivery_id=0, to=ANN, conversation=TEAM, reply=Reply(text=Markup("yes")))


def showing(card: KeptCard, text: str) -> KeptCard:
    """A card after its message was changed to that text."""
    reply = replace(card.delivery.reply, text=Markup(text))
    return replace(card, delivery=replace(card.delivery, reply=reply))


@asynccontextmanager
async def opened(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: FakeClock,
    look_every: float = 3600.0,
) -> AsyncIterator[Kept]:
    """What another process writes our caches learn after `look_every` seconds."""
    if kind == "memory":
        store = MemoryStore(clock)
        store.group_cards = MemoryGroupCards(clock, store._buttons)
        book = store.group_cards
        yield Kept(store=store, book=book, other_store=store, other_book=book, clock=clock)
        return
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database_address(kind, request, tmp_path))
        databases = []
        for _ in range(2):
            database = Database(await open_engine(parse_url(url)), look_every=look_every)
            database.start()
            stack.push_async_callback(database.stop)
            databases.append(database)
        ours, theirs = databases
        yield Kept(
            store=SqlStore(ours, clock),
            book=SqlGroupCards(ours, clock),
            other_store=SqlStore(theirs, clock),
            other_book=SqlGroupCards(theirs, clock),
            clock=clock,
            url=url,
        )


@pytest.fixture(params=STORES)
async def it(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Kept]:
    async with opened(request.param, request, tmp_path, clock) as kept:
        yield kept


@pytest.fixture(params=DATABASES)
async def sql(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Kept]:
    async with opened(request.param, request, tmp_path, clock) as kept:
        yield kept


# How a card comes to be kept, and how it is found.


async def test_a_card_is_kept_with_the_reply_that_posts_it(it: Kept) -> None:
    assert await it.find(new()) is None

    [settled, other] = await it.settle(new(), plain())

    card = await it.card(new())
    assert settled.delivery_id
    assert card == KeptCard(
        card_id=card.card_id,
        card=new().reply.card or pytest.fail("it has one"),
        delivery=settled,
        message_id=None,
    )
    assert isinstance(card.delivery.reply.text, Markup)
    assert card.card.ref.handle == f"handle-{ANN.user_id}"
    assert other.reply.card is None
    assert await it.book.next_card() is None
    assert await it.due() == []


async def test_a_posted_card_is_its_message_and_due_when_its_event_is_over(it: Kept) -> None:
    [settled] = await it.settle(new())
    before = await it.card(new())
    it.clock.advance(5)

    await it.store.delivered(settled, "m1")

    now = START + 5 * SECOND
    expected = replace(before, message_id="m1", due_at=OVER, edited_at=now)
    assert await it.card(new()) == expected
    assert await it.book.next_card() == OVER
    it.clock.advance((OVER - START).total_seconds() - 6)
    assert await it.due() == []
    it.clock.advance(1)
    assert await it.due() == ["card-1"]


async def test_of_what_has_no_known_end_nothing_is_expected_until_it_is_touched(it: Kept) -> None:
    card = await it.post(new(look_at=None))
    assert (card.message_id, card.due_at, await it.book.next_card()) == ("m1", None, None)
    it.clock.advance(60)

    await it.book.touch(REVIEW)

    assert await it.book.next_card() == START + MINUTE


@pytest.mark.parametrize("message_id", [None, "pointer 7", "alert 7"])
async def test_what_was_given_up_or_became_no_message_is_forgotten(
    it: Kept, message_id: str | None
) -> None:
    await it.post(new("other"), "m9")
    [settled] = await it.settle(new())
    assert await it.find(settled) is not None

    await it.store.delivered(settled, message_id)

    assert await it.find(settled) is None
    assert [card.card.key for card in await it.book.cards_of(REVIEW)] == ["other"]


async def test_cards_of_one_settle_are_each_their_own_message(it: Kept) -> None:
    first, second = new("card-1"), new("card-2", meeting=OTHER_ID)
    [one, between, two] = await it.settle(first, plain(), second)

    await it.store.delivered(two, "m2")
    await it.store.delivered(between, "m9")
    await it.store.delivered(one, None)

    assert await it.find(first) is None
    kept = await it.card(second)
    assert (kept.delivery, kept.message_id) == (two, "m2")
    assert await it.book.card_shown_as(TEAM, "m9") is None


async def test_a_card_is_found_as_the_message_that_it_is_whatever_the_topic(it: Kept) -> None:
    card = await it.post(new(where=TOPIC), "m1")
    other = await it.post(new("card-2", where=OTHERS), "m1")

    for where in (TEAM, TOPIC, replace(TEAM, thread_id="6")):
        assert await it.book.card_shown_as(where, "m1") == card
    assert await it.book.card_shown_as(OTHERS, "m1") == other
    assert await it.book.card_shown_as(TEAM, "m2") is None
    assert await it.book.card_shown_as(ELSEWHERE, "m1") is None


async def test_cards_of_a_meeting_are_found_in_all_chats_the_oldest_first(it: Kept) -> None:
    keys = ["b", "c", "a"]
    for key, where in zip(keys, (OTHERS, TOPIC, OTHERS), strict=True):
        await it.post(new(key, where=where))
    for number, meeting in enumerate((OTHER_ID, OTHER_PLACE, OTHER_PROVIDER)):
        await it.post(new(f"other-{number}", meeting=meeting))
    await it.book.touch(REVIEW)
    await it.book.close(await it.card(new("b")))

    found = await it.book.cards_of(REVIEW)

    assert [card.card.key for card in found] == keys
    assert [card.delivery.conversation for card in found] == [OTHERS, TOPIC, OTHERS]
    assert [card.card.key for card in await it.book.cards_of(OTHER_PLACE)] == ["other-1"]


async def test_what_somebody_posted_is_found_the_oldest_first_until_they_are_forgotten(
    it: Kept,
) -> None:
    await it.post(new("b"))
    await it.post(new("c", by=BORIS))
    await it.post(new("a", meeting=OTHER_ID))

    assert [card.card.key for card in await it.book.posted_by(ANN)] == ["b", "a"]
    await it.store.forget(ANN)
    assert [card.card.key for card in await it.book.posted_by(ANN)] == []
    assert [card.card.key for card in await it.book.posted_by(BORIS)] == ["c"]


# How it becomes out of date.


async def test_what_is_touched_before_it_is_delivered_is_due_soon_after_that(it: Kept) -> None:
    [settled] = await it.settle(new())

    assert await it.book.touch(REVIEW)

    waiting = await it.card(settled)
    assert (waiting.due_at, waiting.touches) == (None, 1)
    it.clock.advance(5)
    await it.store.delivered(settled, "m1")
    posted = await it.card(settled)
    assert (posted.message_id, posted.due_at) == ("m1", START + 5 * SECOND + EDIT_EVERY)


@pytest.mark.parametrize(
    ("passed", "look_at", "due_at"),
    [
        pytest.param(10, OVER, START + 10 * SECOND, id="at once"),
        pytest.param(1, OVER, START + EDIT_EVERY, id="as soon as it may be changed"),
        pytest.param(1, START + 2 * SECOND, START + 2 * SECOND, id="never later than it was due"),
        pytest.param(10, START + 5 * SECOND, START + 5 * SECOND, id="nor if it is due already"),
    ],
)
async def test_a_touched_card_is_due_at_once_or_as_soon_as_it_may_be_changed_again(
    it: Kept, passed: float, look_at: datetime, due_at: datetime
) -> None:
    before = await it.post(new(look_at=look_at))
    it.clock.advance(passed)

    assert await it.book.touch(REVIEW)

    assert await it.card(before) == replace(before, due_at=due_at, touches=1)
    assert await it.book.next_card() == due_at


async def test_whoever_goes_on_touching_a_card_does_not_put_it_off(it: Kept) -> None:
    await it.post(new())

    for _ in range(3):
        it.clock.advance(0.9)
        assert await it.book.touch(REVIEW)

    card = await it.card(new())
    assert (card.due_at, card.touches) == (START + EDIT_EVERY, 3)


async def test_a_clock_that_was_set_back_keeps_no_card_from_being_changed(it: Kept) -> None:
    it.clock.advance(3600)
    await it.post(new(look_at=None))
    it.clock.advance(-3600)

    await it.book.touch(REVIEW)

    assert (await it.card(new())).due_at == START + EDIT_EVERY


async def test_only_cards_of_that_very_meeting_are_touched(it: Kept) -> None:
    others = [
        await it.post(new(f"other-{number}", meeting=meeting), f"n{number}")
        for number, meeting in enumerate((OTHER_ID, OTHER_PLACE, OTHER_PROVIDER))
    ]
    for number, where in enumerate((TEAM, OTHERS)):
        await it.post(new(f"card-{number}", where=where))
    it.clock.advance(10)

    assert await it.book.touch(REVIEW)

    assert await it.due() == ["card-0", "card-1"]
    assert [await it.card(other) for other in others] == others
    assert not await it.book.touch(replace(OTHER_ID, place=OTHER_PLACE.place))


async def test_cards_are_touched_by_the_account_that_reads_them(it: Kept) -> None:
    other = await it.post(new("other", by=BORIS), "m9")
    await it.post(new())
    it.clock.advance(10)

    assert await it.book.touch_account(f"account-{ANN.user_id}")

    assert await it.due() == ["card-1"]
    assert await it.card(other) == other
    assert not await it.book.touch_account("nobody's")


async def test_cards_are_touched_by_the_group_in_which_they_are_whatever_the_topic(
    it: Kept,
) -> None:
    other = await it.post(new("other", where=OTHERS), "m9")
    await it.post(new(where=TOPIC))
    it.clock.advance(10)

    assert await it.book.touch_group(replace(TEAM, thread_id="6"))

    assert await it.due() == ["card-1"]
    assert await it.card(other) == other
    assert not await it.book.touch_group(ELSEWHERE)


async def test_a_card_that_is_posted_later_is_touched_although_its_meeting_had_none(
    it: Kept,
) -> None:
    assert not await it.book.touch(REVIEW)
    await it.post(new())
    it.clock.advance(10)

    assert await it.book.touch(REVIEW)

    assert await it.due() == ["card-1"]
    await it.book.drop(await it.card(new()))
    assert not await it.book.touch(REVIEW)


async def test_a_card_that_was_given_up_is_none_that_could_be_touched(it: Kept) -> None:
    [settled] = await it.settle(new())
    assert await it.book.touch(REVIEW)

    await it.store.delivered(settled, None)

    assert await it.find(settled) is None
    assert not await it.book.touch(REVIEW)


@pytest.mark.parametrize("kind", DATABASES)
async def test_a_card_that_another_process_posts_is_touched_once_that_is_noticed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> None:
    async with opened(kind, request, tmp_path, clock, look_every=0.01) as it:
        # By then it is known how things stand.
        await asyncio.sleep(0.05)
        assert not await it.book.touch(REVIEW)

        await it.post(new(), store=it.other_store)
        async with asyncio.timeout(5):
            while True:
                if await it.book.touch(REVIEW):
                    break
                await asyncio.sleep(0.01)

        assert (await it.card(new())).touches == 1


async def test_what_has_no_card_costs_no_write_and_one_read(
    sql: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, read = _counted(monkeypatch, "write"), _counted(monkeypatch, "read")

    assert [await sql.book.touch(REVIEW) for _ in range(3)] == [False] * 3
    assert (len(written), len(read)) == (0, 1)

    await sql.post(new())
    written.clear()
    assert await sql.book.touch(REVIEW)
    assert len(written) == 1

    await sql.book.drop(await sql.card(new()))
    written.clear()
    assert not await sql.book.touch(REVIEW)
    assert len(written) == 0


def _counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[object]:
    """The calls of a method of all databases."""
    calls: list[object] = []
    method: Callable[[Database, object], Awaitable[object]] = getattr(Database, name)

    async def counting(self: Database, what: object) -> object:
        calls.append(what)
        return await method(self, what)

    monkeypatch.setattr(Database, name, counting)
    return calls


# Who has it in hand.


async def test_one_at_a_time_has_a_card_in_hand(it: Kept) -> None:
    card, other = await it.post(new()), await it.post(new("other"), "m9")
    until = START + MINUTE

    held = await it.hold(card)

    assert held == card
    assert await it.book.take(card, until) is None
    assert await it.other_book.take(card, until) is None
    assert await it.other_book.take(other, until) == other
    await it.book.release(held, held)
    assert await it.other_book.take(card, until) == card


async def test_of_many_who_want_a_card_at_once_one_gets_it(it: Kept) -> None:
    card = await it.post(new())

    got = await asyncio.gather(
        *(book.take(card, START + MINUTE) for book in (it.book, it.other_book) for _ in range(5))
    )

    assert [held for held in got if held is not None] == [card]


async def test_a_card_is_taken_as_it_is_now_and_not_once_it_is_gone(it: Kept) -> None:
    old = await it.post(new())
    await it.book.touch(REVIEW)

    held = await it.hold(old)

    assert (held.touches, held.due_at) == (1, START + EDIT_EVERY)
    await it.book.drop(held)
    assert await it.book.take(old, START + MINUTE) is None


async def test_what_is_in_hand_is_due_for_nobody_else_until_the_hand_lets_go_by_itself(
    it: Kept,
) -> None:
    card = await it.post(new())
    await it.post(new("other"), "m9")
    it.clock.advance(10)
    await it.book.touch(REVIEW)
    assert await it.due() == ["card-1", "other"]

    await it.hold(card, 60)

    assert await it.due() == ["other"]
    it.clock.advance(59)
    assert await it.due() == ["other"]
    assert await it.other_book.take(card, it.clock.now() + MINUTE) is None
    it.clock.advance(1)
    assert await it.due() == ["card-1", "other"], "its process died with it in hand"
    assert await it.other_book.take(card, it.clock.now() + MINUTE) is not None


async def test_a_clock_that_was_set_back_leaves_no_card_in_hand_for_long(it: Kept) -> None:
    card = await it.post(new())
    it.clock.advance(10)
    await it.book.touch(REVIEW)
    await it.hold(card, 5 * 3600)

    assert await it.due() == ["card-1"]
    assert await it.other_book.take(card, it.clock.now() + MINUTE) is not None


async def test_what_is_due_comes_the_longest_due_first_and_no_more_than_asked_for(
    it: Kept,
) -> None:
    for key, minutes in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
        await it.post(new(key, look_at=START + minutes * MINUTE), key)
    it.clock.advance(3.5 * 60)

    assert await it.due() == ["a", "b", "c"]
    assert [card.card.key for card in await it.book.due_cards(2)] == ["a", "b"]
    assert await it.book.next_card() == START + MINUTE


async def test_whoever_had_a_card_in_hand_and_is_dead_has_it_no_longer(sql: Kept) -> None:
    card = await sql.post(new())
    await sql.hold(card)
    assert isinstance(sql.book, SqlGroupCards)

    await sql.book.reclaim()

    assert await sql.book.take(card, START + MINUTE) == card


# What becomes of it in hand.


async def test_a_released_card_comes_back_as_it_was_released(it: Kept) -> None:
    held = await it.hold(await it.post(new()))
    it.clock.advance(20)
    now = it.clock.now()
    shown = showing(held, "<i>Review</i> it is")
    reply = replace(shown.delivery.reply, buttons=())
    changed = replace(
        shown,
        delivery=replace(shown.delivery, reply=reply, keys=()),
        card=replace(
            held.card, version="v2", look_at=OVER + MINUTE, nudged=(CARL_ASKED,), closed=True
        ),
        message_id="m2",
        due_at=OVER + MINUTE,
        edited_at=now,
        failing=3,
    )

    await it.book.release(held, changed)

    kept = await it.card(held)
    whole = replace(changed.delivery, reply=replace(reply, card=changed.card))
    assert kept == replace(changed, delivery=whole)
    assert isinstance(kept.delivery.reply.text, Markup)
    assert await it.book.card_shown_as(TEAM, "m2") == kept
    assert await it.book.card_shown_as(TEAM, "m1") is None
    assert await it.book.next_card() == OVER + MINUTE


@pytest.mark.parametrize("later", [OTHER_PLACE, OTHER_ID, OTHER_PROVIDER])
async def test_a_card_whose_meeting_is_called_otherwise_by_now_follows_that(
    it: Kept, later: Meeting
) -> None:
    held = await it.hold(await it.post(new()))
    assert not await it.book.touch(later)

    await it.book.release(held, replace(held, card=replace(held.card, meeting=later)))

    it.clock.advance(10)
    assert list(await it.book.cards_of(REVIEW)) == []
    assert [card.card.meeting for card in await it.book.cards_of(later)] == [later]
    assert not await it.book.touch(REVIEW)
    assert await it.book.touch(later)
    assert await it.due() == ["card-1"]


async def test_what_is_touched_while_in_hand_is_due_again_soon_after_it_was_changed(
    it: Kept,
) -> None:
    await it.post(new())
    held = await it.hold(await it.card(new()))
    it.clock.advance(10)
    assert await it.other_book.touch(REVIEW)
    edited_at = it.clock.now()
    it.clock.advance(1)

    shown = replace(showing(held, "news"), edited_at=edited_at, due_at=OVER)
    await it.book.release(held, replace(shown, failing=2))

    kept = await it.card(held)
    assert (kept.due_at, kept.touches) == (edited_at + EDIT_EVERY, 1)
    assert (kept.edited_at, kept.failing) == (edited_at, 2)
    assert await it.book.take(kept, it.clock.now() + MINUTE) == kept


async def test_what_a_card_shows_is_known_although_it_was_touched_meanwhile(it: Kept) -> None:
    """Otherwise who goes back to their first answer would find it shown already."""
    held = await it.hold(await it.post(new()))
    await it.book.touch(REVIEW)
    shown = showing(held, "news")
    card = replace(held.card, version="v2")

    await it.book.release(held, replace(shown, card=card))

    kept = await it.card(held)
    assert kept.delivery.reply.text == "news"
    assert (kept.card.version, kept.delivery.reply.card) == ("v2", card)


async def test_what_was_touched_and_is_changed_long_after_is_due_at_once(it: Kept) -> None:
    held = await it.hold(await it.post(new()))
    await it.book.touch(REVIEW)
    it.clock.advance(30)

    await it.book.release(held, replace(held, due_at=START + 10 * MINUTE))

    assert (await it.card(held)).due_at == START + 30 * SECOND


async def test_what_is_closed_while_in_hand_stays_closed_and_is_due_to_say_so(it: Kept) -> None:
    held = await it.hold(await it.post(new()))
    it.clock.advance(10)
    await it.other_book.close(held)
    shown = showing(held, "news")

    await it.book.release(held, replace(shown, edited_at=it.clock.now(), due_at=OVER))

    kept = await it.card(held)
    assert kept.card.closed
    assert kept.delivery.reply.card == kept.card
    assert kept.due_at == it.clock.now() + EDIT_EVERY


async def test_a_group_that_moves_while_a_card_is_in_hand_has_moved(it: Kept) -> None:
    held = await it.hold(await it.post(new()))
    it.clock.advance(10)
    await it.other_book.move_group(TEAM, LATER_TEAM)
    shown = showing(held, "news")

    await it.book.release(held, replace(shown, edited_at=it.clock.now(), due_at=OVER))

    kept = await it.card(held)
    assert (kept.message_id, kept.due_at) == (None, it.clock.now())
    assert (kept.delivery.conversation, kept.edited_at) == (LATER_TEAM, START)
    assert await it.due() == ["card-1"], "nobody has it in hand"


async def test_who_is_forgotten_while_their_card_is_in_hand_stays_forgotten(it: Kept) -> None:
    held = await it.hold(await it.post(new(nudged=(CARL_ASKED,))))
    it.clock.advance(10)
    await it.other_store.forget(ANN)
    shown = showing(held, "as Ann Lindqvist sees it")
    changed = replace(shown, message_id="m2", edited_at=it.clock.now(), due_at=OVER)

    await it.book.release(held, changed)

    kept = await it.card(held)
    assert_nothing_of_ann(kept)
    assert (kept.delivery.to.user_id, kept.card.ref.account_id) == ("", "")
    assert (kept.message_id, kept.due_at) == ("m2", it.clock.now() + EDIT_EVERY)


async def test_who_is_forgotten_while_a_card_that_asks_them_is_in_hand_stays_forgotten(
    it: Kept,
) -> None:
    held = await it.hold(await it.post(new(by=BORIS, nudged=(ANN_ASKED, CARL_ASKED))))
    await it.other_store.forget(ANN)
    shown = showing(held, "Ann Lindqvist, are you coming?")

    await it.book.release(held, shown)

    kept = await it.card(held)
    assert_nothing_of_ann(kept)
    assert (kept.card.nudged, kept.delivery.to) == ((CARL_ASKED,), BORIS)


async def test_what_is_forgotten_while_in_hand_does_not_come_back(it: Kept) -> None:
    held = await it.hold(await it.post(new()))
    await it.other_book.drop(held)

    await it.book.release(held, showing(held, "news"))
    await it.book.close(held)

    assert await it.find(held) is None
    assert list(await it.book.cards_of(REVIEW)) == []
    assert await it.book.next_card() is None


# How it ends.


async def test_a_closed_card_is_due_at_once_to_say_so(it: Kept) -> None:
    card = await it.post(new())
    other = await it.post(new("other"), "m9")
    it.clock.advance(1)

    await it.book.close(card)

    kept = await it.card(card)
    closed = replace(card.card, closed=True)
    assert kept == replace(
        card,
        card=closed,
        delivery=replace(card.delivery, reply=replace(card.delivery.reply, card=closed)),
        due_at=it.clock.now(),
        touches=1,
    )
    assert await it.due() == ["card-1"]
    assert await it.card(other) == other


async def test_a_card_that_is_closed_before_it_is_posted_says_so_soon_after(it: Kept) -> None:
    [settled] = await it.settle(new())

    await it.book.close(await it.card(settled))

    waiting = await it.card(settled)
    assert (waiting.card.closed, waiting.due_at) == (True, None)
    await it.store.delivered(settled, "m1")
    posted = await it.card(settled)
    assert (posted.card.closed, posted.due_at) == (True, START + EDIT_EVERY)


async def test_a_dropped_card_is_forgotten_with_its_buttons(it: Kept) -> None:
    deliveries = [new(), new("other")]
    buttons = [
        StoredButton(
            key=f"button-{key_of(delivery)}",
            owner=ANN,
            button=delivery.reply.pressable[0],
            expires_at=OVER,
        )
        for delivery in deliveries
    ]
    await it.store.settle(await it.entry(), deliveries, buttons)
    assert await it.store.find_button("button-card-1") == buttons[0]

    await it.book.drop(await it.card(new()))

    assert await it.find(new()) is None
    assert await it.store.find_button("button-card-1") is None
    assert await it.store.find_button("button-other") == buttons[1]
    assert await it.find(new("other")) is not None


async def test_where_a_group_moves_its_cards_are_posted_anew_at_once(it: Kept) -> None:
    first = await it.post(new("card-1", where=TOPIC), "m1")
    edited = replace(new("card-2"), edits="m5")
    await it.post(edited, "m5")
    other = await it.post(new("other", where=OTHERS), "m1")
    console = await it.post(new("console", where=ELSEWHERE), "m1")
    it.clock.advance(1)
    earlier = replace(TEAM, thread_id="6")

    assert await it.book.move_group(earlier, LATER_TEAM) == 2

    assert await it.due() == ["card-1", "card-2"]
    kept = await it.card(first)
    moved = replace(first.delivery, conversation=LATER_TEAM)
    now = it.clock.now()
    assert kept == replace(first, delivery=moved, message_id=None, due_at=now, touches=1)
    assert (await it.card(edited)).delivery.edits is None
    assert [await it.card(one) for one in (other, console)] == [other, console]
    assert await it.book.card_shown_as(TEAM, "m1") is None
    assert not await it.book.touch_group(TEAM)
    assert await it.book.touch_group(LATER_TEAM)


async def test_a_group_that_moves_twice_has_moved_once(it: Kept) -> None:
    await it.post(new())
    await it.book.move_group(TEAM, LATER_TEAM)
    held = await it.hold(await it.card(new()))
    posted = replace(held, message_id="m7", edited_at=START, due_at=OVER)
    await it.book.release(held, posted)

    assert await it.book.move_group(TEAM, LATER_TEAM) == 0

    assert await it.card(new()) == posted
    assert await it.book.card_shown_as(LATER_TEAM, "m7") == posted


async def test_a_moved_card_that_is_touched_stays_due_at_once(it: Kept) -> None:
    await it.post(new())
    await it.book.move_group(TEAM, LATER_TEAM)
    it.clock.advance(1)

    await it.book.touch(REVIEW)

    assert await it.due() == ["card-1"]
    assert (await it.card(new())).due_at == START


# Who is forgotten.


def assert_nothing_of_ann(card: KeptCard) -> None:
    """Nobody could tell from it that she was ever here."""
    kept = dump(card)
    assert ANN.user_id not in kept
    assert "Lindqvist" not in kept


async def test_what_somebody_forgotten_posted_is_nobodys_and_due_to_say_so(it: Kept) -> None:
    card = await it.post(new(nudged=(CARL_ASKED,)))
    it.clock.advance(10)

    await it.store.forget(ANN)

    kept = await it.card(card)
    assert_nothing_of_ann(kept)
    assert (kept.card.nudged, kept.touches) == ((), 1)
    assert (kept.card.meeting, kept.message_id) == (REVIEW, "m1")
    assert await it.due() == ["card-1"]
    # Where it is and with what keys, so that its message can be changed for all to see.
    assert (kept.delivery.conversation, kept.delivery.keys) == (TOPIC, card.delivery.keys)
    assert kept.delivery.shown_in == TOPIC
    assert not await it.book.touch_account(card.card.ref.account_id)


async def test_a_card_whose_poster_is_forgotten_on_the_way_says_so_soon_after(it: Kept) -> None:
    [settled] = await it.settle(new())

    await it.store.forget(ANN)

    await it.store.delivered(settled, "m1")
    kept = await it.card(settled)
    assert_nothing_of_ann(kept)
    assert (kept.message_id, kept.due_at) == ("m1", START + EDIT_EVERY)


async def test_who_is_forgotten_is_asked_by_no_card_any_more_and_others_still_are(
    it: Kept,
) -> None:
    asking = await it.post(new(by=BORIS, nudged=(ANN_ASKED, CARL_ASKED)))
    other = await it.post(new("other", by=BORIS, nudged=(CARL_ASKED,)), "m9")
    elsewhere = new("elsewhere", by=BORIS, where=ELSEWHERE, nudged=(ANN_ASKED,))
    namesake = await it.post(elsewhere, "m9")
    it.clock.advance(10)

    await it.store.forget(ANN)

    kept = await it.card(asking)
    assert_nothing_of_ann(kept)
    assert (kept.card.nudged, kept.card.ref, kept.touches) == (
        (CARL_ASKED,),
        asking.card.ref,
        1,
    )
    assert (kept.delivery.to, kept.delivery.shown_in) == (BORIS, TOPIC)
    assert await it.due() == ["card-1"]
    assert await it.card(other) == other
    assert await it.card(namesake) == namesake, "another chat system's number is another person"


# Asking for answers.


async def test_those_who_have_not_answered_are_left_alone_for_a_while(it: Kept) -> None:
    assert await it.book.begin_nudge(REVIEW, 1, START) is None

    almost = START + NUDGE_EVERY - SECOND
    assert await it.book.begin_nudge(REVIEW, 2, almost) == START
    assert await it.other_book.begin_nudge(REVIEW, 3, almost) == START
    assert await it.book.begin_nudge(REVIEW, 4, START + NUDGE_EVERY) is None
    assert await it.book.begin_nudge(REVIEW, 5, START + NUDGE_EVERY) == START + NUDGE_EVERY


async def test_what_is_begun_again_after_a_kill_is_the_same_asking(it: Kept) -> None:
    assert await it.book.begin_nudge(REVIEW, 1, START) is None

    for later in (START, START + MINUTE, START + NUDGE_EVERY):
        assert await it.book.begin_nudge(REVIEW, 1, later) is None

    assert await it.book.begin_nudge(REVIEW, 2, START + MINUTE) == START

    again = START + NUDGE_EVERY
    assert await it.book.begin_nudge(REVIEW, 2, again) is None
    assert await it.book.begin_nudge(REVIEW, 2, again + MINUTE) is None
    assert await it.book.begin_nudge(REVIEW, 1, again + MINUTE) == again


@pytest.mark.parametrize("other", [OTHER_ID, OTHER_PLACE, OTHER_PROVIDER])
async def test_every_meeting_has_its_own_asking(it: Kept, other: Meeting) -> None:
    assert await it.book.begin_nudge(REVIEW, 1, START) is None
    assert await it.book.begin_nudge(other, 2, START + MINUTE) is None

    assert await it.book.begin_nudge(REVIEW, 3, START + 2 * MINUTE) == START
    assert await it.book.begin_nudge(other, 4, START + 2 * MINUTE) == START + MINUTE


async def test_that_somebody_was_asked_is_forgotten_after_a_day(it: Kept) -> None:
    await it.book.begin_nudge(REVIEW, 1, START)
    late = START + DAY + SECOND

    assert await it.book.begin_nudge(REVIEW, 1, late) is None

    assert await it.book.begin_nudge(REVIEW, 2, late) == late, "it was a new asking"


async def test_of_what_was_asked_long_ago_no_row_is_left(sql: Kept) -> None:
    await sql.book.begin_nudge(REVIEW, 1, START)
    await sql.book.begin_nudge(OTHER_PLACE, 2, START + MINUTE)

    await sql.book.begin_nudge(OTHER_ID, 3, START + DAY + MINUTE)

    engine = create_async_engine(parse_url(sql.url))
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(tables.nudges.c.place))).scalars().all()
    await engine.dispose()
    assert sorted(rows) == [REVIEW.place, OTHER_PLACE.place]


# What two processes do at the same moment.


async def _meanwhile(
    it: Kept, theirs: Callable[[sa.Connection], object], ours: Awaitable[object]
) -> object:
    """Begin ours while another process has written its own and not committed it yet."""
    engine = create_async_engine(parse_url(it.url))
    async with engine.begin() as connection:
        await connection.run_sync(theirs)
        task = asyncio.ensure_future(ours)
        await asyncio.sleep(0.2)
        assert not task.done()
    await engine.dispose()
    return await task


async def test_a_card_that_is_posted_while_it_is_touched_is_due(sql: Kept) -> None:
    [settled] = await sql.settle(new())

    def post(connection: sa.Connection) -> None:
        group_card_rows.note_posted(connection, settled, "m1", START)

    assert await _meanwhile(sql, post, sql.book.touch(REVIEW)) is True

    kept = await sql.card(settled)
    assert (kept.message_id, kept.due_at, kept.touches) == ("m1", START + EDIT_EVERY, 1)


async def test_what_is_closed_while_it_is_changed_shows_what_it_was_changed_to(sql: Kept) -> None:
    card = await sql.post(new())
    changed = showing(card, "news").delivery
    row = tables.group_cards.c.key == card.card.key

    def change(connection: sa.Connection) -> None:
        connection.execute(sa.update(tables.group_cards).where(row).values(delivery=dump(changed)))

    await _meanwhile(sql, change, sql.book.close(card))

    kept = await sql.card(card)
    assert (kept.delivery.reply.text, kept.card.closed) == ("news", True)


async def test_who_is_forgotten_while_their_group_moves_stays_forgotten(sql: Kept) -> None:
    card = await sql.post(new())

    def forget(connection: sa.Connection) -> None:
        group_card_rows.forget(connection, ANN)

    assert await _meanwhile(sql, forget, sql.book.move_group(TEAM, LATER_TEAM)) == 1

    kept = await sql.card(card)
    assert_nothing_of_ann(kept)
    assert (kept.delivery.conversation, kept.message_id) == (LATER_TEAM, None)


async def test_where_a_group_moves_while_its_poster_is_forgotten_it_has_moved(sql: Kept) -> None:
    card = await sql.post(new())
    there = replace(card.delivery, conversation=LATER_TEAM)
    values = {"delivery": dump(there), "chat": "telegram:-100100", "message_id": None}
    row = tables.group_cards.c.key == card.card.key

    def move(connection: sa.Connection) -> None:
        connection.execute(sa.update(tables.group_cards).where(row).values(values))

    await _meanwhile(sql, move, sql.store.forget(ANN))

    kept = await sql.card(card)
    assert_nothing_of_ann(kept)
    assert (kept.delivery.conversation, kept.message_id) == (LATER_TEAM, None)


async def test_who_is_forgotten_while_a_card_is_released_stays_forgotten(sql: Kept) -> None:
    held = await sql.hold(await sql.post(new()))

    def forget(connection: sa.Connection) -> None:
        group_card_rows.forget(connection, ANN)

    await _meanwhile(sql, forget, sql.book.release(held, showing(held, "Ann Lindqvist")))

    assert_nothing_of_ann(await sql.card(held))


async def test_of_two_processes_that_ask_the_same_people_one_does(sql: Kept) -> None:
    asking = {
        "provider": REVIEW.provider.value,
        "place": REVIEW.place,
        "meeting_id": REVIEW.meeting_id,
        "nudged_at": START,
        "entry_id": 1,
    }

    def nudge(connection: sa.Connection) -> None:
        connection.execute(sa.insert(tables.nudges).values(asking))

    ours = sql.book.begin_nudge(REVIEW, 2, START + SECOND)
    assert await _meanwhile(sql, nudge, ours) == START
