"""Telegram on loopback for the contract suite, as its people see it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bot.domain.chat import Conversation, Platform
from bot.domain.zones import zone_of
from bot.platforms.telegram import FloodRates, TelegramOptions, TelegramPlatform
from bot.platforms.telegram.platform import WEBHOOK_PATH
from bot.platforms.telegram.presses import ALERT_WITHIN
from bot.ports import ChatPlatform, Moved, WebhookEndpoint
from bot.sandbox.company import ANN, BORIS, CARL, Colleague
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import Message, TelegramEmulator, telegram_app
from bot.sandbox.telegram.rows import Upload
from bot.texts import Texts
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.web.server import WebServer
from tests.contract.chats import (
    RETRY_AFTER,
    Abilities,
    ChatSubject,
    ChatTrouble,
    Shown,
    direct,
    group,
)
from tests.fakes.clock import FakeClock

TOKEN = "7002:made-up-token-of-the-contract-suite"
SECRET = "made-up-webhook-secret"
UNLIMITED = FloodRates(overall=100_000, chat=100_000, group=100_000)


class AtTelegram:
    """Telegram's platform at the Bot API on loopback."""

    def __init__(
        self,
        platform: TelegramPlatform,
        emulator: TelegramEmulator,
        server: AsyncExitStack,
        clock: FakeClock,
    ) -> None:
        self.clock = clock
        self.telegram = platform
        self.emulator = emulator
        self._server = server
        self.platform: ChatPlatform = platform
        self.can = Abilities()
        self.here, self.group = direct(Platform.TELEGRAM), group(Platform.TELEGRAM)

    def says(self, text: str) -> None:
        self.emulator.says(self.emulator.users[ANN.user_id], text)

    def presses(
        self, message_id: str, label: str, conversation: Conversation | None = None
    ) -> None:
        chat_id = int((conversation or self.here).chat_id)
        self.emulator.press(self.emulator.users[ANN.user_id], chat_id, int(message_id), label)

    def alerts(self) -> Sequence[str]:
        return [
            answer.text for answer in self.emulator.callback_answers.values() if answer.show_alert
        ]

    def toasts(self) -> Sequence[str]:
        return [
            answer.text
            for answer in self.emulator.callback_answers.values()
            if answer.text and not answer.show_alert
        ]

    async def answers(self) -> int:
        presses = self.emulator.presses
        await self.emulator.wait_for(lambda: len(self.emulator.callback_answers) == len(presses))
        return len(self.emulator.called("answerCallbackQuery"))

    def messages(self, conversation: Conversation) -> Sequence[Shown]:
        return [
            Shown(
                text=message.plain,
                labels=tuple(message.labels),
                document=_opened(message.document),
            )
            for message in self.emulator.messages(int(conversation.chat_id))
        ]

    def deletes(self, message_id: str) -> None:
        self._message(message_id).deleted = True

    def leaves(self, person: Colleague) -> None:
        self.emulator.leaves(
            self.emulator.chats[int(self.group.chat_id)], self.emulator.users[person.user_id]
        )

    def closes_group(self) -> None:
        self.emulator.kick_bot(self.emulator.chats[int(self.group.chat_id)])

    def ends_input(self) -> None:
        raise AssertionError("people can always write")

    async def brought(self) -> None:
        hook, queue = self.emulator.webhook, self.emulator.queue
        if hook.current is not None:
            await self.emulator.wait_for(lambda: not queue.pending or hook.last_error is not None)

    async def was_working(self) -> bool:
        await asyncio.gather(*self.telegram._tasks)
        return (ANN.user_id, "typing") in self.emulator.actions

    async def trouble(self, trouble: ChatTrouble) -> None:
        match trouble:
            case ChatTrouble.GONE:
                self.emulator.block(self.emulator.users[ANN.user_id])
            case ChatTrouble.SLOW_DOWN:
                self._add(Fault.RATE_LIMITED_429, seconds=RETRY_AFTER)
            case ChatTrouble.LOST:
                self._add(Fault.CUT_AFTER)
            case ChatTrouble.UNREACHABLE:
                await self._server.aclose()

    def _add(self, fault: Fault, *, seconds: float = 0.0) -> None:
        for operation in ("sendMessage", "sendDocument", "sendChatAction"):
            self.emulator.faults.add(FaultRule(fault=fault, operation=operation, seconds=seconds))

    def _message(self, message_id: str) -> Message:
        return self.emulator.chats[ANN.user_id].messages[int(message_id)]


def _opened(document: Upload | None) -> tuple[str, str] | None:
    return None if document is None else (document.name, document.content.decode())


def _company(clock: FakeClock) -> TelegramEmulator:
    """Ann and Boris talk to the bot and are in a group with it; Carl is neither."""
    tg = TelegramEmulator(token=TOKEN, now=clock.now, sleep=clock.sleep)
    users = [tg.add_user(person.user_id, person.name, person.handle) for person in (ANN, BORIS)]
    tg.add_user(CARL.user_id, CARL.name, CARL.handle)
    for user in users:
        tg.says(user, "/start")
    tg.add_group(int(group(Platform.TELEGRAM).chat_id), "Team", users)
    tg.queue.pending.clear()
    return tg


@asynccontextmanager
async def at_telegram(
    *, webhook: bool = False, alert_within: float = ALERT_WITHIN, moved: Moved | None = None
) -> AsyncIterator[AtTelegram]:
    """A platform at an emulator, by polling unless it is asked to be called."""
    clock = FakeClock()
    tg = _company(clock)
    platforms: list[TelegramPlatform] = []

    async def posted(headers: Mapping[str, str], body: bytes) -> int:
        # The server's port has to be known before there is a platform.
        return await platforms[0].endpoint.handle(headers, body)

    endpoint = WebhookEndpoint(path=WEBHOOK_PATH, admits=lambda _: True, handle=posted)
    async with (
        WebServer([endpoint], host="127.0.0.1", port=0) as web,
        AsyncExitStack() as server,
    ):
        url = (await server.enter_async_context(SandboxServer(telegram_app(tg)))).url
        options = TelegramOptions(
            token=TOKEN,
            api_url=url,
            webhook_url=f"http://127.0.0.1:{web.port}{WEBHOOK_PATH}" if webhook else "",
            webhook_secret=SECRET,
            rates=UNLIMITED,
            alert_within=alert_within,
        )
        guard = AddressGuard({url.removeprefix("http://")})
        async with AiohttpTransport(timer=clock, guard=guard) as transport:
            platform = TelegramPlatform(
                options,
                transport=transport,
                clock=clock,
                menu={},
                group_texts=Texts("en", zone_of("UTC")),
                moved=moved,
            )
            platforms.append(platform)
            await platform.start()
            try:
                yield AtTelegram(platform, tg, server, clock)
            finally:
                await platform.stop()


@asynccontextmanager
async def by_polling() -> AsyncIterator[ChatSubject]:
    async with at_telegram(webhook=False) as subject:
        yield subject


@asynccontextmanager
async def by_webhook() -> AsyncIterator[ChatSubject]:
    async with at_telegram(webhook=True) as subject:
        yield subject
