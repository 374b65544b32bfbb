"""The port for programs that look after the bot: health and metrics, apart from what is public."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.app.health import Health
from bot.settings import Settings
from bot.web.counts import Counts
from bot.web.operations import HealthPages, MetricsPage
from bot.web.server import WebServer

logger = logging.getLogger(__name__)


@asynccontextmanager
async def operations(settings: Settings, counts: Counts, health: Health) -> AsyncIterator[None]:
    """Serve it, if OPERATIONS_PORT is set, for as long as the process has anything to do.

    Raises:
        ConfigError: It cannot listen there.
    """
    if settings.operations_port is None:
        yield
        return
    server = WebServer(
        (),
        host=settings.operations_host,
        port=settings.operations_port,
        pages=[HealthPages(health.look), MetricsPage(counts, health.look)],
        setting="OPERATIONS_PORT",
    )
    async with server:
        logger.info("health and metrics on port %d", server.port)
        yield
