"""Availability shown to others: set for a time, by hand."""

from handlers.presence.commands import router

__all__ = ["router"]
