"""The HTTP server of the bot: turns webhook endpoints into routes."""

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.ports import WebhookEndpoint

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_LIMIT = 1024 * 1024
"""Bytes of what is posted to us; an update is a few kilobytes."""


class WebServer:
    """Serves endpoints.

    Args:
        endpoints: What is served.
        host: Address to listen at.
        port: Port; 0 lets the system choose.
    """

    def __init__(self, endpoints: Sequence[WebhookEndpoint], *, host: str, port: int) -> None:
        app = web.Application(client_max_size=BODY_LIMIT)
        for endpoint in endpoints:
            app.router.add_post(endpoint.path, _route(endpoint))
        # What is being answered when the server stops is stored already or will be sent again.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._host = host
        self._port = port
        self.port = 0

    async def __aenter__(self) -> Self:
        """Start to serve."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self._runner.cleanup()


def _route(endpoint: WebhookEndpoint) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=await endpoint.handle(headers, await request.read()))

    return handle
