"""Providers whose refusals and successes the owner may have to hear of; see `Troubles`."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from bot.domain.accounts import Account, Credentials
from bot.domain.meetings import Member
from bot.domain.participation import Answer, Event, EventRef, Participation
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.domain.sign_ins import Granted, Standing
from bot.errors import ProviderPlanError, ProviderRequestError
from bot.ports import CalendarProvider, Call, Consent, Directory, PresenceProvider
from bot.services.troubles import Troubles

T = TypeVar("T")


class WatchedCalendar:
    """A calendar provider, watched."""

    def __init__(self, inner: CalendarProvider, troubles: Troubles) -> None:
        self._inner = inner
        self._troubles = troubles

    @property
    def name(self) -> Provider:
        """See `CalendarProvider.name`."""
        return self._inner.name

    @property
    def write_settles_in(self) -> float | None:
        """See `CalendarProvider.write_settles_in`."""
        return self._inner.write_settles_in

    def parse_ref(self, text: str) -> EventRef | None:
        """See `CalendarProvider.parse_ref`."""
        return self._inner.parse_ref(text)

    async def get_event(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        """See `CalendarProvider.get_event`."""
        work = self._inner.get_event(call, ref, fresh=fresh)
        return await _within_plan(self._troubles, call.account, work)

    async def list_events(self, call: Call, first: date, end: date) -> Sequence[Event]:
        """See `CalendarProvider.list_events`."""
        work = self._inner.list_events(call, first, end)
        return await _within_plan(self._troubles, call.account, work)

    async def list_changes(
        self, call: Call, first: date, end: date, since: datetime
    ) -> Sequence[Event] | None:
        """See `CalendarProvider.list_changes`."""
        work = self._inner.list_changes(call, first, end, since)
        return await _within_plan(self._troubles, call.account, work)

    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        """See `CalendarProvider.set_participation`."""
        work = self._inner.set_participation(call, event, answer)
        return await _within_plan(self._troubles, call.account, work)


class WatchedPresence:
    """A presence provider, watched."""

    def __init__(self, inner: PresenceProvider, troubles: Troubles) -> None:
        self._inner = inner
        self._troubles = troubles

    @property
    def name(self) -> Provider:
        """See `PresenceProvider.name`."""
        return self._inner.name

    async def get_presence(self, call: Call) -> PresenceState:
        """See `PresenceProvider.get_presence`."""
        return await _within_plan(self._troubles, call.account, self._inner.get_presence(call))

    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        """See `PresenceProvider.set_presence`."""
        work = self._inner.set_presence(call, presence)
        return await _within_plan(self._troubles, call.account, work)


class WatchedDirectory:
    """A directory, watched."""

    def __init__(self, inner: Directory, troubles: Troubles) -> None:
        self._inner = inner
        self._troubles = troubles

    @property
    def name(self) -> Provider:
        """See `Directory.name`."""
        return self._inner.name

    async def member_of(self, account: Account) -> Member | None:
        """See `Directory.member_of`."""
        return await self._inner.member_of(account)

    async def names_of(self, call: Call, user_ids: Collection[str]) -> Mapping[str, str]:
        """See `Directory.names_of`; a success may come from memory, so it proves nothing."""
        try:
            return await self._inner.names_of(call, user_ids)
        except ProviderPlanError:
            self._troubles.planned(call.account, well=False)
            raise


class WatchedConsent:
    """Sign-in by button, watched."""

    def __init__(self, inner: Consent, troubles: Troubles) -> None:
        self._inner = inner
        self._troubles = troubles

    @property
    def name(self) -> Provider:
        """See `Consent.name`."""
        return self._inner.name

    @property
    def place(self) -> str:
        """See `Consent.place`."""
        return self._inner.place

    @property
    def asks_place(self) -> bool:
        """See `Consent.asks_place`."""
        return self._inner.asks_place

    @property
    def pages(self) -> Sequence[str]:
        """See `Consent.pages`."""
        return self._inner.pages

    def settle_place(self, typed: str) -> str:
        """See `Consent.settle_place`."""
        return self._inner.settle_place(typed)

    def page(self, place: str, state: str) -> str:
        """See `Consent.page`."""
        return self._inner.page(place, state)

    async def exchange(self, code: str, place: str, deadline: float) -> Granted:
        """See `Consent.exchange`."""
        return await self._as_application(self._inner.exchange(code, place, deadline))

    async def identify(self, granted: Granted, deadline: float) -> Standing:
        """See `Consent.identify`."""
        return await self._inner.identify(granted, deadline)

    async def renew(self, credentials: Credentials) -> Credentials:
        """See `Consent.renew`."""
        return await self._as_application(self._inner.renew(credentials))

    async def revoke(self, credentials: Credentials, deadline: float) -> bool:
        """See `Consent.revoke`."""
        try:
            return await self._inner.revoke(credentials, deadline)
        except ProviderRequestError:
            self._troubles.applied(self.name, well=False)
            raise

    async def _as_application(self, work: Awaitable[T]) -> T:
        """Where tokens are made, a request that is refused as ours is our id or secret."""
        try:
            done = await work
        except ProviderRequestError:
            self._troubles.applied(self.name, well=False)
            raise
        self._troubles.applied(self.name, well=True)
        return done


async def _within_plan(troubles: Troubles, account: Account, work: Awaitable[T]) -> T:
    try:
        done = await work
    except ProviderPlanError:
        troubles.planned(account, well=False)
        raise
    # A provider that has nothing to tell was not asked, and its plan may still not allow anything.
    if done is not None:
        troubles.planned(account, well=True)
    return done


if TYPE_CHECKING:
    _calendar: type[CalendarProvider] = WatchedCalendar
    _presence: type[PresenceProvider] = WatchedPresence
    _directory: type[Directory] = WatchedDirectory
    _consent: type[Consent] = WatchedConsent
