"""How a person's presence is told: what is held, why, until when, and what comes after."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.automation import Choices
from bot.domain.chat import Button
from bot.domain.claims import Claim, Source
from bot.domain.ledger import Ledger, News, NewsKind
from bot.domain.presence import Presence, PresenceState
from bot.domain.transitions import restored_to
from bot.texts.ids import M
from bot.texts.words import Draft, Texts

_HELD: Mapping[Presence, M] = {
    Presence.ONLINE: M.PRESENCE_ONLINE,
    Presence.DND: M.PRESENCE_DND,
    Presence.AWAY: M.PRESENCE_AWAY,
    Presence.BREAK: M.PRESENCE_BREAK,
}
_NAMES: Mapping[Presence, M] = {
    Presence.ONLINE: M.PRESENCE_NAME_ONLINE,
    Presence.DND: M.PRESENCE_NAME_DND,
    Presence.AWAY: M.PRESENCE_NAME_AWAY,
    Presence.BREAK: M.PRESENCE_NAME_BREAK,
}
_NEWS: Mapping[NewsKind, M] = {
    NewsKind.ENDED: M.NEWS_ENDED,
    NewsKind.LEFT_ALONE: M.NEWS_LEFT_ALONE,
    NewsKind.STILL_ON: M.NEWS_STILL_ON,
    NewsKind.STUCK: M.NEWS_STUCK,
    NewsKind.NEVER_SET: M.NEWS_NEVER_SET,
}


def add_presence(draft: Draft, state: PresenceState) -> Draft:
    """Add what is held, and whether people see it at all."""
    draft.add(M.PRESENCE_NONE if state.presence is None else _HELD[state.presence])
    return draft if state.shown else draft.add(M.PRESENCE_NOT_SHOWN)


def add_held(draft: Draft, ledger: Ledger, state: PresenceState, now: datetime) -> Draft:
    """Add what is held, and until when if we know that it ends, and what comes then."""
    ends_at = _ends_at(ledger, now) if ledger.shown is state.presence else None
    if state.presence is None or ends_at is None:
        return draft.add(M.PRESENCE_NONE if state.presence is None else _HELD[state.presence])
    next_one, until = ledger.deciding(ends_at), draft.texts.until(ends_at, now)
    after = restored_to(ledger) if next_one is None else next_one.presence
    if after is Presence.ONLINE and state.presence is Presence.ONLINE:
        return draft.add(M.PRESENCE_ONLINE_UNTIL, until=until)
    what = _name(draft.texts, state.presence)
    draft.add(M.PRESENCE_UNTIL, what=what, until=until, after=_word(draft.texts, after))
    if next_one is not None and next_one.source is Source.MEETING:
        over = _ends_at(ledger, ends_at) or ends_at
        title = draft.texts.named(next_one.title)
        draft.add(M.PRESENCE_THEN_MEETING, title=title, until=draft.texts.until(over, now))
    return draft


def _ends_at(ledger: Ledger, now: datetime) -> datetime | None:
    """When what decides is over: by hand at its own end, else when something else decides."""
    claim, turn = ledger.deciding(now), ledger.turn_after(now)
    if claim is None or claim.source is Source.HAND:
        return None if claim is None else claim.ends_at
    return None if turn is None else turn.at


def add_reasons(draft: Draft, ledger: Ledger, state: PresenceState, now: datetime) -> Draft:
    """Add why that is so, whether the portal agrees, and what comes next."""
    texts, claim = draft.texts, ledger.deciding(now)
    if claim is not None and ledger.shown is not None:
        if ledger.shown is state.presence:
            _add_reason(draft, claim, now)
        else:
            draft.add(M.PRESENCE_ELSEWHERE, ours=_word(texts, ledger.shown))
    upcoming = next_shown(ledger, now)
    if upcoming is not None and upcoming.ends_at is not None:
        message = M.PRESENCE_NEXT_TITLED if upcoming.title else M.PRESENCE_NEXT
        draft.add(message, **_claimed(texts, upcoming, now))
    return draft


def add_automation(draft: Draft, choices: Choices) -> Draft:
    """Add what is done about somebody's presence by itself."""
    texts, hours = draft.texts, choices.hours
    if choices.meetings:
        draft.add(M.AUTO_ON, what=_word(texts, choices.presence))
        draft.add(M.AUTO_WHICH_MAYBE if choices.maybe else M.AUTO_WHICH)
        if choices.all_day:
            draft.add(M.AUTO_ALL_DAY)
        if choices.only_hours:
            draft.add(M.AUTO_ONLY_HOURS)
    else:
        draft.add(M.AUTO_OFF)
    if choices.evenings:
        draft.add(M.AUTO_EVENINGS, what=_word(texts, Presence.AWAY))
    draft.add(
        M.AUTO_HOURS,
        days=texts.weekdays(hours.days),
        start=f"{hours.start:%H:%M}",
        end=f"{hours.end:%H:%M}",
    )
    return draft.add(M.AUTO_HOW) if choices.meetings else draft


def add_later(draft: Draft, claim: Claim, now: datetime) -> Draft:
    """Add what will be set later."""
    return draft.add(M.PRESENCE_LATER, **_claimed(draft.texts, claim, now))


def add_news(draft: Draft, news: News) -> Draft:
    """Add what became of a presence that nobody asked about just now."""
    held = _word(draft.texts, news.held or Presence.ONLINE)
    return draft.add(_NEWS[news.kind], what=_name(draft.texts, news.presence), held=held)


def next_shown(ledger: Ledger, now: datetime) -> Claim | None:
    """What comes next and is not just the next evening, which comes every day."""
    upcoming = ledger.next_after(now)
    evening = upcoming is not None and upcoming.source is Source.SCHEDULE
    return None if evening else upcoming


def end_buttons(texts: Texts, command: str) -> list[list[Button]]:
    """Buttons that give a presence an end."""

    def button(label: M, words: str) -> Button:
        return Button(label=str(texts.say(label)), command_line=f"/{command} {words}")

    return [
        [button(M.BUTTON_END_30M, "30m"), button(M.BUTTON_END_1H, "1h")],
        [button(M.BUTTON_END_MEETING, "until the meeting ends")],
        [button(M.BUTTON_END_TOMORROW, "until tomorrow")],
    ]


def presence_buttons(texts: Texts, ledger: Ledger, now: datetime) -> list[list[Button]]:
    """Buttons that end what is on, or what comes next."""
    rows, claim = [], ledger.deciding(now)
    if claim is not None and ledger.shown not in {None, Presence.ONLINE}:
        rows.append([_button(texts, M.BUTTON_ONLINE_NOW, "/online")])
        if claim.source is Source.MEETING:
            rows.append([_button(texts, M.BUTTON_SKIP, f"/presence end {claim.claim_id}")])
    upcoming = next_shown(ledger, now)
    if upcoming is not None:
        line = f"/presence end {upcoming.claim_id}"
        rows.append([_button(texts, M.BUTTON_CANCEL_NEXT, line)])
    return rows


def _button(texts: Texts, label: M, line: str) -> Button:
    return Button(label=str(texts.say(label)), command_line=line)


def _add_reason(draft: Draft, claim: Claim, now: datetime) -> None:
    match claim.source:
        case Source.HAND:
            draft.add(M.PRESENCE_BY_HAND, since=draft.texts.moment(claim.made_at, now))
        case Source.MEETING:
            draft.add(M.PRESENCE_BY_MEETING, title=draft.texts.named(claim.title))
        case Source.SCHEDULE:
            draft.add(M.PRESENCE_BY_SCHEDULE)
    if claim.open_ended:
        draft.add(M.PRESENCE_OPEN)


def _claimed(texts: Texts, claim: Claim, now: datetime) -> dict[str, object]:
    ends_at = claim.ends_at or claim.starts_at
    return {
        "what": _name(texts, claim.presence),
        "start": texts.moment(claim.starts_at, now),
        "until": texts.until(ends_at, claim.starts_at),
        "title": texts.named(claim.title),
    }


def _name(texts: Texts, presence: Presence) -> str:
    return str(texts.say(_NAMES[presence]))


def _word(texts: Texts, presence: Presence) -> str:
    return str(texts.say(f"word.{presence}"))
