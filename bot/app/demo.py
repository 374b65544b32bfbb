"""The demo: the sandbox and the bot in one process, and a terminal to talk in."""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack

from bot.app.applications import Applications
from bot.app.clock import SystemClock
from bot.app.core import Core, build_core
from bot.app.database import open_storage
from bot.app.vendors import Limits
from bot.clients.bitrix24.address import PortalAddresses
from bot.dispatch.pipeline import Defaults
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.inbox import Person
from bot.domain.providers import Provider
from bot.domain.zones import zone_of
from bot.platforms.console import Console, LocalCommand
from bot.ports import ChatPlatform
from bot.sandbox.bitrix24 import Portal, portal_app, seed_company
from bot.sandbox.company import ANN, BORIS, PEOPLE, Colleague
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, BORIS_ACCOUNT
from bot.sandbox.server import SandboxServer
from bot.services.access import AllowList
from bot.storage.memory import FixedAccounts
from bot.texts import M, Texts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport

_ANY = 1_000_000.0
"""A minute: what comes from one terminal may be a script."""


async def demo(*, language: str, timezone: str | None) -> int:
    """Talk until the end of input; 1 if a command crashed, else 0."""
    clock = SystemClock()
    portal = Portal(now=clock.now)
    seed_company(portal)
    cronofy = Cronofy(now=clock.now)
    seed_calendars(cronofy)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rsvp-bot-"))
        storage = await stack.enter_async_context(
            open_storage(f"sqlite:///{folder}/demo.db", clock)
        )
        server = await stack.enter_async_context(SandboxServer(portal_app(portal)))
        calendars = await stack.enter_async_context(SandboxServer(cronofy_app(cronofy)))
        addresses = PortalAddresses(operator_urls=[server.url])
        guard = AddressGuard(addresses.listed | {calendars.url.removeprefix("http://")})
        transport = await stack.enter_async_context(AiohttpTransport(timer=clock, guard=guard))
        for colleague in PEOPLE:
            await storage.store.save_person(_person(colleague, language, timezone))
        platforms: dict[Platform, ChatPlatform] = {}
        core = build_core(
            transport=transport,
            addresses=addresses,
            limits=Limits(person_rate=_ANY, group_rate=_ANY),
            stores=storage,
            applications=Applications(cronofy_api=calendars.url),
            accounts=FixedAccounts(
                _accounts(portal, server.url) | _calendar_accounts(calendars.url)
            ),
            platforms=platforms,
            access=AllowList(local=Platform.CONSOLE),
            defaults=Defaults(
                language=language, timezone=timezone or ANN.timezone, command_deadline=25.0
            ),
            clock=clock,
        )
        dispatcher = core.dispatcher
        texts = Texts(language, zone_of(timezone or ANN.timezone))
        console = _console(portal, cronofy, core, clock, texts)
        platforms[Platform.CONSOLE] = console
        if sys.stdin.isatty():
            sys.stdout.write(f"{texts.say(M.DEMO_GREETING)}\n\n")
        await _talk(console, core)
        return 1 if dispatcher.crashes else 0


async def _talk(console: Console, core: Core) -> None:
    beside = asyncio.create_task(core.run_beside())
    await console.run(core.dispatcher.receive)
    beside.cancel()
    await asyncio.wait({beside})
    await core.stop(grace=5.0)


def _console(
    portal: Portal, cronofy: Cronofy, core: Core, clock: SystemClock, texts: Texts
) -> Console:
    async def settled() -> None:
        await core.dispatcher.drain()
        await core.card_sweep.settle()

    return Console(
        people={colleague.handle: _identity(colleague) for colleague in PEOPLE},
        clock=clock,
        settled=settled,
        local={
            "portal": LocalCommand(
                help=M.CONSOLE_HELP_PORTAL, run=lambda _words: _show_portal(portal)
            ),
            "cronofy": LocalCommand(
                help=M.CONSOLE_HELP_CRONOFY, run=lambda _words: _show_calendars(cronofy)
            ),
        },
        texts=texts,
        out=sys.stdout,
    )


def _show_portal(portal: Portal) -> str:
    """What the sandbox's own database holds, past all of the bot's code."""
    lines = ["event  person  status  title"]
    for row in sorted(portal.rows.values(), key=lambda row: (row.parent_id, row.row_id)):
        who = _handle(row.owner_id)
        status = row.status if row.is_meeting else "-"
        lines.append(f"{row.parent_id:<6} {who:<7} {status:<7} {row.name}")
    lines += [f"presence of {_handle(user)}: {held}" for user, held in portal.presence.items()]
    lines += [
        f"notice to {_handle(notice.to_user)}: {notice.kind} by {_handle(notice.from_user)}"
        f" for {notice.event_id}"
        for notice in portal.notices
    ]
    return "\n".join(lines)


def _show_calendars(cronofy: Cronofy) -> str:
    """What the calendars behind the sandbox's Cronofy hold; a deleted event is marked."""
    return "\n".join(
        f"{event.event_uid}  {event.participation_status:<12} "
        + ("(deleted) " if event.deleted else "")
        + event.summary
        for events in cronofy.events.values()
        for event in events
    )


def _handle(user_id: int) -> str:
    return next(person.handle for person in PEOPLE if person.user_id == user_id)


def _identity(colleague: Colleague) -> Identity:
    return Identity(
        platform=Platform.CONSOLE,
        user_id=str(colleague.user_id),
        display_name=colleague.full_name,
    )


def _person(colleague: Colleague, language: str, timezone: str | None) -> Person:
    return Person(
        identity=_identity(colleague),
        language=language,
        timezone=timezone or colleague.timezone,
        name=colleague.full_name,
    )


def _accounts(portal: Portal, url: str) -> dict[Account, Credentials]:
    return {
        Account(
            account_id=f"sandbox-{colleague.user_id}",
            owner=_identity(colleague),
            provider=Provider.BITRIX24,
        ): Credentials(endpoint=url + portal.webhook_path(colleague.user_id))
        for colleague in PEOPLE
    }


def _calendar_accounts(url: str) -> dict[Account, Credentials]:
    return {
        Account(
            account_id=f"cronofy-{colleague.user_id}",
            owner=_identity(colleague),
            provider=Provider.CRONOFY,
        ): Credentials(endpoint=url, access_token=account.personal_token)
        for colleague, account in ((ANN, ANN_ACCOUNT), (BORIS, BORIS_ACCOUNT))
    }
