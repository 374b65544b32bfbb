"""Every decision about a Bitrix24 invitation, with the sentence that is read, in both languages."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bot.sandbox.bitrix24 import Portal
from bot.sandbox.bitrix24.seed import (
    BOARD_CALL,
    BUDGET,
    COURSE,
    DENTIST,
    DESIGN_CRITIQUE,
    KICK_OFF,
    OUTING,
    PRIVATE,
    SPRINT_REVIEW,
    STAND_UP,
)
from bot.sandbox.company import ANN, BORIS
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, plain


def _answered(event_id: int, letter: str) -> Callable[[Portal], None]:
    def prepare(portal: Portal) -> None:
        row = portal.row_of(event_id, ANN.user_id)
        assert row is not None
        row.status = letter

    return prepare


def _nothing(_portal: Portal) -> None:
    pass


def _never_applies(portal: Portal) -> None:
    portal.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="calendar.meeting.status.set"))


def _removed_from_list(portal: Portal) -> None:
    # The row stays behind, deleted: its status can still be read, but the list has her no more.
    row = portal.row_of(SPRINT_REVIEW, ANN.user_id)
    assert row is not None
    row.deleted = True


def _deleted(portal: Portal) -> None:
    for row in portal.rows.values():
        if row.parent_id == SPRINT_REVIEW:
            row.deleted = True


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the decision list."""

    says: str
    en: str
    ru: str
    writes: int
    holds: str | None
    event: int = SPRINT_REVIEW
    prepare: Callable[[Portal], None] = field(default=_nothing)


CASES = {
    "accepted": Case(
        says=f"/accept {SPRINT_REVIEW}",
        en="✅ Accepted: Sprint review\nThu 5 Mar 13:00–14:00 (UTC+1) · 651",
        ru="✅ Принято: Sprint review\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651",
        writes=1,
        holds="Y",
    ),
    "declined": Case(
        says=f"/decline {SPRINT_REVIEW}",
        en="❌ Declined: Sprint review\nThu 5 Mar 13:00–14:00 (UTC+1) · 651",
        ru="❌ Отклонено: Sprint review\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651",
        writes=1,
        holds="N",
    ),
    "already accepted": Case(
        says=f"/accept {SPRINT_REVIEW}",
        prepare=_answered(SPRINT_REVIEW, "Y"),
        en="✅ Already accepted: Sprint review\nThu 5 Mar 13:00–14:00 (UTC+1) · 651\n"
        "Nothing was changed, and nobody was notified.",
        ru="✅ Уже принято: Sprint review\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651\n"
        "Ничего не изменено, никто не уведомлён.",
        writes=0,
        holds="Y",
    ),
    "already declined": Case(
        says=f"/decline {SPRINT_REVIEW}",
        prepare=_answered(SPRINT_REVIEW, "N"),
        en="❌ Already declined: Sprint review\nThu 5 Mar 13:00–14:00 (UTC+1) · 651\n"
        "Nothing was changed, and nobody was notified.",
        ru="❌ Уже отклонено: Sprint review\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651\n"
        "Ничего не изменено, никто не уведомлён.",
        writes=0,
        holds="N",
    ),
    "the portal keeps another status": Case(
        says=f"/accept {SPRINT_REVIEW}",
        prepare=_never_applies,
        en="▫️ Not answered: Sprint review\nThu 5 Mar 13:00–14:00 (UTC+1) · 651\n"
        "⚠️ You asked to accept it, but the calendar holds what is shown above. "
        "Try again: /accept 651",
        ru="▫️ Без ответа: Sprint review\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651\n"
        "⚠️ Вы хотели принять приглашение, но в календаре то, что показано выше. "
        "Попробуйте ещё раз: /accept 651",
        writes=1,
        holds="Q",
    ),
    "no such event": Case(
        says="/accept 99999",
        event=99999,
        en="No event 99999 that you can see: the number is wrong, or it was deleted, or it is "
        "private. Nothing was changed.",
        ru="Не вижу события 99999: номер неверный, либо оно удалено или закрыто. "
        "Ничего не изменено.",
        writes=0,
        holds=None,
    ),
    "deleted event": Case(
        says=f"/accept {SPRINT_REVIEW}",
        prepare=_deleted,
        en="No event 651 that you can see: the number is wrong, or it was deleted, or it is "
        "private. Nothing was changed.",
        ru="Не вижу события 651: номер неверный, либо оно удалено или закрыто. Ничего не изменено.",
        writes=0,
        holds="Q",
    ),
    "private event of somebody else": Case(
        says=f"/accept {PRIVATE}",
        event=PRIVATE,
        en="No event 684 that you can see: the number is wrong, or it was deleted, or it is "
        "private. Nothing was changed.",
        ru="Не вижу события 684: номер неверный, либо оно удалено или закрыто. Ничего не изменено.",
        writes=0,
        holds=None,
    ),
    "not a meeting": Case(
        says=f"/accept {DENTIST}",
        event=DENTIST,
        en="Dentist is no meeting, it has no guests to answer. Nothing was changed.\n"
        "Sun 8 Mar 08:00–09:00 (UTC+1) · 688",
        ru="Dentist — не встреча, отвечать на неё некому. Ничего не изменено.\n"
        "вс, 8 мар. 08:00–09:00 (UTC+1) · 688",
        writes=0,
        holds="H",
    ),
    "not invited": Case(
        says=f"/accept {BOARD_CALL}",
        event=BOARD_CALL,
        en="You are not among the guests of Board call. Nothing was changed. "
        "The organizer can invite you.\nWed 4 Mar 07:00–08:00 (UTC+1) · 664",
        ru="Вас нет среди приглашённых на Board call. Ничего не изменено. "
        "Пригласить вас может организатор.\nср, 4 мар. 07:00–08:00 (UTC+1) · 664",
        writes=0,
        holds=None,
    ),
    "removed from the list later": Case(
        says=f"/accept {SPRINT_REVIEW}",
        prepare=_removed_from_list,
        en="You are not among the guests of Sprint review. Nothing was changed. "
        "The organizer can invite you.\nThu 5 Mar 13:00–14:00 (UTC+1) · 651",
        ru="Вас нет среди приглашённых на Sprint review. Ничего не изменено. "
        "Пригласить вас может организатор.\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651",
        writes=0,
        holds="Q",
    ),
    "own meeting": Case(
        says=f"/decline {DESIGN_CRITIQUE}",
        event=DESIGN_CRITIQUE,
        en="You organize Design critique, so there is nothing to answer. Nothing was changed.\n"
        "Sat 7 Mar 13:00–14:00 (UTC+1) · 660",
        ru="Вы организатор события Design critique, отвечать не нужно. Ничего не изменено.\n"
        "сб, 7 мар. 13:00–14:00 (UTC+1) · 660",
        writes=0,
        holds="H",
    ),
    "maybe while the organizer is notified": Case(
        says=f"/maybe {SPRINT_REVIEW}",
        prepare=_answered(SPRINT_REVIEW, "Y"),
        en="Bitrix24 has no “maybe”. I can only take your answer back for Sprint review, and the "
        "organizer may be told that you declined.\nThu 5 Mar 13:00–14:00 (UTC+1) · 651\n"
        "Nothing has been changed yet.",
        ru="В Битрикс24 нет «под вопросом». Я могу только снять ваш ответ на Sprint review, а "
        "организатору может прийти сообщение об отказе.\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651\n"
        "Пока ничего не изменено.",
        writes=0,
        holds="Y",
    ),
    "maybe while nobody is notified": Case(
        says=f"/maybe {BUDGET}",
        event=BUDGET,
        prepare=_answered(BUDGET, "Y"),
        en="▫️ Not answered: Обсуждение бюджета\nFri 6 Mar 07:00–08:00 (UTC+1) · 655\n"
        "Bitrix24 has no “maybe”: the invitation now shows no answer from you.",
        ru="▫️ Без ответа: Обсуждение бюджета\nпт, 6 мар. 07:00–08:00 (UTC+1) · 655\n"
        "В Битрикс24 нет «под вопросом»: теперь в приглашении нет вашего ответа.",
        writes=1,
        holds="Q",
    ),
    "maybe on what is not answered": Case(
        says=f"/maybe {SPRINT_REVIEW}",
        en="▫️ Already without an answer: Sprint review\nThu 5 Mar 13:00–14:00 (UTC+1) · 651\n"
        "Bitrix24 has no “maybe”: the invitation shows no answer from you, and stays so.\n"
        "Nothing was changed, and nobody was notified.",
        ru="▫️ Уже без ответа: Sprint review\nчт, 5 мар. 13:00–14:00 (UTC+1) · 651\n"
        "В Битрикс24 нет «под вопросом»: вашего ответа в приглашении нет, так и останется.\n"
        "Ничего не изменено, никто не уведомлён.",
        writes=0,
        holds="Q",
    ),
    "series": Case(
        says=f"/accept {STAND_UP}",
        event=STAND_UP,
        en="✅ Accepted: Weekly stand-up\nTue 3 Mar 09:00–09:30 (UTC+1) · 668\n"
        "The answer counts for the whole series; the time shown is that of the next one.",
        ru="✅ Принято: Weekly stand-up\nвт, 3 мар. 09:00–09:30 (UTC+1) · 668\n"
        "Ответ относится ко всей серии; указано время ближайшей встречи.",
        writes=1,
        holds="Y",
    ),
    "series that is over": Case(
        says=f"/accept {COURSE}",
        event=COURSE,
        en="✅ Accepted: Onboarding course\nWed 21 Jan 14:00–15:00 (UTC+1) · 672\n"
        "This is a series, and no meeting of it is left.",
        ru="✅ Принято: Onboarding course\nср, 21 янв. 14:00–15:00 (UTC+1) · 672\n"
        "Это серия, и встреч в ней больше не осталось.",
        writes=1,
        holds="Y",
    ),
    "past event": Case(
        says=f"/accept {KICK_OFF}",
        event=KICK_OFF,
        en="✅ Accepted: Kick-off\nTue 24 Feb 10:00–11:00 (UTC+1) · 676\nThis event is over.",
        ru="✅ Принято: Kick-off\nвт, 24 февр. 10:00–11:00 (UTC+1) · 676\nЭто событие уже прошло.",
        writes=1,
        holds="Y",
    ),
    "all-day event": Case(
        says=f"/accept {OUTING}",
        event=OUTING,
        en="✅ Accepted: Выезд на природу\nSat 14 Mar – Sun 15 Mar, all day · 680",
        ru="✅ Принято: Выезд на природу\nсб, 14 мар. – вс, 15 мар., весь день · 680",
        writes=1,
        holds="Y",
    ),
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", CASES)
async def test_what_is_answered_written_and_held(bot: Bot, name: str, language: str) -> None:
    case = CASES[name]
    case.prepare(bot.portal)

    replies = await bot.say(case.says, language=language)

    assert [plain(reply.text) for reply in replies] == [case.en if language == "en" else case.ru]
    assert len(bot.portal.writes("calendar.meeting.status.set")) == case.writes
    assert bot.portal.status_of(case.event, ANN.user_id) == case.holds


async def test_the_organizer_is_told_once_however_often_it_is_said(bot: Bot) -> None:
    for _ in range(3):
        await bot.say(f"/accept {SPRINT_REVIEW}")

    assert [(notice.kind, notice.to_user) for notice in bot.portal.notices] == [
        ("accept", BORIS.user_id)
    ]


async def test_maybe_is_set_after_a_yes_and_left_alone_after_a_no(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")

    await bot.say(f"/maybe {SPRINT_REVIEW}")
    [kept] = await bot.press("Leave it")
    assert kept.text.startswith("Nothing was changed.\n✅ Accepted: <b>Sprint review</b>")
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"

    await bot.say(f"/maybe {SPRINT_REVIEW}")
    [taken_back] = await bot.press("Take my answer back")
    assert taken_back.text.startswith("▫️ Not answered: <b>Sprint review</b>")
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Q"
    assert bot.chat.posted[-1][1].edits is not None


async def test_a_question_is_answered_once(bot: Bot) -> None:
    """Both buttons may be pressed before the first press has taken them away."""
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/maybe {SPRINT_REVIEW}")
    card_id, question = bot.chat.posted[-1]
    keys = {
        button.label: key
        for key, button in zip(question.keys, question.reply.pressable, strict=True)
    }
    await bot.press("Leave it")

    [late] = await bot.press_key(keys["Take my answer back"], card_id)
    [again] = await bot.press_key(keys["Leave it"], card_id)

    assert late.said == ("confirm.answered",)
    assert again.text.startswith("Nothing was changed.\n✅ Accepted: <b>Sprint review</b>")
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


async def test_an_expired_question_changes_nothing_and_says_so(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/maybe {SPRINT_REVIEW}")
    bot.clock.advance(301)

    [reply] = await bot.press("Take my answer back")

    assert reply.said == ("confirm.expired",)
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


async def test_nobody_can_press_the_button_of_another(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/maybe {SPRINT_REVIEW}")

    [reply] = await bot.press("Take my answer back", who=BORIS)

    assert reply.said == ("button.not_yours",)
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert bot.portal.status_of(SPRINT_REVIEW, BORIS.user_id) == "H"


async def test_a_made_up_button_key_does_nothing(bot: Bot) -> None:
    [reply] = await bot.press_key("made-up", "m1")

    assert reply.said == ("button.unknown",)


async def test_several_events_get_a_reply_each_and_one_failure_stops_no_other(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}, {SPRINT_REVIEW} {BUDGET}")
    for row in bot.portal.rows.values():
        row.deleted |= row.parent_id == BUDGET
    replies = await bot.press("Yes, all 2")

    assert [reply.said[0] for reply in replies] == ["card.gone", "held.accepted"]
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ("/accept 0", "usage.bad_event"),
        ("/accept -651", "usage.bad_event"),
        ("/accept ٦٥١", "usage.bad_event"),
        ("/accept 12345678901234567890", "usage.bad_event"),
        ("/accept 1 2 3 4 5 6 7 8 9 10 11", "usage.too_many_events"),
        ("/dnd 1x", "usage.span"),
        ("/presence please", "usage.no_argument"),
        ("/acept 651", "unknown.suggest"),
        ("/zzzz", "unknown.command"),
        ("please do something", "unknown.text"),
    ],
)
async def test_bad_input_gets_one_sentence_and_asks_the_portal_nothing(
    bot: Bot, says: str, said: str
) -> None:
    [reply] = await bot.say(says)

    assert reply.said == (said,)
    assert bot.portal.hits == 0


@pytest.mark.parametrize("text", ["abc", "651abc", "651 abc", "evt", "²"])
async def test_what_names_no_event_changes_nothing_and_says_where_to_look(
    bot: Bot, text: str
) -> None:
    [reply] = await bot.say(f"/accept {text}")

    assert reply.said[0] in {"which.no_match", "usage.bad_event"}
    assert bot.portal.writes("calendar.meeting.status.set") == []


async def test_one_hit_reads_and_one_hit_writes_and_reads_back(bot: Bot) -> None:
    await bot.say(f"/decline {SPRINT_REVIEW}")

    assert bot.portal.hits == 2


async def test_what_an_accepted_event_overlaps_costs_one_read_of_each_source(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")

    assert (bot.portal.hits, bot.cronofy.hits["events"]) == (3, 1)


async def test_title_and_times_are_reused_for_a_minute_but_never_the_own_status(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    for row in bot.portal.rows.values():
        if row.parent_id == SPRINT_REVIEW:
            row.name = "Renamed"
            row.status = "N" if row.owner_id == ANN.user_id else row.status

    [within] = await bot.say(f"/status {SPRINT_REVIEW}")
    bot.clock.advance(61)
    [later] = await bot.say(f"/status {SPRINT_REVIEW}")

    assert within.text.startswith("❌ Declined: <b>Sprint review</b>")
    assert later.text.startswith("❌ Declined: <b>Renamed</b>")
