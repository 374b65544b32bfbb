"""The HTTP server of the bot: turns webhook endpoints and pages into routes."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.errors import ConfigError
from bot.ports import WebhookEndpoint
from bot.web.bodies import BODY_LIMIT, read_body, refuse_large

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages(Protocol):
    """Something to look at."""

    def add_to(self, app: web.Application) -> None:
        """Serve it."""
        ...


class _Discreet(logging.LoggerAdapter[logging.Logger]):
    """aiohttp's words about requests that nobody can read, without the requests.

    It would log the line that it could not read: the address of a page, which is a secret, or what
    somebody wants to see in the log.
    """

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Name what is the matter; what failed on our side is told with its traceback."""
        error = kwargs.get("exc_info")
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            super().log(logging.INFO, "a request could not be read: %s", type(error).__name__)
        else:
            super().log(level, msg, *args, **kwargs)


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
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[refuse_large])
        for endpoint in endpoints:
            app.router.add_post(endpoint.path, _route(endpoint))
        for each in pages:
            each.add_to(app)
        # What is being answered when the server stops is stored already or will be sent again.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=1.0,
            # Nobody who may post to us compresses; others send bombs, and bytes that are no gzip.
            auto_decompress=False,
            logger=_Discreet(logging.getLogger("bot.web.requests"), {}),
        )
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
        if not endpoint.admits(headers):
            return web.Response(status=401)
        return web.Response(status=await endpoint.handle(headers, await read_body(request)))

    return handle
