"""The ports that the bot is to listen on: free, its own already, or somebody else's."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from http import HTTPStatus

from bot.app.doctor.findings import Finding, Sign, failed, ok, say, skipped, warning
from bot.app.doctor.tools import Tools
from bot.app.health_check import host_to_ask
from bot.errors import ConfigError, TransportError
from bot.storage.in_use import is_in_use
from bot.texts import M
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.messages import HttpRequest
from bot.web.operations import is_our_page

_PATIENCE = 2.0
"""Seconds for the database, and once more for whoever listens; ours take milliseconds."""


async def check_port(tools: Tools) -> Sequence[Finding]:
    """Whether the bot's own server could listen, if it is wanted at all."""
    name, settings = M.DOCTOR_NAME_PORT, tools.settings
    fault = tools.reading.first_fault("HTTP_PORT", "TELEGRAM_UPDATES", "PUBLIC_URL")
    if fault is not None:
        return [skipped(name, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))]
    by_webhook = settings.telegram_updates == "webhook"
    if not (by_webhook or settings.public_url or settings.http_port):
        return [skipped(name, say(M.DOCTOR_PORT_UNUSED))]
    port = settings.http_port or 0
    found = await _look_at_port(tools, name, "HTTP", settings.http_host, port)
    if not port and found.sign is Sign.OK:
        return [warning(name, say(M.DOCTOR_PORT_ANY), advice=say(M.DOCTOR_PORT_ANY_ADVICE))]
    return [found]


async def check_operations_port(tools: Tools) -> Sequence[Finding]:
    """The same for health and metrics; nothing to say where they are not wanted."""
    name, settings = M.DOCTOR_NAME_OPERATIONS_PORT, tools.settings
    if (fault := tools.reading.first_fault("OPERATIONS_PORT")) is not None:
        return [skipped(name, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))]
    if settings.operations_port is None:
        return []
    host, port = settings.operations_host, settings.operations_port
    return [await _look_at_port(tools, name, "OPERATIONS", host, port)]


async def _look_at_port(tools: Tools, name: M, which: str, host: str, port: int) -> Finding:
    try:
        await asyncio.to_thread(_try_to_bind, host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and await _is_ours(tools, host, port):
            return ok(name, say(M.DOCTOR_PORT_OURS, port=port))
        return _refused(name, which, port, error)
    return ok(name, say(M.DOCTOR_PORT_FREE, port=port))


def _refused(name: M, which: str, port: int, error: OSError) -> Finding:
    setting = f"{which}_PORT"
    if error.errno == errno.EADDRINUSE:
        advice = say(M.DOCTOR_PORT_TAKEN_ADVICE, setting=setting)
        return failed(name, say(M.DOCTOR_PORT_TAKEN, port=port), advice=advice)
    if error.errno in (errno.EACCES, errno.EPERM):
        advice = say(M.DOCTOR_PORT_DENIED_ADVICE, setting=setting)
        return failed(name, say(M.DOCTOR_PORT_DENIED, port=port), advice=advice)
    host = f"{which}_HOST"
    advice = say(M.DOCTOR_PORT_NO_HOST_ADVICE, setting=host)
    return failed(name, say(M.DOCTOR_PORT_NO_HOST, setting=host), advice=advice)


def _try_to_bind(host: str, port: int) -> None:
    """Take the port for a moment as a server would, but without listening on it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in found:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)


async def _is_ours(tools: Tools, host: str, port: int) -> bool:
    """Whether it is the running bot that listens there.

    The lock alone does not tell: a bot of another machine may hold it, or one that still goes by
    earlier settings. Neither does the page: another bot with another database shows the same.
    """
    try:
        in_use = await is_in_use(tools.settings.database_url.get_secret_value(), patience=_PATIENCE)
    except ConfigError:
        return False
    # Of a database that does not answer nothing is known; then the page decides.
    return in_use is not False and await _shows_our_page(tools, host_to_ask(host), port)


async def _shows_our_page(tools: Tools, host: str, port: int) -> bool:
    shown = f"[{host}]" if ":" in host else host
    request = HttpRequest(
        operation="healthz", method="GET", url=f"http://{shown}:{port}/healthz", timeout=_PATIENCE
    )
    # It is the operator's own address, which no other check may speak to.
    guard = AddressGuard([shown])
    try:
        async with AiohttpTransport(timer=tools.clock, guard=guard) as transport:
            response = await transport.send(request)
    except TransportError:
        return False
    return response.status == HTTPStatus.OK and is_our_page(response.headers, response.body)
