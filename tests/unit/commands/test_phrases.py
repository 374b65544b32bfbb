import itertools

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.commands import Phrase, read_phrase, vocabulary
from bot.commands.phrases import LONGEST
from bot.domain.participation import Answer, ParticipationStatus
from bot.domain.spelling import look, spelled

YES = ParticipationStatus.ACCEPTED
NO = ParticipationStatus.DECLINED
MAYBE = ParticipationStatus.TENTATIVE


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((text, YES) for text in ("yes", "yep", "yeah", "ok", "okay", "sure", "+1", "👍", "✅")),
        *((text, YES) for text in ("да", "ага", "угу", "буду", "приду", "ок", "окей", "хорошо")),
        *((text, NO) for text in ("no", "nope", "👎", "❌", "can't", "cannot", "won't")),
        *((text, NO) for text in ("нет", "не смогу", "не буду", "не приду", "не получится")),
        *((text, MAYBE) for text in ("maybe", "perhaps", "🤷", "возможно", "может быть")),
        ("наверное", MAYBE),
        ("I can't make it", NO),
        ("accept", YES),
        ("отклонить", NO),
    ],
)
def test_an_answer_is_read(text: str, answer: Answer) -> None:
    assert read_phrase(text) == Phrase(answer=answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("YES", YES),
        ("  Да.  ", YES),
        ("да!!!", YES),
        ("да)))", YES),
        ("«Да»", YES),
        ("yes :)", YES),
        ("*yes*", YES),
        ("Не  буду…", NO),
        ("не\nбуду", NO),
        ("НЕ СМОГУ(", NO),
        ("I CAN’T MAKE IT", NO),
        ("canʼt", NO),
        ("can`t", NO),
        ("не приду\u200f", NO),
        ("\u200eyes\u200e", YES),
        ("ｙｅｓ！", YES),
        ("oк", YES),
        ("Hет", NO),
        ("можёт быть", MAYBE),
        ("👍🏽", YES),
        ("👍👍👍", YES),
        ("да👍", YES),
        ("✅\ufe0f", YES),
        ("❌\ufe0e", NO),
        ("👎🏿!", NO),
        ("🤷‍♂️", MAYBE),
        ("🤷🏽‍♀️", MAYBE),
        ("🤷‍♀", MAYBE),
        ("+1!", YES),
        ("+1\ufe0f", YES),
    ],
)
def test_case_punctuation_skin_gender_and_spelling_do_not_matter(text: str, answer: Answer) -> None:
    assert read_phrase(text) == Phrase(answer=answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes please", YES),
        ("yes, thank you!", YES),
        ("of course yes", YES),
        ("yes, I will be there", YES),
        ("yes I will", YES),
        ("I'll be there 🙂", YES),
        ("no, thanks", NO),
        ("sorry, no", NO),
        ("Sorry, I can't make it 😔", NO),
        ("unfortunately I won't be there", NO),
        ("да, конечно", YES),
        ("я буду", YES),
        ("обязательно приду, спасибо", YES),
        ("спасибо, нет", NO),
        ("я не буду", NO),
        ("к сожалению, не смогу прийти", NO),
        ("конечно не буду", NO),
        ("меня не будет", NO),
        ("привет! да", YES),
        ("accept, please", YES),
        ("please accept it", YES),
        ("decline this one, thanks", NO),
        ("приму это", YES),
    ],
)
def test_fillers_beside_an_answer_change_nothing(text: str, answer: Answer) -> None:
    assert read_phrase(text) == Phrase(answer=answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes no", YES),
        ("no, yes", NO),
        ("maybe no", MAYBE),
        ("no, maybe", NO),
        ("нет, да", NO),
        ("да, нет", YES),
        ("возможно, буду", MAYBE),
        ("наверное не смогу", MAYBE),
        ("не буду, наверное", NO),
        ("👎👍", NO),
        ("да да да", YES),
    ],
)
def test_the_leftmost_of_several_answers_wins(text: str, answer: Answer) -> None:
    assert read_phrase(text) == Phrase(answer=answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("ok, can't make it", NO),
        ("ок, не смогу", NO),
        ("хорошо, нет", NO),
        ("sure, maybe", MAYBE),
        ("ok ok", YES),
        ("ok, yes", YES),
        ("no, ok", NO),
        ("ок, буду", YES),
    ],
)
def test_a_nod_accepts_only_if_nothing_else_is_said(text: str, answer: Answer) -> None:
    assert read_phrase(text) == Phrase(answer=answer)


@pytest.mark.parametrize(
    "text",
    [
        "yes, can't make it",
        "да, не смогу",
        "да я не приду",
        "no, I'll be there",
        "no i will",
        "нет, буду",
        "буду, нет",
        "да нет",
        "да нет, спасибо",
        "да не приду",
        "да конечно нет",
        "yeah no",
        "ок, да нет",
    ],
)
def test_who_says_both_and_states_one_has_not_answered(text: str) -> None:
    assert read_phrase(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "?!",
        "yesterday",
        "eyes",
        "нетто",
        "нота",
        "буду́щее",
        "yes-man",
        "no-show",
        "да-нет",
        "yes/no",
        "yes or no",
        "да или нет",
        "no one",
        "no idea",
        "no problem",
        "нет проблем",
        "not yes",
        "not ok",
        "maybe not",
        "of course not",
        "yes but late",
        "да, но опоздаю",
        "не знаю",
        "не",
        "не, буду",
        "не - буду",
        "не👍",
        "небуду",
        "не обязательно",
        "да ладно",
        "да уж",
        "ok google",
        "okay-ish",
        "yes?",
        "буду?",
        "да？",
        "❓да",
        "accept 651?",
        "i can't wait",
        "i will not",
        "i'll",
        "can't complain",
        "won't miss it",
        "won't decline",
        "can't decline",
        "won't accept",
        "не буду отклонять",
        "не могу отказаться",
        "буду в 18",
        "буду на 5 минут",
        "буду через час",
        "maybe later",
        "yes tomorrow",
        "да 18:00",
        "да 18.11",
        "yes 100%",
        "+10",
        "+1,5",
        "+ 1",
        "2+1",
        "-1",
        "no.1",
        "No. 651",
        "да… 651",
        "651",
        "651 yes",
        "c7",
        "please",
        "спасибо",
        "конечно",
        "thanks, of course",
        "это",
        "it",
        "это да",
        "yes it",
        "~~yes~~",
        "[ ] yes",
        "!= yes",
        "/accept 651",
        "yes" + "s" * 5000,
        "yes " * 1000,
    ],
)
def test_what_may_mean_anything_else_is_no_answer(text: str) -> None:
    assert read_phrase(text) is None


@pytest.mark.parametrize(
    ("text", "answer", "args"),
    [
        ("accept 651", YES, ("651",)),
        ("ACCEPT 651.", YES, ("651",)),
        ("accept: 651", YES, ("651",)),
        ("accept, 651", YES, ("651",)),
        ("please accept 651", YES, ("651",)),
        ("I will accept 651", YES, ("651",)),
        ("I’ll decline 651", NO, ("651",)),
        ("I accept sprint 2", YES, ("sprint", "2")),
        ("decline Sprint Review", NO, ("Sprint", "Review")),
        ("decline «Sprint Review»!", NO, ("Sprint", "Review")),
        ("accept .NET meetup", YES, (".NET", "meetup")),
        ("accept 👨‍👩‍👧 day", YES, ("👨‍👩‍👧", "day")),
        ("accept next", YES, ("next",)),
        ("accept Accept Payments", YES, ("Accept", "Payments")),
        ("accept it all", YES, ("it", "all")),
        ("decline no meeting friday", NO, ("no", "meeting", "friday")),
        ("reject evt_external_5fA-b", NO, ("evt_external_5fA-b",)),
        ("приму 651", YES, ("651",)),
        ("Принять «Обзор спринта»", YES, ("Обзор", "спринта")),
        ("пожалуйста, прими 651 и 655", YES, ("651", "и", "655")),
        ("отклоню планёрку", NO, ("планёрку",)),
        ("откажусь от планёрки", NO, ("планёрки",)),
        ("отказаться от 651", NO, ("651",)),
        ("maybe 651", MAYBE, ("651",)),
        ("да 651", YES, ("651",)),
        ("да, 651, 655!", YES, ("651", "655")),
        ("no c7", NO, ("c7",)),
        ("нет с7", NO, ("с7",)),
        ("yes C7 and B12 please", YES, ("C7", "B12")),
        ("yes to #651", YES, ("#651",)),
        ("yes 651,655", YES, ("651,655",)),
        ("👍 651", YES, ("651",)),
        ("👍🏽 651", YES, ("651",)),
        ("+1 651", YES, ("651",)),
        ("ok 651", YES, ("651",)),
        ("буду на 651", YES, ("651",)),
        ("не приду на 651", NO, ("651",)),
        ("can't make it to c7", NO, ("c7",)),
        ("yes evt_external_5fA-b", YES, ("evt_external_5fA-b",)),
        ("да \u206851\u2069", YES, ("51",)),
    ],
)
def test_an_event_is_named_after_the_answer(
    text: str, answer: Answer, args: tuple[str, ...]
) -> None:
    assert read_phrase(text) == Phrase(answer=answer, args=args)


@pytest.mark.parametrize(
    "text",
    [
        "don't accept 651",
        "do not accept 651",
        "please don't accept 651",
        "I don't accept 651",
        "not accept 651",
        "не приму 651",
        "не принимаю 651",
        "не отклоняй 651",
        "не отклоню 651",
        "не откажусь от 651",
        "не могу принять 651",
        "не буду отклонять 651",
        "can't accept 651",
        "won't decline 651",
        "accept 651 not 655",
        "accept 651, don't decline",
        "accept 651, decline 655",
        "отклони 651, прими 655",
        "приму 651, 655 отклоню",
        "принять не могу",
        "отклонить не смогу",
        "yes accept 651",
        "no accept 651",
        "651 accept",
        "event 651 accept",
        "accepted 651",
        "accept.651",
        "accept:651",
        "Accept. 651",
        "откажусь от",
        "yes sprint review",
        "да планёрка",
        "no 651 budget",
        "yes to",
        "yes and",
    ],
)
def test_a_named_event_is_never_answered_by_a_guess(text: str) -> None:
    assert read_phrase(text) is None


_TABLES = (vocabulary.WORDS, vocabulary.STATEMENTS, vocabulary.VERBS)
_ANSWERS = [
    *((entry, answer) for table in _TABLES for answer, words in table.items() for entry in words),
    *((entry, YES) for entry in vocabulary.NODS),
]
_NEGATORS = ("не", "not", "don't", "don’t", "do not", "dont", "never", "НЕ", "не\u200b", "нe")


@pytest.mark.parametrize(("entry", "answer"), _ANSWERS)
def test_every_answer_of_the_vocabulary_is_read_as_what_it_is_listed_under(
    entry: str, answer: Answer
) -> None:
    for text in (entry, entry.upper(), f"«{entry}»!", entry.replace("'", "’"), f"я {entry}"):
        assert read_phrase(text) == Phrase(answer=answer), text


@pytest.mark.parametrize(("entry", "answer"), _ANSWERS)
def test_a_negation_before_an_answer_never_leaves_that_answer(entry: str, answer: Answer) -> None:
    before = ("", "я ", "please ", "i ", "ок, ")
    for start, negator, tail in itertools.product(before, _NEGATORS, ("", " 651", " it")):
        phrase = read_phrase(f"{start}{negator} {entry}{tail}")
        assert phrase is None or phrase.answer is not answer, (start, negator, tail)


def test_the_vocabulary_is_written_as_it_is_compared() -> None:
    entries = [entry for entry, _ in _ANSWERS]
    entries += [*vocabulary.FILLERS, *vocabulary.THIS, *vocabulary.NEVER, *vocabulary.NEGATIONS]

    assert len(entries) > 100
    assert [entry for entry in entries if entry != entry.lower() or "ё" in entry] == []
    assert [entry for entry in entries if " ".join(entry.split()) != entry or "’" in entry] == []


_WORDS = sorted(
    {word for entry, _ in _ANSWERS for word in entry.split()}
    | set(vocabulary.FILLERS)
    | set(vocabulary.THIS)
    | {"не", "not", "don't", "и", "651", "c7", "#655", "evt_a", "sprint", "планёрка", "от", "?"}
)
_SAID = st.lists(
    st.tuples(st.sampled_from(_WORDS), st.sampled_from([" ", " ", " ", ", ", ". ", "", "\u200b"]))
).map(lambda pairs: "".join(itertools.chain.from_iterable(pairs)))
_LOOKS = {look(word) for entry in _WORDS for word in entry.split()}
_VERBS = [verb for verbs in vocabulary.VERBS.values() for verb in verbs]
_LETTERS = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd"]), min_size=1, max_size=5)


@given(st.one_of(st.text(), _SAID))
@example("accept " + "\ufdfa" * 100)
@example("\U0001f3fb\ufe0f yes")
def test_no_text_makes_it_raise_and_what_it_names_stands_in_the_text_in_that_order(
    text: str,
) -> None:
    phrase = read_phrase(text)

    place = 0
    for arg in phrase.args if phrase is not None else ():
        assert arg
        place = text.index(arg, place) + len(arg)


@given(st.one_of(st.text(), st.lists(st.sampled_from(vocabulary.FILLERS)).map(" ".join)))
def test_a_text_without_an_answer_is_none(text: str) -> None:
    seen = look(spelled(text.replace("’", "'")))
    assume(not any(look(entry.split()[0]) in seen for entry, _ in _ANSWERS))

    assert read_phrase(text) is None


@given(st.sampled_from([entry for entry, _ in _ANSWERS if entry[-1].isalnum()]), _LETTERS)
@example("yes", "terday")
@example("нет", "то")
def test_letters_added_to_an_answer_leave_none(entry: str, letters: str) -> None:
    first, *_, last = [*entry.split(), *entry.split()]
    assume(not {look(spelled(f"{last}{letters}")), look(spelled(f"{letters}{first}"))} & _LOOKS)

    assert read_phrase(f"{entry}{letters}") is None
    assert read_phrase(f"{letters}{entry}") is None


@given(_SAID, st.sampled_from(_NEGATORS), st.sampled_from(_VERBS), _SAID)
def test_among_any_words_a_negated_verb_is_not_carried_out(
    before: str, negator: str, verb: str, after: str
) -> None:
    assert read_phrase(f"{before} {negator} {verb} {after}") is None


@pytest.mark.parametrize(
    "text",
    [
        "yes " * 25_000,
        "не " * 33_000,
        "👍" * 100_000,
        "\u200b" * 100_000,
        "\u0316\u0301" * 50_000,
        "'" * 100_000,
        "." * 100_000,
        " " * 100_000 + "yes",
        "accept " + "a " * 50_000,
        ("i " * LONGEST)[:LONGEST],
        "yes" + ("\u0316\u0301" * LONGEST)[: LONGEST - 3],
        "accept " + ("," * LONGEST)[: LONGEST - 7],
    ],
)
@pytest.mark.timeout(20)
def test_a_hundred_thousand_characters_are_read_in_one_go(text: str) -> None:
    # A second on a busy machine; going over them again for each would take minutes.
    read_phrase(text)
