"""The Cronofy emulator misbehaving: each fault, forced statuses, the limit, held answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from bot.sandbox.cronofy.limiter import PER_MINUTE, PER_SECOND
from bot.sandbox.faults import Fault, FaultRule
from tests.integration.sandbox.cronofy_site import (
    ANN,
    BORIS,
    BORIS_TOKEN,
    REVIEW,
    TOKEN,
    Answer,
    Site,
    running_site,
)

Check = Callable[[Site], Awaitable[None]]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def _read(site: Site, token: str = TOKEN) -> Answer:
    return await site.get("/v1/events", ("tzid", "Etc/UTC"), token=token)


async def _latency(site: Site) -> None:
    started = time.monotonic()
    answered = await site.answer("accepted")
    assert answered.status == 202
    assert time.monotonic() - started >= 0.05
    assert site.cronofy.status_of(REVIEW) == "accepted"


async def _unavailable(site: Site) -> None:
    answered = await site.answer("accepted")
    assert (answered.status, answered.body) == (503, b"")
    assert site.cronofy.status_of(REVIEW) == "needs_action"


async def _rate_limited(site: Site) -> None:
    answered = await site.answer("accepted")
    assert (answered.status, "Retry-After" in answered.headers) == (429, False)
    assert site.cronofy.status_of(REVIEW) == "needs_action"


async def _gateway_page(site: Site) -> None:
    answered = await site.answer("accepted")
    assert (answered.status, answered.body[:6]) == (502, b"<html>")
    assert site.cronofy.status_of(REVIEW) == "needs_action"


async def _cut_before(site: Site) -> None:
    with pytest.raises(aiohttp.ClientError):
        await site.answer("accepted")
    assert site.cronofy.status_of(REVIEW) == "needs_action"
    assert site.cronofy.journal == []


async def _cut_after(site: Site) -> None:
    with pytest.raises(aiohttp.ClientError):
        await site.answer("accepted")
    assert site.cronofy.status_of(REVIEW) == "accepted"


async def _truncated(site: Site) -> None:
    answered = await _read(site)
    assert answered.status == 200
    assert answered.body.startswith(b'{"pages"')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answered.json()


async def _never_applied(site: Site) -> None:
    answered = await site.answer("accepted")
    assert (answered.status, answered.body) == (202, b"")
    assert site.cronofy.status_of(REVIEW) == "needs_action"
    assert [write.applied for write in site.cronofy.writes(REVIEW)] == [False]


BITES: dict[Fault, tuple[str, Check]] = {
    Fault.LATENCY: ("participation_status", _latency),
    Fault.UNAVAILABLE_503: ("participation_status", _unavailable),
    Fault.RATE_LIMITED_429: ("participation_status", _rate_limited),
    Fault.HTML_502: ("participation_status", _gateway_page),
    Fault.CUT_BEFORE: ("participation_status", _cut_before),
    Fault.CUT_AFTER: ("participation_status", _cut_after),
    # The 202 is empty, and half of nothing is nothing: only a read can be truncated.
    Fault.TRUNCATED_JSON: ("events", _truncated),
    Fault.NEVER_APPLIED: ("participation_status", _never_applied),
}


@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_bites_the_named_person_and_operation_once(site: Site, fault: Fault) -> None:
    operation, check = BITES[fault]
    seconds = 0.05 if fault is Fault.LATENCY else 0.0
    site.cronofy.faults.add(FaultRule(fault=fault, operation=operation, who=ANN, seconds=seconds))
    assert (await _read(site, BORIS_TOKEN)).status == 200
    assert (await site.get("/v1/userinfo")).status == 200

    await check(site)

    assert (await site.answer("tentative")).status == 202
    assert site.cronofy.status_of(REVIEW) == "tentative"
    assert (await _read(site)).json()["events"]


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("userinfo", "/v1/userinfo"),
        ("account", "/v1/account"),
        ("profiles", "/v1/profiles"),
        ("calendars", "/v1/calendars"),
        ("events", "/v1/events?tzid=Etc%2FUTC"),
        ("events", "/v1/events/pages/0"),
        ("oauth_authorize", "/oauth/authorize"),
    ],
)
async def test_every_read_goes_by_the_name_of_its_operation(
    site: Site, operation: str, path: str
) -> None:
    site.cronofy.faults.add(FaultRule(fault=Fault.UNAVAILABLE_503, operation=operation))

    assert (await site.get(path)).status == 503
    assert (await site.get(path)).status != 503
    assert site.cronofy.hits == {operation: 2}


@pytest.mark.parametrize(
    ("operation", "path"),
    [("oauth_token", "/oauth/token"), ("oauth_revoke", "/oauth/token/revoke")],
)
@pytest.mark.parametrize("named", ["refresh_token", "token"])
async def test_token_calls_concern_whoever_the_body_names(
    site: Site, operation: str, path: str, named: str
) -> None:
    rule = FaultRule(fault=Fault.UNAVAILABLE_503, operation=operation, who=BORIS)
    site.cronofy.faults.add(rule)

    anns = await site.post(path, token=None, json_body={named: "refresh-token-of-ann"})
    his = await site.post(path, token=None, json_body={named: f"refresh-{BORIS_TOKEN}"})

    assert (anns.status, his.status) == (400, 503)


async def test_a_limit_can_say_when_to_come_back(site: Site) -> None:
    site.cronofy.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, seconds=7))

    refused = await _read(site)

    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")


async def test_another_process_can_ask_for_faults_and_take_them_back(site: Site) -> None:
    wish = {"fault": "unavailable_503", "operation": "events", "times": None}

    added = await site.post("/_sandbox/faults", token=None, json_body=wish)
    during = await _read(site)
    async with site.session.delete(f"{site.url}/_sandbox/faults") as cleared:
        assert cleared.status == 200
    after = await _read(site)

    assert (added.status, during.status, after.status) == (200, 503, 200)


@pytest.mark.parametrize("status", [402, 403, 423, 429, 500, 502, 503, 504])
async def test_a_status_can_be_forced_on_a_person_and_an_operation(site: Site, status: int) -> None:
    site.cronofy.force_error(status, operation="participation_status", who=ANN, times=2)

    assert (await _read(site)).status == 200
    answers = [await site.answer("accepted") for _ in range(3)]

    assert [answer.status for answer in answers] == [status, status, 202]
    assert [answer.body for answer in answers] == [b"", b"", b""]
    assert "Retry-After" not in answers[0].headers
    assert len(site.cronofy.writes(REVIEW)) == 1


async def test_a_forced_status_can_have_a_body_and_a_time_to_come_back(site: Site) -> None:
    site.cronofy.force_error(429, b"<p>slow</p>", retry_after=3, content_type="text/html")

    refused = await _read(site)

    assert (refused.status, refused.body) == (429, b"<p>slow</p>")
    assert refused.headers["Retry-After"] == "3"
    assert refused.headers["Content-Type"] == "text/html"


async def test_the_limit_is_off_unless_asked_for(site: Site) -> None:
    statuses = {(await _read(site)).status for _ in range(PER_SECOND + 1)}

    assert statuses == {200}


@pytest.mark.parametrize("retry_after", [None, 1])
async def test_all_people_share_the_limit_of_a_second(site: Site, retry_after: int | None) -> None:
    site.cronofy.quirks.limited = True
    site.cronofy.quirks.limit_retry_after = retry_after
    statuses = [(await _read(site)).status for _ in range(PER_SECOND)]
    assert statuses == [200] * 50

    refused = await _read(site, BORIS_TOKEN)
    personal = await _read(site, site.cronofy.issue_personal_token(BORIS))
    site.clock.advance(1.0)
    later = await _read(site, BORIS_TOKEN)

    assert (refused.status, personal.status, later.status) == (429, 200, 200)
    assert refused.headers.get("Retry-After") == (None if retry_after is None else "1")


async def test_a_minute_has_a_limit_of_its_own(site: Site) -> None:
    for number in range(PER_MINUTE):
        assert site.cronofy.limit.admit("sandbox-client-id"), number
        site.clock.advance(0.1)
    site.cronofy.quirks.limited = True

    assert (await _read(site)).status == 429
    site.clock.advance(10.0)

    assert (await _read(site)).status == 200


async def test_an_answer_can_be_held_back_after_it_was_carried_out(site: Site) -> None:
    gate = site.cronofy.hold("participation_status", ANN)
    answering = asyncio.create_task(site.answer("accepted"))
    await gate.reached.wait()

    assert site.cronofy.status_of(REVIEW) == "accepted"
    assert not answering.done()
    gate.opened.set()

    assert (await answering).status == 202
