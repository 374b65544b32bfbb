"""Presence in plain words, and everything that only looks like it."""

from datetime import date
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands import read_phrase, vocabulary
from bot.commands.presence_phrases import LONGEST, WORDINGS, PresencePhrase, read_presence
from bot.domain.presence import Presence
from bot.domain.spelling import look, spelled

TODAY = date(2026, 11, 23)
DND, AWAY, ONLINE = Presence.DND, Presence.AWAY, Presence.ONLINE

BARE: tuple[tuple[str, Presence], ...] = (
    *(
        (text, DND)
        for text in (
            *("dnd", "DND", "do not disturb", "Don't disturb!", "don’t disturb", "dont disturb"),
            *("do not disturb me", "please do not disturb", "do not disturb, please"),
            *("Не беспокоить", "не беспокой", "не беспокойте, пожалуйста", "не отвлекать"),
            *("меня не беспокоить", "Пожалуйста, не беспокоить.", "не\u200b беспокоить", "ｄｎｄ"),
            *("не отвлекайте меня", "«не беспокоить»", "нe бecпокоить"),
        )
    ),
    *(
        (text, AWAY)
        for text in (
            *("away", "I'm away", "I am away.", "i`m away", "afk", "brb", "be right back"),
            *("отошёл", "Отошел", "отошла", "отойду", "меня нет", "отсутствую", "нет на месте"),
            *("меня нет на месте", "я отошёл"),
        )
    ),
    *(
        (text, ONLINE)
        for text in (
            *("online", "back online", "I'm back", "I’m back!", "i am back", "I'm online"),
            *("онлайн", "на связи", "я на связи", "я на месте", "вернулся", "вернулась"),
            *("я вернулся", "Я вернулась!"),
        )
    ),
)

LASTING: tuple[tuple[str, Presence, str], ...] = (
    ("do not disturb until three", DND, "until three"),
    ("Do not disturb until 15:00, please.", DND, "until 15:00"),
    ("do not disturb me, please, for 2 hours", DND, "for 2 hours"),
    ("dnd 1h", DND, "1h"),
    ("dnd: 30 min", DND, "30 min"),
    ("dnd until tomorrow", DND, "until tomorrow"),
    ("dnd until 651", DND, "until 651"),
    ("dnd until c7", DND, "until c7"),
    ("dnd during №651", DND, "during №651"),
    ("dnd until next", DND, "until next"),
    ("dnd until the next meeting", DND, "until the next meeting"),
    ("dnd till the end of 651", DND, "till the end of 651"),
    ("do not disturb until the meeting ends", DND, "until the meeting ends"),
    ("dnd today", DND, "today"),
    ("dnd until the end of the day", DND, "until the end of the day"),
    ("не беспокоить до трёх", DND, "до трёх"),
    ("не беспокоить до 15:00, пожалуйста", DND, "до 15:00"),
    ("не беспокоить полтора часа", DND, "полтора часа"),
    ("не беспокоить до конца встречи", DND, "до конца встречи"),
    ("не беспокоить на время встречи 651", DND, "на время встречи 651"),
    ("не беспокоить до следующей встречи", DND, "до следующей встречи"),
    ("не отвлекать до вечера", DND, "до вечера"),
    ("away for an hour", AWAY, "for an hour"),
    ("I'm away until monday", AWAY, "until monday"),
    ("brb 15 min", AWAY, "15 min"),
    ("отойду на час", AWAY, "на час"),
    ("отошёл на 15 минут", AWAY, "на 15 минут"),
    ("меня нет до понедельника", AWAY, "до понедельника"),
    ("меня нет сегодня", AWAY, "сегодня"),
    ("отсутствую до 25.11 10:00", AWAY, "до 25.11 10:00"),
    ("online until 18:00", ONLINE, "until 18:00"),
    ("на связи до 18:00", ONLINE, "до 18:00"),
)

OTHER = (
    *("", " ", "please", "busy", "back", "yes", "disturb me", "until three", "hello"),
    *("dnd?", "are you away?", "away?", "отойду на час?", "не беспокоить до трёх？", "online ¿"),
    *("do not disturb the neighbours", "don't disturb Bob", "do not disturb until Bob comes"),
    *("dnd until sprint review", "не беспокоить до планёрки", "dnd during the sprint review"),
    *("away game", "away from home", "online meeting", "online until it rains", "на связи с Бобом"),
    *("меня нет дома", "меня нет в списке", "вернулся домой", "отойду от дел", "dnd 30", "dnd foo"),
    *("away tomorrow", "меня нет завтра", "away friday", "отсутствую в пятницу", "dnd 15:00"),
    *("away tomorrow evening", "away at 3pm", "отойду в 15:00", "online in 5 minutes", "dnd -5m"),
    *("I'm back tomorrow", "I'm back. Until 3 we talked", "away! until 3", "until three, dnd"),
    *("he is away", "she's back online", "не беспокоить и не звонить", "dnd until", "dnd and away"),
    *(
        "dnd until https://example.org/?EVENT_ID=651",
        "dnd until https://example.org/？EVENT_ID=651",
    ),
    *("dnd 🙂", "/dnd", "dnddnd", "dnd" + " until 3" * 40),
)


@pytest.mark.parametrize(("text", "presence"), BARE)
def test_a_presence_is_read(text: str, presence: Presence) -> None:
    assert read_presence(text, TODAY) == PresencePhrase(presence=presence)


@pytest.mark.parametrize(("text", "presence", "args"), LASTING)
def test_how_long_stays_as_it_was_typed(text: str, presence: Presence, args: str) -> None:
    assert read_presence(text, TODAY) == PresencePhrase(presence=presence, args=tuple(args.split()))


@pytest.mark.parametrize("text", OTHER)
def test_anything_else_is_none(text: str) -> None:
    assert read_presence(text, TODAY) is None


def test_a_long_text_is_talk() -> None:
    assert read_presence("dnd" + " " * (LONGEST - 3), TODAY) is not None
    assert read_presence("dnd" + " " * (LONGEST - 2), TODAY) is None


def test_every_wording_is_a_presence_and_is_spelled_plainly() -> None:
    wordings = [(text, presence) for presence, texts in WORDINGS.items() for text in texts]
    assert len(wordings) > 50
    assert len({text for text, _ in wordings}) == len(wordings)
    for text, presence in wordings:
        assert text == text.lower().replace("ё", "е"), text
        assert read_presence(text, TODAY) == PresencePhrase(presence=presence), text


def test_no_wording_is_an_entry_among_the_answers() -> None:
    answers = {
        look(spelled(text))
        for table in (vocabulary.WORDS, vocabulary.STATEMENTS, vocabulary.VERBS)
        for texts in table.values()
        for text in texts
    } | {look(spelled(text)) for text in (*vocabulary.NODS, *vocabulary.NEVER)}
    assert len(answers) > 50
    for text in chain.from_iterable(WORDINGS.values()):
        assert look(spelled(text)) not in answers, text


def test_no_text_is_both_an_answer_and_a_presence() -> None:
    answers = [
        text
        for table in (vocabulary.WORDS, vocabulary.STATEMENTS, vocabulary.VERBS)
        for texts in table.values()
        for text in texts
    ]
    presences = [*(text for text, _ in BARE), *(text for text, _, _ in LASTING)]
    presences += chain.from_iterable(WORDINGS.values())
    assert len(answers) > 50
    assert len(presences) > 100
    for text in presences:
        assert read_phrase(text) is None, text
    for text in answers:
        assert read_phrase(text) is not None, text
        for ending in ("", " until 3", " до трёх", " 1h"):
            assert read_presence(text + ending, TODAY) is None, text


_WORDS = sorted(set(" ".join(chain(OTHER, *(row[:1] for row in (*BARE, *LASTING)))).split()))


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)), st.dates()
)
@example("dnd until tomorrow", date.max)
@example("dnd until friday", date.max)
@example("away yesterday", date.min)
@example("dnd until ²", TODAY)
def test_no_text_is_too_much(text: str, today: date) -> None:
    phrase = read_presence(text, today)

    assert phrase is None or read_phrase(text) is None
    if phrase is not None:
        assert set(phrase.args) <= {word.strip(" .,:;!…«»\"'") for word in text.split()}
