"""What every chat platform does: the one in memory, the terminal, Telegram asked and asking."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from markupsafe import Markup

from bot.domain.chat import (
    Button,
    Conversation,
    Document,
    Platform,
    Reply,
    Visibility,
    mention,
)
from bot.domain.group_cards import NewCard
from bot.domain.inbox import Delivery, is_message
from bot.domain.meetings import Meeting
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.errors import PlatformError, StorageError
from bot.sandbox.company import ANN, BORIS, Colleague
from tests.contract.adapters import adapters_of
from tests.contract.chats import (
    PATIENCE,
    RETRY_AFTER,
    STRANGER,
    ChatSubject,
    ChatTrouble,
    Ear,
    Shown,
    identity_on,
    in_memory,
    listening,
)
from tests.contract.telegram import by_polling, by_webhook
from tests.contract.terminal import at_terminal

SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[ChatSubject]]] = {
    "memory": in_memory,
    "console": at_terminal,
    "telegram polling": by_polling,
    "telegram webhook": by_webhook,
}

YES, NO, LATER = (
    Button(label=label, command_line=f"/{label}") for label in ("Да <b>&", "No", "Remind me later")
)
DOCUMENT = Document(name="ваши-данные.json", content='{"имя": "Ann"}\n')
MEETING = Meeting(provider=Provider.BITRIX24, place="acme.example", meeting_id="651")
KEYS = ("key-of-yes", "key-of-no", "key-of-later")


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[ChatSubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


def reply_to(
    subject: ChatSubject,
    text: Markup | str,
    *,
    conversation: Conversation | None = None,
    visibility: Visibility = Visibility.SENDER_ONLY,
) -> Delivery:
    return Delivery(
        delivery_id=1,
        to=identity_on(subject.platform.name, ANN),
        conversation=conversation or subject.here,
        reply=Reply(text=Markup.escape(text), visibility=visibility),
    )


def with_buttons(delivery: Delivery) -> Delivery:
    reply = replace(delivery.reply, buttons=((YES, NO), (LATER,)))
    return replace(delivery, reply=reply, keys=KEYS)


async def test_every_adapter_and_every_platform_is_among_the_subjects() -> None:
    tested, names = set(), set()
    for open_subject in SUBJECTS.values():
        async with open_subject() as subject:
            tested.add(type(subject.platform).__name__)
            names.add(subject.platform.name)
            assert not subject.platform.own_name.startswith("@")

    assert tested - {"FakePlatform"} == adapters_of("ChatPlatform", "platforms", "is_member")
    assert names == set(Platform)


async def test_everything_said_is_handed_over_in_order(subject: ChatSubject) -> None:
    ear = Ear()
    async with listening(subject, ear):
        for text in ("/accept 651", "привет <b>&", "/dnd"):
            subject.says(text)
        heard = await ear.hears(3)

    assert [message.text for message in heard] == ["/accept 651", "привет <b>&", "/dnd"]
    assert {message.sender for message in heard} == {identity_on(subject.platform.name, ANN)}
    assert {message.conversation for message in heard} == {subject.here}
    assert len({message.key for message in heard}) == 3
    assert len({message.message_id for message in heard}) == 3
    assert all(message.sent_at.tzinfo is not None for message in heard)
    assert all(message.press is None for message in heard)


async def test_running_stops_when_it_is_cancelled(subject: ChatSubject) -> None:
    ear = Ear()
    async with listening(subject, ear) as running:
        subject.says("/accept 651")
        await ear.hears(1)
        assert not running.done()

        running.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({running})

        assert running.cancelled()


async def test_what_comes_after_the_end_waits_for_the_next_run(subject: ChatSubject) -> None:
    before, after = Ear(), Ear()
    async with listening(subject, before):
        subject.says("/accept 651")
        await before.hears(1)
    if not subject.can.keeps:
        return

    subject.says("/accept 655")
    await subject.brought()
    async with listening(subject, after):
        # What the chat system has not seen acknowledged may come a second time.
        while "/accept 655" not in [message.text for message in before.heard + after.heard]:
            await after.hears(len(after.heard) + 1)

    assert [message.text for message in before.heard] == ["/accept 651"]


async def test_running_ends_with_the_input_if_there_is_an_end(subject: ChatSubject) -> None:
    ear = Ear()
    async with listening(subject, ear) as running:
        subject.says("/accept 651")
        await ear.hears(1)
        if subject.can.ends:
            subject.ends_input()
            async with asyncio.timeout(PATIENCE):
                await running
        else:
            assert not running.done()


async def test_what_could_not_be_kept_comes_again_and_nothing_is_lost(
    subject: ChatSubject,
) -> None:
    ear = Ear(failures=2)
    async with listening(subject, ear) as running:
        subject.says("/accept 651")
        subject.says("/accept 655")
        if not subject.can.asks_again:
            with pytest.raises(StorageError):
                await asyncio.wait_for(running, PATIENCE)
            return
        heard = await ear.hears(2)

    assert [message.text for message in heard] == ["/accept 651", "/accept 655"]
    assert ear.offered.count(heard[0].key) == 3


async def test_a_reply_is_posted_and_its_later_version_takes_its_place(
    subject: ChatSubject,
) -> None:
    first = reply_to(subject, "⏳ Sent, not yet confirmed")
    message_id = await subject.platform.deliver(with_buttons(first))
    assert message_id is not None
    [posted] = subject.messages(subject.here)
    assert posted.text == "⏳ Sent, not yet confirmed"

    later = replace(reply_to(subject, "✅ Accepted"), edits=message_id)
    assert await subject.platform.deliver(later) == message_id

    if subject.can.edits_in_place:
        assert subject.messages(subject.here) == [Shown(text="✅ Accepted")]
    else:
        assert subject.messages(subject.here) == [posted, Shown(text="✎ ✅ Accepted")]


async def test_a_version_that_changes_nothing_is_no_failure(subject: ChatSubject) -> None:
    message_id = await subject.platform.deliver(reply_to(subject, "✅ Accepted"))
    same = replace(reply_to(subject, "✅ Accepted"), edits=message_id)

    assert await subject.platform.deliver(same) == message_id


async def test_a_version_of_a_deleted_message_becomes_a_new_one(subject: ChatSubject) -> None:
    message_id = await subject.platform.deliver(reply_to(subject, "⏳ Sent"))
    assert message_id is not None
    if not subject.can.edits_in_place:
        return
    subject.deletes(message_id)
    assert subject.messages(subject.here) == []

    later = replace(reply_to(subject, "✅ Accepted"), edits=message_id)
    new_id = await subject.platform.deliver(later)

    assert new_id not in (None, message_id)
    assert subject.messages(subject.here) == [Shown(text="✅ Accepted")]


async def test_a_version_of_a_groups_card_that_was_deleted_is_not_posted_anew(
    subject: ChatSubject,
) -> None:
    card = NewCard(
        key="card-key",
        ref=EventRef(provider=Provider.BITRIX24, event_id="651"),
        meeting=MEETING,
        version="1",
    )
    post = reply_to(
        subject, "0 of 3", conversation=subject.here, visibility=Visibility.CONVERSATION
    )
    post = replace(post, reply=replace(post.reply, card=card))
    message_id = await subject.platform.deliver(post)
    assert message_id is not None
    later = replace(post, reply=replace(post.reply, text=Markup("1 of 3")), edits=message_id)
    assert await subject.platform.deliver(later) == message_id
    assert await subject.platform.deliver(later) == message_id
    if not subject.can.edits_in_place:
        return
    subject.deletes(message_id)

    with pytest.raises(PlatformError) as failed:
        await subject.platform.deliver(later)

    assert failed.value.gone
    assert subject.messages(subject.here) == []


@pytest.mark.parametrize(
    "name", ["Борис Ли", "<b>&", '" onclick="x', "</a><a href='person:9'>", "@carl", "&lt;i&gt;"]
)
async def test_a_person_who_is_mentioned_is_shown_by_name(subject: ChatSubject, name: str) -> None:
    boris = mention(str(BORIS.user_id), name)

    await subject.platform.deliver(reply_to(subject, Markup("Answer, {}!").format(boris)))

    shown = name if subject.can.notifies else f"@{name}"
    assert [message.text for message in subject.messages(subject.here)] == [f"Answer, {shown}!"]


async def test_several_replies_have_ids_of_their_own(subject: ChatSubject) -> None:
    texts = ["one", "two", "three"]
    ids = [await subject.platform.deliver(reply_to(subject, text)) for text in texts]

    assert None not in ids
    assert len(set(ids)) == 3
    assert [message.text for message in subject.messages(subject.here)] == texts


async def test_a_press_in_a_group_comes_from_there(subject: ChatSubject) -> None:
    ear = Ear()
    async with listening(subject, ear):
        answer = await pressed(subject, ear, subject.group)
        [heard] = ear.heard

    assert heard.conversation == subject.group
    assert heard.press is not None
    assert heard.press.card_id == answer.edits
    assert heard.sender == identity_on(subject.platform.name, ANN)


async def test_a_press_of_a_button_brings_its_key(subject: ChatSubject) -> None:
    ear = Ear()
    labels = tuple(button.label for button in (YES, NO, LATER))
    async with listening(subject, ear):
        message_id = await subject.platform.deliver(with_buttons(reply_to(subject, "Sure?")))
        assert message_id is not None
        assert subject.messages(subject.here) == [Shown(text="Sure?", labels=labels)]
        for label in labels:
            subject.presses(message_id, label)
        heard = await ear.hears(3)

    presses = [message.press for message in heard if message.press is not None]
    assert [press.key for press in presses] == list(KEYS)
    assert {press.card_id for press in presses} == {message_id}
    assert {message.text for message in heard} == {""}
    assert {message.sender for message in heard} == {identity_on(subject.platform.name, ANN)}
    assert {message.conversation for message in heard} == {subject.here}


async def pressed(
    subject: ChatSubject, ear: Ear, conversation: Conversation | None = None
) -> Delivery:
    """Ann presses a button of a card; a delivery that would take the place of the card."""
    heard = len(ear.heard)
    where = conversation or subject.here
    card = with_buttons(
        reply_to(subject, "Sure?", conversation=where, visibility=Visibility.CONVERSATION)
    )
    message_id = await subject.platform.deliver(card)
    assert message_id is not None
    subject.presses(message_id, YES.label, where)
    message = (await ear.hears(heard + 1))[heard]
    assert message.press is not None
    return replace(
        reply_to(subject, "Fresh <card>", conversation=where, visibility=Visibility.CONVERSATION),
        edits=message.press.card_id,
        callback_id=message.press.callback_id,
    )


def alerting(delivery: Delivery, alert: str) -> Delivery:
    return replace(delivery, reply=replace(delivery.reply, alert=alert))


async def test_an_alert_pops_up_over_the_pressed_button_and_the_reply_comes_as_usual(
    subject: ChatSubject,
) -> None:
    ear = Ear()
    async with listening(subject, ear):
        answer = alerting(await pressed(subject, ear), "It <changed> & moved")
        assert await subject.platform.deliver(answer) == answer.edits

        if subject.can.pops_up:
            assert list(subject.alerts()) == ["It <changed> & moved"]
            assert subject.messages(subject.here) == [Shown(text="Fresh <card>")]
            assert await subject.answers() == 1
        else:
            shown = [message.text for message in subject.messages(subject.here)]
            assert shown == ["Sure?", "❗ It <changed> & moved", "✎ Fresh <card>"]


async def test_a_press_is_answered_once_with_nothing_if_there_is_no_alert(
    subject: ChatSubject,
) -> None:
    if not subject.can.pops_up:
        return
    ear = Ear()
    async with listening(subject, ear):
        answer = await pressed(subject, ear)
        await subject.platform.deliver(answer)
        await subject.platform.deliver(replace(answer, edits=None))

        assert await subject.answers() == 1
        assert list(subject.alerts()) == []


async def test_an_alert_without_a_press_that_waits_for_it_comes_before_the_text(
    subject: ChatSubject,
) -> None:
    ear = Ear()
    async with listening(subject, ear):
        answer = await pressed(subject, ear)
        await subject.platform.deliver(answer)
        for callback_id in (answer.callback_id, "", "press of an earlier process"):
            later = replace(answer, edits=None, callback_id=callback_id)
            await subject.platform.deliver(alerting(later, "1 < 2 & <b>"))

        shown = "\n".join(message.text for message in subject.messages(subject.here))
        assert shown.count("1 < 2 & <b>\nFresh <card>") == 3
        if subject.can.pops_up:
            assert list(subject.alerts()) == []
            # Likewise: tried once more at most.
            assert await subject.answers() in {1, 2}


async def test_in_a_group_an_alert_pops_up_whoever_may_see_the_reply(subject: ChatSubject) -> None:
    if not subject.can.pops_up:
        return
    ear = Ear()
    async with listening(subject, ear):
        public = alerting(await pressed(subject, ear, subject.group), "one")
        await subject.platform.deliver(public)
        secret = alerting(await pressed(subject, ear, subject.group), "two")
        reply = replace(secret.reply, visibility=Visibility.SENDER_ONLY)
        await subject.platform.deliver(with_buttons(replace(secret, reply=reply)))

        assert list(subject.alerts()) == ["one", "two"]
        assert await subject.answers() == 2
    assert [message.text for message in subject.messages(subject.group)] == [
        "Fresh <card>",
        "Sure?",
    ]
    assert [message.text for message in subject.messages(subject.here)] == ["Fresh <card>"]


async def test_an_alert_is_no_longer_than_can_be_shown(subject: ChatSubject) -> None:
    if not subject.can.pops_up:
        return
    ear = Ear()
    async with listening(subject, ear):
        await subject.platform.deliver(alerting(await pressed(subject, ear), "я" * 200))
        await subject.platform.deliver(alerting(await pressed(subject, ear), "я" * 300))

        whole, cut = subject.alerts()
        assert whole == "я" * 200
        assert len(cut) == 200
        assert cut.startswith("я" * 199)


def fleeting(delivery: Delivery, text: Markup | str = "✅ Accepted") -> Delivery:
    reply = replace(delivery.reply, text=Markup.escape(text), fleeting=True)
    return replace(delivery, reply=reply)


@pytest.mark.parametrize("visibility", list(Visibility))
@pytest.mark.parametrize("where", ["private", "group"])
async def test_what_is_fleeting_passes_over_the_pressed_button_and_is_no_message(
    subject: ChatSubject, where: str, visibility: Visibility
) -> None:
    ear = Ear()
    place = subject.group if where == "group" else subject.here
    async with listening(subject, ear):
        answer = await pressed(subject, ear, place)
        before = [message.text for message in subject.messages(place)]
        answer = replace(answer, reply=replace(answer.reply, visibility=visibility))
        text = Markup("✅ <b>{}</b>").format("1 < 2 & <b>")
        shown_as = await subject.platform.deliver(fleeting(answer, text))

        assert shown_as is not None
        assert not is_message(shown_as)
        after = [message.text for message in subject.messages(place)]
        if subject.can.pops_up:
            assert list(subject.toasts()) == ["✅ 1 < 2 & <b>"]
            assert list(subject.alerts()) == []
            assert await subject.answers() == 1
            assert after == before
        else:
            assert subject.messages(subject.here)[-1] == Shown(text="✅ 1 < 2 & <b>")
            if where == "group":
                assert after == before


async def test_what_is_fleeting_is_gone_if_nobody_waits_for_it(subject: ChatSubject) -> None:
    if not subject.can.pops_up:
        return
    ear = Ear()
    async with listening(subject, ear):
        answer = await pressed(subject, ear)
        await subject.platform.deliver(answer)
        before = subject.messages(subject.here)
        for callback_id in (answer.callback_id, "", "press of an earlier process"):
            for edits in (answer.edits, None):
                late = replace(answer, callback_id=callback_id, edits=edits)
                shown_as = await subject.platform.deliver(fleeting(late))
                assert shown_as is not None
                assert not is_message(shown_as)

        assert subject.messages(subject.here) == before
        assert list(subject.toasts()) == []
        # What came to an earlier process may be tried once more; nobody waits for it here.
        assert await subject.answers() in {1, 2}


async def test_what_is_fleeting_is_no_longer_than_can_be_shown(subject: ChatSubject) -> None:
    if not subject.can.pops_up:
        return
    ear = Ear()
    async with listening(subject, ear):
        await subject.platform.deliver(fleeting(await pressed(subject, ear), "я" * 200))
        await subject.platform.deliver(fleeting(await pressed(subject, ear), "я" * 300))

    whole, cut = subject.toasts()
    assert whole == "я" * 200
    assert len(cut) == 200
    assert cut.startswith("я" * 199)


@pytest.mark.parametrize("trouble", list(ChatTrouble))
async def test_what_is_fleeting_cannot_fail(subject: ChatSubject, trouble: ChatTrouble) -> None:
    if not subject.can.refuses:
        return
    ear = Ear()
    async with listening(subject, ear):
        answer = await pressed(subject, ear)
        await subject.trouble(trouble)
        shown_as = await subject.platform.deliver(fleeting(answer))

    assert shown_as is not None
    assert not is_message(shown_as)
    assert [message.text for message in subject.messages(subject.here)] == ["Sure?"]


@pytest.mark.parametrize("alert", ["", "It changed"])
@pytest.mark.parametrize("trouble", [ChatTrouble.GONE, ChatTrouble.SLOW_DOWN, ChatTrouble.LOST])
async def test_a_press_is_answered_whatever_becomes_of_the_reply(
    subject: ChatSubject, trouble: ChatTrouble, alert: str
) -> None:
    if not subject.can.refuses:
        return
    ear = Ear()
    async with listening(subject, ear):
        answer = replace(alerting(await pressed(subject, ear), alert), edits=None)
        await subject.trouble(trouble)
        with pytest.raises(PlatformError):
            await subject.platform.deliver(answer)

        assert await subject.answers() == 1
        assert list(subject.alerts()) == [alert] * bool(alert)
        if trouble is ChatTrouble.SLOW_DOWN:
            await subject.platform.deliver(answer)
            texts = [message.text for message in subject.messages(subject.here)]
            # What was seen over the button need not be said again.
            assert texts == ["Sure?", "Fresh <card>"]
            assert await subject.answers() == 1


@pytest.mark.parametrize(
    "value",
    [
        *("<b>&", "</b>", "<i>x</i>", "&amp;", "&lt;b&gt;", "&#60;", "1 < 2 && 3 > 2", "\"'`"),
        *("*_[x](y)~", "<script>alert(1)</script>", "<a href='https://evil.example'>x</a>"),
        *("{0} %s", "🙂 Обсуждение", "a\nb"),
    ],
)
async def test_what_was_filled_in_is_shown_as_it_was_written(
    subject: ChatSubject, value: str
) -> None:
    text = Markup("<b>[{}]</b> <i>{}</i> <code>{}.</code>").format(value, value, value)

    await subject.platform.deliver(reply_to(subject, text))

    assert [message.text for message in subject.messages(subject.here)] == [
        f"[{value}] {value} {value}."
    ]


async def test_a_long_reply_arrives_whole(subject: ChatSubject) -> None:
    lines = [f"{number}. " + "агенда & more " * 4 for number in range(150)]
    lines = [line.strip() for line in lines]

    message_id = await subject.platform.deliver(with_buttons(reply_to(subject, "\n".join(lines))))

    messages = subject.messages(subject.here)
    assert message_id is not None
    assert "\n".join(message.text for message in messages).split("\n") == lines
    assert [len(message.labels) for message in messages] == [0] * (len(messages) - 1) + [3]


def with_document(delivery: Delivery) -> Delivery:
    return replace(delivery, reply=replace(delivery.reply, document=DOCUMENT))


def shown_with_document(subject: ChatSubject, text: str) -> list[Shown]:
    if subject.can.sends_files:
        return [Shown(text=text, document=(DOCUMENT.name, DOCUMENT.content))]
    return [Shown(text=text), Shown(text=f"{DOCUMENT.name}:\n{DOCUMENT.content}")]


async def test_a_document_arrives_with_its_text(subject: ChatSubject) -> None:
    text = "Всё, что я храню: 1 < 2 & 3"

    assert await subject.platform.deliver(with_document(reply_to(subject, text))) is not None

    assert subject.messages(subject.here) == shown_with_document(subject, text)


async def test_a_long_text_with_a_document_arrives_whole(subject: ChatSubject) -> None:
    lines = [f"{number}. " + "строка & more " * 4 for number in range(60)]
    lines = [line.strip() for line in lines]

    await subject.platform.deliver(with_document(reply_to(subject, "\n".join(lines))))

    messages = [shown for shown in subject.messages(subject.here) if "1. " in shown.text]
    assert "\n".join(message.text for message in messages).split("\n") == lines
    files = [shown.document is not None for shown in messages]
    assert files == [subject.can.sends_files] + [False] * (len(messages) - 1)


async def test_a_document_is_always_a_message_of_its_own(subject: ChatSubject) -> None:
    message_id = await subject.platform.deliver(reply_to(subject, "Sure?"))
    assert message_id is not None
    answer = with_document(replace(reply_to(subject, "Here it is"), edits=message_id))

    new_id = await subject.platform.deliver(answer)

    assert new_id not in (None, message_id)
    assert subject.messages(subject.here) == [
        Shown(text="Sure?"),
        *shown_with_document(subject, "Here it is"),
    ]


async def test_in_a_group_a_document_for_one_person_goes_to_them_alone(
    subject: ChatSubject,
) -> None:
    secret = reply_to(subject, "Everything about you", conversation=subject.group)

    await subject.platform.deliver(with_document(secret))

    assert subject.messages(subject.group) == []
    assert subject.messages(subject.here) == shown_with_document(subject, "Everything about you")


@pytest.mark.parametrize("trouble", list(ChatTrouble))
async def test_a_document_that_cannot_be_delivered_fails_like_any_reply(
    subject: ChatSubject, trouble: ChatTrouble
) -> None:
    if not subject.can.refuses:
        return
    await subject.trouble(trouble)

    with pytest.raises(PlatformError) as failed:
        await subject.platform.deliver(with_document(reply_to(subject, "Here it is")))

    assert failed.value.gone is (trouble is ChatTrouble.GONE)
    assert failed.value.may_have_happened is (trouble is ChatTrouble.LOST)
    assert failed.value.retry_after == (RETRY_AFTER if trouble is ChatTrouble.SLOW_DOWN else None)


@pytest.mark.parametrize("trouble", list(ChatTrouble))
async def test_a_reply_that_cannot_be_delivered_says_of_which_kind_the_failure_is(
    subject: ChatSubject, trouble: ChatTrouble
) -> None:
    if not subject.can.refuses:
        assert await subject.platform.deliver(reply_to(subject, "Hello")) is not None
        return
    await subject.trouble(trouble)

    with pytest.raises(PlatformError) as failed:
        await subject.platform.deliver(reply_to(subject, "Hello"))

    assert failed.value.gone is (trouble is ChatTrouble.GONE)
    assert failed.value.may_have_happened is (trouble is ChatTrouble.LOST)
    assert failed.value.retry_after == (RETRY_AFTER if trouble is ChatTrouble.SLOW_DOWN else None)
    if not failed.value.may_have_happened:
        assert subject.messages(subject.here) == []


async def test_after_a_refusal_for_now_the_same_reply_can_be_delivered(
    subject: ChatSubject,
) -> None:
    if subject.can.refuses:
        await subject.trouble(ChatTrouble.SLOW_DOWN)
        with pytest.raises(PlatformError):
            await subject.platform.deliver(reply_to(subject, "Hello"))

    assert await subject.platform.deliver(reply_to(subject, "Hello")) is not None
    assert subject.messages(subject.here) == [Shown(text="Hello")]


async def test_in_a_group_what_is_for_one_person_goes_to_them_alone(subject: ChatSubject) -> None:
    secret = reply_to(subject, "You declined", conversation=subject.group)
    await subject.platform.deliver(secret)
    assert subject.messages(subject.group) == []
    assert subject.messages(subject.here) == [Shown(text="You declined")]

    public = reply_to(
        subject, "Usage", conversation=subject.group, visibility=Visibility.CONVERSATION
    )
    await subject.platform.deliver(public)
    assert subject.messages(subject.group) == [Shown(text="Usage")]
    assert len(subject.messages(subject.here)) == 1


async def test_it_knows_who_belongs_to_a_group(subject: ChatSubject) -> None:
    async def is_member(person: Colleague) -> bool:
        identity = identity_on(subject.platform.name, person)
        return await subject.platform.is_member(subject.group, identity)

    in_it = [await is_member(person) for person in (ANN, BORIS, STRANGER)]
    assert in_it == [True, True, False]
    if not subject.can.leaving:
        return

    subject.leaves(BORIS)
    assert not await is_member(BORIS)

    subject.closes_group()
    with pytest.raises(PlatformError) as closed:
        await is_member(ANN)
    assert closed.value.gone


async def test_it_knows_who_administers_a_group(subject: ChatSubject) -> None:
    async def is_admin(person: Colleague) -> bool:
        identity = identity_on(subject.platform.name, person)
        return await subject.platform.is_admin(subject.group, identity)

    in_charge = [await is_admin(person) for person in (ANN, BORIS, STRANGER)]
    assert in_charge == [True, False, False]
    if subject.can.leaving:
        subject.closes_group()
        with pytest.raises(PlatformError) as closed:
            await is_admin(ANN)
        assert closed.value.gone


async def test_being_busy_is_shown_where_there_is_something_to_show(subject: ChatSubject) -> None:
    subject.platform.working(subject.here)

    assert await subject.was_working() is subject.can.shows_working


@pytest.mark.parametrize("trouble", list(ChatTrouble))
async def test_being_busy_never_fails(subject: ChatSubject, trouble: ChatTrouble) -> None:
    if subject.can.refuses:
        await subject.trouble(trouble)

    subject.platform.working(subject.here)

    # Raises what went wrong behind the caller's back.
    await subject.was_working()
