"""Who is who at a portal."""

import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.bitrix24.people import USER_ID, get_users, parse_names
from bot.domain.accounts import Account, AccountKind
from bot.domain.meetings import Member
from bot.domain.providers import Provider
from bot.errors import NotLinkedError, ProviderAuthError
from bot.ports import AccountStore, Call, Clock, Directory
from bot.providers.bitrix24.portal import Portal

NAMES_KEEP = 86400.0
"""Seconds for which it is remembered what somebody is called, or that they have no name."""
_NAMES_MAX = 20_000
_CHUNK = 50
"""People that are asked for with one hit."""
_WEBHOOK_PATH = re.compile(r"/rest/([0-9]+)/[^/]+/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What somebody was called at a moment; empty if they had no name."""

    name: str
    taken_at: float


class Bitrix24Directory:
    """Who is who at the portals. A portal is called by its host, and follows it when renamed."""

    name = Provider.BITRIX24

    def __init__(self, client: Bitrix24Client, accounts: AccountStore, clock: Clock) -> None:
        self._client = client
        self._accounts = accounts
        self._portal = Portal(client, accounts)
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    async def member_of(self, account: Account) -> Member | None:
        """See `Directory.member_of`."""
        where, _, user_id = account.subject.rpartition("/")
        if account.kind is not AccountKind.WEBHOOK or not where:
            # A consent's subject names the portal by an id that outlives its address, and the
            # operator's accounts have none.
            where, said = await self._address_of(account)
            user_id = user_id or said
        place = self._client.current_host(where)
        if not place or not USER_ID.fullmatch(user_id):
            return None
        return Member(provider=self.name, place=place, user_id=user_id)

    async def names_of(self, call: Call, user_ids: Collection[str]) -> Mapping[str, str]:
        """See `Directory.names_of`; one hit for each fifty of whom nothing is known yet."""
        member = await self.member_of(call.account)
        mine = call.account.account_id
        shared = member.place if member is not None else mine
        known: dict[str, str] = {}
        unknown = []
        for user_id in dict.fromkeys(user_ids):
            name = self._recall(shared, user_id)
            # That somebody was not shown to one person says nothing of what others may see.
            name = self._recall(mine, user_id) if name is None else name
            if name is not None:
                known[user_id] = name
            elif USER_ID.fullmatch(user_id):
                unknown.append(user_id)
        for chunk in _chunks(unknown):
            names = parse_names(await self._portal.call(call, get_users(chunk)))
            for user_id in chunk:
                name = names.get(user_id, "")
                self._remember(shared if name else mine, user_id, name)
                known[user_id] = name
        return {user_id: name for user_id, name in known.items() if name}

    async def _address_of(self, account: Account) -> tuple[str, str]:
        """The host that opens an account, and whose webhook that is; empty if nobody can say."""
        try:
            endpoint = (await self._accounts.credentials(account)).endpoint
        except (NotLinkedError, ProviderAuthError):
            return account.place, ""
        parts = urlsplit(endpoint)
        webhook = _WEBHOOK_PATH.fullmatch(parts.path)
        return parts.netloc, webhook.group(1) if webhook else ""

    def _recall(self, whose: str, user_id: str) -> str | None:
        known = self._known.get((whose, user_id))
        if known is None or self._clock.monotonic() - known.taken_at >= NAMES_KEEP:
            return None
        return known.name

    def _remember(self, whose: str, user_id: str, name: str) -> None:
        key = (whose, user_id)
        self._known[key] = _Known(name=name, taken_at=self._clock.monotonic())
        self._known.move_to_end(key)
        while len(self._known) > _NAMES_MAX:
            self._known.popitem(last=False)


def _chunks(user_ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (user_ids[start : start + _CHUNK] for start in range(0, len(user_ids), _CHUNK))


if TYPE_CHECKING:
    _conforms: type[Directory] = Bitrix24Directory
