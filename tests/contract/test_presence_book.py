"""What every book of ledgers and of choices does: those in memory and those on each database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.domain.automation import Choices, Telling
from bot.domain.chat import Identity, Platform
from bot.domain.claims import Claim, Exemption, Source
from bot.domain.ledger import Former, Ledger, News, NewsKind
from bot.domain.participation import EventRef
from bot.domain.presence import Presence
from bot.domain.providers import Provider
from bot.domain.working_hours import WorkingHours
from bot.ports import AutomationBook, PresenceBook
from bot.storage.automations import SqlAutomations
from bot.storage.presence_book import SqlPresenceBook
from tests.contract.stores import STORES, database_address, database_on
from tests.fakes.clock import START, FakeClock
from tests.fakes.presence_book import MemoryAutomations, MemoryPresenceBook

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="9")
MINUTE = timedelta(minutes=1)
SOON, LATER = START + MINUTE / 2, START + 10 * MINUTE
DND = Claim(
    claim_id="hand-1",
    source=Source.HAND,
    presence=Presence.DND,
    starts_at=START,
    ends_at=None,
    made_at=START,
    event=EventRef(provider=Provider.BITRIX24, event_id="651", account_id="a-7"),
    title="Обзор спринта",
)
FULL = Ledger(
    claims=(DND, replace(DND, claim_id="hand-2", ends_at=LATER, reminded=True)),
    former=Presence.AWAY,
    shown=Presence.DND,
    writing=Presence.ONLINE,
    exempt=(Exemption(group="bitrix24/a-7/651", event=DND.event, starts_at=START, until=LATER),),
    account_id="a-7",
    failing_since=START,
    attempts=3,
    news=(
        News(
            kind=NewsKind.ENDED,
            presence=Presence.DND,
            source=Source.HAND,
            held=None,
            at=START,
        ),
    ),
    entry_id=7,
    last=Former(
        at=START,
        made=Presence.DND,
        claim_id="hand-7",
        held=None,
        ours=True,
        claims=(DND,),
        exempt=(),
        former=Presence.AWAY,
    ),
    warned=True,
)
CHOICES = Choices(
    meetings=True,
    presence=Presence.AWAY,
    maybe=True,
    all_day=True,
    only_hours=True,
    evenings=True,
    hours=WorkingHours(start=time(8, 30), end=time(17), days=(0, 6)),
    telling=Telling.NOTHING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    presences: PresenceBook
    automations: AutomationBook
    other_process: PresenceBook


@pytest.fixture(params=STORES)
async def books(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Books]:
    if request.param == "memory":
        book = MemoryPresenceBook(clock)
        yield Books(presences=book, automations=MemoryAutomations(clock), other_process=book)
        return
    async with (
        database_address(request.param, request, tmp_path) as url,
        database_on(url) as database,
        database_on(url) as other,
    ):
        yield Books(
            presences=SqlPresenceBook(database, clock),
            automations=SqlAutomations(database, clock),
            other_process=SqlPresenceBook(other, clock),
        )


async def put(book: PresenceBook, owner: Identity, ledger: Ledger, due_at: datetime | None) -> None:
    held = await book.take(owner, SOON)
    assert held is not None
    await book.release(held, ledger, due_at)


async def test_a_ledger_comes_back_as_it_was_kept(books: Books) -> None:
    assert (await books.presences.read(ANN)).ledger == Ledger()

    await put(books.presences, ANN, FULL, LATER)

    assert (await books.presences.read(ANN)).ledger == FULL
    assert (await books.presences.read(ANN)).due_at == LATER
    assert (await books.other_process.read(ANN)).ledger == FULL
    assert (await books.presences.read(BORIS)).ledger == Ledger()


async def test_one_at_a_time_has_it_in_hand(books: Books, clock: FakeClock) -> None:
    first = await books.presences.take(ANN, SOON)
    assert first is not None
    assert await books.presences.take(ANN, SOON) is None
    assert await books.other_process.take(ANN, SOON) is None
    assert await books.other_process.take(BORIS, SOON) is not None

    await books.presences.release(first, FULL, None)
    second = await books.other_process.take(ANN, clock.now() + MINUTE / 2)

    assert second is not None
    assert (second.ledger, second.version != first.version) == (FULL, True)


async def test_of_many_who_want_it_at_once_one_gets_it(books: Books) -> None:
    wanted = [
        book.take(ANN, SOON) for book in (books.presences, books.other_process) for _ in range(5)
    ]

    got = await asyncio.gather(*wanted)

    assert sum(held is not None for held in got) == 1


async def test_whoever_takes_too_long_loses_it_and_writes_nothing_more(
    books: Books, clock: FakeClock
) -> None:
    slow = await books.presences.take(ANN, SOON)
    assert slow is not None
    assert await books.presences.keep(slow, Ledger(attempts=1), SOON)
    clock.advance(60)
    quick = await books.other_process.take(ANN, clock.now() + MINUTE / 2)
    assert quick is not None

    assert not await books.presences.keep(slow, Ledger(attempts=2), clock.now() + MINUTE)
    await books.presences.release(slow, Ledger(attempts=3), None)

    assert (await books.presences.read(ANN)).ledger == Ledger(attempts=1)
    assert await books.presences.take(ANN, SOON) is None, "it is in the other's hand still"


async def test_what_changed_since_it_was_read_is_not_taken(books: Books) -> None:
    known = await books.presences.read(ANN)
    await put(books.other_process, ANN, FULL, None)

    assert await books.presences.take(ANN, SOON, version=known.version) is None
    held = await books.other_process.take(ANN, SOON)
    assert held is not None
    in_between = await books.presences.read(ANN)
    await books.other_process.release(held, FULL, None)
    assert await books.presences.take(ANN, SOON, version=in_between.version) is None
    fresh = await books.presences.read(ANN)
    assert await books.presences.take(ANN, SOON, version=fresh.version) is not None


async def test_what_is_kept_in_hand_is_due_when_the_hand_lets_go_by_itself(
    books: Books, clock: FakeClock
) -> None:
    held = await books.presences.take(ANN, SOON)
    assert held is not None
    assert await books.presences.keep(held, FULL, SOON)
    assert await books.presences.due(9) == []

    clock.advance(31)

    assert await books.presences.due(9) == [ANN], "its process died with it in hand"
    assert await books.presences.next_due() == SOON


async def test_a_clock_that_was_set_back_leaves_nothing_in_hand_for_long(books: Books) -> None:
    assert await books.presences.take(ANN, START + timedelta(hours=5)) is not None
    if not isinstance(books.presences, MemoryPresenceBook):
        assert await books.presences.take(ANN, SOON) is not None


async def test_what_is_due_comes_in_order_and_not_what_is_in_hand(
    books: Books, clock: FakeClock
) -> None:
    people = [Identity(platform=Platform.TELEGRAM, user_id=str(number)) for number in range(5)]
    for number, owner in enumerate(people):
        await put(books.presences, owner, Ledger(), START + number * MINUTE)
    await put(books.presences, ANN, Ledger(), None)
    clock.advance(3.5 * 60)

    assert await books.presences.next_due() == START
    assert await books.presences.due(9) == people[:4]
    assert await books.presences.due(2) == people[:2]
    assert await books.other_process.take(people[0], clock.now() + MINUTE / 2) is not None
    assert await books.presences.due(9) == people[1:4]


async def test_choices_come_back_as_they_were_made(books: Books) -> None:
    book = books.automations
    assert (await book.automation_of(ANN)).choices == Choices()
    assert await book.next_automation() is None

    await book.choose(ANN, CHOICES, START)

    kept = await book.automation_of(ANN)
    assert (kept.owner, kept.choices, kept.due_at, kept.cursors) == (ANN, CHOICES, START, {})
    assert await book.next_automation() == START
    assert await book.due_automations(9) == [kept]

    await book.choose(ANN, Choices(), None)
    assert await book.due_automations(9) == []


async def test_only_one_reads_and_what_was_chosen_meanwhile_is_not_overwritten(
    books: Books,
) -> None:
    book = books.automations
    await book.choose(ANN, CHOICES, START)
    [due] = await book.due_automations(9)
    begun = await book.begin_reading(due, START + MINUTE)
    assert begun is not None
    assert await book.begin_reading(due, START + MINUTE) is None
    assert await book.due_automations(9) == []

    cursors = {"a-7": datetime(2026, 3, 2, 8, tzinfo=UTC)}
    await book.end_reading(begun, cursors, LATER)
    kept = await book.automation_of(ANN)
    assert (kept.cursors, kept.due_at) == (cursors, LATER)

    again = await book.begin_reading(kept, LATER + MINUTE)
    assert again is not None
    await book.choose(ANN, replace(CHOICES, maybe=False), START)
    await book.end_reading(again, cursors, LATER + 2 * MINUTE)
    chosen = await book.automation_of(ANN)
    assert (chosen.choices.maybe, chosen.cursors, chosen.due_at) == (False, {}, START)


async def test_the_longest_due_is_read_first(books: Books, clock: FakeClock) -> None:
    book = books.automations
    await book.choose(ANN, CHOICES, START)
    await book.choose(BORIS, CHOICES, START - MINUTE)
    clock.advance(1)

    assert [one.owner for one in await book.due_automations(9)] == [BORIS, ANN]
    assert [one.owner for one in await book.due_automations(1)] == [BORIS]
