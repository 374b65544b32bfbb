"""What a group sees of a meeting: the card, who answered what, and the presence of a team."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from markupsafe import Markup

from bot.domain.chat import Button, Reply, Visibility, mention
from bot.domain.group_cards import NewCard, Nudged, Roster, next_look
from bot.domain.participation import Attendee, Event, ParticipationStatus
from bot.domain.presence import Presence
from bot.texts.cards import add_reach
from bot.texts.ids import M
from bot.texts.words import Draft, Texts, on_one_line

_NAMES_MAX = 20
"""So many people are named in one line; the others are counted."""
_NAME_LIMIT = 40

_Tally = tuple[M, M]
"""A line with names, the same without."""
_ANSWERED: Mapping[ParticipationStatus, _Tally] = {
    ParticipationStatus.ACCEPTED: (M.TALLY_ACCEPTED, M.TALLY_ACCEPTED_COUNT),
    ParticipationStatus.TENTATIVE: (M.TALLY_TENTATIVE, M.TALLY_TENTATIVE_COUNT),
    ParticipationStatus.DECLINED: (M.TALLY_DECLINED, M.TALLY_DECLINED_COUNT),
}
_SILENT: _Tally = (M.TALLY_SILENT, M.TALLY_SILENT_COUNT)
_SILENT_INEXACT: _Tally = (M.TALLY_SILENT_INEXACT, M.TALLY_SILENT_INEXACT_COUNT)
_CHOICES = (
    ("accept", M.CARD_ACCEPT),
    ("maybe", M.CARD_MAYBE),
    ("decline", M.CARD_DECLINE),
)
_PRESENT: Mapping[Presence, tuple[M, M]] = {
    Presence.ONLINE: (M.TEAM_ONLINE, M.TEAM_ONLINE),
    Presence.DND: (M.TEAM_DND, M.TEAM_DND_UNTIL),
    Presence.AWAY: (M.TEAM_AWAY, M.TEAM_AWAY_UNTIL),
    Presence.BREAK: (M.TEAM_BREAK, M.TEAM_BREAK_UNTIL),
}


def group_card(texts: Texts, roster: Roster, card: NewCard, now: datetime, link: str) -> Reply:
    """The card of a meeting that was read now, for everybody in a group to press.

    Args:
        texts: In the group's words.
        roster: As its poster's account sees it.
        card: As it was until now.
        now: When that was read.
        link: Opens the private chat and comes back to this card; may be empty.
    """
    event = roster.event
    draft = Draft(texts)
    if waiting := still_silent(card.nudged, event):
        draft.add(M.NUDGE_ASK, names=_mentioned(texts, waiting)).blank()
    add_roster(draft, roster, now)
    _add_reach(draft, event, now)
    draft.add(M.GROUP_CARD_AS_OF, time=texts.moment(now, now))
    seen = replace(event, ref=card.ref)
    return replace(
        draft.reply(
            () if event.over else _buttons(texts, card, link),
            visibility=Visibility.CONVERSATION,
            about=card.ref,
        ),
        card=replace(
            card,
            meeting=event.meeting or card.meeting,
            version=seen.version,
            look_at=next_look(event, now),
        ),
    )


def stale_card(texts: Texts, shown: Reply, card: NewCard) -> Reply:
    """A card that could not be read anew: what it showed, and that it may have changed since."""
    return _with_line(shown, texts.say(M.GROUP_CARD_STALE, provider=card.ref.provider))


def closed_card(texts: Texts, shown: Reply, card: NewCard, why: M) -> Reply:
    """A card that is kept up to date no longer: what it showed, why, and no buttons."""
    line = texts.say(why, id=card.meeting.meeting_id)
    if why is M.GROUP_CARD_PRIVATE:
        shown = replace(shown, text=Markup())
    return replace(_with_line(shown, line), buttons=())


def add_roster(draft: Draft, roster: Roster, now: datetime) -> Draft:
    """Add what a meeting is, when and where, and who answered what."""
    event, texts = roster.event, draft.texts
    name = event.ref.name if event.meeting is None else event.meeting.meeting_id
    draft.add(M.GROUP_CARD_TITLE, title=texts.title(event))
    draft.add(M.EVENT_LINE, when=texts.when(event, now), id=name)
    if event.location:
        draft.add(M.GROUP_CARD_PLACE, place=texts.named(event.location))
    if event.organizer:
        draft.add(M.EVENT_ORGANIZER, name=texts.named(on_one_line(event.organizer, _NAME_LIMIT)))
    draft.blank()
    guests = [one for one in event.attendees if not one.organizer]
    for status, tally in _ANSWERED.items():
        _add_tally(draft, tally, roster, [one for one in guests if one.status is status])
    silent = [one for one in guests if one.status not in _ANSWERED]
    _add_tally(draft, _SILENT if event.tentative_exact else _SILENT_INEXACT, roster, silent)
    if event.guests_hidden:
        draft.add(M.TALLY_HIDDEN)
    elif not guests:
        draft.add(M.TALLY_NOBODY)
    return draft


def _add_reach(draft: Draft, event: Event, now: datetime) -> Draft:
    """What an answer reaches; of a series whose next date cannot be seen, that too."""
    begun = isinstance(event.starts_at, datetime) and event.starts_at < now
    if event.recurring and not event.over and begun:
        return draft.add(M.GROUP_CARD_SERIES)
    return add_reach(draft, event, of_series=M.EVENT_SERIES, of_one=M.EVENT_ONE_OF_SERIES)


def still_silent(nudged: Iterable[Nudged], event: Event) -> Sequence[Nudged]:
    """Those of whom an answer was asked and has not come."""
    if event.over or event.guests_hidden:
        return ()
    silent = {one.user_id for one in silent_guests(event)}
    return [one for one in nudged if one.user_id in silent]


def silent_guests(event: Event) -> Sequence[Attendee]:
    """Those who have not answered; where "maybe" cannot be told from that, they are among them."""
    return [
        one
        for one in event.attendees
        if not one.organizer and one.status is ParticipationStatus.NEEDS_ACTION
    ]


def add_team_member(draft: Draft, name: str, presence: Presence | None, until: str) -> Draft:
    """Add somebody's presence, with its end if it has one; never why it is so."""
    name = _called(draft.texts, name)
    if presence is None:
        return draft.add(M.TEAM_UNKNOWN, name=name)
    lasting, ending = _PRESENT[presence]
    return draft.add(ending if until else lasting, name=name, until=until)


def _add_tally(draft: Draft, tally: _Tally, roster: Roster, people: Sequence[Attendee]) -> None:
    if not people:
        return
    with_names, without = tally
    names = names_in_line(draft.texts, roster, people)
    if names:
        draft.add(with_names, count=len(people), names=names)
    else:
        draft.add(without, count=len(people))


def names_in_line(texts: Texts, roster: Roster, people: Sequence[Attendee]) -> Markup:
    """Who they are, as far as names are known and there is room; the others are counted.

    Empty if guests are hidden or nobody has a name.
    """
    known = [roster.names.get(one.user_id) or one.name for one in people]
    named = sorted((name for name in known if name), key=str.casefold)[:_NAMES_MAX]
    if roster.event.guests_hidden or not named:
        return Markup()
    names = Markup(", ").join(texts.named(on_one_line(name, _NAME_LIMIT)) for name in named)
    others = len(people) - len(named)
    return texts.say(M.TALLY_MORE, names=names, count=others) if others else names


def _mentioned(texts: Texts, people: Sequence[Nudged]) -> Markup:
    names = Markup(", ").join(
        mention(one.person, _called(texts, one.name)) for one in people[:_NAMES_MAX]
    )
    others = len(people) - _NAMES_MAX
    return texts.say(M.TALLY_MORE, names=names, count=others) if others > 0 else names


def _called(texts: Texts, name: str) -> str:
    """What somebody calls themselves, which may be no more than a space."""
    return on_one_line(name, _NAME_LIMIT) or str(texts.say(M.PERSON_UNNAMED))


def _buttons(texts: Texts, card: NewCard, link: str) -> Sequence[Sequence[Button]]:
    def button(command: str, label: M) -> Button:
        return Button(
            label=str(texts.say(label)),
            command_line=f"/{command} {card.meeting.meeting_id}",
            personal=False,
            card=card.key,
        )

    below = [button("card", M.BUTTON_REFRESH)]
    if link:
        below.append(Button(label=str(texts.say(M.BUTTON_FIRST_TIME)), url=link))
    return [[button(command, label) for command, label in _CHOICES], below]


def _with_line(shown: Reply, line: Markup) -> Reply:
    return replace(shown, text=Markup("\n").join(filter(None, (shown.text, line))))
