"""The HTTP server of the bot: turns webhook endpoints and pages into routes."""

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from aiohttp import web

from bot.errors import ConfigError
from bot.ports import WebhookEndpoint

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_LIMIT = 1024 * 1024
"""Bytes of what is posted to us; an update is a few kilobytes."""


class Pages(Protocol):
    """Something to look at."""

    def add_to(self, app: web.Application) -> None:
        """Serve it."""
        ...


class WebServer:
    """Serves endpoints.

    Args:
        endpoints: Where others post to us.
        pages: Add what people and programs look at.
        host: Address to listen at.
        port: Port; 0 lets the system choose.
        setting: Which setting chose the port, for errors.
    """

    def __init__(
        self,
        endpoints: Sequence[WebhookEndpoint],
        *,
        host: str,
        port: int,
        pages: Sequence[Pages] = (),
        setting: str = "HTTP_PORT",
    ) -> None:
        app = web.Application(client_max_size=BODY_LIMIT)
        for endpoint in endpoints:
            app.router.add_post(endpoint.path, _route(endpoint))
        for each in pages:
            each.add_to(app)
        # What is being answered when the server stops is stored already or will be sent again.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._host = host
        self._port = port
        self._setting = setting
        self.port = 0

    async def __aenter__(self) -> Self:
        """Start to serve.

        Raises:
            ConfigError: It cannot listen there.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            reason = error.strerror
        else:
            self.port = self._runner.addresses[0][1]
            return self
        await self._runner.cleanup()
        raise ConfigError(f"{self._setting}: cannot listen at {self._host}:{self._port} ({reason})")

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
