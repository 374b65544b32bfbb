"""What lies on this machine: the database and the port."""

import asyncio
import errno
import fcntl
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.app.doctor.findings import Finding, Said, Sign, failed, ok, say, skipped, warning
from bot.app.doctor.tools import Tools
from bot.errors import ConfigError
from bot.storage.checkup import Checkup, Condition, check_up
from bot.storage.engine import parse_url, sqlite_path
from bot.storage.parameters import ParameterError
from bot.texts import M

LOCK_PATIENCE = 2.0
"""Seconds that another program may keep the database locked; ours takes milliseconds."""
_OTHERS = 0o077
_USABLE: Mapping[Condition, M] = {
    Condition.NEW: M.DOCTOR_DATABASE_NEW,
    Condition.OLDER: M.DOCTOR_DATABASE_OLDER,
    Condition.CURRENT: M.DOCTOR_DATABASE_CURRENT,
}
_UNUSABLE: Mapping[Condition, tuple[M, M]] = {
    Condition.NEWER: (M.DOCTOR_DATABASE_NEWER, M.DOCTOR_DATABASE_NEWER_ADVICE),
    Condition.FOLDER_REFUSES: (M.DOCTOR_DATABASE_FOLDER, M.DOCTOR_DATABASE_FOLDER_ADVICE),
    Condition.UNOPENABLE: (M.DOCTOR_DATABASE_UNOPENABLE, M.DOCTOR_DATABASE_UNOPENABLE_ADVICE),
    Condition.DAMAGED: (M.DOCTOR_DATABASE_DAMAGED, M.DOCTOR_DATABASE_DAMAGED_ADVICE),
    Condition.READ_ONLY: (M.DOCTOR_DATABASE_READ_ONLY, M.DOCTOR_DATABASE_READ_ONLY_ADVICE),
    Condition.LOCKED: (M.DOCTOR_DATABASE_LOCKED, M.DOCTOR_DATABASE_LOCKED_ADVICE),
}


async def check_database(tools: Tools) -> Sequence[Finding]:
    """Whether it can be opened, read and written, and is of the right revision."""
    name = M.DOCTOR_NAME_DATABASE
    url = tools.settings.database_url.get_secret_value()
    try:
        found = await check_up(url, patience=min(LOCK_PATIENCE, tools.patience))
    except ParameterError:
        said, advice = say(M.DOCTOR_DATABASE_PARAMETER), say(M.DOCTOR_DATABASE_PARAMETER_ADVICE)
        return [failed(name, said, advice=advice, of_setting=True)]
    except ConfigError:
        said, advice = say(M.DOCTOR_DATABASE_MALFORMED), say(M.DOCTOR_DATABASE_MALFORMED_ADVICE)
        return [failed(name, said, advice=advice, of_setting=True)]
    if found.condition in _UNUSABLE:
        message, advised = _UNUSABLE[found.condition]
        return [failed(name, say(message, reason=found.reason), advice=say(advised))]
    parts = [say(_USABLE[found.condition])]
    if _is_in_use(url):
        parts.append(say(M.DOCTOR_DATABASE_IN_USE))
    return [_judge_mode(found, parts)]


def _judge_mode(found: Checkup, said: Sequence[Said]) -> Finding:
    if found.mode is None or not found.mode & _OTHERS:
        return ok(M.DOCTOR_NAME_DATABASE, *said)
    return warning(
        M.DOCTOR_NAME_DATABASE,
        *said,
        say(M.DOCTOR_DATABASE_MODE, mode=f"{found.mode:03o}"),
        advice=say(M.DOCTOR_DATABASE_MODE_ADVICE),
    )


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
        return _refused(tools, name, which, port, error)
    return ok(name, say(M.DOCTOR_PORT_FREE, port=port))


def _refused(tools: Tools, name: M, which: str, port: int, error: OSError) -> Finding:
    setting = f"{which}_PORT"
    if error.errno == errno.EADDRINUSE:
        if _is_in_use(tools.settings.database_url.get_secret_value()):
            return ok(name, say(M.DOCTOR_PORT_OURS, port=port))
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


def _is_in_use(database_url: str) -> bool:
    """Whether a running bot holds the database's lock (see `bot.app.database`)."""
    try:
        path = sqlite_path(parse_url(database_url))
        if path is None:
            return False
        handle = os.open(Path(f"{path}.lock"), os.O_RDONLY)
    except (ConfigError, OSError):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
