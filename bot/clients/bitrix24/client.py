"""Calls to portals: limit, request, retries, renamed portals. In the vendor's language only."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit

from bot.clients.bitrix24 import api
from bot.clients.bitrix24.address import AddressRefusedError, PortalAddresses
from bot.clients.bitrix24.api import Answer, BatchAnswer, Command, PortalAuth
from bot.clients.bitrix24.errors import PROVIDER
from bot.errors import ProviderError, ProviderUnavailableError, RateLimitedError
from bot.transport.limits import LeakyBucket, Limiters, WouldExceedDeadline
from bot.transport.messages import HttpRequest, HttpResponse, Timer, Transport
from bot.transport.metering import Exchange, Meter, NoMeter
from bot.transport.retry import ATTEMPTS, with_retries

T = TypeVar("T")

_FINAL_DOT = re.compile(r"\.+(?=:[0-9]+$|$)")

HOLD_AFTER_REFUSAL = 1.0
"""Seconds for which nobody asks a portal that refused for its limit: two drops of its bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a call is made.

    Attributes:
        deadline: On the timer's monotonic scale; waiting for the limit counts.
        priority: Smaller goes first when calls wait for the portal's limit.
        repeatable: Carried out twice it does the same as once, unnoticed.
        attempts: How often it may be sent if an attempt was surely not carried out.
    """

    deadline: float
    priority: int = 0
    repeatable: bool = True
    attempts: int = ATTEMPTS


class Bitrix24Client:
    """Sends calls to portals.

    One hit on the portal's limit per call or batch. Renamed portals are followed once and
    remembered for the life of the process. Tokens are not refreshed here.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        limiters: Limiters,
        addresses: PortalAddresses,
        timer: Timer,
        unix_time: Callable[[], float] = time.time,
        meter: Meter | None = None,
    ) -> None:
        self._transport = transport
        self._limiters = limiters
        self._addresses = addresses
        self._timer = timer
        self._unix_time = unix_time
        self._meter = meter or NoMeter()
        self._moved: dict[str, str] = {}
        self._resets_at: dict[tuple[str, str], float] = {}

    async def call(self, auth: PortalAuth, command: Command, terms: Terms) -> object:
        """Make one call and return its result.

        Raises:
            ProviderError: The portal refused or failed.
            TransportError: No complete answer.
        """
        request = api.build_call(auth, command, repeatable=terms.repeatable)

        def read(response: HttpResponse, origin: str) -> object:
            answer: Answer = api.parse(response, command.method)
            self._note_budget(origin, {command.method: answer.resets_at})
            return answer.result

        return await self._send(request, (command.method,), read, terms)

    async def batch(
        self,
        auth: PortalAuth,
        commands: Mapping[str, Command],
        terms: Terms,
        *,
        halt: bool = False,
    ) -> BatchAnswer:
        """Make several calls with one hit, in order.

        Failures of single commands are in the answer's `errors`, not raised.

        Raises:
            ProviderError: The portal refused or failed as a whole.
            TransportError: No complete answer.
        """
        request = api.build_batch(auth, commands, halt=halt, repeatable=terms.repeatable)
        methods = {key: command.method for key, command in commands.items()}

        def read(response: HttpResponse, origin: str) -> BatchAnswer:
            answer = api.parse_batch(response)
            self._note_budget(
                origin,
                {methods[key]: at for key, at in answer.resets_at.items() if key in methods},
            )
            errors = {
                key: self._with_budget(error, origin, (methods.get(key, key),))
                for key, error in answer.errors.items()
            }
            return replace(answer, errors=errors, origin=origin)

        return await self._send(request, tuple(methods.values()), read, terms)

    def current_host(self, host: str) -> str:
        """What a portal's host is called by now, as far as this process has been told.

        Without the dot that may end a name: the same as in the `origin` of a batch's answer.
        """
        name = _FINAL_DOT.sub("", host.lower())
        for scheme in ("https", "http"):
            if origin := self._moved.get(f"{scheme}://{name}"):
                return urlsplit(origin).netloc
        return name

    async def _send(
        self,
        request: HttpRequest,
        methods: tuple[str, ...],
        read: Callable[[HttpResponse, str], T],
        terms: Terms,
    ) -> T:
        async def attempt() -> T:
            origin = self._origin(request)
            bucket = self._limiters.of(urlsplit(origin).netloc)
            await _pass(bucket, request, terms)
            try:
                with Exchange(self._meter, PROVIDER, request.operation):
                    response = await self._exchange(request, origin, terms.deadline)
                    return read(response, self._origin(request))
            except RateLimitedError as error:
                if not error.final:
                    bucket.fill()
                    bucket.hold(error.retry_after or HOLD_AFTER_REFUSAL)
                refusal = self._with_budget(error, origin, methods)
            raise refusal

        return await with_retries(
            attempt,
            repeatable=request.repeatable,
            deadline=terms.deadline,
            timer=self._timer,
            attempts=terms.attempts,
        )

    async def _exchange(self, request: HttpRequest, origin: str, deadline: float) -> HttpResponse:
        response = await self._transport.send(_at(request, origin), deadline=deadline)
        target = api.redirect_target(response)
        if target is None:
            return response
        try:
            new_origin = self._addresses.judge(target)
        except AddressRefusedError:
            new_origin = ""
        if not new_origin or new_origin == origin:
            raise _out_of_reach(request, "PORTAL_MOVED")
        response = await self._transport.send(_at(request, new_origin), deadline=deadline)
        if api.redirect_target(response) is not None:
            raise _out_of_reach(request, "PORTAL_MOVED")
        self._moved[self._addresses.judge(request.url)] = new_origin
        return response

    def _origin(self, request: HttpRequest) -> str:
        """Where a request goes: an account's address is judged each time, wherever it was kept."""
        try:
            origin = self._addresses.judge(request.url)
        except AddressRefusedError:
            origin = ""
        if not origin:
            raise _out_of_reach(request, "ADDRESS_REFUSED")
        return self._moved.get(origin, origin)

    def _note_budget(self, origin: str, resets_at: Mapping[str, float | None]) -> None:
        for method, moment in resets_at.items():
            if moment is not None:
                self._resets_at[origin, method] = moment

    def _with_budget(
        self, error: ProviderError, origin: str, methods: tuple[str, ...]
    ) -> ProviderError:
        """Tell when a spent time budget is refilled; the error itself never says.

        https://apidocs.bitrix24.com/limits.html
        """
        if not isinstance(error, RateLimitedError) or not error.final or error.retry_after:
            return error
        known = [at for method in methods if (at := self._resets_at.get((origin, method)))]
        if not known:
            return error
        return RateLimitedError(
            error.provider,
            error.operation,
            status=error.status,
            code=error.code,
            retry_after=max(0.0, max(known) - self._unix_time()),
            final=True,
        )


async def _pass(bucket: LeakyBucket, request: HttpRequest, terms: Terms) -> None:
    """Wait for the portal's limit, or say at once when to come back."""
    try:
        await bucket.acquire(priority=terms.priority, deadline=terms.deadline)
        return
    except WouldExceedDeadline as error:
        retry_after = error.retry_after
    raise RateLimitedError(PROVIDER, request.operation, retry_after=retry_after, final=True)


def _at(request: HttpRequest, origin: str) -> HttpRequest:
    # Nearly always; and taking the address apart costs more than all the rest of this.
    if request.url.startswith(f"{origin}/"):
        return request
    return replace(request, url=origin + urlsplit(request.url).path)


def _out_of_reach(request: HttpRequest, code: str) -> ProviderUnavailableError:
    """An address that we do not talk to: nothing was carried out, and somebody has to look."""
    return ProviderUnavailableError(
        PROVIDER, request.operation, code=code, final=True, may_have_happened=False
    )
