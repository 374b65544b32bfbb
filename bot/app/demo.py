"""The demo: the sandbox and the bot in one process, and a terminal to talk in."""

import asyncio
import sys
from collections.abc import Sequence

from bot.app.clock import SystemClock
from bot.app.core import Limits, build_dispatcher
from bot.clients.bitrix24.address import PortalAddresses
from bot.dispatch import Dispatcher
from bot.dispatch.pipeline import Defaults
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.inbox import Person
from bot.domain.providers import Provider
from bot.platforms.console import Console, LocalCommand
from bot.ports import ChatPlatform
from bot.sandbox.bitrix24 import Portal, portal_app, seed_company
from bot.sandbox.company import ANN, BORIS, PEOPLE, Colleague
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, BORIS_ACCOUNT
from bot.sandbox.server import SandboxServer
from bot.services.access import AllowList
from bot.storage.memory import FixedAccounts, MemoryStore
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport

_GREETING = {
    "en": (
        "You are Ann at Acme, a company that exists only in this terminal.\n"
        "Try: /status 651   /accept 651   /dnd   /presence   /help\n"
        "!portal shows what the calendar really holds, !help more of this kind. Ctrl-D ends."
    ),
    "ru": (
        "Вы — Ann из Acme, компании, которая есть только в этом терминале.\n"
        "Попробуйте: /status 651   /accept 651   /dnd   /presence   /help\n"
        "!portal покажет, что на самом деле в календаре, !help — остальное. Выход: Ctrl-D."
    ),
}


async def demo(*, language: str, timezone: str | None) -> int:
    """Talk until the end of input; 1 if a command crashed, else 0."""
    clock = SystemClock()
    portal = Portal(now=clock.now)
    seed_company(portal)
    cronofy = Cronofy(now=clock.now)
    seed_calendars(cronofy)
    async with (
        SandboxServer(portal_app(portal)) as server,
        SandboxServer(cronofy_app(cronofy)) as calendars,
    ):
        addresses = PortalAddresses(operator_urls=[server.url])
        guard = AddressGuard(addresses.listed | {calendars.url.removeprefix("http://")})
        platforms: dict[Platform, ChatPlatform] = {}
        store = MemoryStore(clock)
        for colleague in PEOPLE:
            await store.save_person(_person(colleague, language, timezone))
        async with AiohttpTransport(timer=clock, guard=guard) as transport:
            dispatcher = build_dispatcher(
                transport=transport,
                addresses=addresses,
                limits=Limits(),
                store=store,
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
            console = _console(portal, cronofy, dispatcher, clock)
            platforms[Platform.CONSOLE] = console
            if sys.stdin.isatty():
                sys.stdout.write(_GREETING[language] + "\n\n")
            looking = asyncio.create_task(dispatcher.follow_ups.run())
            await console.run(dispatcher.receive)
            looking.cancel()
            await asyncio.wait({looking})
            await dispatcher.stop(grace=5.0)
            return 1 if dispatcher.crashes else 0


def _console(
    portal: Portal, cronofy: Cronofy, dispatcher: Dispatcher, clock: SystemClock
) -> Console:
    def show(_words: Sequence[str]) -> str:
        return _show_portal(portal)

    def show_calendars(_words: Sequence[str]) -> str:
        return _show_calendars(cronofy)

    return Console(
        people={colleague.handle: _identity(colleague) for colleague in PEOPLE},
        clock=clock,
        settled=dispatcher.drain,
        local={
            "portal": LocalCommand(help="!portal: what the portal's database holds", run=show),
            "cronofy": LocalCommand(
                help="!cronofy: what the calendars behind Cronofy hold", run=show_calendars
            ),
        },
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
