"""Groups: in whose words they are spoken to, who administers them, who is in them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.chat import Conversation, Identity, Platform
from bot.domain.inbox import Membership, Person
from bot.domain.zones import zone_of
from bot.errors import PlatformError
from bot.ports import ChatPlatform, Clock, Group, Groups, People
from bot.services.group_cards import GroupCards
from bot.texts import Texts

logger = logging.getLogger(__name__)


_ASKED_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChats:
    """The use cases around groups as such."""

    groups: Groups
    cards: GroupCards
    people: People
    platforms: Mapping[Platform, ChatPlatform]
    clock: Clock

    async def of(self, conversation: Conversation) -> Group:
        """What a group's administrators have chosen."""
        return await self.groups.group_of(conversation)

    async def texts_for(self, conversation: Conversation, asker: Texts) -> Texts:
        """Words for all in a group; what it has not chosen is as whoever asks has it."""
        group = await self.groups.group_of(conversation)
        zone = zone_of(group.timezone) if group.timezone else asker.timezone
        return Texts(group.language or asker.language, zone)

    async def choose(
        self,
        conversation: Conversation,
        *,
        language: str | None = None,
        timezone: str | None = None,
    ) -> Group:
        """Speak to a group like that from now on; what is None stays, what is empty is undone."""
        group = await self.groups.group_of(conversation)
        group = replace(
            group,
            language=group.language if language is None else language,
            timezone=group.timezone if timezone is None else timezone,
        )
        await self.groups.save_group(group)
        await self.cards.respoken(conversation)
        return group

    async def moved(self, earlier: Conversation, later: Conversation) -> None:
        """See `bot.ports.Moved`. What stood there cannot be changed; cards are posted anew."""
        logger.warning("group %s is now %s", earlier.chat_id, later.chat_id)
        await self.groups.move_group(earlier, later)
        await self.cards.move_group(earlier, later)

    async def is_admin(self, conversation: Conversation, person: Identity) -> bool:
        """Whether a person administers a group, asked now.

        Raises:
            PlatformError: It cannot be found out.
        """
        return await self.platforms[conversation.platform].is_admin(conversation, person)

    async def is_member(self, conversation: Conversation, person: Identity) -> bool:
        """Whether a person is in a group, asked now.

        Raises:
            PlatformError: It cannot be found out.
        """
        return await self.platforms[conversation.platform].is_member(conversation, person)

    async def members_of(self, conversation: Conversation) -> Sequence[Membership]:
        """Those who were seen in a group; some may have left it."""
        return await self.groups.members_of(conversation)

    async def present(
        self, conversation: Conversation, known: Sequence[Membership]
    ) -> Sequence[Person]:
        """Those of them who are still there, asked now where that is possible."""
        turn = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def ask(one: Membership) -> bool:
            async with turn:
                return await self._still_there(conversation, one)

        still = await asyncio.gather(*(ask(one) for one in known))
        people = [
            await self.people.find_person(one.identity)
            for one, belongs in zip(known, still, strict=True)
            if belongs
        ]
        return [person for person in people if person is not None]

    async def membership(self, conversation: Conversation, person: Identity) -> Membership:
        """What is kept of somebody who wrote in a group just now."""
        for known in await self.people.memberships_of(person):
            if known.chat_id == conversation.chat_id:
                return known
        return Membership(
            identity=person,
            chat_id=conversation.chat_id,
            belongs=True,
            checked_at=self.clock.now(),
        )

    async def remember(self, membership: Membership) -> None:
        """Keep what somebody chose for a group."""
        await self.people.save_membership(membership)

    async def hide_everywhere(self, person: Identity) -> int:
        """See `Groups.hide_everywhere`."""
        return await self.groups.hide_everywhere(person)

    async def _still_there(self, conversation: Conversation, known: Membership) -> bool:
        platform = self.platforms[conversation.platform]
        try:
            belongs = await platform.is_member(conversation, known.identity)
        except PlatformError as error:
            if not error.gone:
                logger.info("a member could not be looked for: %s", error)
                return known.belongs
            belongs = False
        if not belongs:
            gone = replace(known, belongs=False, shown=False, checked_at=self.clock.now())
            await self.people.save_membership(gone)
        return belongs
