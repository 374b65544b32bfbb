"""The portal's database: users, one calendar row per participant, presence, and what was done."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime

from bot.sandbox.bitrix24.limits import OperatingTime
from bot.sandbox.bitrix24.oauth_server import OAuthServer
from bot.sandbox.bitrix24.records import (
    Application,
    ForcedError,
    Notice,
    Quirks,
    Row,
    Token,
    User,
    Write,
)
from bot.sandbox.faults import Faults
from bot.sandbox.server import Gate


class Portal:
    """The portal's database, and what tests want to know of it.

    Attributes:
        member_id: The portal's own id, which outlives its address.
        oauth: The server that gives out its tokens; several portals may share one.
        consents_as: The person at the browser, who then says yes without being asked; None shows
            the page that asks.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        oauth: OAuthServer | None = None,
        member_id: str = "",
    ) -> None:
        self.now = now
        self.member_id = member_id or uuid.uuid4().hex
        self.oauth = oauth or OAuthServer()
        self.applications: dict[str, Application] = {}
        self.consents_as: int | None = None
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
        self.operating = OperatingTime()
        self.moved_to: str | None = None
        self._last_id = 1000

    def add_user(self, user: User) -> User:
        """Employ somebody."""
        self.users[user.user_id] = user
        return user

    def webhook_path(self, user_id: int) -> str:
        """The path of a person's incoming webhook."""
        return f"/rest/{user_id}/{self.users[user_id].code}/"

    def add_application(
        self,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        scopes: Iterable[str],
        name: str,
        *,
        status: str = "L",
    ) -> Application:
        """Install an application; where browsers go and what it may do is in its card alone."""
        application = Application(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            scopes=frozenset(scopes),
            name=name,
            status=status,
        )
        self.applications[client_id] = application
        self.oauth.clients[client_id] = client_secret
        return application

    def remove_application(self, client_id: str) -> None:
        """Uninstall an application: all that people allowed it ends."""
        del self.applications[client_id]
        self.oauth.forget(self, client_id)

    def issue_token(
        self,
        user_id: int,
        token: str,
        *,
        expires_in: float = 3600,
        scopes: frozenset[str] | None = None,
        client_id: str | None = None,
    ) -> str:
        """Make an access token, with the user's scopes unless others are given."""
        expires_at = self.now().timestamp() + expires_in
        self.tokens[token] = Token(
            user_id=user_id, expires_at=expires_at, scopes=scopes, client_id=client_id
        )
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
        hide_guests: bool = False,
        accessibility: str = "busy",
        location: str = "",
        rrule: Mapping[str, object] | None = None,
        timezone: str | None = None,
        group_id: int | None = None,
    ) -> int:
        """Put an event into the calendars of its host and guests; its (parent) id.

        Of a group's event the parent is the group's row, and the host has one like all others.
        """
        parent_id = event_id if event_id is not None else self.next_id()
        owners = _owners([host_id, *guests] if is_meeting else [host_id], group_id)
        for number, (cal_type, owner_id, status) in enumerate(owners):
            row_id = parent_id if number == 0 else self.next_id()
            self.rows[row_id] = Row(
                row_id=row_id,
                parent_id=parent_id,
                owner_id=owner_id,
                name=name,
                starts=int(starts.timestamp()),
                ends=int(ends.timestamp()),
                timezone=timezone or self.users[host_id].timezone,
                host_id=host_id,
                cal_type=cal_type,
                is_meeting=is_meeting,
                status=status,
                notify=notify,
                all_day=all_day,
                private=private,
                hide_guests=hide_guests,
                accessibility=accessibility,
                location=location,
                rrule=dict(rrule or {}),
            )
        return parent_id

    def add_exception(self, series_id: int, *, on: date, starts: datetime, ends: datetime) -> int:
        """Move one day's occurrence of a series: an event of its own, with everybody's status."""
        parent_id = self.next_id()
        for row in [row for row in self.rows.values() if row.parent_id == series_id]:
            row_id = parent_id if row.row_id == series_id else self.next_id()
            row.exdates = (*row.exdates, on)
            self.rows[row_id] = replace(
                row,
                row_id=row_id,
                parent_id=parent_id,
                starts=int(starts.timestamp()),
                ends=int(ends.timestamp()),
                rrule={},
                exdates=(),
                recurrence_id=series_id,
            )
        return parent_id

    def next_id(self) -> int:
        """A number that no row has yet."""
        self._last_id += 1
        while self._last_id in self.rows:
            self._last_id += 1
        return self._last_id

    def force_error(
        self,
        code: str,
        status: int | None = None,
        *,
        operation: str = "*",
        who: str | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next calls with a system error; the operation `batch` means whole batches."""
        self.forced.append(
            ForcedError(code=code, status=status, operation=operation, who=who, times=times)
        )

    def hold(self, operation: str, who: str | None = None) -> Gate:
        """Hold answers of this operation back until the gate is opened."""
        gate = Gate(operation, who)
        self.gates.append(gate)
        return gate

    def row_of(self, event_id: int, user_id: int, *, any_calendar: bool = False) -> Row | None:
        """A person's row of a meeting, found by any of its ids, as the real look-up does.

        Like the real one it also finds a row that was deleted. With `any_calendar` it takes a
        group for a person if their numbers are equal, as the vendor's read of a status does.
        """
        entry = self.rows.get(event_id)
        if entry is None:
            return None
        for row in self.rows.values():
            fits = any_calendar or row.cal_type == "user"
            if fits and row.parent_id == entry.parent_id and row.owner_id == user_id:
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


def _owners(people: Sequence[int], group_id: int | None) -> list[tuple[str, int, str]]:
    """Who gets a row of an event, the parent's first: kind of calendar, owner, first status."""
    guests = [("user", person, "Q") for person in people[1:]]
    if group_id is None:
        return [("user", people[0], "H"), *guests]
    return [("group", group_id, "H"), ("user", people[0], "Y"), *guests]
