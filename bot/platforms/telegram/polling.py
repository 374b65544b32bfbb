"""Long polling. The offset moves only after a batch is durable."""

import logging
from collections.abc import Awaitable, Callable, Sequence

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
_LONGEST_PAUSE = 30.0
_LONGEST_SILENCE = POLL_SECONDS + _SLACK + _LONGEST_PAUSE
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
                await self._clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            numbers = [number for update in updates or () if (number := update_id_of(update))]
            if numbers:
                offset = max(numbers) + 1
            elif updates:
                # None of them can be acknowledged, so they would come again at once.
                await self._clock.sleep(_LONGEST_PAUSE)

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
        try:
            with Exchange(self._meter, VENDOR, request.operation) as exchange:
                response = await self._transport.send(request)
                exchange.outcome = outcome_of(response.status)
        except TransportError as error:
            logger.warning("%s", error)
            return None
        updates = _updates(response)
        if updates is not None:
            self._answered_at = self._clock.monotonic()
        return updates


def _updates(response: HttpResponse) -> Sequence[object] | None:
    try:
        answer = read_json(response.body)
    except (ValueError, RecursionError):
        answer = None
    result = answer.get("result") if isinstance(answer, dict) else None
    if isinstance(result, list):
        return result
    if response.status == _CONFLICT:
        logger.error("another program polls with this token, or a webhook is set")
    else:
        logger.warning("getUpdates: HTTP %d", response.status)
    return None
