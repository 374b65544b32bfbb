"""Chat systems for the suite of `ChatPlatform`: what each one is asked, and the one in memory."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from markupsafe import Markup

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Document,
    Identity,
    IncomingMessage,
    Platform,
    Press,
)
from bot.errors import PlatformError, StorageError
from bot.ports import ChatPlatform
from bot.sandbox.company import ANN, BORIS, CARL, Colleague
from tests.fakes.bot import plain
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

STRANGER = CARL
"""Somebody who is not in the group."""
PATIENCE = 10.0
"""Real seconds after which a test gives up on a platform."""


class ChatTrouble(Enum):
    """Why a reply cannot be delivered."""

    GONE = auto()
    """The person has blocked the bot."""
    SLOW_DOWN = auto()
    """Too many messages: the next one is refused."""
    LOST = auto()
    """The line breaks while the next one is sent."""
    UNREACHABLE = auto()
    """The chat system cannot be reached."""


RETRY_AFTER = 3.0
"""Seconds that SLOW_DOWN asks for: few enough for the platform to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What not every chat system can do; where something else happens instead, that is asserted.

    Attributes:
        edits_in_place: A later version takes the place of a message; else it is shown below it,
            marked as one.
        asks_again: What could not be kept comes again; else nobody can be asked to repeat it, and
            `run` ends with the error.
        keeps: What comes while nobody runs waits for the next run; else it may be lost.
        ends: The input has an end, and `run` ends there.
        refuses: Deliveries can fail.
        leaving: People can leave groups, and the bot can be thrown out.
        shows_working: There is something to see when the bot is busy.
        sends_files: A document comes as a file; else its content is shown below the text.
        pops_up: An alert pops up over a pressed button, for which that waits, and what is fleeting
            passes over it; else it is shown above the text, and what is fleeting like any reply.
        notifies: People who are mentioned are notified; else they are shown with an @.
    """

    edits_in_place: bool = True
    asks_again: bool = True
    keeps: bool = True
    ends: bool = False
    refuses: bool = True
    leaving: bool = True
    shows_working: bool = True
    sends_files: bool = True
    pops_up: bool = True
    notifies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message of the bot as people see it, with the labels of its buttons and its file."""

    text: str
    labels: tuple[str, ...] = ()
    document: tuple[str, str] | None = None
    """Name and content."""


class ChatSubject(Protocol):
    """A chat system under test. All but `platform` is what people there do and see.

    Attributes:
        here: Ann's talk with the bot.
        group: A group with her, Boris and the bot, but without Carl; she administers it.
    """

    platform: ChatPlatform
    can: Abilities
    here: Conversation
    group: Conversation

    def says(self, text: str) -> None:
        """Ann writes to the bot."""
        ...

    def presses(
        self, message_id: str, label: str, conversation: Conversation | None = None
    ) -> None:
        """Ann presses a button of a message, in her talk with the bot if nothing else is said."""
        ...

    def alerts(self) -> Sequence[str]:
        """What popped up over the buttons that Ann pressed."""
        ...

    def toasts(self) -> Sequence[str]:
        """What passed over them."""
        ...

    async def answers(self) -> int:
        """How often the bot has answered a press, once no press waits for an answer any more."""
        ...

    def messages(self, conversation: Conversation) -> Sequence[Shown]:
        """The bot's messages in a conversation, as they stand now."""
        ...

    def deletes(self, message_id: str) -> None:
        """Ann deletes a message of the bot."""
        ...

    def leaves(self, person: Colleague) -> None:
        """Somebody leaves the group."""
        ...

    def closes_group(self) -> None:
        """The bot is thrown out of the group."""
        ...

    def ends_input(self) -> None:
        """Nothing more will be said."""
        ...

    async def brought(self) -> None:
        """Wait until what was said has been brought to the bot, where it is brought at all."""
        ...

    async def was_working(self) -> bool:
        """Whether people were shown that the bot is busy; raises what that failed with."""
        ...

    async def trouble(self, trouble: ChatTrouble) -> None:
        """From now on something is wrong."""
        ...


def identity_on(platform: Platform, person: Colleague) -> Identity:
    return Identity(platform=platform, user_id=str(person.user_id))


def direct(platform: Platform) -> Conversation:
    return Conversation(platform=platform, chat_id=str(ANN.user_id), kind=ConversationKind.DIRECT)


def group(platform: Platform) -> Conversation:
    return Conversation(platform=platform, chat_id="-100200", kind=ConversationKind.GROUP)


class Ear:
    """What the bot hears, and whether its store can keep it.

    Attributes:
        heard: What was taken.
        offered: The keys of everything that was handed over, taken or not.
        failures: So many times the store cannot write.
    """

    def __init__(self, *, failures: int = 0) -> None:
        self.heard: list[IncomingMessage] = []
        self.offered: list[str] = []
        self.failures = failures
        self._more = asyncio.Event()

    async def receive(self, messages: Sequence[IncomingMessage]) -> None:
        self.offered += [message.key for message in messages]
        if self.failures:
            self.failures -= 1
            raise StorageError("disk full")
        self.heard += messages
        self._more.set()

    async def hears(self, count: int) -> list[IncomingMessage]:
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < count:
                self._more.clear()
                await self._more.wait()
        return self.heard


@asynccontextmanager
async def listening(subject: ChatSubject, ear: Ear) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.create_task(subject.platform.run(ear.receive))
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class InMemory:
    """The fake that the tests of the pipeline use."""

    def __init__(self) -> None:
        self._fake = FakePlatform(FakeClock())
        self.platform: ChatPlatform = self._fake
        self.can = Abilities()
        self.here, self.group = direct(self._fake.name), group(self._fake.name)
        self._ann = identity_on(self._fake.name, ANN)
        self._fake.members[self.group.chat_id] = {
            self._ann,
            identity_on(self._fake.name, BORIS),
        }
        self._fake.admins[self.group.chat_id] = {self._ann}

    def says(self, text: str) -> None:
        self._fake.write(self._fake.message(self._ann, text))

    def presses(
        self, message_id: str, label: str, conversation: Conversation | None = None
    ) -> None:
        card = self._fake.shown[message_id]
        labels = [button.label for row in card.reply.buttons for button in row]
        press = Press(key=card.keys[labels.index(label)], card_id=message_id)
        group = None if conversation is None else conversation.chat_id
        self._fake.write(self._fake.message(self._ann, "", press=press, group=group))

    def alerts(self) -> Sequence[str]:
        return self._fake.alerts

    def toasts(self) -> Sequence[str]:
        return self._fake.toasts

    async def answers(self) -> int:
        return len(self._fake.answered)

    def messages(self, conversation: Conversation) -> Sequence[Shown]:
        return [
            Shown(
                text=plain(_with_names(delivery.reply.text)),
                labels=tuple(button.label for row in delivery.reply.buttons for button in row),
                document=_opened(delivery.reply.document),
            )
            for message_id, delivery in self._fake.shown.items()
            if delivery.conversation == conversation and message_id not in self._fake.deleted
        ]

    def deletes(self, message_id: str) -> None:
        self._fake.deleted.add(message_id)

    def leaves(self, person: Colleague) -> None:
        self._fake.members[self.group.chat_id].discard(identity_on(self._fake.name, person))

    def closes_group(self) -> None:
        self._fake.gone.add(self.group.chat_id)

    def ends_input(self) -> None:
        raise AssertionError("people can always write")

    async def brought(self) -> None:
        """It is fetched."""

    async def was_working(self) -> bool:
        return self.here in self._fake.busy

    async def trouble(self, trouble: ChatTrouble) -> None:
        match trouble:
            case ChatTrouble.GONE:
                self._fake.gone.add(self.here.chat_id)
            case ChatTrouble.SLOW_DOWN:
                self._fake.failures = [PlatformError("busy", retry_after=RETRY_AFTER)]
            case ChatTrouble.LOST:
                self._fake.failures = [PlatformError("lost", may_have_happened=True)]
            case ChatTrouble.UNREACHABLE:
                self._fake.failures = [PlatformError("down")]


def _with_names(text: Markup) -> Markup:
    return Markup(re.sub(r'<a href="person:\d+">([^<]*)</a>', r"\1", str(text)))


def _opened(document: Document | None) -> tuple[str, str] | None:
    return None if document is None else (document.name, document.content)


@asynccontextmanager
async def in_memory() -> AsyncIterator[ChatSubject]:
    yield InMemory()
