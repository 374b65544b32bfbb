"""Accounts that people linked, with their credentials sealed, in a database."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.errors import NotAllowedError, NotLinkedError
from bot.ports import AccountBook, Clock, KeptCredentials
from bot.storage import tables
from bot.storage.cache import Cache
from bot.storage.codec import dump, load
from bot.storage.database import Database
from bot.storage.vault import Sealed, Vault
from bot.texts import M

_accounts, _credentials = tables.accounts, tables.credentials


class SqlAccounts:
    """Read with every command, so kept in memory too, opened."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._by_owner: Cache[Identity, Sequence[Account]] = Cache(database, _accounts)
        self._opened: Cache[str, KeptCredentials] = Cache(database, _credentials)

    async def accounts_of(self, owner: Identity) -> Sequence[Account]:
        """See `AccountBook.accounts_of`."""
        return await self._by_owner.get(owner, self._read_accounts) or ()

    async def linked_as(self, provider: Provider, subject: str) -> Sequence[Account]:
        """See `AccountBook.linked_as`."""
        return await self._select(
            _accounts.c.provider == provider.value, _accounts.c.subject == subject
        )

    async def link(
        self, account: Account, credentials: Credentials, *, sole: bool = False
    ) -> Account:
        """See `AccountBook.link`."""

        def write(connection: sa.Connection) -> str | NotAllowedError:
            # A sign-in may be under way while the operator removes the person.
            if connection.execute(_refusal_of(account.owner)).first() is not None:
                return NotAllowedError(M.ACCESS_NOT_ALLOWED, identity=account.owner)
            if sole and connection.execute(_anothers(account)).first() is not None:
                return NotAllowedError(M.LINK_TAKEN)
            number = connection.execute(_same_person_there(account)).scalar_one_or_none()
            if number is None:
                connection.execute(sa.insert(_accounts).values(_row_of(account)))
                account_id = account.account_id
            else:
                row = _row_of(account) | {"id": _accounts.c.id}
                update = sa.update(_accounts).where(_accounts.c.number == number).values(row)
                account_id = connection.execute(update.returning(_accounts.c.id)).scalar_one()
            sealed = self._seal(account_id, credentials)
            gone = sa.delete(_credentials).where(_credentials.c.account_id == account_id)
            replaced = connection.execute(gone.returning(_credentials.c.version)).scalar()
            # Never a version that was there before: a renewal under way would take it for its own.
            version = (replaced or 0) + 1
            connection.execute(
                sa.insert(_credentials).values(account_id=account_id, version=version, **sealed)
            )
            return account_id

        account_id = await self._database.write(write)
        if isinstance(account_id, NotAllowedError):
            raise account_id
        self._forget(account.owner, account_id)
        kept = await self.accounts_of(account.owner)
        return next(one for one in kept if one.account_id == account_id)

    async def unlink(self, account: Account) -> bool:
        """See `AccountBook.unlink`."""
        delete = sa.delete(_accounts).where(_mine(account))
        found = await self._database.write(lambda connection: connection.execute(delete).rowcount)
        self._forget(account.owner, account.account_id)
        return bool(found)

    async def set_state(
        self, account: Account, state: AccountState, *, version: int | None = None
    ) -> bool:
        """See `AccountBook.set_state`."""
        update = (
            sa.update(_accounts)
            .where(_mine(account), _accounts.c.state != state.value)
            .values(state=state.value)
        )
        if version is not None:
            update = update.where(
                sa.exists().where(
                    _credentials.c.account_id == _accounts.c.id, _credentials.c.version == version
                )
            )
        changed = await self._database.write(lambda connection: connection.execute(update).rowcount)
        self._forget(account.owner, account.account_id)
        return bool(changed)

    async def read_credentials(self, account: Account, *, fresh: bool = False) -> KeptCredentials:
        """See `AccountBook.read_credentials`."""
        if fresh:
            self._opened.drop(account.account_id)
        kept = await self._opened.get(account.account_id, self._open)
        # Whose it is was asked of the same cache that `accounts_of` fills, so it costs nothing.
        mine = await self.accounts_of(account.owner)
        known = {(one.account_id, one.provider) for one in mine}
        if kept is None or (account.account_id, account.provider) not in known:
            raise NotLinkedError(M.ACCESS_NOT_LINKED, provider=account.provider)
        return kept

    async def claim_renewal(self, account: Account, version: int, until: datetime) -> bool:
        """See `AccountBook.claim_renewal`."""
        now = self._clock.now()
        lease = _credentials.c.lease_until
        return await self._update(
            account, version, lambda: {"lease_until": until}, sa.or_(lease.is_(None), lease < now)
        )

    async def give_up_renewal(self, account: Account, version: int) -> None:
        """See `AccountBook.give_up_renewal`."""
        await self._update(account, version, lambda: {"lease_until": None})

    async def replace_credentials(
        self, account: Account, version: int, credentials: Credentials
    ) -> bool:
        """See `AccountBook.replace_credentials`."""
        values = {"version": version + 1, "lease_until": None}
        # Sealed in the transaction, so no key is dropped between sealing and keeping.
        return await self._update(
            account, version, lambda: values | self._seal(account.account_id, credentials)
        )

    async def keys_in_use(self) -> frozenset[str]:
        """Fingerprints of the keys that something here is sealed with."""
        rows = await self._database.read(sa.select(_credentials.c.key).distinct())
        return frozenset(row.key for row in rows)

    async def _update(
        self,
        account: Account,
        version: int,
        values: Callable[[], Mapping[str, Any]],
        *conditions: sa.ColumnElement[bool],
    ) -> bool:
        update = sa.update(_credentials).where(
            _credentials.c.account_id == account.account_id,
            _credentials.c.version == version,
            *conditions,
        )
        done = await self._database.write(
            lambda connection: connection.execute(update.values(values())).rowcount
        )
        self._opened.drop(account.account_id)
        return bool(done)

    async def _read_accounts(self, owner: Identity) -> Sequence[Account]:
        return await self._select(
            _accounts.c.platform == owner.platform.value, _accounts.c.user_id == owner.user_id
        )

    async def _select(self, *conditions: sa.ColumnElement[bool]) -> Sequence[Account]:
        query = sa.select(_accounts).where(*conditions).order_by(_accounts.c.number)
        return [account_from(row) for row in await self._database.read(query)]

    async def _open(self, account_id: str) -> KeptCredentials | None:
        query = sa.select(_credentials).where(_credentials.c.account_id == account_id)
        for row in await self._database.read(query):
            secret = self._vault.open(account_id, Sealed(key=row.key, text=row.sealed))
            return KeptCredentials(credentials=load(secret, Credentials), version=row.version)
        return None

    def _seal(self, account_id: str, credentials: Credentials) -> dict[str, str]:
        sealed = self._vault.seal(account_id, dump(credentials))
        return {"key": sealed.key, "sealed": sealed.text}

    def _forget(self, owner: Identity, account_id: str) -> None:
        self._by_owner.drop(owner)
        self._opened.drop(account_id)


def _mine(account: Account) -> sa.ColumnElement[bool]:
    return sa.and_(
        _accounts.c.id == account.account_id,
        _accounts.c.platform == account.owner.platform.value,
        _accounts.c.user_id == account.owner.user_id,
    )


def _anothers(account: Account) -> sa.Select[Any]:
    return sa.select(_accounts.c.number).where(
        _accounts.c.provider == account.provider.value,
        _accounts.c.subject == account.subject,
        sa.or_(
            _accounts.c.platform != account.owner.platform.value,
            _accounts.c.user_id != account.owner.user_id,
        ),
    )


def _same_person_there(account: Account) -> sa.Select[Any]:
    return sa.select(_accounts.c.number).where(
        _accounts.c.platform == account.owner.platform.value,
        _accounts.c.user_id == account.owner.user_id,
        _accounts.c.provider == account.provider.value,
        _accounts.c.subject == account.subject,
    )


def _refusal_of(owner: Identity) -> sa.Select[Any]:
    refused = tables.refused.c
    return sa.select(refused.user_id).where(
        refused.platform == owner.platform.value, refused.user_id == owner.user_id
    )


def _row_of(account: Account) -> dict[str, Any]:
    return {
        "id": account.account_id,
        "platform": account.owner.platform.value,
        "user_id": account.owner.user_id,
        "provider": account.provider.value,
        "kind": account.kind.value,
        "subject": account.subject,
        "name": account.name,
        "place": account.place,
        "scopes": json.dumps(account.scopes),
        "linked_at": account.linked_at,
        "state": account.state.value,
    }


def account_from(row: sa.Row[Any]) -> Account:
    """Read a row."""
    return Account(
        account_id=row.id,
        owner=Identity(platform=Platform(row.platform), user_id=row.user_id),
        provider=Provider(row.provider),
        kind=AccountKind(row.kind),
        subject=row.subject,
        name=row.name,
        place=row.place,
        scopes=tuple(json.loads(row.scopes)),
        linked_at=row.linked_at,
        state=AccountState(row.state),
    )


if TYPE_CHECKING:
    _conforms: type[AccountBook] = SqlAccounts
