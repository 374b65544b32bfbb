"""The terminal as a chat system: for trying the bot without any account, and for local work."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, TextIO

from markupsafe import Markup

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Press,
)
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.platforms.mentions import write_people
from bot.ports import ChatPlatform, Clock, Receive
from bot.texts import M, Texts

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"

LineReader = Callable[[str], Awaitable[str]]
"""Shows a prompt, returns a line; raises EOFError at the end of input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCommand:
    """Something that is asked of the terminal itself, as `!name`; it never reaches the bot."""

    help: M
    run: Callable[[Sequence[str]], str]


class Console:
    """Reads lines, prints replies. One person at a time, switchable with `!as`.

    Args:
        people: Who can be spoken as, by the name that `!as` takes.
        clock: For the time of messages.
        settled: Waits until everything said is answered; lines are taken one by one.
        local: Further commands of the terminal, by name without the mark.
        texts: For the terminal's own words.
        out: Where replies go.
    """

    name = Platform.CONSOLE
    own_name = ""

    def __init__(
        self,
        *,
        people: Mapping[str, Identity],
        clock: Clock,
        settled: Callable[[], Awaitable[None]],
        local: Mapping[str, LocalCommand],
        texts: Texts,
        out: TextIO,
    ) -> None:
        self._people = people
        self._who = next(iter(people))
        self._clock = clock
        self._settled = settled
        self._local = {
            "as": LocalCommand(help=M.CONSOLE_HELP_AS, run=self._switch),
            "help": LocalCommand(help=M.CONSOLE_HELP_HELP, run=self._help),
            **local,
        }
        self._texts = texts
        self._out = out
        self._numbers = count(1)
        self._keys: dict[int, tuple[str, str]] = {}
        self._fresh_line = True
        self._styled = out.isatty()

    async def run(self, receive: Receive) -> None:
        """See `ChatPlatform.run`; ends at the end of input."""
        with _line_reader(self._print) as read_line:
            while True:
                try:
                    line = await read_line(f"{self._who}> ")
                except EOFError:
                    return
                await self._take(line.strip(), receive)

    async def deliver(self, delivery: Delivery) -> str | None:
        """See `ChatPlatform.deliver`."""
        if delivery.reply.fleeting:
            self._print(self._render(delivery.reply.text))
            return f"toast {next(self._numbers)}"
        edits = None if delivery.reply.document else delivery.edits
        message_id = edits or f"out{next(self._numbers)}"
        if delivery.reply.alert:
            self._print(f"❗ {delivery.reply.alert}")
        mark = "✎ " if edits else ""
        self._print(mark + self._render(delivery.reply.text))
        if delivery.reply.document is not None:
            self._print(f"{delivery.reply.document.name}:\n{delivery.reply.document.content}")
        if delivery.keys:
            if self._fresh_line:
                self._keys.clear()
                self._fresh_line = False
            shown = []
            for key, button in zip(delivery.keys, delivery.reply.pressable, strict=True):
                number = len(self._keys) + 1
                self._keys[number] = (key, message_id)
                shown.append(f"[{number}] {button.label}")
            self._print("   ".join(shown))
        for row in delivery.reply.buttons:
            for button in row:
                if button.url:
                    self._print(f"{button.label}: {button.url}")
        return message_id

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """See `ChatPlatform.delete`; what a terminal shows cannot be taken back."""
        del conversation, message_id
        raise PlatformError("a terminal shows what it shows", gone=True)

    def private_url(self, payload: str) -> str:
        """See `ChatPlatform.private_url`; there is no such address."""
        del payload
        return ""

    async def is_member(self, conversation: Conversation, identity: Identity) -> bool:
        """See `ChatPlatform.is_member`; a terminal has no groups."""
        del conversation, identity
        return False

    async def is_admin(self, conversation: Conversation, identity: Identity) -> bool:
        """See `ChatPlatform.is_admin`; a terminal has no groups."""
        del conversation, identity
        return False

    def working(self, conversation: Conversation) -> None:
        """See `ChatPlatform.working`; a terminal shows by itself that it is waiting."""

    async def _take(self, line: str, receive: Receive) -> None:
        if not line:
            return
        self._fresh_line = True
        if line.startswith("!"):
            self._print(self._run_local(line[1:].split()))
            return
        press = None
        if line.isdecimal():
            if int(line) not in self._keys:
                self._print(self._say(M.CONSOLE_NO_BUTTON, number=line))
                return
            key, card_id = self._keys[int(line)]
            press = Press(key=key, card_id=card_id)
        await receive([self._message(line, press)])
        await self._settled()

    def _message(self, text: str, press: Press | None) -> IncomingMessage:
        number = next(self._numbers)
        sender = self._people[self._who]
        return IncomingMessage(
            key=f"console:{number}",
            message_id=str(number),
            sender=sender,
            conversation=Conversation(
                platform=self.name, chat_id=sender.user_id, kind=ConversationKind.DIRECT
            ),
            text="" if press else text,
            sent_at=self._clock.now(),
            press=press,
        )

    def _run_local(self, words: Sequence[str]) -> str:
        command = self._local.get(words[0].lower()) if words else None
        if command is None:
            return self._help(())
        return command.run(words[1:])

    def _switch(self, words: Sequence[str]) -> str:
        wanted = words[0].lower() if words else ""
        if wanted not in self._people:
            return self._say(M.CONSOLE_WHO, names=", ".join(self._people))
        self._who = wanted
        return self._say(M.CONSOLE_NOW, name=wanted)

    def _help(self, _words: Sequence[str]) -> str:
        return "\n".join(self._say(command.help) for command in self._local.values())

    def _say(self, message: M, **values: str) -> str:
        return str(self._texts.say(message, **values).unescape())

    def _render(self, text: Markup) -> str:
        text = Markup(write_people(str(text), lambda _, name: f"@{name}"))  # noqa: S704 - it is
        for tag in ("i", "code"):
            text = text.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
        bold, plain = (_BOLD, _PLAIN) if self._styled else ("", "")
        text = text.replace(Markup("<b>"), bold).replace(Markup("</b>"), plain)
        return str(Markup(text).unescape())  # noqa: S704 - it is Markup

    def _print(self, text: str) -> None:
        try:
            self._out.write(text + "\n")
            self._out.flush()
        except BrokenPipeError:
            # Whoever read along has left (`| head`); what is said from here on is for nobody.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())


@contextmanager
def _line_reader(echo: Callable[[str], None]) -> Iterator[LineReader]:
    """Line editing and history in a terminal, plain lines from a pipe."""
    if sys.stdin.isatty():
        yield _terminal_reader()
        return

    async def from_pipe(prompt: str) -> str:
        line: str = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            raise EOFError
        # A transcript without the questions is hard to read.
        echo(f"{prompt}{line.strip()}")
        return line

    yield from_pipe


def _terminal_reader() -> LineReader:
    # Imported here: it takes a tenth of a second that a pipe and `run` need not spend.
    from prompt_toolkit import PromptSession  # noqa: PLC0415
    from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415

    session: PromptSession[str] = PromptSession()

    async def from_terminal(prompt: str) -> str:
        with patch_stdout(raw=True):
            while True:
                try:
                    line: str = await session.prompt_async(prompt)
                except KeyboardInterrupt:
                    if not session.default_buffer.text:
                        raise EOFError from None
                else:
                    return line

    return from_terminal


if TYPE_CHECKING:
    _conforms: type[ChatPlatform] = Console
