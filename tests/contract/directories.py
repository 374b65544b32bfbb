"""Directories for the suite of `Directory`: set up, and looked at past the port."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.client import Bitrix24Client
from bot.domain.accounts import Account, Credentials
from bot.domain.meetings import Member
from bot.domain.providers import Provider
from bot.ports import Directory
from bot.providers.bitrix24 import Bitrix24Directory
from bot.sandbox.bitrix24 import Portal
from bot.sandbox.company import ANN, BORIS, PEOPLE
from bot.storage.memory import FixedAccounts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.limits import Limiters
from tests.contract.bitrix24 import at_portal, portal_site
from tests.contract.providers import NO_LIMIT, Site, account_of
from tests.fakes.calendars import FakeVendor, Trouble
from tests.fakes.clock import FakeClock
from tests.fakes.directory import FakeDirectory

LIST = "im.user.list.get"


class DirectorySubject(Protocol):
    """A directory under test, of the company's people. All but `directory` goes past the port.

    Attributes:
        ann: In whose name it is asked.
        other: Somebody else with an account at the same place.
        place: Where both are.
    """

    directory: Directory
    clock: FakeClock
    ann: Account
    other: Account
    place: str
    secrets: tuple[str, ...]

    def rename(self, user_id: str, name: str) -> None:
        """Somebody is called otherwise from now on, or not at all."""
        ...

    def asked(self) -> int:
        """How many requests have reached the vendor."""
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
        self._directory = FakeDirectory(
            vendor=self._vendor,
            user_ids={account.account_id: account.owner.user_id for account in accounts},
            names={str(person.user_id): person.full_name for person in PEOPLE},
        )
        self.directory: Directory = self._directory
        self.clock = clock
        self.place = self._directory.place
        self.secrets: tuple[str, ...] = ()

    def rename(self, user_id: str, name: str) -> None:
        self._directory.names[user_id] = name

    def asked(self) -> int:
        return self._vendor.asked

    async def trouble(self, trouble: Trouble) -> None:
        self._vendor.trouble = trouble


class AtBitrix24:
    """Bitrix24's directory at a portal on loopback."""

    def __init__(self, portal: Portal, site: Site, client: Bitrix24Client, place: str) -> None:
        self.portal = portal
        self.client = client
        self.site = site
        self.ann = account_of(ANN, Provider.BITRIX24)
        self.other = account_of(BORIS, Provider.BITRIX24)
        self.directory: Directory = Bitrix24Directory(client, site.accounts, site.clock)
        self.clock = site.clock
        self.place = place
        self.secrets = site.secrets

    def rename(self, user_id: str, name: str) -> None:
        user = self.portal.users[int(user_id)]
        user.name, _, user.last_name = name.partition(" ")

    def asked(self) -> int:
        return self.portal.hits

    async def trouble(self, trouble: Trouble) -> None:
        await at_portal(self.portal, self.site, trouble)

    def member(self, user_id: int) -> Member:
        """Somebody of this portal."""
        return Member(provider=Provider.BITRIX24, place=self.place, user_id=str(user_id))


@asynccontextmanager
async def in_memory() -> AsyncIterator[DirectorySubject]:
    yield InMemory(FakeClock())


@asynccontextmanager
async def at_bitrix24() -> AsyncIterator[AtBitrix24]:
    async with portal_site((ANN, BORIS), write=LIST, read_back=LIST) as (portal, site, client):
        opened = await site.accounts.credentials(account_of(ANN, Provider.BITRIX24))
        place = opened.endpoint.removeprefix("http://").partition("/")[0]
        yield AtBitrix24(portal, site, client, place)


@asynccontextmanager
async def directory_of(
    accounts: Mapping[Account, Credentials], clock: FakeClock, portals: Iterable[str]
) -> AsyncIterator[tuple[Bitrix24Directory, Bitrix24Client]]:
    """A directory for accounts at several portals, and the client that it asks."""
    addresses = PortalAddresses(operator_urls=portals)
    async with AiohttpTransport(timer=clock, guard=AddressGuard(addresses.listed)) as transport:
        client = Bitrix24Client(
            transport=transport,
            limiters=Limiters(rate=NO_LIMIT, burst=NO_LIMIT, timer=clock),
            addresses=addresses,
            timer=clock,
        )
        yield Bitrix24Directory(client, FixedAccounts(accounts), clock), client
