"""Calendars, presence and sign-in, as each provider offers them.

Every function that talks to a provider takes a `Call`: for whom, until when, how urgent.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.meetings import Member
from bot.domain.participation import Answer, Event, EventRef, Participation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.domain.sign_ins import Granted, Standing
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

    async def get_event(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        """Read an event with the person's own status, asked of the provider for this call.

        Title, times and eligibility may be up to a minute old, the status never is; in a fresh
        read nothing is older than the call.

        Raises:
            EventNotFoundError: Unknown, gone or not visible.
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def list_events(self, call: Call, first: date, end: date) -> Sequence[Event]:
        """Read the person's own events that touch the days from `first` to before `end`.

        Days are those of UTC; an all-day event lies in the days that it names. Each occurrence of
        a series comes by itself, with its own times; they share a `ref` where one answer counts
        for all. Soonest first. What was declined is there, what was deleted is not.

        Raises:
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def list_changes(
        self, call: Call, first: date, end: date, since: datetime
    ) -> Sequence[Event] | None:
        """Those of the events of these days that changed since then; None if nobody can tell.

        Days are those of `list_events`. What was deleted meanwhile is there too, with
        `Obstacle.CANCELLED` and times that may be unknown; what was moved out of the days comes
        with its new times. Of occurrences that share a `ref` only those are there that changed, so
        after one of a `recurring` event the others have to be listed. Soonest first.

        The moment is by the provider's own clock, which counts in whole seconds, and a change may
        be seen long after it: whoever asks again leaves an overlap.

        Raises:
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
        """Set it and read it back; the result is what is held now, or unknown, and what was before.

        Raises:
            ProviderError: Refused; surely nothing was changed.
            TransportError: Not sent; surely nothing was changed.
        """
        ...


class Directory(Protocol):
    """Who is who at a provider where meetings are shared."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    async def member_of(self, account: Account) -> Member | None:
        """Who somebody is there; None if only the provider could tell. Asks nobody."""
        ...

    async def names_of(self, call: Call, user_ids: Collection[str]) -> Mapping[str, str]:
        """What people are called, by their ids; those without a name are left out.

        Names may be up to a day old, and so may be that somebody has none.

        Raises:
            ProviderError: The provider refused or failed.
            TransportError: No complete answer.
        """
        ...


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


class Consent(Protocol):
    """Sign-in at a provider's own page, where the person consents to what the bot may do."""

    @property
    def name(self) -> Provider:
        """Which one it is."""
        ...

    @property
    def place(self) -> str:
        """The one portal's origin; empty if each person names theirs."""
        ...

    @property
    def asks_place(self) -> bool:
        """Whether a portal has to be named before."""
        ...

    @property
    def pages(self) -> Sequence[str]:
        """Where the provider's page may be, as the sources of a Content-Security-Policy."""
        ...

    def settle_place(self, typed: str) -> str:
        """The origin of the portal that a person named.

        Raises:
            UserError: It is none, or one that we do not talk to.
        """
        ...

    def page(self, place: str, state: str) -> str:
        """The address of the provider's page. `state` comes back with the person."""
        ...

    async def exchange(self, code: str, place: str, deadline: float) -> Granted:
        """Turn what came back into credentials.

        Raises:
            ProviderError: Refused or failed.
            TransportError: No complete answer.
        """
        ...

    async def identify(self, granted: Granted, deadline: float) -> Standing:
        """Ask whose they are.

        Raises:
            ProviderError, TransportError: It cannot be found out; what was granted stands.
        """
        ...

    async def renew(self, credentials: Credentials) -> Credentials:
        """New credentials for those that ran out.

        Raises:
            ProviderAuthError: Never again: the person has to sign in.
            ProviderError, TransportError: Not now.
        """
        ...

    async def revoke(self, credentials: Credentials, deadline: float) -> bool:
        """End the consent at the provider; False if it offers no such thing.

        Raises:
            ProviderError, TransportError: It may still stand.
        """
        ...
