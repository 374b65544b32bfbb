"""Presses in Telegram: what is answered when, and what happens to those that come too late."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from markupsafe import Markup

from bot.domain.chat import Button, Conversation, IncomingMessage, Platform, Reply, Visibility
from bot.domain.inbox import Delivery
from bot.domain.participation import Event, EventRef, ParticipationStatus, Watch
from bot.domain.providers import Provider
from bot.errors import PlatformError
from bot.platforms.telegram.presses import ALERT_WITHIN
from bot.sandbox.company import ANN
from bot.sandbox.faults import Fault, FaultRule
from tests.contract.chats import Ear, Shown, direct, group, identity_on, listening
from tests.contract.telegram import AtTelegram, at_telegram
from tests.fakes.clock import START

HERE, GROUP = direct(Platform.TELEGRAM), group(Platform.TELEGRAM)
ANSWER = "answerCallbackQuery"
YES = Button(label="Yes", command_line="/accept 651")
NOTED = "Noted; it takes a moment."


class Pressing:
    """Ann in front of a card."""

    def __init__(self, at: AtTelegram, ear: Ear) -> None:
        self.at = at
        self.tg = at.emulator
        self._ear = ear

    async def press(self, where: Conversation = HERE) -> IncomingMessage:
        """She presses its button."""
        heard = len(self._ear.heard)
        card = Delivery(
            delivery_id=1,
            to=identity_on(Platform.TELEGRAM, ANN),
            conversation=where,
            reply=Reply(text=Markup("card"), buttons=((YES,),), visibility=Visibility.CONVERSATION),
            keys=("key-yes",),
        )
        message_id = await self.at.platform.deliver(card)
        assert message_id is not None
        self.at.presses(message_id, YES.label, where)
        return (await self._ear.hears(heard + 1))[heard]

    async def answer(self, pressed: IncomingMessage, reply: Reply) -> str | None:
        press = pressed.press
        assert press is not None
        return await self.at.platform.deliver(
            Delivery(
                delivery_id=1,
                to=pressed.sender,
                conversation=pressed.conversation,
                reply=reply,
                edits=press.card_id,
                callback_id=press.callback_id,
            )
        )

    def shown(self, where: Conversation = HERE) -> list[str]:
        return [message.text for message in self.at.messages(where)]


class SlowEar(Ear):
    """A store that takes its time."""

    async def receive(self, messages: Sequence[IncomingMessage]) -> None:
        await asyncio.sleep(1.0)
        await super().receive(messages)


@asynccontextmanager
async def pressing(alert_within: float = 60.0, ear: Ear | None = None) -> AsyncIterator[Pressing]:
    """Nothing is answered by lapse of time, unless that is asked for."""
    ear = ear or Ear()
    async with at_telegram(alert_within=alert_within) as at, listening(at, ear):
        yield Pressing(at, ear)


@pytest.fixture
async def ann() -> AsyncIterator[Pressing]:
    async with pressing() as found:
        yield found


def reply(text: str, alert: str = "") -> Reply:
    return Reply(text=Markup.escape(text), alert=alert)


@pytest.mark.parametrize(("where", "passed"), [(HERE, []), (GROUP, [NOTED])], ids=["here", "group"])
async def test_a_press_whose_reply_takes_long_is_answered_and_its_alert_comes_with_the_reply(
    where: Conversation, passed: list[str]
) -> None:
    async with pressing(alert_within=0.0) as ann:
        pressed = await ann.press(where)
        assert await ann.at.answers() == 1

        await ann.answer(pressed, reply("fresh card", "1 < 2"))

        assert await ann.at.answers() == 1
        assert list(ann.at.alerts()) == []
        assert list(ann.at.toasts()) == passed
        assert ann.shown()[-1] == "1 < 2\nfresh card"


@pytest.mark.parametrize(
    ("language", "noted"),
    [
        ("en", NOTED),
        ("ru", "Понял, это займёт немного времени."),
        ("ru-RU", "Понял, это займёт немного времени."),
        ("pt-br", NOTED),
        (None, NOTED),
    ],
)
async def test_in_a_group_a_press_is_noted_in_the_language_of_whoever_pressed(
    language: str | None, noted: str
) -> None:
    async with pressing(alert_within=0.0) as ann:
        user = ann.tg.users[ANN.user_id]
        ann.tg.users[ANN.user_id] = replace(user, language_code=language)

        await ann.press(GROUP)

        assert await ann.at.answers() == 1
        assert list(ann.at.toasts()) == [noted]


async def test_a_press_that_was_noted_hears_no_more_of_what_is_fleeting() -> None:
    async with pressing(alert_within=0.0) as ann:
        pressed = await ann.press(GROUP)
        assert await ann.at.answers() == 1

        shown_as = await ann.answer(pressed, replace(reply("✅ Accepted"), fleeting=True))

        assert pressed.press is not None
        assert shown_as == f"toast {pressed.press.callback_id}"
        assert list(ann.at.toasts()) == [NOTED]
        assert (ann.shown(), ann.shown(GROUP)) == ([], ["card"])
        assert await ann.at.answers() == 1


async def test_what_is_fleeting_is_not_shown_later_if_telegram_does_not_take_it(
    ann: Pressing,
) -> None:
    too_old, refused = await ann.press(GROUP), await ann.press(GROUP)
    ann.tg.callback_lifetime = -1.0
    await ann.answer(too_old, replace(reply("✅ Accepted"), fleeting=True))
    ann.tg.callback_lifetime = 60.0
    ann.tg.faults.add(FaultRule(fault=Fault.UNAVAILABLE_503, operation=ANSWER))
    await ann.answer(refused, replace(reply("✅ Accepted"), fleeting=True))

    assert len(ann.tg.called(ANSWER)) == 2
    assert ann.tg.callback_answers == {}
    assert (ann.shown(), ann.shown(GROUP)) == ([], ["card", "card"])


async def test_a_press_waits_no_longer_because_the_store_is_slow() -> None:
    async with pressing(alert_within=1.0, ear=SlowEar()) as ann:
        await ann.press()
        heard_at = asyncio.get_running_loop().time()

        assert await ann.at.answers() == 1

        assert asyncio.get_running_loop().time() - heard_at < 0.7


def test_nobody_waits_longer_than_telegram_does() -> None:
    assert ALERT_WITHIN < 2


@pytest.mark.parametrize("where", [HERE, GROUP], ids=["private", "group"])
async def test_what_telegram_finds_too_old_is_no_error_and_the_alert_is_not_lost(
    ann: Pressing, where: Conversation
) -> None:
    pressed = await ann.press(where)
    ann.tg.callback_lifetime = -1.0

    await ann.answer(pressed, reply("fresh card", "It changed"))

    assert ann.shown()[-1] == "It changed\nfresh card"
    assert len(ann.tg.called(ANSWER)) == 1
    assert ann.tg.callback_answers == {}


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.UNAVAILABLE_503, Fault.RATE_LIMITED_429])
async def test_an_answer_that_fails_is_not_tried_again_and_the_alert_is_not_lost(
    ann: Pressing, fault: Fault
) -> None:
    pressed = await ann.press()
    ann.tg.faults.add(FaultRule(fault=fault, operation=ANSWER, seconds=1.0))

    await ann.answer(pressed, reply("fresh card", "It changed"))
    await ann.answer(pressed, reply("another"))

    assert "It changed\nfresh card" in [
        ann.shown()[0],
        *(version.plain for version in ann.tg.messages(ANN.user_id)[0].edits),
    ]
    assert len(ann.tg.called(ANSWER)) == 1


async def test_an_answer_to_a_press_does_not_wait_for_what_is_posted_there(ann: Pressing) -> None:
    first, second = await ann.press(), await ann.press()
    ann.tg.faults.add(FaultRule(fault=Fault.LATENCY, operation="editMessageText", seconds=1.0))
    slow = asyncio.create_task(ann.answer(first, reply("fresh card")))
    await ann.tg.wait_for(lambda: bool(ann.tg.called("editMessageText")))

    await ann.answer(second, replace(reply("done"), fleeting=True))

    assert await ann.at.answers() == 2
    assert not slow.done()
    await slow


async def test_what_comes_twice_is_answered_once(ann: Pressing) -> None:
    pressed = await ann.press()
    ann.at.telegram._presses.received(pressed)
    await ann.answer(pressed, reply("fresh card"))
    ann.at.telegram._presses.received(pressed)

    await ann.at.telegram._presses.stop()

    assert await ann.at.answers() == 1


async def test_presses_that_still_wait_at_the_end_are_answered(ann: Pressing) -> None:
    await ann.press()
    await ann.press(GROUP)
    assert ann.tg.called(ANSWER) == []

    await ann.at.telegram._presses.stop()

    assert await ann.at.answers() == 2
    assert list(ann.at.alerts()) == []
    assert list(ann.at.toasts()) == [NOTED]


async def test_in_a_group_a_short_result_is_the_alert_and_nothing_is_posted(ann: Pressing) -> None:
    pressed = await ann.press(GROUP)

    shown_as = await ann.answer(pressed, reply("я" * 200))

    assert pressed.press is not None
    assert shown_as == f"alert {pressed.press.callback_id}"
    assert list(ann.at.alerts()) == ["я" * 200]
    assert (ann.shown(), ann.shown(GROUP)) == ([], ["card"])
    assert await ann.at.answers() == 1


def _pending() -> Watch:
    ref = EventRef(provider=Provider.CRONOFY, event_id="evt_1")
    event = Event(ref=ref, title="Review", starts_at=START, ends_at=START)
    return Watch(event=event, wanted=ParticipationStatus.ACCEPTED, pending=True)


@pytest.mark.parametrize(
    "result",
    [
        reply("я" * 201),
        replace(reply("open it"), buttons=((Button(label="x", url="https://acme.example"),),)),
        replace(reply("not confirmed yet"), watch=_pending()),
    ],
    ids=["long", "with buttons", "not final"],
)
async def test_in_a_group_any_other_result_is_a_whole_private_message(
    ann: Pressing, result: Reply
) -> None:
    pressed = await ann.press(GROUP)

    await ann.answer(pressed, result)

    assert await ann.at.answers() == 1
    assert list(ann.at.alerts()) == []
    assert (ann.shown(), ann.shown(GROUP)) == ([str(result.text)], ["card"])


async def test_in_a_group_an_alert_is_seen_by_somebody_who_has_blocked_the_bot(
    ann: Pressing,
) -> None:
    pressed = await ann.press(GROUP)
    ann.tg.block(ann.tg.users[ANN.user_id])

    shown_as = await ann.answer(pressed, reply("fresh card", "It changed"))

    assert list(ann.at.alerts()) == ["It changed"]
    assert await ann.at.answers() == 1
    assert shown_as is not None
    assert shown_as.startswith("pointer ")


async def test_a_press_of_somebody_who_has_blocked_the_bot_meanwhile_is_answered(
    ann: Pressing,
) -> None:
    pressed = await ann.press()
    ann.tg.block(ann.tg.users[ANN.user_id])

    with pytest.raises(PlatformError) as failed:
        await ann.answer(pressed, reply("fresh card"))

    assert failed.value.gone
    assert await ann.at.answers() == 1


async def test_a_press_costs_no_more_than_its_answer_and_its_edit(ann: Pressing) -> None:
    pressed = await ann.press()
    before = len(ann.tg.calls)

    await ann.answer(pressed, reply("fresh card", "It changed"))

    sent = [call.method for call in ann.tg.calls[before:] if call.method != "getUpdates"]
    assert sent == [ANSWER, "editMessageText"]
    assert list(ann.at.messages(HERE)) == [Shown(text="fresh card")]
