from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.domain.working_hours import WorkingHours

BERLIN = ZoneInfo("Europe/Berlin")
YEKATERINBURG = ZoneInfo("Asia/Yekaterinburg")


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    """In Berlin's winter; 23 November 2026 is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        (_at(23, 8, 59), False),
        (_at(23, 9), True),
        (_at(23, 17, 59), True),
        (_at(23, 18), False),
        (_at(27, 12), True),
        (_at(28, 12), False),
        (_at(29, 12), False),
    ],
)
def test_hours_hold_their_start_and_not_their_end_on_working_days(
    moment: datetime, works: bool
) -> None:
    assert WorkingHours().contains(moment, BERLIN) is works
    assert WorkingHours().contains(moment.astimezone(UTC), BERLIN) is works


def test_day_and_hour_are_those_of_the_zone() -> None:
    sunday_in_berlin = datetime(2026, 11, 22, 23, 30, tzinfo=BERLIN)
    early = WorkingHours(start=time(3), end=time(12))

    assert early.contains(sunday_in_berlin, YEKATERINBURG)
    assert not early.contains(sunday_in_berlin, BERLIN)


def test_any_days_may_be_working_days() -> None:
    weekend = WorkingHours(days=(5, 6))

    assert weekend.contains(_at(28, 12), BERLIN)
    assert not weekend.contains(_at(27, 12), BERLIN)


@pytest.mark.parametrize(("start", "end"), [(time(9), time(9)), (time(22), time(6))])
def test_hours_end_after_they_start(start: time, end: time) -> None:
    with pytest.raises(ValueError, match="end before they start"):
        WorkingHours(start=start, end=end)
