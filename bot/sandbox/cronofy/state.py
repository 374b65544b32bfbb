"""What the service holds, and what tests want to know of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from bot.sandbox.cronofy.book import Book
from bot.sandbox.cronofy.grants import Grants, new_token
from bot.sandbox.cronofy.limiter import SlidingLimit
from bot.sandbox.cronofy.model import (
    DEFAULT_SCOPES,
    SANDBOX_APPLICATION,
    Application,
    ForcedError,
    Pending,
    Quirks,
    Write,
)
from bot.sandbox.cronofy.paging import Pages
from bot.sandbox.cronofy.promises import Promises
from bot.sandbox.faults import Faults
from bot.sandbox.server import Gate


class Cronofy(Book):
    """The service's database.

    Attributes:
        hits: How often each operation was asked for, refused and spoilt calls included.
        faults: Their `who` is an account's `sub`.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now=now)
        self.quirks = Quirks()
        self.applications = {SANDBOX_APPLICATION.client_id: SANDBOX_APPLICATION}
        self.grants = Grants(now=now)
        self.pages = Pages(now=now)
        self.promises = Promises(self)
        self.limit = SlidingLimit(now=now)
        self.journal: list[Write] = []
        self.hits: Counter[str] = Counter()
        self.faults = Faults()
        self.gates: list[Gate] = []
        self.forced: list[ForcedError] = []

    def add_application(self, application: Application) -> Application:
        """Register a client, or change a registered one."""
        self.applications[application.client_id] = application
        return application

    def issue_token(
        self,
        sub: str,
        scopes: Sequence[str] = DEFAULT_SCOPES,
        expires_in: float | None = None,
        *,
        token: str | None = None,
        refresh_token: str | None = None,
    ) -> str:
        """Make an access token as if the account had consented, with chosen texts if given."""
        return self.grants.open(
            client_id=SANDBOX_APPLICATION.client_id,
            sub=sub,
            scopes=scopes,
            expires_in=self.quirks.expires_in if expires_in is None else expires_in,
            access_token=token,
            refresh_token=refresh_token,
        ).access_token

    def issue_personal_token(
        self, sub: str, scopes: Sequence[str] = DEFAULT_SCOPES, *, token: str | None = None
    ) -> str:
        """Make a personal access token: it does not end and cannot be refreshed."""
        chosen = token or new_token()
        self.grants.open_personal(sub=sub, scopes=scopes, token=chosen)
        return chosen

    def force_error(
        self,
        status: int,
        body: bytes = b"",
        operation: str = "*",
        who: str | None = None,
        times: int = 1,
        *,
        retry_after: int | None = None,
        content_type: str = "application/json",
    ) -> None:
        """Answer the next calls with this status; nothing of them is carried out."""
        self.forced.append(
            ForcedError(
                status=status,
                body=body,
                operation=operation,
                who=who,
                times=times,
                retry_after=retry_after,
                content_type=content_type,
            )
        )

    def take_forced(self, operation: str, who: str | None) -> ForcedError | None:
        """The status that this call has to be answered with, if any; counts it as used."""
        for forced in self.forced:
            fits = forced.operation in ("*", operation) and forced.who in (None, who)
            if fits and forced.times > 0:
                forced.times -= 1
                return forced
        return None

    def hold(self, operation: str, who: str | None = None) -> Gate:
        """Hold answers of this operation back until the gate is opened."""
        gate = Gate(operation, who)
        self.gates.append(gate)
        return gate

    def promise(self, *, sub: str, calendar_id: str, event_uid: str, status: str) -> None:
        """Take an answer; `Quirks` say when it takes effect."""
        self.note(
            "participation_status",
            sub,
            calendar_id=calendar_id,
            event_uid=event_uid,
            status=status,
        )
        self.promises.add(
            Pending(
                calendar_id=calendar_id,
                event_uid=event_uid,
                status=status,
                due=self.now() + timedelta(seconds=self.quirks.apply_delay),
                reads_left=self.quirks.apply_after_reads,
                moves_updated=self.quirks.updated_moves,
            )
        )

    def note(
        self,
        operation: str,
        sub: str,
        *,
        calendar_id: str = "",
        event_uid: str = "",
        status: str = "",
        applied: bool = True,
    ) -> None:
        """Enter a change into the journal."""
        self.journal.append(
            Write(
                operation=operation,
                sub=sub,
                at=self.now().isoformat(),
                calendar_id=calendar_id,
                event_uid=event_uid,
                status=status,
                applied=applied,
            )
        )

    def status_of(self, event_uid: str) -> str | None:
        """What the calendar holds now (of a shared id, the first occurrence's)."""
        self.promises.settle()
        events = self.events.get(event_uid)
        return events[0].participation_status if events else None

    def writes(self, event_uid: str) -> list[Write]:
        """The answers to an event that were accepted, in order."""
        return [write for write in self.journal if write.event_uid == event_uid]

    def snapshot(self) -> dict[str, object]:
        """Everything but the secrets, for other processes."""
        self.promises.settle()
        return {
            "events": [
                {
                    "event_uid": event.event_uid,
                    "calendar_id": event.calendar_id,
                    "sub": self.profiles[self.calendars[event.calendar_id].profile_id].sub,
                    "summary": event.summary,
                    "start": event.start.isoformat(),
                    "participation_status": event.participation_status,
                    "deleted": event.deleted,
                }
                for event in self.all_events()
            ],
            "pending": len(self.promises),
            "hits": dict(self.hits),
        }
