"""Cards of groups that are out of date: read anew as their posters see them, and changed."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.dispatch.addressing import readdress
from bot.dispatch.due import DueLoop, Turns
from bot.domain.chat import Platform, Reply
from bot.domain.group_cards import EDIT_EVERY
from bot.domain.inbox import is_message
from bot.errors import (
    TELLABLE,
    BotError,
    EventNotFoundError,
    NotLinkedError,
    PlatformError,
    ProviderAuthError,
)
from bot.ports import (
    AccountStore,
    Call,
    ChatPlatform,
    Clock,
    GroupCardBook,
    KeptCard,
    People,
    Priority,
)
from bot.services.caller import account_of
from bot.services.group_cards import GroupCards, link_word
from bot.services.groups import GroupChats
from bot.services.preferences import texts_of
from bot.services.rosters import Rosters
from bot.texts import M, Texts, closed_card, group_card, stale_card

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""For how long a card may be in one hand: one read, and one edit that waits for its turn."""
TRY_AGAIN = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1))
"""After how long a card that could not be read is read again, attempt by attempt."""
GIVE_UP_AFTER = timedelta(days=1)
"""A card that still cannot be read so long after it had to be is closed."""
_CALL_DEADLINE = 25.0
_AT_ONCE = 4
_MOST = 200


class CardSweep:
    """Keeps what groups see equal to what portals hold.

    A card is changed at most about every three seconds, its last state always arrives, and what
    shows the same already is not sent. One that nobody can change any more is forgotten.
    """

    def __init__(
        self,
        *,
        book: GroupCardBook,
        cards: GroupCards,
        rosters: Rosters,
        groups: GroupChats,
        accounts: AccountStore,
        people: People,
        platforms: Mapping[Platform, ChatPlatform],
        clock: Clock,
        default_language: str,
    ) -> None:
        self._book = book
        self._rosters = rosters
        self._groups = groups
        self._accounts = accounts
        self._people = people
        self._platforms = platforms
        self._clock = clock
        self._default_language = default_language
        self._due: dict[int, KeptCard] = {}
        self._turns = Turns("a card", self._see_to, self._place_of, at_once=_AT_ONCE)
        self._loop = DueLoop("cards", self._begin_due, book.next_card, clock)
        cards.on_touch(self._loop.wake)

    async def run(self) -> None:
        """Keep them until cancelled."""
        try:
            await self._loop.run()
        finally:
            await self._turns.stop()

    async def check_due(self) -> None:
        """See to all that are due now."""
        await self._begin_due()
        await self._turns.drain()

    async def settle(self) -> None:
        """Wait until no card is about to be changed, for whoever shows what came of a command."""
        while True:
            await self.check_due()
            next_at = await self._book.next_card()
            now = self._clock.now()
            if next_at is None or next_at > now + EDIT_EVERY:
                return
            await self._clock.sleep(max(0.0, (next_at - now).total_seconds()))

    async def _begin_due(self) -> None:
        self._due = {card.card_id: card for card in await self._book.due_cards(_MOST)}
        self._turns.begin(list(self._due))

    async def _place_of(self, card_id: int) -> str:
        card = self._due.get(card_id)
        return "" if card is None else card.card.meeting.place

    async def _see_to(self, card_id: int) -> bool:
        """Read and show one card; whether that went well."""
        due = self._due.get(card_id)
        held = None if due is None else await self._book.take(due, self._clock.now() + LEASE)
        if held is None:
            return True
        texts = await self._texts(held)
        if held.card.closed:
            await self._close(held, texts, M.GROUP_CARD_CLOSED)
            return True
        try:
            reply = await self._read(held, texts)
        except (NotLinkedError, ProviderAuthError):
            await self._close(held, texts, M.GROUP_CARD_POSTER_GONE)
        except EventNotFoundError:
            await self._close(held, texts, M.GROUP_CARD_GONE)
        except TELLABLE as error:
            await self._keep_stale(held, texts, error)
            return False
        else:
            if reply is None:
                await self._close(held, texts, M.GROUP_CARD_PRIVATE)
            else:
                return await self._show(held, reply)
        return True

    async def _texts(self, held: KeptCard) -> Texts:
        poster = await texts_of(self._people, held.delivery.to, self._default_language)
        return await self._groups.texts_for(held.delivery.conversation, poster)

    async def _read(self, held: KeptCard, texts: Texts) -> Reply | None:
        """What a card has to show now; nothing of what is private by now."""
        ref, poster = held.card.ref, held.delivery.to
        account = await account_of(poster, self._accounts, ref) if ref.account_id else None
        if account is None:
            raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=ref.provider)
        # In turn with the presses, since people look at it while they press.
        call = Call(
            account=account,
            deadline=self._clock.monotonic() + _CALL_DEADLINE,
            priority=Priority.PRESS,
        )
        roster = await self._rosters.read(call, ref)
        if roster.event.private:
            return None
        link = self._platforms[poster.platform].private_url(link_word(held.card.key))
        return group_card(texts, roster, held.card, self._clock.now(), link)

    async def _show(self, held: KeptCard, reply: Reply) -> bool:
        """Show what was read; a card that is over has nothing more to expect."""
        card = reply.card or held.card
        shown = await self._deliver(held, reply)
        if shown is None:
            return False
        if card.look_at is None:
            await self._book.drop(held)
            return True
        now = replace(shown, card=card, failing=0, due_at=card.look_at)
        await self._book.release(held, now)
        return True

    async def _close(self, held: KeptCard, texts: Texts, why: M) -> None:
        """Say why a card is kept up to date no longer, and forget it."""
        reply = closed_card(texts, held.delivery.reply, held.card, why)
        shown = await self._deliver(held, reply)
        if shown is not None:
            await self._book.drop(held)

    async def _keep_stale(self, held: KeptCard, texts: Texts, error: BotError) -> None:
        """Say once that a card may not be true any more, and read it again later."""
        logger.info("a card could not be read: %s", error)
        look_at, now = held.card.look_at, self._clock.now()
        if look_at is not None and now > look_at + GIVE_UP_AFTER:
            await self._close(held, texts, M.GROUP_CARD_CLOSED)
            return
        shown: KeptCard | None = held
        if held.failing == 1:
            # At the second time: a portal that is just busy is no news.
            shown = await self._deliver(held, stale_card(texts, held.delivery.reply, held.card))
        if shown is None:
            return
        again = replace(shown, failing=held.failing + 1, due_at=now + _pause(held))
        await self._book.release(held, again)

    async def _deliver(self, held: KeptCard, reply: Reply) -> KeptCard | None:
        """Post or change a card; None if that is over, or has to be tried again."""
        told = readdress(held.delivery, replace(reply, card=reply.card or held.card))
        if held.message_id is not None and _looks_like(told.reply, held.delivery.reply):
            return replace(held, delivery=told)
        posting = replace(told, edits=held.message_id, reply_to=None, callback_id="")
        try:
            message_id = await self._platforms[held.delivery.conversation.platform].deliver(posting)
        except PlatformError as error:
            logger.info("a card could not be changed: %s", error)
            if error.gone:
                await self._book.drop(held)
            else:
                pause = max(_pause(held), timedelta(seconds=error.retry_after or 0.0))
                due_at = self._clock.now() + pause
                later = replace(held, failing=held.failing + 1, due_at=due_at)
                await self._book.release(held, later)
            return None
        if message_id is None or not is_message(message_id):
            await self._book.drop(held)
            return None
        return replace(held, delivery=told, message_id=message_id, edited_at=self._clock.now())


def _pause(held: KeptCard) -> timedelta:
    """How long to wait after one more failure."""
    return TRY_AGAIN[min(held.failing, len(TRY_AGAIN) - 1)]


def _looks_like(one: Reply, other: Reply) -> bool:
    """Whether people see the same, whatever we know beside it."""
    return (one.text, one.buttons) == (other.text, other.buttons)
