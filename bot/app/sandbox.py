"""`rsvp-bot sandbox`: the vendors as emulators, for a bot that runs beside them."""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TextIO

from bot.domain.chat import Platform
from bot.domain.zones import zone_of
from bot.errors import ConfigError
from bot.sandbox.bitrix24 import Portal, oauth_app, portal_app, seed_company
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import ANN, PEOPLE, Colleague
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.model import SANDBOX_APPLICATION
from bot.sandbox.cronofy.seed import ANN_ACCOUNT
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import TelegramEmulator, telegram_app
from bot.texts import M, Texts

CLIENT_ID, CLIENT_SECRET = "local.sandbox", "sandbox-portal-client-secret"
BOT = "acme_rsvp_bot"
TEAM = -1_001_000_000_007
"""The group."""
TOKEN = "7001:sandbox-token-of-no-real-bot"  # noqa: S105 - made up, and printed on purpose


async def sandbox(*, language: str, port_base: int | None, out: TextIO) -> int:
    """Serve until SIGINT or SIGTERM; 0.

    What is printed is a whole `.env`: all that is no setting is a comment.

    Raises:
        ConfigError: A port is taken.
    """
    stopping = _told_to_stop()
    clock = SandboxClock()
    portal, cronofy, telegram = _vendors(clock)
    apps = (
        telegram_app(telegram, clock),
        portal_app(portal),
        cronofy_app(cronofy),
        oauth_app(portal),
    )
    ports = [0 if port_base is None else port_base + number for number in range(len(apps))]
    servers = [SandboxServer(app, port=port) for app, port in zip(apps, ports, strict=True)]
    async with AsyncExitStack() as stack:
        # Update numbers begin anew with every sandbox, and a database remembers what it has seen.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rsvp-bot-sandbox-"))
        for server, port in zip(servers, ports, strict=True):
            await _open(stack, server, port)
        urls = [server.url for server in servers]
        public_url = (
            f"http://127.0.0.1:{_free_port() if port_base is None else port_base + len(apps)}"
        )
        portal.add_application(
            CLIENT_ID, CLIENT_SECRET, f"{public_url}/oauth/bitrix24", {"calendar", "im"}, "RSVP bot"
        )
        texts = Texts(language, zone_of("UTC"))
        _print(out, _sheet(portal, urls, public_url, f"sqlite:///{folder}/bot.db", texts))
        await stopping.wait()
    return 0


def _told_to_stop() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _vendors(clock: SandboxClock) -> tuple[Portal, Cronofy, TelegramEmulator]:
    portal, cronofy = Portal(now=clock.now), Cronofy(now=clock.now)
    seed_company(portal)
    seed_calendars(cronofy)
    cronofy.quirks.auto_approve = False
    telegram = TelegramEmulator(token=TOKEN, now=clock.now, username=BOT)
    people = [
        telegram.add_user(person.user_id, person.name, person.handle, language_code=person.language)
        for person in PEOPLE
    ]
    telegram.add_group(TEAM, "Acme", people)
    return portal, cronofy, telegram


async def _open(stack: AsyncExitStack, server: SandboxServer, port: int) -> None:
    try:
        await stack.enter_async_context(server)
    except OSError:
        pass
    else:
        return
    raise ConfigError(f"--port-base: port {port} cannot be used")


def _free_port() -> int:
    """A port for the bot's own pages, which are not served from here."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _sheet(
    portal: Portal, urls: Sequence[str], public_url: str, database_url: str, texts: Texts
) -> str:
    """What there is, ready to be pasted into `.env`."""
    telegram_url, portal_url, cronofy_url, oauth_url = urls

    def webhook(person: Colleague) -> str:
        return portal_url + portal.webhook_path(person.user_id)

    say = f'{{"user": {ANN.user_id}, "text": "/status {SPRINT_REVIEW}"}}'
    card = f'{{"user": {ANN.user_id}, "chat": {TEAM}, "text": "/card@{BOT} {SPRINT_REVIEW}"}}'
    width = max(len(person.full_name) for person in PEOPLE)
    lines = [
        f"# {texts.say(M.SANDBOX_TITLE)}",
        f"# {texts.say(M.SANDBOX_PASTE)}",
        f"# {texts.say(M.SANDBOX_END)}",
        f"TELEGRAM_API_URL={telegram_url}",
        f"TELEGRAM_TOKEN={TOKEN}",
        f"OWNER={_identity(ANN)}",
        "ALLOWED_USERS=*",
        f"BITRIX24_WEBHOOK_URL={webhook(ANN)}",
        f"CRONOFY_API_URL={cronofy_url}",
        f"CRONOFY_ACCESS_TOKEN={ANN_ACCOUNT.personal_token}",
        f"BITRIX24_PORTAL={portal_url}",
        f"BITRIX24_OAUTH_URL={oauth_url}",
        f"BITRIX24_CLIENT_ID={CLIENT_ID}",
        f"BITRIX24_CLIENT_SECRET={CLIENT_SECRET}",
        f"CRONOFY_CLIENT_ID={SANDBOX_APPLICATION.client_id}",
        f"CRONOFY_CLIENT_SECRET={SANDBOX_APPLICATION.secrets[0]}",
        f"PUBLIC_URL={public_url}",
        f"HTTP_PORT={public_url.rpartition(':')[2]}",
        f"DATABASE_URL={database_url}",
        "#",
        f"# {texts.say(M.SANDBOX_SPEAK, id=ANN.user_id)}",
        f"#   curl -d '{say}' {telegram_url}/_sandbox/says",
        f"#   curl {telegram_url}/_sandbox/state",
        "#",
        f"# {texts.say(M.SANDBOX_GROUP)}",
        f"#   curl -d '{card}' {telegram_url}/_sandbox/says",
        "#",
        f"# {texts.say(M.SANDBOX_OTHERS)}",
        *(
            f"#   {person.full_name:<{width}}  {_identity(person):<11}  {webhook(person)}"
            for person in PEOPLE
            if person is not ANN
        ),
    ]
    return "\n".join([*lines, ""])


def _identity(person: Colleague) -> str:
    return f"{Platform.TELEGRAM}:{person.user_id}"


def _print(out: TextIO, text: str) -> None:
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        # Whoever read along has left (`| head`); the emulators go on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
