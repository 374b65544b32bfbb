"""What a group does together: /card, /who, /nudge, /team, and the settings of the group."""

from bot.commands import build_router
from handlers.team import cards, nudges, presence, who

router = build_router((cards.router, who.router, nudges.router, presence.router))
