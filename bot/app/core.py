"""From settings to a pipeline: providers → services → dispatch."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import handlers
from bot.app.applications import Applications
from bot.app.services import Parts, build_services
from bot.app.stores import Stores
from bot.app.vendors import Limits, build_vendors
from bot.clients.bitrix24.address import PortalAddresses
from bot.commands import Services
from bot.dispatch import Dispatcher
from bot.dispatch.calendar_sweep import CalendarSweep
from bot.dispatch.card_sweep import CardSweep
from bot.dispatch.command_log import CommandLog
from bot.dispatch.follow_ups import FollowUpRunner
from bot.dispatch.gate import Gate
from bot.dispatch.lanes import Lanes
from bot.dispatch.patience import Patience
from bot.dispatch.pipeline import Defaults
from bot.dispatch.presence_sweep import PresenceSweep
from bot.dispatch.reading import Reader
from bot.domain.chat import IncomingMessage, Platform
from bot.ports import AccountStore, ChatPlatform, Clock
from bot.services.access import Admission, AllowList
from bot.services.calendar_watch import CalendarWatch
from bot.services.group_cards import GroupCards
from bot.services.groups import GroupChats
from bot.services.keeping import Keeper
from bot.services.memory import Memory
from bot.services.rosters import Rosters
from bot.services.sign_ins import SignIns
from bot.services.tokens import TokenService
from bot.services.troubles import Troubles
from bot.transport.messages import Transport
from bot.web.counts import Counts

RENEWALS_GRACE = 12.0
"""Seconds; with those for commands, less than what the service manager leaves us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The pipeline, and what works beside it."""

    dispatcher: Dispatcher
    sign_ins: SignIns
    groups: GroupChats
    presence_sweep: PresenceSweep
    calendar_sweep: CalendarSweep
    card_sweep: CardSweep
    tokens: TokenService

    async def stop(self, grace: float) -> None:
        """Finish what is in hand within `grace` seconds, and then what renewals are under way."""
        await self.dispatcher.stop(grace)
        await self.tokens.drain(RENEWALS_GRACE)

    async def run_beside(self) -> None:
        """Do what is due at its moment, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.intake.run())
            tasks.create_task(self.dispatcher.follow_ups.run())
            tasks.create_task(self.presence_sweep.run())
            tasks.create_task(self.calendar_sweep.run())
            tasks.create_task(self.card_sweep.run())


def build_core(
    *,
    transport: Transport,
    addresses: PortalAddresses,
    limits: Limits,
    stores: Stores,
    accounts: AccountStore,
    applications: Applications,
    platforms: Mapping[Platform, ChatPlatform],
    access: AllowList,
    defaults: Defaults,
    clock: Clock,
    counts: Counts | None = None,
) -> Core:
    """Wire the pipeline.

    `accounts` are those that nobody has to link. `platforms` is looked at when the first message
    comes, so it may be filled after this call. `counts` takes note of what happens.
    """
    counts = counts or Counts()
    memory = Memory(stores.store)
    troubles = Troubles(
        owner=access.owner,
        log=stores.troubles,
        platforms=platforms,
        people=stores.store,
        memory=memory,
        clock=clock,
        default_language=defaults.language,
    )
    vendors = build_vendors(
        transport=transport,
        addresses=addresses,
        limits=limits,
        applications=applications,
        stores=stores,
        fixed=accounts,
        troubles=troubles,
        clock=clock,
        counts=counts,
    )
    keeper = Keeper(
        book=stores.presences,
        providers=vendors.presences,
        accounts=vendors.accounts,
        clock=clock,
    )
    cards = GroupCards(
        book=stores.group_cards,
        directories=vendors.directories,
        accounts=vendors.accounts,
        clock=clock,
    )
    parts = Parts(
        stores=stores,
        vendors=vendors,
        platforms=platforms,
        memory=memory,
        keeper=keeper,
        watch=CalendarWatch(
            book=stores.automations,
            keeper=keeper,
            calendars=vendors.calendars,
            accounts=vendors.accounts,
            people=stores.store,
            clock=clock,
            default_timezone=defaults.timezone,
        ),
        cards=cards,
        groups=GroupChats(
            groups=stores.groups,
            cards=cards,
            people=stores.store,
            platforms=platforms,
            clock=clock,
        ),
        applications=applications,
        access=access,
        troubles=troubles,
        defaults=defaults,
        clock=clock,
    )

    async def receive(messages: Sequence[IncomingMessage]) -> None:
        await dispatcher.receive(messages)

    services = build_services(parts, receive)
    dispatcher = _dispatcher(parts, services, limits, CommandLog(counts, clock))
    return Core(
        dispatcher=dispatcher,
        sign_ins=services.sign_ins,
        groups=parts.groups,
        presence_sweep=_presence_sweep(parts),
        calendar_sweep=CalendarSweep(
            book=stores.automations, watch=parts.watch, keeper=keeper, clock=clock
        ),
        card_sweep=_card_sweep(parts, services.rosters),
        tokens=vendors.tokens,
    )


def _dispatcher(
    parts: Parts, services: Services, limits: Limits, command_log: CommandLog
) -> Dispatcher:
    store, platforms, clock = parts.stores.store, parts.platforms, parts.clock
    router, claims = handlers.router(), parts.stores.claims
    lanes = Lanes(claims)
    return Dispatcher(
        store=store,
        platforms=platforms,
        router=router,
        services=services,
        admission=Admission(
            parts.access,
            people=store,
            groups=parts.stores.groups,
            platforms=platforms,
            clock=clock,
        ),
        follow_ups=FollowUpRunner(
            store=store,
            accounts=parts.vendors.accounts,
            calendars=parts.vendors.calendars,
            platforms=platforms,
            lanes=lanes,
            claims=claims,
            clock=clock,
            written=parts.cards.saw,
            default_language=parts.defaults.language,
        ),
        lanes=lanes,
        claims=claims,
        gate=Gate(
            inbox=store,
            platforms=platforms,
            person_rate=limits.person_rate,
            group_rate=limits.group_rate,
            clock=clock,
            default_language=parts.defaults.language,
        ),
        patience=Patience(
            store=store,
            platforms=platforms,
            clock=clock,
            default_language=parts.defaults.language,
            troubles=parts.troubles,
        ),
        reader=Reader(
            store=store,
            platforms=platforms,
            router=router,
            memory=parts.memory,
            cards=parts.cards,
            clock=clock,
        ),
        clock=clock,
        defaults=parts.defaults,
        command_log=command_log,
    )


def _presence_sweep(parts: Parts) -> PresenceSweep:
    return PresenceSweep(
        book=parts.stores.presences,
        automations=parts.stores.automations,
        keeper=parts.keeper,
        people=parts.stores.store,
        platforms=parts.platforms,
        memory=parts.memory,
        clock=parts.clock,
        default_language=parts.defaults.language,
    )


def _card_sweep(parts: Parts, rosters: Rosters) -> CardSweep:
    return CardSweep(
        book=parts.stores.group_cards,
        cards=parts.cards,
        rosters=rosters,
        groups=parts.groups,
        accounts=parts.vendors.accounts,
        people=parts.stores.store,
        platforms=parts.platforms,
        clock=parts.clock,
        default_language=parts.defaults.language,
    )
