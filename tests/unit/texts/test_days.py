"""Days as people write them."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.texts import read_days

TODAY = date(2026, 11, 21)
"""A Saturday."""


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", date(2026, 11, 21), date(2026, 11, 21)),
        ("Сегодня", date(2026, 11, 21), date(2026, 11, 21)),
        ("tomorrow", date(2026, 11, 22), date(2026, 11, 22)),
        ("завтра", date(2026, 11, 22), date(2026, 11, 22)),
        ("послезавтра", date(2026, 11, 23), date(2026, 11, 23)),
        ("week", date(2026, 11, 21), date(2026, 11, 27)),
        ("на  неделю", date(2026, 11, 21), date(2026, 11, 27)),
        ("saturday", date(2026, 11, 21), date(2026, 11, 21)),
        ("Mon", date(2026, 11, 23), date(2026, 11, 23)),
        ("пн", date(2026, 11, 23), date(2026, 11, 23)),
        ("пятница", date(2026, 11, 27), date(2026, 11, 27)),
        ("2026-11-24", date(2026, 11, 24), date(2026, 11, 24)),
        ("24.11", date(2026, 11, 24), date(2026, 11, 24)),
        ("24.11.", date(2026, 11, 24), date(2026, 11, 24)),
        ("24/11/2027", date(2027, 11, 24), date(2027, 11, 24)),
        ("24 Nov", date(2026, 11, 24), date(2026, 11, 24)),
        ("nov. 24", date(2026, 11, 24), date(2026, 11, 24)),
        ("November 24, 2027", date(2027, 11, 24), date(2027, 11, 24)),
        ("24 ноября", date(2026, 11, 24), date(2026, 11, 24)),
        ("24 нояб.", date(2026, 11, 24), date(2026, 11, 24)),
    ],
)
def test_a_day_is_understood(text: str, first: date, last: date) -> None:
    assert read_days(text, TODAY) == (first, last)


def test_a_date_without_a_year_is_the_one_that_is_near() -> None:
    assert read_days("5.1", TODAY) == (date(2027, 1, 5), date(2027, 1, 5))
    assert read_days("1.10", TODAY) == (date(2026, 10, 1), date(2026, 10, 1))
    assert read_days("29.02", date(2027, 12, 1)) == (date(2028, 2, 29), date(2028, 2, 29))


@pytest.mark.parametrize(
    "text",
    ["", "soon", "32.1", "1.13", "0.0", "24 nowhere", "9999-12-31", "0001-01-01", "30.02", "²4.11"],
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_days(text, TODAY) is None


@given(st.text())
@example("٢٤.١١")
@example("9" * 5000 + ".1")
def test_no_text_makes_it_raise(text: str) -> None:
    found = read_days(text, TODAY)

    assert found is None or found[0] <= found[1]
