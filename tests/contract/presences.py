"""Presence systems for the suite of `PresenceProvider`: set up, and looked at past the port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from bot.clients.bitrix24.client import Bitrix24Client
from bot.domain.accounts import Account
from bot.domain.presence import Presence
from bot.domain.providers import Provider
from bot.ports import PresenceProvider
from bot.providers.bitrix24 import Bitrix24Presence
from bot.sandbox.bitrix24 import Portal
from bot.sandbox.company import ANN, BORIS
from tests.contract.bitrix24 import at_portal, portal_site
from tests.contract.providers import Site, account_of
from tests.fakes.calendars import FakeVendor, Trouble
from tests.fakes.clock import FakeClock
from tests.fakes.presences import FakePresence


class PresenceSubject(Protocol):
    """A presence system under test. All but `provider` goes past the port.

    Attributes:
        ann: Whose presence is set.
        other: Somebody else with an account.
        shown: What others really get to see there.
    """

    provider: PresenceProvider
    clock: FakeClock
    ann: Account
    other: Account
    shown: frozenset[Presence]
    secrets: tuple[str, ...]

    def held(self, account: Account) -> Presence | None:
        """What the vendor's own store holds."""
        ...

    def change(self, account: Account, presence: Presence) -> None:
        """The person sets it in another program."""
        ...

    def writes(self, account: Account) -> int:
        """How many settings the vendor has taken."""
        ...

    def asked(self) -> int:
        """How many requests have reached the vendor."""
        ...

    def after_next_write(self, act: Callable[[], None]) -> None:
        """Somebody else acts between a write and the look at it."""
        ...

    async def trouble(self, trouble: Trouble) -> None:
        """From now on something is wrong."""
        ...


class InMemory:
    """The fake that other tests may use in place of a vendor."""

    def __init__(self, clock: FakeClock) -> None:
        name = Provider.BITRIX24
        self.ann, self.other = account_of(ANN, name), account_of(BORIS, name)
        accounts = frozenset({self.ann, self.other})
        self._vendor = FakeVendor(name=name, clock=clock, accounts=accounts)
        self.shown = frozenset({Presence.ONLINE, Presence.DND})
        self._presence = FakePresence(vendor=self._vendor, shown=self.shown)
        self.provider: PresenceProvider = self._presence
        self.clock = clock
        self.secrets: tuple[str, ...] = ()

    def held(self, account: Account) -> Presence | None:
        return self._presence.held.get(account.account_id)

    def change(self, account: Account, presence: Presence) -> None:
        self._presence.held[account.account_id] = presence

    def writes(self, account: Account) -> int:
        return self._vendor.taken.count((account.account_id, "presence"))

    def asked(self) -> int:
        return self._vendor.asked

    def after_next_write(self, act: Callable[[], None]) -> None:
        self._vendor.after_next_write = act

    async def trouble(self, trouble: Trouble) -> None:
        self._vendor.trouble = trouble


class AtBitrix24:
    """Bitrix24's provider at a portal on loopback."""

    def __init__(self, portal: Portal, site: Site, client: Bitrix24Client) -> None:
        self._portal = portal
        self._site = site
        self.ann = account_of(ANN, Provider.BITRIX24)
        self.other = account_of(BORIS, Provider.BITRIX24)
        # The others are stored, and the current messenger does not display them.
        self.shown = frozenset({Presence.ONLINE})
        self.provider: PresenceProvider = Bitrix24Presence(client, site.accounts)
        self.clock = site.clock
        self.secrets = site.secrets
        self.after_next_write = site.after_next_write

    def held(self, account: Account) -> Presence | None:
        word = self._portal.presence_of(int(account.owner.user_id))
        return None if word is None else Presence(word)

    def change(self, account: Account, presence: Presence) -> None:
        self._portal.presence[int(account.owner.user_id)] = presence.value

    def writes(self, account: Account) -> int:
        return sum(
            str(write.user_id) == account.owner.user_id
            for write in self._portal.writes("im.user.status.set")
        )

    def asked(self) -> int:
        return self._portal.hits

    async def trouble(self, trouble: Trouble) -> None:
        await at_portal(self._portal, self._site, trouble)


@asynccontextmanager
async def in_memory() -> AsyncIterator[PresenceSubject]:
    yield InMemory(FakeClock())


@asynccontextmanager
async def at_bitrix24() -> AsyncIterator[PresenceSubject]:
    async with portal_site(
        (ANN, BORIS), write="im.user.status.set", read_back="im.user.status.get", looks=1
    ) as (portal, site, client):
        yield AtBitrix24(portal, site, client)
