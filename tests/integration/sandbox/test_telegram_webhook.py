"""The Telegram emulator: posting updates to a webhook."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import telegram
from aiohttp import web

from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import TelegramEmulator, telegram_app
from tests.integration.sandbox.telegram_sandbox import (
    ANN_ID,
    BORIS_ID,
    TOKEN,
    Running,
    running_telegram,
)


@pytest.fixture
async def it() -> AsyncIterator[Running]:
    async with running_telegram() as running:
        yield running


@dataclass
class Hook:
    """A webhook that answers as a test says."""

    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answers: list[Callable[[], web.Response]] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    arrivals: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.seen.append(update)
        self.arrivals.release()
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if chat_of(update) in self.held:
            await self.opened.wait()
        return self.answers.pop(0)() if self.answers else web.Response()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.seen if "message" in update]


def chat_of(update: dict[str, Any]) -> int:
    message = update.get("message") or update.get("callback_query", {}).get("message")
    chat_id: int = message["chat"]["id"]
    return chat_id


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    async with SandboxServer(app) as server:
        hook.url = f"{server.url}/hook"
        yield hook


async def all_taken(it: Running) -> None:
    await it.tg.wait_for(lambda: not it.tg.queue.pending)


async def test_updates_are_posted_with_the_secret(it: Running, hook: Hook) -> None:
    it.tg.says(it.ann, "before it was set")
    assert await it.bot.set_webhook(hook.url, secret_token="s-1_A")
    it.tg.says(it.ann, "/accept 651")
    await all_taken(it)
    assert hook.texts == ["before it was set", "/accept 651"]
    assert hook.secrets == ["s-1_A", "s-1_A"]
    update = telegram.Update.de_json(hook.seen[1], it.bot)
    assert update.message is not None
    assert update.message.text == "/accept 651"


async def test_of_one_chat_the_next_waits_and_other_chats_go_on(it: Running, hook: Hook) -> None:
    await it.bot.set_webhook(hook.url)
    hook.held = {ANN_ID}
    it.tg.says(it.ann, "ann 1")
    it.tg.says(it.ann, "ann 2")
    it.tg.says(it.boris, "boris 1")
    it.tg.says(it.boris, "boris 2")
    await it.tg.wait_for(lambda: len(it.tg.queue.pending) == 2)
    assert sorted(hook.texts) == ["ann 1", "boris 1", "boris 2"]
    hook.opened.set()
    await all_taken(it)
    assert hook.texts[-1] == "ann 2"


async def test_a_press_does_not_wait_for_the_messages_of_its_chat(it: Running, hook: Hook) -> None:
    button = telegram.InlineKeyboardButton("Go", callback_data="k")
    sent = await it.bot.send_message(
        ANN_ID, "x", reply_markup=telegram.InlineKeyboardMarkup([[button]])
    )
    await it.bot.set_webhook(hook.url)
    hook.held = {ANN_ID}
    it.tg.says(it.ann, "slow")
    it.tg.press(it.ann, ANN_ID, sent.message_id, "Go")
    async with asyncio.timeout(5):
        for _ in range(2):
            await hook.arrivals.acquire()
    assert {next(key for key in update if key != "update_id") for update in hook.seen} == {
        "message",
        "callback_query",
    }
    hook.opened.set()
    await all_taken(it)


async def test_what_is_not_taken_comes_again_before_anything_else(it: Running, hook: Hook) -> None:
    hook.answers = [
        lambda: web.Response(status=503),
        lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
        lambda: web.Response(status=429, headers={"Retry-After": "60"}),
    ]
    await it.bot.set_webhook(hook.url)
    it.tg.says(it.ann, "one")
    it.tg.says(it.ann, "two")
    await all_taken(it)
    assert hook.texts == ["one", "one", "one", "one", "two"]
    # At once, then 0.1 s, then as long as the webhook asked for.
    assert it.clock.monotonic() == pytest.approx(60.1)
    info = await it.bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 429"
    assert info.pending_update_count == 0


async def test_nobody_listening_is_an_error_and_the_update_stays(it: Running, hook: Hook) -> None:
    await it.bot.set_webhook("http://127.0.0.1:1/hook")
    it.tg.says(it.ann, "one")
    await it.tg.wait_for(lambda: it.tg.webhook.last_error)
    info = await it.bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("http://127.0.0.1:1/hook", 1)
    assert info.last_error_message is not None
    assert info.last_error_message.startswith("Connection failed")
    await it.bot.set_webhook(hook.url)
    await all_taken(it)
    assert hook.texts == ["one"]


async def test_a_method_in_the_answer_is_carried_out(it: Running, hook: Hook) -> None:
    hook.answers = [
        lambda: web.json_response({"method": "sendMessage", "chat_id": 7, "text": "as JSON"}),
        lambda: web.Response(
            text="method=sendMessage&chat_id=7&text=as+a+form",
            content_type="application/x-www-form-urlencoded",
        ),
        lambda: web.json_response({"method": "sendMessage", "chat_id": 404, "text": "to nobody"}),
        lambda: web.json_response({"method": "deleteWebhook"}),
        lambda: web.json_response({"method": "getMe"}),
        lambda: web.Response(text="{broken", content_type="application/json"),
    ]
    await it.bot.set_webhook(hook.url)
    for number in range(6):
        it.tg.says(it.ann, str(number))
    await all_taken(it)
    assert [message.plain for message in it.tg.messages(ANN_ID)] == ["as JSON", "as a form"]
    assert [(call.method, call.code) for call in it.tg.calls if call.via == "webhook"] == [
        ("sendMessage", 200),
        ("sendMessage", 200),
        ("sendMessage", 400),
    ]


async def test_faults_strike_a_method_in_the_answer_as_well(it: Running, hook: Hook) -> None:
    it.tg.faults.add(FaultRule(fault=Fault.UNAVAILABLE_503, operation="sendMessage"))
    hook.answers = [lambda: web.json_response({"method": "sendMessage", "chat_id": 7, "text": "x"})]
    await it.bot.set_webhook(hook.url)
    it.tg.says(it.ann, "one")
    await all_taken(it)
    await it.tg.wait_for(lambda: it.tg.called("sendMessage"))
    assert it.tg.calls[-1].fault == "unavailable_503"
    assert it.tg.messages(ANN_ID) == []


async def test_pending_updates_are_kept_or_dropped_as_asked(it: Running, hook: Hook) -> None:
    it.tg.says(it.ann, "dropped")
    await it.bot.set_webhook(hook.url, drop_pending_updates=True)
    it.tg.says(it.ann, "posted")
    await all_taken(it)
    await it.bot.delete_webhook()
    it.tg.says(it.ann, "polled")
    [update] = await it.bot.get_updates()
    assert update.message is not None
    assert update.message.text == "polled"
    await it.bot.delete_webhook(drop_pending_updates=True)
    assert await it.bot.get_updates() == ()
    assert hook.texts == ["posted"]


async def test_only_wanted_kinds_are_posted(it: Running, hook: Hook) -> None:
    await it.bot.set_webhook(hook.url, allowed_updates=["message"], max_connections=1)
    it.tg.block(it.ann)
    it.tg.says(it.boris, "hello")
    await all_taken(it)
    assert [chat_of(update) for update in hook.seen] == [BORIS_ID]
    assert (await it.bot.get_webhook_info()).max_connections == 1


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"url": "ftp://127.0.0.1/"}, "invalid webhook URL specified"),
        ({"url": "http://["}, "invalid webhook URL specified"),
        (
            {"url": "https://example.com/hook"},
            "bad webhook: Failed to resolve host: the sandbox knows loopback addresses only",
        ),
        ({"url": "http://localhost/", "secret_token": "a b"}, None),
        ({"url": "http://localhost/", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused(
    it: Running, params: dict[str, str], complaint: str | None
) -> None:
    complaint = complaint or "secret token contains unallowed characters"
    assert await it.refused("setWebhook", **params) == (400, f"Bad Request: {complaint}")
    assert (await it.bot.get_webhook_info()).url == ""


async def test_no_more_connections_are_made_than_the_webhook_allows(
    it: Running, hook: Hook
) -> None:
    await it.bot.set_webhook(hook.url, max_connections=1)
    hook.held = {ANN_ID, BORIS_ID}
    it.tg.says(it.ann, "one")
    await hook.arrivals.acquire()
    it.tg.says(it.boris, "two")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hook.arrivals.acquire(), 0.2)
    assert hook.texts == ["one"]
    hook.opened.set()
    await all_taken(it)
    assert hook.texts == ["one", "two"]


async def test_a_server_that_starts_again_goes_on_where_it_stopped(hook: Hook) -> None:
    tg = TelegramEmulator(token=TOKEN)
    ann = tg.add_user(ANN_ID, "Ann")
    async with SandboxServer(telegram_app(tg)) as server, aiohttp.ClientSession() as http:
        address = f"{server.url}/bot{TOKEN}/setWebhook"
        async with http.post(address, json={"url": hook.url}) as response:
            assert response.status == 200
        hook.held = {ANN_ID}
        tg.says(ann, "one")
        await hook.arrivals.acquire()
    tg.says(ann, "two")
    hook.opened.set()
    async with SandboxServer(telegram_app(tg)):
        await tg.wait_for(lambda: not tg.queue.pending)
    assert hook.texts == ["one", "one", "two"]


async def test_an_empty_address_takes_the_webhook_away(it: Running, hook: Hook) -> None:
    await it.bot.set_webhook(hook.url)
    assert await it.bot.set_webhook("")
    assert await it.bot.get_updates() == ()
