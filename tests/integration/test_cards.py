"""Cards: the present answer marked, a mind changed in place, and what is no longer there."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.chat import Reply
from bot.sandbox.bitrix24.seed import DENTIST, DESIGN_CRITIQUE, KICK_OFF, SPRINT_REVIEW, STAND_UP
from bot.sandbox.company import ANN, BORIS, CARL
from bot.sandbox.cronofy.seed import QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, plain

CHOICES = ["Accept", "Maybe", "Decline"]


def labels(reply: Reply) -> list[str]:
    return [button.label for row in reply.buttons for button in row]


def letter(bot: Bot, event_id: int = SPRINT_REVIEW) -> str | None:
    return bot.portal.status_of(event_id, ANN.user_id)


async def test_pressing_changes_the_card_in_place_and_the_buttons_stay(bot: Bot) -> None:
    [card] = await bot.say(f"/status {SPRINT_REVIEW}")
    [accepted] = await bot.press("Accept")
    [declined] = await bot.press("Decline")
    [again] = await bot.press("Accept")

    assert labels(card) == [*CHOICES, "Open in Bitrix24"]
    assert labels(accepted) == ["✓ Accept", "Maybe", "Decline", "↩️ Undo", "Open in Bitrix24"]
    assert labels(declined) == ["Accept", "Maybe", "✓ Decline", "↩️ Undo", "Open in Bitrix24"]
    assert labels(again)[0] == "✓ Accept"
    assert letter(bot) == "Y"
    assert len({message_id for message_id, _ in bot.chat.posted}) == 1


async def test_the_same_answer_again_is_calm_and_notifies_nobody(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    [again] = await bot.press("✓ Accept")

    assert again.said[0] == "already.accepted"
    assert labels(again)[:3] == ["✓ Accept", "Maybe", "Decline"]
    assert len(bot.portal.notices) == 1


async def test_the_address_leads_to_the_event_and_holds_no_secret(bot: Bot) -> None:
    [card] = await bot.say(f"/status {SPRINT_REVIEW}")
    [button] = [button for row in card.buttons for button in row if button.url]

    assert button.url == (
        f"{bot.portal_url}/company/personal/user/{ANN.user_id}/calendar/?EVENT_ID=651"
    )
    assert ANN.webhook_code not in button.url


async def test_an_event_without_an_address_has_no_such_button(bot: Bot) -> None:
    [card] = await bot.say(f"/status {QUARTERLY}")

    assert labels(card) == CHOICES


@pytest.mark.parametrize("event_id", [DESIGN_CRITIQUE, DENTIST, KICK_OFF])
async def test_what_cannot_be_answered_has_no_buttons_to_answer(bot: Bot, event_id: int) -> None:
    [card] = await bot.say(f"/status {event_id}")

    assert labels(card) == ["Open in Bitrix24"]


async def test_a_card_of_an_event_that_is_gone_says_so_and_loses_its_buttons(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    for row in bot.portal.rows.values():
        row.deleted |= row.parent_id == SPRINT_REVIEW

    [gone] = await bot.press("Accept")

    assert gone.said == ("card.gone",)
    assert gone.buttons == ()


async def test_a_card_of_an_event_that_was_cancelled_says_so(bot: Bot) -> None:
    await bot.say(f"/status {QUARTERLY}")
    [event] = bot.cronofy.events[QUARTERLY]
    event.status = "cancelled"

    [cancelled] = await bot.press("Accept")

    assert cancelled.said[0] == "refuse.cancelled"
    assert cancelled.buttons == ()
    assert bot.cronofy.status_of(QUARTERLY) == "needs_action"


async def test_a_card_of_an_event_that_is_over_says_so(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    bot.clock.advance(4 * 86400)

    [over] = await bot.press("Accept")

    assert over.said[0] == "refuse.over"
    assert over.buttons == ()
    assert letter(bot) == "Q"


async def test_a_card_of_an_event_that_is_no_longer_mine_says_so(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    row = bot.portal.row_of(SPRINT_REVIEW, ANN.user_id)
    assert row is not None
    row.deleted = True

    [not_mine] = await bot.press("Accept")

    assert not_mine.said[0] == "card.not_mine"
    assert not_mine.buttons == ()
    assert bot.portal.writes("calendar.meeting.status.set") == []


@pytest.mark.parametrize("change", ["time", "title"])
async def test_a_button_of_an_event_that_has_changed_answers_nothing_and_shows_it_anew(
    bot: Bot, change: str
) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    for row in bot.portal.rows.values():
        if row.parent_id == SPRINT_REVIEW and change == "time":
            row.starts, row.ends = row.starts + 3600, row.ends + 3600
        elif row.parent_id == SPRINT_REVIEW:
            row.name = "Sprint retrospective"

    [fresh] = await bot.press("Accept")

    assert fresh.alert.startswith("The event has changed meanwhile")
    assert ("14:00–15:00" in plain(fresh.text)) is (change == "time")
    assert labels(fresh)[:3] == CHOICES
    assert bot.portal.writes("calendar.meeting.status.set") == []
    [accepted] = await bot.press("Accept")
    assert accepted.said[0] == "held.accepted"


async def test_a_card_of_a_series_stays_good_while_weeks_go_by(bot: Bot) -> None:
    await bot.say(f"/status {STAND_UP}")
    bot.clock.advance(8 * 86400)

    [accepted] = await bot.press("Accept")

    assert accepted.said[0] == "held.accepted"


async def test_an_error_on_the_way_leaves_the_card_where_it_is(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    card_id = bot.last_id
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, times=None))

    [error] = await bot.press("Accept")

    assert error.said[0] == "error.unavailable"
    assert bot.last_id != card_id
    assert labels(bot.chat.shown[card_id].reply)[:3] == CHOICES


async def test_a_question_leaves_with_leave_it_and_the_card_is_back(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    [question] = await bot.press("Maybe")
    [back] = await bot.press("Leave it")

    assert question.said[0] == "confirm.maybe"
    assert labels(back)[:3] == ["✓ Accept", "Maybe", "Decline"]
    assert letter(bot) == "Y"


async def test_another_persons_press_acts_for_nobody_and_is_told_what_to_do(bot: Bot) -> None:
    await bot.say("/invites")
    list_button = bot.chat.posted[-1][1].keys[0]
    await bot.say(f"/status {SPRINT_REVIEW}")
    card_id, card = bot.chat.posted[-1]

    for key in (list_button, *card.keys):
        for language, sees in (("en", "somebody else"), ("ru", "чужая кнопка")):
            who = CARL if language == "en" else BORIS
            [told] = await bot.press_key(key, card_id, who=who, language=language)
            assert told.said == ("button.not_yours",)
            assert sees in told.text
            assert "/invites" in told.text

    assert bot.portal.writes("calendar.meeting.status.set") == []
    assert labels(bot.chat.shown[card_id].reply)[:3] == CHOICES


async def test_a_made_up_key_acts_for_nobody(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")

    for key in ("", "651", "/accept 651", "accept:651", "x" * 64, "' OR 1=1 --"):
        [told] = await bot.press_key(key, bot.last_id)
        assert told.said == ("button.unknown",)
    assert letter(bot) == "Q"


async def test_the_event_that_overlaps_is_told_in_one_line(bot: Bot) -> None:
    starts = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
    clash = bot.portal.add_meeting(
        host_id=CARL.user_id,
        guests=(ANN.user_id,),
        name="Sync",
        starts=starts,
        ends=starts + timedelta(hours=1),
    )
    [quarterly] = bot.cronofy.events[QUARTERLY]
    quarterly.start, quarterly.end = starts, starts + timedelta(hours=2)
    quarterly.participation_status = "accepted"
    await bot.say(f"/accept {clash}")

    [accepted] = await bot.say(f"/accept {SPRINT_REVIEW}")
    [declined] = await bot.say(f"/decline {SPRINT_REVIEW}")

    lines = plain(accepted.text).splitlines()
    assert "⚡ Overlaps Sync, Thu 5 Mar 13:30–14:30: you go there too." in lines
    assert "… and with 1 more." in lines
    assert "Overlaps" not in declined.text


async def test_the_same_meeting_in_another_calendar_does_not_overlap_itself(bot: Bot) -> None:
    [copy] = bot.cronofy.events[QUARTERLY]
    copy.summary = "Sprint review"
    copy.start = datetime(2026, 3, 5, 12, tzinfo=UTC)
    copy.end = copy.start + timedelta(hours=1)
    copy.participation_status = "accepted"

    [accepted] = await bot.say(f"/accept {SPRINT_REVIEW}")

    assert accepted.said == ("held.accepted", "event.line")


async def test_the_hint_never_blocks(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))
    bot.portal.faults.add(
        FaultRule(fault=Fault.HTML_502, operation="calendar.event.get", times=None)
    )

    [accepted] = await bot.say(f"/accept {SPRINT_REVIEW}")

    assert accepted.said == ("held.accepted", "event.line")
