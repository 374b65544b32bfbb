"""Who gets what, if everybody is to have one thing and not every thing suits everybody."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

Taker = TypeVar("Taker")
Thing = TypeVar("Thing")


def give_out(
    left: Iterable[Taker],
    suits: Callable[[Taker], Sequence[Thing]],
    held: Mapping[Thing, Taker],
) -> dict[Thing, Taker]:
    """Give each of those who are left one thing, so that as few as possible go without.

    Whoever holds something may have to change it for something else, and never loses it for
    nothing (augmenting paths, https://en.wikipedia.org/wiki/Maximum_cardinality_matching). What
    nobody has comes first, so that two do not exchange theirs without need.

    Args:
        left: Who has nothing, in the order in which they choose.
        suits: What each of them, and each who holds something, could have; the best first.
        held: Who has what already.
    """
    given = dict(held)

    def get(taker: Taker, seen: set[Thing]) -> bool:
        for thing in sorted(suits(taker), key=given.__contains__):
            if thing in seen:
                continue
            seen.add(thing)
            if thing not in given or get(given[thing], seen):
                given[thing] = taker
                return True
        return False

    for taker in left:
        get(taker, set())
    return given
