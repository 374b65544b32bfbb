"""From settings to a pipeline: clients → providers → services → dispatch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import handlers
from bot.app.applications import Applications, build_consents
from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.cronofy.client import CronofyClient, limit_of
from bot.commands import Services
from bot.dispatch import Dispatcher
from bot.dispatch.calendar_sweep import CalendarSweep
from bot.dispatch.card_sweep import CardSweep
from bot.dispatch.follow_ups import FollowUpRunner
from bot.dispatch.lanes import Lanes
from bot.dispatch.patience import Patience
from bot.dispatch.pipeline import Defaults
from bot.dispatch.presence_sweep import PresenceSweep
from bot.dispatch.reading import Reader
from bot.domain.chat import IncomingMessage, Platform
from bot.domain.providers import Provider
from bot.ports import (
    AccountBook,
    AccountStore,
    AutomationBook,
    CalendarProvider,
    ChatPlatform,
    Clock,
    Directory,
    GroupCardBook,
    Groups,
    PresenceBook,
    PresenceProvider,
    Sealer,
    SignInAttempts,
    Store,
    TroubleLog,
)
from bot.providers.bitrix24 import (
    Bitrix24Calendar,
    Bitrix24Directory,
    Bitrix24Presence,
    Bitrix24SignIn,
)
from bot.providers.cronofy import CronofyCalendar, CronofySignIn
from bot.services.access import Admission, AllowList
from bot.services.account_stores import LinkedBeforeFixed
from bot.services.agenda import Agenda
from bot.services.answers import Answers
from bot.services.automations import Automations
from bot.services.calendar_watch import CalendarWatch
from bot.services.event_names import EventNames
from bot.services.group_cards import GroupCards
from bot.services.groups import GroupChats
from bot.services.keeping import Keeper
from bot.services.linking import Linking
from bot.services.memory import Memory
from bot.services.personal import PersonalData
from bot.services.preferences import Preferences
from bot.services.presences import Presences
from bot.services.replies import StoredReplies
from bot.services.resolver import Resolver
from bot.services.rosters import Rosters
from bot.services.sign_in_news import SignInNews
from bot.services.sign_ins import SignIns
from bot.services.tokens import TokenService
from bot.services.troubles import ForgetfulLog, Troubles
from bot.services.watched import (
    WatchedCalendar,
    WatchedConsent,
    WatchedDirectory,
    WatchedPresence,
)
from bot.transport.limits import Limiters
from bot.transport.messages import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The vendors' limits that we keep ourselves."""

    bitrix24_rate: float = 2.0
    bitrix24_burst: int = 50
    cronofy_rate: float = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The pipeline, and what the web pages need of it."""

    dispatcher: Dispatcher
    sign_ins: SignIns
    presence_sweep: PresenceSweep
    calendar_sweep: CalendarSweep
    card_sweep: CardSweep
    groups: GroupChats


def build_core(
    *,
    transport: Transport,
    addresses: PortalAddresses,
    limits: Limits,
    store: Store,
    accounts: AccountStore,
    book: AccountBook,
    sealer: Sealer,
    attempts: SignInAttempts,
    presence_book: PresenceBook,
    automation_book: AutomationBook,
    card_book: GroupCardBook,
    group_book: Groups,
    applications: Applications,
    platforms: Mapping[Platform, ChatPlatform],
    access: AllowList,
    defaults: Defaults,
    clock: Clock,
    trouble_log: TroubleLog | None = None,
) -> Core:
    """Wire the pipeline.

    `accounts` are those that nobody has to link. `platforms` is looked at when the first message
    comes, so it may be filled after this call. Without `trouble_log` what the owner was told is
    forgotten at the end.
    """
    bitrix24, cronofy = _clients(transport, addresses, limits, clock)
    portals = Bitrix24SignIn(bitrix24, addresses)
    services_behind = CronofySignIn(cronofy, applications.cronofy_api)
    memory = Memory(store)
    troubles = Troubles(
        owner=access.owner,
        log=trouble_log or ForgetfulLog(),
        platforms=platforms,
        people=store,
        memory=memory,
        clock=clock,
        default_language=defaults.language,
    )
    offered = build_consents(
        applications,
        transport=transport,
        addresses=addresses,
        bitrix24=portals,
        cronofy=services_behind,
        clock=clock,
    )
    consents = {name: WatchedConsent(consent, troubles) for name, consent in offered.items()}
    tokens = TokenService(book, renewers=consents, clock=clock, troubles=troubles)
    accounts = LinkedBeforeFixed(tokens, accounts)
    presences: dict[Provider, PresenceProvider] = {
        Provider.BITRIX24: WatchedPresence(Bitrix24Presence(bitrix24, accounts), troubles)
    }
    keeper = Keeper(book=presence_book, providers=presences, accounts=accounts, clock=clock)
    directories: dict[Provider, Directory] = {
        Provider.BITRIX24: WatchedDirectory(Bitrix24Directory(bitrix24, accounts, clock), troubles)
    }
    cards = GroupCards(book=card_book, directories=directories, accounts=accounts, clock=clock)
    groups = GroupChats(
        groups=group_book, cards=cards, people=store, platforms=platforms, clock=clock
    )
    linking = Linking(
        book=book,
        accounts=accounts,
        sign_ins={Provider.BITRIX24: portals, Provider.CRONOFY: services_behind},
        consents=consents,
        platforms=platforms,
        sealer=sealer,
        leaving=keeper.leave,
        left=cards.left,
        clock=clock,
    )

    async def receive(messages: Sequence[IncomingMessage]) -> None:
        await dispatcher.receive(messages)

    sign_ins = SignIns(
        attempts=attempts,
        linking=linking,
        news=SignInNews(
            attempts=attempts,
            journal=store,
            people=store,
            platforms=platforms,
            receive=receive,
            clock=clock,
        ),
        clock=clock,
        public_url=applications.public_url,
    )
    calendars: dict[Provider, CalendarProvider] = {
        calendar.name: WatchedCalendar(calendar, troubles)
        for calendar in (
            Bitrix24Calendar(bitrix24, accounts, clock),
            CronofyCalendar(cronofy, accounts, clock),
        )
    }
    names = EventNames(store, accounts)
    agenda = Agenda(calendars=calendars, accounts=accounts, names=names, clock=clock)
    watch = CalendarWatch(
        book=automation_book,
        keeper=keeper,
        calendars=calendars,
        accounts=accounts,
        people=store,
        clock=clock,
        default_timezone=defaults.timezone,
    )
    answers = Answers(
        calendars=calendars,
        accounts=accounts,
        names=names,
        inbox=store,
        journal=store,
        clock=clock,
        answered=watch.consider,
        written=cards.saw,
    )
    rosters = Rosters(
        answers=answers, calendars=calendars, directories=directories, accounts=accounts
    )
    services = Services(
        answers=answers,
        presences=Presences(keeper=keeper, accounts=accounts, inbox=store, clock=clock),
        automations=Automations(
            book=automation_book, keeper=keeper, accounts=accounts, clock=clock
        ),
        replies=StoredReplies(store),
        linking=linking,
        sign_ins=sign_ins,
        personal=PersonalData(
            store=store,
            sign_ins=sign_ins,
            presences=presence_book,
            automations=automation_book,
            cards=card_book,
            clock=clock,
        ),
        agenda=agenda,
        resolver=Resolver(answers=answers, agenda=agenda, names=names, memory=memory, clock=clock),
        memory=memory,
        preferences=Preferences(
            people=store, language=defaults.language, timezone=defaults.timezone
        ),
        cards=cards,
        rosters=rosters,
        groups=groups,
        clock=clock,
    )
    router = handlers.router()
    lanes = Lanes()
    follow_ups = FollowUpRunner(
        store=store,
        accounts=accounts,
        calendars=calendars,
        platforms=platforms,
        lanes=lanes,
        clock=clock,
        written=cards.saw,
        default_language=defaults.language,
    )
    sweep = PresenceSweep(
        book=presence_book,
        automations=automation_book,
        keeper=keeper,
        people=store,
        platforms=platforms,
        memory=memory,
        clock=clock,
        default_language=defaults.language,
    )
    dispatcher = Dispatcher(
        store=store,
        platforms=platforms,
        router=router,
        services=services,
        admission=Admission(
            access, people=store, groups=group_book, platforms=platforms, clock=clock
        ),
        follow_ups=follow_ups,
        lanes=lanes,
        patience=Patience(
            store=store,
            platforms=platforms,
            clock=clock,
            default_language=defaults.language,
            troubles=troubles,
        ),
        reader=Reader(
            store=store,
            platforms=platforms,
            router=router,
            memory=memory,
            cards=cards,
            clock=clock,
        ),
        clock=clock,
        defaults=defaults,
    )
    return Core(
        dispatcher=dispatcher,
        sign_ins=sign_ins,
        presence_sweep=sweep,
        calendar_sweep=CalendarSweep(book=automation_book, watch=watch, keeper=keeper, clock=clock),
        card_sweep=CardSweep(
            book=card_book,
            cards=cards,
            rosters=rosters,
            groups=groups,
            accounts=accounts,
            people=store,
            platforms=platforms,
            clock=clock,
            default_language=defaults.language,
        ),
        groups=groups,
    )


def _clients(
    transport: Transport, addresses: PortalAddresses, limits: Limits, clock: Clock
) -> tuple[Bitrix24Client, CronofyClient]:
    bitrix24 = Bitrix24Client(
        transport=transport,
        limiters=Limiters(rate=limits.bitrix24_rate, burst=limits.bitrix24_burst, timer=clock),
        addresses=addresses,
        timer=clock,
        unix_time=lambda: clock.now().timestamp(),
    )
    cronofy = CronofyClient(
        transport=transport, limit=limit_of(limits.cronofy_rate, clock), timer=clock
    )
    return bitrix24, cronofy
