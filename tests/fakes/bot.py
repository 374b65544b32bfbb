"""The whole bot between a scripted chat system and a real sandbox portal, as a test talks to it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from markupsafe import Markup

from bot.app.applications import Applications
from bot.app.core import Core, build_core
from bot.app.vendors import Limits
from bot.clients.bitrix24 import oauth as bitrix24_oauth
from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.oauth_servers import TokenServers
from bot.clients.cronofy import oauth as cronofy_oauth
from bot.dispatch import Dispatcher
from bot.dispatch.calendar_sweep import CalendarSweep
from bot.dispatch.card_sweep import CardSweep
from bot.dispatch.pipeline import Defaults
from bot.dispatch.presence_sweep import PresenceSweep
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform, Press, Reply
from bot.domain.providers import Provider
from bot.ports import AccountStore, ChatPlatform, Claims, Store
from bot.sandbox.bitrix24 import Portal, oauth_app, portal_app, seed_company
from bot.sandbox.company import ANN, PEOPLE, Colleague
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.model import SANDBOX_APPLICATION
from bot.sandbox.cronofy.seed import ANN_ACCOUNT
from bot.sandbox.server import SandboxServer
from bot.services.access import AllowList
from bot.services.groups import GroupChats
from bot.services.sign_ins import SignIns
from bot.storage.alone import Alone
from bot.storage.memory import FixedAccounts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.messages import Transport
from bot.web.counts import Counts
from tests.fakes.account_book import MemoryBook
from tests.fakes.clock import FakeClock
from tests.fakes.group_cards import MemoryGroupCards
from tests.fakes.platform import FakePlatform
from tests.fakes.presence_book import MemoryAutomations, MemoryPresenceBook
from tests.fakes.sign_ins import MemorySignIns
from tests.fakes.store import MemoryStore
from tests.fakes.stores import memory_stores

CLIENT_ID, CLIENT_SECRET = "local.5f3a", "client-secret-of-the-portal-app"
FAST = Limits(
    bitrix24_rate=100_000,
    bitrix24_burst=100_000,
    cronofy_rate=100_000,
    person_rate=100_000,
    group_rate=100_000,
)


def identity_of(colleague: Colleague) -> Identity:
    return Identity(
        platform=Platform.TELEGRAM,
        user_id=str(colleague.user_id),
        display_name=colleague.full_name,
    )


@dataclass(slots=True, kw_only=True)
class Bot:
    """A running bot, with what a test needs to look behind it."""

    core: Core
    dispatcher: Dispatcher
    chat: FakePlatform
    portal: Portal
    portal_url: str
    cronofy: Cronofy
    clock: FakeClock
    store: Store
    book: MemoryBook
    sign_ins: SignIns
    presence_sweep: PresenceSweep
    calendar_sweep: CalendarSweep
    card_sweep: CardSweep
    cards: MemoryGroupCards
    groups: GroupChats
    presence_book: MemoryPresenceBook
    automation_book: MemoryAutomations
    counts: Counts

    async def say(
        self,
        text: str,
        *,
        who: Colleague = ANN,
        language: str = "en",
        group: str | None = None,
        age: float = 0.0,
        reply_to: str | None = None,
    ) -> Sequence[Reply]:
        """Say something and wait for all replies to it."""
        message = self.chat.message(
            identity_of(who), text, language=language, group=group, age=age, reply_to=reply_to
        )
        before = len(self.chat.posted)
        await self.dispatcher.receive([message])
        await self.dispatcher.drain()
        return [delivery.reply for _, delivery in self.chat.posted[before:]]

    async def wait(self, seconds: float) -> Sequence[Reply]:
        """Let time pass and everything happen that is due by then; what was said meanwhile."""
        before, end = len(self.chat.posted), self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            due = (
                await self.presence_book.next_due(),
                await self.automation_book.next_automation(),
            )
            now, left = self.clock.now(), end - self.clock.monotonic()
            ahead = [(moment - now).total_seconds() for moment in due if moment is not None]
            self.clock.advance(min(left, max(min(ahead, default=left), 0.1)))
            await self.calendar_sweep.check_due()
            await self.presence_sweep.check_due()
        return [delivery.reply for _, delivery in self.chat.posted[before:]]

    def in_group(self, group: str) -> Sequence[str]:
        """What the messages in a group say now, the oldest first."""
        return [
            plain(shown.reply.text)
            for shown in self.chat.shown.values()
            if shown.conversation.chat_id == group
        ]

    @property
    def last_id(self) -> str:
        """The id of the message that was posted or edited last."""
        return self.chat.posted[-1][0]

    async def press(
        self, label: str, *, who: Colleague = ANN, language: str = "en"
    ) -> Sequence[Reply]:
        """Press a button of the newest message that has one of that label."""
        for message_id, delivery in reversed(self.chat.posted):
            for key, button in zip(delivery.keys, delivery.reply.pressable, strict=True):
                if button.label == label:
                    where = delivery.shown_in
                    group = where.chat_id if where.is_group else None
                    return await self.press_key(
                        key, message_id, who=who, language=language, group=group
                    )
        raise AssertionError(f"there is no button {label!r}")

    async def press_key(
        self,
        key: str,
        card_id: str,
        *,
        who: Colleague = ANN,
        language: str = "en",
        group: str | None = None,
    ) -> Sequence[Reply]:
        press = Press(key=key, card_id=card_id)
        message = self.chat.message(
            identity_of(who), "", press=press, language=language, group=group
        )
        before = len(self.chat.posted)
        await self.dispatcher.receive([message])
        await self.dispatcher.drain()
        return [delivery.reply for _, delivery in self.chat.posted[before:]]


@asynccontextmanager
async def running_bot(
    *,
    store: Store | None = None,
    access: AllowList | None = None,
    limits: Limits | None = None,
    linked: Sequence[Colleague] = PEOPLE,
    clock: FakeClock | None = None,
    portal_url: str | None = None,
    listed: Sequence[str] = (),
    command_deadline: float = 25.0,
    accounts: AccountStore | None = None,
    public_url: str = "",
    many_portals: bool = False,
    claims: Claims | None = None,
    between: Callable[[Transport], Transport] | None = None,
) -> AsyncIterator[Bot]:
    """The bot on real sockets and a seeded portal; only the clock and the chat are not real.

    `portal_url` points people's accounts elsewhere; `listed` are further addresses to trust.
    `between` may put something between the bot and the providers.
    """
    clock = clock or FakeClock()
    store = store or MemoryStore(clock)
    portal = Portal(now=clock.now)
    seed_company(portal)
    cronofy = Cronofy(now=clock.now)
    seed_calendars(cronofy)
    async with (
        SandboxServer(portal_app(portal)) as server,
        SandboxServer(cronofy_app(cronofy)) as calendars,
        SandboxServer(oauth_app(portal)) as tokens,
    ):
        url = portal_url or server.url
        addresses = PortalAddresses(operator_urls=[url, *listed])
        applications = Applications(cronofy_api=calendars.url)
        if public_url:
            applications = _applications(
                portal, public_url, tokens.url, calendars.url, "" if many_portals else url
            )
        chat = FakePlatform(clock)
        platforms: dict[Platform, ChatPlatform] = {Platform.TELEGRAM: chat}
        async with AiohttpTransport(
            timer=clock,
            guard=AddressGuard(
                addresses.listed
                | {server.url.removeprefix("http://") for server in (calendars, tokens)}
            ),
        ) as transport:
            counts = Counts()
            stores = memory_stores(clock, store, MemorySignIns(chat), claims or Alone())
            core = build_core(
                transport=transport if between is None else between(transport),
                addresses=addresses,
                limits=limits or FAST,
                stores=stores,
                accounts=accounts
                or FixedAccounts(
                    _accounts(portal, url, linked) | _calendar_account(calendars.url, linked)
                ),
                applications=applications,
                platforms=platforms,
                access=access or AllowList(users=("*",)),
                defaults=Defaults(
                    language="en", timezone="Europe/Berlin", command_deadline=command_deadline
                ),
                clock=clock,
                counts=counts,
            )
            yield Bot(
                core=core,
                dispatcher=core.dispatcher,
                sign_ins=core.sign_ins,
                presence_sweep=core.presence_sweep,
                calendar_sweep=core.calendar_sweep,
                card_sweep=core.card_sweep,
                cards=stores.group_cards,
                groups=core.groups,
                presence_book=stores.presences,
                automation_book=stores.automations,
                chat=chat,
                portal=portal,
                portal_url=url,
                cronofy=cronofy,
                clock=clock,
                store=store,
                book=stores.book,
                counts=counts,
            )
            await core.stop(grace=1.0)


def _accounts(portal: Portal, url: str, linked: Sequence[Colleague]) -> dict[Account, Credentials]:
    return {
        Account(
            account_id=f"account-{colleague.user_id}",
            owner=identity_of(colleague),
            provider=Provider.BITRIX24,
        ): Credentials(endpoint=url + portal.webhook_path(colleague.user_id))
        for colleague in linked
    }


def _applications(
    portal: Portal, public_url: str, token_url: str, cronofy_url: str, portal_url: str
) -> Applications:
    """One at each provider; with `portal_url` it is a local one of that portal."""
    back = f"{public_url}/oauth/bitrix24"
    portal.add_application(CLIENT_ID, CLIENT_SECRET, back, {"calendar", "im"}, "RSVP bot")
    return Applications(
        public_url=public_url,
        bitrix24=bitrix24_oauth.Application(client_id=CLIENT_ID, client_secret=CLIENT_SECRET),
        portal=portal_url,
        token_servers=TokenServers(token_url),
        cronofy=cronofy_oauth.Application(
            client_id=SANDBOX_APPLICATION.client_id,
            client_secret=SANDBOX_APPLICATION.secrets[0],
            redirect_uri=f"{public_url}/oauth/cronofy",
        ),
        cronofy_api=cronofy_url,
        cronofy_app=cronofy_url,
    )


def _calendar_account(url: str, linked: Sequence[Colleague]) -> dict[Account, Credentials]:
    if ANN not in linked:
        return {}
    account = Account(account_id="calendars-ann", owner=identity_of(ANN), provider=Provider.CRONOFY)
    return {account: Credentials(endpoint=url, access_token=ANN_ACCOUNT.personal_token)}


def plain(text: Markup) -> str:
    """A reply as it is read: without markup."""
    for tag in ("b", "i", "code"):
        text = text.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    return str(text.unescape())
