"""The owner is told once a day of what only the operator can mend, and once when it is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.accounts import Account
from bot.domain.chat import Identity, Platform, private_with
from bot.domain.inbox import Delivery
from bot.domain.providers import Provider
from bot.domain.troubles import Topic, TroubleKind, TroubleState
from bot.domain.zones import zone_of
from bot.errors import PlatformError, StorageError
from bot.ports import ChatPlatform, Clock, People, TroubleLog
from bot.services.memory import Memory
from bot.texts import Draft, M, Texts

logger = logging.getLogger(__name__)

NOTE_EVERY = timedelta(hours=1)
"""How often it is written down that something still does not work."""
_BEGUN: Mapping[TroubleKind, M] = {
    TroubleKind.APPLICATION: M.TROUBLE_APPLICATION,
    TroubleKind.KEY: M.TROUBLE_KEY,
    TroubleKind.PLAN: M.TROUBLE_PLAN,
    TroubleKind.STORE: M.TROUBLE_STORE,
}
_OVER: Mapping[TroubleKind, M] = {
    TroubleKind.APPLICATION: M.TROUBLE_APPLICATION_OVER,
    TroubleKind.KEY: M.TROUBLE_KEY_OVER,
    TroubleKind.PLAN: M.TROUBLE_PLAN_OVER,
    TroubleKind.STORE: M.TROUBLE_STORE_OVER,
}
_KEY = Topic(kind=TroubleKind.KEY)
_STORE = Topic(kind=TroubleKind.STORE)


class ForgetfulLog:
    """Remembers while the process lives: for a store that fails there is no better place."""

    def __init__(self) -> None:
        self._states: dict[Topic, TroubleState] = {}

    async def failed(self, topic: Topic, subject: str, at: datetime) -> bool:
        """See `TroubleLog.failed`."""
        state = self._states.get(topic, TroubleState())
        self._states[topic], tell = state.failed(subject, at)
        return tell

    async def worked(self, topic: Topic, subject: str, at: datetime) -> bool:
        """See `TroubleLog.worked`."""
        state = self._states.get(topic, TroubleState())
        self._states[topic], tell = state.worked(subject, at)
        return tell

    async def in_trouble(self) -> set[tuple[Topic, str]]:
        """See `TroubleLog.in_trouble`."""
        return {(topic, one) for topic, state in self._states.items() for one in state.subjects}


class Troubles:
    """Is told of every failure and every success, and keeps nobody waiting for that.

    A success costs nothing unless the same thing is known to be in trouble.
    """

    def __init__(
        self,
        *,
        owner: Identity | None,
        log: TroubleLog,
        platforms: Mapping[Platform, ChatPlatform],
        people: People,
        memory: Memory,
        clock: Clock,
        default_language: str,
    ) -> None:
        self._owner = owner
        self._memory = memory
        self._log = log
        self._log_of_store: TroubleLog = ForgetfulLog()
        self._platforms = platforms
        self._people = people
        self._clock = clock
        self._default_language = default_language
        self._noted: dict[tuple[Topic, str], datetime | None] = {}
        """What is in trouble, and when this process last wrote that down."""
        self._loaded = False
        # One after another: a success must not overtake the failure before it.
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def opened(self, account: Account, *, well: bool) -> None:
        """Somebody's credentials could be opened, or not."""
        # By person and provider, so that linking anew is a success of the same thing.
        self._note(_KEY, f"{account.owner}/{account.provider}", well=well)

    def planned(self, account: Account, *, well: bool) -> None:
        """The provider was asked there: its plan allows that, or not."""
        topic = Topic(kind=TroubleKind.PLAN, provider=account.provider)
        self._note(topic, account.place, well=well)

    def applied(self, provider: Provider, *, well: bool) -> None:
        """The provider has accepted our application, or not."""
        self._note(Topic(kind=TroubleKind.APPLICATION, provider=provider), "", well=well)

    def stored(self, *, well: bool) -> None:
        """Something could be saved, or not."""
        self._note(_STORE, "", well=well)

    async def drain(self) -> None:
        """Wait until everything is noted and told."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Leave untold what is not told yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, topic: Topic, subject: str, *, well: bool) -> None:
        if self._owner is None or not (
            self._is_news(topic, subject) if well else self._is_due(topic, subject)
        ):
            return
        owner, take_note = self._owner, self._worked if well else self._failed
        task = asyncio.create_task(self._in_turn(owner, topic, subject, take_note), name="trouble")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_news(self, topic: Topic, subject: str) -> bool:
        """Whether a success may end something."""
        unknown = topic != _STORE and not self._loaded
        return unknown or bool(self._tasks) or (topic, subject) in self._noted

    def _is_due(self, topic: Topic, subject: str) -> bool:
        """Whether a failure is worth writing down."""
        noted = self._noted.get((topic, subject))
        return noted is None or self._clock.now() - noted >= NOTE_EVERY

    async def _in_turn(
        self,
        owner: Identity,
        topic: Topic,
        subject: str,
        take_note: Callable[[Topic, str], Awaitable[M | None]],
    ) -> None:
        async with self._turn:
            try:
                if topic != _STORE and not self._loaded:
                    self._noted |= dict.fromkeys(await self._log.in_trouble())
                    self._loaded = True
                news = await take_note(topic, subject)
            except StorageError as error:
                logger.warning("a trouble is not noted: %s", error)
                return
            if news is not None:
                await self._tell(owner, topic, news)

    async def _failed(self, topic: Topic, subject: str) -> M | None:
        now = self._clock.now()
        tell = await self._log_of(topic).failed(topic, subject, now)
        self._noted[topic, subject] = now
        return _BEGUN[topic.kind] if tell else None

    async def _worked(self, topic: Topic, subject: str) -> M | None:
        if (topic, subject) not in self._noted:
            return None
        over = await self._log_of(topic).worked(topic, subject, self._clock.now())
        del self._noted[topic, subject]
        return _OVER[topic.kind] if over else None

    def _log_of(self, topic: Topic) -> TroubleLog:
        return self._log_of_store if topic == _STORE else self._log

    async def _tell(self, owner: Identity, topic: Topic, news: M) -> None:
        logger.warning("the owner is told: %s (%s)", news, topic)
        draft = Draft(Texts(await self._language_of(owner), zone_of("UTC")))
        if topic.provider is None:
            draft.add(news)
        else:
            draft.add(news, provider=topic.provider, prefix=topic.provider.upper())
        here = private_with(owner)
        note = Delivery(delivery_id=0, to=owner, conversation=here, reply=draft.reply())
        try:
            await self._platforms[owner.platform].deliver(note)
            self._memory.interrupt(owner, self._clock.now())
        except PlatformError as error:
            logger.warning("the owner could not be told: %s", error)
        except KeyError:
            logger.warning("the owner is not on a chat system of this bot")

    async def _language_of(self, owner: Identity) -> str:
        try:
            person = await self._people.find_person(owner)
        except StorageError:
            person = None
        return self._default_language if person is None else person.language


if TYPE_CHECKING:
    _conforms: type[TroubleLog] = ForgetfulLog
