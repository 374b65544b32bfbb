"""A card: one event, how its person stands to it, and the buttons to change that."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.chat import Button, Reply
from bot.domain.participation import Answer, Event, Obstacle, ParticipationStatus
from bot.texts.events import HELD, add_headline
from bot.texts.ids import M
from bot.texts.words import Draft, Texts

UNDO_MINUTES = 2

_NO_STATUS: Mapping[Obstacle, M] = {
    Obstacle.ORGANIZER: M.HELD_ORGANIZER,
    Obstacle.NOT_INVITED: M.HELD_NOT_INVITED,
    Obstacle.NOT_A_MEETING: M.HELD_NOT_A_MEETING,
    Obstacle.CANCELLED: M.HELD_CANCELLED,
}
_ELSEWHERE = (
    Obstacle.MANAGED_EVENT,
    Obstacle.READ_ONLY_CALENDAR,
    Obstacle.NO_ANSWER_ALLOWED,
)
_CHOICES: tuple[tuple[Answer, str, M], ...] = (
    (ParticipationStatus.ACCEPTED, "accept", M.CARD_ACCEPT),
    (ParticipationStatus.TENTATIVE, "maybe", M.CARD_MAYBE),
    (ParticipationStatus.DECLINED, "decline", M.CARD_DECLINE),
)


def card(draft: Draft, event: Event, now: datetime, *, alert: str = "") -> Reply:
    """Show an event as it is now."""
    add_card(draft, event, now)
    return draft.reply(card_buttons(draft.texts, event), about=event.ref, alert=alert)


def add_card(draft: Draft, event: Event, now: datetime) -> Draft:
    """Add what there is to say of an event and of how its person stands to it."""
    held = _NO_STATUS.get(event.obstacle) if event.obstacle is not None else None
    if held is None:
        held = HELD[event.my_status or ParticipationStatus.UNKNOWN]
    add_headline(draft, held, event, now)
    if event.organizer and event.obstacle in (None, Obstacle.NOT_INVITED):
        draft.add(M.EVENT_ORGANIZER, name=event.organizer)
    if event.my_status is ParticipationStatus.NEEDS_ACTION and not event.tentative_exact:
        draft.add(M.EVENT_INEXACT)
    if event.obstacle in _ELSEWHERE:
        draft.add(M.EVENT_NOT_ANSWERABLE)
    return add_reach(draft, event, of_series=M.EVENT_SERIES, of_one=M.EVENT_ONE_OF_SERIES)


def add_reach(draft: Draft, event: Event, *, of_series: M, of_one: M) -> Draft:
    """Say what an answer reaches: something past, a whole series, or one date of it."""
    if event.over:
        return draft.add(M.EVENT_SERIES_OVER if event.recurring else M.EVENT_PAST)
    if event.recurring:
        return draft.add(of_series)
    return draft.add(of_one) if event.series and event.answerable else draft


def card_buttons(
    texts: Texts, event: Event, *, known: bool = True, takes_back: int = 0
) -> Sequence[Sequence[Button]]:
    """The buttons of an event: none to answer what cannot be answered, or is over.

    Args:
        texts: In whose words.
        event: As it was read now.
        known: The present answer is certain, so it is marked.
        takes_back: The message whose answer can be taken back; 0 if none can.
    """
    rows: list[Sequence[Button]] = []
    about = (event.seen,)
    if event.answerable and not event.over:
        rows.append(
            [
                Button(
                    label=_label(texts, label, marked=known and event.my_status is status),
                    command_line=f"/{command} {event.ref.name}",
                    about=about,
                )
                for status, command, label in _CHOICES
            ]
        )
    if takes_back:
        undo = Button(
            label=str(texts.say(M.CARD_UNDO)),
            command_line=f"/undo {event.ref.name}",
            about=about,
            takes_back=takes_back,
            minutes=UNDO_MINUTES,
        )
        rows.append([undo])
    if event.url:
        provider = texts.provider(event.ref.provider)
        rows.append([Button(label=str(texts.say(M.CARD_OPEN, provider=provider)), url=event.url)])
    return rows


def _label(texts: Texts, label: M, *, marked: bool) -> str:
    word = texts.say(label)
    return str(texts.say(M.CARD_MARKED, label=word) if marked else word)
