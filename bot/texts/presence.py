"""How a person's presence is told."""

from collections.abc import Mapping

from bot.domain.presence import Presence, PresenceState
from bot.texts.ids import M
from bot.texts.words import Draft

_HELD: Mapping[Presence, M] = {
    Presence.ONLINE: M.PRESENCE_ONLINE,
    Presence.DND: M.PRESENCE_DND,
    Presence.AWAY: M.PRESENCE_AWAY,
    Presence.BREAK: M.PRESENCE_BREAK,
}


def add_presence(draft: Draft, state: PresenceState) -> Draft:
    """Add what is held, and whether people see it at all."""
    draft.add(M.PRESENCE_NONE if state.presence is None else _HELD[state.presence])
    return draft if state.shown else draft.add(M.PRESENCE_NOT_SHOWN)
