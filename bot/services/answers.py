"""Answering invitations: look first, refuse what cannot be, write once, say what is held now."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from bot.domain.chat import Identity
from bot.domain.inbox import FOLLOW_UP_FOR, Intent
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Answer, Confirmation, Event, EventRef, holds
from bot.domain.providers import Provider
from bot.errors import (
    TELLABLE,
    EventNotFoundError,
    NotAnswerableError,
    ProviderError,
    TransportError,
)
from bot.ports import AccountStore, CalendarProvider, Call, Clock, Inbox, Journal
from bot.services.caller import Caller, call_about
from bot.services.event_names import EventNames
from bot.services.outcomes import (
    ALWAYS,
    Outcome,
    Provided,
    Step,
    as_read,
    held,
    in_doubt,
    needs_a_yes,
    refusal,
    unseen,
)
from bot.texts import M

_CHANGES_LOOKED_AT = 20

Answered = Callable[[Identity, Event], Awaitable[None]]
"""Is told of every answer that a calendar is seen to hold; raises nothing."""

Written = Callable[[Event], Awaitable[None]]
"""Is told of every answer that was sent, whatever came of it.

Raises StorageError if it could not take note: the command is tried again.
"""


class Answers:
    """The use cases around one person's own invitations."""

    def __init__(
        self,
        *,
        calendars: Mapping[Provider, CalendarProvider],
        accounts: AccountStore,
        names: EventNames,
        inbox: Inbox,
        journal: Journal,
        clock: Clock,
        answered: Answered,
        written: Written,
    ) -> None:
        self._calendars = calendars
        self._accounts = accounts
        self._names = names
        self._inbox = inbox
        self._journal = journal
        self._clock = clock
        self._answered = answered
        self._written = written

    def parse_ref(self, word: str) -> EventRef | None:
        """Recognise an event id of any provider."""
        for calendar in self._calendars.values():
            if (ref := calendar.parse_ref(word)) is not None:
                return ref
        return None

    async def begun(self, caller: Caller) -> Sequence[EventRef]:
        """The events that an earlier attempt at this command had begun to answer.

        It had understood which ones are meant; by now the same words may mean others.
        """
        intents = await self._inbox.intents_of(caller.entry_id)
        return [intent.event.ref for intent in intents if intent.event is not None]

    async def look(self, caller: Caller, ref: EventRef, *, fresh: bool = False) -> Event:
        """Read an event as the caller sees it; `fresh` as in `CalendarProvider.get_event`.

        One that cannot be read, and that an earlier attempt at this command had begun to answer,
        is told as it was then: `answer` deals with it.
        """
        call = await call_about(caller, self._accounts, ref)
        try:
            return await self._read(call, ref, fresh=fresh)
        except (ProviderError, TransportError):
            ref = replace(ref, account_id=call.account.account_id)
            earlier = await self._inbox.find_intent(caller.entry_id, ref.provider, ref.subject)
            if earlier is None or earlier.event is None:
                raise
            return earlier.event

    async def answer(
        self, caller: Caller, ref: EventRef, wanted: Answer, provided: Provided = ALWAYS
    ) -> Outcome:
        """Answer an invitation, unless it is answered so already or has to be asked about first.

        A repeated command (after the process died) finds the intent that its first attempt left:
        it reads before it writes, and never writes while the first write may be under way. Where
        that may last longer than a command, the answer counts as pending.

        Raises:
            NotInvitedError, NotAnswerableError: With the reason; nothing was written.
            EventNotFoundError, NotLinkedError: Likewise.
            ProviderError, TransportError: Surely nothing was written.
        """
        outcome = await self._answer(caller, ref, wanted, provided)
        if outcome.step is Step.WRITTEN:
            participation = outcome.participation
            confirmed = participation.confirmation is Confirmation.CONFIRMED
            change = self._change(
                caller,
                participation.event.ref,
                title=participation.event.title,
                before=outcome.before or "",
                after=participation.status if confirmed else wanted,
                confirmation=participation.confirmation,
                undoes=provided.undoes,
            )
            caller.changes.put(change)
            await self._written(participation.event)
            if confirmed:
                await self._answered(caller.identity, participation.event)
        return outcome

    async def _answer(
        self, caller: Caller, ref: EventRef, wanted: Answer, provided: Provided
    ) -> Outcome:
        call = await call_about(caller, self._accounts, ref)
        if ref.account_id != call.account.account_id:
            ref = replace(ref, account_id=call.account.account_id)
        calendar = self._calendars[ref.provider]
        earlier = await self._inbox.find_intent(caller.entry_id, ref.provider, ref.subject)
        if earlier is not None:
            self._note_begun(caller, ref, earlier)
        # What was seen is compared with what is, and not with what was a minute ago.
        event = await self._read_again(call, ref, wanted, earlier, fresh=bool(provided.version))
        if isinstance(event, Outcome):
            return event
        if event.obstacle is not None:
            raise refusal(event, event.obstacle)
        if earlier is None and provided.version and event.over:
            raise NotAnswerableError(M.REFUSE_OVER, event=event)
        if earlier is not None and not holds(event, wanted):
            if calendar.write_settles_in is None:
                event = in_doubt(event, wanted, earlier)
            else:
                await self._wait_until_settled(earlier, calendar.write_settles_in)
                event = await self._read_again(call, ref, wanted, earlier)
            if isinstance(event, Outcome):
                return event
        if holds(event, wanted) and not await self._in_flight(caller, event):
            return held(event, wanted, earlier)
        if earlier is None and not provided.holds(event):
            return Outcome(step=Step.CHANGED, participation=as_read(event), wanted=wanted)
        if needs_a_yes(event, wanted) and not caller.confirmed:
            return Outcome(step=Step.ASK_FIRST, participation=as_read(event), wanted=wanted)
        return await self._write(caller, call, event, wanted, earlier)

    async def _read(self, call: Call, ref: EventRef, *, fresh: bool = False) -> Event:
        """The event as it is, called as its person may call it."""
        try:
            event = await self._calendars[ref.provider].get_event(call, ref, fresh=fresh)
        except EventNotFoundError as error:
            missing = EventNotFoundError(error.message, id=ref.name)
        else:
            # What the account is called here, the provider does not know.
            here = event
            if event.ref.account_id != call.account.account_id:
                here = replace(event, ref=replace(event.ref, account_id=call.account.account_id))
            [named] = await self._names.name(call.account.owner, [here])
            return named
        raise missing

    async def _read_again(
        self,
        call: Call,
        ref: EventRef,
        wanted: Answer,
        earlier: Intent | None,
        *,
        fresh: bool = False,
    ) -> Event | Outcome:
        """Likewise; one that an earlier attempt's answer has removed, as it was answered.

        If it cannot be read, nobody can say that an earlier attempt changed nothing: that is what
        comes of this one, too.
        """
        known = None if earlier is None else earlier.event
        try:
            return await self._read(call, ref, fresh=fresh)
        except EventNotFoundError:
            if known is None or not known.deleted_by(wanted):
                raise
        except (ProviderError, TransportError):
            if known is None or earlier is None:
                raise
            return unseen(known, wanted, earlier)
        return replace(known, my_status=wanted)

    async def _in_flight(self, caller: Caller, event: Event) -> bool:
        """Whether another answer may still be on its way and overtake what is held now."""
        since = self._clock.now() - FOLLOW_UP_FOR
        for change in await self._journal.changes_of(caller.identity, _CHANGES_LOOKED_AT):
            if change.event is not None and change.event.subject == event.ref.subject:
                settled = change.confirmation is Confirmation.CONFIRMED
                return not settled and change.at >= since and change.after != event.my_status
        return False

    async def _write(
        self, caller: Caller, call: Call, event: Event, wanted: Answer, earlier: Intent | None
    ) -> Outcome:
        intent = Intent(
            entry_id=caller.entry_id,
            provider=event.ref.provider,
            subject=event.ref.subject,
            before=event.my_status or "",
            wanted=wanted,
            stored_at=self._clock.now(),
            attempts=1 if earlier is None else earlier.attempts + 1,
            event=replace(event, attendees=()) if event.attendees else event,
        )
        await self._inbox.record_intent(intent)
        begun = self._note_begun(caller, event.ref, intent)
        calendar = self._calendars[event.ref.provider]
        try:
            participation = await calendar.set_participation(call, event, wanted)
        except TELLABLE:
            caller.changes.drop(begun)
            raise
        # A provider knows nothing of accounts and handles.
        if participation.event.ref is not event.ref:
            answered = replace(participation.event, ref=event.ref)
            participation = replace(participation, event=answered)
        return Outcome(
            step=Step.WRITTEN,
            participation=participation,
            wanted=wanted,
            before=event.my_status,
        )

    def _note_begun(self, caller: Caller, ref: EventRef, intent: Intent) -> Change:
        """Note what is about to be sent, or was perhaps sent by an earlier attempt."""
        title = "" if intent.event is None else intent.event.title
        change = self._change(
            caller,
            ref,
            title=title,
            before=intent.before,
            after=intent.wanted,
            confirmation=Confirmation.UNKNOWN,
        )
        caller.changes.put(change)
        return change

    def _change(
        self,
        caller: Caller,
        ref: EventRef,
        *,
        title: str,
        before: str,
        after: str,
        confirmation: Confirmation,
        undoes: bool = False,
    ) -> Change:
        return Change(
            owner=caller.identity,
            at=self._clock.now(),
            conversation=caller.conversation,
            provider=ref.provider,
            kind=ChangeKind.ANSWER,
            before=before,
            after=after,
            event=ref,
            title=title,
            confirmation=confirmation,
            undoes=undoes,
            entry_id=caller.entry_id,
        )

    async def _wait_until_settled(self, earlier: Intent, settles_in: float) -> None:
        age = (self._clock.now() - earlier.stored_at).total_seconds()
        if age < settles_in:
            await self._clock.sleep(settles_in - max(0.0, age))
