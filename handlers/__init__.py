"""What each command means. Platform-neutral: a handler sees ports, services and words."""

from bot.commands import Router, build_router
from handlers import accounts, agenda, automation, journal, presence, rsvp, settings, start, team
from handlers import help as help_handlers


def router() -> Router:
    """All commands, in the order of /help."""
    return build_router(
        (
            agenda.router,
            rsvp.router,
            team.router,
            presence.router,
            automation.router,
            accounts.router,
            settings.router,
            journal.router,
            help_handlers.router,
            start.router,
        )
    )
