"""Lists of events that were read a moment ago, kept up to date by what their owner answers."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date

from bot.domain.listing import same_meeting, touches
from bot.domain.participation import Event

KEEP = 60.0
"""Seconds for which a list that only serves a hint may be used again."""
_ACCOUNTS = 1000

Days = tuple[date, date]
"""The first day and the day after the last, as they are counted in UTC."""


@dataclass(frozen=True, slots=True)
class _Kept:
    taken_at: float
    events: Sequence[Event]


class RecentLists:
    """Short-lived: whoever answers several invitations of one day has it read once."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, dict[Days, _Kept]] = OrderedDict()

    def find(self, account_id: str, days: Days, now: float) -> Sequence[Event] | None:
        """A list of an account that is not too old, if there is one."""
        kept = self._lists.get(account_id, {}).get(days)
        return kept.events if kept is not None and now - kept.taken_at < KEEP else None

    def keep(self, account_id: str, days: Days, events: Sequence[Event], now: float) -> None:
        """Note what was just read; what is too old goes."""
        lists = self._lists.get(account_id, {})
        fresh = {key: kept for key, kept in lists.items() if now - kept.taken_at < KEEP}
        self._lists[account_id] = fresh | {days: _Kept(now, events)}
        self._lists.move_to_end(account_id)
        while len(self._lists) > _ACCOUNTS:
            self._lists.popitem(last=False)

    def answered(self, event: Event) -> None:
        """An event has another status now, in every list of its account that has it.

        A list that ought to have it and does not is forgotten, and so are all if it is a series.
        """
        lists = self._lists.get(event.ref.account_id)
        if not lists:
            return
        if event.recurring:
            lists.clear()
        for days, kept in list(lists.items()):
            if not touches(event, *days, UTC):
                continue
            if not any(same_meeting(one, event) for one in kept.events):
                del lists[days]
                continue
            events = [
                replace(one, my_status=event.my_status) if same_meeting(one, event) else one
                for one in kept.events
            ]
            lists[days] = replace(kept, events=events)
