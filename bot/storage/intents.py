"""The intents of messages that are in hand, so that nobody has to read what this process wrote."""

from collections.abc import Iterable, Sequence

from bot.domain.inbox import Intent


class IntentsInHand:
    """Known for every entry that this process took in, until its outcome is stored.

    Args:
        kept: Nobody else handles messages on this database; if somebody may, nothing is known.
    """

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._of: dict[int, list[Intent]] = {}

    def begin(self, entry_ids: Iterable[int]) -> None:
        """These were just taken in: there are none."""
        if self._kept:
            self._of |= {entry_id: [] for entry_id in entry_ids}

    def note(self, intent: Intent) -> None:
        """This one was just stored, perhaps in the place of an earlier one."""
        known = self._of.get(intent.entry_id)
        if known is not None:
            same = (intent.provider, intent.subject)
            known[:] = [one for one in known if (one.provider, one.subject) != same] + [intent]

    def end(self, entry_id: int) -> None:
        """Nobody asks for them any more."""
        self._of.pop(entry_id, None)

    def of(self, entry_id: int) -> Sequence[Intent] | None:
        """Those of an entry, in the order in which they were stored; None if that is not known."""
        known = self._of.get(entry_id)
        return None if known is None else tuple(known)
