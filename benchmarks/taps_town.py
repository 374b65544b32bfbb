"""Where `many_taps` takes place: a portal, a Telegram, and the whole bot between them.

Both keep their limits, take their time for each call, and are watched from the outside.
"""

import asyncio
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from benchmarks.virtual import VirtualClock
from bot.app.run import run
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.ports import Clock
from bot.sandbox.bitrix24 import Portal, portal_app, seed_company
from bot.sandbox.bitrix24.records import User as PortalUser
from bot.sandbox.company import PEOPLE, Colleague
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import FloodLimits, Message, TelegramEmulator, User, telegram_app
from bot.settings import Settings, load
from bot.storage.memory import FixedAccounts

MEETING = 2000
GROUP = -1_001_234
MINUTE = 60.0
HOST = Colleague(
    user_id=11,
    handle="jana",
    name="Jana",
    last_name="Wolf",
    language="en",
    timezone="Europe/Berlin",
)
"""Posts the card, and is the only one at the meeting who cannot answer."""

_STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_TOKEN = "7001:sandbox-token-of-no-real-bot"  # noqa: S105 - made up
_SET = "calendar.meeting.status.set"
_EDIT = "editMessageText"
_SENDING = frozenset({"sendMessage", "sendDocument", _EDIT})
_BURST, _RATE = 50, 2.0
"""https://apidocs.bitrix24.com/limits.html"""
_ANY = 100_000
_PORTAL_TAKES = (0.15, 0.35)
_TELEGRAM_TAKES = (0.03, 0.07)
_MARKS = {"✅": "Y", "❌": "N", "▫": "Q"}

_Seen = Callable[[web.Request, web.StreamResponse], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An answer that the portal stored, and when."""

    user_id: int
    letter: str
    at: float


@dataclass(slots=True, kw_only=True)
class Watch:
    """Notes what happens at the portal and at Telegram, and when on the clock.

    Attributes:
        effects: In the order in which the portal stored them.
        answered: When each press was answered, by its id.
        edits: When the card was changed.
        in_group: When anything was sent to the group or changed in it.
        hits: By the number of the person whose account was used.
        refused_by_portal: Hits, for its limit.
        refused_by_telegram: Calls, for its limits.
        failed: Other calls of Telegram's that did not go well.
    """

    clock: Clock
    portal: Portal
    tg: TelegramEmulator
    effects: list[Effect] = field(default_factory=list)
    answered: dict[str, float] = field(default_factory=dict)
    edits: list[float] = field(default_factory=list)
    in_group: list[float] = field(default_factory=list)
    hits: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    refused_by_portal: int = 0
    refused_by_telegram: int = 0
    failed: list[str] = field(default_factory=list)
    _writes: int = 0
    _calls: int = 0

    def see_portal(self, request: web.Request, response: web.StreamResponse) -> None:
        """It was asked for something."""
        self.hits[int(request.match_info.get("user_id", "0"))] += 1
        self.refused_by_portal += response.status in {429, 503}
        for write in self.portal.journal[self._writes :]:
            if write.method == _SET:
                letter, at = str(write.params["status"]), self.clock.monotonic()
                self.effects.append(Effect(user_id=write.user_id, letter=letter, at=at))
        self._writes = len(self.portal.journal)

    def see_telegram(self, _request: web.Request, _response: web.StreamResponse) -> None:
        """Likewise."""
        now = self.clock.monotonic()
        for query_id in self.tg.callback_answers:
            self.answered.setdefault(query_id, now)
        for call in self.tg.calls[self._calls :]:
            if call.code == web.HTTPTooManyRequests.status_code:
                self.refused_by_telegram += 1
            elif call.code != web.HTTPOk.status_code:
                self.failed.append(f"{call.method}: {call.description}")
            elif call.method in _SENDING and call.params["chat_id"] == str(GROUP):
                self.in_group.append(now)
                if call.method == _EDIT:
                    self.edits.append(now)
        self._calls = len(self.tg.calls)


@dataclass(slots=True, kw_only=True)
class Town:
    """The portal, Telegram, and the bot between them."""

    clock: VirtualClock
    watch: Watch
    portal: Portal
    tg: TelegramEmulator
    users: Mapping[int, User]
    bot: "asyncio.Task[int]"

    async def post_card(self) -> Message:
        """Have the host post the card."""
        group = self.tg.add_group(GROUP, "Team", list(self.users.values()))
        command = f"/card@{self.tg.bot.username} {MEETING}"
        self.tg.says(self.users[HOST.user_id], command, group)
        [card] = await self.tg.wait_for(lambda: self.tg.messages(GROUP), timeout=MINUTE)
        return card

    def statuses(self) -> Mapping[str, str | None]:
        """Which letter the portal holds of whom, by their names."""
        return {who.full_name: self.portal.status_of(MEETING, who.user_id) for who in PEOPLE}

    async def stop(self) -> int:
        """Ask the bot to stop; its exit code."""
        signal.raise_signal(signal.SIGTERM)
        return await self.bot


def shown_on(card: str) -> Mapping[str, str]:
    """Which letter a card shows of whom, by their names; of those who are named in it."""
    lines = [line for line in card.splitlines() if line[:1] in _MARKS]
    return {name: _MARKS[line[0]] for line in lines for name in line.partition(": ")[2].split(", ")}


@asynccontextmanager
async def open_town(
    folder: Path, dice: random.Random, *, portal_limit: bool = True
) -> AsyncIterator[Town]:
    """Build it; the bot on its default limits, with its database in that folder.

    Without `portal_limit` the portal takes whatever comes, and the bot knows that.
    """
    clock = VirtualClock(asyncio.get_running_loop(), _STARTED)
    portal = _found_portal(clock)
    if portal_limit:
        portal.quirks.burst, portal.quirks.rate = _BURST, _RATE
    tg = TelegramEmulator(token=_TOKEN, now=clock.now, sleep=clock.sleep, flood=FloodLimits())
    users = {
        who.user_id: tg.add_user(who.user_id, who.name, who.handle, language_code="en")
        for who in (*PEOPLE, HOST)
    }
    for user_id in users:
        # So that whatever is written to somebody arrives.
        tg.chats[user_id].started = True
    watch = Watch(clock=clock, portal=portal, tg=tg)
    at_portal, at_telegram = portal_app(portal), telegram_app(tg)
    at_portal.middlewares.append(_far_away(clock, dice, _PORTAL_TAKES, watch.see_portal))
    at_telegram.middlewares.append(_far_away(clock, dice, _TELEGRAM_TAKES, watch.see_telegram))
    async with SandboxServer(at_portal) as portals, SandboxServer(at_telegram) as telegrams:
        addresses = {user_id: portals.url + portal.webhook_path(user_id) for user_id in users}
        settings = load(
            Settings,
            _env_file=None,
            telegram_token=_TOKEN,
            telegram_api_url=telegrams.url,
            owner=f"telegram:{HOST.user_id}",
            allowed_users="*",
            bitrix24_webhook_url=addresses[HOST.user_id],
            database_url=f"sqlite:///{folder}/bot.db",
            **({} if portal_limit else {"bitrix24_rate": _ANY, "bitrix24_burst": _ANY}),
        )
        bot = asyncio.create_task(run(settings, _accounts(addresses), clock))
        try:
            yield Town(clock=clock, watch=watch, portal=portal, tg=tg, users=users, bot=bot)
        finally:
            bot.cancel()
            await asyncio.wait({bot})


def _found_portal(clock: Clock) -> Portal:
    portal = Portal(now=clock.now)
    seed_company(portal)
    portal.add_user(
        PortalUser(
            user_id=HOST.user_id,
            name=HOST.name,
            last_name=HOST.last_name,
            timezone=HOST.timezone,
            code=HOST.webhook_code,
        )
    )
    starts = clock.now() + timedelta(days=2)
    portal.add_meeting(
        event_id=MEETING,
        host_id=HOST.user_id,
        guests=[who.user_id for who in PEOPLE],
        name="All hands",
        starts=starts,
        ends=starts + timedelta(hours=1),
    )
    return portal


def _accounts(addresses: Mapping[int, str]) -> FixedAccounts:
    return FixedAccounts(
        {
            Account(
                account_id=f"account-{user_id}",
                owner=Identity(platform=Platform.TELEGRAM, user_id=str(user_id)),
                provider=Provider.BITRIX24,
            ): Credentials(endpoint=url)
            for user_id, url in addresses.items()
        }
    )


def _far_away(
    clock: Clock, dice: random.Random, takes: tuple[float, float], seen: _Seen
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Let each call take its time, half of it on the way there, no two of them the same."""

    @web.middleware
    async def travel(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        one_way = dice.uniform(*takes) / 2
        await clock.sleep(one_way)
        response = await handler(request)
        seen(request, response)
        await clock.sleep(one_way)
        return response

    return travel
