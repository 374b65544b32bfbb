"""Cronofy behind the ports: invitations, and whose sign-in it is."""

from bot.providers.cronofy.calendar import CronofyCalendar
from bot.providers.cronofy.consent import CronofyConsent
from bot.providers.cronofy.sign_in import CronofySignIn

__all__ = ["CronofyCalendar", "CronofyConsent", "CronofySignIn"]
