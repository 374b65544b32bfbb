"""Presences that are due: begun, ended, given back, and told of."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.dispatch.due import DueLoop, Turns
from bot.domain.automation import Telling
from bot.domain.chat import Identity, Platform, private_with
from bot.domain.claims import Source
from bot.domain.inbox import Delivery
from bot.domain.ledger import News, NewsKind
from bot.errors import PlatformError
from bot.ports import AutomationBook, ChatPlatform, Clock, People, PresenceBook
from bot.services.keeping import Keeper
from bot.services.memory import Memory
from bot.services.preferences import texts_of
from bot.texts import Draft, add_news

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""How many are looked at side by side at one portal.

Enough to use up a portal's limit though it answers slowly, and though some accounts there do not
answer at all; few, so that each has its turn at that limit long before its deadline.
"""
_TOLD_AT_ONCE = 30
_MOST = 2000
_LOOK_EVERY = 5.0
_TELL_FOR = timedelta(hours=1)


class PresenceSweep:
    """Does what is due in people's ledgers, the longest due first.

    Portals do not wait for each other, and neither do people for one whose account fails.
    """

    def __init__(
        self,
        *,
        book: PresenceBook,
        automations: AutomationBook,
        keeper: Keeper,
        people: People,
        platforms: Mapping[Platform, ChatPlatform],
        memory: Memory,
        clock: Clock,
        default_language: str,
    ) -> None:
        self._book = book
        self._automations = automations
        self._keeper = keeper
        self._people = people
        self._platforms = platforms
        self._memory = memory
        self._clock = clock
        self._default_language = default_language
        self._turns = Turns("a presence", self._see_to, keeper.place_of, at_once=AT_ONCE)
        self._news = Turns("news of a presence", self._tell, _chat_of, at_once=_TOLD_AT_ONCE)
        self._told: dict[Identity, set[News]] = {}
        self._loop = DueLoop(
            "presences", self._begin_due, book.next_due, clock, at_least_every=_LOOK_EVERY
        )

    async def run(self) -> None:
        """Do what is due until cancelled."""
        try:
            await self._loop.run()
        finally:
            await self._turns.stop()
            await self._news.stop()

    async def check_due(self) -> None:
        """Do all that is due now."""
        await self._begin_due()
        await self._turns.drain()
        await self._news.drain()

    async def _begin_due(self) -> None:
        self._turns.begin(await self._book.due(_MOST))

    async def _see_to(self, owner: Identity) -> bool:
        known = await self._book.read(owner)
        if known.due_at is None or known.due_at > self._clock.now():
            # While it waited for its turn, somebody else has seen to it.
            return True
        ledger = await self._keeper.sweep(known)
        if ledger is not None and ledger.news:
            # Nobody's presence waits for somebody's chat.
            self._news.begin([owner])
        # Also what is given up after an hour has failed.
        return ledger is None or ledger.failing_since is known.ledger.failing_since is None

    async def _tell(self, owner: Identity) -> bool:
        """Tell what there is to tell; what cannot be told now stays for the next time."""
        ledger = await self._keeper.ledger_of(owner)
        known = self._told.setdefault(owner, set())
        for news in ledger.news:
            # What was delivered and could not be noted is not delivered again.
            if news not in known and await self._done_with(owner, news):
                known.add(news)
        told = [news for news in ledger.news if news in known]
        if told:
            await self._keeper.note(
                owner,
                lambda known: replace(
                    known, news=tuple(news for news in known.news if news not in told)
                ),
            )
        del self._told[owner]
        return len(told) == len(ledger.news)

    async def _done_with(self, owner: Identity, news: News) -> bool:
        """Whether nothing more is to be done to tell it."""
        if self._clock.now() - news.at > _TELL_FOR or not await self._wanted(owner, news):
            return True
        texts = await texts_of(self._people, owner, self._default_language)
        reply = add_news(Draft(texts), news).reply()
        note = Delivery(delivery_id=0, to=owner, conversation=private_with(owner), reply=reply)
        try:
            await self._platforms[owner.platform].deliver(note)
        except PlatformError as error:
            logger.info("news of a presence could not be told: %s", error)
            return error.gone
        self._memory.interrupt(owner, self._clock.now())
        return True

    async def _wanted(self, owner: Identity, news: News) -> bool:
        if news.kind in {NewsKind.STUCK, NewsKind.NEVER_SET}:
            return True
        telling = (await self._automations.automation_of(owner)).choices.telling
        match telling:
            case Telling.ALL:
                return True
            case Telling.HAND:
                return news.source is Source.HAND
            case Telling.NOTHING:
                return False


async def _chat_of(owner: Identity) -> str:
    return owner.platform
