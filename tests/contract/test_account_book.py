"""What every account book does, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
import sqlalchemy as sa

from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.errors import BotError, NotAllowedError, NotLinkedError, SealedError, StorageError
from bot.storage import tables
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.keys import new_key
from bot.storage.vault import Vault
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
BORIS = Identity(platform=Platform.TELEGRAM, user_id="1")
SECRET = "s3cr3t"

PORTAL = Account(
    account_id="b7",
    owner=ANN,
    provider=Provider.BITRIX24,
    kind=AccountKind.OAUTH,
    subject="acme.bitrix24.com/7",
    name="Анна",
    place="acme.bitrix24.com",
    scopes=("calendar", "im"),
    linked_at=START,
)
CALENDARS = replace(
    PORTAL, account_id="c7", provider=Provider.CRONOFY, subject="acc_1", kind=AccountKind.TOKEN
)
CREDENTIALS = Credentials(
    endpoint=f"https://acme.bitrix24.com/rest/7/{SECRET}/",
    access_token=f"{SECRET}-access",
    refresh_token=f"{SECRET}-refresh",
    token_server="https://oauth.bitrix.info",
    expires_at=START,
)


class Opened:
    """A book with what tests need to look behind it."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        self.url = url
        self.clock = clock
        self.keys = [new_key()]

    async def __aenter__(self) -> Self:
        self.database = Database(await open_engine(parse_url(self.url)), look_every=0.01)
        self.database.start()
        self.book = self.open_book()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.stop()

    def open_book(self) -> SqlAccounts:
        """As another process has it: nothing cached."""
        return SqlAccounts(self.database, Vault(lambda: self.keys), self.clock)


@pytest.fixture(params=["sqlite", "postgresql"])
async def it(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Opened]:
    if request.param == "sqlite":
        async with Opened(f"sqlite:///{tmp_path}/bot.db", clock) as opened:
            yield opened
        return
    async with (
        postgres_database(request.getfixturevalue("postgres")) as url,
        Opened(url, clock) as opened,
    ):
        yield opened


async def test_linked_accounts_are_found_by_their_owner_in_order(it: Opened) -> None:
    await it.book.link(CALENDARS, CREDENTIALS)
    await it.book.link(PORTAL, CREDENTIALS)

    for book in (it.book, it.open_book()):
        assert list(await book.accounts_of(ANN)) == [CALENDARS, PORTAL]
        assert list(await book.accounts_of(BORIS)) == []


async def test_what_opens_an_account_comes_back_whole(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)

    for book in (it.book, it.open_book()):
        kept = await book.read_credentials(PORTAL)
        assert (kept.credentials, kept.version) == (CREDENTIALS, 1)


async def test_linking_the_same_person_again_replaces_and_keeps_the_id(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    await it.book.set_state(PORTAL, AccountState.SIGN_IN_AGAIN)
    newer = replace(PORTAL, account_id="other", name="Ann", linked_at=START + timedelta(days=1))

    kept = await it.book.link(newer, replace(CREDENTIALS, access_token="new"))

    assert kept == replace(newer, account_id="b7")
    assert list(await it.book.accounts_of(ANN)) == [kept]
    assert (await it.book.read_credentials(kept)).credentials.access_token == "new"


async def test_who_else_is_linked_as_the_same_person_is_known(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    his = replace(PORTAL, account_id="b1", owner=BORIS)
    await it.book.link(his, CREDENTIALS)

    assert list(await it.book.linked_as(Provider.BITRIX24, PORTAL.subject)) == [PORTAL, his]
    assert list(await it.book.linked_as(Provider.CRONOFY, PORTAL.subject)) == []


async def test_of_many_who_link_what_has_one_owner_one_has_it(it: Opened) -> None:
    people = [replace(ANN, user_id=str(number)) for number in range(10)]
    asking = [
        it.book.link(
            replace(CALENDARS, account_id=f"c{owner.user_id}", owner=owner), CREDENTIALS, sole=True
        )
        for owner in people
    ]

    results = await asyncio.gather(*asking, return_exceptions=True)

    refused = [result for result in results if isinstance(result, BotError)]
    assert len(refused) == 9
    assert {type(error) for error in refused} <= {NotAllowedError, StorageError}
    assert len(await it.book.linked_as(Provider.CRONOFY, CALENDARS.subject)) == 1


async def test_what_was_linked_anew_is_not_declared_dead_for_its_old_credentials(
    it: Opened,
) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    old = await it.book.read_credentials(PORTAL)
    await it.book.link(PORTAL, CREDENTIALS)
    new = await it.book.read_credentials(PORTAL)

    again = AccountState.SIGN_IN_AGAIN
    assert new.version > old.version
    assert not await it.book.replace_credentials(PORTAL, old.version, CREDENTIALS)
    assert not await it.book.set_state(PORTAL, again, version=old.version)
    assert await it.book.set_state(PORTAL, again, version=new.version)


async def test_an_unlinked_account_opens_nothing(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    await it.book.read_credentials(PORTAL)

    assert await it.book.unlink(PORTAL)
    assert not await it.book.unlink(PORTAL)

    assert list(await it.book.accounts_of(ANN)) == []
    with pytest.raises(NotLinkedError):
        await it.book.read_credentials(PORTAL)
    count = sa.select(sa.func.count()).select_from(tables.credentials)
    assert (await it.database.read(count))[0][0] == 0


async def test_nobody_opens_or_unlinks_the_account_of_another(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    forged = replace(PORTAL, owner=BORIS)

    with pytest.raises(NotLinkedError):
        await it.book.read_credentials(forged)
    assert not await it.book.unlink(forged)
    assert not await it.book.set_state(forged, AccountState.SIGN_IN_AGAIN)


async def test_a_change_of_state_is_news_once(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)

    told = [await it.book.set_state(PORTAL, AccountState.SIGN_IN_AGAIN) for _ in range(2)]

    assert told == [True, False]
    [kept] = await it.open_book().accounts_of(ANN)
    assert kept.state is AccountState.SIGN_IN_AGAIN


async def test_one_of_many_claims_a_renewal_until_its_lease_ends(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    until = START + timedelta(seconds=60)

    claims = await asyncio.gather(*(it.book.claim_renewal(PORTAL, 1, until) for _ in range(20)))
    assert claims.count(True) == 1

    it.clock.advance(61)
    assert await it.book.claim_renewal(PORTAL, 1, START + timedelta(seconds=121))
    await it.book.give_up_renewal(PORTAL, 1)
    assert await it.book.claim_renewal(PORTAL, 1, START + timedelta(seconds=121))


async def test_renewed_credentials_take_the_place_of_the_version_they_were_made_from(
    it: Opened,
) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    fresh = replace(CREDENTIALS, access_token="fresh")
    await it.book.claim_renewal(PORTAL, 1, START + timedelta(seconds=60))

    assert await it.book.replace_credentials(PORTAL, 1, fresh)
    assert not await it.book.replace_credentials(PORTAL, 1, CREDENTIALS)
    assert not await it.book.claim_renewal(PORTAL, 1, START + timedelta(seconds=60))

    for book in (it.book, it.open_book()):
        kept = await book.read_credentials(PORTAL)
        assert (kept.credentials, kept.version) == (fresh, 2)
    assert await it.book.claim_renewal(PORTAL, 2, START + timedelta(seconds=60))


async def test_a_lost_key_is_told_and_nothing_is_deleted(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    lost = it.keys[:]
    it.keys[:] = [new_key()]

    with pytest.raises(SealedError) as refused:
        await it.open_book().read_credentials(PORTAL)
    it.keys[:] = lost

    assert refused.value.key
    assert (await it.open_book().read_credentials(PORTAL)).credentials == CREDENTIALS


async def test_a_row_copied_to_another_account_opens_nothing(it: Opened) -> None:
    await it.book.link(PORTAL, CREDENTIALS)
    his = replace(PORTAL, account_id="b1", owner=BORIS, subject="acme.bitrix24.com/1")
    await it.book.link(his, replace(CREDENTIALS, access_token="his"))
    table = tables.credentials
    [row] = await it.database.read(sa.select(table).where(table.c.account_id == "b7"))
    copy = sa.update(table).where(table.c.account_id == "b1").values(sealed=row.sealed)
    await it.database.write(lambda connection: connection.execute(copy).rowcount)

    with pytest.raises(SealedError):
        await it.open_book().read_credentials(his)


async def test_no_secret_is_in_the_file(clock: FakeClock, tmp_path: Path) -> None:
    async with Opened(f"sqlite:///{tmp_path}/bot.db", clock) as opened:
        await opened.book.link(PORTAL, CREDENTIALS)
        await opened.book.replace_credentials(PORTAL, 1, CREDENTIALS)

    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert SECRET.encode() not in content
        assert opened.keys[0].encode() not in content
