"""The Telegram emulator: sending, changing and deleting messages, and answering presses."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ChatAction, ParseMode

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.markup import parse_html, trim, utf16_length
from tests.integration.sandbox.telegram_sandbox import (
    ANN_ID,
    TOKEN,
    Running,
    running_telegram,
)

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
ANSWERS = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("Accept", callback_data="k1")],
        [
            InlineKeyboardButton("Decline", callback_data="k2"),
            InlineKeyboardButton("Open", url="https://example.com/651"),
        ],
    ]
)


@pytest.fixture
async def it() -> AsyncIterator[Running]:
    async with running_telegram() as running:
        yield running


def keyboard(data: str) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": "Go", "callback_data": data}]]}


async def test_a_message_of_the_library_arrives_with_markup_buttons_and_reply(it: Running) -> None:
    asked = it.tg.says(it.ann, "/status 651")
    sent = await it.bot.send_message(
        ANN_ID,
        "<b>Sprint review</b> 😀 &lt;651&gt; <i>yes</i>",
        parse_mode=ParseMode.HTML,
        reply_markup=ANSWERS,
        reply_parameters=ReplyParameters(message_id=asked),
        link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
    )
    assert sent.text == "Sprint review 😀 <651> yes"
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [
        ("bold", 0, 13),
        ("italic", 23, 3),
    ]
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == asked
    assert sent.from_user is not None
    assert sent.from_user.username == "acme_rsvp_bot"
    assert sent.date == it.clock.now()
    assert sent.reply_markup == ANSWERS
    [kept] = it.tg.messages(ANN_ID)
    assert kept.text == "<b>Sprint review</b> 😀 &lt;651&gt; <i>yes</i>"
    assert kept.plain == "Sprint review 😀 <651> yes"
    assert kept.labels == ["Accept", "Decline", "Open"]
    assert kept.reply_to == asked


@pytest.mark.parametrize("how", ["json", "json with text", "form", "multipart", "query"])
async def test_parameters_may_come_in_every_documented_way(it: Running, how: str) -> None:
    address = f"{it.url}/bot{TOKEN}/sendmessage"
    text = {
        "chat_id": "7",
        "text": "Привет",
        "reply_markup": '{"inline_keyboard":[[{"text":"Go","callback_data":"k"}]]}',
    }
    multipart = aiohttp.FormData(text, default_to_multipart=True)
    match how:
        case "json":
            pending = it.http.post(
                address, json={"chat_id": 7, "text": "Привет", "reply_markup": keyboard("k")}
            )
        case "json with text":
            pending = it.http.post(address, json=text)
        case "form":
            pending = it.http.post(address, data=text)
        case "multipart":
            pending = it.http.post(address, data=multipart)
        case _:
            pending = it.http.get(address, params=text)
    async with pending as response:
        assert response.status == 200, await response.text()
        assert (await response.json())["result"]["text"] == "Привет"
    [kept] = it.tg.messages(ANN_ID)
    assert (kept.plain, kept.labels) == ("Привет", ["Go"])
    assert it.tg.calls[-1].method == "sendMessage"


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
        ("shut</b>", "Unexpected end tag at byte offset 4"),
        (
            "я <b>a<i>b</b></i>",
            'Unmatched end tag at byte offset 11, expected "</i>", found "</b>"',
        ),
        ("<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("я < 5", 'Unsupported start tag "" at byte offset 3'),
        ("a<b", "Unclosed start tag at byte offset 1"),
        ("<a href>=</a>", None),
        ('<a href="x>y</a>', 'Unclosed start tag "a" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<b>x</b ", "Unclosed end tag at byte offset 4"),
    ],
)
async def test_html_is_checked_as_telegram_checks_it(
    it: Running, html: str, complaint: str | None
) -> None:
    status, answer = await it.call("sendMessage", chat_id=7, text=html, parse_mode="HTML")
    if complaint is None:
        assert status == 200
    else:
        assert status == 400
        assert answer["description"] == f"Bad Request: can't parse entities: {complaint}"
        assert it.tg.messages(ANN_ID) == []


def test_nested_tags_links_and_spoilers_become_entities() -> None:
    plain, entities = parse_html(
        '<b>a <i>b</i></b> <a href="https://example.com/?a=1&amp;b=2">c</a>'
        '<span class="tg-spoiler">d</span><code></code> &quot;&#128512;&#x1F600;&nbsp;'
    )
    assert plain == 'a b cd "😀😀&nbsp;'
    assert entities == [
        {"offset": 0, "length": 3, "type": "bold"},
        {"offset": 2, "length": 1, "type": "italic"},
        {"offset": 4, "length": 1, "type": "text_link", "url": "https://example.com/?a=1&b=2"},
        {"offset": 5, "length": 1, "type": "spoiler"},
    ]


async def test_a_link_to_somebody_who_is_known_mentions_them(it: Running) -> None:
    text = f' 😀 <a href="tg://user?id={ANN_ID}">Ann</a>, <a href="https://a.example">see</a>'
    sent = await it.bot.send_message(ANN_ID, text, parse_mode=ParseMode.HTML)
    edited = await it.bot.edit_message_text(
        f'<a href="TG://user?id={ANN_ID}">Ann</a>', ANN_ID, sent.message_id, parse_mode="HTML"
    )

    assert isinstance(edited, telegram.Message)
    assert [
        (entity.type, entity.offset, entity.length, entity.user and entity.user.id, entity.url)
        for entity in (*sent.entities, *edited.entities)
    ] == [
        ("text_mention", 3, 3, ANN_ID, None),
        ("text_link", 8, 3, None, "https://a.example"),
        ("text_mention", 0, 3, ANN_ID, None),
    ]


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("tg://user?id=4711", []),
        ("tg://user?id=abc", ["text_link"]),
        ("tg://user?id=", ["text_link"]),
        ("tg://resolve?domain=ann", ["text_link"]),
        ("https://tg.example/user?id=7", ["text_link"]),
    ],
)
async def test_a_link_to_nobody_is_dropped_and_every_other_one_stays(
    it: Running, address: str, left: list[str]
) -> None:
    text = f'<a href="{address}">Ann</a> <i>and</i>'
    sent = await it.bot.send_message(ANN_ID, text, parse_mode=ParseMode.HTML)

    assert sent.text == "Ann and"
    assert [entity.type for entity in sent.entities] == [*left, "italic"]


async def test_a_link_that_comes_as_an_entity_mentions_as_well(it: Running) -> None:
    link = telegram.MessageEntity("text_link", 0, 3, url=f"tg://user?id={ANN_ID}")
    sent = await it.bot.send_message(ANN_ID, "Ann", entities=[link])

    [mention] = sent.entities
    assert (mention.type, mention.user and mention.user.id) == ("text_mention", ANN_ID)


def test_white_space_at_the_ends_goes_and_entities_move_along() -> None:
    plain, entities = parse_html("\n <b>a</b>😀 <i>\n</i>")
    assert trim(plain, entities) == ("a😀", [{"offset": 0, "length": 1, "type": "bold"}])


@given(st.text())
def test_escaped_text_survives_and_entities_lie_within_it(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain, entities = parse_html(f"<b>{escaped}</b>")
    assert plain == text
    assert entities == (
        [{"offset": 0, "length": utf16_length(text), "type": "bold"}] if text else []
    )


@given(st.text(alphabet="<>/abi=\"' &;#x", max_size=30))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        plain, _ = parse_html(text)
    except ApiError as error:
        assert error.description.startswith("Bad Request: can't parse entities: ")
    else:
        assert len(plain) <= len(text)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"text": "я" * 4097}, "message is too long"),
        ({"text": "я" * 17000}, "text is too long"),
        ({"text": "x", "parse_mode": "Wiki"}, "unsupported parse_mode"),
        ({"text": "x", "reply_markup": keyboard("я" * 33)}, "BUTTON_DATA_INVALID"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "Go"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [{"text": "Go"}]}},
            'field "inline_keyboard" must be an Array of Arrays',
        ),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": "x", "chat_id": 404}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody"}, "chat not found"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    it: Running, params: dict[str, object], complaint: str
) -> None:
    refusal = await it.refused("sendMessage", **({"chat_id": 7} | params))
    assert refusal == (400, f"Bad Request: {complaint}")
    assert it.tg.messages(ANN_ID) == []


async def test_the_length_limits_hold_to_the_last_character(it: Running) -> None:
    await it.bot.send_message(ANN_ID, f"<b>{'😀' * 4096}</b>", parse_mode=ParseMode.HTML)
    status, _ = await it.call("sendMessage", chat_id=7, text="x", reply_markup=keyboard("я" * 32))
    assert status == 200
    assert len(it.tg.messages(ANN_ID)) == 2


async def test_a_missing_message_may_be_left_unanswered_if_allowed(it: Running) -> None:
    sent = await it.bot.send_message(
        ANN_ID, "x", reply_parameters=ReplyParameters(99, allow_sending_without_reply=True)
    )
    assert sent.reply_to_message is None


async def test_an_edit_keeps_history_and_drops_buttons_that_are_not_repeated(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One", reply_markup=ANSWERS)
    it.clock.advance(60)
    edited = await it.bot.edit_message_text("Two", ANN_ID, sent.message_id)
    assert isinstance(edited, telegram.Message)
    assert edited.edit_date == it.clock.now()
    assert edited.reply_markup is None
    [kept] = it.tg.messages(ANN_ID)
    assert (kept.plain, kept.labels) == ("Two", [])
    assert [(version.plain, len(version.buttons)) for version in kept.edits] == [("One", 2)]


async def test_buttons_change_without_the_text(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One", reply_markup=ANSWERS)
    await it.bot.edit_message_reply_markup(ANN_ID, sent.message_id)
    [kept] = it.tg.messages(ANN_ID)
    assert (kept.plain, kept.labels) == ("One", [])


@pytest.mark.parametrize("method", ["editMessageText", "editMessageReplyMarkup"])
async def test_what_cannot_be_edited_is_refused(it: Running, method: str) -> None:
    theirs = it.tg.says(it.ann, "mine")
    sent = await it.bot.send_message(ANN_ID, "One")
    gone = await it.bot.send_message(ANN_ID, "Gone")
    await it.bot.delete_message(ANN_ID, gone.message_id)
    tried = {
        99: "Bad Request: message to edit not found",
        gone.message_id: "Bad Request: message to edit not found",
        theirs: "Bad Request: message can't be edited",
        sent.message_id: NOT_MODIFIED,
    }
    for number, complaint in tried.items():
        refusal = await it.refused(method, chat_id=7, message_id=number, text="One")
        assert refusal == (400, complaint)
    with pytest.raises(telegram.error.BadRequest, match="Message is not modified"):
        await it.bot.edit_message_text("<b></b>One", ANN_ID, sent.message_id, parse_mode="HTML")


async def test_an_edit_that_is_too_long_is_refused_in_other_words_than_sending(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One")
    refusal = await it.refused(
        "editMessageText", chat_id=7, message_id=sent.message_id, text="x" * 4097
    )
    assert refusal == (400, "Bad Request: MESSAGE_TOO_LONG")


async def test_a_message_is_deleted_once(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One")
    assert await it.bot.delete_message(ANN_ID, sent.message_id)
    assert it.tg.messages(ANN_ID) == []
    refusal = await it.refused("deleteMessage", chat_id=7, message_id=sent.message_id)
    assert refusal == (400, "Bad Request: message to delete not found")


async def test_in_a_group_only_an_administrator_deletes_what_others_wrote(it: Running) -> None:
    team = it.tg.add_group(-1001, "Team", [it.ann])
    theirs = it.tg.says(it.ann, "mine", team)
    refusal = await it.refused("deleteMessage", chat_id=-1001, message_id=theirs)
    assert refusal == (400, "Bad Request: message can't be deleted")
    it.tg.set_status(team, it.tg.bot, "administrator")
    assert await it.bot.delete_message(-1001, theirs)


async def test_a_press_carries_its_message_and_is_answered_once(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One", reply_markup=ANSWERS)
    query_id = it.tg.press(it.ann, ANN_ID, sent.message_id, "Decline")
    [update] = await it.bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (query_id, "k2", ANN_ID)
    assert isinstance(query.message, telegram.Message)
    assert query.message.text == "One"
    await it.bot.answer_callback_query(query_id, "Declined", show_alert=True)
    answer = it.tg.callback_answers[query_id]
    assert (answer.text, answer.show_alert) == ("Declined", True)
    assert await it.refused("answerCallbackQuery", callback_query_id=query_id) == (400, TOO_OLD)


async def test_a_press_cannot_be_answered_too_late_or_at_length(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One", reply_markup=ANSWERS)
    query_id = it.tg.press(it.ann, ANN_ID, sent.message_id, "k1")
    refusal = await it.refused("answerCallbackQuery", callback_query_id=query_id, text="я" * 201)
    assert refusal == (400, "Bad Request: MESSAGE_TOO_LONG")
    it.tg.callback_lifetime = 5
    it.clock.advance(5)
    status, _ = await it.call("answerCallbackQuery", callback_query_id=query_id, text="я" * 200)
    assert status == 200
    late = it.tg.press(it.ann, ANN_ID, sent.message_id, "k1")
    it.clock.advance(5.1)
    with pytest.raises(telegram.error.BadRequest, match="Query is too old"):
        await it.bot.answer_callback_query(late)
    assert late not in it.tg.callback_answers


async def test_of_a_deleted_message_a_press_tells_only_the_place(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One", reply_markup=ANSWERS)
    await it.bot.delete_message(ANN_ID, sent.message_id)
    it.tg.press(it.ann, ANN_ID, sent.message_id, "Accept")
    [update] = await it.bot.get_updates()
    assert update.callback_query is not None
    message = update.callback_query.message
    assert message is not None
    assert not message.is_accessible
    assert message.message_id == sent.message_id


async def test_only_a_forger_presses_what_is_not_there(it: Running) -> None:
    sent = await it.bot.send_message(ANN_ID, "One", reply_markup=ANSWERS)
    for button in ("nothing", "Open"):
        with pytest.raises(ValueError, match="no button"):
            it.tg.press(it.ann, ANN_ID, sent.message_id, button)
    it.tg.press(it.ann, ANN_ID, sent.message_id, "k999", forged=True)
    [update] = await it.updates()
    assert update["callback_query"]["data"] == "k999"


async def test_typing_is_seen_and_nonsense_is_refused(it: Running) -> None:
    await it.bot.send_chat_action(ANN_ID, ChatAction.TYPING)
    assert it.tg.actions == [(ANN_ID, "typing")]
    refusal = await it.refused("sendChatAction", chat_id=7, action="sleeping")
    assert refusal == (400, "Bad Request: wrong parameter action in request")


async def test_a_test_waits_for_what_the_bot_does_without_a_clock(it: Running) -> None:
    def three_messages() -> Callable[[], bool]:
        return lambda: len(it.tg.messages(ANN_ID)) == 3

    for number in range(3):
        with pytest.raises(TimeoutError):
            await it.tg.wait_for(three_messages(), timeout=0)
        await it.bot.send_message(ANN_ID, str(number))
    assert await it.tg.wait_for(three_messages()) is True
