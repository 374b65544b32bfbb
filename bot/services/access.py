"""Who may use the bot."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.chat import Conversation, ConversationKind, Identity, Platform
from bot.domain.inbox import Membership
from bot.errors import PlatformError
from bot.ports import ChatPlatform, Clock, Groups, People

EVERYBODY = "*"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
CHECK_EVERY = timedelta(days=1)
"""How long it is believed that somebody belongs to a group, or does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """The operator's lists, as `platform:id` or `*`. Empty lists admit nobody but the owner.

    Attributes:
        owner: Whose accounts the environment holds; always admitted.
        users: Admitted wherever they write.
        chats: Groups in which everybody is admitted.
        local: A platform that only the operator can reach (the console): all are admitted.
    """

    owner: Identity | None = None
    users: Collection[str] = ()
    chats: Collection[str] = ()
    local: Platform | None = None

    def lists(self, platform: Platform, chat_id: str) -> bool:
        """Whether everybody in this group is admitted."""
        return EVERYBODY in self.chats or f"{platform}:{chat_id}" in self.chats

    def names(self, sender: Identity) -> bool:
        """Whether this person is admitted wherever they write."""
        if sender == self.owner or sender.platform is self.local:
            return True
        return EVERYBODY in self.users or str(sender) in self.users


class Admission:
    """Decides about each message: by the lists, and in private by the groups of the person.

    Whoever was seen in a listed group is admitted in private too for as long as they belong there;
    the chat system is asked at most once a day.
    """

    def __init__(
        self,
        allowed: AllowList,
        *,
        people: People,
        groups: Groups,
        platforms: Mapping[Platform, ChatPlatform],
        clock: Clock,
    ) -> None:
        self._allowed = allowed
        self._people = people
        self._groups = groups
        self._platforms = platforms
        self._clock = clock

    @property
    def owner(self) -> Identity | None:
        """Whose accounts the environment holds."""
        return self._allowed.owner

    async def admits(
        self, sender: Identity, conversation: Conversation, *, pressed: bool = False
    ) -> bool:
        """Whether this person may give commands in this place.

        Whoever writes in a group belongs to it. A button there can be pressed by others too, where
        everybody may look in; so that is asked.
        """
        # Whom the operator removed no list brings back; only the owner is the operator's last word.
        if sender != self._allowed.owner and await self._people.is_refused(sender):
            return False
        named = self._allowed.names(sender)
        if not conversation.is_group:
            return named or await self._belongs_to_a_listed_group(sender)
        if not named and not await self._is_listed(conversation):
            return False
        known = await self._known(sender, conversation.chat_id)
        if pressed:
            return await self._belongs(known) or named
        if not (known.belongs and self._is_fresh(known)):
            await self._save(known, belongs=True)
        return True

    async def _is_listed(self, group: Conversation) -> bool:
        """Whether everybody in a group is admitted, by its id or by the one that it had before."""
        if self._allowed.lists(group.platform, group.chat_id):
            return True
        former_id = (await self._groups.group_of(group)).former_id
        return bool(former_id) and self._allowed.lists(group.platform, former_id)

    async def _known(self, sender: Identity, chat_id: str) -> Membership:
        for membership in await self._people.memberships_of(sender):
            if membership.chat_id == chat_id:
                return membership
        # Never seen there: whatever is asked about them has to be asked.
        return Membership(identity=sender, chat_id=chat_id, belongs=False, checked_at=_LONG_AGO)

    async def _belongs_to_a_listed_group(self, sender: Identity) -> bool:
        for known in await self._people.memberships_of(sender):
            if await self._is_listed(_group(known)) and await self._belongs(known):
                return True
        return False

    async def _belongs(self, known: Membership) -> bool:
        if self._is_fresh(known):
            return known.belongs
        platform = known.identity.platform
        try:
            belongs = await self._platforms[platform].is_member(_group(known), known.identity)
        except PlatformError as error:
            if not error.gone:
                # For the moment it cannot be found out; the next message asks again.
                return known.belongs
            belongs = False
        await self._save(known, belongs=belongs)
        return belongs

    def _is_fresh(self, known: Membership) -> bool:
        return self._clock.now() - known.checked_at < CHECK_EVERY

    async def _save(self, known: Membership, *, belongs: bool) -> None:
        now = self._clock.now()
        # Whoever has left and comes back agrees anew to be shown.
        shown = known.shown and belongs
        await self._people.save_membership(
            replace(known, belongs=belongs, shown=shown, checked_at=now)
        )


def _group(known: Membership) -> Conversation:
    return Conversation(
        platform=known.identity.platform, chat_id=known.chat_id, kind=ConversationKind.GROUP
    )
