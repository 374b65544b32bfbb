"""Consent at the portal, and tokens, refresh and revocation at its authorization server."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from bot.sandbox.bitrix24 import Consent, OAuthServer, Portal, User, oauth_app, portal_app
from bot.sandbox.bitrix24.oauth import STATUSES
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import SandboxServer
from tests.fakes.clock import FakeClock
from tests.integration.sandbox.bitrix24_portal import ANN, BORIS, Answer, Site, running_site

CLIENT = {"client_id": "local.1a2b", "client_secret": "s3cr3t-of-the-app"}
CALLBACK = "http://127.0.0.1:9/callback?from=bitrix24"
HALF_A_YEAR = 180 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A portal with one application, its authorization server, and a client for both."""

    site: Site
    server_url: str

    @property
    def portal(self) -> Portal:
        return self.site.portal

    @property
    def oauth(self) -> OAuthServer:
        return self.site.portal.oauth

    async def authorize(self, **query: str) -> Answer:
        asked = {"client_id": CLIENT["client_id"], "state": "st&te=1 %"} | query
        return await self.site.send(f"/oauth/authorize/?{urlencode(asked)}", method="GET")

    async def token(self, *, method: str = "GET", **query: str) -> Answer:
        """Ask the server; an empty value leaves a parameter out."""
        asked = {name: value for name, value in (CLIENT | query).items() if value}
        url = f"{self.server_url}/oauth/token/"
        async with self.site.session.request(
            method, url, params=asked, middlewares=(_only_once(),)
        ) as response:
            body = await response.read()
            return Answer(status=response.status, headers=response.headers, body=body)

    async def code(self, who: int = ANN) -> str:
        self.portal.consents_as = who
        return _sent_back(await self.authorize())["code"]

    async def exchange(self, code: str) -> Answer:
        return await self.token(grant_type="authorization_code", code=code)

    async def refresh(self, refresh_token: str) -> Answer:
        return await self.token(grant_type="refresh_token", refresh_token=refresh_token)

    async def sign_in(self, who: int = ANN) -> dict[str, Any]:
        """The tokens of somebody who said yes."""
        answer = await self.exchange(await self.code(who))
        assert answer.status == 200, answer.body
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def rest(self, token: str, method: str = "profile") -> Answer:
        return await self.site.send(f"/rest/{method}", json_body={"auth": token})


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with running_site() as site, SandboxServer(oauth_app(site.portal)) as server:
        site.portal.quirks.language = "en"
        site.portal.add_application(
            CLIENT["client_id"], CLIENT["client_secret"], CALLBACK, {"im", "calendar"}, "RSVP <bot>"
        )
        yield Both(site=site, server_url=server.url)


def _only_once() -> aiohttp.ClientMiddlewareType:
    """aiohttp repeats a GET by itself when the connection is closed on it."""
    rounds = 0

    async def pass_once(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        nonlocal rounds
        rounds += 1
        if rounds > 1:
            raise aiohttp.ClientConnectionError
        return await handler(request)

    return pass_once


def _sent_back(answer: Answer) -> dict[str, str]:
    assert answer.status == 302, answer.body
    location = answer.headers["Location"]
    assert location.startswith(CALLBACK + "&")
    pairs = parse_qs(urlsplit(location).query)
    assert pairs.pop("from") == ["bitrix24"]
    return {key: value for key, (value,) in pairs.items()}


def _refused(answer: Answer) -> tuple[int, str]:
    assert set(answer.json()) == {"error", "error_description"}
    return answer.error


INVALID_GRANT = (400, "invalid_grant")


async def test_who_says_yes_is_sent_back_with_a_code_and_where_it_comes_from(both: Both) -> None:
    both.portal.consents_as = ANN

    back = _sent_back(await both.authorize())

    assert back == {
        "code": back["code"],
        "state": "st&te=1 %",
        "domain": urlsplit(both.site.url).netloc,
        "member_id": both.portal.member_id,
        "scope": "calendar,im",
        "server_domain": "oauth.bitrix.info",
    }


async def test_neither_the_way_back_nor_the_scopes_can_be_asked_for(both: Both) -> None:
    both.portal.consents_as = ANN

    answer = await both.authorize(redirect_uri="https://evil.example/", scope="user,disk")

    assert _sent_back(answer)["scope"] == "calendar,im"


async def test_without_a_state_none_comes_back(both: Both) -> None:
    both.portal.consents_as = ANN

    answer = await both.site.send("/oauth/authorize/?client_id=local.1a2b", method="GET")

    assert "state" not in _sent_back(answer)


async def test_a_page_asks_who_it_is_and_takes_a_yes(both: Both) -> None:
    both.portal.users[BORIS].name = "<Boris>"

    page = await both.authorize()

    text = page.body.decode()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>RSVP &lt;bot&gt; asks for access</h1>" in text
    assert "<li>calendar</li><li>im</li>" in text
    assert "&lt;Boris&gt; Hill</label>" in text
    assert "<script" not in text
    action = text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    yes = await both.site.send(action, data={"user_id": str(BORIS), "answer": "yes"})
    back = _sent_back(yes)
    assert back["state"] == "st&te=1 %"
    assert (await both.exchange(back["code"])).json()["user_id"] == BORIS


async def test_the_page_speaks_the_portals_language_and_lists_only_who_works_there(
    both: Both,
) -> None:
    both.portal.quirks.language = "ru"
    both.portal.users[BORIS].active = False

    text = (await both.authorize()).body.decode()

    assert 'lang="ru"' in text
    assert "Разрешить" in text
    assert f'value="{ANN}"' in text
    assert f'value="{BORIS}"' not in text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"user_id": str(ANN), "answer": "no"}, "Access was not granted"),
        ({"answer": "no"}, "Access was not granted"),
        ({"user_id": str(ANN)}, "Access was not granted"),
        ({"answer": "yes"}, "There is no such employee"),
        ({"user_id": "99", "answer": "yes"}, "There is no such employee"),
        ({"user_id": "7७", "answer": "yes"}, "There is no such employee"),
        ({"user_id": str(BORIS), "answer": "yes"}, "There is no such employee"),
    ],
)
async def test_whoever_does_not_allow_it_stays_at_the_portal(
    both: Both, form: dict[str, str], said: str
) -> None:
    both.portal.users[BORIS].active = False
    path = "/oauth/authorize/?client_id=local.1a2b&state=s"

    answer = await both.site.send(path, data=form)

    assert (answer.status, "Location" in answer.headers) == (403, False)
    assert said in answer.body.decode()
    assert both.oauth.snapshot()["codes"] == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", ["", "client_id=local.other&state=s", "state=s"])
async def test_an_application_that_is_not_installed_is_told_nothing(
    both: Both, method: str, query: str
) -> None:
    both.portal.consents_as = ANN
    assert (await both.authorize()).status == 302

    answer = await both.site.send(f"/oauth/authorize/?{query}", method=method)

    assert (answer.status, "Location" in answer.headers) == (404, False)
    assert "The application is not installed" in answer.body.decode()


async def test_an_application_without_a_way_back_has_its_code_copied_by_hand(both: Both) -> None:
    both.portal.add_application("local.2", "s", "", {"im"}, "By hand")
    both.portal.consents_as = ANN

    text = (await both.authorize(client_id="local.2")).body.decode()

    code = text.partition("<code>")[2].partition("</code>")[0]
    answer = await both.token(
        grant_type="authorization_code", client_id="local.2", client_secret="s", code=code
    )
    assert (answer.status, answer.json()["scope"]) == (200, "im")


async def test_a_portal_that_was_renamed_asks_at_its_new_address(both: Both) -> None:
    both.portal.moved_to = "https://new.bitrix24.com"

    answer = await both.authorize()

    assert answer.status == 302
    assert answer.headers["Location"].startswith("https://new.bitrix24.com/oauth/authorize/?")


async def test_a_code_becomes_tokens_with_all_that_the_vendor_tells(both: Both) -> None:
    answer = await both.exchange(await both.code())

    body = answer.json()
    assert (answer.status, answer.headers["Content-Type"]) == (
        200,
        "application/json; charset=utf-8",
    )
    assert body == {
        "access_token": body["access_token"],
        "client_endpoint": f"{both.site.url}/rest/",
        "domain": urlsplit(both.server_url).netloc,
        "expires": int(both.site.clock.now().timestamp()) + 3600,
        "expires_in": 3600,
        "member_id": both.portal.member_id,
        "refresh_token": body["refresh_token"],
        "scope": "calendar,im",
        "server_endpoint": f"{both.server_url}/rest/",
        "status": "L",
        "user_id": ANN,
    }
    assert body["access_token"] != body["refresh_token"]


async def test_a_refresh_answers_in_the_same_shape_with_a_new_pair(both: Both) -> None:
    first = await both.sign_in()
    both.site.clock.advance(100.0)

    second = (await both.refresh(first["refresh_token"])).json()

    assert {name for name in first if first[name] != second[name]} == {
        "access_token",
        "refresh_token",
        "expires",
    }
    assert second["expires"] == first["expires"] + 100


async def test_the_tokens_open_the_portal_as_their_person_with_the_cards_scopes(
    both: Both,
) -> None:
    both.portal.add_application("local.im", "s", CALLBACK, {"im"}, "Presence only")
    consent = Consent(
        portal=both.portal, portal_url=both.site.url, client_id="local.im", user_id=ANN
    )
    whole, partly = await both.sign_in(BORIS), both.oauth.open_grant(consent)

    assert (await both.rest(whole["access_token"])).result["ID"] == str(BORIS)
    assert (await both.rest(whole["access_token"], "scope")).result == ["calendar", "im"]
    assert (await both.rest(partly.access_token, "scope")).result == ["im"]
    refused = await both.rest(partly.access_token, "calendar.meeting.status.get")
    assert refused.error == (401, "insufficient_scope")


async def test_an_access_token_lives_an_hour_and_its_successor_another(both: Both) -> None:
    tokens = await both.sign_in()
    both.site.clock.advance(3599.0)
    assert (await both.rest(tokens["access_token"])).status == 200

    both.site.clock.advance(1.0)

    assert (await both.rest(tokens["access_token"])).error == (401, "expired_token")
    newer = (await both.refresh(tokens["refresh_token"])).json()
    assert (await both.rest(newer["access_token"])).status == 200


async def test_a_refresh_leaves_the_access_token_alive(both: Both) -> None:
    tokens = await both.sign_in()

    assert (await both.refresh(tokens["refresh_token"])).status == 200

    assert (await both.rest(tokens["access_token"])).status == 200


async def test_a_code_works_once_and_for_half_a_minute(both: Both) -> None:
    used, in_time, late = await both.code(), await both.code(), await both.code()
    assert (await both.exchange(used)).status == 200
    assert _refused(await both.exchange(used)) == INVALID_GRANT

    both.site.clock.advance(29.0)
    assert (await both.exchange(in_time)).status == 200
    both.site.clock.advance(1.0)

    assert _refused(await both.exchange(late)) == INVALID_GRANT
    assert _refused(await both.exchange("unknown")) == INVALID_GRANT
    assert both.oauth.exchanges == 2


async def test_a_refresh_token_lives_half_a_year_and_each_refresh_begins_it_anew(
    both: Both,
) -> None:
    idle, active = await both.sign_in(), await both.sign_in(BORIS)
    both.site.clock.advance(HALF_A_YEAR - 1)
    active = (await both.refresh(active["refresh_token"])).json()
    both.site.clock.advance(1.0)

    assert _refused(await both.refresh(idle["refresh_token"])) == INVALID_GRANT
    assert (await both.refresh(active["refresh_token"])).status == 200


async def test_the_old_refresh_token_dies_with_the_refresh(both: Both) -> None:
    first = await both.sign_in()
    second = (await both.refresh(first["refresh_token"])).json()

    assert _refused(await both.refresh(first["refresh_token"])) == INVALID_GRANT
    assert (await both.refresh(second["refresh_token"])).status == 200
    assert both.oauth.refreshes == 2


async def test_of_two_refreshes_at_once_the_second_gets_nothing(both: Both) -> None:
    tokens = await both.sign_in()
    gate = both.oauth.hold(str(ANN))
    first = asyncio.ensure_future(both.refresh(tokens["refresh_token"]))
    await gate.reached.wait()

    second = await both.refresh(tokens["refresh_token"])

    assert _refused(second) == INVALID_GRANT
    assert not first.done()
    gate.opened.set()
    newer = (await first).json()
    assert (await both.refresh(newer["refresh_token"])).status == 200
    assert both.oauth.hits["refresh_token"] == 3
    assert both.oauth.refreshes == 2


async def test_an_old_refresh_token_may_be_told_to_go_on(both: Both) -> None:
    both.oauth.quirks.keeps_old_refresh = True
    tokens = await both.sign_in()

    answers = [await both.refresh(tokens["refresh_token"]) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"grant_type": ""}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "invalid_request")),
        ({"refresh_token": ""}, (400, "invalid_request")),
        ({"grant_type": "authorization_code"}, (400, "invalid_request")),
        ({"client_id": ""}, (400, "invalid_request")),
        ({"client_secret": ""}, (400, "invalid_request")),
        ({"client_id": "guess"}, (400, "invalid_client")),
        ({"client_secret": "guess"}, (400, "invalid_client")),
        ({"client_id": "local.2", "client_secret": "s2"}, (400, "invalid_grant")),
        ({"refresh_token": "guess"}, (400, "invalid_grant")),
    ],
)
async def test_a_wrong_request_is_refused_and_changes_nothing(
    both: Both, query: dict[str, str], error: tuple[int, str]
) -> None:
    both.portal.add_application("local.2", "s2", CALLBACK, {"im"}, "Another")
    tokens = await both.sign_in()
    right = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    answer = await both.token(**(right | query))

    assert _refused(answer) == error
    assert both.oauth.refreshes == 0
    assert (await both.token(**right)).status == 200


async def test_a_wrong_client_may_be_told_so_inside_a_success(both: Both) -> None:
    both.oauth.quirks.bad_client = "wrong_client"

    answer = await both.token(
        grant_type="refresh_token", refresh_token="guess", client_secret="guess"
    )

    assert _refused(answer) == (200, "wrong_client")


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
async def test_tokens_come_by_get_alone(both: Both, method: str) -> None:
    tokens = await both.sign_in()
    right = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    answer = await both.token(method=method, **right)

    assert answer.status == 405
    assert both.oauth.refreshes == 0


async def test_answers_can_name_another_server_another_scope_and_the_portal(both: Both) -> None:
    quirks = both.oauth.quirks
    quirks.server_endpoint = "https://oauth.bitrix24.tech/rest/"
    quirks.scope = "app"
    quirks.portal_as_domain = True
    quirks.full_exchange = False
    quirks.expires_in = 1800

    exchanged = await both.sign_in()
    refreshed = (await both.refresh(exchanged["refresh_token"])).json()

    for body in (exchanged, refreshed):
        assert body["server_endpoint"] == "https://oauth.bitrix24.tech/rest/"
        assert (body["scope"], body["expires_in"]) == ("app", 1800)
        assert body["domain"] == urlsplit(both.site.url).netloc
    assert set(refreshed) - set(exchanged) == {"expires", "user_id"}
    assert (await both.rest(exchanged["access_token"], "scope")).result == ["calendar", "im"]


async def test_the_browser_can_be_told_another_server(both: Both) -> None:
    both.oauth.quirks.server_domain = "evil.example"
    both.portal.consents_as = ANN

    assert _sent_back(await both.authorize())["server_domain"] == "evil.example"


async def test_a_dismissed_employee_is_let_in_nowhere(both: Both) -> None:
    tokens, code = await both.sign_in(), await both.code()

    both.portal.users[ANN].active = False

    assert (await both.rest(tokens["access_token"])).error == (401, "authorization_error")
    assert _refused(await both.refresh(tokens["refresh_token"])) == INVALID_GRANT
    assert _refused(await both.exchange(code)) == INVALID_GRANT


async def test_with_the_application_all_that_was_allowed_it_goes(both: Both) -> None:
    both.portal.add_application("local.2", "s2", CALLBACK, {"im"}, "Another")
    other = both.oauth.open_grant(
        Consent(portal=both.portal, portal_url=both.site.url, client_id="local.2", user_id=ANN)
    )
    tokens, code = await both.sign_in(), await both.code()

    both.portal.remove_application(CLIENT["client_id"])

    assert (await both.rest(tokens["access_token"])).error == (401, "APPLICATION_NOT_FOUND")
    assert _refused(await both.refresh(tokens["refresh_token"])) == INVALID_GRANT
    assert _refused(await both.exchange(code)) == INVALID_GRANT
    assert (await both.authorize()).status == 404
    assert (await both.rest(other.access_token)).status == 200


async def test_an_application_that_comes_back_has_to_be_allowed_anew(both: Both) -> None:
    tokens = await both.sign_in()
    both.portal.remove_application(CLIENT["client_id"])
    both.portal.add_application(
        CLIENT["client_id"], CLIENT["client_secret"], CALLBACK, {"im"}, "Again"
    )

    assert _refused(await both.refresh(tokens["refresh_token"])) == INVALID_GRANT
    assert (await both.rest((await both.sign_in())["access_token"])).status == 200


async def test_several_portals_share_a_server_and_keep_their_own_people() -> None:
    clock, shared = FakeClock(), OAuthServer()
    first = Portal(now=clock.now, oauth=shared, member_id="first")
    second = Portal(now=clock.now, oauth=shared, member_id="second")
    for portal in (first, second):
        portal.add_user(User(user_id=ANN, name=portal.member_id))
        portal.add_application(
            CLIENT["client_id"], CLIENT["client_secret"], CALLBACK, {"im"}, "Of the market"
        )
    async with (
        SandboxServer(portal_app(first)) as at_first,
        SandboxServer(portal_app(second)) as at_second,
        SandboxServer(oauth_app(shared)) as server,
        aiohttp.ClientSession() as session,
    ):
        both = [
            Both(
                site=Site(portal=portal, clock=clock, url=url, session=session),
                server_url=server.url,
            )
            for portal, url in ((first, at_first.url), (second, at_second.url))
        ]
        tokens = [await each.sign_in() for each in both]

        for each, theirs in zip(both, tokens, strict=True):
            assert theirs["client_endpoint"] == f"{each.site.url}/rest/"
            assert theirs["member_id"] == each.portal.member_id
            assert (await each.rest(theirs["access_token"])).result["NAME"] == theirs["member_id"]
        stranger = await both[0].rest(tokens[1]["access_token"])
        assert stranger.error == (401, "invalid_token")
        first.remove_application(CLIENT["client_id"])
        assert _refused(await both[0].refresh(tokens[0]["refresh_token"])) == INVALID_GRANT
        assert (await both[1].refresh(tokens[1]["refresh_token"])).status == 200
        assert [event.member_id for event in shared.journal] == ["first", "second", "second"]


@pytest.mark.parametrize("code", STATUSES)
async def test_every_known_error_can_be_asked_for(both: Both, code: str) -> None:
    tokens = await both.sign_in()
    both.oauth.force_error(code)

    refused = await both.refresh(tokens["refresh_token"])

    assert _refused(refused) == (STATUSES[code], code)
    assert (await both.refresh(tokens["refresh_token"])).status == 200


def test_the_known_errors_are_those_of_the_vendor_and_its_sdk() -> None:
    assert set(STATUSES) >= {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "insufficient_scope",
        "invalid_scope",
        "PAYMENT_REQUIRED",
        "wrong_client",
        "NOT_INSTALLED",
        "NO_AUTH_FOUND",
    }


async def test_an_error_can_be_asked_for_with_another_status_for_one_person_only(
    both: Both,
) -> None:
    ann, boris = await both.sign_in(), await both.sign_in(BORIS)
    both.oauth.force_error("invalid_grant", 401, who=str(ANN), times=2)

    assert (await both.refresh(boris["refresh_token"])).status == 200
    for _ in range(2):
        assert _refused(await both.refresh(ann["refresh_token"])) == (401, "invalid_grant")
    assert (await both.refresh(ann["refresh_token"])).status == 200


Ask = Callable[[], Awaitable[Answer]]
Check = Callable[[Both, Ask], Awaitable[bool]]
"""Whether what was traded is used up afterwards."""


async def _latency(_both: Both, ask: Ask) -> bool:
    started = time.monotonic()
    assert (await ask()).status == 200
    assert time.monotonic() - started >= 0.05
    return True


async def _unavailable(_both: Both, ask: Ask) -> bool:
    assert _refused(await ask()) == (503, "QUERY_LIMIT_EXCEEDED")
    return False


async def _rate_limited(_both: Both, ask: Ask) -> bool:
    answer = await ask()
    assert _refused(answer) == (429, "QUERY_LIMIT_EXCEEDED")
    assert "Retry-After" not in answer.headers
    return False


async def _gateway_page(_both: Both, ask: Ask) -> bool:
    answer = await ask()
    assert (answer.status, answer.body[:6]) == (502, b"<html>")
    return False


async def _cut_before(_both: Both, ask: Ask) -> bool:
    with pytest.raises(aiohttp.ClientError):
        await ask()
    return False


async def _cut_after(_both: Both, ask: Ask) -> bool:
    with pytest.raises(aiohttp.ClientError):
        await ask()
    return True


async def _truncated(_both: Both, ask: Ask) -> bool:
    answer = await ask()
    assert (answer.status, answer.body[:15]) == (200, b'{"access_token"')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    return True


async def _never_applied(both: Both, ask: Ask) -> bool:
    answer = await ask()
    assert answer.status == 200
    worthless = answer.json()
    assert (await both.rest(worthless["access_token"])).error == (401, "invalid_token")
    assert _refused(await both.refresh(worthless["refresh_token"])) == INVALID_GRANT
    assert not both.oauth.journal[-1].applied
    both.oauth.journal.pop()
    return False


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


@pytest.mark.parametrize("operation", ["oauth.token", "*"])
@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token"])
@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_bites_the_named_person_once(
    both: Both, fault: Fault, grant_type: str, operation: str
) -> None:
    boris = await both.sign_in(BORIS)
    secret = await both.code()
    if grant_type == "refresh_token":
        secret = (await both.exchange(secret)).json()["refresh_token"]
    seconds = 0.05 if fault is Fault.LATENCY else 0.0
    rule = FaultRule(fault=fault, operation=operation, who=str(ANN), seconds=seconds)
    both.oauth.faults.add(rule)
    assert (await both.refresh(boris["refresh_token"])).status == 200
    both.oauth.journal.clear()

    async def ask() -> Answer:
        name = {"authorization_code": "code"}.get(grant_type, grant_type)
        return await both.token(grant_type=grant_type, **{name: secret})

    used_up = await BITES[fault](both, ask)

    assert len(both.oauth.journal) == (1 if used_up else 0)
    again = await ask()
    assert again.status == (400 if used_up else 200)
    assert [event.applied for event in both.oauth.journal] == [True]


async def test_a_limit_can_say_when_to_come_back(both: Both) -> None:
    tokens = await both.sign_in()
    both.oauth.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, seconds=7))

    answer = await both.refresh(tokens["refresh_token"])

    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


async def test_a_refused_request_uses_up_no_fault(both: Both) -> None:
    tokens = await both.sign_in()
    both.oauth.faults.add(FaultRule(fault=Fault.HTML_502))

    assert _refused(await both.refresh("guess")) == INVALID_GRANT
    assert (await both.refresh(tokens["refresh_token"])).status == 502


async def test_the_portals_own_faults_are_another_matter(both: Both) -> None:
    tokens = await both.sign_in()
    both.portal.faults.add(FaultRule(fault=Fault.HTML_502))

    assert (await both.refresh(tokens["refresh_token"])).status == 200
    assert (await both.rest(tokens["access_token"])).status == 502


async def test_everything_that_was_taken_is_in_the_journal(both: Both) -> None:
    tokens = await both.sign_in()
    await both.refresh("guess")
    await both.token(grant_type="password")
    both.site.clock.advance(5.0)
    await both.refresh(tokens["refresh_token"])

    assert [(event.grant_type, event.user_id, event.at) for event in both.oauth.journal] == [
        ("authorization_code", ANN, "2026-03-02T09:00:00+00:00"),
        ("refresh_token", ANN, "2026-03-02T09:00:05+00:00"),
    ]
    assert both.oauth.hits == {"authorization_code": 1, "refresh_token": 2, "other": 1}


async def test_another_process_sees_numbers_and_no_secret_and_can_ask_for_faults(
    both: Both,
) -> None:
    unused = await both.code()
    first = await both.sign_in()
    second = (await both.refresh(first["refresh_token"])).json()
    set_status = {"auth": second["access_token"], "STATUS": "dnd"}
    assert (await both.site.send("/rest/im.user.status.set", json_body=set_status)).result is True
    shown = []
    for base in (both.site.url, both.server_url):
        for page in ("state", "journal"):
            async with both.site.session.get(f"{base}/_sandbox/{page}") as response:
                assert response.status == 200
                shown.append(await response.text())
    wish = {"fault": "html_502", "operation": "oauth.token"}
    async with both.site.session.post(f"{both.server_url}/_sandbox/faults", json=wish) as added:
        assert added.status == 200

    assert (await both.refresh(second["refresh_token"])).status == 502
    assert json.loads(shown[2]) == {
        "hits": {"authorization_code": 1, "refresh_token": 1},
        "exchanges": 1,
        "refreshes": 1,
        "codes": 1,
        "refresh_tokens": 1,
    }
    assert "im.user.status.set" in shown[1]
    assert "refresh_token" in shown[3]
    secrets = [unused, CLIENT["client_secret"], *both.portal.tokens]
    secrets += [first["refresh_token"], second["refresh_token"]]
    assert len(secrets) == 6
    assert not any(secret in page for page in shown for secret in secrets)
    assert not any(secret in repr(both.portal.applications) for secret in secrets)
