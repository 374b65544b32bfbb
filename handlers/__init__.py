"""What each command means. Platform-neutral: a handler sees ports, services and words."""

from bot.commands import Router, build_router
from handlers import help as help_handlers
from handlers import presence, rsvp


def router() -> Router:
    """All commands, in the order of /help."""
    return build_router((rsvp.router, presence.router, help_handlers.router))
