"""rsvp-bot: everything that makes the bot run; what its commands mean is in `handlers`."""

__version__ = "0.1.0"
