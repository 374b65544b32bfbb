"""The clients for tokens against the emulators, over sockets: whole rounds, and every fault."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from bot.clients.bitrix24 import oauth as bitrix24_oauth
from bot.clients.bitrix24.address import PortalAddresses
from bot.clients.bitrix24.api import Command, PortalAuth
from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.bitrix24.client import Terms as PortalTerms
from bot.clients.bitrix24.oauth import Bitrix24OAuth
from bot.clients.bitrix24.oauth_servers import TokenServers
from bot.clients.cronofy import oauth as cronofy_oauth
from bot.clients.cronofy.api import AccountRow, CronofyAuth
from bot.clients.cronofy.client import CronofyClient, limit_of
from bot.clients.cronofy.client import Terms as CronofyTerms
from bot.clients.cronofy.oauth import CronofyOAuth
from bot.errors import (
    BotError,
    ConnectFailed,
    OutcomeUnknown,
    ProviderAuthError,
    ProviderPermissionError,
    ProviderPlanError,
    ProviderProtocolError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
    TokenExpiredError,
    TransportError,
)
from bot.sandbox.bitrix24 import OAuthServer, Portal, oauth_app
from bot.sandbox.bitrix24.oauth import STATUSES
from bot.sandbox.cronofy import Cronofy
from bot.sandbox.faults import Fault, FaultRule, Faults
from bot.sandbox.server import SandboxServer
from bot.transport.addresses import AddressGuard
from bot.transport.aiohttp_transport import AiohttpTransport
from bot.transport.limits import Limiters
from tests.fakes.browser import Browser
from tests.fakes.clock import FakeClock
from tests.integration.sandbox import bitrix24_portal, cronofy_site

CALLBACK = "http://127.0.0.1:9/callback"
STATE = "st&te=1 %"
PATIENCE = 10.0
"""Seconds of the tests' clock for a request; none of them passes while the server answers."""
HURRY = 0.5
"""The same where the answer comes later than anybody waits."""
SECRET = "s3cr3t-of-the-app"

Grant: TypeAlias = bitrix24_oauth.Grant | cronofy_oauth.Grant


class Vendor(Protocol):
    """What the tests that are the same for both need."""

    clock: FakeClock
    operation: str
    """Of the token endpoint, as the emulator's faults name it."""
    who: str

    @property
    def faults(self) -> Faults: ...

    @property
    def asked(self) -> int:
        """How often the token endpoint was asked, whatever came of it."""
        ...

    @property
    def took(self) -> list[str]:
        """The grant types that were answered with tokens that are worth something."""
        ...

    async def consent(self) -> dict[str, str]:
        """Ann says yes on the page; what her browser brings back."""
        ...

    async def exchange(self, code: str, *, seconds: float = PATIENCE) -> Grant: ...

    async def refresh(self, refresh_token: str, *, seconds: float = PATIENCE) -> Grant: ...

    async def whose(self, access_token: str) -> str:
        """Whom the vendor's API takes the bearer for."""
        ...


@dataclass(kw_only=True)
class AtBitrix24:
    """A portal with its people, the authorization server, and our clients for both."""

    site: bitrix24_portal.Site
    oauth: Bitrix24OAuth
    client: Bitrix24Client
    application: bitrix24_oauth.Application
    browser: Browser
    clock: FakeClock
    operation: str = "oauth.token"
    who: str = str(bitrix24_portal.ANN)

    @property
    def portal(self) -> Portal:
        return self.site.portal

    @property
    def server(self) -> OAuthServer:
        return self.site.portal.oauth

    @property
    def faults(self) -> Faults:
        return self.server.faults

    @property
    def asked(self) -> int:
        return self.server.hits.total()

    @property
    def took(self) -> list[str]:
        return [event.grant_type for event in self.server.journal if event.applied]

    async def consent(self) -> dict[str, str]:
        url = bitrix24_oauth.authorize_url(self.site.url, self.application, STATE)
        page = await self.browser.open(url)
        answer = await self.browser.send(page, follow=False, user_id=self.who, answer="yes")
        return _brought_back(answer.status, answer.headers)

    async def exchange(self, code: str, *, seconds: float = PATIENCE) -> bitrix24_oauth.Grant:
        deadline = self.clock.monotonic() + seconds
        return await self.oauth.exchange(code, deadline=deadline, portal_origin=self.site.url)

    async def refresh(
        self, refresh_token: str, *, seconds: float = PATIENCE, token_server: str | None = None
    ) -> bitrix24_oauth.Grant:
        deadline = self.clock.monotonic() + seconds
        return await self.oauth.refresh(
            token_server=token_server, refresh_token=refresh_token, deadline=deadline
        )

    async def whose(self, access_token: str) -> str:
        auth = PortalAuth(base=f"{self.site.url}/rest/", token=access_token)
        terms = PortalTerms(deadline=self.clock.monotonic() + PATIENCE)
        profile = await self.client.call(auth, Command(method="profile"), terms)
        assert isinstance(profile, dict)
        return str(profile["ID"])


@dataclass(kw_only=True)
class AtCronofy:
    """Cronofy with its people, and our clients."""

    site: cronofy_site.Site
    oauth: CronofyOAuth
    client: CronofyClient
    application: cronofy_oauth.Application
    browser: Browser
    clock: FakeClock
    operation: str = "oauth_token"
    who: str = cronofy_site.ANN

    @property
    def cronofy(self) -> Cronofy:
        return self.site.cronofy

    @property
    def faults(self) -> Faults:
        return self.cronofy.faults

    @property
    def asked(self) -> int:
        return self.cronofy.hits["oauth_token"]

    @property
    def took(self) -> list[str]:
        journal = self.cronofy.journal
        return [each.status for each in journal if each.operation == "oauth_token" and each.applied]

    async def consent(self) -> dict[str, str]:
        url = cronofy_oauth.authorize_url(self.site.url, self.application, STATE)
        page = await self.browser.open(url)
        answer = await self.browser.send(page, follow=False, sub=self.who)
        return _brought_back(answer.status, answer.headers)

    async def exchange(self, code: str, *, seconds: float = PATIENCE) -> cronofy_oauth.Grant:
        return await self.oauth.exchange(code, deadline=self.clock.monotonic() + seconds)

    async def refresh(
        self, refresh_token: str, *, seconds: float = PATIENCE
    ) -> cronofy_oauth.Grant:
        return await self.oauth.refresh(refresh_token, deadline=self.clock.monotonic() + seconds)

    async def revoke(self, refresh_token: str, *, seconds: float = PATIENCE) -> None:
        await self.oauth.revoke(refresh_token, deadline=self.clock.monotonic() + seconds)

    async def account(self, access_token: str) -> AccountRow:
        auth = CronofyAuth(base=self.site.url, token=access_token)
        terms = CronofyTerms(deadline=self.clock.monotonic() + PATIENCE)
        return await self.client.account(auth, terms)

    async def whose(self, access_token: str) -> str:
        return (await self.account(access_token)).sub


def _brought_back(status: int, headers: dict[str, str]) -> dict[str, str]:
    assert status == 302
    target = urlsplit(headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == CALLBACK
    return {name: value for name, (value,) in parse_qs(target.query).items()}


@asynccontextmanager
async def _at_bitrix24() -> AsyncIterator[AtBitrix24]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(bitrix24_portal.running_site())
        server = await stack.enter_async_context(SandboxServer(oauth_app(site.portal)))
        browser = await stack.enter_async_context(Browser())
        application = bitrix24_oauth.Application(client_id="local.1a2b", client_secret=SECRET)
        site.portal.add_application("local.1a2b", SECRET, CALLBACK, {"calendar", "im"}, "RSVP")
        servers = TokenServers(server.url)
        addresses = PortalAddresses(operator_urls=[site.url])
        transport = await stack.enter_async_context(
            AiohttpTransport(
                timer=site.clock, guard=AddressGuard(servers.listed | addresses.listed)
            )
        )
        yield AtBitrix24(
            site=site,
            oauth=Bitrix24OAuth(
                transport=transport, timer=site.clock, application=application, servers=servers
            ),
            client=Bitrix24Client(
                transport=transport,
                limiters=Limiters(rate=100, burst=100, timer=site.clock),
                addresses=addresses,
                timer=site.clock,
            ),
            application=application,
            browser=browser,
            clock=site.clock,
        )


@asynccontextmanager
async def _at_cronofy() -> AsyncIterator[AtCronofy]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(cronofy_site.running_site())
        site.cronofy.quirks.auto_approve = False
        site.cronofy.quirks.rotate_refresh = True
        browser = await stack.enter_async_context(Browser())
        registered = site.cronofy.applications["sandbox-client-id"]
        application = cronofy_oauth.Application(
            client_id=registered.client_id,
            client_secret=registered.secrets[0],
            redirect_uri=CALLBACK,
        )
        guard = AddressGuard({urlsplit(site.url).netloc})
        transport = await stack.enter_async_context(AiohttpTransport(timer=site.clock, guard=guard))
        yield AtCronofy(
            site=site,
            oauth=CronofyOAuth(
                transport=transport, timer=site.clock, application=application, base=site.url
            ),
            client=CronofyClient(
                transport=transport, limit=limit_of(6000, site.clock), timer=site.clock
            ),
            application=application,
            browser=browser,
            clock=site.clock,
        )


@pytest.fixture
async def bitrix24() -> AsyncIterator[AtBitrix24]:
    async with _at_bitrix24() as running:
        yield running


@pytest.fixture
async def cronofy() -> AsyncIterator[AtCronofy]:
    async with _at_cronofy() as running:
        yield running


@pytest.fixture(params=["bitrix24", "cronofy"])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    async with AsyncExitStack() as stack:
        if request.param == "bitrix24":
            yield await stack.enter_async_context(_at_bitrix24())
        else:
            yield await stack.enter_async_context(_at_cronofy())


async def _caught(attempt: Awaitable[object]) -> BotError:
    with pytest.raises(BotError) as caught:
        await attempt
    return caught.value


async def test_a_whole_round_at_a_portal(bitrix24: AtBitrix24) -> None:
    back = await bitrix24.consent()
    assert back["state"] == STATE

    first = await bitrix24.exchange(back["code"])

    assert (first.endpoint, first.member_id, first.user_id, first.expires_in) == (
        f"{bitrix24.site.url}/rest/",
        bitrix24.portal.member_id,
        bitrix24_portal.ANN,
        3600.0,
    )
    assert first.scopes == {"calendar", "im"}
    assert await bitrix24.whose(first.access_token) == bitrix24.who

    bitrix24.clock.advance(first.expires_in)
    assert type(await _caught(bitrix24.whose(first.access_token))) is TokenExpiredError

    second = await bitrix24.refresh(first.refresh_token, token_server=first.token_server)

    assert await bitrix24.whose(second.access_token) == bitrix24.who
    assert (second.endpoint, second.member_id) == (first.endpoint, first.member_id)
    stale = await _caught(bitrix24.refresh(first.refresh_token))
    assert (type(stale), str(stale)) == (
        ProviderAuthError,
        "bitrix24 oauth.refresh: ProviderAuthError 400 'invalid_grant'",
    )
    assert await bitrix24.whose((await bitrix24.refresh(second.refresh_token)).access_token) == "7"
    assert (bitrix24.server.exchanges, bitrix24.server.refreshes, bitrix24.asked) == (1, 2, 4)


async def test_a_whole_round_at_cronofy(cronofy: AtCronofy) -> None:
    back = await cronofy.consent()
    assert back["state"] == STATE

    first = await cronofy.exchange(back["code"])

    assert (first.sub, first.expires_in) == (cronofy.who, 10800.0)
    assert first.scopes == set(cronofy_oauth.SCOPES)
    assert first.profile is not None
    assert (first.profile.profile_name, first.profile.answerable) == ("pro_1@acme.example", True)
    assert await cronofy.whose(first.access_token) == cronofy.who

    cronofy.clock.advance(first.expires_in or 0)
    assert type(await _caught(cronofy.whose(first.access_token))) is TokenExpiredError

    second = await cronofy.refresh(first.refresh_token)

    assert await cronofy.whose(second.access_token) == cronofy.who
    stale = await _caught(cronofy.refresh(first.refresh_token))
    assert (type(stale), str(stale)) == (
        ProviderAuthError,
        "cronofy oauth.refresh: ProviderAuthError 400 'invalid_grant'",
    )

    await cronofy.revoke(second.refresh_token)

    assert type(await _caught(cronofy.whose(second.access_token))) is TokenExpiredError
    assert type(await _caught(cronofy.refresh(second.refresh_token))) is ProviderAuthError
    await cronofy.revoke(second.refresh_token)
    assert cronofy.took == ["authorization_code", "refresh_token"]


async def test_a_code_works_once(vendor: Vendor) -> None:
    code = (await vendor.consent())["code"]
    await vendor.exchange(code)

    for worthless in (code, "guess"):
        assert type(await _caught(vendor.exchange(worthless))) is ProviderAuthError
    assert vendor.took == ["authorization_code"]


async def test_of_two_refreshes_at_once_one_wins_and_the_other_has_to_sign_in(
    vendor: Vendor,
) -> None:
    grant = await vendor.exchange((await vendor.consent())["code"])

    results = await asyncio.gather(
        *(vendor.refresh(grant.refresh_token) for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in results) == ["Grant", "ProviderAuthError"]
    assert vendor.took == ["authorization_code", "refresh_token"]


@dataclass(frozen=True)
class Cell:
    """What comes of one fault.

    Attributes:
        error: None is a grant.
        asked: How often the server was asked.
        used_up: Whether what was given is worth nothing afterwards.
    """

    error: type[BotError] | None
    may_have_happened: bool
    asked: int
    used_up: bool


OUTLIVED = Cell(None, may_have_happened=False, asked=2, used_up=True)
IN_DOUBT = Cell(ProviderUnavailableError, may_have_happened=True, asked=1, used_up=False)
LOST = Cell(OutcomeUnknown, may_have_happened=True, asked=1, used_up=True)
NOTHING_WAS_DONE = Cell(OutcomeUnknown, may_have_happened=True, asked=1, used_up=False)
HALF = Cell(ProviderProtocolError, may_have_happened=True, asked=1, used_up=True)
WORTHLESS = Cell(None, may_have_happened=False, asked=1, used_up=False)

CELLS: dict[str, dict[Fault, Cell]] = {
    "oauth.token": {
        Fault.LATENCY: LOST,
        # The vendor's own limit: surely not carried out.
        Fault.UNAVAILABLE_503: OUTLIVED,
        Fault.RATE_LIMITED_429: OUTLIVED,
        Fault.HTML_502: IN_DOUBT,
        Fault.CUT_BEFORE: NOTHING_WAS_DONE,
        Fault.CUT_AFTER: LOST,
        Fault.TRUNCATED_JSON: HALF,
        Fault.NEVER_APPLIED: WORTHLESS,
    },
    "oauth_token": {
        Fault.LATENCY: LOST,
        # Here a 503 says nothing about what was carried out.
        Fault.UNAVAILABLE_503: IN_DOUBT,
        Fault.RATE_LIMITED_429: OUTLIVED,
        Fault.HTML_502: IN_DOUBT,
        Fault.CUT_BEFORE: NOTHING_WAS_DONE,
        Fault.CUT_AFTER: LOST,
        Fault.TRUNCATED_JSON: HALF,
        Fault.NEVER_APPLIED: WORTHLESS,
    },
}


@pytest.mark.parametrize("step", ["exchange", "refresh"])
@pytest.mark.parametrize("fault", Fault)
async def test_what_comes_of_a_fault(
    vendor: Vendor, step: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = (await vendor.consent())["code"]
    trade = {"exchange": vendor.exchange, "refresh": vendor.refresh}[step]
    if step == "refresh":
        given = (await vendor.exchange(given)).refresh_token
    late = fault is Fault.LATENCY
    rule = FaultRule(
        fault=fault, operation=vendor.operation, who=vendor.who, seconds=60.0 if late else 0.0
    )
    vendor.faults.add(rule)
    asked = vendor.asked
    cell = CELLS[vendor.operation][fault]

    try:
        outcome: Grant | BotError = await trade(given, seconds=HURRY if late else PATIENCE)
    except BotError as error:
        outcome = error

    assert rule.times == 0, "the fault was never met"
    assert vendor.asked - asked == cell.asked
    if isinstance(outcome, BotError):
        assert type(outcome) is cell.error
        assert getattr(outcome, "may_have_happened", None) is cell.may_have_happened
        assert getattr(outcome, "operation", "") == f"oauth.{step}"
        assert (outcome.__cause__, outcome.__context__) == (None, None)
        _no_secret_in([repr(outcome), str(outcome), repr(vars(outcome))], given)
    else:
        assert cell.error is None
        assert await _works(vendor, outcome) is (fault is not Fault.NEVER_APPLIED)
    _no_secret_in([caplog.text], given)
    again = await asyncio.gather(trade(given), return_exceptions=True)
    assert [type(each).__name__ for each in again] == [
        "ProviderAuthError" if cell.used_up else "Grant"
    ]


async def _works(vendor: Vendor, grant: Grant) -> bool:
    try:
        return await vendor.whose(grant.access_token) == vendor.who
    except ProviderAuthError:
        return False


def _no_secret_in(words: list[str], given: str) -> None:
    said = "\n".join(words)
    assert not any(secret in said for secret in (given, SECRET, "sandbox-client-secret"))


async def test_a_limit_that_lasts_is_told_and_the_refresh_token_lives_on(vendor: Vendor) -> None:
    grant = await vendor.exchange((await vendor.consent())["code"])
    vendor.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, times=None))
    asked = vendor.asked

    error = await _caught(vendor.refresh(grant.refresh_token))

    assert type(error) is RateLimitedError
    assert vendor.asked - asked == 3
    vendor.faults.clear()
    assert (await vendor.refresh(grant.refresh_token)).access_token


async def test_a_wait_that_the_server_asks_for_is_kept_or_told(vendor: Vendor) -> None:
    grant = await vendor.exchange((await vendor.consent())["code"])
    vendor.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, seconds=7))
    started = vendor.clock.monotonic()
    newer = await vendor.refresh(grant.refresh_token, seconds=10.0)
    assert vendor.clock.monotonic() - started == 7.0
    vendor.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, seconds=70))
    asked = vendor.asked

    error = await _caught(vendor.refresh(newer.refresh_token, seconds=10.0))

    assert isinstance(error, RateLimitedError)
    assert (error.retry_after, vendor.asked - asked) == (70.0, 1)


async def test_without_time_left_nothing_is_asked(vendor: Vendor) -> None:
    grant = await vendor.exchange((await vendor.consent())["code"])
    asked = vendor.asked

    error = await _caught(vendor.refresh(grant.refresh_token, seconds=0.0))

    assert (type(error), vendor.asked) == (ConnectFailed, asked)


REFUSALS: dict[str, type[BotError]] = {
    "invalid_request": ProviderRequestError,
    "invalid_client": ProviderRequestError,
    "wrong_client": ProviderRequestError,
    "invalid_grant": ProviderAuthError,
    "NOT_INSTALLED": ProviderAuthError,
    "NO_AUTH_FOUND": ProviderAuthError,
    "invalid_scope": ProviderPermissionError,
    "insufficient_scope": ProviderPermissionError,
    "PAYMENT_REQUIRED": ProviderPlanError,
    "CONNECTION_ERROR": ProviderUnavailableError,
    "INTERNAL_SERVER_ERROR": ProviderUnavailableError,
}


@pytest.mark.parametrize("code", STATUSES)
async def test_every_refusal_of_the_server_is_one_of_ours(bitrix24: AtBitrix24, code: str) -> None:
    grant = await bitrix24.exchange((await bitrix24.consent())["code"])
    bitrix24.server.force_error(code, times=3)

    error = await _caught(bitrix24.refresh(grant.refresh_token))

    assert type(error) is REFUSALS[code]
    bitrix24.server.forced.clear()
    assert await _works(bitrix24, await bitrix24.refresh(grant.refresh_token))


async def test_a_server_that_cannot_ask_for_a_moment_is_asked_again(bitrix24: AtBitrix24) -> None:
    grant = await bitrix24.exchange((await bitrix24.consent())["code"])
    bitrix24.server.force_error("CONNECTION_ERROR", times=2)

    assert await _works(bitrix24, await bitrix24.refresh(grant.refresh_token))
    assert bitrix24.server.refreshes == 1


@pytest.mark.parametrize("named", ["https://evil.example/rest/", "https://oauth.bitrix.info/rest/"])
async def test_with_a_server_of_the_operators_no_other_gets_the_secret(
    bitrix24: AtBitrix24, named: str
) -> None:
    bitrix24.server.quirks.server_endpoint = named
    bitrix24.server.quirks.server_domain = "evil.example"

    first = await bitrix24.exchange((await bitrix24.consent())["code"])
    second = await bitrix24.refresh(first.refresh_token, token_server=named)

    assert (first.token_server, second.token_server) == (None, None)
    assert bitrix24.server.refreshes == 1


async def test_the_answers_quirks_decide_nothing(bitrix24: AtBitrix24) -> None:
    quirks = bitrix24.server.quirks
    quirks.scope, quirks.portal_as_domain, quirks.full_exchange = "app", True, False

    grant = await bitrix24.exchange((await bitrix24.consent())["code"])

    assert grant.user_id is None
    assert grant.scopes == {"app"}
    assert grant.endpoint == f"{bitrix24.site.url}/rest/"
    assert await _works(bitrix24, grant)


async def test_a_dismissed_person_and_a_removed_application_have_to_sign_in(
    bitrix24: AtBitrix24,
) -> None:
    grant = await bitrix24.exchange((await bitrix24.consent())["code"])
    bitrix24.portal.users[bitrix24_portal.ANN].active = False
    assert type(await _caught(bitrix24.whose(grant.access_token))) is ProviderAuthError
    assert type(await _caught(bitrix24.refresh(grant.refresh_token))) is ProviderAuthError
    bitrix24.portal.users[bitrix24_portal.ANN].active = True

    bitrix24.portal.remove_application("local.1a2b")

    assert type(await _caught(bitrix24.whose(grant.access_token))) is ProviderAuthError
    assert type(await _caught(bitrix24.refresh(grant.refresh_token))) is ProviderAuthError


@pytest.mark.parametrize("status", [400, 401])
async def test_a_wrong_secret_is_our_fault_and_not_the_persons(
    cronofy: AtCronofy, status: int
) -> None:
    grant = await cronofy.exchange((await cronofy.consent())["code"])
    cronofy.cronofy.quirks.bad_client_status = status
    cronofy.cronofy.add_application(
        replace(cronofy.cronofy.applications["sandbox-client-id"], secrets=("another",))
    )

    refresh = await _caught(cronofy.refresh(grant.refresh_token))
    revoke = await _caught(cronofy.revoke(grant.refresh_token))

    assert (type(refresh), type(revoke)) == (ProviderRequestError, ProviderRequestError)
    assert await _works(cronofy, grant)


async def test_cronofys_refresh_token_may_stay_what_it_was(cronofy: AtCronofy) -> None:
    cronofy.cronofy.quirks.rotate_refresh = False
    first = await cronofy.exchange((await cronofy.consent())["code"])

    second = await cronofy.refresh(first.refresh_token)

    assert second.refresh_token == first.refresh_token
    assert (second.sub, second.profile) == ("", None)
    assert await _works(cronofy, second)


async def test_a_code_that_is_said_to_be_used_is_over(cronofy: AtCronofy) -> None:
    code = (await cronofy.consent())["code"]
    body = b'{"errors":{"code":[{"key":"errors.unknown_or_used","description":"used"}]}}'
    cronofy.cronofy.force_error(422, body, "oauth_token")

    assert type(await _caught(cronofy.exchange(code))) is ProviderAuthError


@pytest.mark.parametrize("mode", ["google_free_busy", "ms_graph_free_busy"])
async def test_an_access_mode_without_invitations_is_seen_at_once_and_later(
    cronofy: AtCronofy, mode: str
) -> None:
    cronofy.cronofy.profiles["pro_1"].provider_name = mode

    grant = await cronofy.exchange((await cronofy.consent())["code"])
    account = await cronofy.account(grant.access_token)

    assert grant.profile is not None
    assert not grant.profile.answerable
    assert {each.profile_name: each.answerable for each in account.profiles} == {
        "pro_1@acme.example": False,
        "pro_2@acme.example": True,
    }


async def test_two_people_at_one_browser_keep_accounts_of_their_own(cronofy: AtCronofy) -> None:
    ann = await cronofy.exchange((await cronofy.consent())["code"])
    cronofy.who = cronofy_site.BORIS

    boris = await cronofy.exchange((await cronofy.consent())["code"])

    assert (ann.sub, boris.sub) == (cronofy_site.ANN, cronofy_site.BORIS)


REVOKED, NOT_REVOKED = True, False
AFTER_REVOKING = {
    Fault.LATENCY: (TransportError, REVOKED),
    # It does no harm to ask twice, so one fault is outlived.
    Fault.UNAVAILABLE_503: (None, REVOKED),
    Fault.RATE_LIMITED_429: (None, REVOKED),
    Fault.HTML_502: (None, REVOKED),
    Fault.CUT_BEFORE: (None, REVOKED),
    Fault.CUT_AFTER: (None, REVOKED),
    # There is nothing in the answer to be cut off.
    Fault.TRUNCATED_JSON: (None, REVOKED),
    Fault.NEVER_APPLIED: (None, NOT_REVOKED),
}


@pytest.mark.parametrize("fault", Fault)
async def test_what_comes_of_a_fault_while_revoking(cronofy: AtCronofy, fault: Fault) -> None:
    grant = await cronofy.exchange((await cronofy.consent())["code"])
    late = fault is Fault.LATENCY
    rule = FaultRule(
        fault=fault,
        operation="oauth_revoke",
        times=None if late else 1,
        seconds=60.0 if late else 0.0,
    )
    cronofy.faults.add(rule)
    expected, revoked = AFTER_REVOKING[fault]

    if expected is None:
        await cronofy.revoke(grant.refresh_token)
    else:
        error = await _caught(cronofy.revoke(grant.refresh_token, seconds=HURRY))
        assert isinstance(error, expected)

    assert late or rule.times == 0, "the fault was never met"
    assert await _works(cronofy, grant) is not revoked


@pytest.mark.parametrize("name", ["bitrix24", "cronofy"])
async def test_a_server_that_is_down_was_surely_not_asked(clock: FakeClock, name: str) -> None:
    async with SandboxServer(web.Application()) as server:
        gone = server.url
    guard = AddressGuard({urlsplit(gone).netloc})
    deadline = clock.monotonic() + PATIENCE
    async with AiohttpTransport(timer=clock, guard=guard) as transport:
        portal = Bitrix24OAuth(
            transport=transport,
            timer=clock,
            application=bitrix24_oauth.Application(client_id="local.1", client_secret=SECRET),
            servers=TokenServers(gone),
        )
        cronofy = CronofyOAuth(
            transport=transport,
            timer=clock,
            application=cronofy_oauth.Application(
                client_id="c", client_secret=SECRET, redirect_uri=CALLBACK
            ),
            base=gone,
        )
        refresh = {
            "bitrix24": portal.refresh(token_server=None, refresh_token="r", deadline=deadline),
            "cronofy": cronofy.refresh("r", deadline=deadline),
        }
        error = await _caught(refresh.pop(name))
        for other in refresh.values():
            other.close()

    assert isinstance(error, ConnectFailed)
    assert (error.reason, error.may_have_happened) == ("ConnectionRefusedError", False)
