"""What the suites of calendar and presence providers share: people, sites, and trouble."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from aiohttp import web

from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderPermissionError,
    RateLimitedError,
)
from bot.ports import Call, Clock
from bot.sandbox.company import ANN, Colleague
from bot.sandbox.faults import Fault, FaultRule, Faults
from bot.sandbox.server import Gate, SandboxServer
from bot.storage.memory import FixedAccounts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from tests.fakes.calendars import Trouble
from tests.fakes.clock import FakeClock

NO_LIMIT = 100_000
PATIENCE = 25.0
"""Seconds that a command has."""

REFUSALS: Mapping[Trouble, type[ProviderError]] = {
    Trouble.SIGNED_OUT: ProviderAuthError,
    Trouble.BUSY: RateLimitedError,
    Trouble.NO_RIGHT: ProviderPermissionError,
}
"""Trouble in which the vendor says no, and what has to be made of it."""


def account_of(person: Colleague, provider: Provider) -> Account:
    return Account(
        account_id=f"{provider}-{person.handle}",
        owner=Identity(platform=Platform.TELEGRAM, user_id=str(person.user_id)),
        provider=provider,
    )


def stranger_at(provider: Provider) -> Account:
    """An account of Ann's that is not linked (any more)."""
    owner = account_of(ANN, provider).owner
    return Account(account_id="unlinked", owner=owner, provider=provider)


def call_of(account: Account, clock: Clock, *, patience: float = PATIENCE) -> Call:
    return Call(account=account, deadline=clock.monotonic() + patience)


class Emulated(Protocol):
    """What all emulators of vendors have."""

    faults: Faults

    def hold(self, operation: str, who: str | None = None) -> Gate:
        """Hold answers back."""
        ...


Rules: TypeAlias = Mapping[Trouble, Callable[[], list[FaultRule]]]


@dataclass(slots=True, kw_only=True)
class Site:
    """An emulator behind a socket, and a way to it."""

    emulator: Emulated
    transport: AiohttpTransport
    clock: FakeClock
    accounts: FixedAccounts
    secrets: tuple[str, ...]
    write: str
    """The vendor's name of the operation that writes."""
    read_back: str
    looks: int
    """How often a write reads by that operation before it writes."""
    _server: AsyncExitStack
    _others: list[asyncio.Task[None]] = field(default_factory=list)

    async def hang_up(self) -> None:
        """Nobody listens any more; what the emulator holds can still be looked at."""
        await self._server.aclose()

    def after_next_write(self, act: Callable[[], None]) -> None:
        """Somebody else acts after a write was carried out and before it is answered."""
        gate = self.emulator.hold(self.write)

        async def other() -> None:
            await gate.reached.wait()
            act()
            gate.opened.set()

        self._others.append(asyncio.create_task(other()))

    async def trouble(self, trouble: Trouble) -> None:
        """Trouble that has nothing to do with the vendor's own codes."""
        lost = FaultRule(fault=Fault.CUT_AFTER, operation=self.write, times=None)
        blind = FaultRule(
            fault=Fault.HTML_502, operation=self.read_back, skip=self.looks, times=None
        )
        rules = {
            Trouble.BUSY: [FaultRule(fault=Fault.RATE_LIMITED_429, times=None)],
            Trouble.LOST_BEFORE: [FaultRule(fault=Fault.CUT_BEFORE, operation=self.write)],
            Trouble.LOST_AFTER: [lost],
            Trouble.LOST_FROM_SIGHT: [lost, blind],
            Trouble.NEVER_VISIBLE: [
                FaultRule(fault=Fault.NEVER_APPLIED, operation=self.write, times=None)
            ],
        }
        if trouble is Trouble.UNREACHABLE:
            await self.hang_up()
            return
        for rule in rules[trouble]:
            self.emulator.faults.add(rule)

    async def close(self) -> None:
        """Everybody has done what they came for."""
        for other in self._others:
            other.cancel()
        await asyncio.gather(*self._others, return_exceptions=True)


@asynccontextmanager
async def site_of(
    emulator: Emulated,
    app: web.Application,
    clock: FakeClock,
    *,
    write: str,
    read_back: str,
    looks: int = 0,
    accounts: Callable[[str], Mapping[Account, Credentials]],
) -> AsyncIterator[Site]:
    """Serve an emulator; `accounts` says who has which key, given its address."""
    async with AsyncExitStack() as server:
        url = (await server.enter_async_context(SandboxServer(app))).url
        guard = AddressGuard({url.removeprefix("http://")})
        keys = accounts(url)
        secrets = {
            secret
            for key in keys.values()
            for secret in (
                key.endpoint.removeprefix(url).strip("/").rpartition("/")[2],
                key.access_token,
            )
            if secret
        }
        # Whoever hangs up here has done so a while ago: no connection is left of before.
        async with AiohttpTransport(timer=clock, guard=guard, fresh=1e-9) as transport:
            site = Site(
                emulator=emulator,
                transport=transport,
                clock=clock,
                accounts=FixedAccounts(keys),
                secrets=(*secrets, url.removeprefix("http://")),
                write=write,
                read_back=read_back,
                looks=looks,
                _server=server,
            )
            try:
                yield site
            finally:
                await site.close()
