"""What makes the portal emulator refuse anybody: its limits, a new address, system errors."""

import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.bitrix24.errors import STATUSES
from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    GET,
    PLANNING,
    SET,
    Site,
    running_site,
)

SPENT = "OPERATION_TIME_LIMIT"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def _statuses(site: Site, count: int, name: str = "profile") -> list[int]:
    return [(await site.call(name)).status for _ in range(count)]


async def test_without_a_limit_nobody_is_refused(site: Site) -> None:
    assert await _statuses(site, 60) == [200] * 60


@pytest.mark.parametrize(("burst", "rate"), [(50, 2.0), (250, 5.0), (3, 0.5)])
async def test_a_full_bucket_refuses_until_it_has_leaked(
    site: Site, burst: int, rate: float
) -> None:
    site.portal.quirks.burst, site.portal.quirks.rate = burst, rate
    assert await _statuses(site, burst) == [200] * burst

    refused = await site.call(SET, eventId=PLANNING, status="Y")
    assert refused.error == (503, "QUERY_LIMIT_EXCEEDED")
    assert refused.json()["error_description"] == "Too many requests"
    assert site.portal.journal == []

    # Refused hits do not fill the bucket: as much goes in as has leaked.
    site.clock.advance(2 / rate)
    assert await _statuses(site, 3) == [200, 200, 503]
    site.clock.advance(burst / rate)
    assert await _statuses(site, burst + 1) == [200] * burst + [503]


async def test_whoever_calls_from_one_address_shares_its_bucket(site: Site) -> None:
    site.portal.issue_token(BORIS, "boris-token")
    site.portal.quirks.burst = 4

    answers = [
        await site.call("profile"),
        await site.call("profile", who=BORIS),
        await site.call("no.such.method"),
        await site.send("/rest/profile"),
        await site.send("/rest/profile", json_body={"auth": "boris-token"}),
    ]

    assert [answer.status for answer in answers] == [200, 200, 404, 401, 503]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere loopback has one address only")
async def test_another_address_has_a_bucket_of_its_own(site: Site) -> None:
    site.portal.quirks.burst = 1
    assert await _statuses(site, 2) == [200, 503]

    connector = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=connector) as neighbour:
        url = site.url + site.portal.webhook_path(ANN) + "profile"
        seen = []
        for _ in range(2):
            async with neighbour.post(url) as answer:
                seen.append(answer.status)

    assert seen == [200, 503]


async def test_a_batch_is_one_hit(site: Site) -> None:
    site.portal.quirks.burst = 2

    parts = await site.batch({f"k{number}": "profile" for number in range(50)})

    assert len(parts["result"]) == 50
    assert await _statuses(site, 2) == [200, 503]


async def test_an_own_portal_neither_tells_nor_limits_running_time(site: Site) -> None:
    site.portal.quirks.call_takes = 1000.0

    for _ in range(3):
        time = (await site.call("profile")).json()["time"]
        assert {"operating", "operating_reset_at"}.isdisjoint(time)


async def test_running_time_adds_up_and_blocks_its_method_until_it_is_forgotten(
    site: Site,
) -> None:
    quirks = site.portal.quirks
    quirks.operating_resets_in, quirks.call_takes = 600, 200.0
    # Buckets are whole minutes: they are forgotten ten minutes after they began.
    site.clock.advance(30)
    minute = site.clock.now().timestamp() - 30

    told = []
    for _ in range(3):
        time = (await site.call(SET, eventId=PLANNING, status="Y")).json()["time"]
        told.append((time["operating"], time["operating_reset_at"]))
        site.clock.advance(60)
    refused = await site.call(SET, eventId=PLANNING, status="N")

    assert told == [(200.0, minute + 600), (400.0, minute + 600), (600.0, minute + 600)]
    assert refused.error == (429, SPENT)
    assert site.statuses()[ANN] == "Y"
    # Other methods, other webhooks and the application's tokens are not concerned.
    site.portal.issue_token(ANN, "anns-token")
    assert (await site.call(GET, eventId=PLANNING)).result == "Y"
    assert (await site.call(SET, who=BORIS, eventId=PLANNING, status="Q")).result is True
    by_token = {"eventId": PLANNING, "status": "Y", "auth": "anns-token"}
    assert (await site.send(f"/rest/{SET}", json_body=by_token)).result is True
    # 210 seconds have passed since the minute of the first call began.
    site.clock.advance(389)
    assert (await site.call(SET, eventId=PLANNING, status="N")).error == (429, SPENT)
    site.clock.advance(1)
    assert (await site.call(SET, eventId=PLANNING, status="N")).result is True


async def test_all_tokens_are_of_one_application_and_share_its_time(site: Site) -> None:
    site.portal.quirks.operating_resets_in, site.portal.quirks.call_takes = 600, 481.0
    for who, token in ((ANN, "anns-token"), (BORIS, "boris-token")):
        site.portal.issue_token(who, token)

    first = await site.send("/rest/profile", json_body={"auth": "anns-token"})
    second = await site.send("/rest/profile", json_body={"auth": "boris-token"})

    assert (first.status, second.status) == (200, 429)


@pytest.mark.parametrize(("seconds", "counted"), [(0.0, 0), (0.1, 0), (0.5, 1.0)])
async def test_quick_runs_cost_nothing(site: Site, seconds: float, counted: float) -> None:
    site.portal.quirks.operating_resets_in, site.portal.quirks.call_takes = 600, seconds

    await site.call("profile")
    time = (await site.call("profile")).json()["time"]

    assert time["operating"] == counted
    if not counted:
        assert time["operating_reset_at"] == int(site.clock.now().timestamp()) + 600


async def test_running_time_of_a_batch_is_that_of_its_commands(site: Site) -> None:
    site.portal.quirks.operating_resets_in, site.portal.quirks.call_takes = 600, 300.0

    answered = await site.call(
        "batch", cmd={"a": "profile", "b": "profile", "c": "profile", "d": "scope"}
    )

    parts = answered.result
    assert list(parts["result"]) == ["a", "b", "d"]
    assert [parts["result_time"][key]["operating"] for key in "abd"] == [300.0, 600.0, 300.0]
    assert parts["result_error"]["c"]["error"] == SPENT
    assert answered.json()["time"]["operating"] == 0


async def test_a_renamed_portal_points_to_its_new_address_and_does_nothing(site: Site) -> None:
    site.portal.moved_to = "https://new.example"
    path = site.portal.webhook_path(ANN) + f"{SET}?eventId={PLANNING}"

    moved = await site.send(path, json_body={"status": "Y"})
    by_token = await site.send("/rest/profile", method="GET")

    assert moved.status == by_token.status == 302
    assert moved.headers["Location"] == f"https://new.example{path}"
    assert by_token.headers["Location"] == "https://new.example/rest/profile"
    assert not moved.headers["Content-Type"].startswith("application/json")
    assert site.portal.journal == []
    assert site.portal.hits == 2


SYSTEM_ERRORS: dict[str, tuple[int, int]] = {
    # As documented, as really sent.
    "QUERY_LIMIT_EXCEEDED": (503, 503),
    "OPERATION_TIME_LIMIT": (429, 429),
    "OVERLOAD_LIMIT": (503, 401),
    "INTERNAL_SERVER_ERROR": (500, 500),
    "ERROR_UNEXPECTED_ANSWER": (500, 500),
    "CONNECTION_ERROR": (401, 401),
    "NO_AUTH_FOUND": (401, 401),
    "INVALID_CREDENTIALS": (403, 401),
    "expired_token": (401, 401),
    "invalid_token": (401, 401),
    "insufficient_scope": (403, 401),
    "user_access_error": (403, 401),
    "authorization_error": (401, 401),
    "ACCESS_DENIED": (403, 401),
    "APPLICATION_NOT_FOUND": (401, 401),
    "ERROR_OAUTH": (401, 401),
    "NOT_INSTALLED": (401, 401),
    "PAYMENT_REQUIRED": (401, 401),
    "WRONG_AUTH_TYPE": (403, 403),
    "WRONG_LICENSE": (403, 403),
    "METHOD_CONFIRM_DENIED": (403, 403),
    "METHOD_CONFIRM_WAITING": (401, 401),
    "INVALID_REQUEST": (400, 401),
    "ERROR_METHOD_NOT_FOUND": (404, 404),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, 400),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, 400),
    "PORTAL_DELETED": (500, 403),
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": (404, 404),
    "ERROR_CORE": (400, 400),
    "ERROR_ARGUMENT": (400, 400),
    "ERROR_NOT_FOUND": (400, 400),
    "WRONG_ENCODING": (200, 200),
    "": (400, 400),
}


def test_the_emulator_knows_the_very_errors_that_are_checked_here() -> None:
    assert set(STATUSES) == set(SYSTEM_ERRORS)


@pytest.mark.parametrize("documented", [False, True])
@pytest.mark.parametrize("code", SYSTEM_ERRORS)
async def test_every_system_error_can_be_forced_with_either_status(
    site: Site, code: str, documented: bool
) -> None:
    site.portal.quirks.documented_statuses = documented
    site.portal.force_error(code, operation=SET, who=str(ANN), times=2)

    assert (await site.call("profile")).status == 200
    assert (await site.call(SET, who=BORIS, eventId=99999, status="Y")).result is True
    refused = await site.call(SET, eventId=PLANNING, status="Y")
    nested = await site.batch({"s": f"{SET}?eventId={PLANNING}&status=Y"})

    assert refused.status == SYSTEM_ERRORS[code][0 if documented else 1]
    body = {"error": code, "error_description": "forced"}
    extra = {"argument"} if code == "ERROR_ARGUMENT" else set()
    assert set(refused.json()) == set(body) | extra
    assert refused.json() | body == refused.json()
    assert nested["result_error"]["s"]["error"] == code
    assert site.statuses()[ANN] == "Q"
    assert (await site.call(SET, eventId=PLANNING, status="Y")).result is True


@pytest.mark.parametrize("status", [200, 400, 403, 500, 503])
async def test_an_error_can_be_forced_with_any_status(site: Site, status: int) -> None:
    site.portal.force_error("ERROR_CORE", status)

    assert (await site.call("profile")).error == (status, "ERROR_CORE")
    assert (await site.call("profile")).status == 200


async def test_an_error_can_be_forced_on_a_batch_as_a_whole(site: Site) -> None:
    site.portal.force_error("expired_token", operation="batch")

    alone = await site.call("profile")
    refused = await site.call("batch", cmd={"s": f"{SET}?eventId={PLANNING}&status=Y"})
    again = await site.call("batch", cmd={"s": f"{SET}?eventId={PLANNING}&status=Y"})

    assert alone.status == 200
    assert refused.error == (401, "expired_token")
    assert again.result["result"] == {"s": True}
    assert len(site.portal.writes(SET)) == 1


async def test_an_error_forced_on_anything_strikes_inside_a_batch(site: Site) -> None:
    site.portal.force_error("INTERNAL_SERVER_ERROR")

    parts = await site.batch({"a": "profile", "b": "scope"})

    assert list(parts["result_error"]) == ["a"]
    assert list(parts["result"]) == ["b"]
