import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands import read_names
from bot.commands.naming import strip_copied
from bot.domain.naming import ByName, ByTitle, Handle, Keyword, Names
from bot.domain.participation import EventRef
from bot.domain.providers import Provider

LETTERS = frozenset("cb")


def _parse_ref(word: str) -> EventRef | None:
    """As the providers do it."""
    if re.fullmatch(r"[1-9][0-9]{0,18}", word):
        return EventRef(provider=Provider.BITRIX24, event_id=word)
    if re.fullmatch(r"evt_[A-Za-z0-9_\-]{1,120}", word):
        return EventRef(provider=Provider.CRONOFY, event_id=word)
    return None


def _read(text: str) -> Names:
    return read_names(text.split(), parse_ref=_parse_ref, letters=LETTERS)


def _named(text: str) -> list[str]:
    names = _read(text)
    assert isinstance(names, ByName), names
    return [
        str(name) if isinstance(name, Handle) else f"{name.provider}:{name.event_id}"
        for name in names.names
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("651", ["bitrix24:651"]),
        ("evt_external_5fA-b", ["cronofy:evt_external_5fA-b"]),
        ("651 655", ["bitrix24:651", "bitrix24:655"]),
        ("655,651", ["bitrix24:655", "bitrix24:651"]),
        ("651, 655; 652 ,653", ["bitrix24:651", "bitrix24:655", "bitrix24:652", "bitrix24:653"]),
        ("651 and 655", ["bitrix24:651", "bitrix24:655"]),
        ("651 и 655", ["bitrix24:651", "bitrix24:655"]),
        ("651 & c7 & evt_a", ["bitrix24:651", "c7", "cronofy:evt_a"]),
        ("651 please", ["bitrix24:651"]),
        ("пожалуйста 651, спасибо!", ["bitrix24:651"]),
        ("651 655 651", ["bitrix24:651", "bitrix24:655"]),
        ("c7 C7 с7 С7 #c7", ["c7"]),
        ("b12", ["b12"]),
        ("В12", ["b12"]),
        ("c99999", ["c99999"]),
        ("６５１", ["bitrix24:651"]),
        ("ｃ７", ["c7"]),
        ("EVENT_ID=651", ["bitrix24:651"]),
        ("event_id=651", ["bitrix24:651"]),
        ("#651", ["bitrix24:651"]),
        ("№651", ["bitrix24:651"]),
        ("№ 651", ["bitrix24:651"]),
        ("651.", ["bitrix24:651"]),
        ("651:", ["bitrix24:651"]),
        ("651!!", ["bitrix24:651"]),
        ("«651»", ["bitrix24:651"]),
        ("(#651).", ["bitrix24:651"]),
        ("'651'", ["bitrix24:651"]),
        ("\u2068651\u2069", ["bitrix24:651"]),
        ("- 651", ["bitrix24:651"]),
    ],
)
def test_ids_and_handles_are_events_in_the_order_given_each_once(
    text: str, names: list[str]
) -> None:
    assert _named(text) == names


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("next", Keyword.NEXT),
        ("NEXT!", Keyword.NEXT),
        ("the next one", Keyword.NEXT),
        ("next meeting please", Keyword.NEXT),
        ("my next event", Keyword.NEXT),
        ("следующее", Keyword.NEXT),
        ("следующую встречу", Keyword.NEXT),
        ("Ближайшее", Keyword.NEXT),
        ("моё ближайшее событие", Keyword.NEXT),
        ("ближайшей встречи", Keyword.NEXT),
        ("last", Keyword.LAST),
        ("the last one", Keyword.LAST),
        ("последнее", Keyword.LAST),
        ("последнюю, пожалуйста", Keyword.LAST),
        ("последнего приглашения", Keyword.LAST),
    ],
)
def test_next_and_last_are_keywords_with_the_words_around_them(text: str, keyword: Keyword) -> None:
    assert _read(text) is keyword


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sprint review", ["sprint", "review"]),
        ("«Sprint Review»", ["Sprint", "Review"]),
        ("Планёрка!", ["Планёрка"]),
        ("sprint 2", ["sprint", "2"]),
        ("651 budget", ["651", "budget"]),
        ("651 and budget", ["651", "and", "budget"]),
        ("research and development", ["research", "and", "development"]),
        ("the sprint review please", ["sprint", "review"]),
        ("please the review, thanks", ["review"]),
        ("the", ["the"]),
        ("meeting", ["meeting"]),
        ("next sprint", ["next", "sprint"]),
        ("sprint next", ["sprint", "next"]),
        ("next 3", ["next", "3"]),
        ("next last", ["next", "last"]),
        ("nextcloud", ["nextcloud"]),
        ("следующие", ["следующие"]),
        ("a7", ["a7"]),
        ("c0", ["c0"]),
        ("c07", ["c07"]),
        ("c123456", ["c123456"]),
        ("cc7", ["cc7"]),
        ("c7x", ["c7x"]),
        ("c٧", ["c٧"]),
        ("c1٧", ["c1٧"]),
        ("0", ["0"]),
        ("-651", ["-651"]),
        ("651abc", ["651abc"]),
        ("٦٥١", ["٦٥١"]),
        ("65²", ["65²"]),
        ("12345678901234567890", ["12345678901234567890"]),
        ("651 - budget", ["651", "budget"]),
        ("C++ .NET", ["C++", ".NET"]),
        ("👨‍👩‍👧 day", ["👨‍👩‍👧", "day"]),
    ],
)
def test_anything_else_is_words_of_a_title_and_so_are_the_numbers_among_them(
    text: str, words: list[str]
) -> None:
    assert _read(text) == ByTitle(words=tuple(words))


@pytest.mark.parametrize("text", ["", "please", "and", "и, спасибо", ", ;", "- — #", "«»", "…"])
def test_nothing_is_named_by_nothing_or_by_courtesy(text: str) -> None:
    assert _read(text) is None


def test_a_provider_comes_before_a_handle() -> None:
    ref = EventRef(provider=Provider.BITRIX24, event_id="c7")

    names = read_names(["c7", "с7"], parse_ref={"c7": ref}.get, letters=LETTERS)

    assert names == ByName(names=(ref, Handle(letter="c", number=7)))


def test_without_letters_there_are_no_handles() -> None:
    assert read_names(["c7"], parse_ref=_parse_ref, letters="") == ByTitle(words=("c7",))


_ARGS = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from(
            [
                "651",
                "#651",
                "c7",
                "С7",
                "next",
                "the",
                "and",
                "please",
                "sprint",
                ",",
                "«",
                "EVENT_ID=",
            ]
        ),
    )
)


@given(_ARGS)
@example(["EVENT_ID=" * 3])
def test_no_words_make_it_raise_and_none_is_made_up(args: list[str]) -> None:
    names = read_names(args, parse_ref=_parse_ref, letters=LETTERS)

    if isinstance(names, ByName):
        assert names.names
        assert len(set(names.names)) == len(names.names)
    elif isinstance(names, ByTitle):
        assert names.words
        assert all(word == word.strip() for word in names.words)


@given(st.lists(st.sampled_from(["651", "c7", "and", "please", "#12"])), st.text(min_size=1))
def test_one_word_that_is_no_name_and_no_filler_keeps_all_from_being_answered(
    args: list[str], word: str
) -> None:
    assert not isinstance(
        read_names([*args, f"x{word}x"], parse_ref=_parse_ref, letters=LETTERS), ByName
    )


@given(st.text(st.sampled_from("#№«»EVENT_ID=651.,;:! -")))
@example("#«#651»!.")
def test_what_is_stripped_is_stripped_at_once(word: str) -> None:
    assert strip_copied(strip_copied(word)) == strip_copied(word)


@pytest.mark.parametrize(
    "text",
    [
        "651 " * 25_000,
        "," * 100_000,
        "#" * 100_000,
        "c" * 100_000,
        "\u0316\u0301" * 50_000,
        "(" * 100_000,
    ],
)
@pytest.mark.timeout(20)
def test_a_hundred_thousand_characters_are_read_in_one_go(text: str) -> None:
    # A second on a busy machine; going over them again for each would take minutes.
    _read(text)
