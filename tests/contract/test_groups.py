"""What is known of groups and of who is in them: in memory and in each database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.domain.chat import Conversation, ConversationKind, Identity, Platform
from bot.domain.inbox import Membership
from bot.ports import Group, Groups, Store
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.groups import SqlGroups
from bot.storage.store import SqlStore
from tests.contract.stores import DATABASES, STORES, database_address
from tests.fakes.clock import START, FakeClock
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="9")
CARL = Identity(platform=Platform.TELEGRAM, user_id="11")
NAMESAKE = Identity(platform=Platform.CONSOLE, user_id="7")
TEAM = Conversation(platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP)
TOPIC = replace(TEAM, thread_id="5")
OTHERS = replace(TEAM, chat_id="-200")
LATER = replace(TEAM, chat_id="-100100")
ELSEWHERE = replace(TEAM, platform=Platform.CONSOLE)
CHOSEN = Group(conversation=TEAM, language="ru", timezone="Europe/Berlin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Groups, the store that keeps who is in them, and both as another process has them."""

    groups: Groups
    store: Store
    other_groups: Groups
    other_store: Store

    async def chosen(self, where: Conversation) -> tuple[str, str, str]:
        group = await self.groups.group_of(where)
        return group.language, group.timezone, group.former_id

    async def members(self, where: Conversation) -> list[Identity]:
        return [one.identity for one in await self.groups.members_of(where)]

    async def memberships(self, who: Identity) -> set[Membership]:
        return set(await self.store.memberships_of(who))


def member(
    who: Identity,
    where: Conversation = TEAM,
    *,
    belongs: bool = True,
    shown: bool = False,
    unasked: bool = False,
) -> Membership:
    return Membership(
        identity=who,
        chat_id=where.chat_id,
        belongs=belongs,
        checked_at=START,
        shown=shown,
        unasked=unasked,
    )


@asynccontextmanager
async def opened(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: FakeClock,
    look_every: float = 3600.0,
) -> AsyncIterator[Known]:
    """What another process writes our caches learn after `look_every` seconds."""
    if kind == "memory":
        store = MemoryStore(clock)
        groups = store.groups
        yield Known(groups=groups, store=store, other_groups=groups, other_store=store)
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
        yield Known(
            groups=SqlGroups(ours),
            store=SqlStore(ours, clock),
            other_groups=SqlGroups(theirs),
            other_store=SqlStore(theirs, clock),
        )


@pytest.fixture(params=STORES)
async def known(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Known]:
    async with opened(request.param, request, tmp_path, clock) as found:
        yield found


async def test_of_a_group_where_nothing_was_chosen_nothing_is_known(known: Known) -> None:
    assert await known.groups.group_of(TEAM) == Group(conversation=TEAM)


async def test_what_was_chosen_for_a_group_comes_back_and_is_replaced_as_a_whole(
    known: Known,
) -> None:
    # It was known that nothing was chosen.
    assert await known.chosen(TEAM) == ("", "", "")

    await known.groups.save_group(replace(CHOSEN, former_id="-99"))

    assert await known.groups.group_of(TEAM) == replace(CHOSEN, former_id="-99")
    assert await known.other_groups.group_of(TEAM) == replace(CHOSEN, former_id="-99")
    await known.groups.save_group(Group(conversation=TEAM, language="en"))
    assert await known.chosen(TEAM) == ("en", "", "")


async def test_topics_of_a_group_are_one_group_and_other_groups_are_not(known: Known) -> None:
    await known.groups.save_group(replace(CHOSEN, conversation=TOPIC))

    for where in (TEAM, TOPIC, replace(TEAM, thread_id="6")):
        assert await known.chosen(where) == ("ru", "Europe/Berlin", "")
    for where in (OTHERS, ELSEWHERE):
        assert await known.chosen(where) == ("", "", "")


async def test_members_are_those_who_were_seen_there_and_have_not_left(known: Known) -> None:
    staying = member(ANN, shown=True, unasked=True)
    for one in (
        staying,
        member(BORIS, belongs=False, shown=True),
        member(CARL, OTHERS),
        member(NAMESAKE),
    ):
        await known.store.save_membership(one)

    assert list(await known.groups.members_of(TEAM)) == [staying]
    assert list(await known.groups.members_of(TOPIC)) == [staying]
    assert await known.members(OTHERS) == [CARL]
    assert await known.members(ELSEWHERE) == [NAMESAKE]
    assert await known.members(LATER) == []


async def test_whoever_comes_or_leaves_is_or_was_a_member_at_once(known: Known) -> None:
    assert await known.members(TEAM) == []

    await known.store.save_membership(member(BORIS))
    await known.other_store.save_membership(member(ANN))
    assert await known.members(TEAM) == [ANN, BORIS]

    await known.store.save_membership(member(BORIS, belongs=False))
    assert await known.members(TEAM) == [ANN]


async def test_whatever_is_known_of_a_group_goes_where_it_moves(known: Known) -> None:
    await known.groups.save_group(CHOSEN)
    await known.groups.save_group(Group(conversation=OTHERS, language="en"))
    await known.groups.save_group(Group(conversation=ELSEWHERE, language="en"))
    kept = [
        member(ANN, shown=True, unasked=True),
        member(BORIS, belongs=False),
        member(ANN, OTHERS, shown=True),
        member(NAMESAKE, shown=True),
    ]
    for one in kept:
        await known.store.save_membership(one)
    # It was known how things stood in both.
    assert await known.chosen(LATER) == ("", "", "")
    assert await known.memberships(ANN) == {kept[0], kept[2]}

    await known.groups.move_group(TOPIC, LATER)

    assert await known.chosen(LATER) == ("ru", "Europe/Berlin", "-100")
    assert await known.chosen(TEAM) == ("", "", "")
    assert [await known.chosen(where) for where in (OTHERS, ELSEWHERE)] == [("en", "", "")] * 2
    assert await known.memberships(ANN) == {replace(kept[0], chat_id="-100100"), kept[2]}
    assert await known.memberships(BORIS) == {replace(kept[1], chat_id="-100100")}
    assert await known.memberships(NAMESAKE) == {kept[3]}
    assert (await known.members(TEAM), await known.members(LATER)) == ([], [ANN])


async def test_of_a_group_where_nothing_was_chosen_it_is_known_where_it_came_from(
    known: Known,
) -> None:
    await known.groups.move_group(TEAM, LATER)

    assert await known.chosen(LATER) == ("", "", "-100")


async def test_a_group_that_moves_twice_has_moved_once(known: Known) -> None:
    await known.groups.save_group(CHOSEN)
    await known.store.save_membership(member(ANN, shown=True))
    await known.groups.move_group(TEAM, LATER)
    await known.groups.save_group(replace(await known.groups.group_of(LATER), language="en"))
    await known.store.save_membership(member(ANN, LATER, unasked=True))

    await known.groups.move_group(TEAM, LATER)

    assert await known.chosen(LATER) == ("en", "Europe/Berlin", "-100")
    assert await known.memberships(ANN) == {member(ANN, LATER, unasked=True)}
    assert await known.chosen(TEAM) == ("", "", "")


async def test_what_the_later_id_has_already_stays_as_it_is(known: Known) -> None:
    await known.groups.save_group(CHOSEN)
    await known.store.save_membership(member(ANN, shown=True))
    await known.store.save_membership(member(BORIS, shown=True))
    await known.groups.save_group(Group(conversation=LATER, language="en"))
    await known.store.save_membership(member(ANN, LATER, unasked=True))

    await known.groups.move_group(TEAM, LATER)

    assert (await known.chosen(LATER))[:2] == ("en", "")
    assert await known.memberships(ANN) == {member(ANN, LATER, unasked=True)}
    assert await known.memberships(BORIS) == {member(BORIS, LATER, shown=True)}


async def test_where_a_group_came_from_is_known_although_something_was_chosen_there_already(
    known: Known,
) -> None:
    """Or else those who are admitted by its earlier id would be refused."""
    await known.groups.save_group(Group(conversation=LATER, language="en"))
    assert await known.chosen(LATER) == ("en", "", "")

    await known.groups.move_group(TEAM, LATER)
    assert await known.chosen(LATER) == ("en", "", "-100")

    await known.groups.move_group(OTHERS, LATER)
    assert await known.chosen(LATER) == ("en", "", "-100")


async def test_whoever_wants_it_is_shown_in_no_group_any_more(known: Known) -> None:
    hidden = [member(ANN, shown=True, unasked=True), member(ANN, OTHERS, shown=True)]
    others = [member(BORIS, shown=True), member(NAMESAKE, shown=True)]
    never = member(ANN, LATER)
    for one in (*hidden, *others, never):
        await known.store.save_membership(one)
    # It was known where they were shown.
    assert await known.memberships(ANN) == {*hidden, never}

    assert await known.groups.hide_everywhere(ANN) == 2

    gone = {replace(one, shown=False) for one in hidden}
    assert await known.memberships(ANN) == {*gone, never}
    shown = [one.identity for one in await known.groups.members_of(TEAM) if one.shown]
    assert shown == [BORIS]
    assert await known.memberships(BORIS) == {others[0]}
    assert await known.memberships(NAMESAKE) == {others[1]}
    assert await known.groups.hide_everywhere(ANN) == 0


@pytest.mark.parametrize("kind", DATABASES)
async def test_what_is_known_of_a_group_is_read_once(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(kind, request, tmp_path, clock) as known:
        first = [await known.chosen(where) for where in (TEAM, OTHERS)]
        await known.groups.save_group(CHOSEN)

        async def read(self: Database, query: object) -> object:
            raise AssertionError(f"{self} is asked {query}")

        monkeypatch.setattr(Database, "read", read)
        assert [await known.chosen(where) for where in (TOPIC, OTHERS)] == [
            ("ru", "Europe/Berlin", ""),
            first[1],
        ]


@pytest.mark.parametrize("kind", DATABASES)
async def test_what_another_process_changes_is_noticed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> None:
    async with opened(kind, request, tmp_path, clock, look_every=0.01) as known:
        await known.store.save_membership(member(ANN, shown=True))
        # By then it is known how things stand.
        await asyncio.sleep(0.05)
        assert await known.chosen(LATER) == ("", "", "")
        assert await known.memberships(ANN) == {member(ANN, shown=True)}

        await known.other_groups.save_group(CHOSEN)
        await known.other_groups.move_group(TEAM, LATER)
        await known.other_groups.hide_everywhere(ANN)

        async with asyncio.timeout(5):
            while True:
                found = await known.chosen(LATER), await known.memberships(ANN)
                if found == (("ru", "Europe/Berlin", "-100"), {member(ANN, LATER)}):
                    break
                await asyncio.sleep(0.01)
        assert await known.chosen(TEAM) == ("", "", "")
