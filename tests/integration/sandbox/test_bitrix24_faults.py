"""The portal emulator misbehaving: each fault, alone and in a batch, and held answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from bot.sandbox.faults import Fault, FaultRule
from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    CARL,
    GET,
    PLANNING,
    SET,
    SET_PRESENCE,
    Answer,
    Site,
    running_site,
)

Ask = Callable[[Site], Awaitable[Answer]]
Check = Callable[[Site, Ask], Awaitable[None]]

WRITE_AND_READ = {"s": f"{SET}?eventId={PLANNING}&status=Y", "g": f"{GET}?eventId={PLANNING}"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def _alone(site: Site) -> Answer:
    return await site.call(SET, eventId=PLANNING, status="Y")


async def _in_a_batch(site: Site) -> Answer:
    return await site.call("batch", halt=1, cmd=WRITE_AND_READ)


async def _latency(site: Site, ask: Ask) -> None:
    started = time.monotonic()
    assert (await ask(site)).status == 200
    assert time.monotonic() - started >= 0.05
    assert site.statuses()[ANN] == "Y"


async def _unavailable(site: Site, ask: Ask) -> None:
    refused = await ask(site)
    assert refused.error == (503, "QUERY_LIMIT_EXCEEDED")
    assert refused.json()["error_description"] == "Too many requests"
    assert site.statuses()[ANN] == "Q"
    assert site.portal.journal == []


async def _rate_limited(site: Site, ask: Ask) -> None:
    refused = await ask(site)
    assert refused.error == (429, "QUERY_LIMIT_EXCEEDED")
    assert "Retry-After" not in refused.headers
    assert site.portal.journal == []


async def _gateway_page(site: Site, ask: Ask) -> None:
    answered = await ask(site)
    assert (answered.status, answered.body[:6]) == (502, b"<html>")
    assert answered.headers["Content-Type"].startswith("text/html")
    assert site.portal.journal == []


async def _cut_before(site: Site, ask: Ask) -> None:
    with pytest.raises(aiohttp.ClientError):
        await ask(site)
    assert site.statuses()[ANN] == "Q"
    assert site.portal.journal == []


async def _cut_after(site: Site, ask: Ask) -> None:
    with pytest.raises(aiohttp.ClientError):
        await ask(site)
    assert site.statuses()[ANN] == "Y"


async def _truncated(site: Site, ask: Ask) -> None:
    answered = await ask(site)
    assert (answered.status, answered.body[:9]) == (200, b'{"result"')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answered.json()
    assert site.statuses()[ANN] == "Y"


async def _never_applied(site: Site, ask: Ask) -> None:
    assert (await ask(site)).status == 200
    assert site.statuses()[ANN] == "Q"
    assert site.portal.notices == []
    assert [write.applied for write in site.portal.writes(SET)] == [False]


BITES: dict[Fault, Check] = {
    Fault.LATENCY: _latency,
    Fault.UNAVAILABLE_503: _unavailable,
    Fault.RATE_LIMITED_429: _rate_limited,
    Fault.HTML_502: _gateway_page,
    Fault.CUT_BEFORE: _cut_before,
    Fault.CUT_AFTER: _cut_after,
    Fault.TRUNCATED_JSON: _truncated,
    Fault.NEVER_APPLIED: _never_applied,
}


@pytest.mark.parametrize(
    ("operation", "ask"),
    [(SET, _alone), (SET, _in_a_batch), ("batch", _in_a_batch), ("*", _alone), ("*", _in_a_batch)],
    ids=["alone", "inside a batch", "a batch as a whole", "anything", "anything inside a batch"],
)
@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_bites_the_named_person_and_operation_once(
    site: Site, fault: Fault, operation: str, ask: Ask
) -> None:
    seconds = 0.05 if fault is Fault.LATENCY else 0.0
    rule = FaultRule(fault=fault, operation=operation, who=str(ANN), seconds=seconds)
    site.portal.faults.add(rule)
    assert (await site.call(SET, who=CARL, eventId=99999, status="N")).result is True
    assert (await site.batch({"g": GET}, who=BORIS))["result"] == []
    if operation != "*":
        assert (await site.call("profile")).status == 200
    site.portal.journal.clear()

    await BITES[fault](site, ask)

    assert (await site.call(SET, eventId=PLANNING, status="N")).result is True
    assert (await site.batch(WRITE_AND_READ))["result"] == {"s": True, "g": "Y"}


async def test_a_rule_for_anything_never_counts_a_batch_as_one(site: Site) -> None:
    site.portal.faults.add(FaultRule(fault=Fault.HTML_502, skip=1))

    struck = await _in_a_batch(site)

    # The set was the first operation; the get behind it was struck.
    assert struck.status == 502
    assert site.statuses()[ANN] == "Y"


@pytest.mark.parametrize(
    "fault", [Fault.UNAVAILABLE_503, Fault.RATE_LIMITED_429, Fault.HTML_502, Fault.CUT_BEFORE]
)
async def test_a_fault_in_the_middle_of_a_batch_leaves_what_came_before_it_done(
    site: Site, fault: Fault
) -> None:
    site.portal.faults.add(FaultRule(fault=fault, operation=GET))

    try:
        assert (await _in_a_batch(site)).status != 200
    except aiohttp.ClientError:
        assert fault is Fault.CUT_BEFORE

    assert site.statuses()[ANN] == "Y"


async def test_a_line_that_breaks_after_a_command_breaks_the_rest_of_the_batch_off(
    site: Site,
) -> None:
    site.portal.faults.add(FaultRule(fault=Fault.CUT_AFTER, operation=SET))

    with pytest.raises(aiohttp.ClientError):
        await site.batch({**WRITE_AND_READ, "p": f"{SET_PRESENCE}?STATUS=dnd"})

    assert site.statuses()[ANN] == "Y"
    assert site.portal.presence == {}


async def test_no_write_of_a_batch_is_applied_where_the_batch_is_said_not_to_be(
    site: Site,
) -> None:
    site.portal.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="batch"))

    parts = await site.batch({**WRITE_AND_READ, "p": f"{SET_PRESENCE}?STATUS=dnd"})

    assert parts["result"] == {"s": True, "g": "Q", "p": True}
    assert [write.applied for write in site.portal.journal] == [False, False]
    assert site.portal.presence == {}


async def test_a_new_event_that_is_never_applied_has_a_number_and_no_row(site: Site) -> None:
    add = "calendar.event.add"
    site.portal.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation=add))
    wish = {
        "type": "user",
        "ownerId": ANN,
        "name": "Lunch",
        "from": "2026-03-06T12:00:00",
        "to": "2026-03-06T13:00:00",
    }

    number = (await site.send(site.portal.webhook_path(ANN) + add, json_body=wish)).result

    assert (await site.call("calendar.event.getbyid", id=number)).result is None
    assert [write.applied for write in site.portal.writes(add)] == [False]


async def test_a_limit_can_say_when_to_come_back(site: Site) -> None:
    site.portal.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, seconds=7))

    refused = await _alone(site)

    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")


async def test_a_refused_credential_uses_up_no_fault(site: Site) -> None:
    site.portal.faults.add(FaultRule(fault=Fault.HTML_502))

    stranger = await site.send(f"/rest/{ANN}/wrong/profile")
    unknown = await site.call("no.such.method")

    assert (stranger.status, unknown.status) == (401, 404)
    assert (await site.call("profile")).status == 502


async def test_another_process_can_ask_for_faults_and_take_them_back(site: Site) -> None:
    wish = {"fault": "html_502", "operation": "profile", "times": None}

    added = await site.send("/_sandbox/faults", json_body=wish)
    during = [(await site.call("profile")).status for _ in range(2)]
    cleared = await site.send("/_sandbox/faults", method="DELETE")
    after = await site.call("profile")

    assert (added.status, during, cleared.status, after.status) == (200, [502, 502], 200, 200)


@pytest.mark.parametrize("ask", [_alone, _in_a_batch])
async def test_an_answer_can_be_held_back_after_it_was_carried_out(site: Site, ask: Ask) -> None:
    gate = site.portal.hold(SET, str(ANN))
    answering = asyncio.ensure_future(ask(site))
    await gate.reached.wait()

    assert site.statuses()[ANN] == "Y"
    assert not answering.done()
    assert (await site.call(SET, who=CARL, eventId=PLANNING, status="N")).result is True
    gate.opened.set()

    assert (await answering).status == 200
