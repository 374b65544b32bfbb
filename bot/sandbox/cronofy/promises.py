"""Answers between the 202 and the moment when a read shows them."""

from bot.sandbox.cronofy.book import Book
from bot.sandbox.cronofy.model import DELETES_DECLINED, Pending


class Promises:
    """Answers that were taken and have not taken effect.

    The clock and the number of reads decide when they do. Both are looked at whenever somebody
    looks at an event, so no task runs in the background.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._pending: list[Pending] = []

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, pending: Pending) -> None:
        """Take an answer; with nothing to wait for it takes effect at once."""
        self._pending.append(pending)
        self.settle()

    def settle(self) -> None:
        """Let take effect what is due; answers to one event do not overtake each other."""
        now = self._book.now()
        waiting: list[Pending] = []
        held: set[str] = set()
        for pending in self._pending:
            ready = pending.due <= now and pending.reads_left <= 0
            if ready and pending.event_uid not in held:
                self._apply(pending)
            else:
                waiting.append(pending)
                held.add(pending.event_uid)
        self._pending = waiting

    def count_read(self, sub: str) -> None:
        """This account's events were read: what it waits for is one read nearer."""
        for pending in self._pending:
            if self._book.calendar_of(pending.calendar_id, sub) is not None:
                pending.reads_left -= 1

    def _apply(self, pending: Pending) -> None:
        calendar = self._book.calendars[pending.calendar_id]
        profile = self._book.profiles[calendar.profile_id]
        for event in self._book.reached(calendar, pending.event_uid):
            if event.deleted or event.participation_status == pending.status:
                continue
            self._book.answered(event, pending.status)
            if pending.status == "declined" and profile.provider_name in DELETES_DECLINED:
                event.deleted = True
            if pending.moves_updated:
                event.updated = pending.due.replace(microsecond=0)
