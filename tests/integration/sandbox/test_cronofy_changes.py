"""What changed at the Cronofy emulator since a moment: edits, answers, deletions, moves."""

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta

import pytest

from bot.sandbox.cronofy import Cronofy, Event
from tests.integration.sandbox.cronofy_site import (
    BORIS_CALENDAR,
    REVIEW,
    Site,
    invitation,
    running_site,
)

DELETED, MOVED = ("include_deleted", "true"), ("include_moved", "true")
WINDOW = (("from", "2026-03-03"), ("to", "2026-03-04"))
"""The day of the review."""


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


def since(site: Site, seconds: float = 0.0) -> tuple[str, str]:
    moment = site.clock.now() + timedelta(seconds=seconds)
    return "last_modified", moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def week_later(event: Event) -> tuple[datetime | date, datetime | date]:
    return event.start + timedelta(days=7), event.end + timedelta(days=7)


CHANGES: dict[str, Callable[[Cronofy, Event], None]] = {
    "title": lambda cronofy, event: cronofy.change(event, summary="Another"),
    "times": lambda cronofy, event: cronofy.change(event, times=week_later(event)),
    "answer": lambda cronofy, event: cronofy.change(event, status="accepted"),
    "deletion": lambda cronofy, event: cronofy.delete(event),
}


@pytest.mark.parametrize("change", list(CHANGES))
async def test_whatever_changes_an_event_moves_its_updated(site: Site, change: str) -> None:
    site.cronofy.add_event(invitation(site.clock, title="Untouched"))
    site.clock.advance(60.5)
    assert await site.events(since(site), DELETED) == {}
    [event] = site.cronofy.events[REVIEW]

    CHANGES[change](site.cronofy, event)

    [(_, found)] = (await site.events(since(site), DELETED)).items()
    assert (found["event_uid"], found["updated"]) == (REVIEW, "2026-03-02T09:01:00Z")
    assert await site.events(since(site, 1), DELETED) == {}


async def test_an_answer_elsewhere_is_in_the_list_of_attendees_too(site: Site) -> None:
    [event] = site.cronofy.events[REVIEW]

    site.cronofy.change(event, status="tentative")

    found = (await site.events())["Review"]
    assert found["participation_status"] == "tentative"
    assert [one["status"] for one in found["attendees"]] == ["tentative", "accepted"]


async def test_what_was_deleted_says_so_and_comes_only_if_asked_for(site: Site) -> None:
    [event] = site.cronofy.events[REVIEW]

    site.cronofy.delete(event)

    assert await site.events(since(site)) == {}
    found = await site.events(since(site), DELETED)
    assert [(title, one["deleted"]) for title, one in found.items()] == [("Review", True)]


@pytest.mark.parametrize("deleted", [False, True])
async def test_what_was_once_in_the_days_comes_if_asked_for_with_its_new_times(
    site: Site, deleted: bool
) -> None:
    [event] = site.cronofy.events[REVIEW]
    for _ in range(2):
        site.cronofy.change(event, times=week_later(event))
    if deleted:
        site.cronofy.delete(event)

    assert await site.events(*WINDOW, DELETED) == {}
    assert await site.events(*WINDOW, DELETED, ("include_moved", "false")) == {}
    assert ("Review" in await site.events(*WINDOW, MOVED)) is not deleted
    found = (await site.events(*WINDOW, MOVED, DELETED, since(site)))["Review"]
    assert (found["start"], found["end"]) == ("2026-03-17T09:00:00Z", "2026-03-17T10:00:00Z")
    between = await site.events(("from", "2026-03-10"), ("to", "2026-03-11"), MOVED, DELETED)
    assert set(between) == {"Review"}
    never = await site.events(("from", "2026-03-04"), ("to", "2026-03-10"), MOVED, DELETED)
    assert never == {}


async def test_what_was_moved_long_ago_is_no_news(site: Site) -> None:
    [event] = site.cronofy.events[REVIEW]
    site.cronofy.change(event, times=week_later(event))
    site.clock.advance(60)

    assert set(await site.events(*WINDOW, MOVED)) == {"Review"}
    assert await site.events(*WINDOW, MOVED, since(site)) == {}


async def test_moves_in_the_calendars_of_others_and_of_the_application_stay_apart(
    site: Site,
) -> None:
    theirs = site.cronofy.add_event(invitation(site.clock, title="His", calendar_id=BORIS_CALENDAR))
    ours = site.cronofy.add_event(invitation(site.clock, title="Ours", event_uid="evt_partner_42"))
    for event in (theirs, ours):
        site.cronofy.change(event, times=week_later(event))

    assert set(await site.events(*WINDOW, MOVED)) == {"Review"}
    managed = await site.events(*WINDOW, MOVED, ("include_managed", "true"))
    assert set(managed) == {"Review", "Ours"}


async def test_whether_moved_ones_count_is_said_by_true_or_false(site: Site) -> None:
    refused = await site.get("/v1/events", ("tzid", "Etc/UTC"), ("include_moved", "1"))

    assert refused.status == 422
    assert refused.json()["errors"]["include_moved"][0]["key"] == "errors.must_be_boolean"
