"""Calendars, presence and sign-in, as each provider offers them.

Every function that talks to a provider takes a `Call`: for whom, until when, how urgent.
"""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.accounts import AccountKind, Credentials
from bot.domain.participation import Answer, Event, EventRef, Participation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.ports.calls import Call


class CalendarProvider(Protocol):
    """A calendar system in which invitations are answered."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    @property
    def write_settles_in(self) -> float | None:
        """Seconds after which a write that broke off is surely not under way any more.

        None if nobody can say: a change shows long after it was taken, or never.
        """
        ...

    def parse_ref(self, text: str) -> EventRef | None:
        """Recognise an event id as this provider writes it; None if it is none."""
        ...

    async def get_event(self, call: Call, ref: EventRef) -> Event:
        """Read an event with the person's own status, asked of the provider for this call.

        Title, times and eligibility may be up to a minute old; the status never is.

        Raises:
            EventNotFoundError: Unknown, gone or not visible.
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        """Write an answer and read it back.

        Never writes twice by itself where that could be noticed. The result says what is known:
        confirmed as read (whatever it is), pending, or unknown.

        Raises:
            ProviderError: Refused; surely nothing was changed.
            TransportError: Not sent; surely nothing was changed.
        """
        ...


class PresenceProvider(Protocol):
    """A system that shows a person's availability to others."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    async def get_presence(self, call: Call) -> PresenceState:
        """Read the person's presence.

        Raises:
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        """Set it and read it back; the result is what is held now, or unknown.

        Raises:
            ProviderError: Refused; surely nothing was changed.
            TransportError: Not sent; surely nothing was changed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who some credentials are at their provider, as the provider tells it now.

    Attributes:
        subject: Names that person there for ever; see `Account.subject`.
        missing: What the bot needs and may not do.
    """

    subject: str
    name: str
    place: str
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class SignIn(Protocol):
    """What a provider's credentials are worth."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    @property
    def kind(self) -> AccountKind:
        """What a pasted secret makes."""
        ...

    def recognise(self, secret: str) -> Credentials | None:
        """What a person pasted, if it is a key to this provider.

        Raises:
            UserError: It is one, and the bot may not use it; says why.
        """
        ...

    async def examine(self, credentials: Credentials, deadline: float) -> Standing:
        """Ask the provider whose credentials these are and what they may do.

        Raises:
            ProviderError: Refused or failed.
            TransportError: No complete answer.
        """
        ...
