"""Methods about the bot itself, chats and their members, and the bot's list of commands."""

import re

from bot.sandbox.telegram.access import Access, chat_for, find_chat
from bot.sandbox.telegram.emulator import TelegramEmulator
from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.params import Params
from bot.sandbox.telegram.rows import ADMINS, Json, User
from bot.sandbox.telegram.views import full_chat_json, me_json, member_json

MOST_COMMANDS = 100
COMMAND_LENGTH = 32
DESCRIPTION_LENGTH = 256
_COMMAND = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"([a-z]{2})?")
_WIDE_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
)
_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})


def get_me(state: TelegramEmulator, _params: Params) -> object:
    """Who the bot is.

    https://core.telegram.org/bots/api#getme
    """
    return me_json(state.bot, reads_all=state.reads_all)


def get_chat(state: TelegramEmulator, params: Params) -> object:
    """A chat, at length.

    https://core.telegram.org/bots/api#getchat
    """
    return full_chat_json(chat_for(state, params, Access.READ))


def get_chat_member(state: TelegramEmulator, params: Params) -> object:
    """Somebody's standing in a chat.

    https://core.telegram.org/bots/api#getchatmember
    """
    user_id = params.integer("user_id")
    if user_id <= 0:
        raise ApiError.bad_request("invalid user_id specified")
    chat = chat_for(state, params, Access.READ)
    if chat.user is None and user_id != state.bot.user_id:
        chat = chat_for(state, params, Access.EDIT)
    user = state.users.get(user_id)
    if user is None:
        raise ApiError.bad_request("user not found")
    if chat.user is not None:
        if user not in {chat.user, state.bot}:
            raise ApiError.bad_request("user not found")
        return member_json(user, "member")
    return member_json(user, chat.members.get(user_id, "left"))


def get_chat_administrators(state: TelegramEmulator, params: Params) -> object:
    """The administrators of a group or channel; other bots are left out.

    https://core.telegram.org/bots/api#getchatadministrators
    """
    chat = chat_for(state, params, Access.READ)
    if chat.user is not None:
        raise ApiError.bad_request("there are no administrators in the private chat")
    chat = chat_for(state, params, Access.EDIT)
    admins: list[tuple[User, Json]] = [
        (state.users[user_id], member_json(state.users[user_id], status))
        for user_id, status in chat.members.items()
        if status in ADMINS
    ]
    return [view for user, view in admins if not user.is_bot or user == state.bot]


def leave_chat(state: TelegramEmulator, params: Params) -> object:
    """Go out of a group or channel.

    https://core.telegram.org/bots/api#leavechat
    """
    chat = chat_for(state, params, Access.READ)
    if chat.user is not None:
        raise ApiError.bad_request("chat member status can't be changed in private chats")
    if params.applied:
        state.bot_leaves(chat, state.bot, "left")
    return True


def set_my_commands(state: TelegramEmulator, params: Params) -> object:
    """Store a list of commands for a scope and a language.

    https://core.telegram.org/bots/api#setmycommands
    """
    given = params.parsed("commands", "can't parse commands JSON object")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise ApiError.bad_request("expected an Array of BotCommand")
    if len(given) > MOST_COMMANDS:
        raise ApiError.bad_request("BOT_COMMANDS_TOO_MUCH")
    commands = [_command(command) for command in given]
    scope = _scope(state, params)
    if params.applied:
        state.commands[scope, _language(params)] = commands
        state.changed()
    return True


def get_my_commands(state: TelegramEmulator, params: Params) -> object:
    """The list stored for exactly this scope and language.

    https://core.telegram.org/bots/api#getmycommands
    """
    return state.commands.get((_scope(state, params), _language(params)), [])


def _command(given: object) -> Json:
    if not isinstance(given, dict):
        raise ApiError.bad_request("can't parse BotCommand: expected an Object")
    name = str(given.get("command", "")).strip().removeprefix("/")
    description = str(given.get("description", "")).strip()
    if not name:
        raise ApiError.bad_request("command must be non-empty")
    if len(name) > COMMAND_LENGTH:
        raise ApiError.bad_request(f"command length must not exceed {COMMAND_LENGTH}")
    if not description:
        raise ApiError.bad_request("command description must be non-empty")
    if len(description) > DESCRIPTION_LENGTH:
        raise ApiError.bad_request(
            f"command description length must not exceed {DESCRIPTION_LENGTH}"
        )
    if not _COMMAND.fullmatch(name):
        raise ApiError.bad_request("BOT_COMMAND_INVALID")
    return {"command": name, "description": description}


def _scope(state: TelegramEmulator, params: Params) -> str:
    """A scope as one word.

    https://core.telegram.org/bots/api#botcommandscope
    """
    scope = params.mapping("scope", "BotCommandScope")
    kind = "default" if scope is None else scope.get("type")
    if scope is None or kind in _WIDE_SCOPES:
        return str(kind)
    if kind not in _CHAT_SCOPES:
        raise ApiError.bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat = find_chat(state, str(scope.get("chat_id", "")))
    member = f":{scope.get('user_id')}" if kind == "chat_member" else ""
    return f"{kind}:{chat.chat_id}{member}"


def _language(params: Params) -> str:
    code = params.text("language_code")
    if not _LANGUAGE.fullmatch(code):
        raise ApiError.bad_request("invalid language code specified")
    return code
