"""A database of the product in which many people have linked an account."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.app.clock import SystemClock
from bot.app.database import key_path, open_storage
from bot.domain.accounts import AccountKind, AccountState, Credentials
from bot.domain.chat import Platform
from bot.domain.providers import Provider
from bot.storage import tables
from bot.storage.codec import dump
from bot.storage.keys import KeyFile
from bot.storage.vault import Vault

_AT_ONCE = 1000


async def seed(path: Path, count: int, portal_url: str) -> None:
    """Make the database, and people numbered from one, each with a webhook of their own."""
    async with open_storage(f"sqlite:///{path}", SystemClock()):
        pass
    file = KeyFile(key_path(path))
    vault = Vault(file.read, file.stamp)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for numbers in _in_parts(count):
            connection.execute(sa.insert(tables.people), [_person(each) for each in numbers])
            connection.execute(
                sa.insert(tables.accounts), [_account(each, portal_url) for each in numbers]
            )
            connection.execute(
                sa.insert(tables.credentials),
                [_credentials(each, portal_url, vault) for each in numbers],
            )
    engine.dispose()


def _in_parts(count: int) -> Iterator[range]:
    for first in range(1, count + 1, _AT_ONCE):
        yield range(first, min(first + _AT_ONCE, count + 1))


def _person(number: int) -> dict[str, Any]:
    return {
        "platform": Platform.TELEGRAM.value,
        "user_id": str(number),
        "language": "en",
        "timezone": "Europe/Berlin",
        "name": "Ann",
        "chosen": True,
    }


def _account(number: int, portal_url: str) -> dict[str, Any]:
    host = portal_url.partition("://")[2]
    return {
        "id": f"account-{number}",
        "platform": Platform.TELEGRAM.value,
        "user_id": str(number),
        "provider": Provider.BITRIX24.value,
        "kind": AccountKind.WEBHOOK.value,
        "subject": f"{host}:{number}",
        "name": "Ann Lee",
        "place": host,
        "scopes": json.dumps(["calendar", "im"]),
        "linked_at": datetime.now(UTC),
        "state": AccountState.ACTIVE.value,
    }


def _credentials(number: int, portal_url: str, vault: Vault) -> dict[str, Any]:
    credentials = Credentials(endpoint=f"{portal_url}/rest/{number}/key/")
    sealed = vault.seal(f"account-{number}", dump(credentials))
    return {
        "account_id": f"account-{number}",
        "key": sealed.key,
        "sealed": sealed.text,
        "version": 1,
    }
