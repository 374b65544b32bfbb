"""The emulator on HTTP: the Bot API, the faults asked for, and steering by other processes.

https://core.telegram.org/bots/api#making-requests
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web

from bot.sandbox.clock import SandboxClock, add_clock_routes
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import NOT_EXECUTED, add_fault_routes, cut, gateway_page, spoil
from bot.sandbox.telegram import chatting, fetching, messaging
from bot.sandbox.telegram.admin import EMULATOR, add_admin_routes
from bot.sandbox.telegram.emulator import TelegramEmulator
from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.params import Params, read_params
from bot.sandbox.telegram.rows import ApiCall, Upload
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport

_TOKEN = re.compile(r"[1-9][0-9]*:[A-Za-z0-9_-]+")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_FUNCTIONS: dict[str, Callable[[TelegramEmulator, Params], object]] = {
    "getMe": chatting.get_me,
    "getChat": chatting.get_chat,
    "getChatMember": chatting.get_chat_member,
    "getChatAdministrators": chatting.get_chat_administrators,
    "leaveChat": chatting.leave_chat,
    "setMyCommands": chatting.set_my_commands,
    "getMyCommands": chatting.get_my_commands,
    "setWebhook": fetching.set_webhook,
    "deleteWebhook": fetching.delete_webhook,
    "getWebhookInfo": fetching.get_webhook_info,
    "sendMessage": messaging.send_message,
    "sendDocument": messaging.send_document,
    "editMessageText": messaging.edit_message_text,
    "editMessageReplyMarkup": messaging.edit_message_reply_markup,
    "deleteMessage": messaging.delete_message,
    "answerCallbackQuery": messaging.answer_callback_query,
    "sendChatAction": messaging.send_chat_action,
}
# Methods are called in any case.
_SPELLING = {name.lower(): name for name in (*_FUNCTIONS, "getUpdates")}


class _Answer(NamedTuple):
    status: int
    body: str
    retry_after: int | None = None


class _Timer:
    """Nothing here has a deadline on a clock of its own."""

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def telegram_app(emulator: TelegramEmulator, clock: SandboxClock | None = None) -> web.Application:
    """The Bot API of one bot as a web application; the base address is `<url>/bot`.

    A `clock` can be moved over it, as `/_sandbox/says` moves people.
    """
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app[EMULATOR] = emulator
    add_fault_routes(app, emulator.faults)
    add_admin_routes(app)
    if clock is not None:
        add_clock_routes(app, clock)
    app.router.add_route("*", "/bot{token}/{method}", _bot)
    app.router.add_route("*", "/{anything:.*}", _elsewhere)
    app.cleanup_ctx.append(_webhook_transport)
    app.on_shutdown.append(_end_long_poll)
    return app


async def _webhook_transport(app: web.Application) -> AsyncIterator[None]:
    emulator = app[EMULATOR]

    async def perform(method: str, params: Mapping[str, str]) -> None:
        await _from_webhook(emulator, method, params)

    async with AiohttpTransport(timer=_Timer(), guard=AddressGuard(LOOPBACK)) as transport:
        emulator.perform = perform
        emulator.webhook.start(transport)
        yield
        await emulator.webhook.stop()


async def _end_long_poll(app: web.Application) -> None:
    app[EMULATOR].queue.release()


async def _elsewhere(_request: web.Request) -> web.Response:
    return _response(_refusal(ApiError(404, "Not Found")))


async def _bot(request: web.Request) -> web.Response:
    emulator = request.app[EMULATOR]
    token = request.match_info["token"]
    if not _TOKEN.fullmatch(token):
        return _response(_refusal(ApiError(404, "Not Found")))
    if token != emulator.token:
        return _response(_refusal(ApiError(401, "Unauthorized")))
    method = _SPELLING.get(request.match_info["method"].lower())
    if method is None:
        return _response(_refusal(ApiError(404, "Not Found: method not found")))
    try:
        values, files = await read_params(request)
    except ApiError as error:
        return _response(_refusal(error))
    called = _Called(method=method, values=values, files=files, via="http")
    who = called.who(emulator)
    rule = emulator.faults.take(method, who)
    if rule is not None and rule.fault in NOT_EXECUTED:
        called.note(emulator, 0, rule=rule)
        return _strike(request, rule)
    answer = await called.carry_out(emulator, rule)
    for gate in emulator.gates:
        await gate.pass_through(method, who)
    response = _response(answer)
    return response if rule is None else await spoil(request, rule, response)


async def _from_webhook(emulator: TelegramEmulator, name: str, values: Mapping[str, str]) -> None:
    """Carry out what a webhook's answer asks for; there is nobody to tell how it went."""
    method = _SPELLING.get(name)
    if method is None:
        return
    called = _Called(method=method, values=values, via="webhook")
    rule = emulator.faults.take(method, called.who(emulator))
    if rule is not None and rule.fault in NOT_EXECUTED:
        called.note(emulator, 0, rule=rule)
        return
    await called.carry_out(emulator, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Called:
    """A call on its way."""

    method: str
    values: Mapping[str, str]
    via: str
    files: Mapping[str, Upload] = field(default_factory=dict)

    def who(self, emulator: TelegramEmulator) -> str | None:
        """The chat by which faults and gates know a call."""
        if self.method == "answerCallbackQuery":
            press = emulator.presses.get(self.values.get("callback_query_id", ""))
            return None if press is None else str(press.chat_id)
        return self.values.get("chat_id")

    async def carry_out(self, emulator: TelegramEmulator, rule: FaultRule | None) -> _Answer:
        """Do it, and write it into the journal."""
        applied = rule is None or rule.fault is not Fault.NEVER_APPLIED
        params = Params(self.values, files=self.files, applied=applied)
        try:
            if self.method == "getUpdates":
                updates = await fetching.get_updates(emulator, params)
                result = f"[{','.join(update.body for update in updates)}]"
            else:
                result = json.dumps(_FUNCTIONS[self.method](emulator, params))
        except ApiError as error:
            self.note(emulator, error.code, description=error.description, rule=rule)
            return _refusal(error)
        self.note(emulator, 200, rule=rule)
        return _Answer(200, f'{{"ok":true,"result":{result}}}')

    def note(
        self,
        emulator: TelegramEmulator,
        code: int,
        *,
        description: str = "",
        rule: FaultRule | None = None,
    ) -> None:
        """Write it into the journal."""
        emulator.calls.append(
            ApiCall(
                method=self.method,
                params=self.values,
                code=code,
                description=description,
                via=self.via,
                fault="" if rule is None else rule.fault,
            )
        )
        emulator.changed()


def _refusal(error: ApiError) -> _Answer:
    return _Answer(error.code, error.body(), error.retry_after)


def _response(answer: _Answer) -> web.Response:
    headers = {} if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
    return web.Response(
        status=answer.status,
        body=answer.body.encode(),
        headers=headers,
        content_type="application/json",
    )


def _strike(request: web.Request, rule: FaultRule) -> web.Response:
    match rule.fault:
        case Fault.UNAVAILABLE_503:
            return _response(_refusal(ApiError(503, "Service Unavailable")))
        case Fault.RATE_LIMITED_429:
            return _response(_refusal(ApiError.too_many_requests(int(rule.seconds))))
        case Fault.HTML_502:
            return gateway_page()
        case _:
            return cut(request)
