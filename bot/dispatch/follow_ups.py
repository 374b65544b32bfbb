"""Looking again for answers whose outcome was not known, and changing their messages."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dispatch.addressing import readdress
from bot.dispatch.due import DueLoop
from bot.dispatch.lanes import Lanes
from bot.domain.chat import Platform, Reply
from bot.domain.inbox import FOLLOW_UP_FOR, Delivery, FollowUp
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Confirmation, Event, ParticipationStatus, holds
from bot.domain.providers import Provider
from bot.errors import TELLABLE, EventNotFoundError, PlatformError, StorageError
from bot.ports import (
    AccountStore,
    CalendarProvider,
    Call,
    ChatPlatform,
    Claims,
    Clock,
    Priority,
    Store,
)
from bot.services.answers import Written
from bot.services.caller import account_of
from bot.services.preferences import texts_of
from bot.texts import Draft, M, add_answer, add_headline, card_buttons

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(minutes=10)
"""A message that cannot be changed for so long stays as it is."""
_CALL_DEADLINE = 10.0
_SHORTEST_PAUSE = 3.0
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """What the message says from now on, and what was found out for the journal."""

    reply: Reply
    change: Change | None = None


class FollowUpRunner:
    """Reads until an answer shows, at most two minutes, across restarts."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: AccountStore,
        calendars: Mapping[Provider, CalendarProvider],
        platforms: Mapping[Platform, ChatPlatform],
        lanes: Lanes,
        claims: Claims,
        clock: Clock,
        written: Written,
        default_language: str,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._calendars = calendars
        self._platforms = platforms
        self._lanes = lanes
        self._claims = claims
        self._clock = clock
        self._written = written
        self._default_language = default_language
        self._loop = DueLoop("follow-ups", self.check_due, store.next_follow_up, clock)

    def wake(self) -> None:
        """A reply was stored; there may be something to look at."""
        self._loop.wake()

    async def run(self) -> None:
        """Look whenever something is due, until cancelled."""
        await self._loop.run()

    async def check_due(self) -> None:
        """Look at everything that is due now; one slow calendar holds up no other."""
        async with self._claims.attempt("follow-ups") as mine:
            # Only what is read after that is what nobody else is looking at.
            due = await self._store.due_follow_ups() if mine else ()
            await asyncio.gather(*(self._check(follow_up) for follow_up in due))

    async def _check(self, follow_up: FollowUp) -> None:
        looked_at = self._clock.now()
        try:
            news = await self._look(follow_up)
            told = None if news is None else await self._tell(follow_up, news.reply)
            if news is None or told is None:
                await self._postpone(follow_up, looked_at)
            else:
                await self._written(follow_up.watch.event)
                await self._store.end_follow_up(follow_up, told, news.change)
        except StorageError:
            raise
        except Exception:
            logger.exception("a follow-up failed")
            await self._postpone(follow_up, looked_at)

    async def _look(self, follow_up: FollowUp) -> _News | None:
        """What the message has to say now; None while there is nothing new."""
        draft, watch = await self._draft(follow_up), follow_up.watch
        now = self._clock.now()
        if follow_up.superseded:
            # The journal has the later answer; what became of this one nobody will know.
            return _News(
                reply=add_headline(draft, M.FOLLOW_UP_SUPERSEDED, watch.event, now).reply()
            )
        event = await self._read(follow_up)
        if event is not None and holds(event, watch.wanted):
            return self._found(follow_up, draft, event)
        if now - follow_up.started_at < FOLLOW_UP_FOR:
            return None
        if event is not None and watch.write_again and not follow_up.written_again:
            # In the person's own lane, so that it cannot overtake an answer of theirs.
            self._lanes.put(follow_up.delivery.to, lambda: self._write_again(follow_up))
            return None
        if event is not None and event.my_status is not None:
            return self._found(follow_up, draft, event)
        add_headline(draft, M.FOLLOW_UP_NOT_SEEN, watch.event, now)
        draft.add(M.FOLLOW_UP_CHECK, id=watch.event.ref.name)
        unknown = self._entry(follow_up, watch.event, watch.wanted, Confirmation.UNKNOWN)
        buttons = card_buttons(draft.texts, watch.event, known=False)
        return _News(reply=draft.reply(buttons), change=unknown)

    def _found(self, follow_up: FollowUp, draft: Draft, event: Event) -> _News:
        """What the calendar holds, whether or not it is what was wanted."""
        status = event.my_status or ParticipationStatus.UNKNOWN
        add_answer(draft, event, status, follow_up.watch.wanted, self._clock.now())
        change = self._entry(follow_up, event, status, Confirmation.CONFIRMED)
        return _News(reply=draft.reply(card_buttons(draft.texts, event)), change=change)

    def _entry(
        self,
        follow_up: FollowUp,
        event: Event,
        after: ParticipationStatus,
        confirmation: Confirmation,
    ) -> Change:
        return Change(
            owner=follow_up.delivery.to,
            at=self._clock.now(),
            conversation=follow_up.delivery.conversation,
            provider=event.ref.provider,
            kind=ChangeKind.ANSWER,
            before=follow_up.watch.before or "",
            after=after,
            confirmation=confirmation,
            event=event.ref,
            title=event.title,
            undoes=follow_up.watch.undoes,
        )

    async def _write_again(self, follow_up: FollowUp) -> None:
        """Send once more what the process that died may not have sent; a later look tells of it."""
        watch, provider = follow_up.watch, follow_up.watch.event.ref.provider
        event = await self._read(follow_up)
        call = await self._call(follow_up)
        if event is None or call is None or not event.answerable or holds(event, watch.wanted):
            return
        if not await self._store.begin_again(follow_up):
            return
        try:
            await self._calendars[provider].set_participation(call, event, watch.wanted)
        except TELLABLE as error:
            logger.info("an answer could not be sent again: %s", error)

    async def _call(self, follow_up: FollowUp) -> Call | None:
        """A call in the name of whom the message is for; None if they have no account any more."""
        ref = follow_up.watch.event.ref
        account = await account_of(follow_up.delivery.to, self._accounts, ref)
        if account is None:
            return None
        deadline = self._clock.monotonic() + _CALL_DEADLINE
        return Call(account=account, deadline=deadline, priority=Priority.FOLLOW_UP)

    async def _read(self, follow_up: FollowUp) -> Event | None:
        """The event as it is now; None if it cannot be read."""
        watch, ref = follow_up.watch, follow_up.watch.event.ref
        call = await self._call(follow_up)
        if call is None:
            return None
        try:
            event = await self._calendars[ref.provider].get_event(call, ref)
            return replace(event, ref=ref)
        except EventNotFoundError:
            if watch.event.deleted_by(watch.wanted):
                return replace(watch.event, my_status=watch.wanted)
        except TELLABLE as error:
            logger.info("a follow-up could not look: %s", error)
        return None

    async def _tell(self, follow_up: FollowUp, reply: Reply) -> Delivery | None:
        """Put the news into the message; what it says now, None if that is to be tried again."""
        earlier = follow_up.delivery
        told = readdress(earlier, reply)
        too_old = self._clock.now() - follow_up.started_at > GIVE_UP_AFTER
        if follow_up.message_id is None and not too_old:
            return None
        taken = await self._is_taken(follow_up)
        if taken and follow_up.superseded:
            # Whoever looks at the message reads a later reply, which is all there is to know.
            return told
        news = replace(
            told,
            delivery_id=0,
            conversation=earlier.shown_in,
            reply_to=None,
            edits=None if taken else follow_up.message_id,
            callback_id="",
        )
        try:
            message_id = await self._platforms[earlier.to.platform].deliver(news)
        except PlatformError as error:
            logger.warning("a message could not be changed: %s", error)
            return told if error.gone or too_old else None
        if message_id != follow_up.message_id:
            await self._store.delivered(earlier, message_id)
        return told

    async def _is_taken(self, follow_up: FollowUp) -> bool:
        """Whether its message shows a later reply by now, as a card does after another press."""
        earlier, message_id = follow_up.delivery, follow_up.message_id
        if message_id is None:
            return False
        shown = await self._store.said_as(earlier.shown_in, message_id)
        return shown is not None and shown.delivery.delivery_id != earlier.delivery_id

    async def _postpone(self, follow_up: FollowUp, looked_at: datetime) -> None:
        # From when it was looked, however long that took: the last look is not to come later.
        age = (looked_at - follow_up.started_at).total_seconds()
        left = FOLLOW_UP_FOR.total_seconds() - age
        pause = min(max(_SHORTEST_PAUSE, age / 2), _LONGEST_PAUSE)
        # The last look comes when the two minutes are over, not half a minute later.
        pause = min(pause, left) if left > 0 else _LONGEST_PAUSE
        await self._store.postpone(follow_up, looked_at + timedelta(seconds=pause))

    async def _draft(self, follow_up: FollowUp) -> Draft:
        return Draft(await texts_of(self._store, follow_up.delivery.to, self._default_language))
