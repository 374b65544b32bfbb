"""Lists of events: ten a page, numbered, with the sources that are missing named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.accounts import Account
from bot.domain.chat import Button, Reply, Row
from bot.domain.listing import Entry, Failure, Listing, starts
from bot.domain.participation import Event, Obstacle, ParticipationStatus
from bot.errors import ProviderAuthError
from bot.texts.ids import M
from bot.texts.words import Draft, Texts, on_one_line

PAGE = 10
ROWS_MAX = 99
"""No list is longer, so that a number of a row has two digits at most."""
_BUTTONS_A_ROW = 5
_LABEL_LIMIT = 24
_NAME_LIMIT = 40
_DAY = timedelta(days=1)

_ICONS: Mapping[ParticipationStatus | None, str] = {
    ParticipationStatus.ACCEPTED: "✅",
    ParticipationStatus.DECLINED: "❌",
    ParticipationStatus.TENTATIVE: "❔",
    ParticipationStatus.NEEDS_ACTION: "▫️",
    ParticipationStatus.UNKNOWN: "⚪",
    None: "🗓",
}
_OBSTACLE_ICONS: Mapping[Obstacle, str] = {
    Obstacle.ORGANIZER: "👤",
    Obstacle.CANCELLED: "🚫",
}
_LOCKED = "🔒"
"""No answer was given, and none can be given from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which ten of a list are shown.

    Attributes:
        number: From 1; one beyond the end is the last.
        command: Shows another page, with `p` and that page's number after it.
    """

    number: int
    command: str


def invitations(draft: Draft, listing: Listing, last_day: date, now: datetime, page: Page) -> Reply:
    """What waits for an answer, up to a day."""
    day = draft.texts.date_title(last_day, now)
    count = len(listing.entries)
    if not count:
        _add_missing(draft.add(M.INVITES_NONE, day=day), listing)
        return draft.reply()
    shown = _shown(listing.entries, page)
    draft.add(M.INVITES_TITLE, count=count)
    _add_extent(draft, shown, count)
    for number, entry in shown:
        _add_invitation(draft, number, entry, now)
        _add_origin(draft, entry, listing)
    draft.blank().add(M.INVITES_UNTIL, day=day, zone=draft.texts.zone).add(M.INVITES_PRESS)
    _add_missing(draft, listing)
    return draft.reply(_buttons(shown, count, page), rows=_rows(shown))


def agenda(
    draft: Draft, listing: Listing, days: tuple[date, date], now: datetime, page: Page
) -> Reply:
    """What is on, from the first of the days to the last, day by day."""
    first, last = (draft.texts.date_title(day, now) for day in days)
    count = len(listing.entries)
    if not count:
        if days[0] == days[1]:
            draft.add(M.AGENDA_NOTHING, day=first)
        else:
            draft.add(M.AGENDA_NOTHING_SPAN, first=first, last=last)
        return _add_missing(draft, listing).reply()
    shown, day = _shown(listing.entries, page), None
    for number, entry in shown:
        begins = starts(entry.event, draft.texts.timezone).astimezone(draft.texts.timezone).date()
        its_day = min(max(begins, days[0]), days[1])
        if its_day != day:
            day = its_day
            draft.blank().add(M.AGENDA_TITLE, day=draft.texts.date_title(day, now))
        _add_agenda_row(draft, number, entry, its_day)
    _add_extent(draft.blank(), shown, count)
    _add_missing(draft.add(M.AGENDA_ZONE, zone=draft.texts.zone), listing)
    return draft.reply(_buttons(shown, count, page), rows=_rows(shown))


def choices(draft: Draft, events: Sequence[Event], command: str, now: datetime) -> Reply:
    """Which of several events is meant: a button for each that runs the command with it."""
    rows = [
        [
            Button(
                label=event_label(draft.texts, event, now),
                command_line=f"/{command} {event.ref.name}",
                about=(event.seen,),
            )
        ]
        for event in events[:PAGE]
    ]
    if len(events) > PAGE:
        draft.add(M.WHICH_MANY, count=len(events) - PAGE)
    return draft.reply(rows)


def event_label(texts: Texts, event: Event, now: datetime) -> str:
    """An event on a button: title and time."""
    title = on_one_line(texts.title(event), _LABEL_LIMIT)
    begins = texts.begins(event, now)
    return str(texts.say(M.WHICH_CHOICE, title=title, when=begins).unescape())


def _shown(entries: Sequence[Entry], page: Page) -> Sequence[tuple[int, Entry]]:
    numbered = list(enumerate(entries[:ROWS_MAX], 1))
    last_page = (len(numbered) + PAGE - 1) // PAGE
    number = min(max(page.number, 1), last_page)
    return numbered[(number - 1) * PAGE : number * PAGE]


def _rows(shown: Iterable[tuple[int, Entry]]) -> Sequence[Row]:
    return [Row(number=number, ref=entry.event.ref) for number, entry in shown]


def _add_extent(draft: Draft, shown: Sequence[tuple[int, Entry]], count: int) -> None:
    """Say which part of a list this is, unless it is all of it."""
    if len(shown) == count:
        return
    first, last = shown[0][0], shown[-1][0]
    if first == last:
        draft.add(M.LIST_LAST, last=last, count=count)
    elif first == 1:
        draft.add(M.LIST_FIRST, shown=last, count=count)
    else:
        draft.add(M.LIST_PART, first=first, last=last, count=count)
    if count > ROWS_MAX:
        draft.add(M.LIST_CUT, count=ROWS_MAX)


def _add_invitation(draft: Draft, number: int, entry: Entry, now: datetime) -> None:
    texts, event = draft.texts, entry.event
    draft.blank().add(M.INVITES_ROW, number=number, title=texts.title(event))
    draft.add(M.INVITES_ROW_WHEN, when=texts.when_here(event, now))
    if entry.more:
        draft.add(M.INVITES_ROW_MORE, count=entry.more)


def _add_origin(draft: Draft, entry: Entry, listing: Listing) -> None:
    """Who invites, where that stands, and what the event is called here."""
    event = entry.event
    source = _source(draft.texts, entry.account, listing)
    if event.organizer:
        name = on_one_line(event.organizer, _NAME_LIMIT)
        draft.add(M.INVITES_ROW_FROM, name=name, source=source, id=event.ref.name)
    else:
        draft.add(M.INVITES_ROW_SOURCE, source=source, id=event.ref.name)


def _add_agenda_row(draft: Draft, number: int, entry: Entry, day: date) -> None:
    texts, event = draft.texts, entry.event
    icon = _ICONS[event.my_status]
    if event.obstacle is not None:
        silent = event.my_status is ParticipationStatus.NEEDS_ACTION
        icon = _OBSTACLE_ICONS.get(event.obstacle, _LOCKED if silent else icon)
    draft.add(
        M.AGENDA_ROW,
        number=number,
        hours=texts.hours(event, day),
        icon=icon,
        title=texts.title(event),
        id=event.ref.name,
    )
    if entry.clashes:
        draft.add(M.AGENDA_CLASH)


def _buttons(
    shown: Sequence[tuple[int, Entry]], count: int, page: Page
) -> Sequence[Sequence[Button]]:
    """A button for each row, which opens its card below the list, and those that turn the page."""
    opening = [
        Button(
            label=str(number),
            command_line=f"/status {entry.event.ref.name}",
            about=(entry.event.seen,),
            opens=True,
        )
        for number, entry in shown
    ]
    rows = [
        opening[index : index + _BUTTONS_A_ROW] for index in range(0, len(opening), _BUTTONS_A_ROW)
    ]
    here = (shown[0][0] - 1) // PAGE + 1
    turning = []
    if here > 1:
        turning.append(Button(label="‹", command_line=f"{page.command} p{here - 1}"))
    if shown[-1][0] < min(count, ROWS_MAX):
        turning.append(Button(label="›", command_line=f"{page.command} p{here + 1}"))
    return [*rows, turning] if turning else rows


def _add_missing(draft: Draft, listing: Listing) -> Draft:
    """Name the sources that could not be read: what they hold is not in the list."""
    failed = {failure.account.account_id for failure in listing.failures}
    there = [account for account in listing.sources if account.account_id not in failed]
    shown = ", ".join(_source(draft.texts, account, listing) for account in there)
    for failure in listing.failures:
        missing = _source(draft.texts, failure.account, listing)
        draft.add(_why(failure), missing=missing, shown=shown)
    return draft


def _why(failure: Failure) -> M:
    signed_out = isinstance(failure.error, ProviderAuthError)
    return M.LIST_SIGNED_OUT if signed_out else M.LIST_WITHOUT


def _source(texts: Texts, account: Account, listing: Listing) -> str:
    """The provider, and where somebody has several accounts of it, which."""
    provider = texts.provider(account.provider)
    alike = [one for one in listing.sources if one.provider is account.provider]
    return f"{provider} ({account.place})" if len(alike) > 1 and account.place else provider
