"""Working hours as people write them."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.hours import read_hours
from bot.domain.working_hours import WorkingHours

PRESENT = WorkingHours(days=(1, 2))
WEEK = (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("text", "start", "end", "days"),
    [
        ("9-18", time(9), time(18), (1, 2)),
        ("9:30-17:45 mon-fri", time(9, 30), time(17, 45), WEEK),
        ("9.30 – 17 Mon–Fri", time(9, 30), time(17), WEEK),
        ("08:00—16:00 monday, wed and fri", time(8), time(16), (0, 2, 4)),
        ("10-19 пн-пт", time(10), time(19), WEEK),
        ("10-19 пн, ср и пт", time(10), time(19), (0, 2, 4)),
        ("10-19 вс-чт", time(10), time(19), (0, 1, 2, 3, 6)),
        ("10-24 сб", time(10), time(23, 59), (5,)),
        ("１０-１９ пн", time(10), time(19), (0,)),
    ],
)
def test_hours_and_days_are_read(text: str, start: time, end: time, days: tuple[int, ...]) -> None:
    assert read_hours(text.split(), PRESENT) == WorkingHours(start=start, end=end, days=days)


@pytest.mark.parametrize(
    "text",
    ["", "9", "18-9", "9-9", "9-25", "9:70-18", "mon-fri", "9-18 foo", "9-18 mon-foo", "9-18 5"],
)
def test_nonsense_is_none(text: str) -> None:
    assert read_hours(text.split(), PRESENT) is None


@given(st.lists(st.text(max_size=12), max_size=5))
def test_nothing_makes_it_raise(words: list[str]) -> None:
    found = read_hours(words, PRESENT)

    assert found is None or found.start < found.end
