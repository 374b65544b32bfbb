"""Transports that answer what a test wants."""

import asyncio
import json
from collections.abc import Callable

from bot.errors import ConnectFailed
from bot.transport.messages import HttpRequest, HttpResponse, Transport

Answer = Callable[[HttpRequest], HttpResponse | None]


class Wire:
    """Answers by a function; what that has no answer to hangs until it is cancelled."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[HttpRequest] = []

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        del deadline
        self.requests.append(request)
        answer = self._answer(request)
        if answer is None:
            await asyncio.Event().wait()
            raise ConnectFailed(request.operation, "never")
        # As over a socket: nobody answers before the next turn of the loop.
        await asyncio.sleep(0)
        return answer


class Meddler:
    """Lets requests pass and changes what is answered."""

    def __init__(
        self, inner: Transport, meddle: Callable[[HttpRequest, HttpResponse], HttpResponse]
    ) -> None:
        self._inner = inner
        self._meddle = meddle

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        return self._meddle(request, await self._inner.send(request, deadline=deadline))


def ok(result: object) -> HttpResponse:
    """The Bot API's good answer."""
    return HttpResponse(status=200, body=json.dumps({"ok": True, "result": result}).encode())
