"""Presence methods of a portal. Pure.

https://apidocs.bitrix24.com/api-reference/chats/users/im-user-status-set.html
"""

from bot.clients.bitrix24.api import Command
from bot.clients.bitrix24.errors import PROVIDER
from bot.errors import ProviderProtocolError

STATUSES = frozenset({"online", "dnd", "away", "break"})
"""Exactly these, in lower case."""

SHOWN_STATUSES = frozenset({"online"})
"""What the current messenger displays; the others are stored and not shown."""


def set_status(status: str) -> Command:
    """im.user.status.set: the caller's own status; there is no way to set another's."""
    return Command(method="im.user.status.set", params={"STATUS": status})


def get_status() -> Command:
    """im.user.status.get: the stored status. `im.user.get` says "online" about everybody."""
    return Command(method="im.user.status.get")


def parse_status(result: object) -> str | None:
    """Read a status; None if none was ever stored.

    Raises:
        ProviderProtocolError: It is neither a known status nor false.
    """
    if result is False or result is None:
        return None
    if isinstance(result, str) and result.lower() in STATUSES:
        return result.lower()
    raise ProviderProtocolError(PROVIDER, "im.user.status.get")
