"""How an entry of the journal is told."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Confirmation
from bot.texts.ids import M
from bot.texts.words import Draft, Texts

_ICONS: Mapping[str, str] = {
    "accepted": "✅",
    "declined": "❌",
    "tentative": "❔",
    "needs_action": "▫️",
    "online": "🟢",
    "dnd": "🔕",
    "away": "🌙",
    "break": "☕",
}
_LINKS: Mapping[ChangeKind, M] = {
    ChangeKind.LINK: M.LOG_LINKED,
    ChangeKind.UNLINK: M.LOG_UNLINKED,
}
_DOUBTS: Mapping[Confirmation, tuple[str, M]] = {
    Confirmation.PENDING: ("⏳", M.LOG_PENDING),
    Confirmation.UNKNOWN: ("⚠️", M.LOG_UNKNOWN),
}


def add_change(draft: Draft, change: Change, now: datetime) -> Draft:
    """Add an entry: when, what, from what to what, and that it is not sure if it is not."""
    texts = draft.texts
    when = texts.moment(change.at, now)
    if change.kind in _LINKS:
        provider = texts.provider(change.provider)
        return draft.add(_LINKS[change.kind], when=when, provider=provider, place=change.title)
    icon, doubt = _DOUBTS.get(change.confirmation, (_ICONS.get(change.after, "⚪"), None))
    title = texts.named(change.title)
    if change.kind is ChangeKind.PRESENCE:
        title = str(texts.say(M.LOG_PRESENCE))
    sentence = M.LOG_CHANGED if change.before else M.LOG_SET
    if doubt is None and change.before == change.after:
        sentence = M.LOG_STAYED
    draft.add(
        sentence,
        when=when,
        icon=icon,
        title=title,
        before=_word(texts, change.before),
        after=_word(texts, change.after),
    )
    return draft if doubt is None else draft.add(doubt)


def _word(texts: Texts, value: str) -> str:
    """A status or a presence in the person's words."""
    return str(texts.say(f"word.{value or 'none'}"))
