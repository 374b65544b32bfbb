"""What credentials may do at a portal. Pure.

https://apidocs.bitrix24.com/api-reference/common/system/scope.html
"""

from bot.clients.bitrix24.api import Command
from bot.clients.bitrix24.errors import PROVIDER
from bot.errors import ProviderProtocolError


def get_scope() -> Command:
    """Scope: the permissions of the webhook or application itself; needs none."""
    return Command(method="scope")


def parse_scope(result: object) -> frozenset[str]:
    """Read `scope`, in lower case.

    Raises:
        ProviderProtocolError: It is no list of words.
    """
    # PHP writes a list as a map once an entry in its middle was taken out.
    names = list(result.values()) if isinstance(result, dict) else result
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProviderProtocolError(PROVIDER, "scope")
    return frozenset(name.lower() for name in names)
