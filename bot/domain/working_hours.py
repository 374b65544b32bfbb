"""When somebody works: the same hours on each of some days of the week."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """Hours of work, by the clock on the wall.

    Hours that differ by day, breaks, holidays and shifts across midnight are not handled.

    Attributes:
        start: The first moment of work.
        end: The first moment after it, later on the same day.
        days: Working days of the week; Monday is 0.
    """

    start: time = time(9)
    end: time = time(18)
    days: tuple[int, ...] = (0, 1, 2, 3, 4)

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("working hours end before they start")

    def contains(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether an aware moment is in working hours where the clock of `zone` hangs."""
        local = moment.astimezone(zone)
        return local.weekday() in self.days and self.start <= local.time() < self.end
