"""The Cronofy emulator on a loopback port, and a plain HTTP client to ask it."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from bot.sandbox.cronofy import (
    Account,
    Attendee,
    Calendar,
    Cronofy,
    Event,
    Profile,
    cronofy_app,
)
from bot.sandbox.server import SandboxServer
from tests.fakes.clock import FakeClock

ANN, BORIS = "acc_a00000000000000000000001", "acc_b00000000000000000000002"
GOOGLE, EXCHANGE = "cal_google_1", "cal_office@AA-B_2"
BORIS_CALENDAR = "cal_google_9"
REVIEW = "evt_external_00000000000000000000aaaa"
TOKEN, BORIS_TOKEN = "token-of-ann", "token-of-boris"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True, kw_only=True)
class Site:
    """The emulator with two people, a client, and the clock that it lives by."""

    cronofy: Cronofy
    clock: FakeClock
    url: str
    session: aiohttp.ClientSession

    async def get(
        self,
        path: str,
        *pairs: tuple[str, str],
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self._send("GET", path, pairs, token=token, headers=headers)

    async def post(
        self,
        path: str,
        *,
        token: str | None = TOKEN,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self._send("POST", path, (), token=token, json_body=json_body, form=form)

    async def answer(
        self,
        status: object,
        *,
        event_uid: str = REVIEW,
        calendar_id: str = GOOGLE,
        token: str | None = TOKEN,
    ) -> Answer:
        """Ask for a participation status."""
        path = f"/v1/calendars/{calendar_id}/events/{event_uid}/participation_status"
        return await self.post(path, token=token, json_body={"status": status})

    async def events(self, *pairs: tuple[str, str]) -> dict[str, dict[str, Any]]:
        """The first page of events in UTC, by title."""
        found = await self.get("/v1/events", ("tzid", "Etc/UTC"), *pairs)
        assert found.status == 200, found.body
        return {event["summary"]: event for event in found.json()["events"]}

    async def _send(
        self,
        method: str,
        path: str,
        pairs: Sequence[tuple[str, str]],
        *,
        token: str | None,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        async with self.session.request(
            method,
            path if path.startswith("http") else self.url + path,
            params=list(pairs),
            json=json_body,
            data=form,
            headers=sent,
            allow_redirects=False,
        ) as response:
            body = await response.read()
            return Answer(status=response.status, headers=response.headers, body=body)


@asynccontextmanager
async def running_site() -> AsyncIterator[Site]:
    """Ann with a Google and an Exchange calendar, Boris with one; one invitation, tomorrow."""
    clock = FakeClock()
    cronofy = Cronofy(now=clock.now)
    for sub, name, token in ((ANN, "Ann", TOKEN), (BORIS, "Boris", BORIS_TOKEN)):
        email = f"{name.lower()}@acme.example"
        cronofy.add_account(Account(sub=sub, email=email, name=name, tzid="Europe/Berlin"))
        cronofy.issue_token(sub, token=token, refresh_token=f"refresh-{token}")
    profiles = (
        ("pro_1", ANN, "google", "gsuite", GOOGLE),
        ("pro_2", ANN, "exchange", "office365", EXCHANGE),
        ("pro_9", BORIS, "google", "gsuite", BORIS_CALENDAR),
    )
    for profile_id, sub, provider, service, calendar_id in profiles:
        cronofy.add_profile(
            Profile(
                profile_id=profile_id,
                sub=sub,
                name=f"{profile_id}@acme.example",
                provider_name=provider,
                provider_service=service,
            )
        )
        cronofy.add_calendar(
            Calendar(calendar_id=calendar_id, profile_id=profile_id, name="Calendar")
        )
    cronofy.add_event(invitation(clock, event_uid=REVIEW))
    async with SandboxServer(cronofy_app(cronofy)) as server, aiohttp.ClientSession() as session:
        yield Site(cronofy=cronofy, clock=clock, url=server.url, session=session)


def invitation(
    clock: FakeClock,
    *,
    title: str = "Review",
    calendar_id: str = GOOGLE,
    event_uid: str = "",
    days: int = 1,
    answerable: bool = True,
) -> Event:
    """An hour at this time of day, so many days from now, with Ann first on its list."""
    starts = clock.now() + timedelta(days=days)
    return Event(
        calendar_id=calendar_id,
        event_uid=event_uid,
        summary=title,
        start=starts,
        end=starts + timedelta(hours=1),
        tzid="Europe/Paris",
        answerable=answerable,
        organizer=Attendee(email="boris@acme.example", display_name="Boris"),
        attendees=[
            Attendee(email="ann@acme.example", display_name="Ann"),
            Attendee(email="boris@acme.example", status="accepted"),
        ],
    )
