"""Methods that send, change and delete messages, and answer presses."""

import json
from dataclasses import dataclass

from bot.sandbox.telegram.access import Access, chat_for, own_message
from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.keyboard import Rows, check_buttons, read_markup
from bot.sandbox.telegram.markup import mention, parse_html, trim
from bot.sandbox.telegram.params import Params
from bot.sandbox.telegram.people import thread_of
from bot.sandbox.telegram.rows import (
    ADMINS,
    CallbackAnswer,
    Chat,
    Json,
    Message,
    Upload,
    Version,
)
from bot.sandbox.telegram.state import TelegramState
from bot.sandbox.telegram.views import message_json

TEXT_LENGTH = 4096
"""Characters after entities are parsed. https://core.telegram.org/bots/api#sendmessage"""
CAPTION_LENGTH = 1024
"""Likewise. https://core.telegram.org/bots/api#senddocument"""
SOURCE_BYTES = 1 << 15
CALLBACK_TEXT_LENGTH = 200
"""https://core.telegram.org/bots/api#answercallbackquery"""
ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    source: str
    plain: str
    entities: list[Json]


def send_message(state: TelegramState, params: Params) -> object:
    """Send a text. `link_preview_options` and the like are passed over.

    https://core.telegram.org/bots/api#sendmessage
    """
    return _post(state, params, text=_read_message_text(state, params))


def send_document(state: TelegramState, params: Params) -> object:
    """Send a file with a caption; only files that come with the call.

    https://core.telegram.org/bots/api#senddocument
    """
    document = params.files.get("document")
    if document is None:
        raise ApiError.bad_request("there is no document in the request")
    if not document.content:
        raise ApiError.bad_request("file must be non-empty")
    return _post(state, params, text=_read_text(state, params, "caption"), document=document)


def _post(
    state: TelegramState, params: Params, *, text: _Text, document: Upload | None = None
) -> object:
    reply = params.mapping("reply_parameters", "reply parameters") or {}
    markup, rows = read_markup(params)
    chat = chat_for(state, params, Access.WRITE)
    thread_id = _topic(chat, params)
    reply_to = _reply_to(chat, params, reply)
    if document is not None and len(text.plain) > CAPTION_LENGTH:
        raise ApiError.bad_request("message caption is too long")
    if len(text.plain) > TEXT_LENGTH:
        raise ApiError.bad_request("message is too long")
    check_buttons(rows)
    state.flood.count(chat.chat_id, is_private=chat.user is not None)
    thread, in_topic = thread_of(chat, reply_to, thread_id)
    message = Message(
        message_id=next(chat.numbers),
        chat_id=chat.chat_id,
        date=int(state.seconds()),
        sender=state.bot,
        text=text.source,
        plain=text.plain,
        entities=text.entities,
        document=document,
        reply_to=reply_to,
        thread_id=thread,
        in_topic=in_topic,
        markup=markup,
        buttons=rows,
    )
    if params.applied:
        state.keep(chat, message)
    return message_json(message, chat)


def edit_message_text(state: TelegramState, params: Params) -> object:
    """Change a message of the bot, and its buttons.

    https://core.telegram.org/bots/api#editmessagetext
    """
    text = _read_message_text(state, params)
    chat, message, markup, rows = _to_edit(state, params)
    if message.document is not None:
        raise ApiError.bad_request("there is no text in the message to edit")
    if len(text.plain) > TEXT_LENGTH:
        # Sending says it in words, editing does not.
        raise ApiError.bad_request("MESSAGE_TOO_LONG")
    return _edit(state, params, chat=chat, message=message, text=text, markup=markup, rows=rows)


def edit_message_reply_markup(state: TelegramState, params: Params) -> object:
    """Change the buttons of a message of the bot.

    https://core.telegram.org/bots/api#editmessagereplymarkup
    """
    chat, message, markup, rows = _to_edit(state, params)
    text = _Text(source=message.text, plain=message.plain, entities=message.entities)
    return _edit(state, params, chat=chat, message=message, text=text, markup=markup, rows=rows)


def delete_message(state: TelegramState, params: Params) -> object:
    """Delete a message: own ones, and others in private or as an administrator.

    https://core.telegram.org/bots/api#deletemessage
    """
    if not params.text("chat_id"):
        raise ApiError.bad_request("chat identifier is not specified")
    number = params.integer("message_id")
    if number <= 0:
        raise ApiError.bad_request("message identifier is not specified")
    chat = chat_for(state, params, Access.WRITE)
    message = chat.messages.get(number)
    if message is None or message.deleted:
        raise ApiError.bad_request("message to delete not found")
    is_admin = chat.members.get(state.bot.user_id) in ADMINS
    if message.sender != state.bot and chat.user is None and not is_admin:
        raise ApiError.bad_request("message can't be deleted")
    if params.applied:
        message.deleted = True
        state.changed()
    return True


def answer_callback_query(state: TelegramState, params: Params) -> object:
    """Answer a press: once, and in time.

    https://core.telegram.org/bots/api#answercallbackquery
    """
    press = state.presses.get(params.text("callback_query_id"))
    if (
        press is None
        or press.answered
        or state.seconds() - press.pressed_at > state.callback_lifetime
    ):
        raise ApiError.bad_request(
            "query is too old and response timeout expired or query ID is invalid"
        )
    answer = CallbackAnswer(
        text=params.text("text"), show_alert=params.flag("show_alert"), url=params.text("url")
    )
    if len(answer.text) > CALLBACK_TEXT_LENGTH:
        raise ApiError.bad_request("MESSAGE_TOO_LONG")
    if params.applied:
        press.answered = True
        state.callback_answers[press.query_id] = answer
        state.changed()
    return True


def send_chat_action(state: TelegramState, params: Params) -> object:
    """Show what the bot is doing.

    https://core.telegram.org/bots/api#sendchataction
    """
    action = params.text("action").lower()
    if action not in ACTIONS:
        raise ApiError.bad_request("wrong parameter action in request")
    chat = chat_for(state, params, Access.WRITE)
    if params.applied:
        state.actions.append((chat.chat_id, action))
        state.changed()
    return True


def _read_text(state: TelegramState, params: Params, name: str) -> _Text:
    source = params.text(name)
    if len(source.encode()) > SOURCE_BYTES:
        raise ApiError.bad_request("text is too long")
    mode = params.text("parse_mode").lower()
    entities: list[Json] = []
    if mode == "html":
        plain, entities = parse_html(source)
    elif mode in {"", "none"}:
        plain = source
        listed = "entities" if name == "text" else "caption_entities"
        given = params.parsed(listed, "can't parse entities JSON object")
        if isinstance(given, list):
            entities = [entity for entity in given if isinstance(entity, dict)]
    else:
        # Markdown is a mode of Telegram, but none of the sandbox.
        raise ApiError.bad_request("unsupported parse_mode")
    plain, entities = trim(plain, entities)
    return _Text(source=source, plain=plain, entities=mention(entities, state.users))


def _read_message_text(state: TelegramState, params: Params) -> _Text:
    if not params.text("text"):
        raise ApiError.bad_request("message text is empty")
    text = _read_text(state, params, "text")
    if not text.plain:
        raise ApiError.bad_request("text must be non-empty")
    return text


def _topic(chat: Chat, params: Params) -> int | None:
    """The forum topic; elsewhere `message_thread_id` is passed over."""
    number = params.integer("message_thread_id")
    if number <= 0 or not chat.forum:
        return None
    # The general topic, number 1, is not among them: there one writes without a number.
    if number not in chat.topics:
        raise ApiError.bad_request("message thread not found")
    return number


def _reply_to(chat: Chat, params: Params, reply: Json) -> int | None:
    """The message that is answered. Replies into another chat are not supported."""
    given = reply.get("message_id", params.text("reply_to_message_id") or 0)
    number = int(given) if isinstance(given, int | str) and str(given).isdecimal() else 0
    if number <= 0:
        return None
    message = chat.messages.get(number)
    elsewhere = str(reply.get("chat_id", chat.chat_id)) != str(chat.chat_id)
    if message is not None and not message.deleted and not elsewhere:
        return number
    lenient = reply.get("allow_sending_without_reply", False)
    if lenient is True or params.flag("allow_sending_without_reply"):
        return None
    raise ApiError.bad_request("message to be replied not found")


def _to_edit(state: TelegramState, params: Params) -> tuple[Chat, Message, Json | None, Rows]:
    markup, rows = read_markup(params, inline_only=True)
    chat = chat_for(state, params, Access.EDIT)
    message = own_message(state, chat, params.integer("message_id"))
    check_buttons(rows)
    return chat, message, markup, rows


def _edit(
    state: TelegramState,
    params: Params,
    *,
    chat: Chat,
    message: Message,
    text: _Text,
    markup: Json | None,
    rows: Rows,
) -> object:
    """Change a message. Without `reply_markup` its buttons go, as at Telegram."""
    before = (message.plain, json.dumps(message.entities), message.buttons)
    if before == (text.plain, json.dumps(text.entities), rows):
        raise ApiError.bad_request(
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message"
        )
    state.flood.count(chat.chat_id, is_private=chat.user is not None)
    if params.applied:
        message.edits.append(
            Version(text=message.text, plain=message.plain, buttons=message.buttons)
        )
        message.text, message.plain, message.entities = text.source, text.plain, text.entities
        message.markup, message.buttons = markup, rows
        message.edit_date = int(state.seconds())
        state.changed()
    return message_json(message, chat)
