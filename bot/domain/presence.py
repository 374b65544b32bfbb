"""Availability that is shown to others (XMPP's show values in Bitrix24's selection)."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.participation import Confirmation


class Presence(StrEnum):
    """What a person shows."""

    ONLINE = "online"
    DND = "dnd"
    AWAY = "away"
    BREAK = "break"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceState:
    """A person's presence at a provider, and how sure we are of it.

    Attributes:
        presence: None if the provider has never stored one.
        shown: Whether the provider's current messenger displays it to others.
        before: After a write, what was held before it; None if it was not read, or was nothing.
    """

    presence: Presence | None
    confirmation: Confirmation = Confirmation.CONFIRMED
    shown: bool = True
    before: Presence | None = None
