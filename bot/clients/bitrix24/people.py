"""What people at a portal are called. Pure.

https://apidocs.bitrix24.com/api-reference/chats/users/im-user-list-get.html
"""

import re
from collections.abc import Iterable, Mapping

from bot.clients.bitrix24.api import Command
from bot.clients.bitrix24.errors import PROVIDER
from bot.errors import ProviderProtocolError
from bot.transport.texts import whole_characters

USER_ID = re.compile(r"[1-9][0-9]{0,17}")
"""What is no number of this kind is nobody's."""


def get_users(user_ids: Iterable[str]) -> Command:
    """im.user.list.get: people by their numbers. Without a single one it is refused."""
    return Command(
        method="im.user.list.get", params={"ID": tuple(int(user_id) for user_id in user_ids)}
    )


def parse_names(result: object) -> Mapping[str, str]:
    """Read what people are called, by their numbers.

    An object has the number as the key, a list only inside the entry. Somebody unknown is null or
    not there at all, and so is whom a guest of the company may not see; they are left out, and
    with them whoever has no name and what is no entry.

    Raises:
        ProviderProtocolError: It is neither an object nor a list.
    """
    if isinstance(result, dict):
        entries = list(result.items())
    elif isinstance(result, list):
        entries = [(entry.get("id"), entry) for entry in result if isinstance(entry, dict)]
    else:
        raise ProviderProtocolError(PROVIDER, "im.user.list.get")
    names = {}
    for number, entry in entries:
        user_id, name = _user_id(number), _name(entry)
        if user_id and name:
            names[user_id] = name
    return names


def _user_id(value: object) -> str:
    """Numbers are keys here and values there."""
    known = isinstance(value, str | int) and USER_ID.fullmatch(str(value))
    return str(value) if known else ""


def _name(entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return whole_characters(name).strip() if isinstance(name, str) else ""
