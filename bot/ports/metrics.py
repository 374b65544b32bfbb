"""What is counted for whoever looks after the bot."""

from typing import Protocol

from bot.domain.providers import Provider


class Metrics(Protocol):
    """Takes note of what happened; quick, never raises, keeps no id of anybody or anything.

    Outcomes are "ok" or the name of an exception class, so there are only so many of them.
    """

    def command(self, name: str, outcome: str, seconds: float) -> None:
        """A command came to its end; `name` is the router's, never what somebody typed."""
        ...

    def renewed(self, provider: Provider, outcome: str) -> None:
        """Somebody's credentials were to be renewed at their provider."""
        ...
