from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from bot.commands import CommandSpec, Context, Router, build_router, parse
from bot.domain.chat import Reply


async def _nothing(_context: Context) -> Sequence[Reply]:
    return ()


def _part(*names: str, aliases: tuple[str, ...] = ()) -> Router:
    router = Router()
    for name in names:
        router.command(name, summary=f"help.{name}", aliases=aliases)(_nothing)
    return router


def test_a_command_name_that_is_taken_is_an_error_at_start() -> None:
    with pytest.raises(ValueError, match="two handlers for /accept"):
        build_router([_part("accept"), _part("accept")])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("accept", ("принять",)), ("take", ("принять",))),
        (("accept", ("принять",)), ("принять", ())),
        (("принять", ()), ("accept", ("принять",))),
        (("accept", ("тема",)), ("tema", ())),
        (("accept", ("счет",)), ("bill", ("счёт",))),
    ],
)
def test_an_alias_that_is_taken_is_an_error_at_start(
    first: tuple[str, tuple[str, ...]], second: tuple[str, tuple[str, ...]]
) -> None:
    parts = [_part(name, aliases=aliases) for name, aliases in (first, second)]

    with pytest.raises(ValueError, match="two handlers for /"):
        build_router(parts)


def test_an_alias_like_the_own_name_is_an_error_too() -> None:
    with pytest.raises(ValueError, match="two handlers for /accept"):
        _part("accept", aliases=("accept",))


def test_commands_keep_the_order_in_which_they_were_included() -> None:
    router = build_router([_part("b"), _part("a")])

    assert [spec.name for spec in router.specs] == ["b", "a"]


def test_a_command_with_aliases_is_listed_once_and_found_by_each() -> None:
    router = build_router([_part("status", aliases=("статус", "покажи"))])

    assert [spec.name for spec in router.specs] == ["status"]
    for name in ("status", "статус", "покажи", "ctatyc", "пoкaжи"):
        found = router.find(name)
        assert found is not None, name
        assert found.name == "status"
    assert router.find("принять") is None
    assert router.find("") is None


_ALIASES = [(spec.name, alias) for spec in handlers.router().specs for alias in spec.aliases]


@pytest.mark.parametrize(("name", "alias"), _ALIASES)
def test_each_alias_typed_after_a_slash_leads_to_its_command(name: str, alias: str) -> None:
    for text in (f"/{alias} 651", f"/{alias.upper()}@me 651"):
        command = parse(text, "me")
        assert command is not None
        spec = handlers.router().find(command.name)
        assert spec is not None
        assert spec.name == name


def test_no_alias_of_the_product_clashes_and_each_command_has_a_russian_one() -> None:
    specs = handlers.router().specs  # a clash raises here

    assert len(specs) > 10
    assert [spec.name for spec in specs if not spec.aliases] == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("acept", "accept"),
        ("aceppt", "accept"),
        ("deklin", "decline"),
        ("принят", "accept"),
        ("пирнять", "accept"),
        ("отклонит", "decline"),
        ("статус_", "status"),
        ("ctaty", "status"),
        ("фссузе", "accept"),
        ("ыефегы", "status"),
        ("ьфниу", "maybe"),
        ("фссуз", "accept"),
        ("ghbyznm", "accept"),
        ("cnfnec", "status"),
        ("gjvjom", "help"),
        ("рудз", "help"),
    ],
)
def test_the_nearest_command_is_offered_by_its_name(typed: str, meant: str) -> None:
    assert handlers.router().nearest(typed) == meant


@pytest.mark.parametrize("typed", ["zzz", "", "щщщ", "予定", "x" * 33])
def test_nothing_is_offered_for_what_is_like_no_command(typed: str) -> None:
    assert handlers.router().nearest(typed) is None


def test_an_empty_router_offers_nothing() -> None:
    assert Router().nearest("accept") is None


@given(st.text())
def test_no_name_of_any_kind_makes_the_router_raise(name: str) -> None:
    router = handlers.router()
    names = {spec.name for spec in router.specs}

    assert router.nearest(name) in {None, *names}
    found = router.find(name)
    assert found is None or found.name in names


def test_usage_shows_the_arguments_only_where_there_are_some() -> None:
    assert CommandSpec(name="dnd", handler=_nothing, summary="x").usage == "/dnd"
    spec = CommandSpec(name="accept", handler=_nothing, summary="x", arguments="651")
    assert spec.usage == "/accept 651"
