"""Finding the chat and the message that a call is about, and refusing as Telegram does."""

from enum import IntEnum, auto

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.params import Params
from bot.sandbox.telegram.rows import ADMINS, Chat, Message
from bot.sandbox.telegram.state import TelegramState


class Access(IntEnum):
    """What the bot wants to do in a chat."""

    READ = auto()
    EDIT = auto()
    WRITE = auto()


def chat_for(state: TelegramState, params: Params, access: Access) -> Chat:
    """The chat that `chat_id` names.

    Raises:
        ApiError: There is none, or the bot may not do that in it.
    """
    chat = find_chat(state, params.text("chat_id"))
    if chat.user is not None:
        _check_private(chat, access)
    elif chat.kind == "group":
        _check_group(state, chat, access)
    else:
        _check_supergroup(state, chat, access)
    return chat


def find_chat(state: TelegramState, name: str) -> Chat:
    """A chat by its number or public name.

    Raises:
        ApiError: There is none.
    """
    if not name:
        raise ApiError.bad_request("chat_id is empty")
    found: Chat | None = None
    if name.startswith("@"):
        named = name[1:].lower()
        found = next(
            (chat for chat in state.chats.values() if (chat.username or "").lower() == named), None
        )
    elif name.lstrip("-").isdecimal():
        found = state.chats.get(int(name))
    if found is None:
        raise ApiError.bad_request("chat not found")
    return found


def own_message(state: TelegramState, chat: Chat, number: int) -> Message:
    """A message of the bot that can be edited.

    Raises:
        ApiError: It is gone, or somebody else's.
    """
    message = chat.messages.get(number)
    if message is None or message.deleted:
        raise ApiError.bad_request("message to edit not found")
    if message.sender != state.bot or message.service:
        raise ApiError.bad_request("message can't be edited")
    return message


def _check_private(chat: Chat, access: Access) -> None:
    if access is Access.READ:
        return
    if chat.blocked:
        raise ApiError.forbidden("bot was blocked by the user")
    if not chat.started:
        raise ApiError.forbidden("bot can't initiate conversation with a user")


def _check_group(state: TelegramState, chat: Chat, access: Access) -> None:
    if chat.migrated_to is not None:
        if access is Access.WRITE:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        return
    if access >= Access.EDIT:
        _check_membership(state, chat, "group")
        _check_rights(state, chat, access)


def _check_supergroup(state: TelegramState, chat: Chat, access: Access) -> None:
    _check_membership(state, chat, chat.kind)
    _check_rights(state, chat, access)


def _check_membership(state: TelegramState, chat: Chat, kind: str) -> None:
    status = chat.members.get(state.bot.user_id, "left")
    if status == "kicked":
        raise ApiError.forbidden(f"bot was kicked from the {kind} chat")
    if status == "left":
        raise ApiError.forbidden(f"bot is not a member of the {kind} chat")


def _check_rights(state: TelegramState, chat: Chat, access: Access) -> None:
    if access is not Access.WRITE or chat.members.get(state.bot.user_id) in ADMINS:
        return
    if chat.kind == "channel":
        raise ApiError.bad_request("need administrator rights in the channel chat")
    if not chat.bot_may_write:
        raise ApiError.bad_request("not enough rights to send text messages to the chat")
