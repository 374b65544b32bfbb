"""Long polling. The offset moves only after a batch is durable."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.errors import StorageError, TransportError
from bot.platforms.telegram.request import VENDOR, outcome_of
from bot.platforms.telegram.updates import update_id_of
from bot.ports import Clock
from bot.transport.json_text import read_json, write_json
from bot.transport.messages import HttpRequest, HttpResponse, Transport
from bot.transport.metering import Exchange, Meter

logger = logging.getLogger(__name__)

POLL_SECONDS = 50
_SLACK = 10.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
"""Seconds: people write meanwhile, and asking in vain costs nothing."""
_UNREADABLE_PAUSE = 30.0
_LONGEST_HOLD = 60.0
_LONGEST_SILENCE = 90.0
"""Longer than a poll that brings nothing, with a pause before it."""
_CONFLICT = 409

Take = Callable[[Sequence[object]], Awaitable[None]]


class Poller:
    """Asks for updates until cancelled; whatever goes wrong, it goes on after a pause."""

    def __init__(
        self,
        *,
        url: str,
        kinds: Sequence[str],
        transport: Transport,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._url = url
        self._kinds = list(kinds)
        self._transport = transport
        self._clock = clock
        self._meter = meter
        self._answered_at = clock.monotonic()
        self._hold = 0.0
        """Seconds for which Telegram asked us last not to come."""

    @property
    def is_answered(self) -> bool:
        """Whether Telegram has answered a poll lately, or the first one is still under way."""
        return self._clock.monotonic() < self._answered_at + _LONGEST_SILENCE

    async def run(self, take: Take) -> None:
        """Poll. The offset is never stored: the inbox recognises what it has seen."""
        self._answered_at = self._clock.monotonic()
        offset: int | None = None
        pause = _FIRST_PAUSE
        while True:
            updates = await self._fetch(offset)
            taken = updates is not None and await self._hand_on(updates, take)
            if not taken:
                await self._clock.sleep(max(pause, self._hold))
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            numbers = [number for update in updates or () if (number := update_id_of(update))]
            if numbers:
                offset = max(numbers) + 1
            elif updates:
                # None of them can be acknowledged, so they would come again at once.
                await self._clock.sleep(_UNREADABLE_PAUSE)

    async def _hand_on(self, updates: Sequence[object], take: Take) -> bool:
        try:
            if updates:
                await take(updates)
        except StorageError as error:
            logger.warning("updates are not acknowledged: %s", error)
            return False
        return True

    async def _fetch(self, offset: int | None) -> Sequence[object] | None:
        body = {"timeout": POLL_SECONDS, "allowed_updates": self._kinds, "limit": 100}
        if offset is not None:
            body["offset"] = offset
        request = HttpRequest(
            operation="getUpdates",
            method="POST",
            url=self._url,
            headers={"Content-Type": "application/json"},
            body=write_json(body),
            repeatable=True,
            timeout=POLL_SECONDS + _SLACK,
        )
        self._hold = 0.0
        try:
            with Exchange(self._meter, VENDOR, request.operation) as exchange:
                response = await self._transport.send(request)
                exchange.outcome = outcome_of(response.status)
        except TransportError as error:
            logger.warning("%s", error)
            return None
        answer = _answer(response)
        updates = _updates(answer)
        if updates is not None:
            self._answered_at = self._clock.monotonic()
        elif response.status == _CONFLICT:
            logger.error("another program polls with this token, or a webhook is set")
        else:
            logger.warning("getUpdates: HTTP %d", response.status)
            self._hold = _asked_to_wait(answer)
        return updates


def _answer(response: HttpResponse) -> Mapping[str, object]:
    try:
        answer = read_json(response.body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _updates(answer: Mapping[str, object]) -> Sequence[object] | None:
    result = answer.get("result")
    return result if isinstance(result, list) else None


def _asked_to_wait(answer: Mapping[str, object]) -> float:
    """Seconds; https://core.telegram.org/bots/api#responseparameters."""
    parameters = answer.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return 0.0
    return float(min(max(0, seconds), _LONGEST_HOLD))
