from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import Command, CommandSpec, Context, Router, build_router, parse
from bot.domain.chat import Reply


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("/accept 651", "accept", ("651",)),
        ("  /ACCEPT   651\t655 ", "accept", ("651", "655")),
        ("/accept@acme_rsvp_bot 651", "accept", ("651",)),
        ("/Accept@ACME_rsvp_bot 651", "accept", ("651",)),
        ("/dnd\n", "dnd", ()),
        ("/accept\n651", "accept", ("651",)),
    ],
)
def test_a_command_is_read_in_any_case_with_any_spaces_and_the_own_mention(
    text: str, name: str, args: tuple[str, ...]
) -> None:
    command = parse(text, "acme_rsvp_bot")

    assert command is not None
    assert (command.name, command.args) == (name, args)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accept 651",
        "please /accept 651",
        "/",
        "//accept 651",
        "/ accept 651",
        "/accept@other_bot 651",
        "/accept@ 651",
        "/accept,651",
        "/651",
        "/accept/651",
        "/" + "a" * 33,
    ],
)
def test_what_does_not_start_with_a_command_of_ours_is_none(text: str) -> None:
    assert parse(text, "acme_rsvp_bot") is None


def test_a_mention_makes_a_command_addressed() -> None:
    assert parse("/accept@me 1", "me") == Command(name="accept", args=("1",), addressed=True)
    assert parse("/accept 1", "me") == Command(name="accept", args=("1",), addressed=False)


@given(st.text())
def test_no_text_of_any_kind_makes_the_parser_raise(text: str) -> None:
    command = parse(text, "me")

    assert command is None or text.strip().startswith("/")


async def _nothing(_context: Context) -> Sequence[Reply]:
    return ()


def _part(*names: str) -> Router:
    router = Router()
    for name in names:
        router.command(name, summary=f"help.{name}")(_nothing)
    return router


def test_a_command_name_that_is_taken_is_an_error_at_start() -> None:
    with pytest.raises(ValueError, match="two handlers for /accept"):
        build_router([_part("accept"), _part("accept")])


def test_commands_keep_the_order_in_which_they_were_included() -> None:
    router = build_router([_part("b"), _part("a")])

    assert [spec.name for spec in router.specs] == ["b", "a"]


def test_the_nearest_command_is_offered_for_a_typo_and_none_for_something_else() -> None:
    router = build_router([_part("accept", "decline")])

    assert router.nearest("acept") == "accept"
    assert router.nearest("zzz") is None


def test_usage_shows_the_arguments_only_where_there_are_some() -> None:
    assert CommandSpec(name="dnd", handler=_nothing, summary="x").usage == "/dnd"
    spec = CommandSpec(name="accept", handler=_nothing, summary="x", arguments="651")
    assert spec.usage == "/accept 651"
