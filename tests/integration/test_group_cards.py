"""/card: a meeting in a group, where everybody answers their own invitation."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.chat import Reply, Visibility
from bot.domain.group_cards import EDIT_EVERY
from bot.sandbox.bitrix24.seed import (
    BOARD_CALL,
    BUDGET,
    DENTIST,
    KICK_OFF,
    PRIVATE,
    SPRINT_REVIEW,
    STAND_UP,
)
from bot.sandbox.company import ANN, BORIS, CARL, DINA, FAY, GLEB, MARIA, Colleague
from bot.services.access import AllowList
from bot.texts import M
from tests.fakes.bot import Bot, identity_of, plain, running_bot

TEAM = "-100500"
OTHERS = "-100600"
SET = "calendar.meeting.status.set"
WAIT = EDIT_EVERY.total_seconds()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """Dina is not linked, and Gleb is not invited to the sprint review."""
    async with running_bot(linked=(ANN, BORIS, CARL, MARIA, GLEB)) as running:
        for group in (TEAM, OTHERS):
            running.chat.members[group] = {
                identity_of(who) for who in (ANN, BORIS, CARL, MARIA, DINA, GLEB)
            }
        yield running


async def post(
    bot: Bot, event: int = SPRINT_REVIEW, who: Colleague = BORIS, group: str = TEAM
) -> Reply:
    [reply] = await bot.say(f"/card {event}", who=who, group=group)
    return reply


async def follow(bot: Bot) -> None:
    """Let every card come up to date."""
    await bot.card_sweep.settle()


def answer(bot: Bot, who: Colleague, event: int = SPRINT_REVIEW) -> str | None:
    return bot.portal.status_of(event, who.user_id)


def tally(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("✅", "❌", "▫", "❔"))]


async def test_a_card_shows_the_group_what_the_portal_holds(bot: Bot) -> None:
    answers(bot, MARIA, "N")

    reply = await post(bot)

    assert reply.visibility is Visibility.CONVERSATION
    assert plain(reply.text).splitlines() == [
        "🗓 Sprint review",
        "Thu 5 Mar 13:00–14:00 (UTC+1) · 651",
        "📍 Room 5",
        "Organizer: Борис Орлов",
        "",
        "❌ Not coming (1): Мария Белова",
        "▫️ No answer or “maybe” (2): Ann Hill, Carl Weber",
        "Updated Mon 2 Mar 10:00",
    ]
    labels = [[button.label for button in row] for row in reply.buttons]
    assert labels == [["Accept", "Maybe", "Decline"], ["🔄 Refresh", "🔗 First time here?"]]


def answers(bot: Bot, who: Colleague, letter: str, event: int = SPRINT_REVIEW) -> None:
    """Somebody answers in the portal itself."""
    row = bot.portal.row_of(event, who.user_id)
    assert row is not None
    row.status = letter


async def test_whoever_presses_answers_their_own_invitation_and_the_card_follows(bot: Bot) -> None:
    await post(bot)

    for who, label in ((CARL, "Decline"), (ANN, "Accept"), (MARIA, "Accept")):
        assert await bot.press(label, who=who) == []
    await follow(bot)

    assert [answer(bot, who) for who in (ANN, CARL, MARIA)] == ["Y", "N", "Y"]
    assert tally(bot.in_group(TEAM)[0]) == [
        "✅ Coming (2): Ann Hill, Мария Белова",
        "❌ Not coming (1): Carl Weber",
    ]
    assert len(bot.in_group(TEAM)) == 1
    assert bot.chat.toasts == [
        "❌ Declined: Sprint review",
        "✅ Accepted: Sprint review",
        "✅ Accepted: Sprint review",
    ]


async def test_a_second_press_of_the_same_button_tells_the_organizer_nothing_new(bot: Bot) -> None:
    await post(bot)

    for _ in range(2):
        assert await bot.press("Accept", who=ANN) == []

    assert bot.chat.toasts == [
        "✅ Accepted: Sprint review",
        "✅ Already accepted: Sprint review",
    ]
    assert len(bot.portal.writes(SET)) == 1


@pytest.mark.parametrize(
    ("who", "said"),
    [(DINA, M.TAP_NOT_LINKED), (GLEB, M.TAP_NOT_INVITED), (BORIS, M.TAP_ORGANIZER)],
    ids=["not linked", "not invited", "organizer"],
)
async def test_who_has_nothing_to_answer_is_told_so_alone(
    bot: Bot, who: Colleague, said: M
) -> None:
    await post(bot)
    before = bot.in_group(TEAM)

    [reply] = await bot.press("Accept", who=who)
    await follow(bot)

    assert reply.said == (said,)
    assert reply.visibility is Visibility.SENDER_ONLY
    assert len(plain(reply.text)) <= 200
    assert bot.portal.writes(SET) == []
    assert bot.in_group(TEAM) == before


async def test_every_card_of_a_meeting_follows_in_all_groups_and_so_do_answers_in_private(
    bot: Bot,
) -> None:
    await post(bot)
    await post(bot, who=ANN, group=OTHERS)

    await bot.say("/accept 651", who=CARL)
    await follow(bot)
    await bot.press("Decline", who=MARIA)
    bot.clock.advance(WAIT)
    await follow(bot)

    for group in (TEAM, OTHERS):
        assert tally(bot.in_group(group)[0]) == [
            "✅ Coming (1): Carl Weber",
            "❌ Not coming (1): Мария Белова",
            "▫️ No answer or “maybe” (1): Ann Hill",
        ]


async def test_refresh_shows_what_was_answered_elsewhere(bot: Bot) -> None:
    await post(bot)
    answers(bot, ANN, "Y")

    assert await bot.press("🔄 Refresh", who=DINA) == []
    await follow(bot)

    assert bot.chat.toasts == ["Reading it again…"]
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


async def test_what_shows_the_same_already_is_not_sent(bot: Bot) -> None:
    await post(bot)
    sent = len(bot.chat.posted)

    await bot.press("🔄 Refresh", who=ANN)
    await follow(bot)

    assert len(bot.chat.posted) == sent


async def test_a_card_changes_at_most_every_three_seconds_and_its_last_state_arrives(
    bot: Bot,
) -> None:
    await post(bot)
    edits = []
    for number in range(40):
        await bot.press("Accept" if number % 2 == 0 else "Decline", who=ANN)
        before = len(bot.chat.posted)
        await bot.card_sweep.check_due()
        if len(bot.chat.posted) > before:
            edits.append(bot.clock.monotonic())
        bot.clock.advance(0.5)
    await follow(bot)

    gaps = [later - earlier for earlier, later in pairwise(edits)]
    assert len(edits) > 3
    assert min(gaps) >= WAIT
    assert answer(bot, ANN) == "N"
    assert "❌ Not coming (1): Ann Hill" in bot.in_group(TEAM)[0]


async def test_hidden_guests_are_counted_and_not_named_not_even_to_the_organizer(bot: Bot) -> None:
    hide_guests(bot)
    answers(bot, ANN, "Y")

    reply = await post(bot)

    text = plain(reply.text)
    assert tally(text) == ["✅ Coming: 1", "▫️ No answer or “maybe”: 2"]
    assert "🙈 The organizer hides who is invited." in text
    assert "Ann" not in text
    assert bot.portal.writes("im.user.list.get") == []


def hide_guests(bot: Bot, event: int = SPRINT_REVIEW) -> None:
    for row in bot.portal.rows.values():
        if row.parent_id == event:
            row.hide_guests = True


def make_private(bot: Bot, event: int = SPRINT_REVIEW) -> None:
    for row in bot.portal.rows.values():
        if row.parent_id == event:
            row.private = True


async def test_a_private_event_is_refused_to_whoever_asks_alone(bot: Bot) -> None:
    reply = await post(bot, PRIVATE)

    assert reply.said == (M.CARD_PRIVATE,)
    assert reply.visibility is Visibility.SENDER_ONLY
    assert bot.in_group(TEAM) == []


async def test_a_private_event_of_others_is_not_even_named(bot: Bot) -> None:
    reply = await post(bot, PRIVATE, who=ANN)

    assert reply.said == (M.EVENT_NOT_FOUND,)
    assert "Salary" not in plain(reply.text)
    assert bot.in_group(TEAM) == []


async def test_a_card_whose_event_becomes_private_is_closed_without_its_title(bot: Bot) -> None:
    await post(bot)
    make_private(bot)

    await bot.press("🔄 Refresh", who=ANN)
    await follow(bot)

    assert bot.in_group(TEAM) == ["🔒 This event is private now, so its card is closed."]
    [shown] = [one for one in bot.chat.shown.values() if one.conversation.chat_id == TEAM]
    assert shown.reply.buttons == ()


@pytest.mark.parametrize(
    ("event", "said"),
    [(DENTIST, M.CARD_NOT_A_MEETING), (KICK_OFF, M.CARD_OVER), (99999, M.EVENT_NOT_FOUND)],
)
async def test_what_makes_no_card_is_explained(bot: Bot, event: int, said: M) -> None:
    reply = await post(bot, event, who=ANN)

    assert reply.said[0] == said
    assert bot.in_group(TEAM) == []


async def test_an_event_of_a_calendar_service_makes_no_card(bot: Bot) -> None:
    [events, *_] = bot.cronofy.events.values()
    uid = next(one.event_uid for one in events if not one.deleted)

    [reply] = await bot.say(f"/card {uid}", who=ANN, group=TEAM)

    assert reply.said == (M.CARD_NOT_SHARED,)
    assert bot.in_group(TEAM) == []


async def test_in_private_there_are_no_cards(bot: Bot) -> None:
    [reply] = await bot.say("/card 651")

    assert reply.said == (M.CARD_ONLY_GROUPS,)


async def test_without_a_name_it_is_asked_in_private_which_meeting_and_posted_in_the_group(
    bot: Bot,
) -> None:
    [question] = await bot.say("/card", who=BORIS, group=TEAM)
    assert question.said == (M.CARD_WHICH,)
    assert question.visibility is Visibility.SENDER_ONLY
    labels = [button.label for button in question.pressable]
    assert not any("Salary" in label for label in labels)

    [done, card] = await bot.press(next(one for one in labels if "Sprint" in one), who=BORIS)

    assert done.said == (M.CARD_POSTED,)
    assert card.card is not None
    assert "🗓 Sprint review" in bot.in_group(TEAM)[0]


async def test_whoever_left_the_group_posts_nothing_there_any_more(bot: Bot) -> None:
    [question] = await bot.say("/card", who=BORIS, group=TEAM)
    bot.chat.members[TEAM].discard(identity_of(BORIS))

    [reply] = await bot.press(question.pressable[0].label, who=BORIS)

    assert reply.said == (M.CARD_NOT_THERE,)
    assert bot.in_group(TEAM) == []


async def test_words_of_a_title_name_the_meeting_for_the_group(bot: Bot) -> None:
    await bot.say("/card sprint review", who=BORIS, group=TEAM)

    assert "🗓 Sprint review" in bot.in_group(TEAM)[0]


@pytest.mark.parametrize("said", ["/accept", "yes", "/accept@acme_rsvp_bot"])
async def test_who_answers_the_message_of_a_card_answers_their_invitation(
    bot: Bot, said: str
) -> None:
    await post(bot)

    await bot.say(said, who=ANN, group=TEAM, reply_to=bot.last_id)
    await follow(bot)

    assert answer(bot, ANN) == "Y"
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


async def test_talk_about_a_card_means_nothing(bot: Bot) -> None:
    await post(bot)

    said = await bot.say("who wrote this?", who=ANN, group=TEAM, reply_to=bot.last_id)

    assert said == []


async def test_an_event_that_changed_since_it_was_shown_is_not_answered_unseen(bot: Bot) -> None:
    await post(bot)
    for row in bot.portal.rows.values():
        if row.parent_id == SPRINT_REVIEW:
            row.starts, row.ends = row.starts + 7200, row.ends + 7200

    [reply] = await bot.press("Accept", who=ANN)
    await follow(bot)
    assert reply.said == (M.TAP_CHANGED,)
    assert answer(bot, ANN) == "Q"
    assert "15:00–16:00" in bot.in_group(TEAM)[0]

    assert await bot.press("Accept", who=ANN) == []
    assert answer(bot, ANN) == "Y"


async def test_maybe_that_takes_an_answer_back_is_asked_about_in_private_first(bot: Bot) -> None:
    answers(bot, ANN, "Y")
    await post(bot)

    [question] = await bot.press("Maybe", who=ANN)
    assert answer(bot, ANN) == "Y"
    assert M.CONFIRM_MAYBE in question.said
    assert question.alert

    await bot.press("Take my answer back", who=ANN)
    await follow(bot)
    assert answer(bot, ANN) == "Q"
    assert "✅" not in bot.in_group(TEAM)[0]


async def test_a_card_of_a_deleted_event_says_so_and_is_given_up(bot: Bot) -> None:
    await post(bot)
    for row in bot.portal.rows.values():
        row.deleted = row.deleted or row.parent_id == SPRINT_REVIEW

    await bot.press("🔄 Refresh", who=ANN)
    await follow(bot)

    assert "🗑 Not updated any more" in bot.in_group(TEAM)[0]
    assert "🗓 Sprint review" in bot.in_group(TEAM)[0]
    [reply] = await bot.press("Accept", who=ANN)
    assert reply.said == (M.BUTTON_UNKNOWN,)


async def test_a_card_is_always_read_as_its_poster(bot: Bot) -> None:
    """Once its poster may not see the event any more, nobody else's eyes are borrowed."""
    await post(bot, BUDGET, who=ANN)
    mine = bot.portal.row_of(BUDGET, ANN.user_id)
    assert mine is not None
    mine.deleted = True
    make_private(bot, BUDGET)

    await bot.press("🔄 Refresh", who=MARIA)
    await follow(bot)

    assert "🗑 Not updated any more" in bot.in_group(TEAM)[0]


async def test_a_portal_that_cannot_be_reached_is_told_of_once_and_made_good(bot: Bot) -> None:
    await post(bot)
    answers(bot, ANN, "Y")
    # Each of three looks tries three times.
    bot.portal.force_error("INTERNAL_SERVER_ERROR", 500, operation="batch", times=9)
    await bot.press("🔄 Refresh", who=ANN)

    warned = []
    for _ in range(60):
        await bot.card_sweep.check_due()
        warned.append(bot.in_group(TEAM)[0].count("⚠️ Not updated since then: Bitrix24"))
        bot.clock.advance(10)

    assert set(warned) == {0, 1}
    assert warned[0] == 0
    assert warned[-1] == 0
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


async def test_a_card_whose_message_was_deleted_is_forgotten(bot: Bot) -> None:
    await post(bot)
    bot.chat.deleted.add(bot.last_id)

    await bot.press("Accept", who=ANN)
    await follow(bot)

    assert answer(bot, ANN) == "Y"
    assert await bot.cards.next_card() is None
    [reply] = await bot.press("Decline", who=ANN)
    assert reply.said == (M.BUTTON_UNKNOWN,)


async def test_a_bot_that_was_removed_forgets_its_cards_there(bot: Bot) -> None:
    await post(bot)
    await post(bot, who=ANN, group=OTHERS)
    bot.chat.gone.add(TEAM)

    await bot.say("/accept 651", who=CARL)
    await follow(bot)

    assert [
        kept.delivery.conversation.chat_id for kept in await bot.cards.posted_by(identity_of(ANN))
    ] == [OTHERS]
    assert await bot.cards.posted_by(identity_of(BORIS)) == []
    assert "✅ Coming (1): Carl Weber" in bot.in_group(OTHERS)[0]


async def test_a_key_does_nothing_under_another_message_or_in_another_group(bot: Bot) -> None:
    await post(bot)
    message_id, delivery = bot.chat.posted[-1]
    key = delivery.keys[0]

    [elsewhere] = await bot.press_key(key, message_id, who=ANN, group=OTHERS)
    [beside] = await bot.press_key(key, "m999", who=ANN, group=TEAM)
    [alone] = await bot.press_key(key, message_id, who=ANN)

    assert [one.said for one in (elsewhere, beside, alone)] == [(M.TAP_CLOSED,)] * 3
    assert answer(bot, ANN) == "Q"


async def test_titles_places_and_names_that_look_like_markup_stay_words(bot: Bot) -> None:
    for row in bot.portal.rows.values():
        if row.parent_id == SPRINT_REVIEW:
            row.name, row.location = "<b>Boo</b> & <a href='x'>", "<i>Room</i>"
    bot.portal.users[CARL.user_id].name = "<script>"

    reply = await post(bot)

    assert "&lt;b&gt;Boo&lt;/b&gt; &amp; &lt;a" in reply.text
    assert "&lt;i&gt;Room&lt;/i&gt;" in reply.text
    assert "&lt;script&gt; Weber" in reply.text


async def test_a_series_says_that_an_answer_counts_for_all_of_it(bot: Bot) -> None:
    reply = await post(bot, STAND_UP, who=ANN)

    assert M.EVENT_SERIES in reply.said


async def test_who_takes_no_part_in_a_series_shows_its_next_date_too(bot: Bot) -> None:
    reply = await post(bot, STAND_UP, who=BORIS)

    # It began three weeks ago.
    assert "Tue 3 Mar" in plain(reply.text)
    assert reply.card is not None
    assert reply.card.look_at is not None
    assert reply.card.look_at > bot.clock.now()


async def test_a_series_whose_next_date_nobody_sees_is_not_read_for_ever(bot: Bot) -> None:
    await post(bot, STAND_UP, who=BORIS)
    for row in bot.portal.rows.values():
        if row.parent_id == STAND_UP:
            row.exdates = tuple(
                (bot.clock.now() + timedelta(days=day)).date() for day in range(-1, 400)
            )
    await bot.press("🔄 Refresh", who=ANN)
    await follow(bot)

    due_at = await bot.cards.next_card()
    assert due_at is not None
    assert due_at > bot.clock.now() + timedelta(hours=1)
    assert "the next one" not in bot.in_group(TEAM)[0]


async def test_maybe_without_an_answer_is_explained_in_a_line(bot: Bot) -> None:
    await post(bot)

    [reply] = await bot.press("Maybe", who=ANN)

    assert reply.said == (M.TAP_NO_MAYBE,)
    assert bot.portal.writes(SET) == []


@pytest.mark.parametrize("words", ["651 off", "off 651", "651 закрыть"])
async def test_a_card_is_closed_by_a_word_before_or_after_its_name(bot: Bot, words: str) -> None:
    await post(bot)

    [reply] = await bot.say(f"/card {words}", who=BORIS, group=TEAM)

    assert reply.said == (M.CARD_OFF_DONE,)


async def test_which_card_to_close_is_asked_as_such(bot: Bot) -> None:
    await post(bot)
    [question] = await bot.say("/card off", who=BORIS, group=TEAM)
    assert question.said == (M.CARD_WHICH_OFF,)
    label = next(one.label for one in question.pressable if "Sprint" in one.label)

    [reply] = await bot.press(label, who=BORIS)
    await follow(bot)

    assert reply.said == (M.CARD_OFF_DONE,)
    assert "🔕 This card is closed." in bot.in_group(TEAM)[0]


async def test_one_card_is_posted_at_a_time(bot: Bot) -> None:
    [reply] = await bot.say("/card 651 655", who=ANN, group=TEAM)

    assert plain(reply.text) == "One meeting at a time: /card 651. Nothing was changed."


async def test_a_card_loses_its_buttons_when_the_event_is_over(bot: Bot) -> None:
    await post(bot)

    bot.clock.advance(timedelta(days=4).total_seconds())
    await follow(bot)

    [shown] = [one for one in bot.chat.shown.values() if one.conversation.chat_id == TEAM]
    assert shown.reply.buttons == ()
    assert "This event is over." in plain(shown.reply.text)
    [reply] = await bot.press_key(bot.chat.posted[0][1].keys[0], "m2", who=ANN, group=TEAM)
    assert reply.said == (M.BUTTON_UNKNOWN,)


async def test_who_may_close_a_card(bot: Bot) -> None:
    await post(bot, who=ANN)
    [refused] = await bot.say("/card 651 off", who=CARL, group=TEAM)
    assert refused.said == (M.CARD_OFF_REFUSED,)

    for who in (ANN, BORIS, MARIA):
        if who is not ANN:
            await post(bot, who=ANN)
        bot.chat.admins[TEAM] = {identity_of(MARIA)}
        [done] = await bot.say("/card 651 off", who=who, group=TEAM)
        await follow(bot)
        assert done.said == (M.CARD_OFF_DONE,)
        assert "🔕 This card is closed." in bot.in_group(TEAM)[-1]
    [none] = await bot.say("/card 651 off", who=ANN, group=TEAM)
    assert none.said == (M.CARD_OFF_NONE,)


async def test_a_group_that_the_bot_is_not_meant_for_gets_nothing() -> None:
    async with running_bot(access=AllowList(chats=(f"telegram:{TEAM}",))) as bot:
        assert await bot.say("/card 651", who=BORIS, group=OTHERS) == []
        [reply] = await bot.say("/card 651", who=BORIS, group=TEAM)
        key = bot.chat.posted[-1][1].keys[0]
        assert await bot.press_key(key, bot.last_id, who=ANN, group=OTHERS) == []
        assert reply.card is not None
        assert answer(bot, ANN) == "Q"


async def test_whoever_is_new_comes_back_to_the_card_after_linking(bot: Bot) -> None:
    reply = await post(bot, BOARD_CALL)
    assert reply.card is not None
    link = next(button.url for row in reply.buttons for button in row if button.url)
    word = link.partition("start=")[2]

    [invited] = await bot.say(f"/start {word}", who=MARIA)
    [stranger] = await bot.say(f"/start {word}", who=ANN)
    [unlinked] = await bot.say(f"/start {word}", who=FAY)

    assert invited.about is not None
    assert "Board call" in plain(invited.text)
    assert stranger.said[0] == M.HELD_NOT_INVITED
    assert M.LINK_FIRST in unlinked.said
    assert "Board call" not in plain(unlinked.text)
    assert unlinked.errand == f"/start {word}"
