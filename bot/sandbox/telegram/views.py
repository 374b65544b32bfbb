"""The emulator's rows as the Bot API's objects.

https://core.telegram.org/bots/api#available-types
"""

from bot.sandbox.telegram.rows import Button, Chat, Json, MemberStatus, Message, Press, User

_RIGHTS = (
    "can_manage_chat",
    "can_change_info",
    "can_delete_messages",
    "can_invite_users",
    "can_restrict_members",
    "can_pin_messages",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)


def user_json(user: User) -> Json:
    """A user as in `from`."""
    view: Json = {"id": user.user_id, "is_bot": user.is_bot, "first_name": user.first_name}
    if user.username:
        view["username"] = user.username
    if user.language_code and not user.is_bot:
        view["language_code"] = user.language_code
    return view


def me_json(user: User, *, reads_all: bool) -> Json:
    """The bot as `getMe` tells it."""
    return {
        **user_json(user),
        "can_join_groups": True,
        "can_read_all_group_messages": reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def chat_json(chat: Chat) -> Json:
    """A chat as in a message."""
    view: Json = {"id": chat.chat_id, "type": chat.kind}
    if chat.user is not None:
        view["first_name"] = chat.user.first_name
        if chat.user.username:
            view["username"] = chat.user.username
        return view
    view["title"] = chat.title
    if chat.username:
        view["username"] = chat.username
    if chat.forum:
        view["is_forum"] = True
    return view


def full_chat_json(chat: Chat) -> Json:
    """A chat as `getChat` tells it."""
    view = chat_json(chat) | {
        "accent_color_id": abs(chat.chat_id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": True,
            "limited_gifts": True,
            "unique_gifts": True,
            "premium_subscription": True,
            "gifts_from_channels": True,
        },
    }
    if chat.is_group:
        view["permissions"] = {
            "can_send_messages": chat.bot_may_write,
            "can_invite_users": True,
            "can_pin_messages": True,
            "can_change_info": True,
        }
    return view


def member_json(user: User, status: MemberStatus) -> Json:
    """A member of a chat."""
    view: Json = {"user": user_json(user), "status": status}
    if status == "kicked":
        view["until_date"] = 0
    elif status == "creator":
        view["is_anonymous"] = False
    elif status == "administrator":
        view |= {"can_be_edited": False, "is_anonymous": False}
        view |= dict.fromkeys(_RIGHTS, True)
    return view


def button_json(button: Button) -> Json:
    """An inline button."""
    if button.url is not None:
        return {"text": button.label, "url": button.url}
    return {"text": button.label, "callback_data": button.data}


def message_json(message: Message, chat: Chat, *, with_reply: bool = True) -> Json:
    """A message; of a reply's reply only the number of the first is kept, as Telegram does it."""
    view: Json = {"message_id": message.message_id}
    if message.sender is not None:
        view["from"] = user_json(message.sender)
    if message.sender_chat is not None:
        view["sender_chat"] = chat_json(message.sender_chat)
    view["chat"] = chat_json(chat)
    view["date"] = message.date
    if message.edit_date is not None:
        view["edit_date"] = message.edit_date
    if message.thread_id is not None:
        view["message_thread_id"] = message.thread_id
    if with_reply:
        answered = _answered(message, chat)
        if answered is not None:
            view["reply_to_message"] = message_json(answered, chat, with_reply=False)
    if message.service or message.place:
        view |= message.service or message.place
    else:
        view |= _content(message)
    if message.buttons:
        rows = [[button_json(button) for button in row] for row in message.buttons]
        view["reply_markup"] = {"inline_keyboard": rows}
    if message.in_topic:
        view["is_topic_message"] = True
    return view


def _content(message: Message) -> Json:
    """The text, or a document with its caption."""
    if message.document is None:
        content: Json = {"text": message.plain}
        return content | ({"entities": message.entities} if message.entities else {})
    number = f"{message.chat_id}-{message.message_id}"
    content = {
        "document": {
            "file_id": f"document-{number}",
            "file_unique_id": number,
            "file_name": message.document.name,
            "mime_type": message.document.mime_type,
            "file_size": len(message.document.content),
        }
    }
    if message.plain:
        content["caption"] = message.plain
    if message.entities:
        content["caption_entities"] = message.entities
    return content


def _answered(message: Message, chat: Chat) -> Message | None:
    """What a message replies to; in a topic, if to nothing, the message that opened the topic."""
    number = message.reply_to
    if number is None and message.in_topic and message.thread_id != message.message_id:
        number = message.thread_id
    answered = None if number is None else chat.messages.get(number)
    return None if answered is None or answered.deleted else answered


def press_json(press: Press, chat: Chat) -> Json:
    """A callback query. Of a message that is gone only the place is told."""
    message = chat.messages.get(press.message_id)
    if message is None or message.deleted:
        # https://core.telegram.org/bots/api#inaccessiblemessage
        shown: Json = {"chat": chat_json(chat), "message_id": press.message_id, "date": 0}
    else:
        shown = message_json(message, chat)
    return {
        "id": press.query_id,
        "from": user_json(press.user),
        "message": shown,
        "chat_instance": str(abs(chat.chat_id) * 7919),
        "data": press.data,
    }


def member_change_json(
    *, chat: Chat, by: User, date: int, who: User, old: MemberStatus, new: MemberStatus
) -> Json:
    """A `my_chat_member` update."""
    return {
        "chat": chat_json(chat),
        "from": user_json(by),
        "date": date,
        "old_chat_member": member_json(who, old),
        "new_chat_member": member_json(who, new),
    }
