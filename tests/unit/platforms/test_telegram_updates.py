"""Telegram's updates: what is a message to the bot, what is not, and what is nothing at all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    IncomingMessage,
    Platform,
    Press,
)
from bot.platforms.telegram.updates import (
    GroupMoved,
    MalformedUpdateError,
    NoPerson,
    Skipped,
    convert,
    date_presses,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN = {"id": 7, "is_bot": False, "first_name": "Ann", "last_name": "Hill", "language_code": "en"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Team"}


def message(**fields: Any) -> dict[str, Any]:
    return {
        "message_id": 5,
        "date": 1772442000,
        "chat": PRIVATE,
        "from": ANN,
        "text": "/accept 651",
        **fields,
    }


def test_a_private_message_becomes_ours() -> None:
    read = convert({"update_id": 9, "message": message()}, NOW)

    assert isinstance(read, IncomingMessage)
    assert (read.key, read.message_id, read.text) == ("telegram:9", "5", "/accept 651")
    assert (str(read.sender), read.sender.display_name) == ("telegram:7", "Ann Hill")
    assert read.conversation.kind is ConversationKind.DIRECT
    assert read.sent_at == NOW
    assert read.language == "en"


OURS = {"message_id": 4, "from": {"id": 99, "is_bot": True}, "text": "card", "date": 1772442000}
A_COLLEAGUES = {**OURS, "from": {"id": 8, "is_bot": False}}
OF_A_CHANNEL = {"message_id": 4, "date": 1772442000}


def test_a_message_in_a_forum_topic_keeps_its_topic_and_what_it_answers() -> None:
    update = {
        "update_id": 9,
        "message": message(
            chat=GROUP,
            message_thread_id=33,
            is_topic_message=True,
            reply_to_message=OURS,
        ),
    }

    read = convert(update, NOW)

    assert isinstance(read, IncomingMessage)
    assert read.conversation.kind is ConversationKind.GROUP
    assert read.conversation.thread_id == "33"
    assert read.reply_to == "4"


@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        ({"chat": PRIVATE, "reply_to_message": OURS}, "4"),
        ({"chat": GROUP, "reply_to_message": OURS}, "4"),
        ({"chat": GROUP, "reply_to_message": OURS, "message_thread_id": 4}, "4"),
        ({"chat": {**GROUP, "type": "group"}, "reply_to_message": OURS}, "4"),
        ({"chat": PRIVATE, "reply_to_message": A_COLLEAGUES}, "4"),
        ({"chat": GROUP, "reply_to_message": A_COLLEAGUES}, None),
        ({"chat": GROUP, "reply_to_message": OF_A_CHANNEL}, None),
        ({"chat": GROUP}, None),
    ],
    ids=[
        "private",
        "supergroup",
        "thread of replies",
        "basic group",
        "own in private",
        "a colleague's",
        "a channel's",
        "no reply",
    ],
)
def test_a_reply_says_what_it_answers_and_in_groups_only_to_the_bot(
    fields: dict[str, Any], answered: str | None
) -> None:
    read = convert({"update_id": 9, "message": message(**fields)}, NOW)

    assert isinstance(read, IncomingMessage)
    assert read.reply_to == answered


def test_what_merely_stands_in_a_topic_answers_nothing() -> None:
    opening = {"message_id": 33, "forum_topic_created": {"name": "Meetings"}}
    fields = {"message_thread_id": 33, "is_topic_message": True, "reply_to_message": opening}

    read = convert({"update_id": 9, "message": message(chat=GROUP, **fields)}, NOW)

    assert isinstance(read, IncomingMessage)
    assert (read.conversation.thread_id, read.reply_to) == ("33", None)


def test_a_thread_of_replies_is_no_topic() -> None:
    read = convert({"update_id": 9, "message": message(chat=GROUP, message_thread_id=33)}, NOW)

    assert isinstance(read, IncomingMessage)
    assert read.conversation.thread_id is None


def place(**fields: Any) -> dict[str, Any]:
    """A message with a location; Telegram gives six digits."""
    shared = {"latitude": 52.516275, "longitude": 13.377704, **fields}
    return message(text=None, location=shared)


def test_a_place_shared_in_private_asks_for_its_time_zone_to_about_a_kilometre() -> None:
    read = convert({"update_id": 9, "message": place()}, NOW)

    assert isinstance(read, IncomingMessage)
    assert read.text == "/tz 52.52,13.38"
    assert "52.516" not in str(read.text)


@pytest.mark.parametrize(
    ("latitude", "longitude", "text"),
    [(-33.8688, 151.2093, "/tz -33.87,151.21"), (0, -180, "/tz 0.00,-180.00")],
)
def test_places_south_and_west_likewise(latitude: float, longitude: float, text: str) -> None:
    shared = place(latitude=latitude, longitude=longitude)
    read = convert({"update_id": 9, "message": shared}, NOW)

    assert isinstance(read, IncomingMessage)
    assert read.text == text


def test_a_venue_is_a_place_and_a_live_location_counts_once() -> None:
    venue = place() | {"venue": {"title": "Acme", "address": "1 Main St"}}
    live = place(live_period=900)

    for shared in (venue, live):
        read = convert({"update_id": 9, "message": shared}, NOW)
        assert isinstance(read, IncomingMessage)
        assert read.text == "/tz 52.52,13.38"
    assert convert({"update_id": 9, "edited_message": live}, NOW) is Skipped.NOT_A_MESSAGE


def test_a_place_shared_in_a_group_is_nobodys_command() -> None:
    shared = place() | {"chat": GROUP}

    assert convert({"update_id": 9, "message": shared}, NOW) is Skipped.NOT_A_MESSAGE


@pytest.mark.parametrize("value", [None, "52", True, float("nan"), float("inf"), 10**400, []])
def test_a_place_that_is_none_makes_the_update_malformed(value: object) -> None:
    with pytest.raises(MalformedUpdateError):
        convert({"update_id": 9, "message": place(latitude=value)}, NOW)


def test_a_press_carries_its_key_and_card() -> None:
    query = {"id": "77", "from": ANN, "data": "key", "message": message()}

    read = convert({"update_id": 9, "callback_query": query}, NOW)

    assert isinstance(read, IncomingMessage)
    assert read.press == Press(key="key", card_id="5", callback_id="77")
    assert read.sent_at == NOW


def test_a_press_was_made_no_later_than_what_was_written_after_it() -> None:
    press = {"callback_query": {"id": "77", "from": ANN, "data": "key", "message": message()}}
    written = {"message": message(date=1772442000 - 600)}
    later = {"message": message(date=1772442000 - 60)}
    batch = [
        read
        for number, update in enumerate([press, press, written, press, later, press])
        if isinstance(read := convert({"update_id": number, **update}, NOW), IncomingMessage)
    ]

    dated = date_presses(batch)

    assert [read.press and read.press.made_before for read in dated] == [
        NOW - timedelta(seconds=600),
        NOW - timedelta(seconds=600),
        None,
        NOW - timedelta(seconds=60),
        None,
        None,
    ]
    assert [read.key for read in dated] == [read.key for read in batch]


@pytest.mark.parametrize(
    ("update", "why"),
    [
        ({"edited_message": message()}, Skipped.NOT_A_MESSAGE),
        ({"channel_post": message()}, Skipped.NOT_A_MESSAGE),
        ({"my_chat_member": {}}, Skipped.NOT_A_MESSAGE),
        ({"message": message(text=None)}, Skipped.NOT_A_MESSAGE),
        ({"message": message(**{"from": {**ANN, "is_bot": True}})}, Skipped.ANOTHER_BOT),
        ({"message": message(sender_chat=GROUP, text="hello")}, Skipped.NO_PERSON),
        ({"callback_query": {"id": "7", "from": ANN}}, Skipped.NOT_A_MESSAGE),
    ],
)
def test_what_is_no_message_to_the_bot(update: dict[str, Any], why: Skipped) -> None:
    assert convert({"update_id": 9, **update}, NOW) is why


def test_a_command_in_the_name_of_a_group_is_worth_a_word() -> None:
    read = convert({"update_id": 9, "message": message(chat=GROUP, sender_chat=GROUP)}, NOW)

    assert read == NoPerson(chat_id="-100500", thread_id=None, message_id="5")


def basic_group(chat_id: int) -> Conversation:
    return Conversation(
        platform=Platform.TELEGRAM, chat_id=str(chat_id), kind=ConversationKind.GROUP
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"chat": {"id": -55, "type": "group"}, "migrate_to_chat_id": -100500},
        {"chat": GROUP, "migrate_from_chat_id": -55},
        {"chat": GROUP, "migrate_from_chat_id": -55, "from": None},
        {
            "chat": GROUP,
            "migrate_from_chat_id": -55,
            "is_topic_message": True,
            "message_thread_id": 3,
        },
    ],
)
def test_both_groups_tell_of_a_move(fields: dict[str, Any]) -> None:
    read = convert({"update_id": 9, "message": message(text=None, **fields)}, NOW)

    assert read == GroupMoved(before=basic_group(-55), after=basic_group(-100500))


@pytest.mark.parametrize("field", ["migrate_to_chat_id", "migrate_from_chat_id"])
@pytest.mark.parametrize("value", [None, "-55", 5.5, True, [], {}, 0, 7, GROUP["id"]])
def test_a_move_to_nowhere_is_malformed(field: str, value: object) -> None:
    with pytest.raises(MalformedUpdateError):
        convert({"update_id": 9, "message": message(chat=GROUP, **{field: value})}, NOW)


@pytest.mark.parametrize("chat", [PRIVATE, None, {"id": -55}, {"type": "group"}])
def test_nothing_but_a_group_moves(chat: object) -> None:
    with pytest.raises(MalformedUpdateError):
        convert({"update_id": 9, "message": message(chat=chat, migrate_to_chat_id=-100500)}, NOW)


@pytest.mark.parametrize("field", ["message_id", "date", "chat"])
@pytest.mark.parametrize("value", [None, "text", [], {}, 10**20])
def test_a_field_of_the_wrong_kind_makes_it_malformed(field: str, value: object) -> None:
    if (field, value) == ("message_id", 10**20):
        return
    with pytest.raises(MalformedUpdateError):
        convert({"update_id": 9, "message": message(**{field: value})}, NOW)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_fields = st.sampled_from(
    [
        "update_id",
        "message",
        "callback_query",
        "from",
        "chat",
        "id",
        "text",
        "date",
        "data",
        "type",
        "location",
        "latitude",
        "longitude",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
    ]
)
_update = st.recursive(
    _json, lambda inner: st.dictionaries(_fields, inner, max_size=6), max_leaves=12
)


@given(_update)
def test_any_json_is_a_message_nothing_or_malformed(update: object) -> None:
    try:
        convert(update, NOW)
    except MalformedUpdateError:
        pass


@given(_fields, _json)
def test_any_field_may_be_anything(field: str, value: object) -> None:
    good = {"update_id": 9, "message": {**message(), field: value}, field: value}
    try:
        convert(good, NOW)
    except MalformedUpdateError:
        pass
