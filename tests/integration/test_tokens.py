"""Renewing credentials: once for everybody, whoever fails, dies or comes late."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.errors import (
    BotError,
    NotLinkedError,
    OutcomeUnknown,
    ProviderAuthError,
    ProviderUnavailableError,
)
from bot.ports import AccountBook
from bot.services.tokens import LEASE, TokenService
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.keys import new_key
from bot.storage.vault import Vault
from bot.web.counts import Counts
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
ACCOUNT = Account(
    account_id="b7",
    owner=ANN,
    provider=Provider.BITRIX24,
    kind=AccountKind.OAUTH,
    subject="acme.bitrix24.com/7",
    linked_at=START,
)
STALE = Credentials(
    endpoint="https://acme.bitrix24.com/rest/", access_token="a0", refresh_token="r0"
)
KEYS = [new_key()]


class TokenServer:
    """A provider whose refresh tokens work once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failures: list[BotError] = []
        self.reached = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()
        self._numbers = count(1)
        self._valid = "r0"

    async def renew(self, credentials: Credentials) -> Credentials:
        self.asked.append(credentials.refresh_token)
        self.reached.set()
        await self.held.wait()
        if self.failures:
            raise self.failures.pop(0)
        if credentials.refresh_token != self._valid:
            raise ProviderAuthError(Provider.BITRIX24, "oauth.token", code="invalid_grant")
        number = next(self._numbers)
        self._valid = f"r{number}"
        return replace(credentials, access_token=f"a{number}", refresh_token=self._valid)


class RealClock(FakeClock):
    """Its sleeps really let others run: another process waits for a lease."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.005)
        self.advance(seconds)


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


@asynccontextmanager
async def process(
    folder: Path, server: TokenServer, clock: FakeClock, counts: Counts | None = None
) -> AsyncIterator[tuple[TokenService, AccountBook]]:
    """One of the processes on a database."""
    database = Database(await open_engine(parse_url(f"sqlite:///{folder}/bot.db")))
    database.start()
    book = SqlAccounts(database, Vault(lambda: KEYS), clock)
    renewers = {Provider.BITRIX24: server}
    yield TokenService(book, renewers=renewers, clock=clock, metrics=counts), book
    await database.stop()


async def test_a_hundred_who_ask_at_once_cause_one_renewal(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)

        renewed = await asyncio.gather(*(tokens.renew(ACCOUNT, STALE) for _ in range(100)))

        assert {one.access_token for one in renewed} == {"a1"}
        assert server.asked == ["r0"]
        assert await tokens.credentials(ACCOUNT) == renewed[0]


async def test_renewals_are_counted_by_how_they_ended(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    counts = Counts()
    async with process(tmp_path, server, clock, counts) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        server.failures.append(ProviderUnavailableError(Provider.BITRIX24, "oauth.token"))
        with pytest.raises(ProviderUnavailableError):
            await tokens.renew(ACCOUNT, STALE)
        renewed = await tokens.renew(ACCOUNT, STALE)
        await tokens.renew(ACCOUNT, renewed)
        # Whoever comes with an older one gets what is kept: nothing is renewed.
        await tokens.renew(ACCOUNT, STALE)

    assert counts.renewals == {("bitrix24", "ProviderUnavailableError"): 1, ("bitrix24", "ok"): 2}


async def test_two_processes_cause_one_renewal(tmp_path: Path, server: TokenServer) -> None:
    clock = RealClock()
    async with (
        process(tmp_path, server, clock) as (first, book),
        process(tmp_path, server, clock) as (second, _),
    ):
        await book.link(ACCOUNT, STALE)
        server.held.clear()
        asking = [
            asyncio.create_task(tokens.renew(ACCOUNT, STALE))
            for tokens in (first, second)
            for _ in range(50)
        ]
        await server.reached.wait()
        server.held.set()
        renewed = await asyncio.gather(*asking)

    assert {one.access_token for one in renewed} == {"a1"}
    assert server.asked == ["r0"]


async def test_who_comes_with_an_older_token_gets_the_one_that_is_kept(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        first = await tokens.renew(ACCOUNT, STALE)
        late = await tokens.renew(ACCOUNT, STALE)
        second = await tokens.renew(ACCOUNT, first)

    assert (first.access_token, late.access_token, second.access_token) == ("a1", "a1", "a2")
    assert server.asked == ["r0", "r1"]


@pytest.mark.parametrize(
    "failure",
    [
        lambda: ProviderUnavailableError(Provider.BITRIX24, "oauth.token", status=503),
        lambda: OutcomeUnknown("oauth.token", "timeout"),
    ],
)
async def test_a_failure_for_now_unlinks_nobody_and_the_next_one_tries_again(
    tmp_path: Path, server: TokenServer, clock: FakeClock, failure: Callable[[], BotError]
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        server.failures = [failure()]

        answers = await asyncio.gather(
            *(tokens.renew(ACCOUNT, STALE) for _ in range(100)), return_exceptions=True
        )
        again = await tokens.renew(ACCOUNT, STALE)
        [kept] = await book.accounts_of(ANN)

    assert {type(answer) for answer in answers} == {ProviderUnavailableError}
    # Whatever wanted the token has surely not been done.
    assert not any(getattr(answer, "may_have_happened", True) for answer in answers)
    assert again.access_token == "a1"
    assert kept.state is AccountState.ACTIVE
    assert server.asked == ["r0", "r0"]


async def test_a_failure_for_good_asks_to_sign_in_again_and_nobody_asks_the_provider_any_more(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        server.failures = [ProviderAuthError(Provider.BITRIX24, "oauth.token")]

        answers = await asyncio.gather(
            *(tokens.renew(ACCOUNT, STALE) for _ in range(100)), return_exceptions=True
        )
        [kept] = await book.accounts_of(ANN)
        for account in (kept, ACCOUNT):
            with pytest.raises(ProviderAuthError):
                await tokens.renew(account, STALE)
        with pytest.raises(ProviderAuthError):
            await tokens.credentials(kept)

    assert {type(answer) for answer in answers} == {ProviderAuthError}
    assert kept.state is AccountState.SIGN_IN_AGAIN
    assert server.asked == ["r0"]


async def test_a_process_that_dies_while_renewing_holds_the_others_up_no_longer_than_its_lease(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        await book.claim_renewal(ACCOUNT, 1, clock.now() + LEASE)

        with pytest.raises(ProviderUnavailableError):
            await tokens.renew(ACCOUNT, STALE)
        asked_early = list(server.asked)
        clock.advance(60)
        renewed = await tokens.renew(ACCOUNT, STALE)

    assert asked_early == []
    assert renewed.access_token == "a1"


async def test_who_gives_up_waiting_does_not_take_the_renewal_from_the_others(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        server.held.clear()
        impatient = asyncio.create_task(tokens.renew(ACCOUNT, STALE))
        patient = asyncio.create_task(tokens.renew(ACCOUNT, STALE))
        await server.reached.wait()
        impatient.cancel()
        server.held.set()

        assert (await patient).access_token == "a1"

    assert impatient.cancelled()


async def test_an_account_unlinked_meanwhile_is_not_brought_back(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        server.held.clear()
        renewing = asyncio.create_task(tokens.renew(ACCOUNT, STALE))
        await server.reached.wait()
        await book.unlink(ACCOUNT)
        server.held.set()

        with pytest.raises(NotLinkedError):
            await renewing
        assert list(await book.accounts_of(ANN)) == []


@pytest.mark.parametrize("ends", [None, ProviderAuthError(Provider.BITRIX24, "oauth.token")])
async def test_an_account_linked_anew_meanwhile_keeps_its_new_credentials(
    tmp_path: Path, server: TokenServer, clock: FakeClock, ends: BotError | None
) -> None:
    anew = replace(STALE, access_token="anew", refresh_token="anew-too")
    async with process(tmp_path, server, clock) as (tokens, book):
        await book.link(ACCOUNT, STALE)
        server.held.clear()
        server.failures = [] if ends is None else [ends]
        renewing = asyncio.create_task(tokens.renew(ACCOUNT, STALE))
        await server.reached.wait()
        await book.link(ACCOUNT, anew)
        server.held.set()
        await asyncio.gather(renewing, return_exceptions=True)

        (kept,) = await book.accounts_of(ANN)
        assert kept.state is AccountState.ACTIVE
        assert await tokens.credentials(kept) == anew


async def test_without_an_application_nobody_is_unlinked(
    tmp_path: Path, server: TokenServer, clock: FakeClock
) -> None:
    async with process(tmp_path, server, clock) as (_, book):
        await book.link(ACCOUNT, STALE)

        with pytest.raises(ProviderUnavailableError):
            await TokenService(book, renewers={}, clock=clock).renew(ACCOUNT, STALE)

        (kept,) = await book.accounts_of(ANN)
        assert kept.state is AccountState.ACTIVE
