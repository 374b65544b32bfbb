"""How an event and the answer to it are told, wherever that is."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.participation import Answer, Event, ParticipationStatus
from bot.texts.ids import M
from bot.texts.words import Draft

HELD: Mapping[ParticipationStatus, M] = {
    ParticipationStatus.ACCEPTED: M.HELD_ACCEPTED,
    ParticipationStatus.DECLINED: M.HELD_DECLINED,
    ParticipationStatus.TENTATIVE: M.HELD_TENTATIVE,
    ParticipationStatus.NEEDS_ACTION: M.HELD_NEEDS_ACTION,
    ParticipationStatus.UNKNOWN: M.HELD_UNKNOWN,
}
_ASKED: Mapping[ParticipationStatus, M] = {
    ParticipationStatus.ACCEPTED: M.ANSWER_ASKED_ACCEPTED,
    ParticipationStatus.DECLINED: M.ANSWER_ASKED_DECLINED,
    ParticipationStatus.TENTATIVE: M.ANSWER_ASKED_TENTATIVE,
}


def add_headline(draft: Draft, message: M, event: Event, now: datetime) -> Draft:
    """Add a sentence about an event and the event's own line below it."""
    draft.add(message, title=draft.texts.title(event))
    return draft.add(M.EVENT_LINE, when=draft.texts.when(event, now), id=event.ref.name)


def add_answer(
    draft: Draft, event: Event, status: ParticipationStatus, wanted: Answer, now: datetime
) -> Draft:
    """Add what the calendar holds after an answer, and say so if it is not what was wanted."""
    add_headline(draft, HELD[status], event, now)
    if status is wanted:
        return draft
    inexact = wanted is ParticipationStatus.TENTATIVE and not event.tentative_exact
    if inexact and status is ParticipationStatus.NEEDS_ACTION:
        return draft.add(M.ANSWER_MAYBE_CLEARED)
    return draft.add(_ASKED[wanted], id=event.ref.name)
