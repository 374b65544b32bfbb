"""Words of a title: which events they surely mean, and which perhaps."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.accounts import Account
from bot.domain.chat import Identity, Platform
from bot.domain.listing import Entry
from bot.domain.participation import Event, EventRef, ParticipationStatus
from bot.domain.providers import Provider
from bot.services.titles import find_titles

TITLES = (
    "Sprint review",
    "Sprint planning: sprint review prep",
    "Планёрка",
    "Everything about sales",
    "A day in Rome",
    "План на год",
)
ACCOUNT = Account(
    account_id="a",
    owner=Identity(platform=Platform.CONSOLE, user_id="7"),
    provider=Provider.CRONOFY,
)
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def entry(title: str, number: int = 0, *, series: str = "", answered: bool = False) -> Entry:
    status = ParticipationStatus.ACCEPTED if answered else ParticipationStatus.NEEDS_ACTION
    event = Event(
        ref=EventRef(provider=Provider.CRONOFY, event_id=f"{title} {number}", account_id="a"),
        title=title,
        starts_at=NOON + timedelta(days=number),
        ends_at=NOON + timedelta(days=number, hours=1),
        my_status=status,
        series=series,
    )
    return Entry(event=event, account=ACCOUNT)


@pytest.mark.parametrize(
    ("words", "titles", "surely"),
    [
        ("sprint review", [TITLES[0]], True),
        ("SPRINT  Review", [TITLES[0]], True),
        ("sprint", [TITLES[0], TITLES[1]], True),
        ("planning", [TITLES[1]], True),
        ("планерка", [TITLES[2]], True),
        ("планёрку", [TITLES[2]], False),
        ("планёрки", [TITLES[2]], False),
        ("every", [TITLES[3]], False),
        ("a", [TITLES[4]], False),
        ("rome", [TITLES[4]], True),
        ("план", [TITLES[5]], True),
        ("пл", [], False),
        ("moon", [], False),
        ("", [], False),
        ("!?", [], False),
    ],
)
def test_words_mean_events_surely_or_perhaps(words: str, titles: list[str], surely: bool) -> None:
    entries = [entry(title) for title in TITLES]

    found, sure = find_titles(entries, words.split())

    assert [event.title for event in found] == titles
    assert sure is surely


def test_of_a_series_the_soonest_date_without_an_answer_stands_for_all() -> None:
    dates = [entry("Sync", number, series="s", answered=number == 0) for number in range(3)]

    [found], _ = find_titles(dates, ["sync"])
    [of_answered], _ = find_titles(dates[:1], ["sync"])

    assert found.starts_at == NOON + timedelta(days=1)
    assert of_answered.starts_at == NOON
