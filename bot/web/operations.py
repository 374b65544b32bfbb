"""Pages for programs that look after the bot: is it alive, is it ready, what has it done."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from bot.web.counts import Counts
from bot.web.vitals import Look

_PLAIN = "text/plain"
_HEADERS = {"Cache-Control": "no-store"}
_ALIVE = "alive"


class HealthPages:
    """`/healthz` answers while the process turns; `/readyz` says whether it can do its work.

    Neither tells anything that strangers may not know.
    """

    def __init__(self, look: Look) -> None:
        self._look = look

    def add_to(self, app: web.Application) -> None:
        """Serve the pages."""
        app.router.add_get("/healthz", self._show_alive)
        app.router.add_get("/readyz", self._show_ready)

    async def _show_alive(self, request: web.Request) -> web.Response:
        del request
        return _answer(_ALIVE)

    async def _show_ready(self, request: web.Request) -> web.Response:
        del request
        missing = (await self._look()).missing
        if not missing:
            return _answer("ready")
        return _answer(f"not ready: {', '.join(missing)}", HTTPStatus.SERVICE_UNAVAILABLE)


class MetricsPage:
    """`/metrics` for Prometheus; never served where strangers can ask."""

    def __init__(self, counts: Counts, look: Look) -> None:
        self._counts = counts
        self._look = look

    def add_to(self, app: web.Application) -> None:
        """Serve the page."""
        app.router.add_get("/metrics", self._show)

    async def _show(self, request: web.Request) -> web.Response:
        del request
        # Its import takes a fifth of a second at the first scrape: not on the loop, which commands
        # need, and not at the start, which people wait for.
        await asyncio.to_thread(_load)
        from bot.web.exposition import CONTENT_TYPE, expose  # noqa: PLC0415

        body = expose(self._counts, await self._look())
        return web.Response(body=body, headers={**_HEADERS, "Content-Type": CONTENT_TYPE})


def is_our_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether it is `/healthz` as we show it. Names of headers are in lower case."""
    return (
        body == f"{_ALIVE}\n".encode()
        and headers.get("content-type", "").startswith(_PLAIN)
        and headers.get("cache-control") == _HEADERS["Cache-Control"]
    )


def _load() -> None:
    import bot.web.exposition  # noqa: F401, PLC0415


def _answer(text: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(text=f"{text}\n", content_type=_PLAIN, status=status, headers=_HEADERS)
