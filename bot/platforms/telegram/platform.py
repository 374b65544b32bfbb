"""The Telegram platform: receiving by polling or webhook, delivering by messages, edits, alerts."""

import asyncio
import hmac
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from telegram import Bot, BotCommand, ChatMember, ChatMemberRestricted
from telegram.constants import ChatAction
from telegram.error import InvalidToken

from bot.domain.chat import Conversation, Identity, IncomingMessage, Platform
from bot.domain.inbox import Delivery
from bot.errors import ConfigError, PlatformError, StorageError
from bot.platforms.telegram.calls import Calls
from bot.platforms.telegram.flood import FloodLimiter, FloodRates
from bot.platforms.telegram.nobody import Nobodies
from bot.platforms.telegram.polling import Poller
from bot.platforms.telegram.poster import Poster, thread_of
from bot.platforms.telegram.posting import deep_link, our_errors
from bot.platforms.telegram.presses import ALERT_WITHIN, Presses
from bot.platforms.telegram.request import VENDOR, TransportRequest
from bot.platforms.telegram.updates import (
    GroupMoved,
    MalformedUpdateError,
    NoPerson,
    Skipped,
    convert,
    date_presses,
    update_id_of,
)
from bot.ports import ChatPlatform, Clock, Moved, Receive, WebhookEndpoint
from bot.texts import Texts
from bot.transport.json_text import read_json
from bot.transport.messages import Transport
from bot.transport.metering import Meter, NoMeter

logger = logging.getLogger(__name__)

WEBHOOK_PATH = "/telegram"
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
_ADMINISTERING = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})
_BELONGING = _ADMINISTERING | {ChatMember.MEMBER}
_KINDS = ("message", "callback_query")

Menu = Mapping[str, Sequence[tuple[str, str]]]
"""Commands and what they do, by language; the first language is for everybody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramOptions:
    """How to reach Telegram.

    Attributes:
        webhook_url: Where updates shall be posted; empty for polling.
        alert_within: Seconds that a press may wait for its reply before it is answered without.
    """

    token: str = field(repr=False)
    api_url: str = "https://api.telegram.org"
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    rates: FloodRates = field(default_factory=FloodRates)
    alert_within: float = ALERT_WITHIN


class TelegramPlatform:
    """Telegram as a chat system. Receives raw updates, so that one bad one spoils only itself.

    Args:
        options: How to reach it.
        transport: For every call.
        clock: For the time of presses, and for waiting.
        menu: What it offers to type.
        group_texts: What it says by itself in groups.
        moved: Told when a group has a new id.
        meter: Told of requests and of waits for the flood limits.
    """

    name = Platform.TELEGRAM

    def __init__(
        self,
        options: TelegramOptions,
        *,
        transport: Transport,
        clock: Clock,
        menu: Menu,
        group_texts: Texts,
        moved: Moved | None = None,
        meter: Meter | None = None,
    ) -> None:
        meter = meter or NoMeter()
        self._options = options
        self._moved = moved
        self._clock = clock
        self._menu = menu
        base = f"{options.api_url}/bot"
        self._limiter = FloodLimiter(options.rates, clock, partial(meter.waited, VENDOR))
        request = TransportRequest(transport, meter=meter)
        self._bot = Bot(
            token=options.token,
            base_url=base,
            request=request,
            get_updates_request=request,
        )
        self._poller = Poller(
            url=f"{base}{options.token}/getUpdates",
            kinds=_KINDS,
            transport=transport,
            clock=clock,
            meter=meter,
        )
        self._receive: Receive | None = None
        self._presses = Presses(self._bot, group_texts, within=options.alert_within)
        calls = Calls(f"{base}{options.token}", request, self._limiter)
        self._poster = Poster(self._bot, calls, self._limiter, self._presses, group_texts)
        self._nobodies = Nobodies(calls, group_texts, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self.own_name = ""
        self.unreadable = 0
        """How many updates could not be converted."""

    async def start(self) -> None:
        """Learn the own name, offer the menu, and tell Telegram how updates shall come.

        Raises:
            ConfigError: Telegram does not know the token.
            PlatformError: Telegram cannot be reached, or does not take the webhook.
        """
        with our_errors():
            if not await self._is_known():
                raise ConfigError("TELEGRAM_TOKEN: Telegram does not know this bot")
            self.own_name = self._bot.username
            for number, (language, commands) in enumerate(self._menu.items()):
                await self._bot.set_my_commands(
                    [BotCommand(name, summary) for name, summary in commands],
                    language_code=language if number else None,
                )
            if self._options.webhook_url:
                await self._bot.set_webhook(
                    self._options.webhook_url,
                    secret_token=self._options.webhook_secret,
                    allowed_updates=list(_KINDS),
                )
            else:
                await self._bot.delete_webhook()

    async def _is_known(self) -> bool:
        try:
            await self._bot.initialize()
        except InvalidToken:
            return False
        return True

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self._presses.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bot.shutdown()

    async def run(self, receive: Receive) -> None:
        """See `ChatPlatform.run`; by webhook it only waits."""
        self._receive = receive
        try:
            if self._options.webhook_url:
                await asyncio.Event().wait()
            await self._poller.run(self._take)
        finally:
            # From here on nothing may be acknowledged that nobody would handle.
            self._receive = None

    @property
    def receives(self) -> bool:
        """Whether messages reach us: the webhook is set, or a poll was answered lately."""
        if self._receive is None:
            return False
        return bool(self._options.webhook_url) or self._poller.is_answered

    @property
    def endpoint(self) -> WebhookEndpoint:
        """Where Telegram posts updates to."""
        return WebhookEndpoint(path=WEBHOOK_PATH, admits=self._is_telegram, handle=self._posted)

    async def deliver(self, delivery: Delivery) -> str | None:
        """See `ChatPlatform.deliver`."""
        return await self._poster.deliver(delivery)

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """See `ChatPlatform.delete`; in groups only administrators may.

        https://core.telegram.org/bots/api#deletemessage
        """
        with our_errors():
            delete = partial(self._bot.delete_message, conversation.chat_id, int(message_id))
            await self._limiter.in_turn(conversation.chat_id, delete)

    async def is_member(self, conversation: Conversation, identity: Identity) -> bool:
        """See `ChatPlatform.is_member`."""
        with our_errors():
            member = await self._member(conversation, identity)
            if isinstance(member, ChatMemberRestricted):
                return member.is_member
            return member.status in _BELONGING

    async def is_admin(self, conversation: Conversation, identity: Identity) -> bool:
        """See `ChatPlatform.is_admin`."""
        with our_errors():
            return (await self._member(conversation, identity)).status in _ADMINISTERING

    async def _member(self, conversation: Conversation, identity: Identity) -> ChatMember:
        """Somebody's standing in a group.

        https://core.telegram.org/bots/api#getchatmember
        """
        return await self._bot.get_chat_member(conversation.chat_id, int(identity.user_id))

    def private_url(self, payload: str) -> str:
        """See `ChatPlatform.private_url`."""
        return deep_link(self.own_name, payload) if self.own_name else ""

    def working(self, conversation: Conversation) -> None:
        """See `ChatPlatform.working`."""
        self._background(self._show_typing(conversation))

    async def _take(self, updates: Sequence[object]) -> None:
        """Hand a batch on; on return it may be acknowledged."""
        loop = asyncio.get_running_loop()
        came_at = loop.time()
        converted = [self._convert(update) for update in updates]
        if self._receive is None:
            raise StorageError("nobody receives yet")
        if self._moved is not None:
            # First, so that what is said in the new group is said where all is known of the old.
            for news in converted:
                if isinstance(news, GroupMoved):
                    await self._moved(news.before, news.after)
        of_nobody = [each for each in converted if isinstance(each, NoPerson)]
        messages = date_presses([each for each in converted if isinstance(each, IncomingMessage)])
        if messages:
            await self._receive(messages)
        for message in messages:
            self._presses.received(message, ago=loop.time() - came_at)
        # At last: what could not be taken in comes again.
        for where in of_nobody:
            if self._nobodies.is_due(where, self.own_name):
                self._background(self._nobodies.explain(where))

    def _convert(self, update: object) -> IncomingMessage | GroupMoved | NoPerson | None:
        try:
            converted = convert(update, self._clock.now())
        except MalformedUpdateError:
            self.unreadable += 1
            logger.warning("update %s cannot be read", update_id_of(update))
            return None
        match converted:
            case IncomingMessage() | GroupMoved() | NoPerson():
                return converted
            case Skipped():
                return None

    def _is_telegram(self, headers: Mapping[str, str]) -> bool:
        """Whether the secret is right that Telegram was given; without one, nobody is Telegram."""
        secret, given = self._options.webhook_secret, headers.get(_SECRET_HEADER, "")
        # Bytes of headers that are no text come as halves of characters.
        known = hmac.compare_digest(given.encode(errors="replace"), secret.encode())
        return known and bool(secret)

    async def _posted(self, headers: Mapping[str, str], body: bytes) -> int:
        if not self._is_telegram(headers):
            return 401
        try:
            update = read_json(body)
        except (ValueError, RecursionError):
            return 400
        try:
            await self._take([update])
        except StorageError:
            return 503
        return 200

    async def _show_typing(self, conversation: Conversation) -> None:
        try:
            with our_errors():
                await self._bot.send_chat_action(
                    conversation.chat_id,
                    ChatAction.TYPING,
                    message_thread_id=thread_of(conversation),
                )
        except PlatformError as error:
            logger.info("typing could not be shown: %s", error)

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


if TYPE_CHECKING:
    _conforms: type[ChatPlatform] = TelegramPlatform
