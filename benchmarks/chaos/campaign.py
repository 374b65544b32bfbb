"""One campaign: the vendors, the bot between them, an hour of trouble in minutes, then calm."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.accounts import Addresses, application_settings, link_everybody
from benchmarks.chaos.answers import unanswered
from benchmarks.chaos.befalls import FULL, KILLED, LOCKED, SLEPT, STOPPED, WRONG, Befalls
from benchmarks.chaos.bot_process import BotProcess, open_rows
from benchmarks.chaos.faults import VendorFaults
from benchmarks.chaos.history import History, Level, Remains
from benchmarks.chaos.script import Speakers
from benchmarks.chaos.town import OWNER, Founding, Town
from benchmarks.chaos.watching import Diary, WatchedCronofy, WatchedTelegram, watch
from bot.dispatch.follow_ups import GIVE_UP_AFTER
from bot.sandbox.bitrix24 import Portal, oauth_app, portal_app
from bot.sandbox.clock import SandboxClock
from bot.sandbox.cronofy import cronofy_app
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import FloodLimits, telegram_app
from tests.fakes.ports import free_port

_REPO = Path(__file__).parent.parent.parent
_TOKEN = "7001:sandbox-token-of-no-real-bot"  # noqa: S105 - of nobody
_PORTAL_RATE, _PORTAL_BURST = 25, 100
"""More than a cloud portal's, or fifty people would mostly wait."""
_LOOK_EVERY = 0.2
_FOLLOW_UP_OVER = GIVE_UP_AFTER.total_seconds() + 60.0
"""Of an answer whose reply never arrived; all others are looked after for two minutes."""
_DAYS_LATER = 3 * 86_400.0
_CONNECTIONS_LINGER, _TIDIES_WITHIN = 30.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how hard; times in seconds.

    Attributes:
        trouble: For how long there are faults.
        pause: Between two commands of one person, on average.
        knob: Between two faults at vendors.
        befall: Between two mishaps of the machine.
        mishaps: Their kinds.
        calm: Until when all has to be answered, once there are no more faults.
        webhook: Telegram posts to the bot, instead of being asked.
    """

    seed: int
    people: int = 50
    trouble: float = 240.0
    pause: float = 6.0
    knob: float = 0.4
    befall: float = 6.0
    mishaps: Sequence[str] = (KILLED, LOCKED, SLEPT, STOPPED, FULL, WRONG)
    calm: float = 120.0
    webhook: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """All that takes part."""

    town: Town
    diary: Diary
    portal: Portal
    cronofy: WatchedCronofy
    tg: WatchedTelegram
    bot: BotProcess
    world_clock: SandboxClock
    bots_clock: SandboxClock


async def carry_out(plan: Plan, folder: Path) -> History:
    """Run a campaign with the bot's database and log in that folder."""
    async with _world(plan, folder) as w:
        befalls = Befalls(
            seed=plan.seed,
            diary=w.diary,
            bot=w.bot,
            world_clock=w.world_clock,
            bots_clock=w.bots_clock,
        )
        vendors = VendorFaults(
            seed=plan.seed,
            town=w.town,
            diary=w.diary,
            portal=w.portal,
            cronofy=w.cronofy,
            tg=w.tg,
        )
        speakers = Speakers(town=w.town, tg=w.tg, diary=w.diary, seed=plan.seed)
        await w.bot.start()
        await w.tg.wait_for(lambda: _listens(w.tg), timeout=plan.calm)
        before = await w.bot.level_at_rest()
        speakers.post_card()
        ends = w.diary.now() + plan.trouble
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speakers.talk(ends, plan.pause))
            tasks.create_task(vendors.run(ends, plan.knob))
            tasks.create_task(
                befalls.run(
                    plan.mishaps,
                    ends=ends,
                    last_restart=ends - plan.trouble / 4,
                    pause=plan.befall,
                )
            )
        vendors.end()
        calm_at = w.diary.now()
        remains = await _settle(w, plan, befalls, before)
        return _history(w, plan, vendors.armed, calm_at, remains)


async def _settle(w: _World, plan: Plan, befalls: Befalls, before: Level) -> Remains:
    """Wait until all is done, look what is left, and let days pass."""

    def all_done() -> bool:
        so_far = _history(w, plan, {}, 0.0, Remains())
        return not open_rows(w.bot.rows()) and not any(unanswered(so_far))

    await _until(all_done, plan.calm)
    still_open = open_rows(w.bot.rows())
    after = await w.bot.level_no_more_than(before, _CONNECTIONS_LINGER)
    await w.bot.stop()
    befalls.advance(_FOLLOW_UP_OVER)
    await w.bot.start()
    await _until(lambda: w.bot.rows()["follow_ups"] == 0, plan.calm)
    follow_ups = w.bot.rows()["follow_ups"]
    await w.bot.stop()
    befalls.advance(_DAYS_LATER)
    await w.bot.start()
    await _until(lambda: w.bot.rows()["inbox"] == 0, _TIDIES_WITHIN)
    kept = w.bot.rows()
    await w.bot.stop()
    return Remains(
        open_rows=still_open,
        follow_ups=follow_ups,
        kept=kept,
        exit_codes=w.bot.exit_codes,
        before=before,
        after=after,
    )


def _listens(tg: WatchedTelegram) -> bool:
    return tg.queue.is_awaited or tg.webhook.current is not None


async def _until(true: Callable[[], bool], patience: float) -> None:
    """Wait until it is, or not any longer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while not true():  # noqa: ASYNC110 - what it looks at is in another process
                await asyncio.sleep(_LOOK_EVERY)


def _history(
    w: _World, plan: Plan, armed: Mapping[str, int], calm_at: float, remains: Remains
) -> History:
    diary = w.diary
    return History(
        seed=plan.seed,
        titles=w.town.titles,
        first=dict(diary.first),
        relatives=w.town.relatives,
        asked=diary.asked,
        said=diary.said,
        wrote=diary.wrote,
        changed=diary.changed,
        struck=diary.struck,
        armed=armed,
        calm_at=calm_at,
        remains=remains,
    )


@asynccontextmanager
async def _world(plan: Plan, folder: Path) -> AsyncIterator[_World]:
    world_clock, bots_clock = SandboxClock(), SandboxClock()
    portal = Portal(now=world_clock.now)
    portal.quirks.burst, portal.quirks.rate = _PORTAL_BURST, _PORTAL_RATE
    cronofy = WatchedCronofy(now=world_clock.now)
    cronofy.quirks.limited = True
    tg = WatchedTelegram(token=_TOKEN, now=world_clock.now, flood=FloodLimits())
    town = Founding(plan.seed, portal, cronofy, tg).found(plan.people)
    diary = Diary()
    watch(diary, portal, cronofy, tg, town)
    async with AsyncExitStack() as stack:
        portals, calendars, chats, tokens = [
            (await stack.enter_async_context(SandboxServer(app))).url
            for app in (
                portal_app(portal),
                cronofy_app(cronofy),
                telegram_app(tg, bots_clock),
                oauth_app(portal),
            )
        ]
        port = free_port()
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(_REPO),
            "PYTHONUTF8": "1",
            "TELEGRAM_TOKEN": _TOKEN,
            "TELEGRAM_API_URL": chats,
            "OWNER": f"telegram:{OWNER}",
            "ALLOWED_USERS": "*",
            "BITRIX24_ALLOWED_HOSTS": portals.removeprefix("http://"),
            "BITRIX24_RATE": str(_PORTAL_RATE),
            "BITRIX24_BURST": str(_PORTAL_BURST),
            "CRONOFY_API_URL": calendars,
            "DATABASE_URL": f"sqlite:///{folder}/bot.db",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HTTP_PORT": str(port),
            "TELEGRAM_UPDATES": "webhook" if plan.webhook else "polling",
            **application_settings(portals, tokens),
        }
        await link_everybody(town, portal, cronofy, Addresses(portals, tokens, calendars), folder)
        bot = BotProcess(folder, environment)
        try:
            yield _World(
                town=town,
                diary=diary,
                portal=portal,
                cronofy=cronofy,
                tg=tg,
                bot=bot,
                world_clock=world_clock,
                bots_clock=bots_clock,
            )
        finally:
            await bot.kill()
