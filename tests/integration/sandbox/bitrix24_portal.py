"""The Bitrix24 emulator on a loopback port, and a plain HTTP client to ask it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot.sandbox.bitrix24 import Portal, User, portal_app
from bot.sandbox.server import SandboxServer
from tests.fakes.clock import FakeClock

ANN, BORIS, CARL, DINA, OLGA = 7, 1, 3, 4, 9
"""Ann is invited by Boris, together with Carl. Dina has nothing to do with it, Olga is a guest
of the company (an extranet user)."""

PLANNING, DENTIST = 651, 688
"""Boris's meeting; Ann's own entry, which is no meeting."""

SET, GET = "calendar.meeting.status.set", "calendar.meeting.status.get"
SET_PRESENCE, GET_PRESENCE = "im.user.status.set", "im.user.status.get"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def result(self) -> Any:
        """The result of a call that must have succeeded."""
        assert self.status == 200, self.body
        body = self.json()
        assert set(body) == {"result", "time"}
        return body["result"]

    @property
    def error(self) -> tuple[int, str]:
        """Status and code of a call that must have been refused."""
        body = self.json()
        assert set(body) == {"error", "error_description"}, body
        return self.status, body["error"]


@dataclass(slots=True, kw_only=True)
class Site:
    """The emulator with its people, a client, and the clock that it lives by."""

    portal: Portal
    clock: FakeClock
    url: str
    session: aiohttp.ClientSession

    async def call(self, name: str, /, *, who: int = ANN, **params: object) -> Answer:
        """Call a method through somebody's webhook, with JSON."""
        return await self.send(self.portal.webhook_path(who) + name, json_body=params)

    async def batch(
        self, commands: Mapping[str, object] | list[object], *, halt: object = 0, who: int = ANN
    ) -> Any:
        """Call several; the five parts of the result."""
        answer = await self.call("batch", who=who, halt=halt, cmd=commands)
        parts = answer.result
        assert set(parts) == {
            "result",
            "result_error",
            "result_total",
            "result_next",
            "result_time",
        }
        return parts

    async def send(
        self,
        path: str,
        *,
        method: str = "POST",
        json_body: object = None,
        data: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send anything anywhere."""
        async with self.session.request(
            method,
            self.url + path,
            json=json_body,
            data=data,
            headers=headers,
            allow_redirects=False,
        ) as response:
            body = await response.read()
            return Answer(status=response.status, headers=response.headers, body=body)

    def child_of(self, event_id: int, user_id: int) -> int:
        """The number of a person's own row of a meeting."""
        row = self.portal.row_of(event_id, user_id)
        assert row is not None
        return row.row_id

    def statuses(self, event_id: int = PLANNING) -> dict[int, str]:
        """Every participant's stored letter."""
        found = {
            row.owner_id: row.status
            for row in self.portal.rows.values()
            if row.parent_id == event_id
        }
        assert found
        return found


@asynccontextmanager
async def running_site() -> AsyncIterator[Site]:
    """Monday, 2 March 2026, 9:00 UTC; the planning is on the 20th, the dentist on the 4th."""
    clock = FakeClock()
    portal = Portal(now=clock.now)
    for user_id, name, timezone in (
        (BORIS, "Boris", "Europe/Riga"),
        (CARL, "Carl", "Europe/Berlin"),
        (DINA, "Dina", "Europe/Riga"),
        (ANN, "Ann", "Europe/Berlin"),
        (OLGA, "Olga", "Europe/Berlin"),
    ):
        portal.add_user(
            User(
                user_id=user_id,
                name=name,
                last_name="Hill",
                email=f"{name.lower()}@acme.example",
                timezone=timezone,
                code=f"code{user_id}",
                extranet=user_id == OLGA,
            )
        )
    portal.add_meeting(
        event_id=PLANNING,
        host_id=BORIS,
        guests=[ANN, CARL],
        name="Planning",
        starts=datetime(2026, 3, 20, 13, tzinfo=UTC),
        ends=datetime(2026, 3, 20, 14, tzinfo=UTC),
    )
    portal.add_meeting(
        event_id=DENTIST,
        host_id=ANN,
        name="Dentist",
        starts=datetime(2026, 3, 4, 8, tzinfo=UTC),
        ends=datetime(2026, 3, 4, 9, tzinfo=UTC),
        is_meeting=False,
    )
    async with SandboxServer(portal_app(portal)) as server, aiohttp.ClientSession() as session:
        yield Site(portal=portal, clock=clock, url=server.url, session=session)
