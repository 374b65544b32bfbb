"""The use cases, wired on the providers and on what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.app.applications import Applications
from bot.app.stores import Stores
from bot.app.vendors import Vendors
from bot.commands import Services
from bot.dispatch.pipeline import Defaults
from bot.domain.chat import Identity, Platform
from bot.domain.participation import Event
from bot.ports import ChatPlatform, Clock, Receive
from bot.services.access import AllowList
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
from bot.services.troubles import Troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pipeline is made of, and everything in it is given."""

    stores: Stores
    vendors: Vendors
    platforms: Mapping[Platform, ChatPlatform]
    memory: Memory
    keeper: Keeper
    watch: CalendarWatch
    cards: GroupCards
    groups: GroupChats
    applications: Applications
    access: AllowList
    troubles: Troubles
    defaults: Defaults
    clock: Clock


def build_services(parts: Parts, receive: Receive) -> Services:
    """Wire what handlers may call. `receive` takes in what somebody says as if said now."""
    stores, vendors, clock = parts.stores, parts.vendors, parts.clock
    names = EventNames(stores.store, vendors.accounts)
    agenda = Agenda(
        calendars=vendors.calendars, accounts=vendors.accounts, names=names, clock=clock
    )

    async def answered(owner: Identity, event: Event) -> None:
        agenda.answered(event)
        await parts.watch.consider(owner, event)

    answers = Answers(
        calendars=vendors.calendars,
        accounts=vendors.accounts,
        names=names,
        inbox=stores.store,
        journal=stores.store,
        clock=clock,
        answered=answered,
        written=parts.cards.saw,
    )
    sign_ins = _sign_ins(parts, receive)
    return Services(
        answers=answers,
        presences=Presences(
            keeper=parts.keeper, accounts=vendors.accounts, inbox=stores.store, clock=clock
        ),
        automations=Automations(
            book=stores.automations, keeper=parts.keeper, accounts=vendors.accounts, clock=clock
        ),
        replies=StoredReplies(stores.store),
        linking=sign_ins.linking,
        sign_ins=sign_ins,
        personal=PersonalData(
            store=stores.store,
            sign_ins=sign_ins,
            presences=stores.presences,
            automations=stores.automations,
            cards=stores.group_cards,
            clock=clock,
        ),
        preferences=Preferences(
            people=stores.store,
            language=parts.defaults.language,
            timezone=parts.defaults.timezone,
        ),
        agenda=agenda,
        resolver=Resolver(
            answers=answers, agenda=agenda, names=names, memory=parts.memory, clock=clock
        ),
        memory=parts.memory,
        cards=parts.cards,
        rosters=Rosters(
            answers=answers,
            calendars=vendors.calendars,
            directories=vendors.directories,
            accounts=vendors.accounts,
        ),
        groups=parts.groups,
        clock=clock,
    )


def _sign_ins(parts: Parts, receive: Receive) -> SignIns:
    stores, vendors, clock = parts.stores, parts.vendors, parts.clock
    linking = Linking(
        book=stores.book,
        accounts=vendors.accounts,
        sign_ins=vendors.sign_ins,
        consents=vendors.consents,
        platforms=parts.platforms,
        sealer=stores.sealer,
        leaving=parts.keeper.leave,
        left=parts.cards.left,
        clock=clock,
    )
    return SignIns(
        attempts=stores.sign_ins,
        linking=linking,
        news=SignInNews(
            attempts=stores.sign_ins,
            journal=stores.store,
            people=stores.store,
            platforms=parts.platforms,
            receive=receive,
            clock=clock,
        ),
        clock=clock,
        public_url=parts.applications.public_url,
    )
