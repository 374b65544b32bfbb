"""/lang, /tz and /settings, of people and of groups."""

from handlers.settings.commands import router

__all__ = ["router"]
