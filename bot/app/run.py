"""`rsvp-bot run`: the bot on Telegram, with its database, until it is told to stop."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import handlers
from bot.app.applications import applications_of, cronofy_api, portal_addresses
from bot.app.clock import SystemClock
from bot.app.core import Core, build_core
from bot.app.database import open_storage
from bot.app.health import Health
from bot.app.housekeeping import keep_tidy
from bot.app.operations import operations
from bot.app.refusals import refuse
from bot.app.vendors import Limits
from bot.dispatch.pipeline import Defaults
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Platform
from bot.domain.providers import Provider
from bot.domain.zones import zone_of
from bot.errors import PlatformError, StorageError
from bot.platforms.telegram import FloodRates, TelegramOptions, TelegramPlatform
from bot.platforms.telegram.platform import WEBHOOK_PATH, Menu
from bot.ports import AccountStore, ChatPlatform, Clock, Store
from bot.services.access import AllowList
from bot.services.sign_ins import SignIns
from bot.settings import Settings
from bot.storage.memory import FixedAccounts
from bot.texts import LANGUAGES, Texts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.web.counts import Counts
from bot.web.operations import HealthPages
from bot.web.server import Pages, WebServer

logger = logging.getLogger(__name__)

STOP_GRACE = 20.0
"""Seconds that commands in hand get after SIGTERM."""
_SWEEP_EVERY = 60.0
_RECONNECT_AFTER = 5.0


async def run(
    settings: Settings, accounts: AccountStore | None = None, clock: Clock | None = None
) -> int:
    """Run until SIGTERM or SIGINT; 0.

    Args:
        settings: From the environment.
        accounts: Who is signed in where; by default the owner with what the environment holds.
        clock: Time; by default the machine's.

    Raises:
        ConfigError: The database or a setting cannot be used.
    """
    clock = clock or SystemClock()
    refuse(settings)
    addresses = portal_addresses(settings)
    applications = applications_of(settings)
    own_words = (settings.telegram_api_url, settings.cronofy_api_url or "")
    guard = AddressGuard(
        addresses.listed.union(
            applications.token_servers.listed, *(_host_of(url) for url in own_words)
        )
    )
    if settings.owner is None:
        logger.warning("OWNER is not set: /start tells everybody the line to put into .env")
    counts = Counts()
    async with (
        open_storage(
            settings.database_url.get_secret_value(),
            clock,
            secret_keys=_secret_keys(settings),
            several=settings.telegram_updates == "webhook",
        ) as storage,
        AiohttpTransport(timer=clock, guard=guard) as transport,
    ):
        platforms: dict[Platform, ChatPlatform] = {}
        core = build_core(
            transport=transport,
            addresses=addresses,
            limits=Limits(
                bitrix24_rate=settings.bitrix24_rate,
                bitrix24_burst=settings.bitrix24_burst,
                cronofy_rate=settings.cronofy_rate,
                person_rate=settings.person_rate,
                group_rate=settings.group_rate,
            ),
            stores=storage,
            applications=applications,
            accounts=accounts or _owners_accounts(settings),
            platforms=platforms,
            access=AllowList(
                owner=settings.owner,
                users=settings.allowed_users,
                chats=settings.allowed_chats,
            ),
            defaults=_defaults(settings),
            clock=clock,
            counts=counts,
        )
        telegram = TelegramPlatform(
            _telegram_options(settings),
            transport=transport,
            clock=clock,
            menu=_menu(),
            moved=core.groups.moved,
            meter=counts,
            group_texts=Texts(
                settings.default_language, zone_of(settings.default_timezone or "UTC")
            ),
        )
        platforms[Platform.TELEGRAM] = telegram
        health = Health(
            inbox=storage.store,
            dispatcher=core.dispatcher,
            platform=telegram.name,
            receives=lambda: telegram.receives,
            clock=clock,
        )
        async with operations(settings, counts, health):
            await _serve(
                settings=settings,
                telegram=telegram,
                core=core,
                store=storage.store,
                clock=clock,
                health=health,
            )
    return 0


async def _serve(
    *,
    settings: Settings,
    telegram: TelegramPlatform,
    core: Core,
    store: Store,
    clock: Clock,
    health: Health,
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with _web(settings, telegram, core.sign_ins, clock, health):
        work = asyncio.create_task(_work(telegram, core, store, clock, settings.journal_days))
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        health.stop()
        told.cancel()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    logger.info("stopping")
    await core.stop(STOP_GRACE)
    await telegram.stop()


async def _work(
    telegram: TelegramPlatform, core: Core, store: Store, clock: Clock, journal_days: int
) -> None:
    """Receive, and tidy up now and then; what an earlier process left comes first."""
    while True:
        try:
            await telegram.start()
            break
        except PlatformError as error:
            logger.warning("Telegram cannot be reached yet: %s", error)
        await clock.sleep(_RECONNECT_AFTER)
    dispatcher = core.dispatcher
    await dispatcher.resume()
    logger.info("ready as @%s", telegram.own_name)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(telegram.run(dispatcher.receive))
        tasks.create_task(core.run_beside())
        tasks.create_task(keep_tidy(store, clock, journal_days=journal_days))
        tasks.create_task(_sweep(core.sign_ins, clock))


async def _sweep(sign_ins: SignIns, clock: Clock) -> None:
    while True:
        try:
            await sign_ins.sweep()
        except StorageError as error:
            logger.warning("abandoned sign-ins stay for now: %s", error)
        await clock.sleep(_SWEEP_EVERY)


@asynccontextmanager
async def _web(
    settings: Settings,
    telegram: TelegramPlatform,
    sign_ins: SignIns,
    clock: Clock,
    health: Health,
) -> AsyncIterator[None]:
    """The HTTP server, if anything needs it."""
    wanted = settings.telegram_updates == "webhook" or settings.public_url or settings.http_port
    if not wanted:
        yield
        return
    endpoints = [telegram.endpoint] if settings.telegram_updates == "webhook" else []
    port = settings.http_port or 0
    # Whoever spreads requests over several bots asks where the requests go.
    pages: list[Pages] = [HealthPages(health.look)]
    if sign_ins.consents:
        from bot.web.sign_in import SignInPages  # noqa: PLC0415 - few have applications

        pages.append(SignInPages(sign_ins, clock=clock, language=settings.default_language))
    async with WebServer(endpoints, host=settings.http_host, port=port, pages=pages) as server:
        logger.info("listening on port %d", server.port)
        yield


def _telegram_options(settings: Settings) -> TelegramOptions:
    token = settings.telegram_token.get_secret_value()
    by_webhook = settings.telegram_updates == "webhook"
    given = settings.telegram_webhook_secret
    secret = given.get_secret_value() if given is not None else _derived_secret(token)
    return TelegramOptions(
        token=token,
        api_url=settings.telegram_api_url,
        webhook_url=f"{settings.public_url}{WEBHOOK_PATH}" if by_webhook else "",
        webhook_secret=secret,
        rates=FloodRates(
            overall=settings.telegram_rate,
            chat=settings.telegram_chat_rate,
            group=settings.telegram_group_rate,
        ),
    )


def _derived_secret(token: str) -> str:
    """A secret that every replica arrives at by itself and nobody can guess."""
    return hmac.new(token.encode(), b"telegram webhook", hashlib.sha256).hexdigest()


def _menu() -> Menu:
    router = handlers.router()
    return {
        language: [
            (spec.name, str(Texts(language, zone_of("UTC")).say(spec.summary)))
            for spec in router.specs
        ]
        for language in LANGUAGES
    }


def _defaults(settings: Settings) -> Defaults:
    return Defaults(
        language=settings.default_language,
        timezone=settings.default_timezone or "UTC",
        command_deadline=settings.command_deadline,
    )


def _host_of(url: str) -> frozenset[str]:
    """An API's address is the operator's own word, so it may be a private one."""
    return frozenset({url.partition("://")[2].partition("/")[0].lower()})


def _secret_keys(settings: Settings) -> Sequence[str]:
    return [key.get_secret_value() for key in settings.secret_keys]


def _owners_accounts(settings: Settings) -> FixedAccounts:
    """What the environment holds belongs to the owner and to nobody else."""
    if settings.owner is None:
        return FixedAccounts({})
    secrets: dict[Provider, Credentials] = {}
    if settings.bitrix24_webhook_url is not None:
        webhook = settings.bitrix24_webhook_url.get_secret_value()
        secrets[Provider.BITRIX24] = Credentials(endpoint=webhook)
    if settings.cronofy_access_token is not None:
        secrets[Provider.CRONOFY] = Credentials(
            endpoint=cronofy_api(settings),
            access_token=settings.cronofy_access_token.get_secret_value(),
        )
    return FixedAccounts(
        {
            Account(account_id=f"owner-{provider}", owner=settings.owner, provider=provider): secret
            for provider, secret in secrets.items()
        }
    )
