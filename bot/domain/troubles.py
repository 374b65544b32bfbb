"""What only the operator can mend: which of it there is, and when the owner hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.providers import Provider

TELL_EVERY = timedelta(days=1)
"""The owner hears of a topic once in this time, however often it happens."""


class TroubleKind(StrEnum):
    """What is wrong."""

    APPLICATION = "application"
    """A provider does not accept our application's id or secret."""
    KEY = "key"
    """Credentials cannot be opened."""
    PLAN = "plan"
    """A provider wants a paid plan."""
    STORE = "store"
    """Nothing can be saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What one message is about."""

    kind: TroubleKind
    provider: Provider | None = None

    def __str__(self) -> str:
        return self.kind if self.provider is None else f"{self.kind}:{self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleState:
    """What is known of a topic.

    Attributes:
        told_at: When the owner last heard that there is trouble.
        told_over: They have heard since that it is over.
        subjects: What is in trouble (accounts, portals), and when that last showed.
    """

    told_at: datetime | None = None
    told_over: bool = False
    subjects: Mapping[str, datetime] = field(default_factory=dict)

    def failed(self, subject: str, at: datetime) -> tuple["TroubleState", bool]:
        """It happened to this one; whether the owner is to hear of it."""
        state = replace(self, subjects={**self.subjects, subject: at})
        if self.told_at is not None and at - self.told_at < TELL_EVERY:
            return state, False
        return replace(state, told_at=at, told_over=False), True

    def worked(self, subject: str, at: datetime) -> tuple["TroubleState", bool]:
        """It did not happen to this one; whether the owner is to hear that it is over.

        What has not shown for a day may be gone for good, so nobody waits for it.
        """
        left = {
            other: seen
            for other, seen in self.subjects.items()
            if other != subject and at - seen < TELL_EVERY
        }
        over = not left and self.told_at is not None and not self.told_over
        return replace(self, subjects=left, told_over=self.told_over or over), over
