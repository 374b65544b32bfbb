"""Which event a command means: every step of the resolver, and whatever could mean two."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.bitrix24.seed import (
    BUDGET,
    DESIGN_CRITIQUE,
    OUTING,
    SPRINT_REVIEW,
    STAND_UP,
)
from bot.sandbox.company import ANN, BORIS, CARL, EGOR, MARIA
from bot.sandbox.cronofy.seed import NEGOTIATION, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, plain


def held(bot: Bot, event_id: int) -> str | None:
    return bot.portal.status_of(event_id, ANN.user_id)


def untouched(bot: Bot) -> bool:
    return bot.portal.journal == [] and bot.cronofy.journal == []


async def test_1_the_card_that_the_message_replies_to(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    card = bot.last_id
    await bot.say(f"/status {BUDGET}")

    [reply] = await bot.say("/accept", reply_to=card)

    assert plain(reply.text).startswith("✅ Accepted: Sprint review\nThu 5 Mar 13:00–14:00")
    assert (held(bot, SPRINT_REVIEW), held(bot, BUDGET)) == ("Y", "Q")


async def test_1_words_that_name_nothing_leave_a_question(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")

    [question] = await bot.say("/accept with pleasure", reply_to=bot.last_id)
    assert question.said == ("which.close",)
    assert untouched(bot)
    await bot.say("yes")

    assert held(bot, SPRINT_REVIEW) == "Y"


async def test_1_a_courtesy_names_nothing(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")

    [reply] = await bot.say("/accept please", reply_to=bot.last_id)

    assert reply.said[0] == "held.accepted"


@pytest.mark.parametrize("other", [str(BUDGET), "бюджет", "next"])
async def test_1_to_reply_to_one_event_and_to_name_another_is_asked_about(
    bot: Bot, other: str
) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")

    [question] = await bot.say(f"/accept {other}", reply_to=bot.last_id)

    assert question.said == ("which.reply_or_named",)
    assert untouched(bot)
    assert question.buttons[0][0].label == "Sprint review — Thu 5 Mar 13:00"
    assert len(question.buttons) == 2
    await bot.press(question.buttons[0][0].label)
    assert held(bot, SPRINT_REVIEW) == "Y"


async def test_1_a_wrong_number_is_not_taken_for_the_card(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")

    [reply] = await bot.say("/accept 99999", reply_to=bot.last_id)

    assert reply.said == ("event.not_found",)
    assert untouched(bot)


async def test_1_a_card_that_somebody_else_got_names_nothing(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}", who=MARIA)

    [reply] = await bot.say("/accept", reply_to=bot.last_id)

    assert reply.said[0] == "invites.title"
    assert untouched(bot)


@pytest.mark.parametrize("text", ["651", "#651", "№651.", "EVENT_ID=651"])
async def test_2_an_explicit_id(bot: Bot, text: str) -> None:
    [reply] = await bot.say(f"/accept {text}")

    assert reply.said[0] == "held.accepted"
    assert held(bot, SPRINT_REVIEW) == "Y"


async def test_2_an_id_of_cronofy(bot: Bot) -> None:
    [reply] = await bot.say(f"/accept {QUARTERLY}")

    assert plain(reply.text).startswith("✅ Accepted: Quarterly planning")


async def test_3_the_number_of_a_row_of_the_list_that_was_just_shown(bot: Bot) -> None:
    await bot.say("/invites")

    [reply] = await bot.say("/accept 4")

    assert plain(reply.text).startswith("✅ Accepted: Sprint review\nThu 5 Mar 13:00–14:00")
    assert held(bot, SPRINT_REVIEW) == "Y"


async def test_3_after_fifteen_minutes_a_number_is_no_row_any_more(bot: Bot) -> None:
    await bot.say("/invites")
    bot.clock.advance(15 * 60 + 1)

    [reply] = await bot.say("/accept 4")

    assert reply.said == ("event.not_found",)
    assert untouched(bot)


async def test_3_an_older_list_counts_if_the_message_replies_to_it(bot: Bot) -> None:
    await bot.say("/invites")
    listing = bot.last_id
    bot.clock.advance(3600)

    [reply] = await bot.say("/accept 4", reply_to=listing)

    assert plain(reply.text).startswith("✅ Accepted: Sprint review")


async def test_3_rows_of_all_pages_that_were_shown_count(bot: Bot) -> None:
    first = datetime(2026, 3, 20, 9, tzinfo=UTC)
    for number in range(4):
        starts = first + timedelta(days=number)
        bot.portal.add_meeting(
            host_id=CARL.user_id,
            guests=(ANN.user_id,),
            name=f"Meeting {number}",
            starts=starts,
            ends=starts + timedelta(hours=1),
        )
    await bot.say("/invites")
    await bot.press("›")

    [first_page] = await bot.say("/accept 4")
    [second_page] = await bot.say("/accept 11")

    assert "Sprint review" in plain(first_page.text)
    assert "Meeting 2" in plain(second_page.text)


async def test_3_of_a_page_that_was_shown_again_the_newer_rows_count(bot: Bot) -> None:
    for number in range(4):
        starts = datetime(2026, 3, 20 + number, 9, tzinfo=UTC)
        bot.portal.add_meeting(
            host_id=CARL.user_id,
            guests=(ANN.user_id,),
            name=f"Meeting {number}",
            starts=starts,
            ends=starts + timedelta(hours=1),
        )
    await bot.say("/invites")
    await bot.press("›")
    row = bot.portal.row_of(STAND_UP, ANN.user_id)
    assert row is not None
    row.status = "Y"
    await bot.press("‹")

    [reply] = await bot.say("/accept 4")

    assert "Обсуждение бюджета" in plain(reply.text)


async def test_3_the_list_of_another_chat_does_not_count(bot: Bot) -> None:
    await bot.say("/invites")

    [reply] = await bot.say("/accept@acme_rsvp_bot 4", group="-100200")

    assert reply.said == ("event.not_found",)
    assert untouched(bot)


async def test_3_a_list_asked_for_in_a_group_counts_there_and_where_it_was_shown(bot: Bot) -> None:
    await bot.say("/invites@acme_rsvp_bot", group="-100200")

    [in_group] = await bot.say("/accept@acme_rsvp_bot 4", group="-100200")
    [in_private] = await bot.say("/accept 5")

    assert "Sprint review" in plain(in_group.text)
    assert "Обсуждение бюджета" in plain(in_private.text)


async def test_3_the_list_of_somebody_else_does_not_count(bot: Bot) -> None:
    await bot.say("/invites", who=BORIS)

    [reply] = await bot.say("/accept 1")

    assert reply.said == ("event.not_found",)


def _low_number(bot: Bot, *guests: int) -> None:
    starts = datetime(2026, 3, 9, 9, tzinfo=UTC)
    bot.portal.add_meeting(
        event_id=4,
        host_id=CARL.user_id,
        guests=guests,
        name="Number four",
        starts=starts,
        ends=starts + timedelta(hours=1),
    )


async def test_3_a_row_whose_number_is_also_an_invitation_is_asked_about(bot: Bot) -> None:
    await bot.say("/invites")
    _low_number(bot, ANN.user_id)

    [question] = await bot.say("/accept 4")

    assert question.said == ("which.row_or_id",)
    assert [row[0].label.partition(" — ")[0] for row in question.buttons] == [
        "Sprint review",
        "Number four",
    ]
    assert untouched(bot)
    await bot.press(question.buttons[1][0].label)
    assert (held(bot, 4), held(bot, SPRINT_REVIEW)) == ("Y", "Q")


async def test_3_a_number_of_an_event_of_others_does_not_disturb_the_row(bot: Bot) -> None:
    await bot.say("/invites")
    _low_number(bot, EGOR.user_id)

    [reply] = await bot.say("/accept 4")

    assert "Sprint review" in plain(reply.text)
    assert held(bot, SPRINT_REVIEW) == "Y"


async def test_3_if_nobody_can_look_whether_it_is_one_the_row_is_asked_about(bot: Bot) -> None:
    await bot.say("/invites")
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation="batch", times=3))

    [question] = await bot.say("/accept 3")

    assert question.said == ("which.row_unchecked",)
    assert [row[0].label.partition(" — ")[0] for row in question.buttons] == ["Quarterly planning"]
    assert untouched(bot)


async def test_3_the_button_of_a_row_means_the_event_whatever_the_number(bot: Bot) -> None:
    _low_number(bot, ANN.user_id)
    await bot.say("/invites")

    [card] = await bot.press("4")

    assert "Sprint review" in plain(card.text)


@pytest.mark.parametrize("handle", ["c2", "C2", "с2", "С2"], ids=["Latin", "big", "ru", "RU"])
async def test_4_a_short_handle(bot: Bot, handle: str) -> None:
    await bot.say("/invites")
    bot.clock.advance(3600)

    [reply] = await bot.say(f"/accept {handle}")

    assert plain(reply.text).startswith("✅ Accepted: Quarterly planning\nWed 4 Mar 10:00–11:00")
    assert bot.cronofy.status_of(QUARTERLY) == "accepted"


async def test_4_a_handle_stays_with_its_event_and_belongs_to_one_person(bot: Bot) -> None:
    await bot.say("/invites")
    await bot.say("/accept c1")
    [listed] = await bot.say("/invites")
    [strange] = await bot.say("/accept c2", who=CARL)
    [no_portal] = await bot.say("/accept b2")

    assert "Quarterly planning\nWed 4 Mar 10:00–11:00\nБорис Орлов · Cronofy · c2" in plain(
        listed.text
    )
    assert strange.said == no_portal.said == ("which.no_handle",)
    assert bot.cronofy.status_of(QUARTERLY) == "needs_action"


@pytest.mark.parametrize("word", ["next", "ближайшее", "the next one"])
async def test_5_next_is_the_soonest_that_can_be_answered(bot: Bot, word: str) -> None:
    [reply] = await bot.say(f"/accept {word}")

    assert plain(reply.text).startswith("✅ Accepted: Weekly stand-up\nTue 3 Mar 09:00–09:30")


async def test_5_next_has_not_begun_yet(bot: Bot) -> None:
    # Tuesday 09:10 in Berlin: the stand-up is on.
    bot.clock.advance(23 * 3600 + 600)

    [reply] = await bot.say("/accept next")

    assert "Design sync" in plain(reply.text)


async def test_5_next_with_a_source_missing_is_asked_about(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))

    [question] = await bot.say("/accept next")

    assert question.said == ("which.partial",)
    assert "Cronofy could not be reached" in plain(question.text)
    assert len(question.buttons) == 1
    assert untouched(bot)


@pytest.mark.parametrize("word", ["last", "последнее"])
async def test_5_last_is_the_one_that_was_talked_about(bot: Bot, word: str) -> None:
    await bot.say(f"/status {BUDGET}")
    await bot.say("/presence")

    [reply] = await bot.say(f"/accept {word}")

    assert "Обсуждение бюджета" in plain(reply.text)
    assert held(bot, BUDGET) == "Y"


async def test_5_last_with_nothing_to_go_by_says_so(bot: Bot) -> None:
    [reply] = await bot.say("/accept last")

    assert reply.said == ("which.no_last",)
    assert untouched(bot)


@pytest.mark.parametrize(
    ("words", "event_id"),
    [
        ("sprint review", SPRINT_REVIEW),
        ("Sprint", SPRINT_REVIEW),
        ("review sprint", SPRINT_REVIEW),
        ("бюджета", BUDGET),
        ("обсуждение бюджета", BUDGET),
        ("stand-up", STAND_UP),
        ("природу", OUTING),
    ],
)
async def test_6_words_of_the_title(bot: Bot, words: str, event_id: int) -> None:
    [reply] = await bot.say(f"/accept {words}")

    assert reply.said[0] == "held.accepted"
    assert held(bot, event_id) == "Y"


@pytest.mark.parametrize(
    ("words", "event_id"),
    [("review spr", SPRINT_REVIEW), ("бюджет", BUDGET), ("природе", OUTING)],
)
async def test_6_beginnings_and_other_endings_are_asked_about(
    bot: Bot, words: str, event_id: int
) -> None:
    [question] = await bot.say(f"/accept {words}")
    assert question.said == ("which.close",)
    assert len(question.buttons) == 1
    assert untouched(bot)

    await bot.say("yes")

    assert held(bot, event_id) == "Y"


@pytest.mark.parametrize("words", ["all", "everything", "все", "всё", "their all"])
async def test_6_everything_is_no_event(bot: Bot, words: str) -> None:
    [reply] = await bot.say(f"/accept {words}")

    assert reply.said[0] in {"which.all", "which.no_match"}
    assert untouched(bot)


async def test_6_of_a_series_the_date_without_an_answer_is_meant(bot: Bot) -> None:
    await bot.say("/accept design sync")
    [second] = await bot.say("/accept design sync")

    assert plain(second.text).startswith("✅ Accepted: Design sync\nTue 10 Mar")
    assert "for this date of the series only" in second.text


async def test_6_a_whole_title_comes_before_titles_that_begin_like_it(bot: Bot) -> None:
    starts = datetime(2026, 3, 9, 9, tzinfo=UTC)
    bot.portal.add_meeting(
        host_id=CARL.user_id,
        guests=(ANN.user_id,),
        name="Sprint review: demo",
        starts=starts,
        ends=starts + timedelta(hours=1),
    )

    [one] = await bot.say("/accept sprint review")
    [two] = await bot.say("/decline sprint")

    assert held(bot, SPRINT_REVIEW) == "Y"
    assert one.said[0] == "held.accepted"
    assert two.said == ("which.title",)


async def test_6_what_can_be_answered_is_meant_rather_than_what_cannot(bot: Bot) -> None:
    [reply] = await bot.say("/accept design")

    assert plain(reply.text).startswith("✅ Accepted: Design sync")


@pytest.mark.parametrize("words", ["s", "sp", "д", "в"])
async def test_6_a_letter_or_two_are_the_beginning_of_too_much(bot: Bot, words: str) -> None:
    [reply] = await bot.say(f"/accept {words}")

    assert reply.said == ("which.no_match",)
    assert untouched(bot)


async def test_6_words_that_fit_nothing_change_nothing_and_say_where_was_looked(bot: Bot) -> None:
    [reply] = await bot.say("/accept the moon landing")

    assert plain(reply.text).startswith("In the next 90 days I see no event called “moon landing")
    assert untouched(bot)


async def test_6_nothing_is_said_not_to_exist_where_nobody_could_look(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))

    [nothing] = await bot.say("/accept quarterly")
    [unsure] = await bot.say("/accept sprint")

    assert nothing.said == ("which.no_match_partial",)
    assert unsure.said == ("which.partial",)
    assert untouched(bot)


async def test_6_what_cannot_be_answered_is_found_and_refused_with_the_reason(bot: Bot) -> None:
    [reply] = await bot.say("/accept design critique")

    assert reply.said[0] == "refuse.organizer"
    assert held(bot, DESIGN_CRITIQUE) == "H"


async def test_7_a_bare_yes_chooses_none_of_several(bot: Bot) -> None:
    await bot.say("/accept обсуждение")

    [reply] = await bot.say("yes")

    assert reply.said[0] == "which.word"
    assert untouched(bot)


async def test_7_several_that_fit_are_offered_with_title_and_time(bot: Bot) -> None:
    [question] = await bot.say("/decline обсуждение")

    assert question.said == ("which.title",)
    assert [button.label for row in question.buttons for button in row] == [
        "Обсуждение договора — Thu 5 Mar 12:00",
        "Обсуждение бюджета — Fri 6 Mar 07:00",
    ]
    assert untouched(bot)
    [done] = await bot.press("Обсуждение бюджета — Fri 6 Mar 07:00")
    assert done.said[0] == "held.declined"
    assert held(bot, BUDGET) == "N"


async def test_nothing_named_and_several_waiting_is_the_list(bot: Bot) -> None:
    [reply] = await bot.say("/accept")

    assert reply.said[0] == "invites.title"
    assert untouched(bot)


async def test_nothing_named_and_one_waiting_is_its_card(bot: Bot) -> None:
    await bot.say(f"/accept {DESIGN_CRITIQUE}", who=CARL)
    written = len(bot.portal.journal)

    [reply] = await bot.say("/accept", who=CARL)

    assert plain(reply.text).startswith("▫️ Not answered: Sprint review\n")
    assert [button.label for button in reply.buttons[0]] == ["Accept", "Maybe", "Decline"]
    assert len(bot.portal.journal) == written


async def test_nothing_named_and_nothing_waiting_says_so(bot: Bot) -> None:
    for event_id in (SPRINT_REVIEW, DESIGN_CRITIQUE):
        await bot.say(f"/accept {event_id}", who=CARL)

    [reply] = await bot.say("/accept", who=CARL)

    assert reply.said == ("invites.none",)


async def test_one_invitation_with_a_source_missing_is_a_list_that_says_so(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation="batch", times=None))
    for uid, events in bot.cronofy.events.items():
        for event in events:
            if uid != NEGOTIATION:
                event.participation_status = "accepted"

    [reply] = await bot.say("/accept")

    assert "list.without" in reply.said
