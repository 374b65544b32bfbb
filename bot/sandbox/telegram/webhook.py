"""Delivery of updates to the bot's webhook.

Messages of one chat go one after another, and so do one person's presses, which are a lane of
their own; lanes go in parallel. This is how the server does it
(https://github.com/tdlib/telegram-bot-api, WebhookActor and add_update); the documentation does
not say.
"""

import asyncio
import ipaddress
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from bot.errors import TransportError
from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.params import as_text
from bot.sandbox.telegram.updates import Update, UpdateQueue
from bot.transport.messages import HttpRequest, HttpResponse, Transport

PATIENCE = 60.0
"""Seconds that a webhook may take to answer."""
LONGEST_PAUSE = 5.0
MOST_SECONDS_TO_HEED = 3600
_NEVER_FROM_AN_ANSWER = frozenset({"deletewebhook", "setwebhook", "close", "logout"})

Perform = Callable[[str, Mapping[str, str]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where updates go."""

    url: str
    secret: str = ""
    max_connections: int = 40


def check_url(url: str) -> None:
    """Take loopback addresses only: a sandbox speaks to nobody else.

    Raises:
        ApiError: It is another, or none at all.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ApiError.bad_request("invalid webhook URL specified") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ApiError.bad_request("invalid webhook URL specified")
    if host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        why = "Failed to resolve host: the sandbox knows loopback addresses only"
        raise ApiError.bad_request(f"bad webhook: {why}")


class WebhookDelivery:
    """Posts what is in the queue for as long as a webhook is set.

    Args:
        queue: Where updates wait; a delivered one leaves it.
        perform: Carries out a method that the webhook's answer asks for.
        changed: Told of every attempt, taken or not.
        seconds: Unix seconds.
        sleep: How to pause between attempts.
        first_pause: Seconds after the second failure (the first is repeated at once, as Telegram
            does); doubled up to `LONGEST_PAUSE`, which is much shorter than Telegram's.
    """

    def __init__(
        self,
        *,
        queue: UpdateQueue,
        perform: Perform,
        changed: Callable[[], None],
        seconds: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        first_pause: float = 0.1,
    ) -> None:
        self.current: Webhook | None = None
        self.last_error: tuple[int, str] | None = None
        self._transport: Transport | None = None
        self._queue = queue
        self._perform = perform
        self._changed = changed
        self._seconds = seconds
        self._sleep = sleep
        self._first_pause = first_pause
        self._lanes: dict[tuple[str, int], deque[Update]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = asyncio.Semaphore(40)
        queue.on_added = self._push

    def set(self, webhook: Webhook | None) -> None:
        """Deliver to this address from now on, beginning with what is waiting; None stops it."""
        self._abandon()
        self.current = webhook
        self.last_error = None
        if webhook is not None:
            self._connections = asyncio.Semaphore(webhook.max_connections)
            self._push_pending()

    def start(self, transport: Transport) -> None:
        """Deliver through this, beginning with what came before."""
        self._transport = transport
        self._push_pending()

    async def stop(self) -> None:
        """Stop delivering; what was not taken stays in the queue."""
        self._transport = None
        tasks = list(self._tasks)
        self._abandon()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _push_pending(self) -> None:
        for update in self._queue.pending.values():
            self._push(update)

    def _abandon(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()

    def _push(self, update: Update) -> None:
        if self.current is None or self._transport is None:
            return
        lane = self._lanes.get(update.lane)
        if lane is not None:
            lane.append(update)
            return
        lane = self._lanes[update.lane] = deque([update])
        drain = self._drain(update.lane, lane, self.current, self._transport)
        task = asyncio.get_running_loop().create_task(drain)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(
        self,
        name: tuple[str, int],
        lane: deque[Update],
        webhook: Webhook,
        transport: Transport,
    ) -> None:
        while lane:
            failures = 0
            while (pause := await self._deliver(lane[0], webhook, transport, failures)) is not None:
                failures += 1
                await self._sleep(pause)
            lane.popleft()
        if self._lanes.get(name) is lane:
            del self._lanes[name]

    async def _deliver(
        self, update: Update, webhook: Webhook, transport: Transport, failures: int
    ) -> float | None:
        """Post once; says how long to wait before the next attempt, None if it was taken."""
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        request = HttpRequest(
            operation="webhook",
            method="POST",
            url=webhook.url,
            headers=headers,
            body=update.body.encode(),
            repeatable=True,
            timeout=PATIENCE,
        )
        back_off = 0.0
        if failures:
            back_off = min(LONGEST_PAUSE, self._first_pause * 2.0 ** (failures - 1))
        try:
            async with self._connections:
                response = await transport.send(request)
        except TransportError as error:
            self._failed(f"Connection failed: {error.reason}")
            return back_off
        if 200 <= response.status <= 299:  # noqa: PLR2004 - HTTP's own
            # Gone before anything else, so that a webhook set meanwhile does not get it again.
            self._queue.pending.pop(update.update_id, None)
            self._changed()
            await self._answered(response)
            return None
        self._failed(f"Wrong response from the webhook: {response.status}")
        return _retry_after(response) or back_off

    def _failed(self, why: str) -> None:
        self.last_error = (int(self._seconds()), why)
        self._changed()

    async def _answered(self, response: HttpResponse) -> None:
        """Do what the answer asks for. Its result is told to nobody.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        params = _read_answer(response)
        method = params.pop("method", "").lower()
        if not method or method in _NEVER_FROM_AN_ANSWER or method.startswith("get"):
            return
        await self._perform(method, params)


def _read_answer(response: HttpResponse) -> dict[str, str]:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            parsed = json.loads(response.body)
            return as_text(parsed) if isinstance(parsed, dict) else {}
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(response.body.decode(), keep_blank_values=True))
    except ValueError:
        pass
    return {}


def _retry_after(response: HttpResponse) -> int:
    value = response.headers.get("retry-after", "")
    return min(int(value), MOST_SECONDS_TO_HEED) if value.isdecimal() else 0
