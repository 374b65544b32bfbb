"""A day of 500 people of one portal whose presence follows their meetings, in virtual time."""

from datetime import timedelta

import pytest

from benchmarks.company import Company
from benchmarks.measures import IN_TIME, Figures
from benchmarks.portal import BURST
from benchmarks.presence_day import OPENS, Outage, build_company, simulate
from benchmarks.report import report
from bot.dispatch import presence_sweep
from bot.services.calendar_watch import READ_EVERY

MORNING = OPENS + timedelta(hours=3, minutes=25)
LONGEST_WAIT = 2.0


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company()


@pytest.fixture(scope="module")
def day(company: Company) -> Figures:
    return simulate(company)


def test_every_transition_is_written_within_six_minutes_of_its_time(
    company: Company, day: Figures
) -> None:
    assert len(day.due) > 3500
    assert len(day.by_half_hour()) == 19
    assert day.lateness[-1] <= IN_TIME.total_seconds(), report(company, day)


def test_nothing_is_missing_doubled_or_wrong_once_a_peak_is_worked_off(day: Figures) -> None:
    assert (day.missing, day.needless, day.wrong) == (0, 0, 0)
    assert day.overtaken < 50


def test_what_is_due_longest_is_written_first(day: Figures) -> None:
    assert day.passed_over == 0


def test_commands_hardly_wait_at_any_time_of_the_day(company: Company, day: Figures) -> None:
    assert len(day.waits) > 4000
    assert day.failed == 0
    assert max(wait.seconds for wait in day.waits) <= LONGEST_WAIT, report(company, day)
    # A command of somebody whom the sweep has in hand waits for that too, and then for itself.
    assert day.in_hand <= LONGEST_WAIT / 2


def test_the_portals_limit_is_kept(day: Figures) -> None:
    assert BURST / 2 < day.fullest <= BURST + 1e-6


def test_calendars_are_read_at_most_every_twenty_minutes_and_not_at_once(day: Figures) -> None:
    assert len(day.gaps) > 500 * 20
    assert day.gaps[0] >= READ_EVERY.total_seconds()
    mean = sum(day.calm_reads) / len(day.calm_reads)
    assert mean > 15
    assert max(day.calm_reads) <= 2.5 * mean


def test_accounts_that_fail_delay_nobody_else(day: Figures) -> None:
    other = build_company(failing=20)
    with_failing = simulate(other, ends=MORNING)

    whole = day.by_half_hour()
    compared = [(late[-1], whole[at][-1]) for at, late in with_failing.by_half_hour().items()]
    assert len(compared) == 7
    delays = [late - without for late, without in compared]
    # Nobody knows of them before the first time, when all of them hang at once.
    assert max(delays) < 75, report(other, with_failing)
    assert sorted(delays)[-2] < 20, report(other, with_failing)
    assert with_failing.lateness[-1] <= IN_TIME.total_seconds()
    assert (with_failing.missing, with_failing.needless, with_failing.wrong) == (0, 0, 0)
    assert with_failing.passed_over == 0
    assert max(wait.seconds for wait in with_failing.waits) <= LONGEST_WAIT
    assert with_failing.gaps[0] >= READ_EVERY.total_seconds()
    assert with_failing.gaps[-1] <= 3 * READ_EVERY.total_seconds()


def test_after_an_outage_what_is_due_longest_is_written_first() -> None:
    begins = OPENS + timedelta(minutes=89, seconds=50)
    outage = Outage(begins=begins, ends=begins + timedelta(minutes=20))
    company = build_company(people=200)

    figures = simulate(company, ends=OPENS + timedelta(minutes=115), outage=outage)

    late = [one for one in figures.due if begins <= one.at < outage.ends]
    assert len({one.at for one in late}) > 5
    assert all(one.written is not None and one.written >= outage.ends for one in late)
    assert (figures.passed_over, figures.missing, figures.needless) == (0, 0, 0)
    assert presence_sweep.AT_ONCE > 1
