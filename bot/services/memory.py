"""What the bot last said to somebody in a chat, so that a word after it is understood."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.chat import Conversation, Identity, IncomingMessage, Row
from bot.domain.inbox import Said
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import EventRef
from bot.ports import Store

FRESH = timedelta(minutes=15)
"""For how long a list's numbers, and a card that is the last message, can be answered by a word."""
_KEPT = timedelta(hours=48)
_SLACK = timedelta(seconds=2)
"""Messages are dated in whole seconds, and by another clock than ours."""
UNDO_WITHIN = timedelta(days=1)
"""What was changed longer ago is not taken back without being looked at."""
_CHANGES_LOOKED_AT = 50
_UNDOABLE = (ChangeKind.ANSWER, ChangeKind.PRESENCE)


class Memory:
    """The replies of the last 48 hours, as far as they were this person's own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._interrupted: dict[Identity, datetime] = {}

    def interrupt(self, reader: Identity, at: datetime) -> None:
        """The bot wrote to somebody unasked: what it said before no longer stands last.

        Remembered for as long as the process lives.
        """
        self._interrupted[reader] = at

    async def replied_to(self, message: IncomingMessage) -> Said | None:
        """The reply that a message answers, if it was one to the same person."""
        if message.reply_to is None:
            return None
        said = await self._store.said_as(message.conversation, message.reply_to)
        return said if said is not None and said.delivery.to == message.sender else None

    async def card_replied_to(self, message: IncomingMessage) -> EventRef | None:
        """The event of the card that a message answers."""
        said = await self.replied_to(message)
        return None if said is None else said.delivery.reply.about

    async def rows(self, message: IncomingMessage) -> Sequence[Row]:
        """The rows of the list that a message answers, or of the last one that is fresh."""
        said = await self.replied_to(message)
        if said is not None and said.delivery.reply.rows:
            return said.delivery.reply.rows
        fresh = await self._all_said_here(message, FRESH)
        standing = next((one for one in _newest(fresh) if one.delivery.reply.rows), None)
        if standing is None:
            return ()
        # Pages of one list: a number means what stood beside it when it was last shown.
        rows: dict[int, Row] = {}
        for one in fresh:
            if one.message_id == standing.message_id:
                for row in one.delivery.reply.rows:
                    rows.setdefault(row.number, row)
        return tuple(rows.values())

    async def last_card(self, message: IncomingMessage) -> EventRef | None:
        """The event that was talked about last here, or else was last answered anywhere."""
        for said in _newest(await self._all_said_here(message, _KEPT)):
            if said.delivery.reply.about is not None:
                return said.delivery.reply.about
        for change in await self._store.changes_of(message.sender):
            if change.kind is ChangeKind.ANSWER and change.event is not None:
                return change.event
        return None

    async def errand(self, message: IncomingMessage) -> str:
        """The command line for which somebody came here and had to link an account; or empty."""
        for said in await self._all_said_here(message, FRESH):
            if said.delivery.reply.errand:
                return said.delivery.reply.errand
        return ""

    async def last_message(self, message: IncomingMessage) -> Said | None:
        """What stands last in a private chat, if it is fresh.

        None also if an older message was changed after it: then nobody can say which one is meant.
        """
        said = await self._all_said_here(message, FRESH)
        interrupted = self._interrupted.get(message.sender)
        if not said or (interrupted is not None and interrupted >= said[0].at):
            return None
        posted = next((one for one in said if one.delivery.edits != one.message_id), None)
        return said[0] if posted is None or posted.message_id == said[0].message_id else None

    async def last_undoable(self, message: IncomingMessage) -> Change | None:
        """The last answer or presence that was changed within a day before a message."""
        return next((change for change in await self._recent(message)), None)

    async def last_answer_to(self, message: IncomingMessage, ref: EventRef) -> Change | None:
        """The last answer to an event, named with its account, that was changed likewise."""
        return next(
            (
                change
                for change in await self._recent(message)
                if change.event is not None
                and (change.provider, change.event.subject) == (ref.provider, ref.subject)
            ),
            None,
        )

    async def _recent(self, message: IncomingMessage) -> Sequence[Change]:
        """Changes that can be taken back, newest first; what stayed as it was is none."""
        since = message.sent_at - UNDO_WITHIN
        return [
            change
            for change in await self._store.changes_of(message.sender, _CHANGES_LOOKED_AT)
            if change.kind in _UNDOABLE and change.at >= since and change.before != change.after
        ]

    async def _all_said_here(self, message: IncomingMessage, within: timedelta) -> Sequence[Said]:
        """What was said in this chat, newest first; a message that was changed comes repeatedly."""
        # As of when the message was written: what came after it, its writer had not seen.
        since, until = message.sent_at - within, message.sent_at + _SLACK
        here = message.conversation
        return [
            one
            for one in await self._store.said_to(message.sender, since)
            if one.at <= until and here in (one.delivery.conversation, one.delivery.shown_in)
        ]


def _newest(said: Sequence[Said]) -> Sequence[Said]:
    """What each message says now."""
    standing: dict[tuple[Conversation, str], Said] = {}
    for one in said:
        standing.setdefault((one.delivery.shown_in, one.message_id), one)
    return tuple(standing.values())
