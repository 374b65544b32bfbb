"""All checks side by side, and the table of what they found."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from bot.app.clock import SystemClock
from bot.app.doctor.accounts import check_cronofy, check_owner, check_portal, portal_addresses
from bot.app.doctor.findings import Finding, Sign, failed, ok, say, skipped, warning
from bot.app.doctor.keys import check_keys
from bot.app.doctor.machine import check_database
from bot.app.doctor.ports import check_operations_port, check_port
from bot.app.doctor.reading import Reading, read_settings, settings_findings
from bot.app.doctor.table import render, render_json
from bot.app.doctor.telegram import check_telegram
from bot.app.doctor.tools import DatedTransport, Tools
from bot.domain.zones import zone_of
from bot.ports import Clock
from bot.settings import Settings
from bot.texts import M, Texts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport

PATIENCE = 8.0
"""Seconds that each check may take."""
_SLACK = 1.0
"""Most checks keep the deadline by themselves and know what was late; this is for the others."""
SKEW_WARNING, SKEW_FAILURE = 30.0, 300.0

EXIT_OK, EXIT_FAILED, EXIT_SETTINGS = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    name: M
    run: Callable[[Tools], Awaitable[Sequence[Finding]]]


_CHECKS = (
    _Check(name=M.DOCTOR_NAME_OWNER, run=check_owner),
    _Check(name=M.DOCTOR_NAME_DATABASE, run=check_database),
    _Check(name=M.DOCTOR_NAME_KEYS, run=check_keys),
    _Check(name=M.DOCTOR_NAME_PORT, run=check_port),
    _Check(name=M.DOCTOR_NAME_OPERATIONS_PORT, run=check_operations_port),
    _Check(name=M.DOCTOR_NAME_TELEGRAM, run=check_telegram),
    _Check(name=M.DOCTOR_NAME_PORTAL, run=check_portal),
    _Check(name=M.DOCTOR_NAME_CRONOFY, run=check_cronofy),
)


async def doctor(out: TextIO, *, as_json: bool = False) -> int:
    """Examine, print a table for people or an object for programs, and say the exit code."""
    reading = read_settings()
    findings = await examine(reading, SystemClock())
    texts = Texts(reading.settings.default_language, zone_of("UTC"))
    try:
        if as_json:
            out.write(render_json(findings, texts, exit_code(findings)))
        else:
            out.write(render(findings, texts, coloured=out.isatty()))
        out.flush()
    except BrokenPipeError:
        # Whoever read along has left (`| head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    return exit_code(findings)


async def examine(
    reading: Reading, clock: Clock, *, patience: float = PATIENCE
) -> Sequence[Finding]:
    """Make all checks at once."""
    async with AiohttpTransport(timer=clock, guard=_guard(reading.settings)) as inner:
        transport = DatedTransport(inner, clock)
        tools = Tools(reading=reading, transport=transport, clock=clock, patience=patience)
        found = await asyncio.gather(*(_carry_out(check, tools) for check in _CHECKS))
    return [
        *settings_findings(reading),
        *(finding for findings in found for finding in findings),
        judge_clock(transport.ahead),
    ]


def exit_code(findings: Sequence[Finding]) -> int:
    """0 if nothing failed, 2 if a setting stands in the way of starting, else 1."""
    if any(finding.of_setting for finding in findings):
        return EXIT_SETTINGS
    return EXIT_FAILED if any(finding.sign is Sign.FAILED for finding in findings) else EXIT_OK


def judge_clock(ahead: dict[str, float]) -> Finding:
    """Compare our clock with the farthest one: a server beside us may be as wrong as we are."""
    name = M.DOCTOR_NAME_CLOCK
    if not ahead:
        return skipped(name, say(M.DOCTOR_CLOCK_UNKNOWN))
    source = max(ahead, key=lambda key: abs(ahead[key]))
    difference = abs(ahead[source])
    if difference <= SKEW_WARNING:
        return ok(name, say(M.DOCTOR_CLOCK_OK, source=source, seconds=int(difference) + 1))
    seconds = round(difference)
    message = M.DOCTOR_CLOCK_AHEAD if ahead[source] > 0 else M.DOCTOR_CLOCK_BEHIND
    said, advice = say(message, source=source, seconds=seconds), say(M.DOCTOR_CLOCK_ADVICE)
    if difference <= SKEW_FAILURE:
        return warning(name, said, advice=advice)
    return failed(name, said, advice=advice)


async def _carry_out(check: _Check, tools: Tools) -> Sequence[Finding]:
    """Make one check; whatever happens to it stays its own."""
    try:
        async with asyncio.timeout(tools.patience + _SLACK):
            return await check.run(tools)
    except TimeoutError:
        said = say(M.DOCTOR_TOO_SLOW, seconds=round(tools.patience))
        return [failed(check.name, said, advice=say(M.DOCTOR_TOO_SLOW_ADVICE))]
    except Exception as error:  # noqa: BLE001 - the other checks are to be seen all the same
        said = say(M.DOCTOR_BROKE, reason=type(error).__name__)
        return [failed(check.name, said, advice=say(M.DOCTOR_BROKE_ADVICE))]


def _guard(settings: Settings) -> AddressGuard:
    """Which private addresses we may connect to; the operator's own words, as for `run`."""
    secret = settings.bitrix24_webhook_url
    webhook = None if secret is None else secret.get_secret_value()
    own = (settings.telegram_api_url, settings.cronofy_api_url or "")
    hosts = {url.partition("://")[2].partition("/")[0].lower() for url in own}
    return AddressGuard(portal_addresses(settings.bitrix24_allowed_hosts, webhook).listed | hosts)
