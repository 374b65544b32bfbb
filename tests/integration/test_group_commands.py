"""/who, /nudge, /team and the settings of a group."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from bot.domain.chat import Conversation, ConversationKind, Platform, Reply, Visibility
from bot.errors import PlatformError
from bot.sandbox.bitrix24.seed import PRIVATE, SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, CARL, DINA, GLEB, MARIA, Colleague
from bot.services.access import AllowList
from bot.texts import M
from tests.fakes.bot import Bot, identity_of, plain, running_bot

TEAM = "-100500"
MINUTE = 60.0


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """All write in the group once, so that the bot knows them there; Dina is not linked."""
    async with running_bot(linked=(ANN, BORIS, CARL, MARIA, GLEB)) as running:
        people = (ANN, BORIS, CARL, MARIA, DINA, GLEB)
        running.chat.members[TEAM] = {identity_of(who) for who in people}
        for who in people:
            await running.say("/team", who=who, group=TEAM)
        yield running


def answers(bot: Bot, who: Colleague, letter: str) -> None:
    row = bot.portal.row_of(SPRINT_REVIEW, who.user_id)
    assert row is not None
    row.status = letter


def hide_guests(bot: Bot) -> None:
    for row in bot.portal.rows.values():
        if row.parent_id == SPRINT_REVIEW:
            row.hide_guests = True


def lines(reply: Reply) -> Sequence[str]:
    return plain(reply.text).splitlines()


# /who


async def test_who_comes_is_told_to_the_asker_alone(bot: Bot) -> None:
    answers(bot, ANN, "Y")

    [reply] = await bot.say("/who 651", who=CARL, group=TEAM)

    assert reply.visibility is Visibility.SENDER_ONLY
    assert lines(reply)[-2:] == [
        "✅ Coming (1): Ann Hill",
        "▫️ No answer or “maybe” (2): Carl Weber, Мария Белова",
    ]


@pytest.mark.parametrize("here", ["here", "Здесь", "тут"])
async def test_with_here_the_whole_group_is_told(bot: Bot, here: str) -> None:
    [reply] = await bot.say(f"/who 651 {here}", who=CARL, group=TEAM)

    assert reply.visibility is Visibility.CONVERSATION
    assert "🗓 Sprint review" in bot.in_group(TEAM)[-1]


async def test_who_works_in_private_too(bot: Bot) -> None:
    [reply] = await bot.say("/who sprint here", who=ANN)

    assert "Carl Weber" in plain(reply.text)


async def test_a_private_event_is_told_to_its_guests_and_never_to_the_group(bot: Bot) -> None:
    [own] = await bot.say(f"/who {PRIVATE}", who=GLEB, group=TEAM)
    [public] = await bot.say(f"/who {PRIVATE} here", who=GLEB, group=TEAM)
    [stranger] = await bot.say(f"/who {PRIVATE}", who=ANN, group=TEAM)

    assert own.visibility is Visibility.SENDER_ONLY
    assert "Salary review" in plain(own.text)
    assert public.said == (M.WHO_PRIVATE,)
    assert public.visibility is Visibility.SENDER_ONLY
    assert stranger.said == (M.EVENT_NOT_FOUND,)
    assert not any("Salary" in text for text in bot.in_group(TEAM))


async def test_hidden_guests_stay_without_names(bot: Bot) -> None:
    hide_guests(bot)

    for text in ("/who 651", "/who 651 here"):
        [reply] = await bot.say(text, who=BORIS, group=TEAM)
        assert "▫️ No answer or “maybe”: 3" in plain(reply.text)
        assert "Ann" not in plain(reply.text)


async def test_which_meeting_is_asked_in_private_and_told_to_the_group(bot: Bot) -> None:
    [question] = await bot.say("/who here", who=BORIS, group=TEAM)
    assert question.said == (M.WHO_WHICH_HERE,)
    label = next(one.label for one in question.pressable if "Sprint" in one.label)

    [reply] = await bot.press(label, who=BORIS)

    assert reply.visibility is Visibility.CONVERSATION
    assert "🗓 Sprint review" in bot.in_group(TEAM)[-1]


# /nudge


async def test_only_the_silent_who_are_known_in_the_group_are_mentioned(bot: Bot) -> None:
    answers(bot, MARIA, "N")

    [card] = await bot.say("/nudge 651", who=BORIS, group=TEAM)

    assert card.visibility is Visibility.CONVERSATION
    assert '<a href="person:7">Ann Hill</a>' in card.text
    assert '<a href="person:3">Carl Weber</a>' in card.text
    assert "person:2" not in card.text
    assert [button.label for button in card.pressable] == [
        "Accept",
        "Maybe",
        "Decline",
        "🔄 Refresh",
    ]


async def test_who_has_answered_is_mentioned_no_longer(bot: Bot) -> None:
    await bot.say("/nudge 651", who=BORIS, group=TEAM)

    await bot.press("Accept", who=ANN)
    await bot.card_sweep.settle()

    text = bot.in_group(TEAM)[-1]
    assert text.startswith("🔔 ")
    assert "Ann Hill</a>" not in text
    assert "✅ Coming (1): Ann Hill" in text
    for who in (CARL, MARIA):
        await bot.press("Decline", who=who)
    await bot.card_sweep.settle()
    assert bot.in_group(TEAM)[-1].startswith("🗓 Sprint review")


async def test_only_the_organizer_may_have_people_asked(bot: Bot) -> None:
    [reply] = await bot.say("/nudge 651", who=ANN, group=TEAM)

    assert reply.said[0] == M.NUDGE_NOT_ORGANIZER
    assert reply.visibility is Visibility.SENDER_ONLY
    assert not any("🔔" in text for text in bot.in_group(TEAM))


async def test_nobody_is_asked_twice_within_forty_five_minutes(bot: Bot) -> None:
    await bot.say("/nudge 651", who=BORIS, group=TEAM)
    bot.clock.advance(44 * MINUTE)
    [soon] = await bot.say("/nudge 651", who=BORIS, group="-100700")
    assert soon.said == (M.NUDGE_NOT_MENTIONED,)

    [soon] = await bot.say("/nudge 651", who=BORIS, group=TEAM)
    assert soon.said == (M.NUDGE_TOO_SOON,)
    assert plain(soon.text) == "They were asked 44 minutes ago. You can ask again in 60 seconds."

    bot.clock.advance(MINUTE)
    [card] = await bot.say("/nudge 651", who=BORIS, group=TEAM)
    assert card.card is not None


async def test_who_minds_who_left_and_who_is_unknown_is_not_mentioned(bot: Bot) -> None:
    [done] = await bot.say("/nudge off", who=CARL, group=TEAM)
    assert done.said == (M.NUDGE_OFF,)
    bot.chat.members[TEAM].discard(identity_of(MARIA))

    [card, rest] = await bot.say("/nudge 651", who=BORIS, group=TEAM)

    assert "person:7" in card.text
    assert "person:3" not in card.text
    assert "person:2" not in card.text
    assert rest.said == (M.NUDGE_NOT_MENTIONED,)
    assert rest.visibility is Visibility.SENDER_ONLY
    assert plain(rest.text).startswith("Not mentioned: Carl Weber, Мария Белова\n")


async def test_if_nobody_can_be_asked_nothing_is_posted(bot: Bot) -> None:
    for who in (ANN, CARL, MARIA):
        answers(bot, who, "Y")
    [reply] = await bot.say("/nudge 651", who=BORIS, group=TEAM)
    assert reply.said == (M.NUDGE_NOBODY_SILENT,)
    hide_guests(bot)
    [reply] = await bot.say("/nudge 651", who=BORIS, group=TEAM)
    assert reply.said[0] == M.NUDGE_HIDDEN


async def test_a_name_that_looks_like_markup_is_mentioned_as_it_is(bot: Bot) -> None:
    person = await bot.store.find_person(identity_of(ANN))
    assert person is not None
    await bot.store.save_person(replace(person, name="<b>Ann</b>\n@all"))

    [card] = await bot.say("/nudge 651", who=BORIS, group=TEAM)

    assert '<a href="person:7">&lt;b&gt;Ann&lt;/b&gt; @all</a>' in card.text


# /team


async def test_nobody_is_shown_without_their_yes(bot: Bot) -> None:
    [reply] = await bot.say("/team", who=CARL, group=TEAM)

    assert reply.visibility is Visibility.CONVERSATION
    assert M.TEAM_NOBODY in reply.said
    assert bot.portal.writes("im.user.status.get") == []


async def test_who_agreed_is_shown_with_an_end_and_without_a_reason(bot: Bot) -> None:
    await bot.press("🙋 Show me", who=ANN)
    await bot.press("🙋 Show me", who=MARIA)
    [yes] = await bot.say("/team on", who=CARL, group=TEAM)
    assert yes.said == (M.TEAM_SHOWN,)
    assert yes.visibility is Visibility.SENDER_ONLY
    await bot.say("/dnd 1h", who=ANN)
    await bot.say("/away", who=CARL)

    [reply] = await bot.say("/team", who=DINA, group=TEAM)

    assert lines(reply)[:4] == [
        "Presence in this group",
        "🔕 Ann Hill: do not disturb until 11:00 (UTC+1)",
        "🌙 Carl Weber: away",
        "🟢 Мария Белова",
    ]


async def test_the_list_whose_button_was_pressed_is_true_again(bot: Bot) -> None:
    await bot.press("🙋 Show me", who=ANN)

    assert "🟢 Ann Hill" in bot.in_group(TEAM)[-1]
    assert bot.chat.alerts[-1].startswith("From now on /team shows this group your presence.")
    assert len(bot.in_group(TEAM)) == len({*bot.chat.shown})


async def test_who_takes_back_their_yes_or_leaves_is_not_shown(bot: Bot) -> None:
    for who in (ANN, CARL, MARIA):
        await bot.say("/team on", who=who, group=TEAM)
    await bot.say("/team off", who=ANN, group=TEAM)
    await bot.say("/team off", who=CARL)
    bot.chat.members[TEAM].discard(identity_of(MARIA))

    [reply] = await bot.say("/team", who=DINA, group=TEAM)

    assert M.TEAM_NOBODY in reply.said


async def test_who_left_and_came_back_is_asked_anew(bot: Bot) -> None:
    await bot.say("/team on", who=ANN, group=TEAM)
    bot.chat.members[TEAM].discard(identity_of(ANN))
    await bot.say("/team", who=DINA, group=TEAM)
    bot.chat.members[TEAM].add(identity_of(ANN))

    await bot.say("hello", who=ANN, group=TEAM)
    [reply] = await bot.say("/team", who=DINA, group=TEAM)

    assert M.TEAM_NOBODY in reply.said


async def test_a_yes_counts_for_one_group(bot: Bot) -> None:
    await bot.say("/team on", who=ANN, group=TEAM)
    bot.chat.members["-100600"] = {identity_of(ANN), identity_of(CARL)}

    [reply] = await bot.say("/team", who=ANN, group="-100600")

    assert M.TEAM_NOBODY in reply.said


async def test_without_an_account_there_is_nothing_to_show(bot: Bot) -> None:
    [reply] = await bot.say("/team on", who=DINA, group=TEAM)

    assert reply.said == (M.TEAM_NOT_LINKED,)


async def test_one_who_cannot_be_read_hides_nobody_else(bot: Bot) -> None:
    for who in (ANN, CARL):
        await bot.say("/team on", who=who, group=TEAM)
    bot.portal.force_error("insufficient_scope", 403, operation="im.user.status.get")

    [reply] = await bot.say("/team", who=DINA, group=TEAM)

    assert sorted(line[:1] for line in lines(reply)[1:3]) == sorted("⚪🟢")


# settings


async def test_administrators_choose_the_language_and_zone_of_what_is_posted(bot: Bot) -> None:
    bot.chat.admins[TEAM] = {identity_of(ANN)}
    await bot.say("/card 651", who=BORIS, group=TEAM)

    [one] = await bot.say("/settings lang ru", who=ANN, group=TEAM)
    [two] = await bot.say("/settings tz Almaty", who=ANN, group=TEAM)
    await bot.card_sweep.settle()

    assert one.said[0] == two.said[0] == M.GROUP_SETTINGS_TITLE
    assert one.visibility is Visibility.SENDER_ONLY
    assert "17:00–18:00 (UTC+5)" in bot.in_group(TEAM)[-1]
    assert "Организатор: " in bot.in_group(TEAM)[-1]
    [mine] = await bot.say("/status 651", who=ANN)
    assert "13:00–14:00 (UTC+1)" in plain(mine.text)


async def test_nobody_else_changes_them(bot: Bot) -> None:
    bot.chat.admins[TEAM] = {identity_of(ANN)}

    [reply] = await bot.say("/settings lang ru", who=BORIS, group=TEAM)

    assert reply.said == (M.GROUP_SETTINGS_REFUSED,)
    [card] = await bot.say("/card 651", who=BORIS, group=TEAM)
    assert "No answer" in plain(card.text)


async def test_buttons_of_the_settings_act_on_the_group_and_ask_anew_who_presses(bot: Bot) -> None:
    bot.chat.admins[TEAM] = {identity_of(ANN)}
    await bot.say("/settings", who=ANN, group=TEAM)

    [reply] = await bot.press("Русский", who=ANN)
    assert "Language of what I post: Русский" in plain(reply.text)
    bot.chat.admins[TEAM] = set()
    [refused] = await bot.press("English", who=ANN)

    assert refused.said == (M.GROUP_SETTINGS_REFUSED,)
    person = await bot.store.find_person(identity_of(ANN))
    assert person is not None
    assert person.language == "en"


async def test_if_nobody_can_say_who_administers_nothing_is_changed(bot: Bot) -> None:
    bot.chat.failures.append(PlatformError("TimedOut"))

    [reply] = await bot.say("/settings lang ru", who=ANN, group=TEAM)

    assert reply.said == (M.GROUP_SETTINGS_UNSURE,)


async def test_what_is_no_setting_is_said_to_be_none_and_can_be_undone(bot: Bot) -> None:
    bot.chat.admins[TEAM] = {identity_of(ANN)}
    for words in ("lang xx", "foo", "язык английскийй"):
        [reply] = await bot.say(f"/settings {words}", who=ANN, group=TEAM)
        assert reply.said == (M.GROUP_SETTINGS_UNKNOWN,)
    [reply] = await bot.say("/settings tz zzzz", who=ANN, group=TEAM)
    assert M.GROUP_SETTINGS_ZONE_UNKNOWN in reply.said

    await bot.say("/settings язык русский", who=ANN, group=TEAM)
    await bot.say("/settings пояс Almaty", who=ANN, group=TEAM)
    [zones] = await bot.say("/settings tz", who=ANN, group=TEAM)
    assert "Asia/Almaty" in plain(zones.text)
    assert not any("✓ Europe/Berlin" in button.label for button in zones.pressable)
    await bot.press("As whoever asks has it", who=ANN)
    [reply] = await bot.say("/settings lang -", who=ANN, group=TEAM)

    assert {M.GROUP_SETTINGS_LANGUAGE_OPEN, M.GROUP_SETTINGS_ZONE_OPEN} <= {*reply.said}


async def test_a_group_is_helped_with_what_it_does_together_and_learns_its_id(bot: Bot) -> None:
    [help_] = await bot.say("/help", who=ANN, group=TEAM)
    [hello] = await bot.say("/start", who=ANN, group=TEAM)

    assert help_.visibility is Visibility.CONVERSATION
    assert "/card 651" in plain(help_.text)
    assert "/forget" not in plain(help_.text)
    assert f"telegram:{TEAM}" in plain(hello.text)


# a group that gets another id


async def test_a_group_with_a_new_id_keeps_its_settings_people_and_cards() -> None:
    access = AllowList(chats=(f"telegram:{TEAM}",))
    later = "-100999000"
    async with running_bot(access=access) as bot:
        bot.chat.members[TEAM] = bot.chat.members[later] = {
            identity_of(who) for who in (ANN, BORIS)
        }
        bot.chat.admins[TEAM] = {identity_of(BORIS)}
        await bot.say("/settings lang ru", who=BORIS, group=TEAM)
        await bot.say("/team on", who=ANN, group=TEAM)
        await bot.say("/card 651", who=BORIS, group=TEAM)
        there, here = (
            Conversation(platform=Platform.TELEGRAM, chat_id=each, kind=ConversationKind.GROUP)
            for each in (TEAM, later)
        )

        for _ in range(2):
            await bot.groups.moved(there, here)
            await bot.card_sweep.settle()

        assert len(bot.in_group(later)) == 1
        await bot.press("Принять", who=ANN)
        await bot.card_sweep.settle()
        assert "✅ Придут (1): Ann Hill" in bot.in_group(later)[0]
        [team] = await bot.say("/team", who=BORIS, group=later)
        assert "Ann Hill" in plain(team.text)
        assert plain(team.text).startswith("Статусы в группе")
