"""What every account store does: of accounts known from the start, and of those linked."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory

import pytest

from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.errors import NotLinkedError
from bot.ports import AccountStore
from bot.services.account_stores import LinkedBeforeFixed
from bot.services.tokens import TokenService
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.keys import new_key
from bot.storage.memory import FixedAccounts
from bot.storage.vault import Vault
from tests.contract.adapters import adapters_of
from tests.fakes.clock import START, FakeClock

ANN = Identity(platform=Platform.TELEGRAM, user_id="7", display_name="Ann")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="1", display_name="Борис")
STRANGER = Identity(platform=Platform.TELEGRAM, user_id="99")


def _account(
    account_id: str, owner: Identity, provider: Provider, kind: AccountKind = AccountKind.TOKEN
) -> Account:
    return Account(
        account_id=account_id,
        owner=owner,
        provider=provider,
        kind=kind,
        subject=f"subject of {account_id}",
        linked_at=START,
    )


ANNS_PORTAL = _account("b-7", ANN, Provider.BITRIX24)
ANNS_CALENDARS = _account("c-7", ANN, Provider.CRONOFY)
ANNS_OTHER_PORTAL = _account("a-7", ANN, Provider.BITRIX24, AccountKind.ENVIRONMENT)
BORIS_PORTAL = _account("b-1", BORIS, Provider.BITRIX24)

# Neither by id nor by provider: in the order in which they were linked.
LINKED: Mapping[Account, Credentials] = {
    ANNS_CALENDARS: Credentials(endpoint="https://one.example", access_token="token-of-ann"),
    BORIS_PORTAL: Credentials(endpoint="https://acme.example/rest/1/hook-of-boris/"),
    ANNS_PORTAL: Credentials(endpoint="https://acme.example/rest/7/hook-of-ann/"),
    ANNS_OTHER_PORTAL: Credentials(endpoint="https://other.example/rest/7/other-hook-of-ann/"),
}
SECRETS = ("example", "token-of-ann", "hook-of-ann", "hook-of-boris")


@asynccontextmanager
async def fixed() -> AsyncIterator[AccountStore]:
    yield FixedAccounts(LINKED)


@asynccontextmanager
async def linked(
    linked_accounts: Mapping[Account, Credentials] = LINKED,
) -> AsyncIterator[AccountStore]:
    clock = FakeClock()
    keys = [new_key()]
    with TemporaryDirectory() as folder:
        database = Database(await open_engine(parse_url(f"sqlite:///{folder}/bot.db")))
        database.start()
        book = SqlAccounts(database, Vault(lambda: keys), clock)
        for account, credentials in linked_accounts.items():
            await book.link(account, credentials)
        yield TokenService(book, renewers={}, clock=clock)
        await database.stop()


@asynccontextmanager
async def linked_before_fixed() -> AsyncIterator[AccountStore]:
    """The last one linked is the environment's."""
    *first, last = LINKED
    async with linked({account: LINKED[account] for account in first}) as store:
        yield LinkedBeforeFixed(store, FixedAccounts({last: LINKED[last]}))


SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[AccountStore]]] = {
    "fixed": fixed,
    "linked": linked,
    "linked before fixed": linked_before_fixed,
}
"""Each opens a store in which the accounts above were linked in that order."""


@pytest.fixture(params=list(SUBJECTS))
async def store(request: pytest.FixtureRequest) -> AsyncIterator[AccountStore]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


async def test_every_adapter_is_among_the_subjects() -> None:
    tested = set()
    for open_store in SUBJECTS.values():
        async with open_store() as store:
            tested.add(type(store).__name__)

    found = [adapters_of("AccountStore", where, "credentials") for where in ("storage", "services")]
    assert tested == set.union(*found)


async def test_accounts_come_in_the_order_in_which_they_were_linked(store: AccountStore) -> None:
    assert list(await store.accounts_of(ANN)) == [ANNS_CALENDARS, ANNS_PORTAL, ANNS_OTHER_PORTAL]
    assert list(await store.accounts_of(BORIS)) == [BORIS_PORTAL]


async def test_whoever_is_unknown_has_no_accounts(store: AccountStore) -> None:
    assert list(await store.accounts_of(STRANGER)) == []


async def test_platform_and_id_make_the_person_and_a_name_does_not(store: AccountStore) -> None:
    renamed = replace(ANN, display_name="Борис")
    elsewhere = replace(ANN, platform=Platform.CONSOLE)

    assert list(await store.accounts_of(renamed)) == list(await store.accounts_of(ANN))
    assert list(await store.accounts_of(elsewhere)) == []


async def test_each_account_has_its_own_credentials(store: AccountStore) -> None:
    opened = {
        account: await store.credentials(account)
        for owner in (ANN, BORIS)
        for account in await store.accounts_of(owner)
    }

    assert opened == dict(LINKED)


@pytest.mark.parametrize(
    "account",
    [
        Account(account_id="gone", owner=ANN, provider=Provider.BITRIX24),
        Account(account_id="", owner=ANN, provider=Provider.BITRIX24),
        Account(account_id="b-7", owner=BORIS, provider=Provider.BITRIX24),
        Account(account_id="b-7", owner=STRANGER, provider=Provider.BITRIX24),
        Account(account_id="b-7", owner=ANN, provider=Provider.CRONOFY),
    ],
    ids=["gone", "empty", "another's", "stranger's", "another provider's"],
)
async def test_an_account_that_is_gone_or_foreign_opens_nothing(
    store: AccountStore, account: Account
) -> None:
    with pytest.raises(NotLinkedError) as refused:
        await store.credentials(account)

    assert refused.value.values["provider"] is account.provider


@pytest.mark.parametrize("show", [str, repr, format, "{}".format, "%s".__mod__, "%r".__mod__])
async def test_nothing_that_is_shown_holds_a_secret(
    store: AccountStore, show: Callable[[object], str]
) -> None:
    accounts = await store.accounts_of(ANN)
    things = [store, accounts, *accounts]
    things += [await store.credentials(account) for account in accounts]
    with pytest.raises(NotLinkedError) as refused:
        await store.credentials(replace(ANNS_PORTAL, account_id="gone"))
    things += [refused.value, refused.value.values]

    assert len(things) == 10
    for thing in things:
        shown = show((thing,)) if isinstance(thing, tuple) else show(thing)
        assert not [secret for secret in SECRETS if secret in shown], type(thing).__name__


async def test_nothing_that_is_logged_holds_a_secret(
    store: AccountStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for account in await store.accounts_of(ANN):
            logging.getLogger("test").debug("%s %r", account, await store.credentials(account))

    assert len(caplog.records) >= 3
    assert not [secret for secret in SECRETS if secret in caplog.text]
