"""Ways into the portal emulator: addresses, encodings, credentials, and what every answer has."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.sandbox.bitrix24 import User
from bot.sandbox.bitrix24.methods import METHODS
from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    DINA,
    GET,
    PLANNING,
    SET,
    Answer,
    Site,
    running_site,
)

WEBHOOK = f"/rest/{ANN}/code{ANN}"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        running.portal.issue_token(ANN, "anns-token")
        running.portal.issue_token(BORIS, "boris-token")
        yield running


def _multipart() -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("eventId", str(PLANNING))
    form.add_field("status", "Y")
    return form


async def _json(site: Site) -> Answer:
    return await site.send(f"{WEBHOOK}/{SET}", json_body={"eventId": PLANNING, "status": "Y"})


async def _form(site: Site) -> Answer:
    return await site.send(f"{WEBHOOK}/{SET}", data={"eventId": str(PLANNING), "status": "Y"})


async def _form_in_parts(site: Site) -> Answer:
    return await site.send(f"{WEBHOOK}/{SET}", data=_multipart())


async def _query(site: Site) -> Answer:
    return await site.send(f"{WEBHOOK}/{SET}?eventId={PLANNING}&status=Y", method="GET")


async def _query_of_a_post(site: Site) -> Answer:
    return await site.send(f"{WEBHOOK}/{SET}?eventId={PLANNING}&status=Y")


async def _body_over_query(site: Site) -> Answer:
    path = f"{WEBHOOK}/{SET}?eventId={PLANNING}&status=N"
    return await site.send(path, json_body={"status": "Y"})


async def _form_over_query(site: Site) -> Answer:
    path = f"{WEBHOOK}/{SET}?eventId={PLANNING}&status=N"
    return await site.send(path, data={"status": "Y"})


async def _kind_unknown(site: Site) -> Answer:
    return await site.send(
        f"{WEBHOOK}/{SET}",
        data=f"eventId={PLANNING}&status=Y".encode(),
        headers={"Content-Type": "text/x-whatever"},
    )


async def _with_suffix(site: Site) -> Answer:
    path = f"{WEBHOOK}/{SET}.json"
    return await site.send(path, json_body={"eventId": PLANNING, "status": "Y"})


async def _shouted(site: Site) -> Answer:
    path = f"{WEBHOOK}/{SET.upper()}"
    return await site.send(path, json_body={"eventId": PLANNING, "status": "Y"})


async def _with_strange_parameters(site: Site) -> Answer:
    return await site.call(
        SET, eventId=PLANNING, status="Y", __order="order0000000000", x={"y": []}
    )


async def _broken_json_with_a_query(site: Site) -> Answer:
    path = f"{WEBHOOK}/{SET}?eventId={PLANNING}&status=Y"
    return await site.send(path, data=b'{"status":"N"', headers=JSON)


async def _json_that_is_no_object(site: Site) -> Answer:
    path = f"{WEBHOOK}/{SET}?eventId={PLANNING}&status=Y"
    return await site.send(path, json_body=["status", "N"])


WAYS = (
    _json,
    _form,
    _form_in_parts,
    _query,
    _query_of_a_post,
    _body_over_query,
    _form_over_query,
    _kind_unknown,
    _with_suffix,
    _shouted,
    _with_strange_parameters,
    _broken_json_with_a_query,
    _json_that_is_no_object,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
async def test_every_way_of_writing_a_call_arrives(
    site: Site, way: Callable[[Site], Awaitable[Answer]]
) -> None:
    answered = await way(site)

    assert answered.result is True
    assert site.statuses()[ANN] == "Y"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null"])
async def test_broken_json_is_as_good_as_none(site: Site, body: bytes) -> None:
    by_webhook = await site.send(f"{WEBHOOK}/{SET}", data=body, headers=JSON)
    by_token = await site.send(f"/rest/{SET}", data=body, headers=JSON)

    assert by_webhook.error == (400, "")
    assert by_token.error == (401, "NO_AUTH_FOUND")


async def test_nested_parameters_are_written_the_way_of_php(site: Site) -> None:
    command = urlencode({"cmd[mine]": f"{GET}?eventId={PLANNING}", "cmd[who]": "profile"})

    by_query = await site.send(f"{WEBHOOK}/batch?{command}", method="GET")
    by_form = await site.send(
        f"{WEBHOOK}/batch", data={"cmd[]": f"{GET}?eventId={PLANNING}", "halt": "1"}
    )
    body_wins = await site.send(f"{WEBHOOK}/batch?{command}", data={"cmd[mine]": "server.time"})

    assert by_query.result["result"]["mine"] == "Q"
    assert by_query.result["result"]["who"]["ID"] == str(ANN)
    assert by_form.result["result"] == ["Q"]
    # The body's `cmd` takes the place of the query's, it does not join it.
    assert body_wins.result["result"] == {"mine": "2026-03-02T09:00:00+00:00"}


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/rest/profile", {}, {"auth": "anns-token"}),
        ("/rest/profile", {}, {"access_token": "anns-token"}),
        ("/rest/profile?auth=anns-token", {}, {}),
        ("/rest/profile?access_token=anns-token", {}, {}),
        ("/rest/profile?auth=boris-token", {}, {"auth": "anns-token"}),
        ("/rest/profile", {"Authorization": "Bearer anns-token"}, {}),
        ("/rest/profile", {"Authorization": "bearer anns-token"}, {}),
        # Which of several counts: the header, then `auth`, then `access_token`; a webhook's
        # address over all of them.
        ("/rest/profile", {"Authorization": "Bearer anns-token"}, {"auth": "boris-token"}),
        ("/rest/profile", {}, {"auth": "anns-token", "access_token": "boris-token"}),
        ("/rest/profile", {"Authorization": "Basic boris-token"}, {"auth": "anns-token"}),
        (f"{WEBHOOK}/profile", {}, {}),
        (f"{WEBHOOK}/profile", {"Authorization": "Bearer boris-token"}, {"auth": "boris-token"}),
    ],
)
async def test_whoever_the_credentials_name_is_the_caller(
    site: Site, path: str, headers: dict[str, str], body: dict[str, str]
) -> None:
    answered = await site.send(path, json_body=body, headers=headers)

    assert answered.result["ID"] == str(ANN)


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("/rest/profile", {}, (401, 401, "NO_AUTH_FOUND")),
        ("/rest/profile", {"auth": ""}, (401, 401, "NO_AUTH_FOUND")),
        ("/rest/profile", {"auth": "nobody's"}, (401, 401, "invalid_token")),
        ("/rest/profile", {"auth": "expired"}, (401, 401, "expired_token")),
        ("/rest/profile", {"auth": "of-the-dismissed"}, (401, 401, "authorization_error")),
        ("/rest/profile", {"auth": "of-nobody"}, (401, 401, "authorization_error")),
        (f"/rest/{SET}", {"auth": "may-little"}, (403, 401, "insufficient_scope")),
        (f"/rest/{ANN}/wrong/profile", {}, (403, 401, "INVALID_CREDENTIALS")),
        (f"/rest/{BORIS}/code{ANN}/profile", {}, (403, 401, "INVALID_CREDENTIALS")),
        (f"/rest/99/code{ANN}/profile", {}, (403, 401, "INVALID_CREDENTIALS")),
        ("/rest/5//profile", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
        ("/rest/5/x/profile", {}, (403, 401, "INVALID_CREDENTIALS")),
        (f"/rest/{DINA}/code{DINA}/profile", {}, (401, 401, "authorization_error")),
        # An unknown method comes before wrong credentials, and so does an address without a user.
        ("/rest/no.such.method", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
        (f"/rest/{ANN}/wrong/no.such", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
        (f"{WEBHOOK}/calendar.event.getNearest", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
        (f"/rest/code{ANN}/profile", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
        (f"/rest/api/{ANN}/code{ANN}/profile", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
        ("/rest/", {}, (404, 404, "ERROR_METHOD_NOT_FOUND")),
    ],
)
@pytest.mark.parametrize("documented", [False, True])
async def test_wrong_credentials_are_refused_in_the_vendors_words_and_order(
    site: Site,
    path: str,
    body: dict[str, str],
    refusal: tuple[int, int, str],
    documented: bool,
) -> None:
    site.portal.quirks.documented_statuses = documented
    site.portal.users[DINA].active = False
    site.portal.add_user(User(user_id=5, name="Without a webhook"))
    site.portal.issue_token(ANN, "expired", expires_in=0)
    site.portal.issue_token(DINA, "of-the-dismissed")
    site.portal.issue_token(99, "of-nobody")
    site.portal.issue_token(ANN, "may-little", scopes=frozenset({"im"}))

    refused = await site.send(path, json_body=body)

    as_documented, as_sent, code = refusal
    assert refused.error == (as_documented if documented else as_sent, code)


async def test_a_token_dies_when_its_time_is_over(site: Site) -> None:
    site.clock.advance(3599)
    alive = await site.send("/rest/profile", json_body={"auth": "anns-token"})
    site.clock.advance(1)
    dead = await site.send("/rest/profile", json_body={"auth": "anns-token"})

    assert alive.result["ID"] == str(ANN)
    assert dead.error == (401, "expired_token")


def _scoped_methods() -> list[tuple[str, frozenset[str]]]:
    found = [(name, scopes) for name, (scopes, _function) in METHODS.items() if scopes]
    assert len(found) > 5
    return found


@pytest.mark.parametrize(("name", "scopes"), _scoped_methods())
async def test_every_method_that_needs_a_scope_refuses_whoever_lacks_it(
    site: Site, name: str, scopes: frozenset[str]
) -> None:
    every = {"calendar", "im", "user", "user_basic", "user_brief"}
    site.portal.users[ANN].scopes = frozenset(every - scopes)
    refused = await site.call(name)
    site.portal.users[ANN].scopes = frozenset({min(scopes)})
    let_in = await site.call(name)

    assert refused.error == (401, "insufficient_scope")
    assert refused.json()["error_description"] != ""
    assert let_in.json().get("error") != "insufficient_scope"


@pytest.mark.parametrize("name", ["profile", "scope", "server.time"])
async def test_some_methods_need_no_scope(site: Site, name: str) -> None:
    site.portal.users[ANN].scopes = frozenset()

    assert (await site.call(name)).status == 200


async def test_plain_http_can_be_refused_to_webhooks_as_real_portals_do(site: Site) -> None:
    site.portal.quirks.requires_https = True

    refused = await site.call("profile")
    site.portal.quirks.documented_statuses = True
    as_documented = await site.call("profile")
    by_token = await site.send("/rest/profile", json_body={"auth": "anns-token"})

    assert refused.error == (401, "INVALID_REQUEST")
    assert as_documented.error == (400, "INVALID_REQUEST")
    assert by_token.status == 200


async def test_a_success_has_a_result_and_a_time(site: Site) -> None:
    answered = await site.call("server.time")

    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert answered.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answered.headers["Access-Control-Allow-Origin"] == "*"
    assert answered.json() == {
        "result": "2026-03-02T09:00:00+00:00",
        "time": {
            "start": now.timestamp(),
            "finish": now.timestamp(),
            "duration": 0.0,
            "processing": 0.0,
            "date_start": "2026-03-02T09:00:00+00:00",
            "date_finish": "2026-03-02T09:00:00+00:00",
        },
    }


@pytest.mark.parametrize(("integers", "kind"), [(False, float), (True, int)])
async def test_times_are_fractions_or_whole_numbers(site: Site, integers: bool, kind: type) -> None:
    site.portal.quirks.integer_time = integers
    site.clock.advance(0.25)

    time = (await site.call("server.time")).json()["time"]

    assert (type(time["start"]), type(time["processing"])) == (kind, kind)
    assert time["finish"] - time["start"] == (0.25 if integers else 0.0)


async def test_a_refusal_has_no_time_and_says_that_it_is_json(site: Site) -> None:
    refused = await site.call(SET)

    assert set(refused.json()) == {"error", "error_description"}
    assert refused.headers["Content-Type"] == "application/json; charset=utf-8"
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


async def test_another_process_can_see_what_is_held_and_what_was_written(site: Site) -> None:
    await site.call(SET, eventId=PLANNING, status="N")
    await site.call("im.user.status.set", STATUS="dnd")

    state = (await site.send("/_sandbox/state", method="GET")).json()
    journal = (await site.send("/_sandbox/journal", method="GET")).json()

    assert [row["status"] for row in state["statuses"] if row["event"] == PLANNING] == [
        "H",
        "N",
        "Q",
    ]
    assert state["presence"] == {str(ANN): "dnd"}
    assert [notice["kind"] for notice in state["notices"]] == ["decline"]
    assert state["hits"] == 2
    assert [(write["method"], write["applied"]) for write in journal] == [
        (SET, True),
        ("im.user.status.set", True),
    ]
