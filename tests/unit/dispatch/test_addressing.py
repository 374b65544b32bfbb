"""Where replies go, and which keys their buttons have."""

from dataclasses import replace
from datetime import timedelta

import pytest
from markupsafe import Markup

from bot.dispatch.addressing import readdress
from bot.dispatch.buttons import life_of
from bot.domain.chat import (
    Button,
    Conversation,
    ConversationKind,
    Identity,
    Platform,
    Reply,
    Visibility,
)
from bot.domain.inbox import Delivery
from bot.domain.participation import EventRef
from bot.domain.providers import Provider

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
PRIVATE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
GROUP = Conversation(
    platform=Platform.TELEGRAM, chat_id="-100", kind=ConversationKind.GROUP, thread_id="5"
)
REF = EventRef(provider=Provider.CRONOFY, event_id="evt_1", handle="c7")


def button(line: str, label: str = "…") -> Button:
    return Button(label=label, command_line=line)


YES, MAYBE, NO = button("/accept c7"), button("/maybe c7"), button("/decline c7")
PAGE = Button(label="Open", url="https://acme.example/")
EARLIER = Delivery(
    delivery_id=5,
    to=ANN,
    conversation=GROUP,
    reply=Reply(text=Markup("sent"), buttons=((YES, PAGE), (MAYBE, NO)), about=REF),
    reply_to="9",
    keys=("key-yes", "key-maybe", "key-no"),
)


def news(*rows: tuple[Button, ...]) -> Reply:
    return Reply(text=Markup("accepted"), buttons=rows)


def test_buttons_with_the_same_command_line_keep_their_keys_whatever_they_are_called() -> None:
    told = readdress(EARLIER, news((button("/decline c7", "Нет"),), (button("/accept c7", "✅"),)))

    assert told.keys == ("key-no", "key-yes")
    assert [one.label for one in told.reply.pressable] == ["Нет", "✅"]


def test_a_button_that_had_no_key_is_left_out_and_so_is_a_row_without_buttons() -> None:
    told = readdress(EARLIER, news((button("/undo"),), (button("/undo"), MAYBE)))

    assert told.reply.buttons == ((MAYBE,),)
    assert told.keys == ("key-maybe",)


def test_a_key_is_taken_over_once() -> None:
    told = readdress(EARLIER, news((YES, button("/accept c7", "again"))))

    assert (told.reply.buttons, told.keys) == (((YES,),), ("key-yes",))


def test_of_buttons_with_one_command_line_each_takes_over_its_own() -> None:
    twice = replace(EARLIER.reply, buttons=((YES, YES),))
    earlier = replace(EARLIER, reply=twice, keys=("key-1", "key-2"))

    assert readdress(earlier, news((YES,), (YES,))).keys == ("key-1", "key-2")


def test_a_button_that_opens_a_page_needs_no_key() -> None:
    told = readdress(EARLIER, news((NO, PAGE)))

    assert told.reply.buttons == ((NO, PAGE),)
    assert told.keys == ("key-no",)


def test_news_without_buttons_show_none() -> None:
    told = readdress(EARLIER, news())

    assert (told.reply.buttons, told.keys) == ((), ())


def test_everything_else_stays_and_so_does_the_event() -> None:
    told = readdress(EARLIER, news(()))

    assert told == replace(EARLIER, reply=replace(news(), about=REF), keys=())
    assert told.reply.about is not None
    assert told.reply.about.handle == "c7"
    other = replace(REF, event_id="evt_2")
    assert readdress(EARLIER, replace(news(), about=other)).reply.about == other


@pytest.mark.parametrize(
    ("conversation", "visibility", "where"),
    [
        (GROUP, Visibility.SENDER_ONLY, PRIVATE),
        (GROUP, Visibility.CONVERSATION, GROUP),
        (PRIVATE, Visibility.SENDER_ONLY, PRIVATE),
        (replace(PRIVATE, thread_id="5"), Visibility.SENDER_ONLY, replace(PRIVATE, thread_id="5")),
    ],
)
def test_a_reply_is_shown_where_its_readers_are(
    conversation: Conversation, visibility: Visibility, where: Conversation
) -> None:
    reply = replace(EARLIER.reply, visibility=visibility)

    assert replace(EARLIER, conversation=conversation, reply=reply).shown_in == where


@pytest.mark.parametrize(
    ("made", "lives"),
    [
        (YES, timedelta(days=30)),
        (replace(YES, confirms=True), timedelta(minutes=5)),
        (replace(YES, minutes=2), timedelta(minutes=2)),
        (replace(YES, minutes=2, confirms=True), timedelta(minutes=2)),
        (replace(YES, minutes=60 * 24 * 90), timedelta(days=90)),
    ],
)
def test_a_button_lives_as_long_as_it_says(made: Button, lives: timedelta) -> None:
    assert life_of(made) == lives
