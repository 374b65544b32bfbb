"""From settings to providers: clients → sign-in → accounts → calendars, presence, names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from bot.app.applications import Applications, build_consents
from bot.app.stores import Stores
from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.cronofy.client import CronofyClient, limit_of
from bot.domain.providers import Provider
from bot.ports import (
    AccountStore,
    CalendarProvider,
    Clock,
    Consent,
    Directory,
    PresenceProvider,
    SignIn,
)
from bot.providers.bitrix24 import (
    Bitrix24Calendar,
    Bitrix24Directory,
    Bitrix24Presence,
    Bitrix24SignIn,
)
from bot.providers.cronofy import CronofyCalendar, CronofySignIn
from bot.services.account_stores import LinkedBeforeFixed
from bot.services.tokens import TokenService
from bot.services.troubles import Troubles
from bot.services.watched import (
    WatchedCalendar,
    WatchedConsent,
    WatchedDirectory,
    WatchedPresence,
)
from bot.transport.limits import Limiters
from bot.transport.messages import Transport
from bot.web.counts import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that we keep: those of the vendors, and for people and groups, a minute."""

    bitrix24_rate: float = 2.0
    bitrix24_burst: int = 50
    cronofy_rate: float = 500.0
    person_rate: float = 30.0
    group_rate: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """All that is done at providers, and the accounts that it is done with."""

    accounts: AccountStore
    tokens: TokenService
    sign_ins: Mapping[Provider, SignIn]
    consents: Mapping[Provider, Consent]
    calendars: Mapping[Provider, CalendarProvider]
    presences: Mapping[Provider, PresenceProvider]
    directories: Mapping[Provider, Directory]


def build_vendors(
    *,
    transport: Transport,
    addresses: PortalAddresses,
    limits: Limits,
    applications: Applications,
    stores: Stores,
    fixed: AccountStore,
    troubles: Troubles,
    clock: Clock,
    counts: Counts,
) -> Vendors:
    """Wire the providers. `fixed` are the accounts that nobody has to link."""
    bitrix24, cronofy = _clients(transport, addresses, limits, clock, counts)
    portals = Bitrix24SignIn(bitrix24, addresses)
    calendar_services = CronofySignIn(cronofy, applications.cronofy_api)
    offered = build_consents(
        applications,
        transport=transport,
        addresses=addresses,
        bitrix24=portals,
        cronofy=calendar_services,
        clock=clock,
        meter=counts,
    )
    consents = {name: WatchedConsent(consent, troubles) for name, consent in offered.items()}
    tokens = TokenService(
        stores.book, renewers=consents, clock=clock, troubles=troubles, metrics=counts
    )
    accounts = LinkedBeforeFixed(tokens, fixed)
    calendars = (
        Bitrix24Calendar(bitrix24, accounts, clock),
        CronofyCalendar(cronofy, accounts, clock),
    )
    return Vendors(
        accounts=accounts,
        tokens=tokens,
        sign_ins={Provider.BITRIX24: portals, Provider.CRONOFY: calendar_services},
        consents=consents,
        calendars={calendar.name: WatchedCalendar(calendar, troubles) for calendar in calendars},
        presences={
            Provider.BITRIX24: WatchedPresence(Bitrix24Presence(bitrix24, accounts), troubles)
        },
        directories={
            Provider.BITRIX24: WatchedDirectory(
                Bitrix24Directory(bitrix24, accounts, clock), troubles
            )
        },
    )


def _clients(
    transport: Transport,
    addresses: PortalAddresses,
    limits: Limits,
    clock: Clock,
    counts: Counts,
) -> tuple[Bitrix24Client, CronofyClient]:
    bitrix24 = Bitrix24Client(
        transport=transport,
        limiters=Limiters(
            rate=limits.bitrix24_rate,
            burst=limits.bitrix24_burst,
            timer=clock,
            waited=partial(counts.waited, Provider.BITRIX24.value),
        ),
        addresses=addresses,
        timer=clock,
        unix_time=lambda: clock.now().timestamp(),
        meter=counts,
    )
    cronofy = CronofyClient(
        transport=transport,
        limit=limit_of(
            limits.cronofy_rate, clock, waited=partial(counts.waited, Provider.CRONOFY.value)
        ),
        timer=clock,
        meter=counts,
    )
    return bitrix24, cronofy
