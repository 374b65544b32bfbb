"""What a method of the portal is given, and how it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.bitrix24.errors import DENIED, RestError, Text, method_failure, required
from bot.sandbox.bitrix24.php import php_empty
from bot.sandbox.bitrix24.records import Write
from bot.sandbox.bitrix24.state import Portal

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls.

    Attributes:
        credential: The webhook or application whose running time is counted.
        applied: Whether writes of this call really happen.
    """

    user_id: int
    credential: str
    scopes: frozenset[str]
    applied: bool = True


Method = Callable[[Portal, Caller, Params], object]


def fail(portal: Portal, text: Text) -> RestError:
    """A failure of a calendar method, in the portal's generation of codes."""
    return method_failure(text, old_errors=portal.quirks.old_errors)


def require(portal: Portal, params: Params, name: str, method: str) -> None:
    """Refuse a call without this parameter, as PHP understands "without"."""
    if php_empty(params.get(name)):
        raise fail(portal, required(name, method))


def refuse_extranet(portal: Portal, caller: Caller) -> None:
    """Refuse a guest from outside."""
    if portal.users[caller.user_id].extranet:
        raise fail(portal, DENIED)


def any_case(params: Params) -> Params:
    """Parameters as im methods read them: names in any case."""
    return {name.upper(): value for name, value in params.items()}


def note_write(portal: Portal, caller: Caller, method: str, params: Params) -> None:
    """Keep a write for whoever wants to know what was received."""
    portal.journal.append(
        Write(method=method, user_id=caller.user_id, params=params, applied=caller.applied)
    )
