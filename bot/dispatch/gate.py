"""How much one person, and one group, may ask for at a time."""

import asyncio
import logging
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from bot.dispatch.addressing import address
from bot.dispatch.talk import begins_with_us
from bot.domain.chat import IncomingMessage, Platform, Reply, Visibility
from bot.domain.inbox import InboxEntry, Refusal
from bot.domain.zones import zone_of
from bot.errors import PlatformError, StorageError
from bot.ports import ChatPlatform, Clock, Inbox
from bot.texts import Draft, M, Texts, choose_language

logger = logging.getLogger(__name__)

PERSON_BURST = 20
"""Commands of one person at once; a person needs longer than that to mean them."""
GROUP_BURST = 100
"""Commands typed in one group at once: all of a large team, each of them one."""
TELL_AGAIN_AFTER = 300.0
"""Seconds after which somebody who never stopped is told once more."""
_FORGET_ABOVE = 10_000
_MINUTE = 60.0


class Verdict(Enum):
    """What becomes of what somebody asks for."""

    TAKEN = auto()
    TOLD = auto()
    """Too much: the one that is answered."""
    PASSED_OVER = auto()
    """Too much, and said so already."""


@dataclass(slots=True)
class _Hand:
    """How full somebody's hands are.

    Attributes:
        empty_at: When all that was taken will have drained.
        paused_until: Nothing is taken before.
        told_at: When it was last said.
    """

    empty_at: float
    paused_until: float = float("-inf")
    told_at: float = float("-inf")


class Pace:
    """Takes a burst, then a steady rate, of each by themselves.

    Whoever goes beyond that has a pause, until half of it has drained: taking one of many now and
    then would carry out whichever came by chance. Only those are remembered from whom something
    came within the time in which a burst drains.

    Args:
        rate: How many a second in the long run.
        burst: How many at once. At rates beyond it, a second's worth.
        clock: Time.
    """

    def __init__(self, *, rate: float, burst: float, clock: Clock) -> None:
        self._each = 1 / rate
        self.room = max(burst, rate) * self._each
        """Seconds in which a burst drains."""
        self.pause = self.room / 2
        """Seconds that a pause lasts."""
        self._clock = clock
        self._hands: dict[Hashable, _Hand] = {}
        self._forget_above = _FORGET_ABOVE

    def judge(self, who: Hashable, *, at: float | None = None, excused: bool = False) -> Verdict:
        """Count one more.

        Args:
            who: Of whom.
            at: When, on whatever scale all of them are told on; by default now.
            excused: It is taken, however much came before.
        """
        now = self._clock.monotonic() if at is None else at
        hand = self._hands.get(who)
        if hand is None:
            self._forget(now)
            hand = self._hands[who] = _Hand(now)
        elif hand.empty_at <= now:
            hand.empty_at, hand.told_at = now, float("-inf")
        if excused:
            hand.empty_at = min(hand.empty_at + self._each, now + self.room)
            return Verdict.TAKEN
        if now < hand.paused_until:
            return Verdict.PASSED_OVER
        if hand.empty_at + self._each - now <= self.room:
            hand.empty_at += self._each
            return Verdict.TAKEN
        hand.paused_until = now + self.pause
        if now < hand.told_at + TELL_AGAIN_AFTER:
            return Verdict.PASSED_OVER
        hand.told_at = now
        return Verdict.TOLD

    def _forget(self, now: float) -> None:
        """Forget whose hands are empty, each time that as many again have come."""
        if len(self._hands) < self._forget_above:
            return
        self._hands = {who: hand for who, hand in self._hands.items() if hand.empty_at > now}
        self._forget_above = max(_FORGET_ABOVE, 2 * len(self._hands))


class _Paces:
    """By when something came, or by when it was written if that says less.

    What people wrote while nobody listened comes all at once; and a clock that is put right must
    not make anybody wait.
    """

    def __init__(self, *, rate: float, burst: float, clock: Clock) -> None:
        self._came = Pace(rate=rate, burst=burst, clock=clock)
        self._written = Pace(rate=rate, burst=burst, clock=clock)
        self._clock = clock
        self.pause = self._came.pause

    def judge(self, who: Hashable, message: IncomingMessage) -> Verdict:
        """Count one more; by its date only if that is from the platform's clock, as all others."""
        press = message.press
        dated = message.sent_at if press is None else press.made_before
        at = None if dated is None else dated.timestamp()
        if at is None or self._written.judge(who, at=at) is not Verdict.TAKEN:
            return self._came.judge(who)
        if self._clock.now().timestamp() - at > self._came.room:
            # It says nothing about how much they ask for now.
            return Verdict.TAKEN
        return self._came.judge(who, excused=True)


class Gate:
    """Lets in what people can mean to ask for, before anything waits in a lane.

    Counted for a person is whatever may be meant for the bot, wherever they write it; for a group
    the commands that are typed in it. Presses of a group's cards count for the pressers alone: all
    of a group may press at once. What an earlier process let in is not counted again, and each
    process counts for itself.

    Args:
        inbox: Where what is passed over is closed.
        platforms: For the presses among that.
        person_rate: Commands a minute of one person.
        group_rate: Commands a minute in one group.
        clock: Time.
        default_language: For people of whom nothing is known.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        platforms: Mapping[Platform, ChatPlatform],
        person_rate: float,
        group_rate: float,
        clock: Clock,
        default_language: str,
    ) -> None:
        self._inbox = inbox
        self._platforms = platforms
        self._people = _Paces(rate=person_rate / _MINUTE, burst=PERSON_BURST, clock=clock)
        self._groups = _Paces(rate=group_rate / _MINUTE, burst=GROUP_BURST, clock=clock)
        self._refused_person = Refusal(pause=self._people.pause, of_group=False)
        self._refused_group = Refusal(pause=self._groups.pause, of_group=True)
        self._default_language = default_language
        self._notes: set[asyncio.Task[None]] = set()

    async def let_in(self, entry: InboxEntry) -> InboxEntry | None:
        """The entry, if something is to be done about it; as refused, if that is to be told."""
        verdict, refusal = self._judge(entry.message)
        match verdict:
            case Verdict.TAKEN:
                return entry
            case Verdict.TOLD:
                logger.info("too much at once: refused, and told so")
                return replace(entry, refusal=refusal)
            case Verdict.PASSED_OVER:
                await self._pass_over(entry)
                return None

    async def drain(self) -> None:
        """Wait until no press is being answered."""
        while self._notes:
            await asyncio.wait(self._notes)

    async def stop(self) -> None:
        """Leave presses unanswered."""
        for task in self._notes:
            task.cancel()
        await asyncio.gather(*self._notes, return_exceptions=True)

    def _judge(self, message: IncomingMessage) -> tuple[Verdict, Refusal]:
        in_group = message.conversation.is_group
        own_name = self._platforms[message.sender.platform].own_name
        typed = in_group and begins_with_us(message.text, own_name)
        verdict = self._people.judge(message.sender, message)
        if not typed or verdict is not Verdict.TAKEN:
            return verdict, self._refused_person
        place = message.conversation
        verdict = self._groups.judge((place.platform, place.chat_id), message)
        return verdict, self._refused_group

    async def _pass_over(self, entry: InboxEntry) -> None:
        try:
            await self._inbox.close(entry)
        except StorageError as error:
            logger.warning("what was passed over stays open: %s", error)
        if entry.message.press is not None:
            task = asyncio.create_task(self._note(entry.message), name="passed over")
            self._notes.add(task)
            task.add_done_callback(self._notes.discard)

    async def _note(self, message: IncomingMessage) -> None:
        """Let a press end: nobody shall believe that it was noted."""
        language = choose_language(message.language, self._default_language)
        draft = Draft(Texts(language, zone_of("UTC"))).add(M.TOO_MUCH_PASSED_OVER)
        note = address(message, replace(draft.reply(replaces_card=False), fleeting=True))
        try:
            await self._platforms[message.sender.platform].deliver(note)
        except PlatformError as error:
            logger.info("a press could not be answered: %s", error)


def lane_of(entry: InboxEntry) -> Hashable:
    """Behind what a message waits; who asked for too much is told so before all that is done."""
    sender = entry.message.sender
    return sender if entry.refusal is None else ("refused", sender)


def refuse(texts: Texts, refusal: Refusal) -> Reply:
    """What whoever asked for too much is told; what a group did is told to all of it."""
    sentence = M.TOO_MUCH_IN_GROUP if refusal.of_group else M.TOO_MUCH
    told_to = Visibility.CONVERSATION if refusal.of_group else Visibility.SENDER_ONLY
    draft = Draft(texts).add(sentence, when=texts.ahead(refusal.pause))
    return draft.reply(visibility=told_to, replaces_card=False)
