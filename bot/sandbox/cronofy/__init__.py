"""Cronofy on loopback: accounts, calendars, events and answers, with the service's own quirks."""

from bot.sandbox.cronofy.model import (
    Account,
    Application,
    Attendee,
    Calendar,
    Event,
    Profile,
    Quirks,
    Write,
)
from bot.sandbox.cronofy.rest import cronofy_app
from bot.sandbox.cronofy.seed import seed_calendars
from bot.sandbox.cronofy.state import Cronofy

__all__ = [
    "Account",
    "Application",
    "Attendee",
    "Calendar",
    "Cronofy",
    "Event",
    "Profile",
    "Quirks",
    "Write",
    "cronofy_app",
    "seed_calendars",
]
