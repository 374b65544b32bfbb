"""Renewal at the emulators, over sockets: once for everybody, whoever fails, dies or waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.providers import Provider
from bot.errors import ProviderAuthError, ProviderUnavailableError
from bot.sandbox.bitrix24 import Consent
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.cronofy.model import SANDBOX_APPLICATION
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from bot.services.tokens import LEASE, TokenService
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.keys import new_key
from bot.storage.vault import Vault
from tests.fakes.bot import CLIENT_ID, Bot, identity_of, running_bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database

HOUR = 3600
KEYS = [new_key()]


class RealSleeps(FakeClock):
    """Its sleeps really let others run: another process waits for a lease."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.005)
        self.advance(seconds)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with running_bot(linked=(), public_url="http://127.0.0.1:9", clock=RealSleeps()) as made:
        yield made


def account_at(provider: Provider) -> Account:
    return Account(
        account_id=f"ann-at-{provider}",
        owner=identity_of(ANN),
        provider=provider,
        kind=AccountKind.OAUTH,
        subject="ann",
        linked_at=START,
    )


def consent_given(bot: Bot, provider: Provider) -> Credentials:
    """Tokens as if she had just signed in."""
    if provider is Provider.CRONOFY:
        tokens = bot.cronofy.grants.open(
            client_id=SANDBOX_APPLICATION.client_id,
            sub=ANN_ACCOUNT.sub,
            scopes=("read_events", "change_participation_status"),
            expires_in=HOUR,
        )
        return Credentials(
            endpoint=bot.sign_ins.linking.consents[provider].pages[0],
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
        )
    granted = bot.portal.oauth.open_grant(
        Consent(
            portal=bot.portal,
            portal_url=bot.portal_url,
            client_id=CLIENT_ID,
            user_id=ANN.user_id,
        )
    )
    return Credentials(
        endpoint=f"{bot.portal_url}/rest/",
        access_token=granted.access_token,
        refresh_token=granted.refresh_token,
    )


def refreshes(bot: Bot, provider: Provider) -> int:
    if provider is Provider.BITRIX24:
        return bot.portal.oauth.hits["refresh_token"]
    return bot.cronofy.hits["oauth_token"]


async def linked(bot: Bot, provider: Provider) -> tuple[Account, Credentials]:
    credentials = consent_given(bot, provider)
    account = await bot.book.link(account_at(provider), credentials)
    bot.clock.advance(HOUR + 1)
    return account, credentials


PROVIDERS = pytest.mark.parametrize("provider", list(Provider))


@PROVIDERS
async def test_a_hundred_callers_with_an_expired_token_cause_one_refresh(
    bot: Bot, provider: Provider
) -> None:
    account, stale = await linked(bot, provider)
    accounts = bot.sign_ins.linking.accounts

    renewed = await asyncio.gather(*(accounts.renew(account, stale) for _ in range(100)))

    assert refreshes(bot, provider) == 1
    assert len({one.access_token for one in renewed}) == 1


@pytest.mark.parametrize(
    ("provider", "event"), [(Provider.BITRIX24, SPRINT_REVIEW), (Provider.CRONOFY, QUARTERLY)]
)
async def test_a_command_with_an_expired_token_renews_it_and_does_what_was_asked(
    bot: Bot, provider: Provider, event: object
) -> None:
    await linked(bot, provider)

    (reply,) = await bot.say(f"/accept {event}")

    assert reply.said[0] == "held.accepted"
    assert refreshes(bot, provider) == 1


@asynccontextmanager
async def one_process(bot: Bot, url: str) -> AsyncIterator[tuple[TokenService, SqlAccounts]]:
    """One of several on a database, with a connection and a memory of its own."""
    database = Database(await open_engine(parse_url(url)))
    database.start()
    book = SqlAccounts(database, Vault(lambda: KEYS), bot.clock)
    renewers = bot.sign_ins.linking.consents
    yield TokenService(book, renewers=renewers, clock=bot.clock), book
    await database.stop()


@PROVIDERS
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_two_processes_on_one_database_cause_one_refresh(
    bot: Bot, provider: Provider, kind: str, tmp_path: Path, postgres: str
) -> None:
    async with AsyncExitStack() as stack:
        url = f"sqlite:///{tmp_path}/bot.db"
        if kind == "postgresql":
            url = await stack.enter_async_context(postgres_database(postgres))
        first, book = await stack.enter_async_context(one_process(bot, url))
        second, _ = await stack.enter_async_context(one_process(bot, url))
        stale = consent_given(bot, provider)
        account = await book.link(account_at(provider), stale)

        renewed = await asyncio.gather(
            *(tokens.renew(account, stale) for tokens in (first, second) for _ in range(50))
        )

    assert refreshes(bot, provider) == 1
    assert len({one.access_token for one in renewed}) == 1


async def test_a_refresh_that_fails_for_now_unlinks_nobody(bot: Bot) -> None:
    account, stale = await linked(bot, Provider.BITRIX24)
    accounts = bot.sign_ins.linking.accounts
    bot.portal.oauth.faults.add(
        FaultRule(fault=Fault.HTML_502, operation="oauth.token", times=None)
    )

    asking = (accounts.renew(account, stale) for _ in range(20))
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(one) for one in failures} == {ProviderUnavailableError}
    bot.portal.oauth.faults.clear()
    renewed = await accounts.renew(account, stale)

    (kept,) = await bot.book.accounts_of(identity_of(ANN))
    assert kept.state is AccountState.ACTIVE
    assert renewed.access_token != stale.access_token


@PROVIDERS
async def test_a_consent_that_is_over_asks_to_sign_in_again_and_the_provider_is_left_alone(
    bot: Bot, provider: Provider
) -> None:
    account, stale = await linked(bot, provider)
    accounts = bot.sign_ins.linking.accounts
    if provider is Provider.BITRIX24:
        bot.portal.remove_application(CLIENT_ID)
    else:
        bot.cronofy.grants.revoke(token=stale.refresh_token)

    asking = (accounts.renew(account, stale) for _ in range(20))
    failures = await asyncio.gather(*asking, return_exceptions=True)
    asked = refreshes(bot, provider)
    (reply,) = await bot.say("/link")

    assert {type(one) for one in failures} == {ProviderAuthError}
    assert (asked, refreshes(bot, provider)) == (1, 1)
    (kept,) = await bot.book.accounts_of(identity_of(ANN))
    assert kept.state is AccountState.SIGN_IN_AGAIN
    assert "link.account_dead" in reply.said


async def test_a_dismissed_employee_is_asked_to_sign_in_again(bot: Bot) -> None:
    await linked(bot, Provider.BITRIX24)
    bot.portal.users[ANN.user_id].active = False

    (reply,) = await bot.say("/accept 651")

    assert reply.said[0] == "error.sign_in"
    assert [button.command_line for row in reply.buttons for button in row] == ["/link"]


@PROVIDERS
async def test_whoever_is_told_to_stop_keeps_what_is_being_renewed(
    bot: Bot, provider: Provider
) -> None:
    account, stale = await linked(bot, provider)
    gate = (
        bot.portal.oauth.hold()
        if provider is Provider.BITRIX24
        else bot.cronofy.hold("oauth_token")
    )
    asking = asyncio.create_task(bot.sign_ins.linking.accounts.renew(account, stale))
    await gate.reached.wait()
    # As a sweep that is broken off.
    asking.cancel()
    stopping = asyncio.create_task(bot.core.stop(grace=1.0))
    await asyncio.wait({stopping}, timeout=0.2)
    waited = not stopping.done()
    gate.opened.set()
    await stopping

    kept = await bot.book.read_credentials(account)
    assert waited
    assert kept.credentials.access_token != stale.access_token


async def test_a_process_that_dies_between_refresh_and_store_costs_a_sign_in_at_worst(
    bot: Bot, tmp_path: Path
) -> None:
    """The old refresh token died with the refresh, and the new one with the process."""
    url = f"sqlite:///{tmp_path}/bot.db"
    stale = consent_given(bot, Provider.BITRIX24)
    async with one_process(bot, url) as (dying, book):
        account = await book.link(account_at(Provider.BITRIX24), stale)
        gate = bot.portal.oauth.hold()
        asking = asyncio.create_task(dying.renew(account, stale))
        await gate.reached.wait()
        asking.cancel()
        for task in asyncio.all_tasks():
            if task.get_name() == "renewal":
                task.cancel()
    gate.opened.set()
    assert bot.portal.oauth.refreshes == 1

    async with one_process(bot, url) as (next_one, book):
        with pytest.raises(ProviderUnavailableError):
            await next_one.renew(account, stale)
        bot.clock.advance(LEASE.total_seconds())
        with pytest.raises(ProviderAuthError):
            await next_one.renew(account, stale)
        (kept,) = await book.accounts_of(identity_of(ANN))
        assert kept.state is AccountState.SIGN_IN_AGAIN
        assert bot.portal.oauth.hits["refresh_token"] == 2


async def test_a_stray_refusal_marks_no_pasted_key_as_dead(bot: Bot) -> None:
    """It may come from anything on the way, and there is nothing to renew."""
    await bot.say(f"/link {ANN_ACCOUNT.personal_token}")
    bot.cronofy.force_error(401, b"{}", times=1)
    (refused,) = await bot.say(f"/status {QUARTERLY}")
    bot.clock.advance(61)

    (again,) = await bot.say(f"/status {QUARTERLY}")

    assert refused.said[0] == "error.sign_in"
    assert again.said[0] == "held.needs_action"
