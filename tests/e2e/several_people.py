"""The product with several people's accounts: the same `app.run`, as a process of its own.

PEOPLE_ACCOUNTS holds a JSON object: Telegram user id → Bitrix24 webhook address, and
PEOPLE_CALENDARS one of ids → Cronofy tokens. Whoever has the id in POISON makes the account store
raise, as a bug would.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence

from bot.app.run import run
from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.providers import Provider
from bot.logs import set_up
from bot.settings import Settings, load
from bot.storage.memory import FixedAccounts


def accounts_of(settings: Settings) -> FixedAccounts:
    """Everybody's accounts."""
    accounts = {
        _account(Provider.BITRIX24, user_id): Credentials(endpoint=url)
        for user_id, url in json.loads(os.environ["PEOPLE_ACCOUNTS"]).items()
    } | {
        _account(Provider.CRONOFY, user_id): Credentials(
            endpoint=settings.cronofy_api_url or "", access_token=token
        )
        for user_id, token in json.loads(os.environ["PEOPLE_CALENDARS"]).items()
    }
    poison = os.environ.get("POISON", "")

    class Accounts(FixedAccounts):
        async def accounts_of(self, owner: Identity) -> Sequence[Account]:
            if owner.user_id == poison:
                raise RuntimeError("poison")
            return await super().accounts_of(owner)

    return Accounts(accounts)


def main() -> int:
    settings = load(Settings)
    set_up(settings.log_level, settings.log_format)
    return asyncio.run(run(settings, accounts_of(settings)))


def _account(provider: Provider, user_id: str) -> Account:
    owner = Identity(platform=Platform.TELEGRAM, user_id=user_id)
    return Account(account_id=f"{provider}-{user_id}", owner=owner, provider=provider)


if __name__ == "__main__":
    sys.exit(main())
