"""Giving out: nobody goes without who need not, and nobody exchanges for nothing."""

from benchmarks.chaos.matching import give_out


def test_whoever_holds_the_only_thing_that_suits_another_takes_something_else() -> None:
    suits = {"new": ["a"], "old": ["a", "b"]}
    assert give_out(["new"], suits.__getitem__, {"a": "old"}) == {"a": "new", "b": "old"}


def test_what_nobody_has_is_taken_before_anybody_has_to_change() -> None:
    suits = {"new": ["a", "b"], "old": ["a", "b"]}
    assert give_out(["new"], suits.__getitem__, {"a": "old"}) == {"a": "old", "b": "new"}


def test_nobody_loses_what_cannot_be_replaced() -> None:
    suits = {"new": ["a"], "old": ["a"]}
    assert give_out(["new"], suits.__getitem__, {"a": "old"}) == {"a": "old"}


def test_a_chain_of_changes_leaves_nobody_without() -> None:
    suits = {1: ["a"], 2: ["a", "b"], 3: ["b", "c"]}
    assert give_out([1], suits.__getitem__, {"a": 2, "b": 3}) == {"a": 1, "b": 2, "c": 3}
