"""The cards of meetings in groups: who may press them, and when they are out of date."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.domain.accounts import Account
from bot.domain.chat import Conversation, Identity, IncomingMessage
from bot.domain.group_cards import NewCard, Nudged
from bot.domain.meetings import Meeting, Member
from bot.domain.participation import Event, EventRef
from bot.domain.providers import Provider
from bot.ports import AccountStore, Clock, Directory, GroupCardBook, KeptCard

_KEY_BYTES = 12
_LINK = re.compile(r"c_([\w-]{16})", re.ASCII)
"""What a deep link hands to /start: the key of a card. It opens nothing by itself."""


class GroupCards:
    """The use cases around cards in groups. What they show is seen to by `CardSweep`."""

    def __init__(
        self,
        *,
        book: GroupCardBook,
        directories: Mapping[Provider, Directory],
        accounts: AccountStore,
        clock: Clock,
    ) -> None:
        self._book = book
        self._directories = directories
        self._accounts = accounts
        self._clock = clock
        self._wake: Callable[[], None] = _nobody

    def on_touch(self, wake: Callable[[], None]) -> None:
        """Have somebody called whenever a card is out of date."""
        self._wake = wake

    def new(self, event: Event, meeting: Meeting, nudged: Sequence[Nudged] = ()) -> NewCard:
        """A card of an event as its poster saw it just now."""
        return NewCard(
            key=secrets.token_urlsafe(_KEY_BYTES),
            ref=event.ref,
            meeting=meeting,
            version=event.version,
            nudged=tuple(nudged),
        )

    async def pressed(self, message: IncomingMessage, key: str) -> KeptCard | None:
        """The card whose button was pressed, or meant by a word of answer to it.

        None if that is not the message, whatever the key says, or the card is kept no longer.
        """
        card, press = await self._book.find_card(key), message.press
        meant = message.reply_to if press is None else press.card_id
        if card is None or not _in_chat(card, message.conversation):
            return None
        return card if card.message_id in (None, meant) else None

    async def answered_by(self, message: IncomingMessage) -> KeptCard | None:
        """The card that a message answers."""
        if message.reply_to is None or not message.conversation.is_group:
            return None
        return await self._book.card_shown_as(message.conversation, message.reply_to)

    async def behind_link(self, word: str) -> KeptCard | None:
        """The card that a deep link leads back to."""
        match = _LINK.fullmatch(word)
        return None if match is None else await self._book.find_card(match.group(1))

    async def own_ref(self, person: Identity, meeting: Meeting) -> EventRef | None:
        """A meeting as one of a person's own accounts names it; None if they have none there."""
        for account in await self._accounts.accounts_of(person):
            member = await self.member_of(account)
            if member is not None and _at(member, meeting):
                return EventRef(
                    provider=meeting.provider,
                    event_id=meeting.meeting_id,
                    account_id=account.account_id,
                )
        return None

    async def member_of(self, account: Account) -> Member | None:
        """Who somebody is at the place of one of their accounts."""
        directory = self._directories.get(account.provider)
        return None if directory is None else await directory.member_of(account)

    async def members_at(self, person: Identity, meeting: Meeting) -> Sequence[str]:
        """Who a person is among those who take part in a meeting."""
        members = [
            await self.member_of(account) for account in await self._accounts.accounts_of(person)
        ]
        return [one.user_id for one in members if one is not None and _at(one, meeting)]

    async def touch(self, meeting: Meeting | None) -> bool:
        """Every card of a meeting is out of date; whether there is any.

        Raises:
            StorageError: That could not be kept.
        """
        touched = meeting is not None and await self._book.touch(meeting)
        if touched:
            self._wake()
        return touched

    async def saw(self, event: Event) -> None:
        """An answer to an event was sent, from wherever; see `touch`."""
        await self.touch(event.meeting)

    async def left(self, account: Account) -> None:
        """An account is gone, and with it whatever was read by it."""
        if await self._book.touch_account(account.account_id):
            self._wake()

    async def respoken(self, conversation: Conversation) -> None:
        """A group is spoken to in other words from now on."""
        if await self._book.touch_group(conversation):
            self._wake()

    async def here(self, conversation: Conversation, meeting: Meeting) -> Sequence[KeptCard]:
        """The cards of a meeting in one group."""
        return [card for card in await self._book.cards_of(meeting) if _in_chat(card, conversation)]

    async def numbered(self, conversation: Conversation, number: str) -> Sequence[KeptCard]:
        """The cards in a group whose meeting has that number."""
        return [
            card
            for card in await self._book.cards_in(conversation)
            if card.card.meeting.meeting_id == number
        ]

    async def close(self, cards: Sequence[KeptCard]) -> None:
        """These are kept up to date no longer, and say so."""
        for card in cards:
            await self._book.close(card)
        self._wake()

    async def move_group(self, earlier: Conversation, later: Conversation) -> None:
        """A group has a new id: its cards are posted anew."""
        if await self._book.move_group(earlier, later):
            self._wake()

    async def begin_nudge(self, meeting: Meeting, entry_id: int) -> datetime | None:
        """See `GroupCardBook.begin_nudge`."""
        return await self._book.begin_nudge(meeting, entry_id, self._clock.now())


def is_card_link(word: str) -> bool:
    """Whether a deep link leads to a card, kept or not."""
    return _LINK.fullmatch(word) is not None


def link_word(key: str) -> str:
    """What a deep link says to come back to a card."""
    return f"c_{key}"


def _in_chat(card: KeptCard, chat: Conversation) -> bool:
    where = card.delivery.conversation
    return (where.platform, where.chat_id) == (chat.platform, chat.chat_id)


def _at(member: Member, meeting: Meeting) -> bool:
    return (member.provider, member.place) == (meeting.provider, meeting.place)


def _nobody() -> None:
    """Nobody waits for cards."""
