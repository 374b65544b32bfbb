"""Answering invitations: look first, refuse what cannot be, write once, say what is held now."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.inbox import Intent
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    Obstacle,
    Participation,
    ParticipationStatus,
    holds,
)
from bot.domain.providers import Provider
from bot.errors import NotAnswerableError, NotInvitedError, UserError
from bot.ports import AccountStore, CalendarProvider, Call, Clock, Inbox
from bot.services.caller import Caller, call_as
from bot.texts import M

_REFUSALS: Mapping[Obstacle, M] = {
    Obstacle.NOT_A_MEETING: M.REFUSE_NOT_A_MEETING,
    Obstacle.NOT_INVITED: M.REFUSE_NOT_INVITED,
    Obstacle.ORGANIZER: M.REFUSE_ORGANIZER,
    Obstacle.MANAGED_EVENT: M.REFUSE_MANAGED_EVENT,
    Obstacle.READ_ONLY_CALENDAR: M.REFUSE_READ_ONLY_CALENDAR,
    Obstacle.NO_ANSWER_ALLOWED: M.REFUSE_NO_ANSWER_ALLOWED,
}


class Step(StrEnum):
    """What came of a request to answer."""

    WRITTEN = "written"
    ALREADY = "already"
    """It was so before; nothing was written, so nobody was notified again."""
    ASK_FIRST = "ask_first"
    """It has consequences that the person should know of; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it, and how the person stands now."""

    step: Step
    participation: Participation
    wanted: Answer


class Answers:
    """The use cases around one person's own invitations."""

    def __init__(
        self,
        *,
        calendars: Mapping[Provider, CalendarProvider],
        accounts: AccountStore,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self._calendars = calendars
        self._accounts = accounts
        self._inbox = inbox
        self._clock = clock

    def parse_ref(self, word: str) -> EventRef | None:
        """Recognise an event id of any provider."""
        for calendar in self._calendars.values():
            if (ref := calendar.parse_ref(word)) is not None:
                return ref
        return None

    async def look(self, caller: Caller, ref: EventRef) -> Event:
        """Read an event as the caller sees it, with their present status."""
        call = await call_as(caller, self._accounts, ref.provider)
        return await self._calendars[ref.provider].get_event(call, ref)

    async def answer(self, caller: Caller, ref: EventRef, wanted: Answer) -> Outcome:
        """Answer an invitation, unless it is answered so already or has to be asked about first.

        A repeated command (after the process died) finds the intent that its first attempt left:
        it reads before it writes, and never writes while the first write may be under way.

        Raises:
            NotInvitedError, NotAnswerableError: With the reason; nothing was written.
            EventNotFoundError, NotLinkedError: Likewise.
            ProviderError, TransportError: Surely nothing was written.
        """
        call = await call_as(caller, self._accounts, ref.provider)
        calendar = self._calendars[ref.provider]
        earlier = await self._inbox.find_intent(caller.entry_id, ref.provider, ref.event_id)
        event = await calendar.get_event(call, ref)
        if event.obstacle is not None:
            raise _refusal(event, event.obstacle)
        if earlier is not None and not holds(event, wanted):
            event = await self._wait_for_earlier_write(call, calendar, event, earlier)
        if holds(event, wanted):
            step = Step.ALREADY if earlier is None else Step.WRITTEN
            return Outcome(step=step, participation=_as_read(event), wanted=wanted)
        if _needs_a_yes(event, wanted) and not caller.confirmed:
            return Outcome(step=Step.ASK_FIRST, participation=_as_read(event), wanted=wanted)
        await self._inbox.record_intent(
            Intent(
                entry_id=caller.entry_id,
                provider=ref.provider,
                subject=ref.event_id,
                before=event.my_status or "",
                wanted=wanted,
                stored_at=self._clock.now(),
                attempts=1 if earlier is None else earlier.attempts + 1,
            )
        )
        participation = await calendar.set_participation(call, event, wanted)
        return Outcome(step=Step.WRITTEN, participation=participation, wanted=wanted)

    async def _wait_for_earlier_write(
        self, call: Call, calendar: CalendarProvider, event: Event, earlier: Intent
    ) -> Event:
        age = (self._clock.now() - earlier.stored_at).total_seconds()
        if age < calendar.write_settles_in:
            await self._clock.sleep(calendar.write_settles_in - max(0.0, age))
            return await calendar.get_event(call, event.ref)
        return event


def _needs_a_yes(event: Event, wanted: Answer) -> bool:
    match wanted:
        case ParticipationStatus.TENTATIVE:
            return not event.tentative_exact and event.notifies_organizer
        case ParticipationStatus.DECLINED:
            return event.decline_deletes
        case ParticipationStatus.ACCEPTED:
            return False


def _as_read(event: Event) -> Participation:
    status = event.my_status or ParticipationStatus.UNKNOWN
    inexact = status is ParticipationStatus.NEEDS_ACTION and not event.tentative_exact
    return Participation(
        event=event, status=status, confirmation=Confirmation.CONFIRMED, exact=not inexact
    )


def _refusal(event: Event, obstacle: Obstacle) -> UserError:
    kind = NotInvitedError if obstacle is Obstacle.NOT_INVITED else NotAnswerableError
    return kind(_REFUSALS[obstacle], event=event)
