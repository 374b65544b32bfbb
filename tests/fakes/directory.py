"""Who is who, in memory."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.accounts import Account
from bot.domain.meetings import Member
from bot.domain.providers import Provider
from bot.errors import ProviderPermissionError
from bot.ports import Call, Directory
from tests.fakes.calendars import FakeVendor, Trouble


@dataclass(slots=True, kw_only=True)
class FakeDirectory:
    """Who people are at one place, and what they are called there; it remembers nothing.

    Attributes:
        place: Where everybody is.
        user_ids: Who somebody is there, by the id of their account.
        names: By user id, past the port.
    """

    vendor: FakeVendor
    place: str = "acme.example"
    user_ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> Provider:
        return self.vendor.name

    async def member_of(self, account: Account) -> Member | None:
        user_id = self.user_ids.get(account.account_id)
        if user_id is None:
            return None
        return Member(provider=self.name, place=self.place, user_id=user_id)

    async def names_of(self, call: Call, user_ids: Collection[str]) -> Mapping[str, str]:
        if not user_ids:
            return {}
        await self.vendor.read(call)
        if self.vendor.trouble is Trouble.NO_RIGHT:
            raise ProviderPermissionError(self.name, "names", status=403)
        return {user_id: self.names[user_id] for user_id in user_ids if self.names.get(user_id)}


if TYPE_CHECKING:
    _conforms: type[Directory] = FakeDirectory
