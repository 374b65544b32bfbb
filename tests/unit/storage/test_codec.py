"""What is stored comes back as it was, and rows of an older release can be read."""

import json
from dataclasses import replace

from markupsafe import Markup

from bot.domain.chat import (
    Button,
    Conversation,
    ConversationKind,
    Identity,
    Platform,
    Reply,
    Row,
    Typed,
)
from bot.domain.inbox import Delivery, StoredButton
from bot.domain.participation import EventRef, Seen
from bot.domain.providers import Provider
from bot.storage.codec import dump, load
from tests.fakes.clock import START

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
REF = EventRef(
    provider=Provider.CRONOFY,
    event_id="evt_external_5f3a",
    calendar_id="cal_1",
    account_id="acc_1",
    handle="c7",
)
PORTAL = EventRef(provider=Provider.BITRIX24, event_id="651")
SEEN = Seen(ref=REF, version="5f3a")
TYPED = Typed(at=START, reply_to="m7")
CARD = Reply(
    text=Markup("<b>1 &lt; 2</b>"),
    buttons=(
        (Button(label="✅", command_line="/accept c7", about=(SEEN,)),),
        (
            Button(
                label="Undo",
                command_line="/undo",
                minutes=2,
                personal=False,
                takes_back=9,
                typed=TYPED,
            ),
        ),
    ),
    about=REF,
    rows=(Row(number=1, ref=REF), Row(number=11, ref=PORTAL)),
    alert="1 < 2 & <b>",
)
DELIVERY = Delivery(
    delivery_id=5,
    to=ANN,
    conversation=Conversation(
        platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT
    ),
    reply=CARD,
    keys=("key-1", "key-2"),
)


def test_a_card_comes_back_with_its_event_and_its_list() -> None:
    loaded = load(dump(DELIVERY), Delivery)

    assert loaded == DELIVERY
    assert isinstance(loaded.reply.text, Markup)
    assert isinstance(loaded.reply.rows, tuple)
    assert isinstance(loaded.reply.buttons[0], tuple)
    # Plain words stay plain words: markup would be shown as it is.
    assert not isinstance(loaded.reply.alert, Markup)


def test_handles_come_back_although_equality_does_not_look_at_them() -> None:
    loaded = load(dump(DELIVERY), Delivery).reply

    assert loaded.about is not None
    assert [loaded.about.handle, *(row.ref.handle for row in loaded.rows)] == ["c7", "c7", ""]
    assert loaded.about.name == "c7"


def test_what_a_reply_does_not_have_it_does_not_get() -> None:
    plain = replace(DELIVERY, reply=Reply(text=Markup("yes")), keys=())

    loaded = load(dump(plain), Delivery).reply

    assert (loaded.about, loaded.rows, loaded.alert) == (None, (), "")


def test_a_button_keeps_what_it_is_about_and_its_minutes() -> None:
    buttons = [
        StoredButton(key="key-1", owner=ANN, button=button, expires_at=START)
        for button in CARD.pressable
    ]

    loaded = [load(dump(button), StoredButton) for button in buttons]

    assert loaded == buttons
    card, undo = (one.button for one in loaded)
    assert (card.about, card.minutes, card.typed) == ((SEEN,), 0, None)
    assert card.about[0].ref.handle == "c7"
    assert (undo.about, undo.minutes, undo.typed) == ((), 2, TYPED)


def test_rows_of_an_older_release_can_be_read() -> None:
    old = json.loads(dump(DELIVERY))
    for name in ("about", "rows", "alert"):
        del old["reply"][name]
    for row in old["reply"]["buttons"]:
        for button in row:
            for name in ("about", "minutes", "takes_back", "typed"):
                button.pop(name, None)

    loaded = load(json.dumps(old), Delivery).reply

    assert (loaded.about, loaded.rows, loaded.alert) == (None, (), "")
    assert [(button.about, button.minutes) for button in loaded.pressable] == [((), 0)] * 2


def test_half_a_character_in_a_text_is_stored_and_comes_back() -> None:
    odd = replace(DELIVERY, to=replace(ANN, display_name="Ann \ud83d"))

    text = dump(odd)

    assert text.isascii()
    assert load(text, Delivery) == odd


def test_moments_and_enums_beside_half_a_character_are_written_as_always() -> None:
    odd = StoredButton(
        key="\ud83d",
        owner=ANN,
        button=CARD.pressable[1],
        expires_at=START,
    )

    written = json.loads(dump(odd))
    usual = json.loads(dump(replace(odd, key="key-1")))

    assert {**written, "key": "key-1"} == usual
