import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands import Command, parse
from bot.domain.spelling import MARKS, look, narrowed, spelled


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("/accept 651", "accept", ("651",)),
        ("  /ACCEPT   651\t655 ", "accept", ("651", "655")),
        ("/accept@acme_rsvp_bot 651", "accept", ("651",)),
        ("/Accept@ACME_rsvp_bot 651", "accept", ("651",)),
        ("/dnd\n", "dnd", ()),
        ("/accept\n651", "accept", ("651",)),
        ("/accept\u00a0651", "accept", ("651",)),
        ("/accept Sprint «Review», part 2!", "accept", ("Sprint", "«Review»,", "part", "2!")),
    ],
)
def test_a_command_is_read_in_any_case_with_any_spaces_and_the_own_mention(
    text: str, name: str, args: tuple[str, ...]
) -> None:
    command = parse(text, "acme_rsvp_bot")

    assert command is not None
    assert (command.name, command.args) == (name, args)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/ассерt 651", "accept"),
        ("/ассерт 651", "accept"),
        ("/АССЕРТ 651", "accept"),
        ("/аccept 651", "accept"),
        ("/ѕтатuѕ 651", "status"),
        ("/МЕ 651", "me"),
        ("/tоkеn 651", "token"),
        ("/wһо 651", "who"),
        ("/ＡＣＣＥＰＴ 651", "accept"),
        ("／accept 651", "accept"),
        ("/ассерt@аcme_rsvр_bot 651", "accept"),
        ("/АССЕРТ@АСМЕ_RSVP_BОT 651", "accept"),
    ],
)
def test_a_name_in_which_a_latin_one_can_be_seen_is_that_name(text: str, name: str) -> None:
    command = parse(text, "acme_rsvp_bot")

    assert command is not None
    assert (command.name, command.args) == (name, ("651",))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/принять 651", "принять"),
        ("/ПРИНЯТЬ 651", "принять"),
        ("/приглашени\u044f 651", "приглашения"),
        ("/фссузе 651", "фссузе"),
        ("/еж\u0438\u0306 651", "ежй"),
        ("/café 651", "café"),
        ("/予定 651", "予定"),
        ("/не_беспокоить@acme_rsvp_bot 651", "не_беспокоить"),
    ],
)
def test_any_other_word_after_a_slash_is_a_command_by_that_name(text: str, name: str) -> None:
    command = parse(text, "acme_rsvp_bot")

    assert command is not None
    assert (command.name, command.args) == (name, ("651",))


@pytest.mark.parametrize(
    "text",
    [
        "\u200b/accept 651",
        "\ufeff/accept 651",
        "\u200e \u200f /accept \u2068651\u2069",
        "/ac\u200bcept\u200f 651\u200e",
        "/\u2066accept\u2069 \u200b 651",
        "/accept@me\u200e 651",
        "/accept@\u2066me\u2069 651",
        "/ac\u00adcept 651",
    ],
)
def test_marks_of_no_width_and_of_direction_do_not_stand_in_the_way(text: str) -> None:
    command = parse(text, "me")

    assert command is not None
    assert (command.name, command.args) == ("accept", ("651",))


def test_an_emoji_of_several_parts_stays_whole_in_a_title() -> None:
    assert parse("/accept 👨‍👩‍👧 day", "me") == Command(name="accept", args=("👨‍👩‍👧", "day"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\u200b",
        "accept 651",
        "принять 651",
        "please /accept 651",
        "/",
        "//accept 651",
        "/ accept 651",
        "\\accept 651",
        "/accept@other_bot 651",
        "/accept@ 651",
        "/accept,651",
        "/651",
        "/٦٥١",
        "/_accept",
        "/accept/651",
        "/" + "a" * 33,
        "/" + "ж" * 33,
        "/a" + "\u0301" * 500,
    ],
)
def test_what_does_not_start_with_a_command_of_ours_is_none(text: str) -> None:
    assert parse(text, "acme_rsvp_bot") is None


def test_a_mention_makes_a_command_addressed() -> None:
    assert parse("/accept@me 1", "me") == Command(name="accept", args=("1",), addressed=True)
    assert parse("/accept 1", "me") == Command(name="accept", args=("1",), addressed=False)


def test_a_command_of_text_comes_from_no_button() -> None:
    command = parse("/accept 1", "me")

    assert command is not None
    assert (command.pressed, command.about, command.confirmed) == (False, (), False)


_LETTERS = st.text(st.sampled_from("acceptассерТ/@_651 \t\n" + MARKS + "／ａé\u0301"))


@given(st.one_of(st.text(), _LETTERS, _LETTERS.map(lambda text: f"/{text}")))
@example("/" + "İ" * 32)
def test_no_text_of_any_kind_makes_the_parser_raise(text: str) -> None:
    command = parse(text, "me")

    if command is not None:
        assert "/" in narrowed(text)
        assert command.name == command.name.lower()
        assert all(arg in text and arg == arg.strip() for arg in command.args)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
def test_ascii_is_spelled_and_looks_like_itself(word: str) -> None:
    assert look(spelled(word)) == word.lower()


def test_every_look_alike_looks_like_one_latin_letter_in_both_cases() -> None:
    letters = "авсԁеёнһіїјкӏморԛѕтѵԝхуү"
    seen = look(letters)

    assert len(seen) == len(letters)
    assert seen.isascii()
    assert seen.islower()
    assert look(spelled(letters.upper())) == seen


def test_every_mark_is_one_that_is_taken_out_where_keys_are_looked_for() -> None:
    assert len(MARKS) > 20
    assert {unicodedata.category(mark) for mark in MARKS} == {"Cf"}


@pytest.mark.parametrize(
    "text",
    [
        "/" * 100_000,
        "/accept " + "651 " * 25_000,
        "\u200b" * 100_000 + "/accept",
        "\u0316\u0301" * 50_000,
        "/" + "a\u0316\u0301" * 33_000,
        "/accept@" + "м" * 100_000,
    ],
)
def test_a_hundred_thousand_characters_take_no_time(text: str) -> None:
    started = time.process_time()

    parse(text, "me")

    assert time.process_time() - started < 0.5
