"""What the portal holds: users, one calendar row per participant, presence, and what was done.

The data model follows the vendor's: the organizer's row is the parent, each attendee has a row of
their own with their own status.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from bot.sandbox.faults import Faults
from bot.sandbox.server import Gate


@dataclass(slots=True, kw_only=True)
class User:
    """A user of the portal; `scopes` are those of their webhook and tokens."""

    user_id: int
    name: str
    last_name: str = ""
    timezone: str = "Europe/Berlin"
    code: str = ""
    scopes: frozenset[str] = frozenset({"calendar", "im"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token."""

    user_id: int
    expires_at: float


@dataclass(slots=True, kw_only=True)
class Row:
    """One person's row of an event. Seconds are Unix seconds."""

    row_id: int
    parent_id: int
    owner_id: int
    name: str
    starts: int
    ends: int
    timezone: str
    host_id: int
    is_meeting: bool = True
    status: str = "Q"
    notify: bool = True
    all_day: bool = False
    private: bool = False
    hide_guests: bool = False
    rrule: Mapping[str, object] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the organizer was told. The portal says "decline" for Q as well."""

    event_id: int
    from_user: int
    to_user: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write that the portal received and carried out (or claimed to)."""

    method: str
    user_id: int
    params: Mapping[str, object]
    applied: bool = True


@dataclass(slots=True, kw_only=True)
class Quirks:
    """In which of its documented and observed ways the portal behaves.

    Attributes:
        language: Of error descriptions and date formats, "ru" or "en".
        old_errors: Methods fail with `ERROR_CORE` instead of the empty code.
        documented_statuses: HTTP statuses as the documentation has them, not as the server does.
        burst, rate: The leaky bucket, counted per caller's address; a burst of 0 switches it off.
        integer_time: `time.start` and `time.processing` are integers.
        operating_resets_in: Seconds told in `operating_reset_at`, None for an on-premises portal.
    """

    language: str = "ru"
    old_errors: bool = False
    documented_statuses: bool = False
    burst: int = 0
    rate: float = 2.0
    integer_time: bool = False
    operating_resets_in: float | None = None


@dataclass(slots=True, kw_only=True)
class ForcedError:
    """A system error that the portal answers whatever it is asked."""

    code: str
    status: int
    operation: str
    who: str | None
    times: int


class Portal:
    """The portal's database, and what tests want to know of it."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.users: dict[int, User] = {}
        self.rows: dict[int, Row] = {}
        self.presence: dict[int, str] = {}
        self.tokens: dict[str, Token] = {}
        self.notices: list[Notice] = []
        self.journal: list[Write] = []
        self.hits = 0
        self.faults = Faults()
        self.gates: list[Gate] = []
        self.forced: list[ForcedError] = []
        self.quirks = Quirks()
        self.moved_to: str | None = None
        self._last_id = 1000

    def add_user(self, user: User) -> User:
        """Employ somebody."""
        self.users[user.user_id] = user
        return user

    def webhook_path(self, user_id: int) -> str:
        """The path of a person's incoming webhook."""
        return f"/rest/{user_id}/{self.users[user_id].code}/"

    def issue_token(self, user_id: int, token: str, *, expires_in: float = 3600) -> str:
        """Make an access token."""
        expires_at = self.now().timestamp() + expires_in
        self.tokens[token] = Token(user_id=user_id, expires_at=expires_at)
        return token

    def add_meeting(
        self,
        *,
        event_id: int | None = None,
        host_id: int,
        guests: Sequence[int] = (),
        name: str,
        starts: datetime,
        ends: datetime,
        is_meeting: bool = True,
        notify: bool = True,
        all_day: bool = False,
        private: bool = False,
        rrule: Mapping[str, object] | None = None,
    ) -> int:
        """Put an event into the calendars of its host and guests; its (parent) id."""
        parent_id = event_id if event_id is not None else self._next_id()
        owners = [host_id, *guests] if is_meeting else [host_id]
        for number, owner_id in enumerate(owners):
            row_id = parent_id if number == 0 else self._next_id()
            self.rows[row_id] = Row(
                row_id=row_id,
                parent_id=parent_id,
                owner_id=owner_id,
                name=name,
                starts=int(starts.timestamp()),
                ends=int(ends.timestamp()),
                timezone=self.users[host_id].timezone,
                host_id=host_id,
                is_meeting=is_meeting,
                status="H" if number == 0 else "Q",
                notify=notify,
                all_day=all_day,
                private=private,
                rrule=dict(rrule or {}),
            )
        return parent_id

    def force_error(
        self,
        code: str,
        status: int,
        *,
        operation: str = "*",
        who: str | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next calls with a system error."""
        self.forced.append(
            ForcedError(code=code, status=status, operation=operation, who=who, times=times)
        )

    def hold(self, operation: str, who: str | None = None) -> Gate:
        """Hold answers of this operation back until the gate is opened."""
        gate = Gate(operation, who)
        self.gates.append(gate)
        return gate

    def row_of(self, event_id: int, user_id: int) -> Row | None:
        """A person's row of a meeting, found by any of its ids, as the real look-up does.

        Like the real one it also finds a row that was deleted.
        """
        entry = self.rows.get(event_id)
        if entry is None:
            return None
        for row in self.rows.values():
            if row.parent_id == entry.parent_id and row.owner_id == user_id:
                return row
        return None

    def status_of(self, event_id: int, user_id: int) -> str | None:
        """The stored letter of a person at an event."""
        row = self.row_of(event_id, user_id)
        return None if row is None else row.status

    def presence_of(self, user_id: int) -> str | None:
        """The stored presence of a person."""
        return self.presence.get(user_id)

    def writes(self, method: str) -> list[Write]:
        """The writes of a method, in order."""
        return [write for write in self.journal if write.method == method]

    def snapshot(self) -> dict[str, object]:
        """Everything, for other processes."""
        return {
            "statuses": [
                {
                    "event": row.parent_id,
                    "row": row.row_id,
                    "user": row.owner_id,
                    "status": row.status,
                }
                for row in self.rows.values()
            ],
            "presence": {str(user): status for user, status in self.presence.items()},
            "notices": [asdict(notice) for notice in self.notices],
            "hits": self.hits,
        }

    def _next_id(self) -> int:
        self._last_id += 1
        while self._last_id in self.rows:
            self._last_id += 1
        return self._last_id
