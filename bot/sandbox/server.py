"""What all emulators share: a loopback server, and doing over HTTP what a fault says."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.sandbox.faults import Fault, FaultRule, Faults

HTML_502 = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>"
)

NOT_EXECUTED = frozenset(
    {Fault.UNAVAILABLE_503, Fault.RATE_LIMITED_429, Fault.HTML_502, Fault.CUT_BEFORE}
)
"""Faults that strike before an operation is carried out."""


class SandboxServer:
    """An application on a loopback port that the operating system chooses.

    Args:
        app: What is served.
        port: A fixed port, for `rsvp-bot sandbox`; 0 lets the system choose.
    """

    def __init__(self, app: web.Application, *, port: int = 0) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._port = port
        self.url = ""

    async def __aenter__(self) -> Self:
        """Start to serve."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, whatever is still being answered."""
        await self._runner.cleanup()


def cut(request: web.Request) -> web.Response:
    """Close the connection as if the line broke."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def spoil(request: web.Request, rule: FaultRule, response: web.Response) -> web.Response:
    """Do to a finished answer what a fault says; those that never execute are not for here."""
    match rule.fault:
        case Fault.LATENCY:
            await asyncio.sleep(rule.seconds)
        case Fault.CUT_AFTER:
            return cut(request)
        case Fault.TRUNCATED_JSON:
            body = response.body if isinstance(response.body, bytes) else b""
            return web.Response(
                status=response.status,
                body=body[: len(body) // 2],
                content_type="application/json",
            )
        case _:
            pass
    return response


def gateway_page() -> web.Response:
    """What a gateway says when it cannot reach what is behind it."""
    return web.Response(status=502, text=HTML_502, content_type="text/html")


@dataclass(slots=True)
class Gate:
    """Holds answers back until a test lets them go: slowness without a clock."""

    operation: str
    who: str | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_through(self, operation: str, who: str | None) -> None:
        """Wait, if this operation of this caller is held."""
        if self.operation in ("*", operation) and self.who in (None, who):
            self.reached.set()
            await self.opened.wait()


def add_fault_routes(app: web.Application, faults: Faults) -> None:
    """Let another process tell the emulator to misbehave."""

    async def add(request: web.Request) -> web.Response:
        wish = await request.json()
        faults.add(FaultRule(**{**wish, "fault": Fault(wish["fault"])}))
        return web.json_response({"ok": True})

    async def clear(_request: web.Request) -> web.Response:
        faults.clear()
        return web.json_response({"ok": True})

    app.router.add_post("/_sandbox/faults", add)
    app.router.add_delete("/_sandbox/faults", clear)
