"""Answers to invitations: which event is meant, what is asked first, what came of it, undo."""

from handlers.rsvp.commands import router

__all__ = ["router"]
