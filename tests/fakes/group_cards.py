"""Cards of groups that are kept in memory."""

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot.domain.chat import Conversation, Identity, Platform
from bot.domain.group_cards import EDIT_EVERY, NUDGE_EVERY
from bot.domain.inbox import Delivery, Membership, StoredButton, is_message
from bot.domain.meetings import Meeting
from bot.ports import Clock, Group, GroupCardBook, Groups, KeptCard

_LONGEST_LEASE = timedelta(minutes=2)


class MemoryGroupCards:
    """What a store shares with it: `note` when replies are settled, `note_posted` after that."""

    def __init__(
        self, clock: Clock, buttons: MutableMapping[str, StoredButton] | None = None
    ) -> None:
        self._clock = clock
        self._buttons = {} if buttons is None else buttons
        self._numbers = count(1)
        self._cards: dict[int, KeptCard] = {}
        self._leases: dict[int, datetime] = {}
        self._nudges: dict[Meeting, tuple[datetime, int]] = {}

    def note(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.reply.card is not None:
                number = next(self._numbers)
                self._cards[number] = KeptCard(
                    card_id=number, card=delivery.reply.card, delivery=delivery, message_id=None
                )

    def note_posted(self, delivery: Delivery, message_id: str | None) -> None:
        if delivery.reply.card is None:
            return
        card = next(
            (one for one in self._cards.values() if one.card.key == delivery.reply.card.key), None
        )
        if card is None:
            return
        if message_id is None or not is_message(message_id):
            del self._cards[card.card_id]
            return
        now = self._clock.now()
        due_at = now + EDIT_EVERY if card.touches else card.card.look_at
        self._cards[card.card_id] = replace(
            card, message_id=message_id, edited_at=now, due_at=due_at
        )

    async def find_card(self, key: str) -> KeptCard | None:
        return next((one for one in self._cards.values() if one.card.key == key), None)

    async def card_shown_as(self, conversation: Conversation, message_id: str) -> KeptCard | None:
        for card in self._cards.values():
            if _same_chat(card, conversation) and card.message_id == message_id:
                return card
        return None

    async def cards_of(self, meeting: Meeting) -> Sequence[KeptCard]:
        return [card for card in self._cards.values() if card.card.meeting == meeting]

    async def cards_in(self, conversation: Conversation) -> Sequence[KeptCard]:
        return [card for card in self._cards.values() if _same_chat(card, conversation)]

    async def posted_by(self, person: Identity) -> Sequence[KeptCard]:
        return [card for card in self._cards.values() if card.delivery.to == person]

    async def touch(self, meeting: Meeting) -> bool:
        return self._touch(await self.cards_of(meeting))

    async def touch_account(self, account_id: str) -> bool:
        return self._touch(
            [card for card in self._cards.values() if card.card.ref.account_id == account_id]
        )

    async def touch_group(self, conversation: Conversation) -> bool:
        return self._touch(
            [card for card in self._cards.values() if _same_chat(card, conversation)]
        )

    def _touch(self, cards: Sequence[KeptCard]) -> bool:
        for card in cards:
            due_at = self._may_be_edited(card)
            if card.due_at is not None:
                due_at = min(due_at, card.due_at)
            waits = card.message_id is None and card.due_at is None
            self._cards[card.card_id] = replace(
                card, touches=card.touches + 1, due_at=None if waits else due_at
            )
        return bool(cards)

    async def due_cards(self, most: int) -> Sequence[KeptCard]:
        now = self._clock.now()
        due = [
            (card.due_at, card)
            for card in self._cards.values()
            if card.due_at is not None and card.due_at <= now and self._is_free(card)
        ]
        return [card for _, card in sorted(due, key=lambda pair: pair[0])][:most]

    async def next_card(self) -> datetime | None:
        moments = [card.due_at for card in self._cards.values() if card.due_at is not None]
        return min(moments, default=None)

    async def take(self, card: KeptCard, until: datetime) -> KeptCard | None:
        known = self._cards.get(card.card_id)
        if known is None or not self._is_free(known):
            return None
        self._leases[card.card_id] = until
        return known

    async def release(self, held: KeptCard, now: KeptCard) -> None:
        known = self._cards.get(held.card_id)
        self._leases.pop(held.card_id, None)
        if known is None:
            return
        if known.delivery == held.delivery:
            reply = replace(now.delivery.reply, card=now.card)
            kept = replace(now, delivery=replace(now.delivery, reply=reply), touches=known.touches)
            if known.touches != held.touches:
                kept = replace(kept, due_at=self._may_be_edited(now))
            self._cards[held.card_id] = kept
        elif known.delivery.conversation == held.delivery.conversation:
            self._cards[held.card_id] = replace(
                known,
                message_id=now.message_id,
                edited_at=now.edited_at,
                failing=now.failing,
                due_at=self._may_be_edited(now),
            )

    async def close(self, card: KeptCard) -> None:
        known = self._cards.get(card.card_id)
        if known is None:
            return
        about = replace(known.card, closed=True)
        delivery = replace(known.delivery, reply=replace(known.delivery.reply, card=about))
        due_at = known.due_at if known.message_id is None else self._clock.now()
        self._cards[card.card_id] = replace(
            known, card=about, delivery=delivery, touches=known.touches + 1, due_at=due_at
        )

    async def drop(self, card: KeptCard) -> None:
        known = self._cards.get(card.card_id)
        if known is not None and not _same_chat(known, card.delivery.conversation):
            self._leases.pop(card.card_id, None)
            return
        self._cards.pop(card.card_id, None)
        for key in card.delivery.keys:
            self._buttons.pop(key, None)

    async def move_group(self, earlier: Conversation, later: Conversation) -> int:
        there = [card for card in self._cards.values() if _same_chat(card, earlier)]
        for card in there:
            self._cards[card.card_id] = replace(
                card,
                delivery=replace(card.delivery, conversation=later, edits=None),
                message_id=None,
                due_at=None
                if card.message_id is None and card.due_at is None
                else self._clock.now(),
                touches=card.touches + 1,
            )
        return len(there)

    async def begin_nudge(self, meeting: Meeting, entry_id: int, at: datetime) -> datetime | None:
        for asked, (nudged_at, _) in list(self._nudges.items()):
            if nudged_at < at - timedelta(days=1):
                del self._nudges[asked]
        last = self._nudges.get(meeting)
        if last is not None and last[1] == entry_id:
            return None
        if last is not None and last[0] > at - NUDGE_EVERY:
            return last[0]
        self._nudges[meeting] = (at, entry_id)
        return None

    def forget(self, identity: Identity) -> None:
        for card in list(self._cards.values()):
            about, shown, to = card.card, card.delivery.reply, card.delivery.to
            mine = to == identity
            if mine:
                to = Identity(platform=identity.platform, user_id="")
                ref = replace(about.ref, account_id="", calendar_id=None, handle="")
                about = replace(about, ref=ref, nudged=())
            elif card.delivery.conversation.platform is identity.platform:
                others = tuple(one for one in about.nudged if one.person != identity.user_id)
                about = replace(about, nudged=others)
            if not mine and about == card.card:
                continue
            delivery = replace(
                card.delivery,
                to=to,
                reply=replace(
                    shown, text=Markup(), about=None if mine else shown.about, card=about
                ),
                reply_to=None if mine else card.delivery.reply_to,
            )
            self._cards[card.card_id] = replace(card, card=about, delivery=delivery)
            self._touch([self._cards[card.card_id]])

    def _may_be_edited(self, card: KeptCard) -> datetime:
        now = self._clock.now()
        return now if card.edited_at is None else max(now, min(now, card.edited_at) + EDIT_EVERY)

    def _is_free(self, card: KeptCard) -> bool:
        now, until = self._clock.now(), self._leases.get(card.card_id)
        return until is None or not now < until <= now + _LONGEST_LEASE


class MemoryGroups:
    """Groups in memory; who is in them is asked of a store's memberships."""

    def __init__(self, memberships: dict[tuple[Identity, str], Membership]) -> None:
        self._memberships = memberships
        self._groups: dict[tuple[Platform, str], Group] = {}

    async def group_of(self, conversation: Conversation) -> Group:
        key = conversation.platform, conversation.chat_id
        return self._groups.get(key, Group(conversation=conversation))

    async def save_group(self, group: Group) -> None:
        where = group.conversation
        self._groups[where.platform, where.chat_id] = group

    async def members_of(self, conversation: Conversation) -> Sequence[Membership]:
        found = [
            one
            for one in self._memberships.values()
            if one.identity.platform is conversation.platform
            and one.chat_id == conversation.chat_id
            and one.belongs
        ]
        return sorted(found, key=lambda one: one.identity.user_id)

    async def move_group(self, earlier: Conversation, later: Conversation) -> None:
        chosen = await self.group_of(earlier)
        key = later.platform, later.chat_id
        there = self._groups.get(key, replace(chosen, conversation=later, former_id=""))
        former_id = there.former_id or earlier.chat_id
        self._groups[key] = replace(there, former_id=former_id)
        self._groups.pop((earlier.platform, earlier.chat_id), None)
        for (identity, chat_id), known in list(self._memberships.items()):
            if identity.platform is earlier.platform and chat_id == earlier.chat_id:
                moved = replace(known, chat_id=later.chat_id)
                self._memberships.setdefault((identity, later.chat_id), moved)
                del self._memberships[identity, chat_id]

    async def hide_everywhere(self, identity: Identity) -> int:
        mine = [key for key, one in self._memberships.items() if key[0] == identity and one.shown]
        for key in mine:
            self._memberships[key] = replace(self._memberships[key], shown=False)
        return len(mine)


def _same_chat(card: KeptCard, conversation: Conversation) -> bool:
    where = card.delivery.conversation
    return (where.platform, where.chat_id) == (conversation.platform, conversation.chat_id)


if TYPE_CHECKING:
    _cards: type[GroupCardBook] = MemoryGroupCards
    _groups: type[Groups] = MemoryGroups
