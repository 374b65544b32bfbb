"""The terminal for the contract suite: a pipe for a keyboard, a list for a screen."""

import asyncio
import io
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.domain.chat import Conversation, ConversationKind, Platform
from bot.domain.zones import zone_of
from bot.platforms.console import TEAM, Console
from bot.ports import ChatPlatform
from bot.sandbox.company import ANN, BORIS, Colleague
from bot.texts import Texts
from tests.contract.chats import (
    PATIENCE,
    Abilities,
    ChatSubject,
    ChatTrouble,
    Shown,
    direct,
    identity_on,
)
from tests.fakes.clock import FakeClock


class _Screen(io.StringIO):
    """Remembers what is printed at a time; `Console` prints each thing at once."""

    def __init__(self) -> None:
        super().__init__()
        self.printed: list[str] = []
        self.more = asyncio.Event()

    def write(self, text: str) -> int:
        self.printed.append(text.removesuffix("\n"))
        self.more.set()
        return super().write(text)


_BUTTON = re.compile(r"\[(\d+)\] (.*?)(?=   \[\d+\] |$)")
_PROMPT = re.compile(r"\w+(?:@team)?> ")
_HEAD = re.compile(r"\[(team|only for \w+)\]")


class AtTerminal:
    """The console with a pipe for a keyboard and a list for a screen."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard = keyboard
        self._screen = _Screen()
        self._ended = False
        self.platform: ChatPlatform = Console(
            people={
                person.handle: identity_on(Platform.CONSOLE, person) for person in (ANN, BORIS)
            },
            clock=FakeClock(),
            settled=self._settled,
            local={},
            texts=Texts("en", zone_of("UTC")),
            out=self._screen,
        )
        # One keyboard: nobody can block or slow down the bot, the group is there for good, what is
        # printed stays printed, and a line that was read cannot be asked for again.
        self.can = Abilities(
            edits_in_place=False,
            asks_again=False,
            keeps=False,
            ends=True,
            refuses=False,
            leaving=False,
            shows_working=False,
            sends_files=False,
            pops_up=False,
            notifies=False,
        )
        self.here = direct(Platform.CONSOLE)
        self.group = Conversation(
            platform=Platform.CONSOLE, chat_id=TEAM, kind=ConversationKind.GROUP
        )

    @property
    def printed(self) -> Sequence[str]:
        """All that can be read."""
        return self._screen.printed

    async def prints(self, text: str) -> None:
        """Wait until that can be read."""
        async with asyncio.timeout(PATIENCE):
            while not any(text in printed for printed in self.printed):
                self._screen.more.clear()
                await self._screen.more.wait()

    def says(self, text: str) -> None:
        os.write(self._keyboard, text.encode() + b"\n")

    def presses(
        self, message_id: str, label: str, conversation: Conversation | None = None
    ) -> None:
        del message_id, conversation
        numbers = {name: number for line in self._screen.printed for number, name in buttons(line)}
        self.says(numbers[label])

    def messages(self, conversation: Conversation) -> Sequence[Shown]:
        found: list[tuple[Conversation, Shown]] = []
        place = self.here
        for line in self._screen.printed:
            labels = tuple(name for _, name in buttons(line))
            head = _HEAD.fullmatch(line)
            if labels:
                found[-1] = (place, Shown(text=found[-1][1].text, labels=labels))
            elif head is not None:
                place = self.group if head[1] == TEAM else self.here
            elif _PROMPT.match(line) is None:
                found.append((place, Shown(text=line)))
        return [shown for where, shown in found if where == conversation]

    def alerts(self) -> Sequence[str]:
        raise AssertionError("nothing can pop up in a terminal")

    def toasts(self) -> Sequence[str]:
        raise AssertionError("nothing passes in a terminal")

    async def answers(self) -> int:
        raise AssertionError("no press waits for an answer")

    def deletes(self, message_id: str) -> None:
        raise AssertionError(f"what is printed stays printed, {message_id} too")

    def leaves(self, person: Colleague) -> None:
        raise AssertionError(f"{person.handle} is in the group for good")

    def closes_group(self) -> None:
        raise AssertionError("the group is there for good")

    def ends_input(self) -> None:
        if not self._ended:
            self._ended = True
            os.close(self._keyboard)

    async def brought(self) -> None:
        """It is fetched."""

    async def was_working(self) -> bool:
        return self._screen.printed != []

    async def trouble(self, trouble: ChatTrouble) -> None:
        raise AssertionError(f"a terminal knows no {trouble}")

    async def _settled(self) -> None:
        """The suite answers when it likes."""


def buttons(line: str) -> list[tuple[str, str]]:
    """Numbers and labels of a line of buttons; nothing of any other line."""
    return _BUTTON.findall(line) if line.startswith("[1] ") else []


@asynccontextmanager
async def at_terminal() -> AsyncIterator[ChatSubject]:
    stdin = sys.stdin
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, encoding="utf-8") as keyboard:
        sys.stdin = keyboard
        subject = AtTerminal(write_end)
        try:
            yield subject
        finally:
            sys.stdin = stdin
            subject.ends_input()
            # A thread may still be reading; with the pipe closed it comes to an end.
            await asyncio.get_running_loop().shutdown_default_executor()
