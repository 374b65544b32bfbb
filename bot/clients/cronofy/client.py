"""Calls to Cronofy: limit, request, retries. In the vendor's language only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from bot.clients.cronofy import api
from bot.clients.cronofy.api import AccountRow, CalendarRow, CronofyAuth, EventsPage
from bot.clients.cronofy.errors import PROVIDER
from bot.clients.cronofy.rows import EventRow
from bot.errors import ProviderProtocolError, RateLimitedError
from bot.transport.limits import LeakyBucket, WouldExceedDeadline
from bot.transport.messages import HttpRequest, HttpResponse, Timer, Transport
from bot.transport.metering import Exchange, Meter, NoMeter
from bot.transport.retry import with_retries

T = TypeVar("T")

HOLD_AFTER_REFUSAL = 2.0
PAGES_MAX = 50
"""Pages of one read; a calendar has fewer, so more are a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Until when (on the timer's monotonic scale), and how urgent (smaller goes first)."""

    deadline: float
    priority: int = 0


def limit_of(
    per_minute: float, timer: Timer, waited: Callable[[float], None] | None = None
) -> LeakyBucket:
    """A bucket that lets through at most so many calls a minute and a tenth of it a second.

    The limits count for the whole application, whoever's token is used.
    https://docs.cronofy.com/developers/faqs/rate-limits/
    """
    burst = max(1, int(per_minute / 12))
    return LeakyBucket(rate=per_minute / 66, burst=burst, timer=timer, waited=waited)


class CronofyClient:
    """Sends calls to Cronofy. Tokens are not refreshed here."""

    def __init__(
        self,
        *,
        transport: Transport,
        limit: LeakyBucket,
        timer: Timer,
        meter: Meter | None = None,
    ) -> None:
        self._transport = transport
        self._meter = meter or NoMeter()
        self._limit = limit
        self._timer = timer

    async def account(self, auth: CronofyAuth, terms: Terms) -> AccountRow:
        """Whose token it is, and what it may do.

        Raises:
            ProviderError: Refused or failed.
            TransportError: No complete answer.
        """
        return await self._send(api.read_userinfo(auth), api.parse_account, terms)

    async def calendars(self, auth: CronofyAuth, terms: Terms) -> Sequence[CalendarRow]:
        """All calendars of the account, with the services behind them.

        Raises:
            ProviderError: Refused or failed.
            TransportError: No complete answer.
        """
        return await self._send(api.read_userinfo(auth), api.parse_calendars, terms)

    async def events(
        self,
        auth: CronofyAuth,
        terms: Terms,
        *,
        date_from: date,
        date_to: date,
        calendar_ids: Sequence[str] = (),
        include_deleted: bool = False,
        include_moved: bool = False,
        last_modified: datetime | None = None,
    ) -> Sequence[EventRow]:
        """All events of a period, page by page; see `api.read_events`.

        Raises:
            ProviderError: Refused or failed, or a page is on another host.
            TransportError: No complete answer.
        """
        request = api.read_events(
            auth,
            date_from=date_from,
            date_to=date_to,
            calendar_ids=calendar_ids,
            include_deleted=include_deleted,
            include_moved=include_moved,
            last_modified=last_modified,
        )
        found: list[EventRow] = []
        for _ in range(PAGES_MAX):
            page: EventsPage = await self._send(request, api.parse_events, terms)
            found.extend(page.events)
            if not page.next_page:
                return found
            request = api.read_page(auth, page.next_page)
        raise ProviderProtocolError(PROVIDER, "events")

    async def change_participation(
        self, auth: CronofyAuth, terms: Terms, *, calendar_id: str, uid: str, status: str
    ) -> None:
        """Ask for a change of an answer; being accepted says nothing about being done.

        Raises:
            ProviderError: Refused or failed.
            TransportError: No complete answer.
        """
        request = api.change_participation(auth, calendar_id, uid, status)

        def parse(response: HttpResponse) -> None:
            api.parse_accepted(response, request.operation)

        await self._send(request, parse, terms)

    async def _send(
        self, request: HttpRequest, parse: Callable[[HttpResponse], T], terms: Terms
    ) -> T:
        async def attempt() -> T:
            await self._pass(request, terms)
            try:
                with Exchange(self._meter, PROVIDER, request.operation):
                    return parse(await self._transport.send(request, deadline=terms.deadline))
            except RateLimitedError as error:
                self._limit.hold(error.retry_after or HOLD_AFTER_REFUSAL)
                raise

        return await with_retries(
            attempt, repeatable=request.repeatable, deadline=terms.deadline, timer=self._timer
        )

    async def _pass(self, request: HttpRequest, terms: Terms) -> None:
        try:
            await self._limit.acquire(priority=terms.priority, deadline=terms.deadline)
            return
        except WouldExceedDeadline as error:
            retry_after = error.retry_after
        raise RateLimitedError(PROVIDER, request.operation, retry_after=retry_after, final=True)
