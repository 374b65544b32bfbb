"""`rsvp-bot doctor`: what stands in the way of `rsvp-bot run`, found out without changing anything.

Every check is made for itself and with its own deadline, so that one failure hides no other. What
is printed never holds the value of a setting that could be a secret, nor a vendor's sentence.
"""

from bot.app.doctor.examination import doctor, examine
from bot.app.doctor.findings import Finding, Sign
from bot.app.doctor.reading import Reading, read_settings

__all__ = ["Finding", "Reading", "Sign", "doctor", "examine", "read_settings"]
