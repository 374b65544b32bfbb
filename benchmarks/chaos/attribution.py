"""For whom a write was made: the command that asked for it and was not answered yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from benchmarks.chaos.answers import Answers
from benchmarks.chaos.history import PRESENCE, Asked, History, Wrote


@dataclass(frozen=True)
class Attribution:
    """A history, with every write put beside the command that it belongs to."""

    history: History

    def owner(self, write: Wrote) -> Asked | None:
        """The command; None if nobody asked for that."""
        return self._owners[id(write)]

    @cached_property
    def _owners(self) -> Mapping[int, Asked | None]:
        answers, taken = Answers(self.history), set[tuple[int, str]]()
        found: dict[int, Asked | None] = {}
        for write in self.history.wrote:
            fits = [asked for asked in self.history.asked if _fits(asked, write)]
            if write.event != PRESENCE:
                fits = [asked for asked in fits if answers.closed_at(asked) >= write.at]
            # Who asked for just that comes before whoever took something back; whoever was told
            # that nothing was changed, as late as that may have been, comes after the others.
            fits.sort(key=lambda asked: (asked.takes_back, answers.denies(asked), asked.number))
            fresh = [asked for asked in fits if (asked.number, write.event) not in taken]
            owner = next(iter(fresh or fits), None)
            found[id(write)] = owner
            if owner is not None:
                taken.add((owner.number, write.event))
        return found


def _fits(asked: Asked, write: Wrote) -> bool:
    """Whether a command may lead to that write, by what it says."""
    if asked.person != write.person or asked.at > write.at:
        return False
    if write.event == PRESENCE:
        # It also ends by itself, long after.
        return asked.presence
    if asked.takes_back:
        return not asked.events or write.event in asked.events
    return write.event in asked.events and asked.wanted == write.status
