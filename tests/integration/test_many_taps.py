"""One card, pressed by many at once."""

import pytest

from benchmarks.many_taps import EACH, LETTERS, NO_PORTAL_LIMIT, Figures, report, simulate
from benchmarks.taps_town import HOST, shown_on
from bot.domain.inbox import Delivery
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, PEOPLE
from tests.fakes.bot import Bot

TEAM = "-100500"
TAPS = 200
ANSWERED_WITHIN = 2.0
BURST, RATE = 50, 2.0
EDIT_EVERY = 3.0
GROUP_MINUTE = 20


@pytest.fixture(scope="module")
def taps(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return simulate(tmp_path_factory.mktemp("taps"))


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """With a portal that has no limit."""
    return simulate(tmp_path_factory.mktemp("unlimited"), NO_PORTAL_LIMIT)


def test_every_tap_took_effect_once_and_in_the_order_of_its_persons_taps(taps: Figures) -> None:
    assert len(taps.taps) == TAPS == EACH * len(PEOPLE)
    assert 9 < taps.taps[-1].at <= 10
    assert taps.stored == taps.wanted, report(taps)
    last = {who.full_name: taps.wanted[who.user_id][-1] for who in PEOPLE}
    assert last == taps.statuses
    assert set(taps.statuses.values()) == set(LETTERS.values())


def test_the_last_tap_took_effect_as_soon_as_the_portals_limit_allows(taps: Figures) -> None:
    hits, of_card = sum(taps.hits.values()), taps.hits[HOST.user_id]

    # One to read and one to write; what was refused counts too.
    assert hits - of_card <= 2 * TAPS + taps.refused_by_portal
    assert len(taps.edits) <= of_card <= TAPS / 4
    assert taps.delays, report(taps)
    assert max(effect.at for effect in taps.effects) <= (hits - BURST) / RATE + 5


def test_the_card_shows_in_the_end_what_the_portal_holds(taps: Figures) -> None:
    assert shown_on(taps.card) == taps.statuses
    last = max(effect.at for effect in taps.effects)
    assert last < taps.edits[-1] < last + 10, report(taps)


def test_the_card_changes_all_the_time_and_within_the_limits_of_a_group(taps: Figures) -> None:
    assert taps.gaps[0] >= EDIT_EVERY
    assert taps.gaps[-1] <= 20, report(taps)
    assert taps.fullest_minute <= GROUP_MINUTE
    assert taps.refused_by_telegram == 0
    # Nothing but the card itself.
    assert len(taps.in_group) == len(taps.edits) + 1


def test_where_no_portal_holds_it_back_the_card_keeps_to_the_same_limits(
    unlimited: Figures,
) -> None:
    assert unlimited.taps[-1].at > 100
    assert EDIT_EVERY <= unlimited.gaps[0] < EDIT_EVERY + 1, report(unlimited)
    assert GROUP_MINUTE * 0.75 <= unlimited.fullest_minute <= GROUP_MINUTE
    assert (unlimited.refused_by_telegram, unlimited.failed) == (0, [])
    assert len(unlimited.in_group) == len(unlimited.edits) + 1


def test_where_no_portal_holds_them_back_taps_take_effect_at_once_and_say_so(
    unlimited: Figures,
) -> None:
    assert unlimited.stored == unlimited.wanted, report(unlimited)
    assert unlimited.delays[-1] < 2
    assert shown_on(unlimited.card) == unlimited.statuses
    assert unlimited.edits[-1] < unlimited.effects[-1].at + 5
    assert len(unlimited.waits) == TAPS
    assert unlimited.waits[-1] <= ANSWERED_WITHIN
    assert {text.partition(":")[0] for text in unlimited.over_buttons} == {
        "✅ Accepted",
        "❌ Declined",
    }
    assert unlimited.private == []


def test_every_press_was_answered_within_two_seconds(taps: Figures) -> None:
    assert len(taps.waits) == TAPS
    assert taps.waits[-1] <= ANSWERED_WITHIN, report(taps)
    said = {text.partition(":")[0] for text in taps.over_buttons}
    assert said == {"Noted; it takes a moment.", "✅ Accepted", "❌ Declined"}


def test_nobody_was_written_to_in_private(taps: Figures) -> None:
    assert taps.private == []
    assert taps.exit_code == 0


def test_nothing_else_went_wrong_at_telegram(taps: Figures) -> None:
    # Among that would be an edit to what the card shows already.
    assert taps.failed == []


def test_the_portal_refused_nothing_for_its_limit(taps: Figures) -> None:
    assert taps.refused_by_portal == 0


def test_what_the_portal_refused_for_its_limit_was_asked_for_again(taps: Figures) -> None:
    assert taps.refused_by_portal <= 2, report(taps)


async def test_a_card_that_is_pressed_while_it_is_changed_comes_to_show_the_last_answer(
    bot: Bot,
) -> None:
    await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group=TEAM)
    await bot.press("Accept", who=ANN)
    await bot.card_sweep.settle()
    await bot.press("Decline", who=ANN)
    deliver = bot.chat.deliver
    changing = iter([True])

    async def deliver_slowly(delivery: Delivery) -> str | None:
        if delivery.reply.card is not None and next(changing, False):
            await bot.press("Accept", who=ANN)
        return await deliver(delivery)

    bot.chat.deliver = deliver_slowly  # type: ignore[method-assign]
    await bot.card_sweep.settle()

    assert next(changing, False) is False
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]
