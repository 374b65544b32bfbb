"""Which event is meant, however it was named; asks where that is not sure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeGuard
from zoneinfo import ZoneInfo

from bot.domain.chat import IncomingMessage
from bot.domain.listing import Listing, starts
from bot.domain.naming import ByName, ByTitle, Handle, Keyword, Names
from bot.domain.participation import Event, EventRef
from bot.errors import TELLABLE, BotError, EventNotFoundError, NotLinkedError
from bot.ports import Clock
from bot.services.agenda import DAYS_AHEAD, Agenda
from bot.services.answers import Answers
from bot.services.caller import Caller
from bot.services.event_names import EventNames
from bot.services.memory import Memory
from bot.services.titles import find_titles
from bot.texts import M, on_one_line

ROW = re.compile(r"[1-9]\d?", re.ASCII)
"""What may be the number of a row; longer numbers are ids and nothing else."""
_WORDS_LIMIT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """These are meant."""

    refs: tuple[EventRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichOne:
    """It may be one of these; nothing is done before the person has said which."""

    question: M
    events: tuple[Event, ...]
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnamed:
    """Nothing was named: what waits for an answer."""

    listing: Listing


Resolution: TypeAlias = Named | WhichOne | Unnamed


class Resolver:
    """Finds the event that a command means.

    In this order: the card that the message replies to, an explicit id, a row of the list that the
    person got here within 15 minutes, a handle, "next" and "last", words of a title. Nothing is
    ever taken for an event that was not named: what could mean two is asked about.
    """

    def __init__(
        self, *, answers: Answers, agenda: Agenda, names: EventNames, memory: Memory, clock: Clock
    ) -> None:
        self._answers = answers
        self._agenda = agenda
        self._names = names
        self._memory = memory
        self._clock = clock

    async def resolve(
        self, caller: Caller, message: IncomingMessage, names: Names, zone: ZoneInfo
    ) -> Resolution:
        """The event or events that are meant, or what to ask.

        Raises:
            UserError: Nothing of the kind can be seen; says where was looked.
            ProviderError, TransportError: It could not be looked for.
        """
        replied = await self._memory.card_replied_to(message)
        if replied is None:
            return await self._by_names(caller, message, names, zone)
        if names is None:
            return Named(refs=(replied,))
        try:
            other = await self._by_names(caller, message, names, zone)
        except EventNotFoundError:
            if isinstance(names, ByName):
                raise
            # Perhaps just words, perhaps the name of another event that cannot be seen now.
            card = await self._answers.look(caller, replied)
            return WhichOne(question=M.WHICH_CLOSE, events=(card,))
        return await self._against(caller, replied, other)

    async def _against(self, caller: Caller, replied: EventRef, other: Resolution) -> Resolution:
        """Somebody answered the message about one event and wrote what may name another."""
        card = await self._answers.look(caller, replied)
        others: list[Event] = []
        if isinstance(other, Named):
            others = [await self._answers.look(caller, ref) for ref in other.refs]
        elif isinstance(other, WhichOne):
            others = list(other.events)
        others = [event for event in others if event.ref != card.ref]
        if not others:
            return Named(refs=(card.ref,))
        return WhichOne(question=M.WHICH_REPLY_OR_NAMED, events=(card, *others))

    async def _by_names(
        self, caller: Caller, message: IncomingMessage, names: Names, zone: ZoneInfo
    ) -> Resolution:
        match names:
            case ByName():
                return await self._by_name_or_row(caller, message, names.names)
            case Keyword.NEXT:
                return await self._next(caller, zone)
            case Keyword.LAST:
                return Named(refs=(await self._last(message),))
            case ByTitle():
                return await self._by_title(caller, names.words, zone)
            case None:
                return Unnamed(listing=await self._agenda.invitations(caller, zone))

    async def _by_name_or_row(
        self, caller: Caller, message: IncomingMessage, names: Sequence[EventRef | Handle]
    ) -> Resolution:
        rows: dict[str, EventRef] = {}
        if any(_may_be_row(name) for name in names):
            rows = {str(row.number): row.ref for row in await self._memory.rows(message)}
        listed = [rows.get(name.event_id) if _may_be_row(name) else None for name in names]
        if len(names) == 1 and listed[0] is not None and isinstance(names[0], EventRef):
            return await self._row_or_id(caller, listed[0], names[0])
        # Of several events a list is shown before anything is done, so a row can be told there.
        refs = [
            row or await self._by_name(caller, name)
            for row, name in zip(listed, names, strict=True)
        ]
        return Named(refs=tuple(dict.fromkeys(refs)))

    async def _row_or_id(self, caller: Caller, row: EventRef, ref: EventRef) -> Resolution:
        """A number within a list is its row, unless an event to answer has that number too."""
        if row.name == ref.event_id:
            return Named(refs=(row,))
        number: dict[str, object] = {"number": ref.event_id}
        try:
            event = await self._answers.look(caller, ref)
        except (EventNotFoundError, NotLinkedError):
            return Named(refs=(row,))
        except TELLABLE:
            listed = await self._answers.look(caller, row)
            return WhichOne(question=M.WHICH_ROW_UNCHECKED, events=(listed,), values=number)
        if event.my_status is None:
            return Named(refs=(row,))
        listed = await self._answers.look(caller, row)
        return WhichOne(question=M.WHICH_ROW_OR_ID, events=(listed, event), values=number)

    async def _by_name(self, caller: Caller, name: EventRef | Handle) -> EventRef:
        if isinstance(name, EventRef):
            return name
        ref = await self._names.find(caller.identity, name)
        if ref is None:
            raise EventNotFoundError(M.WHICH_NO_HANDLE, id=name)
        return ref

    async def _next(self, caller: Caller, zone: ZoneInfo) -> Resolution:
        listing = await self._agenda.upcoming(caller, zone)
        now = self._clock.now()
        ahead = [
            entry.event
            for entry in listing.entries
            if entry.event.answerable and starts(entry.event, zone) > now
        ]
        if not ahead:
            raise _nothing_found(listing, M.WHICH_NO_NEXT, M.WHICH_NO_NEXT_PARTIAL)
        first = starts(ahead[0], zone)
        at_once = [event for event in ahead if starts(event, zone) == first]
        return await self._sure(caller, listing, at_once)

    async def _last(self, message: IncomingMessage) -> EventRef:
        ref = await self._memory.last_card(message)
        if ref is None:
            raise EventNotFoundError(M.WHICH_NO_LAST)
        return ref

    async def _by_title(self, caller: Caller, words: Sequence[str], zone: ZoneInfo) -> Resolution:
        listing = await self._agenda.upcoming(caller, zone)
        found, surely = find_titles(listing.entries, words)
        if not found:
            wording = on_one_line(" ".join(words), _WORDS_LIMIT)
            raise _nothing_found(listing, M.WHICH_NO_MATCH, M.WHICH_NO_MATCH_PARTIAL, words=wording)
        return await self._sure(caller, listing, found, surely=surely)

    async def _sure(
        self, caller: Caller, listing: Listing, found: Sequence[Event], *, surely: bool = True
    ) -> Resolution:
        """One event is meant if there is no other, also none where nobody could look."""
        events = tuple(await self._names.name(caller.identity, found))
        if len(events) > 1:
            return WhichOne(question=M.WHICH_TITLE, events=events)
        if listing.failures:
            missing = listing.failures[0].account.provider
            return WhichOne(question=M.WHICH_PARTIAL, events=events, values={"missing": missing})
        if not surely:
            return WhichOne(question=M.WHICH_CLOSE, events=events)
        return Named(refs=(events[0].ref,))


def _may_be_row(name: EventRef | Handle) -> TypeGuard[EventRef]:
    return isinstance(name, EventRef) and ROW.fullmatch(name.event_id) is not None


def _nothing_found(listing: Listing, all_seen: M, partial: M, **values: object) -> BotError:
    """That nothing was found, and where nobody could look."""
    if listing.failures and len(listing.failures) == len(listing.sources):
        return listing.failures[0].error
    if listing.failures:
        missing = listing.failures[0].account.provider
        return EventNotFoundError(partial, days=DAYS_AHEAD, missing=missing, **values)
    return EventNotFoundError(all_seen, days=DAYS_AHEAD, **values)
