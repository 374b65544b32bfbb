"""The time that all emulators of one sandbox share, and that somebody may move.

`GET /_sandbox/clock` tells by how many seconds it is ahead of the real time (less than 0: behind);
`POST` takes `advance`, by how many seconds more it shall be.
"""

from datetime import UTC, datetime, timedelta

from aiohttp import web


class SandboxClock:
    """The real time, unless it was moved.

    Attributes:
        ahead: How far it is ahead of the real time; negative if it was set back.
        told: How often another process was told.
    """

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.told = 0

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC) + self.ahead

    def advance(self, by: timedelta) -> None:
        """Move it, back if that is negative.

        Raises:
            OverflowError: To a time that no calendar knows; nothing is moved.
        """
        ahead = self.ahead + by
        # Whatever is dated a while from then has to exist as well.
        _ = datetime.now(UTC) + 2 * ahead
        self.ahead = ahead


def add_clock_routes(app: web.Application, clock: SandboxClock) -> None:
    """Let another process look at it and move it."""

    async def tell(_request: web.Request) -> web.Response:
        clock.told += 1
        return web.json_response({"ahead": clock.ahead.total_seconds()})

    async def move(request: web.Request) -> web.Response:
        wish = await request.json()
        try:
            clock.advance(timedelta(seconds=wish["advance"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            error = "`advance` has to be a number of seconds"
            return web.json_response({"ok": False, "error": error}, status=400)
        return await tell(request)

    app.router.add_get("/_sandbox/clock", tell)
    app.router.add_post("/_sandbox/clock", move)
