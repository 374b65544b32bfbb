"""What people want of their presence, and when their calendars are read for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.automation import Choices
from bot.domain.chat import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """What is kept of one person.

    Attributes:
        due_at: When their calendars are read next; None if never.
        cursors: For each account, up to which moment its changes are known.
    """

    owner: Identity
    choices: Choices = field(default_factory=Choices)
    due_at: datetime | None = None
    cursors: Mapping[str, datetime] = field(default_factory=dict)


class AutomationBook(Protocol):
    """Everybody's choices.

    Raises StorageError from every method while the store cannot write.
    """

    async def automation_of(self, owner: Identity) -> Automation:
        """What is kept of a person; the defaults if nothing is."""
        ...

    async def choose(
        self,
        owner: Identity,
        choices: Choices,
        due_at: datetime | None,
        *,
        cursors: Mapping[str, datetime] | None = None,
    ) -> None:
        """Keep their choices, and when to read next; without cursors everything is read anew."""
        ...

    async def due_automations(self, most: int) -> Sequence[Automation]:
        """Whose calendars are to be read now, the longest due first."""
        ...

    async def next_automation(self) -> datetime | None:
        """When the next one is due; None if none is."""
        ...

    async def begin_reading(self, automation: Automation, next_at: datetime) -> Automation | None:
        """Be the one who reads now; whoever comes later reads then.

        Returns:
            What is to be passed to `end_reading`; None if somebody else reads, or it was changed.
        """
        ...

    async def end_reading(
        self, begun: Automation, cursors: Mapping[str, datetime], next_at: datetime
    ) -> None:
        """Keep what is known now, unless the choices have changed meanwhile."""
        ...
