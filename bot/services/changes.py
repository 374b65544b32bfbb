"""What the command in hand changes, each as far as it is known at the moment."""

from collections.abc import Sequence

from bot.domain.journal import Change, ChangeKind
from bot.domain.providers import Provider


class Changes:
    """Filled by the services, stored with the command's outcome.

    A change is put here before it is sent, as unknown: a command that is broken off half-way has
    told what it was about.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[Provider, ChangeKind, str], Change] = {}

    def put(self, change: Change) -> None:
        """Note a change, or what is known of it by now."""
        self._made[_key(change)] = change

    def drop(self, change: Change) -> None:
        """It was surely not made."""
        self._made.pop(_key(change), None)

    @property
    def made(self) -> Sequence[Change]:
        """All of them, in the order in which they were begun."""
        return tuple(self._made.values())


def _key(change: Change) -> tuple[Provider, ChangeKind, str]:
    event_id = "" if change.event is None else change.event.subject
    return change.provider, change.kind, event_id
