"""What a step does in situations that hardly ever come together; the rest is tested at random."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.claims import Claim, Source
from bot.domain.ledger import Ledger, NewsKind, Turn
from bot.domain.presence import Presence
from bot.domain.transitions import (
    GIVE_UP_AFTER,
    Kind,
    by_hand,
    due_of,
    failed,
    needs_a_look,
    own,
    reminded,
    step,
    with_news,
)
from tests.fakes.clock import START

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DND = Claim(
    claim_id="hand-1",
    source=Source.HAND,
    presence=Presence.DND,
    starts_at=START,
    ends_at=START + HOUR,
    made_at=START,
)
MEETING = replace(DND, claim_id="meeting", source=Source.MEETING)
BEGUN = Ledger(claims=(DND,), former=Presence.ONLINE, writing=Presence.DND)
ON = Ledger(claims=(DND,), former=Presence.AWAY, shown=Presence.DND)
OVER = START + 2 * HOUR


@pytest.mark.parametrize(
    ("source", "ends_at"),
    [
        (Source.HAND, START),
        (Source.MEETING, None),
        (Source.MEETING, START + timedelta(hours=25)),
        (Source.SCHEDULE, None),
        (Source.SCHEDULE, START - MINUTE),
    ],
)
def test_a_claim_without_a_sound_end_cannot_be_made(source: Source, ends_at: object) -> None:
    with pytest.raises(ValueError, match="end"):
        replace(DND, source=source, ends_at=ends_at)  # type: ignore[arg-type]


def test_what_somebody_set_while_our_write_was_lost_is_what_they_had_before() -> None:
    taken = step(BEGUN, Presence.AWAY, START)

    assert (taken.kind, taken.write) == (Kind.SET, Presence.DND)
    assert (taken.before.former, taken.after.former) == (Presence.AWAY, Presence.AWAY)


def test_a_write_that_arrived_is_not_made_again() -> None:
    taken = step(BEGUN, Presence.DND, START)

    assert (taken.kind, taken.write, taken.after.shown) == (Kind.NOTHING, None, Presence.DND)
    assert taken.after.former is Presence.ONLINE


def test_a_restore_that_arrived_is_not_taken_for_a_change_elsewhere() -> None:
    later = replace(MEETING, starts_at=OVER, ends_at=OVER + HOUR)
    ledger = replace(ON, claims=(DND, later), writing=Presence.AWAY)

    taken = step(ledger, Presence.AWAY, OVER)

    assert (taken.kind, taken.write) == (Kind.SET, Presence.DND)
    assert taken.after.former is Presence.AWAY


def test_until_a_write_is_seen_somebody_looks_after_it_has_settled() -> None:
    assert needs_a_look(BEGUN, START)
    assert due_of(BEGUN, START) == START + timedelta(seconds=15)
    assert due_of(ON, START) == START + HOUR
    assert due_of(ON, OVER) == OVER
    assert due_of(Ledger(), START) is None


def test_pauses_grow_up_to_five_minutes_and_an_hour_is_enough() -> None:
    ledger, now, pauses = ON, OVER, []
    while True:
        ledger = failed(ledger, now)
        if ledger.failing_since is None:
            break
        due_at = due_of(ledger, now)
        assert due_at is not None
        pauses.append((due_at - now).total_seconds())
        now = due_at

    assert pauses[:6] == [15, 30, 60, 120, 240, 300]
    assert set(pauses[5:]) == {300}
    assert GIVE_UP_AFTER <= now - OVER < GIVE_UP_AFTER + 5 * MINUTE
    [news] = ledger.news
    assert (news.kind, news.presence) == (NewsKind.STUCK, Presence.DND)
    assert replace(ledger, news=()) == Ledger()


def test_what_could_not_be_set_is_told_if_it_was_by_hand() -> None:
    for claim, kinds in ((DND, [NewsKind.NEVER_SET]), (MEETING, [])):
        long = replace(claim, ends_at=OVER)
        ledger = Ledger(claims=(long,), failing_since=START, attempts=9)
        assert failed(ledger, START + HOUR - MINUTE).live(START + HOUR - MINUTE) == (long,)

        given_up = failed(ledger, START + HOUR)

        assert [news.kind for news in given_up.news] == kinds
        assert given_up.live(START + HOUR) == ()


def test_what_has_become_due_later_has_an_hour_of_its_own() -> None:
    begun = replace(MEETING, starts_at=START + HOUR, ends_at=START + 3 * HOUR)
    ledger = replace(ON, claims=(DND, begun), failing_since=START, attempts=9)

    later = failed(ledger, START + 1.5 * HOUR)

    assert later.failing_since == begun.starts_at
    assert failed(later, OVER).failing_since is None


def test_what_was_removed_and_cannot_be_given_back_is_told_too() -> None:
    ledger = replace(ON, claims=(), failing_since=START, attempts=9)

    [news] = failed(ledger, START + HOUR).news

    assert (news.kind, news.presence) == (NewsKind.STUCK, Presence.DND)


def test_news_tell_what_is_there_now() -> None:
    for held, kind, told in (
        (Presence.DND, NewsKind.ENDED, Presence.AWAY),
        (Presence.AWAY, NewsKind.LEFT_ALONE, Presence.AWAY),
        (None, NewsKind.LEFT_ALONE, None),
    ):
        after = with_news(step(ON, held, OVER), ON, held, OVER)

        [news] = after.news
        assert (news.kind, news.held, news.presence) == (kind, told, Presence.DND)


def test_what_goes_on_is_no_news() -> None:
    ledger = replace(ON, claims=(DND, replace(MEETING, ends_at=OVER + HOUR)))

    after = with_news(step(ledger, Presence.DND, OVER), ledger, Presence.DND, OVER)

    assert after.news == ()
    assert [claim.claim_id for claim in after.claims] == ["meeting"]


def test_a_reminder_comes_once() -> None:
    ledger = replace(ON, claims=(replace(DND, ends_at=None),))
    day = timedelta(days=1)
    assert ledger.due_after(START) == START + day
    assert reminded(ledger, START + day - MINUTE) == ledger

    told = reminded(ledger, START + day)

    assert [news.kind for news in told.news] == [NewsKind.STILL_ON]
    assert reminded(told, START + 2 * day) == told
    assert told.due_after(START + day) is None


def test_what_begins_last_by_hand_counts_and_then_what_was_before_it() -> None:
    later = replace(DND, claim_id="hand-2", starts_at=START + HOUR, ends_at=OVER)
    ledger = by_hand(Ledger(), None, later, START).after
    away = replace(DND, claim_id="hand-3", presence=Presence.AWAY, ends_at=None)

    ledger = by_hand(ledger, None, away, START).after
    turn = ledger.turn_after(START)

    assert turn is not None
    assert (turn.at, turn.claim) == (START + HOUR, later)
    assert [ledger.deciding(at) for at in (START, START + HOUR, OVER)] == [away, later, away]


def test_what_began_when_it_was_set_goes_on_though_the_clock_is_set_back() -> None:
    before = START - HOUR
    at_two = replace(DND, claim_id="meeting", source=Source.MEETING, made_at=before)
    ledger = replace(ON, claims=(DND, at_two))

    taken = step(ledger, Presence.DND, before)

    assert (taken.kind, taken.after.claims) == (Kind.NOTHING, (DND, at_two))
    assert ledger.live(before) == (DND,)
    assert ledger.turn_after(before) == Turn(at=START + HOUR, claim=None)
    ended = own(ledger, Presence.DND, Presence.ONLINE, before).after
    assert ended.claims == (at_two,)
    again = by_hand(ledger, Presence.DND, replace(DND, claim_id="hand-2", starts_at=before), before)
    assert [claim.claim_id for claim in again.after.claims] == ["meeting", "hand-2"]


def test_somebodys_own_presence_ends_what_is_on_and_a_meeting_does_not_come_back() -> None:
    ledger = Ledger(claims=(MEETING,), former=Presence.AWAY, shown=Presence.DND)

    taken = own(ledger, Presence.DND, Presence.ONLINE, START)
    again = taken.after.with_automatic([MEETING], lambda _: True, START + MINUTE)

    assert taken.write is Presence.ONLINE
    assert again.claims == ()
    assert again.tidied(OVER + timedelta(days=3)).exempt == ()
