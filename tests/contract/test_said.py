"""What every store knows of its delivered replies: which message says what to whom."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
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
    Reply,
    Row,
    Visibility,
)
from bot.domain.inbox import Delivery, InboxEntry
from bot.domain.participation import Event, EventRef, ParticipationStatus, Watch
from bot.domain.providers import Provider
from bot.ports import Store
from tests.contract.stores import STORES, opened_store
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="1", display_name="Борис")
PRIVATE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
GROUP = Conversation(
    platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP, thread_id="5"
)
REF = EventRef(provider=Provider.CRONOFY, event_id="evt_1", account_id="acc_1", handle="c7")
EVERYBODY, SENDER = Visibility.CONVERSATION, Visibility.SENDER_ONLY


@pytest.fixture(params=STORES)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    async with opened_store(request.param, request, tmp_path, clock) as opened:
        yield opened


def reply(text: str, visibility: Visibility = SENDER) -> Reply:
    return Reply(text=Markup(text), visibility=visibility)


class Talk:
    """Messages of somebody, each with a reply that is delivered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = 0

    async def enters(self, who: Identity, where: Conversation) -> InboxEntry:
        self._count += 1
        message = IncomingMessage(
            key=f"telegram:{self._count}",
            message_id=str(self._count),
            sender=who,
            conversation=where,
            text="/agenda",
            sent_at=START,
        )
        [entry] = await self._store.add([message])
        return entry

    async def stored(
        self, said: Reply, *, who: Identity = ANN, where: Conversation = PRIVATE
    ) -> tuple[InboxEntry, Delivery]:
        entry = await self.enters(who, where)
        delivery = Delivery(delivery_id=0, to=who, conversation=where, reply=said)
        [kept] = await self._store.settle(entry, [delivery], [])
        return entry, kept

    async def told(
        self,
        said: Reply,
        message_id: str | None,
        *,
        who: Identity = ANN,
        where: Conversation = PRIVATE,
    ) -> Delivery:
        entry, kept = await self.stored(said, who=who, where=where)
        # Neither is waited for; reading has to see them all the same.
        await self._store.delivered(kept, message_id)
        await self._store.close(entry)
        return kept


@pytest.fixture
def talk(store: Store) -> Talk:
    return Talk(store)


async def test_what_was_said_to_somebody_comes_newest_first_and_only_what_was_for_them(
    store: Store, talk: Talk, clock: FakeClock
) -> None:
    first = await talk.told(reply("one"), "m1")
    clock.advance(60)
    second = await talk.told(reply("two"), "m2", where=GROUP)
    await talk.told(reply("for Boris"), "m3", who=BORIS)
    third = await talk.told(reply("three"), "m4")

    said = await store.said_to(ANN, START)

    assert [(one.delivery, one.message_id) for one in said] == [
        (third, "m4"),
        (second, "m2"),
        (first, "m1"),
    ]
    assert [one.at for one in said] == [START + timedelta(seconds=60)] * 2 + [START]


async def test_what_was_said_before_then_is_left_out(
    store: Store, talk: Talk, clock: FakeClock
) -> None:
    await talk.told(reply("old"), "m1")
    clock.advance(60)
    await talk.told(reply("new"), "m2")

    moment = START + timedelta(seconds=60)
    assert [one.message_id for one in await store.said_to(ANN, moment)] == ["m2"]
    assert list(await store.said_to(ANN, moment + timedelta(microseconds=1))) == []


async def test_a_reply_that_arrived_late_was_said_when_it_arrived(
    store: Store, talk: Talk, clock: FakeClock
) -> None:
    _, late = await talk.stored(reply("delivered at the second attempt"))
    clock.advance(5)
    await talk.told(reply("delivered at once"), "m1")
    clock.advance(5)
    await store.delivered(late, "m2")

    said = await store.said_to(ANN, START)
    since = await store.said_to(ANN, START + timedelta(seconds=10))
    found = await store.said_as(PRIVATE, "m2")

    assert [(one.message_id, one.at - START) for one in said] == [
        ("m2", timedelta(seconds=10)),
        ("m1", timedelta(seconds=5)),
    ]
    assert [one.message_id for one in since] == ["m2"]
    assert found == said[0]


async def test_of_what_arrived_at_one_moment_the_later_reply_is_the_newer_one(
    store: Store, talk: Talk
) -> None:
    _, first = await talk.stored(reply("first"))
    _, second = await talk.stored(reply("second"))
    await store.delivered(second, "m1")
    await store.delivered(first, "m2")

    assert [one.delivery for one in await store.said_to(ANN, START)] == [second, first]


async def test_what_was_found_out_and_told_in_a_new_message_was_said_then(
    store: Store, talk: Talk, clock: FakeClock
) -> None:
    event = Event(ref=REF, title="Review", starts_at=START, ends_at=START)
    watch = Watch(event=event, wanted=ParticipationStatus.ACCEPTED, pending=True)
    await talk.told(replace(reply("sent"), watch=watch), "m1")
    await talk.told(reply("something else"), "m1")
    clock.advance(3)
    [due] = await store.due_follow_ups()
    told = replace(due.delivery, reply=reply("accepted"))

    await store.delivered(due.delivery, "m2")
    await store.end_follow_up(due, told)

    newest, _ = await store.said_to(ANN, START)
    assert (newest.delivery, newest.message_id, newest.at) == (
        told,
        "m2",
        START + timedelta(seconds=3),
    )
    left = await store.said_as(PRIVATE, "m1")
    assert left is not None
    assert left.delivery.reply.text == "something else"


async def test_what_did_not_arrive_was_not_said(store: Store, talk: Talk) -> None:
    await talk.told(reply("nobody there"), None)
    _, waiting = await talk.stored(reply("on its way"))

    assert list(await store.said_to(ANN, START)) == []

    await store.delivered(waiting, "m1")
    assert [one.delivery for one in await store.said_to(ANN, START)] == [waiting]


@pytest.mark.parametrize("message_id", ["alert 77", "pointer 78"])
async def test_what_was_shown_otherwise_than_as_a_message_is_none(
    store: Store, talk: Talk, message_id: str
) -> None:
    await talk.told(reply("done"), message_id, where=GROUP)

    assert list(await store.said_to(ANN, START)) == []
    assert await store.said_as(PRIVATE, message_id) is None
    assert await store.said_as(GROUP, message_id) is None


async def test_a_reply_comes_back_with_its_event_and_its_list(store: Store, talk: Talk) -> None:
    rows = (Row(number=1, ref=REF), Row(number=2, ref=replace(REF, event_id="evt_2", handle="c8")))
    kept = await talk.told(replace(reply("list"), about=REF, rows=rows, alert="changed"), "m1")

    [said] = await store.said_to(ANN, START)

    assert said.delivery == kept
    assert said.delivery.delivery_id == kept.delivery_id
    assert said.delivery.reply.about is not None
    # What equality does not look at.
    assert said.delivery.reply.about.handle == "c7"
    assert [row.ref.handle for row in said.delivery.reply.rows] == ["c7", "c8"]


async def test_a_message_is_known_by_its_id_in_its_own_chat(store: Store, talk: Talk) -> None:
    private = await talk.told(reply("private"), "5")
    public = await talk.told(reply("public", EVERYBODY), "5", where=GROUP)
    theirs = await talk.told(
        reply("theirs"), "5", who=BORIS, where=replace(PRIVATE, chat_id=BORIS.user_id)
    )

    found = [
        await store.said_as(where, "5")
        for where in (PRIVATE, GROUP, replace(PRIVATE, chat_id=BORIS.user_id))
    ]
    assert [one and one.delivery for one in found] == [private, public, theirs]
    assert await store.said_as(PRIVATE, "6") is None
    assert await store.said_as(replace(GROUP, chat_id="-200"), "5") is None
    assert await store.said_as(replace(PRIVATE, platform=Platform.CONSOLE), "5") is None


async def test_what_was_asked_for_in_a_group_and_shown_in_private_is_found_in_private(
    store: Store, talk: Talk
) -> None:
    kept = await talk.told(reply("you declined"), "5", where=GROUP)

    found = await store.said_as(PRIVATE, "5")

    assert found is not None
    assert (found.delivery, found.message_id, found.at) == (kept, "5", START)
    # Another message of the group may bear the same id.
    assert await store.said_as(GROUP, "5") is None


async def test_a_message_is_found_from_every_topic_of_its_group(store: Store, talk: Talk) -> None:
    kept = await talk.told(reply("card", EVERYBODY), "5", where=GROUP)

    for thread_id in ("5", "6", None):
        found = await store.said_as(replace(GROUP, thread_id=thread_id), "5")
        assert found is not None
        assert found.delivery == kept


async def test_an_edited_message_says_what_it_was_edited_to(store: Store, talk: Talk) -> None:
    first = await talk.told(reply("first"), "m1")
    await talk.told(reply("between"), "m2")
    second = await talk.told(reply("second"), "m1")

    found = await store.said_as(PRIVATE, "m1")

    assert found is not None
    assert found.delivery == second
    said = await store.said_to(ANN, START)
    assert [(one.message_id, one.delivery.reply.text) for one in said] == [
        ("m1", "second"),
        ("m2", "between"),
        ("m1", "first"),
    ]
    assert said[-1].delivery == first


async def test_an_edit_that_is_not_delivered_yet_is_not_what_the_message_says(
    store: Store, talk: Talk
) -> None:
    first = await talk.told(reply("first"), "m1")
    _, edit = await talk.stored(reply("second"))

    before = await store.said_as(PRIVATE, "m1")
    await store.delivered(edit, "m1")
    after = await store.said_as(PRIVATE, "m1")

    assert [one and one.delivery for one in (before, after)] == [first, edit]


async def test_after_a_follow_up_the_message_says_what_was_found_out(
    store: Store, talk: Talk, clock: FakeClock
) -> None:
    event = Event(ref=REF, title="Review", starts_at=START, ends_at=START)
    watch = Watch(event=event, wanted=ParticipationStatus.ACCEPTED, pending=True)
    await talk.told(replace(reply("sent"), watch=watch), "m1")
    clock.advance(3)
    [due] = await store.due_follow_ups()
    button = Button(label="No", command_line="/decline c7")
    news = replace(reply("accepted"), buttons=((button,),), about=REF)
    told = replace(due.delivery, reply=news, keys=("key-1",))

    await store.end_follow_up(due, told)

    found = await store.said_as(PRIVATE, "m1")
    assert found is not None
    assert found.delivery == told
    assert found.at == START
    [said] = await store.said_to(ANN, START)
    assert said.delivery.keys == ("key-1",)


async def test_nothing_was_said_to_whom_was_forgotten(store: Store, talk: Talk) -> None:
    await talk.told(reply("mine"), "m1")
    theirs = await talk.told(reply("theirs", EVERYBODY), "m2", who=BORIS, where=GROUP)

    await store.forget(ANN)

    assert list(await store.said_to(ANN, START)) == []
    assert await store.said_as(PRIVATE, "m1") is None
    assert [one.delivery for one in await store.said_to(BORIS, START)] == [theirs]


async def test_a_farewell_is_the_last_thing_said_until_it_is_forgotten_too(
    store: Store, talk: Talk
) -> None:
    await talk.told(reply("before"), "m1")
    _, farewell = await talk.stored(replace(reply("bye"), farewell=True))
    [leaving] = await store.unfinished()
    await store.delivered(farewell, "m2")

    assert [one.delivery for one in await store.said_to(ANN, START)] == [farewell]

    await store.close(leaving)
    assert list(await store.said_to(ANN, START)) == []
    assert await store.said_as(PRIVATE, "m2") is None


async def test_what_is_pruned_was_never_said(store: Store, talk: Talk, clock: FakeClock) -> None:
    await talk.told(reply("old"), "m1")
    clock.advance(60)

    await store.prune(START + timedelta(seconds=30))

    assert list(await store.said_to(ANN, START)) == []
    assert await store.said_as(PRIVATE, "m1") is None


async def test_every_word_before_a_question_is_heard_however_quickly_it_comes(
    store: Store, talk: Talk
) -> None:
    for number in range(50):
        kept = await talk.told(reply(f"reply {number}"), f"m{number}")
        found = await store.said_as(PRIVATE, f"m{number}")
        [newest, *_] = await store.said_to(ANN, START)
        assert found is not None
        assert found.delivery == newest.delivery == kept
